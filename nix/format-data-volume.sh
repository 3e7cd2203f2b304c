# paddock-format-data-volume: makes the file system of a new data volume, once, by hand. Nothing does it by itself, and
# this refuses where there is one with the label, and takes no disk on which anything is.
set -euo pipefail
if [ -e "/dev/disk/by-label/$LABEL" ]; then
    echo "There is a data volume already: /dev/disk/by-label/$LABEL. Nothing was done." >&2
    exit 1
fi
empty=()
while read -r disk; do
    [ "$(lsblk --noheadings --output NAME "$disk" | wc -l)" = 1 ] || continue
    # wipefs says what a disk holds: a file system, a table of partitions, swap …
    [ -z "$(wipefs --no-act --noheadings "$disk")" ] && empty+=("$disk")
done < <(lsblk --nodeps --noheadings --paths --output NAME,TYPE | awk '$2 == "disk" && $1 !~ /zram/ { print $1 }')
if [ ${#empty[@]} != 1 ]; then
    echo "There must be exactly one empty disk, and there are ${#empty[@]}: ${empty[*]:-}. Nothing was done." >&2
    exit 1
fi
mkfs.ext4 -q -L "$LABEL" "${empty[0]}"
udevadm settle
systemctl restart paddock.target
echo "${empty[0]} is the data volume now, and Paddock starts on it."
