# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# run: by name
# deadline: 1500
# One physical CPU for Dom0, an I/O guest and CPU hogs, the adjuster off and on in alternating rounds of one boot.
# The scheduler is the boot's: LAB_XEN_OPTIONS=sched=credit or sched=credit2 (Xen's default).
rounds=${LAB_ROUNDS:-3}
seconds=${LAB_SECONDS:-8}
hogs=${LAB_HOGS:-3}

# On a host that is this busy ssh's shared connection ends at times, and what comes after it may fail once.
create() {
	local options
	guest_create a "$1" && return
	mapfile -t options < <(host_ssh_options a)
	ssh "${options[@]}" -O exit root@127.0.0.1
	guest_create a "$1"
}
check "create the I/O guest" create io
for ((i = 1; i <= hogs; i++)); do
	check "create hog $i" create "hog$i"
done
address=$(guest_address a io)
console() { clean "$run_dir/a/serial" | grep -a '^@credit ' | tail -n +$((before + 1)); }
ended() { console | grep -qE '^@credit (done|failed)'; }
before=0
before=$(console | wc -l)
on a "setsid /opt/lab/credit-rounds $address $rounds $seconds $hogs >/var/log/credit-rounds.log 2>&1 </dev/null &"
wait_for $((rounds * seconds * 30 + 300)) "the rounds' end" ended
console >"$scenario_dir/lines"
scheduler=$(sed -n 's/^@credit done //p' "$scenario_dir/lines")
[ -n "$scheduler" ] || fail "$(grep failed "$scenario_dir/lines"): $(on a "tail -n 2 /var/log/credit-rounds.log")"

# lines MODE DIRECTION FIELD: that field of each round; 6 and on are pings.
lines() { awk -v m="$1" -v d="$2" -v f="$3" '$2 == m && $3 == d { print $f }' "$scenario_dir/lines"; }
pings() { awk -v m="$1" -v d="$2" '$2 == m && $3 == d { for (i = 6; i <= NF; i++) print $i }' "$scenario_dir/lines" | sort -g; }
percentile() { awk -v p="$1" '{ v[NR] = $1 } END { i = int(NR * p + 0.999999); if (i == 0) i = 1; print v[i] }'; }
for direction in to from; do
	for mode in off on; do
		# shellcheck disable=SC2046 # lists
		figures scheduler "$scheduler" direction $direction adjuster $mode rounds "$rounds" hogs "$hogs" \
			mbps "$(median $(lines $mode $direction 4))" each "$(lines $mode $direction 4 | awk '{ printf "%.0f ", $1 }')" \
			ping_p50_ms "$(pings $mode $direction | percentile 0.5)" \
			ping_p99_ms "$(pings $mode $direction | percentile 0.99)" pings "$(pings $mode $direction | wc -l)" \
			hog_share "$(median $(lines $mode $direction 5))"
	done
done
note "$scheduler: $(on a "grep -c 'weight.*->' /var/log/credit-adjustd.log") changes of weights; the last:"
on a "tail -n 3 /var/log/credit-adjustd.log; cat /run/credit-status" >&2
