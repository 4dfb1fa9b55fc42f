#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The dispatcher: whole names of ours go to xl-net, everything else reaches the next xl byte for byte.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/first" "$dir/again" "$dir/real" "$dir/ours"
cp xl-plugins/xl "$dir/first/xl"
# The same file under another directory is not "the next xl".
ln "$dir/first/xl" "$dir/again/xl"
# As Debian's wrapper: it goes by its own name.
cat >"$dir/real/xl" <<'END'
#!/bin/sh
[ "${0##*/}" = xl ] || exit 99
if [ "${1:-}" = migrate-receive ]; then cat; exit 7; fi
printf '<%s>' real "$@"
END
printf '#!/bin/sh\nprintf "<%%s>" ours "$@"\n' >"$dir/ours/xl-net"
chmod +x "$dir/real/xl" "$dir/ours/xl-net"
PATH=$dir/first:$dir/again:$dir/real:$dir/ours:$PATH
export PATH

failed=0
# expect OUTPUT ARGUMENT...
expect() {
	want=$1
	shift
	got=$(xl "$@")
	[ "$got" = "$want" ] || {
		echo "xl $*: got $got, not $want"
		failed=1
	}
}
expect '<real>'
expect '<real><list>' list
expect '<real><-v><list><a  b><>' -v list 'a  b' ''
expect '<real><net-lis>' net-lis
expect '<real><net-list-x>' net-list-x
expect '<real><network-list><g1>' network-list g1
expect '<real><-z><net-list>' -z net-list
expect '<real><create><net-list>' create net-list
expect '<real><switch>' switch
expect '<ours><net-list>' net-list
expect '<ours><-v><net-switch><g1><vf>' -v net-switch g1 vf
expect '<ours><--dry-run><net-switch><g1><vf>' -N net-switch g1 vf
expect '<ours><net-migrate><g1><h><--><-C><f>' net-migrate g1 h -- -C f

# The migration stream: binary, both ways, and the exit status.
head -c 3000000 /dev/urandom >"$dir/in"
status=0
xl migrate-receive <"$dir/in" >"$dir/out" 2>"$dir/err" || status=$?
cmp "$dir/in" "$dir/out" && [ ! -s "$dir/err" ] && [ "$status" = 7 ] || {
	echo "the stream was changed (status $status)"
	failed=1
}

# Each name that xl-net has is taken, and no other.
for name in $(./xl-net --list-cmds); do
	expect "<ours><$name>" "$name"
done
status=0
PATH=$dir/first "$dir/first/xl" list 2>"$dir/err" || status=$?
[ "$status" = 127 ] && [ -s "$dir/err" ] || {
	echo "no next xl: status $status"
	failed=1
}
exit $failed
