#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The xensim command, Debian's xenstore programs on the embedded Xen, and plugging a vif as libxl does.
# Starts itself again under `xensim run`.
set -eu
xensim=$PWD/tests/xensim/xensim
export XENSIM_SECONDS=60
if [ -z "${XENSIM_SOCKET:-}" ]; then
	"$xensim" run sh -c 'exit 42' && exit 1 || [ $? = 42 ]
	exec "$xensim" run "$0"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAIL: $*" >&2; exit 1; }
expect() { [ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"; }
back=/local/domain/0/backend/vif/3/0
front=/local/domain/3/device/vif/0

command -v xenstore-ls >/dev/null || { echo 'xenstore-utils is not installed: skipped'; exit 77; }

echo "Debian's xenstore programs"
xenstore-write /t/a 1 /t/b/c 'two words'
expect read "$(xenstore-read /t/b/c)" 'two words'
expect list "$(xenstore-list /t | tr '\n' ' ')" 'a b '
expect ls "$(xenstore-ls /t)" 'a = "1"
b = ""
 c = "two words"'
xenstore-chmod /t/a n3 r5
xenstore-ls -p /t | head -1 | grep -q '(n3,r5)' || fail 'chmod'
xenstore-watch -n 2 /t > "$work/watch" &
watcher=$!
# Its own event comes when the watch is set, the second with a write after that.
end=$(($(date +%s) + 60))
while kill -0 $watcher 2>/dev/null && [ "$(date +%s)" -lt $end ]; do
	xenstore-write /t/a "$end"
done
kill $watcher 2>/dev/null && fail 'no event of a watch within 60 s'
wait $watcher
xenstore-rm /t
xenstore-exists /t && fail 'rm' || true

echo 'a vif is plugged in and out'
"$xensim" domain create 3 name=guest vcpus=2
"$xensim" domain create 3 2>/dev/null && fail 'domain created twice'
# A back end and a hotplug script as small as can be.
cat > "$work/script" <<-'END'
	#!/bin/sh
	echo "$1 $2 $vif $XENBUS_PATH $XENBUS_TYPE $XENBUS_BASE_PATH '$netdev'" >> "$(dirname "$0")/log"
	[ "$1" = offline ] || xenstore-write "$XENBUS_PATH/hotplug-status" connected
END
chmod +x "$work/script"
("$xensim" vif-wait 3 0 1 && xenstore-write $back/state 2 &&
 "$xensim" vif-wait 3 0 5 && xenstore-write $back/state 6) &
"$xensim" vif-attach 3 0 bridge=br7 mtu=9000 rate=100,20 script="$work/script" gatewaydev=gw
expect hotplug "$(xenstore-read $back/hotplug-status)" connected
expect mac "$(xenstore-read $front/mac) $(xenstore-read $back/mac)" '00:16:3e:00:03:00 00:16:3e:00:03:00'
expect keys "$(xenstore-read $back/bridge $back/mtu $back/rate $front/mtu $front/backend-id | tr '\n' ' ')" \
	'br7 9000 100,20 9000 0 '
expect owners "$(xenstore-ls -p $back | grep -c '(n0,r3)')" "$(xenstore-ls $back | wc -l)"
expect owners "$(xenstore-ls -p $front | grep -c '(n3,r0)')" 6
expect state "$("$xensim" state 3 0)" 'frontend 1 backend 2'
"$xensim" vif-detach 3 0
wait
expect script "$(cat "$work/log")" "online type_if=vif vif3.0 backend/vif/3/0 vif backend 'gw'
offline type_if=vif vif3.0 backend/vif/3/0 vif backend 'gw'"
xenstore-exists $back && fail 'back end is left' || true
xenstore-exists $front && fail 'front end is left' || true
"$xensim" vif-detach 3 0 2>/dev/null && fail 'detached twice' || true

echo 'failures are told'
cat > "$work/bad" <<-'END'
	#!/bin/sh
	xenstore-write "$XENBUS_PATH/hotplug-error" 'no bridge'
	exit 1
END
chmod +x "$work/bad"
("$xensim" vif-wait 3 0 1 && xenstore-write $back/state 2) &
"$xensim" vif-attach 3 0 script="$work/bad" 2> "$work/err" && fail 'a bad script passed'
grep -q 'no bridge' "$work/err" || fail "error text: $(cat "$work/err")"
wait
"$xensim" vif-wait 3 0 4 0 2>/dev/null && fail 'waited for nothing'
"$xensim" vif-detach 3 0 --force
"$xensim" vif-attach 3 1 --no-wait
expect state "$("$xensim" state 3 1)" 'frontend 1 backend 1'
expect status "$(xenstore-read /local/domain/0/backend/vif/3/1/hotplug-status)" ''

echo 'tables and JSON'
"$xensim" stats | grep -q '^copy_segments ' || fail 'stats'
"$xensim" stats -j | grep -q '"3":{"name":"guest","granted":0' || fail 'stats -j'
"$xensim" domain list | grep -q '^guest  *3  *2 ' || fail 'list'
"$xensim" domain list -j | grep -q '"domid":3,"name":"guest"' || fail 'list -j'
"$xensim" domain destroy 3
xenstore-exists /local/domain/0/backend/vif/3 && fail 'back ends of a dead domain are left' || true
for bad in 'domain create 1024' 'domain create x' 'domain' 'fault 0 nonsense count=1' 'vif-attach 3' 'nonsense' ''; do
	"$xensim" $bad 2>/dev/null && fail "accepted: $bad" || expect "exit code of '$bad'" $? 2
done
echo ok
