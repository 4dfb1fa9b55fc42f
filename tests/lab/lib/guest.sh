# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# Guests: small PV domains with stock drivers, described by files in the host's /run/guests.

guest_deadline=300

# guest_number HOST NAME: gives addresses and MACs. Each host counts in a range of its own (11..., 61...),
# so that a guest keeps them when it migrates.
guest_number() {
	local first=11
	[ "$1" = a ] || first=61
	host_ssh "$1" "mkdir -p /run/guests && cd /run/guests && [ -e $2.number ] || {
		n=$first; while grep -qx \$n *.number 2>/dev/null; do n=\$((n + 1)); done
		echo \$n >$2.number; }; cat $2.number"
}

# guest_config NUMBER NAME VIF...: vif k has address 10.77.K.NUMBER. From the environment: LAB_GUEST_VCPUS,
# LAB_GUEST_DISK (an xl disk specification in quotes), LAB_GUEST_MEMORY (MB: what migrates is sent whole, 1.5 MB a second), LAB_GUEST_EXTRA (more of the kernel's command line),
# LAB_GUEST_PCI=1 (PCI devices can be attached), LAB_GUEST_BOND=1 (address 0 is on a bond of vif 0 and a VF).
guest_config() {
	local number=$1 name=$2 k=0 vifs="" addresses="" vif extra=${LAB_GUEST_EXTRA:-}
	shift 2
	[ -z "${LAB_GUEST_BOND:-}" ] || extra+=" lab.bond=1"
	# Without a bounce buffer in low memory a PV guest's DMA faults in the IOMMU.
	[ -z "${LAB_GUEST_PCI:-}" ] || extra+=" iommu=soft swiotlb=2048"
	[ $# -gt 0 ] || set -- bridge=xenbr0
	for vif in "$@"; do
		case $vif in *bridge=*) ;; *) vif="bridge=xenbr0,$vif" ;; esac
		vifs+="${vifs:+, }'mac=$(guest_mac "$number" $k),${vif%,}'"
		addresses+="${addresses:+,}10.77.$k.$number/24"
		k=$((k + 1))
	done
	cat <<-END
		name = "$name"
		kernel = "/opt/lab/guest/vmlinuz"
		ramdisk = "/opt/lab/guest/initrd.gz"
		extra = "console=hvc0 lab.ip=$addresses $extra"
		memory = $([ -z "${LAB_GUEST_DEBUG:-}" ] && echo "${LAB_GUEST_MEMORY:-256}" || echo 512)
		vcpus = ${LAB_GUEST_VCPUS:-1}
		vif = [ $vifs ]
		disk = [ ${LAB_GUEST_DISK:-} ]
		on_crash = "preserve"
		$([ -z "${LAB_GUEST_PCI:-}" ] || echo 'passthrough = "enabled"')
	END
}
guest_mac() { printf '00:16:3e:77:%02x:%02x' "$2" "$1"; }

guest_create() {
	local h=$1 name=$2 number
	shift 2
	number=$(guest_number "$h" "$name") || return 1
	guest_config "$number" "$name" "$@" | host_ssh "$h" "cat >/run/guests/$name.cfg" || return 1
	host_ssh "$h" "rm -f /var/log/xen/console/guest-$name.log; xl create /run/guests/$name.cfg" || return 1
	until_true $guest_deadline guest_ready "$h" "$name" && return
	say "guest $name is not ready after $guest_deadline s; the end of its console:" >&2
	guest_log "$h" "$name" | tail -n 30 | indent >&2
	return 1
}
guest_ready() { host_ssh "$1" "grep -q '@lab ready' /var/log/xen/console/guest-$2.log" 2>/dev/null; }
guest_address() { echo "10.77.${3:-0}.$(host_ssh "$1" "cat /run/guests/$2.number")"; }
guest_destroy() { host_ssh "$1" "xl destroy $2; rc=\$?; rm -f /run/guests/$2.*; exit \$rc"; }
guest_log() { host_ssh "$1" "tr -d '\\r\\000' </var/log/xen/console/guest-$2.log"; }
# guest_exec HOST NAME COMMAND: its output and status. One line, no newline.
guest_exec() { host_ssh "$1" "/opt/lab/guest-exec $2 ${LAB_EXEC_DEADLINE:-60} $(printf '%q' "$3")"; }

guest_command() {
	local verb=${1:-}
	[ $# -ge 3 ] || die "guest VERB HOST NAME: create, destroy, exec or log"
	host_of "$2"
	shift
	case $verb in
	create | destroy | log) "guest_$verb" "$@" ;;
	exec)
		local h=$1 name=$2
		shift 2
		guest_exec "$h" "$name" "$*"
		;;
	*) die "guest $verb? create, destroy, exec or log" ;;
	esac
}
