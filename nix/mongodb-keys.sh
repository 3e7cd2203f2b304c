# What MongoDB and those who ask it need, made once and kept in $STATE_DIRECTORY: the replica set's key, an authority
# and the server's certificate for $ADDRESSES, a password for each user, and the URLs that hold them. Killed at any
# moment, it goes on where it was. To change a password remove its file (and its URL is made again, too).
set -euo pipefail
umask 077
cd "$STATE_DIRECTORY"

# Written aside, on the disk, and only then there.
keep() { cat >".$1" && sync ".$1" && mv ".$1" "$1"; }

[ -s key ] || openssl rand -base64 756 | keep key
for user in admin site functions backup; do
    [ -s "$user" ] || openssl rand -hex 24 | keep "$user"
done

ec=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
if ! [ -s ca.pem ]; then
    openssl req -x509 "${ec[@]}" -days 7300 -subj "/CN=Paddock's database" -keyout .made.key -out .made.pem \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
    keep ca.key <.made.key
    keep ca.pem <.made.pem
fi

names=$(for address in $ADDRESSES; do printf 'IP:%s,' "$address"; done)
month_s=2592000
if ! [ -s server.pem ] || [ "$(cat server.names 2>/dev/null)" != "$names" ] ||
    ! openssl x509 -in server.pem -noout -checkend $month_s || ! openssl verify -CAfile ca.pem server.pem; then
    openssl req -new "${ec[@]}" -subj "/CN=Paddock's database" -keyout .made.key -out .made.csr
    openssl x509 -req -in .made.csr -CA ca.pem -CAkey ca.key -days 3650 -out .made.pem \
        -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "${names%,}")
    cat .made.key .made.pem | keep server.pem
    keep server.names <<<"$names"
fi >&2
rm -f .made.*

# The authority goes with the URL: who gets the one can check the other. One server, so nobody looks for others.
url() { printf 'mongodb://%s:%s@%s:%s/paddock?tls=true&directConnection=true\n' "$1" "$(cat "$1")" "$2" "$PORT"; }
for user in site backup; do
    { url "$user" 127.0.0.1 && cat ca.pem; } | keep "$user-url"
done
{ url functions "${ADDRESSES##* }" && cat ca.pem; } | keep functions-url
