# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2154 # variables are shared between the parts of the lab
# For scenarios: what an operator without xl-net does to a bonded guest g1, to compare with. The bond does the rest, and
# the bridge learns by itself.

# hand_to_vf HOST: on its first VF; done when the bridge has seen the guest there.
hand_to_vf() {
	local pf vf
	pf=$(pf_name "$1") vf=$(vf_address "$1" 0)
	check "by hand: to the VF" on "$1" "ip link set $pf vf 0 mac $mac && xl pci-assignable-add $vf && xl pci-attach g1 $vf
		n=0; until bridge fdb show br xenbr0 | grep -q '^$mac dev $pf master' || [ \$n -gt 300 ]; do sleep 0.2; n=\$((n + 1)); done"
}

# hand_to_pv HOST: off whichever VF it has.
hand_to_pv() {
	local vf bdf
	read -r vf bdf <<<"$(on "$1" "xl-net net-vf-list -j | jq -r '.[].vfs[] | select(.mac == \"$mac\") | \"\\(.index) \\(.bdf)\"'")"
	check "by hand: to the vif" on "$1" "xl pci-detach g1 $bdf; ip link set $(pf_name "$1") vf $vf mac 00:00:00:00:00:00"
}

# hand_migrate FROM TO: with the marks of xlnet_migrate.
hand_migrate() {
	probe_mark to-pv
	hand_to_pv "$1"
	probe_mark migrate
	check "by hand: xl migrate $1 -> $2" on "$1" "xl migrate g1 lab-$2"
	probe_mark to-vf
	hand_to_vf "$2"
	probe_mark after
}
