#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# credit-adjustd as it is installed, on the embedded Xen, with a real interface to count frames on.
#
#   namespace g1: peer0 10.8.0.2 ===== vif1.0 10.8.0.1 in Dom0     domain 1 moves packets
#                                                                  domain 2 computes
# shellcheck source=tests/embedded/lib.sh
. "$(dirname "$0")/../lib.sh"

ADJUSTD=$(built credit-adjustd)
ADJUSTCTL=$(built credit-adjustctl)
XLNET=$(built xl-net)
STATE=/run/adjust-state
CREDIT_CONF=/run/credit-adjust.conf

weight() { "$XENSIM" weight "$@"; }
weight_is() { [ "$(weight "$1")" = "$2" ]; }
weight_above() { [ "$(weight "$1")" -gt "$2" ]; }
ctl() { "$ADJUSTCTL" "$@"; }
# It links the real libxl, which the embedded Xen's libraries do not carry; what it asks here needs no Xen.
xl_net() { env -u LD_LIBRARY_PATH "$XLNET" "$@"; }
domain_key() { ctl -j status | jq -e --argjson d "$1" --arg k "$2" '.domains[] | select(.domid == $d)[$k]'; }

adjust_start() {
	spawn credit-adjustd dom0 "$ADJUSTD" -c $CREDIT_CONF "$@"
	until_ok 10 ctl version || problem "credit-adjustd does not answer: $(tail -n 1 "$DIR/credit-adjustd.log")"
}
adjusted() { until_ok 20 weight_is 2 205 && until_ok 5 weight_above 1 256; }
at_rest() { until_ok 20 weight_is 2 256 && until_ok 5 weight_is 1 256 && until_ok 5 weight_is 0 256; }

traffic_start() {
	spawn flood dom0 ping -f -q 10.8.0.2
	until_ok 5 alive flood
}

world() {
	mkdir -p $STATE
	ip netns attach dom0 $$
	ns_new g1 &&
		ip link add vif1.0 type veth peer name peer0 netns g1 &&
		ip addr add 10.8.0.1/24 dev vif1.0 && ip link set vif1.0 up &&
		ip -n g1 addr add 10.8.0.2/24 dev peer0 && ip -n g1 link set peer0 up &&
		"$XENSIM" domain create 1 name=io && "$XENSIM" domain create 2 name=hog &&
		"$XENSIM" domain load 1 20 50 && "$XENSIM" domain load 2 80 100 &&
		cat >$CREDIT_CONF <<-END
			state_dir = "$STATE"
			io_enter = 50
			io_leave = 10
			io_full = 100
		END
}

moves_and_returns() {
	adjust_start
	traffic_start
	adjusted
	[ "$(domain_key 1 class)" = '"io"' ] || fail "domain 1 is $(domain_key 1 class)"
	[ "$(domain_key 2 class)" = '"cpu"' ] || fail "domain 2 is $(domain_key 2 class)"
	ctl status | grep -q 'hog .* 205 .*gives'
	[ $(($(weight 0) + $(weight 1) + $(weight 2))) = 768 ] || fail "the sum of weights changed"
	stop flood
	at_rest
	grep -q 'hog (2): weight 256 -> 205, baseline 256: CPU-bound' "$DIR/credit-adjustd.log"
}

stop_restores() {
	traffic_start
	adjusted
	stop credit-adjustd
	weight_is 2 256 && weight_is 1 256 && weight_is 0 256
	adjust_start
}

kill_is_repaired() {
	adjusted
	stop credit-adjustd KILL
	weight_is 2 205
	weight 1 400 # an operator, while nobody looks
	adjust_start
	grep -q 'weight 205 -> 256' "$DIR/credit-adjustd.log"
	until_ok 20 weight_is 2 205
	[ "$(domain_key 1 baseline)" = 400 ] || fail "the operator's weight is not the baseline"
	stop credit-adjustd
	weight_is 2 256 && weight_is 1 400
	weight 1 256
	adjust_start
}

# Whenever it is killed, the next start ends with the operator's weights.
killed_anywhere() {
	local i
	for i in 1 2 3 4 5 6 7 8; do
		stop credit-adjustd KILL
		adjust_start
		read -r -t "0.$((i * 7 % 10))" <> <(:) || :
		"$XENSIM" domain load 2 80 $((i % 2 * 100))
	done
	"$XENSIM" domain load 2 80 100
	stop credit-adjustd KILL
	adjust_start
	stop credit-adjustd
	weight_is 0 256 && weight_is 1 256 && weight_is 2 256
	adjust_start
}

released_for_migration() {
	adjusted
	ctl release io 3600
	weight_is 1 256
	[ "$(domain_key 1 held_seconds)" -gt 1800 ]
	ctl claim io
	until_ok 10 weight_above 1 256
}

rules() {
	ctl set hog never
	until_ok 10 weight_is 2 256
	stop credit-adjustd
	adjust_start
	[ "$(ctl -j status | jq '.domains[] | select(.name == "hog").rule.never')" = true ]
	ctl set hog default
	until_ok 20 weight_is 2 205
	not ctl set hog floor 70000
	not ctl release nobody
}

# The same through xl-net.
operators_view() {
	xl_net credit-status hog | grep -q 'hog .* 256 .* 205 .*gives'
	[ "$(xl_net -j credit-status 2 | jq -c '[.domains[] | .name, .class, .weight]')" = '["hog","cpu",205]' ]
	not xl_net credit-status nobody
	xl_net credit-set hog never --dry-run | grep -q '^hog: never'
	weight_is 2 205
	[ "$(domain_key 2 rule | jq .never)" = false ]
	not xl_net credit-set hog floor 70000
	xl_net credit-set hog floor 240
	until_ok 10 weight_is 2 240
	xl_net credit-set hog default
	until_ok 20 weight_is 2 205
	stop credit-adjustd
	not xl_net credit-status 2>/run/said
	grep -q 'credit-adjustd does not run' /run/said
	not xl_net credit-set hog never
	adjust_start
	adjusted
}

one_at_a_time() { not "$ADJUSTD" -c $CREDIT_CONF; }

dry_run_changes_nothing() {
	stop credit-adjustd
	adjust_start --dry-run
	until_ok 20 grep -q 'weight would be 256 -> 205' "$DIR/credit-adjustd.log"
	weight_is 2 256
	stop credit-adjustd
}

# A vif's interface has the name that the vif line gives it: vifname=web0.
renamed() {
	"$XENSIM" sched credit
	ip link set vif1.0 down && ip link set vif1.0 name web0 up
	"$XENSIM" vif-attach 1 0 --no-wait mac=00:16:3e:00:01:00 bridge=xenbr0 script=/x vifname=web0
	adjust_start
	traffic_start
	adjusted
	[ "$(domain_key 1 class)" = '"io"' ] || fail "domain 1 is $(domain_key 1 class)"
	stop flood
	stop credit-adjustd
}

bad_configuration() {
	echo 'max_share = 3' >/run/bad.conf
	not "$ADJUSTD" --check-config -c /run/bad.conf
	"$ADJUSTD" --check-config -c $CREDIT_CONF
}

must world
for scheduler in credit credit2; do
	"$XENSIM" sched $scheduler
	case_run "$scheduler-moves-and-returns" moves_and_returns
	case_run "$scheduler-stop-restores" stop_restores
	case_run "$scheduler-kill-is-repaired" kill_is_repaired
	case_run "$scheduler-killed-anywhere" killed_anywhere
	case_run "$scheduler-released" released_for_migration
	case_run "$scheduler-rules" rules
	case_run "$scheduler-operators-view" operators_view
	case_run "$scheduler-one-at-a-time" one_at_a_time
	case_run "$scheduler-dry-run" dry_run_changes_nothing
	stop flood
done
case_run renamed renamed
case_run bad-configuration bad_configuration
