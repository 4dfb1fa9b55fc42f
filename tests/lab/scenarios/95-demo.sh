# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: both
# run: by name
# needs: migration sriov
# deadline: 1800
# The whole story for someone who has no Xen hosts (./bootstrap lab-demo): a guest on a VF of host a goes to a VF of
# host b, under ping -i 0.01 from b and a TCP stream from a. A table of what each phase cost, and a timeline as a picture, in
# DEMO_DIR.
demo_dir=${DEMO_DIR:-$cache/demo}
rm -rf "$demo_dir" && mkdir -p "$demo_dir" || fail "cannot make $demo_dir"
doing() { printf '  %-60s ' "$*"; }
done_() { echo "${*:-done}"; }

# What the guest sends over its vif on HOST, five times a second and more, in /run/path.log.
path_watch() {
	on "$1" "exec 7<> <(:); while :; do
			for f in /sys/class/net/vif*.0/statistics/rx_packets; do
				read -r n 2>/dev/null <\$f && echo \$EPOCHREALTIME \$n
			done
			read -r -t 0.1 -u 7
		done >/run/path.log 2>/dev/null </dev/null & echo \$! >/run/path.pid"
}
path_watched() {
	on "$1" "kill \$(cat /run/path.pid); rm /run/path.pid; cat /run/path.log" >"$demo_dir/path-$1"
	[ -s "$demo_dir/path-$1" ] || echo 0 0 >"$demo_dir/path-$1"
}
# How far a's clock is ahead of b's.
clock_lead() {
	local t before after
	probe_host=a before=$(probe_now)
	probe_host=b t=$(probe_now)
	probe_host=a after=$(probe_now)
	awk -v x="$before" -v y="$after" -v t="$t" 'BEGIN { printf "%.3f", (x + y) / 2 - t }'
}
row() {
	probe_phase "$2"
	printf '  %-34s %9s %8s %6s %11s ms\n' "$1" "$seconds" "$pings" "$lost" "$gap"
	figures phase "$2" seconds "$seconds" pings "$pings" lost "$lost" gap_ms "$gap"
}

doing "a guest on host a: stock drivers, a bond of vif and VF"
LAB_GUEST_PCI=1 LAB_GUEST_BOND=1 check "create g1" guest_create a g1
one=$(guest_address a g1) mac=$(guest_mac "$(on a cat /run/guests/g1.number)" 0)
done_ "$one"
doing "on host a: a TCP stream to it, 100 kb/s"
stream_begin a "$one" 100k
done_
doing "on host a: xl-net net-switch g1 vf"
check "net-switch" on a "xl-net net-switch g1 vf --timeout 180"
done_
doing "on host b: ping -i 0.01 $one"
lead=$(clock_lead)
path_watch a
path_watch b
probe_begin b "$one"
# So that the picture shows how it was before: a hundred answers.
wait_for 120 "pings on the VF" ping_seen b 500
done_
doing "on host a: xl-net net-migrate g1 lab-b (some minutes)"
xlnet_migrate a b
done_
check "ping on b" ping_guest b "$one"
seen=$(on b "grep -c 'bytes from' /run/ping.log")
wait_for 120 "pings on the VF of b" ping_seen b $((seen + 500))
probe_end
[ "$(path_of b)" = vf ] || fail "on b it is on $(path_of b)"
stream_lives || fail "the TCP stream broke"
path_watched a
path_watched b

printf '\n  %-34s %9s %8s %6s %14s\n' phase seconds pings lost "longest gap"
row "on its VF, on a" before
row "to its vif: make before break" to-pv
row "xl migrate, and its blackout" migrate
row "to a VF, on b" to-vf
row "on its VF, on b" after
printf '  TCP: one connection from beginning to end, %s\n\n' "$(stream_end)"

cp "$scenario_dir/ping.log" "$scenario_dir/marks" "$demo_dir/"
sed -i 's/ before$/ VF on a/; s/ to-pv$/ to vif/; s/ migrate$/ xl migrate/; s/ to-vf$/ to VF/; s/ after$/ VF on b/' "$demo_dir/marks"
awk -v lead="$lead" -v dir="$demo_dir" -f "$lab_dir/demo/timeline.awk" "$demo_dir/marks" "$demo_dir/ping.log" \
	"$demo_dir/path-a" "$demo_dir/path-b"
"$lab_dir/demo/plot" "$demo_dir" "$demo_dir/timeline.png" >"$demo_dir/plot.log" 2>&1 ||
	fail "no picture: $(tail -n 1 "$demo_dir/plot.log")"
echo "  picture: $demo_dir/timeline.png"
