# Sends each log of $FOLDER that was not sent yet: station-upload.sh [OPTION OF paddock upload]... A log that was written
# to within the last minute is left for the next round, since it may not be whole. What was sent is remembered by name,
# size and time; Paddock itself knows logs by their bytes, so that a forgotten list costs time and nothing else.
set -euo pipefail
export LC_ALL=C
sent=$STATE_DIRECTORY/sent
touch "$sent"
find "$FOLDER" -type f -iname '*.mcap' -mmin +1 -printf '%s %T@ %p\0' | sort -z >"$STATE_DIRECTORY/there"
left=0
while IFS= read -r -d '' log; do
    path=${log#* * }
    if paddock upload "$@" -- "$path"; then
        printf '%s\0' "$log" >>"$sent"
        sort -z -u -o "$sent" "$sent"
    else
        left=1
    fi
done < <(comm -z -23 "$STATE_DIRECTORY/there" "$sent")
exit $left
