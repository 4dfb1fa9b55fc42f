# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# Hosts: a QEMU process each, whose state is in run/HOST: pid, port, key, suite, serial (what the console said), disk,
# console and monitor (sockets: Xen's debug keys after three Ctrl-A, QEMU's monitor).
# The hosts' NICs (igb) are joined by a unix socket; ssh reaches them on a port of the loopback
# interface, so no packet leaves the machine.

boot_deadline=240
host_parent=()

host_of() { case ${1:-} in a | b) ;; *) die "which host? a or b, not \"${1:-}\"" ;; esac; }
host_pid() { cat "$run_dir/$1/pid" 2>/dev/null; }
# The pid may be another process's by now: ask what it is.
host_alive() {
	local pid
	pid=$(host_pid "$1") && [ -n "$pid" ] && tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -q "xen-net-ng-lab-$1 "
}
hosts_alive() {
	local h
	for h in a b; do host_alive $h && echo $h; done
}

host_ssh_options() {
	printf '%s\n' -q -F none -i "$run_dir/$1/key" -p "$(cat "$run_dir/$1/port")" -o BatchMode=yes \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=10 \
		-o ServerAliveInterval=15 -o ServerAliveCountMax=6 -o ControlMaster=auto -o "ControlPath=$run_dir/$1/ssh" -o ControlPersist=yes
}
host_ssh() {
	local h=$1 options
	shift
	[ -e "$run_dir/$h/port" ] || die "host $h is not up (lab up $h)"
	# What a killed lab left running in the background goes no further.
	[ -d "/proc/$$" ] || exit 1
	mapfile -t options < <(host_ssh_options "$h")
	# Its connection is kept by a process that lives on; the locks are not its business.
	ssh "${options[@]}" root@127.0.0.1 -- "$@" 8>&- 9>&-
}

port_free() { ! (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
host_port() {
	local p=$((RANDOM % 10000 + 20000))
	until port_free $p; do p=$((p + 1)); done
	echo $p
}

qemu_arguments() {
	local h=$1 n server address
	case $h in
	a) n=1 server=server=on ;;
	b) n=2 server=server=off,reconnect-ms=500 ;;
	esac
	address=10.77.0.$n
	printf '%s\n' -name "xen-net-ng-lab-$h" -machine q35 -accel tcg,thread=multi \
		-cpu max,-la57,-erms,-fsrm -smp 2 -m 3072 -display none -no-reboot \
		-chardev "socket,id=serial,path=/lab/run/$h/console,server=on,wait=off,logfile=/lab/run/$h/serial" \
		-serial chardev:serial -monitor "unix:/lab/run/$h/monitor,server=on,wait=off" \
		-kernel /lab/$suite/xen/xen \
		-append "console=com1 com1=115200,8n1 loglvl=all guest_loglvl=all spec-ctrl=eager-fpu dom0_mem=1024M,max:1024M $(host_boot)" \
		-initrd "/lab/$suite/overlay/vmlinuz console=hvc0 quiet lab.host=$h lab.address=$address,/lab/$suite/overlay/initrd.gz" \
		-drive "if=none,id=d0,file=/lab/run/$h/disk,format=qcow2,cache=unsafe" -device nvme,drive=d0,serial=image \
		-drive "if=none,id=d1,file=/lab/$suite/overlay/overlay.tar,format=raw,read-only=on" -device nvme,drive=d1,serial=overlay \
		-device intel-iommu,intremap=on,eim=on -device pcie-root-port,id=rp1,chassis=1,slot=1 \
		-device "igb,bus=rp1,netdev=n0,mac=52:54:00:77:00:0$n" \
		-netdev "stream,id=n0,addr.type=unix,addr.path=/lab/run/fabric,$server" \
		-device "e1000e,netdev=n1,mac=52:54:00:77:01:0$n" \
		-netdev "user,id=n1,restrict=on,hostfwd=tcp:127.0.0.1:$2-:22"
}

host_start() {
	local h=$1 dir=$run_dir/$1 port arguments
	rm -rf "$dir" && mkdir -p "$dir" || die "cannot make $dir"
	[ "$h" = b ] || rm -f "$run_dir/fabric"
	install -m 600 "$cache/$suite/access/key" "$dir/key"
	port=$(host_port)
	in_root "$cache/$emulator_suite/emulator" qemu-img create -q -f qcow2 -b /lab/$suite/image -F raw "/lab/run/$h/disk" ||
		die "cannot make host $h's disk"
	mapfile -t arguments < <(qemu_arguments "$h" "$port")
	# Not a child to wait for: it outlives this command (but not a "lab run"), and hosts_down ends it by its pid.
	(
		separate=("${host_parent[@]}" unshare --mount --propagation private)
		in_tree "$cache/$emulator_suite/emulator" setsid qemu-system-x86_64 "${arguments[@]}"
	) >"$dir/qemu.log" 2>&1 </dev/null 8>&- 9>&- &
	echo $! >"$dir/pid"
	echo "$port" >"$dir/port"
	host_software >"$dir/software"
	host_boot >"$dir/boot"
	echo "$suite" >"$dir/suite"
}

host_software() { emulator_key && key_of image && key_of overlay; }
host_boot() { echo "dom0_max_vcpus=${LAB_DOM0_VCPUS:-1} ${LAB_XEN_OPTIONS:-}"; }
# Does it run what was built last? And was it booted as this command asks, if it asks for anything?
host_fits() {
	[ "$(cat "$run_dir/$1/software" 2>/dev/null)" = "$(host_software)" ] || return 1
	[ -z "${LAB_DOM0_VCPUS:-}${LAB_XEN_OPTIONS:-}" ] || [ "$(cat "$run_dir/$1/boot")" = "$(host_boot)" ]
}

host_ready() {
	! kill -0 "$(host_pid "$1")" 2>/dev/null || host_ssh "$1" test -e /run/lab-ready 2>/dev/null
}

host_wait() {
	local h=$1
	if until_true $boot_deadline host_ready "$h" && kill -0 "$(host_pid "$h")" 2>/dev/null; then
		return
	fi
	say "host $h did not come up; the end of its console:" >&2
	clean "$run_dir/$h/serial" 2>/dev/null | tail -n 40 | indent >&2
	[ ! -s "$run_dir/$h/qemu.log" ] || indent <"$run_dir/$h/qemu.log" >&2
	return 1
}

# hosts_up [a|b|both]: those that run already are left alone, if they fit.
hosts_up() {
	local h hosts started=() began=$SECONDS
	case ${1:-both} in
	both) hosts="a b" ;;
	a | b) hosts=$1 ;;
	*) die "up what? a, b or both, not \"$1\"" ;;
	esac
	for h in $hosts; do
		if host_alive "$h"; then
			host_fits "$h" && continue
			say "  host $h was booted with other software or options and is ended"
			host_down "$h"
		fi
		host_start "$h"
		started+=("$h")
	done
	for h in "${started[@]}"; do
		host_wait "$h" || {
			hosts_down
			say "lab: the hosts were ended; whole logs in $run_dir" >&2
			return 1
		}
		say "  host $h is up after $((SECONDS - began)) s"
	done
}

host_answers() { timeout 40 bash -c ': <"/dev/tcp/127.0.0.1/'"$(cat "$run_dir/$1/port")"'"' && bounded 40 host_ssh "$1" true; }

# What Xen and the emulator say of a host: timers, run queues, Dom0's registers, interrupts.
host_autopsy() {
	local h=$1
	clean "$run_dir/$h/serial"
	in_tools python3 -c '
import socket, sys
def talk(path, *lines):
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.settimeout(2)
    for line in lines:
        s.send(line)
        try:
            while (said := s.recv(65536)):
                sys.stdout.write(said.decode(errors="replace").replace("\r", "").replace("\0", ""))
        except TimeoutError:
            pass
run = "/lab/run/" + sys.argv[1]
talk(run + "/monitor", b"info status\n", b"info registers -a\n", b"info pic\n", b"info lapic 0\n", b"info lapic 1\n")
talk(run + "/console", b"\x01\x01\x01", *(key.encode() for key in "0artdeqiMz"))
' "$h"
}

process_gone() { ! kill -0 "$1" 2>/dev/null; }

host_down() {
	local h=$1 pid options
	if [ -S "$run_dir/$h/ssh" ]; then
		mapfile -t options < <(host_ssh_options "$h")
		ssh "${options[@]}" -O exit root@127.0.0.1 2>/dev/null
	fi
	host_alive "$h" || return 0
	pid=$(host_pid "$h")
	kill "$pid"
	until_true 10 process_gone "$pid" || kill -9 "$pid"
}

hosts_down() {
	local h
	for h in a b; do
		host_down $h
		rm -f "$run_dir/$h/pid" "$run_dir/$h/port" "$run_dir/$h/monitor" "$run_dir/$h/console" "$run_dir/$h/disk"
	done
	rm -f "$run_dir/fabric"
}

hosts_status() {
	local h
	for h in a b; do
		if host_alive $h; then
			say "host $h: up ($(suite_name "$(cat "$run_dir/$h/suite")")), pid $(host_pid $h), ssh port $(cat "$run_dir/$h/port")"
		else
			say "host $h: down"
		fi
	done
}

hosts_logs() {
	local h
	for h in ${1:-a b}; do
		host_of "$h"
		[ -e "$run_dir/$h/serial" ] || continue
		say "== $h: serial console"
		clean "$run_dir/$h/serial"
		host_alive "$h" || continue
		say "== $h: netback-ngd"
		host_ssh "$h" tail -n 200 /var/log/netback-ngd.log 2>/dev/null
		say "== $h: guests' consoles"
		host_ssh "$h" 'for f in /var/log/xen/console/guest-*.log; do echo "-- $f"; tail -n 80 "$f" | tr -d "\r\000"; done' 2>/dev/null
	done
}

# The checkout's present state onto a running host, without a boot.
host_install() {
	lab_build
	tar -C "$cache/$suite/project" --owner=0 --group=0 -cf - . | host_ssh "$1" tar -x -f - -C / &&
		tar -C "$lab_dir/dom0" --owner=0 --group=0 -cf - . | host_ssh "$1" tar -x -f - -C /opt/lab
}
