# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every scenario and the demo share: the topology, guests, the daemon, waiting, verdicts.
# Sourced inside the namespaces that "run" made: the shell's own network namespace is Dom0.
#
#   namespace g1             Dom0                               namespace outside
#   netfront-ng-tap -- rings -- netback-ngd -- TAP vif1.0
#   eth0 10.9.0.11                              |
#        fd09::11                            xenbr0 -- up0 ===== out0 10.9.0.1 fd09::1
#
# Waiting is always for a condition, with a deadline (until_ok). Nothing is cleaned up
# here: the namespaces vanish with their first process.
set -u -o pipefail
set -E

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${BUILD:?run this through tests/embedded/run}" "${DIR:?}"
scenario=$(basename "$0" .sh)

# built NAME: path of a program in the build directory, not of libtool's hidden copy.
built() {
	local f
	for f in "$BUILD/$1" "$BUILD"/tests/*/"$1" "$BUILD"/*/"$1"; do
		[ -x "$f" ] && [ -f "$f" ] && echo "$f" && return
	done
	echo "$1-is-not-built"
}

NETBACK=${NETBACK:-$(built netback-ngd)}
NGCTL=${NGCTL:-$(built netback-ngctl)}
XENSIM=$(built xensim)
FRONT=$(built netfront-ng-tap)
export EVIL EVIL_BACK CONF=/run/netback-ng.conf
EVIL=$(built netfront-ng-evil)
EVIL_BACK=$(built netback-ng-evil)

# Its name is what the daemon's default rule of adoption looks for.
VIF_SCRIPT=/run/scripts/vif-ng

# Instrumented builds are slower.
SLOW=1
grep -q '^SANITIZE_CFLAGS = .*-fsanitize' "$BUILD/Makefile" && SLOW=5
# A deadline is the end of a test that hangs, no promise of the product's: on a busy machine all takes its time.
PATIENCE=$((60 * SLOW))
# So long does xensim, in libxl's place, wait for a back end.
export XENSIM_SECONDS=$PATIENCE

### Verdicts. A case runs in a subshell with "set -e"; "fail WHY" ends it.

fail() {
	echo "$*" >"$DIR/why"
	echo "FAIL: $*"
	exit 1
}

# problem WHY: for functions that return an error; the verdict will quote it.
problem() {
	echo "$*" | tee "$DIR/why"
	return 1
}

# case_run NAME FUNCTION ARGS...; only those in CASES ("SCENARIO/NAME ..."), where that is set.
case_run() {
	local name=$scenario/$1
	shift
	case " ${CASES:-$name} " in *" $name "*) ;; *) return 0 ;; esac
	rm -f "$DIR/why"
	echo "=== $name: $*"
	(
		trap 'echo "line $LINENO of ${BASH_SOURCE[0]##*/}: $BASH_COMMAND" >>"$DIR/why.trap"' ERR
		rm -f "$DIR/why.trap"
		set -e
		"$@"
	)
	local rc=$?
	if [ $rc = 0 ]; then
		echo "ok $name" >&3
		echo "=== ok $name"
		return 0
	fi
	echo "not ok $name: $(why) ($DIR/log)" >&3
	echo "=== not ok $name"
	diagnose >>"$DIR/diagnosis" 2>&1
	return 1
}

why() {
	if [ -s "$DIR/why" ]; then
		head -n 1 "$DIR/why"
	elif [ -s "$DIR/why.trap" ]; then
		head -n 1 "$DIR/why.trap"
	else
		echo "failed"
	fi
}

# What was going on when a case failed: counters, and where each process stands.
diagnose() {
	local f pid
	echo "##### $(tail -n 1 "$DIR/result" 2>/dev/null)"
	"$XENSIM" stats
	timeout 30 "$NGCTL" stats
	ip -br link
	cat /proc/net/softnet_stat
	for f in /run/netns/*; do
		echo "## ${f##*/}"
		in_ns "${f##*/}" nstat -as
		in_ns "${f##*/}" cat /proc/net/raw
		ip -n "${f##*/}" -s link
	done
	for f in "$DIR"/guest-*.pid; do
		kill -USR1 "$(cat "$f")" && sleep 0.3
		echo "## ${f%.pid}.json"
		cat "${f%.pid}.json"
	done
	for f in "$DIR"/netback-ngd.pid "$DIR"/guest-*.pid; do
		pid=$(cat "$f" 2>/dev/null)
		kill -0 "$pid" 2>/dev/null || continue
		echo "## $f"
		if command -v gdb >/dev/null; then
			timeout 30 gdb -p "$pid" -batch -ex 'thread apply all bt' 2>/dev/null | grep -E '^(#|Thread)'
		else
			grep . /proc/"$pid"/task/*/{comm,wchan}
		fi
	done
}

skip() {
	echo "skip $scenario/$1: $2" >&3
}

# What a scenario cannot go on without. must COMMAND...
must() {
	echo "+ $*"
	rm -f "$DIR/why"
	"$@" && return
	echo "not ok $scenario: setup failed: $*: $(why) ($DIR/log)" >&3
	diagnose >>"$DIR/diagnosis" 2>&1
	exit 1
}

### Waiting

now_ms() { echo $(($(date +%s%N) / 1000000)); }

# until_ok SECONDS COMMAND...: try again until it succeeds; false after SECONDS, and after PATIENCE at the earliest.
until_ok() {
	local seconds=$(($1 * SLOW)) end
	end=$(($(now_ms) + 1000 * (seconds > PATIENCE ? seconds : PATIENCE)))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ "$(now_ms)" -lt $end ] || return 1
		sleep 0.03
	done
}

not() { ! "$@"; }

### Processes, by name: NAME.pid and NAME.log in $DIR.

# spawn NAME NAMESPACE COMMAND...
spawn() {
	local name=$1 ns=$2
	shift 2
	nsenter --net="/run/netns/$ns" -- "$@" >>"$DIR/$name.log" 2>&1 3>&- </dev/null &
	echo $! >"$DIR/$name.pid"
}

alive() { kill -0 "$(cat "$DIR/$1.pid")" 2>/dev/null; }

# stop NAME [SIGNAL]: and wait until it is gone.
stop() {
	kill "-${2:-TERM}" "$(cat "$DIR/$1.pid")" 2>/dev/null || return 0
	until_ok 10 not alive "$1" || problem "$1 does not end on SIG${2:-TERM}"
}

### Xen

xs_read() { xenstore-read "$1" 2>/dev/null; }
xs_is() { [ "$(xs_read "$1")" = "$2" ]; }
backend() { echo "/local/domain/0/backend/vif/$1/${2:-0}"; }
frontend() { echo "/local/domain/$1/device/vif/${2:-0}"; }
# 8 (Reconfigured) is a back end's state, too, once its front end has asked for a headroom.
connected() {
	case $(xs_read "$(backend "$1" "${2:-0}")/state") in 4 | 8) xs_is "$(frontend "$1" "${2:-0}")/state" 4 ;; *) false ;; esac
}

# Counter of a domain: xen_count 0 map_pages
xen_count() { "$XENSIM" stats -j | jq -e --arg d "$1" --arg c "$2" '.[$d][$c] // 0'; }

### Networks

in_ns() {
	local ns=$1
	shift
	nsenter --net="/run/netns/$ns" -- "$@"
}

ns_new() {
	ip netns add "$1" && ip -n "$1" link set lo up
}

# addr NS DEVICE HOST-NUMBER
addr() {
	ip -n "$1" addr add "10.9.0.$3/24" dev "$2" &&
		ip -n "$1" addr add "fd09::$3/64" dev "$2" nodad &&
		ip -n "$1" link set "$2" up
}

# bridge_new NAME [MTU]
bridge_new() {
	ip link add "$1" type bridge forward_delay 0 mcast_snooping 0 &&
		ip link set "$1" mtu "${2:-1500}" up
}

outside_new() {
	ns_new outside &&
		ip link add up0 type veth peer name out0 netns outside &&
		ip link set up0 mtu "${1:-1500}" master xenbr0 up &&
		ip -n outside link set out0 mtu "${1:-1500}" &&
		addr outside out0 1
}

# Dom0's bridge and the world behind it. network_start [MTU]
network_start() {
	mkdir -p /run/scripts
	ln -sf "$here/vif-script" $VIF_SCRIPT
	ip netns attach dom0 $$
	sysctl -q -w net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0 2>/dev/null
	bridge_new xenbr0 "${1:-1500}" && outside_new "${1:-1500}"
}

### The daemon

# Lines of configuration as arguments, added to what every scenario needs.
daemon_configure() {
	{
		echo 'mode = "whole-host"'
		printf '%s\n' "$@"
	} >$CONF
}

ngctl() { "$NGCTL" "$@"; }
daemon_ready() { ngctl version; }

# daemon_start: returns once it serves.
daemon_start() {
	spawn netback-ngd dom0 "$NETBACK" -c $CONF
	until_ok 10 daemon_ready || problem "netback-ngd does not serve: $(tail -n 1 "$DIR/netback-ngd.log")"
}

# Sum of an expression over the queues of vif D, of this connection and of earlier ones, as
# netback-ngctl shows them. vif_sum D JQ-EXPRESSION
vif_sum() {
	ngctl -j stats | jq -e --arg vif "vif$1.0" \
		"[first(.. | objects | select(.name? == \$vif and .data)).data | .queues[], .past | ($2)] | add // 0"
}

daemon_stop() { stop netback-ngd "${1:-TERM}"; }
daemon_alive() { alive netback-ngd; }

# What it has of the machine's memory, in KiB.
daemon_memory() { awk '/^VmRSS:/ { print $2 }' "/proc/$(cat "$DIR/netback-ngd.pid")/status"; }

# daemon_grew_little MEMORY-BEFORE WHAT-CAME: by less than what came would take.
daemon_grew_little() {
	local grown=$(($(daemon_memory) - $1))
	echo "$grown KiB more memory after $2"
	[ $grown -lt $((16384 * SLOW)) ] || fail "$grown KiB more memory after $2"
}

### Guests: namespace gD, process guest-D

mac() { printf '00:16:3e:%02x:%02x:%02x' $(($1 / 256)) $(($1 % 256)) "${2:-0}"; }

# As libxl: nodes, wait for the back end's InitWait, hotplug script. vif_attach D N [KEY=VALUE...]
vif_attach() {
	local d=$1 n=$2
	shift 2
	"$XENSIM" vif-attach "$d" "$n" mac="$(mac "$d" "$n")" bridge=xenbr0 script=$VIF_SCRIPT "$@"
}

# guest_new D [VIF-KEY=VALUE...]: a domain, its namespace, one vif.
guest_new() {
	local d=$1
	shift
	"$XENSIM" domain create "$d" && ns_new "g$d" && vif_attach "$d" 0 "$@"
}

# guest_boot D stock|ng QUEUES [FRONT-END OPTION...]: its network driver, and addresses.
guest_boot() {
	local d=$1 kind=$2 queues=$3
	shift 3
	spawn "guest-$d" "g$d" env XENSIM_DOMID="$d" \
		"$FRONT" --mode "$kind" --queues "$queues" --tap eth0 --stats "$DIR/guest-$d.json" "$@"
	until_ok 10 connected "$d" || {
		problem "guest $d does not connect: $("$XENSIM" state "$d" 0): $(tail -n 1 "$DIR/guest-$d.log")"
		return
	}
	until_ok 5 ip -n "g$d" link show eth0 && addr "g$d" eth0 $((10 + d))
}

# Sum of an expression over the queues of guest D, as its front end counted them.
# guest_sum D JQ-EXPRESSION
guest_sum() {
	rm -f "$DIR/guest-$1.json"
	kill -USR1 "$(cat "$DIR/guest-$1.pid")"
	until_ok 5 test -s "$DIR/guest-$1.json" || return
	jq -e "[.queues[] | ($2)] | add // 0" "$DIR/guest-$1.json"
}

# guest_start D stock|ng QUEUES: all of the above.
guest_start() { guest_new "$1" && guest_boot "$@"; }

guest_end() {
	stop "guest-$1"
	"$XENSIM" domain destroy "$1"
	ip netns del "g$1"
}

### Traffic

ip4() { if [ "$1" = outside ]; then echo 10.9.0.1; else echo "10.9.0.$((10 + ${1#g}))"; fi; }
ip6() { if [ "$1" = outside ]; then echo fd09::1; else echo "fd09::$((10 + ${1#g}))"; fi; }

# reach FROM TO [4|6]: one answered ping within the deadline.
reach() {
	until_ok 5 in_ns "$1" ping -q -c 1 -W 1 "$("ip${3:-4}" "$2")" ||
		problem "$1 does not reach $2 over IPv${3:-4}"
}

# How many pings were lost between the first and the last answer in a file of ping's output.
# (Its own summary also counts an answer as lost that the last ping did not wait for.)
ping_gaps() {
	sed -n 's/.*icmp_seq=\([0-9]*\) .*time=.*/\1/p' "$1" | sort -n | uniq |
		awk 'NR == 1 { first = $1 } { last = $1 } END { print last - first + 1 - NR }'
}

# pings FROM TO COUNT [PING-OPTION...]: all answered. With -w, ping goes on until COUNT answers are there.
pings() {
	local from=$1 to=$2 count=$3 lost
	shift 3
	in_ns "$from" ping -n -c "$count" -w $((PATIENCE + count)) -i 0.01 "$@" "$(ip4 "$to")" >"$DIR/ping.out" ||
		fail "ping $from -> $to: $(tail -n 2 "$DIR/ping.out" | head -n 1)"
	lost=$(ping_gaps "$DIR/ping.out")
	[ "$lost" = 0 ] || fail "ping $from -> $to: $lost of $count lost"
}

# steady_start NAME FROM TO: a ping every 10 ms in the background until steady_stop.
steady_start() {
	rm -f "$DIR/steady-$1.log"
	spawn "steady-$1" "$2" ping -n -i 0.01 "$(ip4 "$3")"
	until_ok 5 grep -q 'bytes from' "$DIR/steady-$1.log"
}

steady_answers() { grep -c 'bytes from' "$DIR/steady-$1.log"; }

# no_room PID: what the process's raw sockets, ping's, had no room for.  The kernel counts that nowhere else: some 170
# answers fit, and more come at once where what was held up moves on while the process waits for a CPU.
no_room() {
	local inode
	for inode in $(readlink "/proc/$1/fd/"* | sed -n 's/^socket:\[\([0-9]*\)\]$/\1/p'); do
		awk -v inode="$inode" '$10 == inode { print $13 }' "/proc/$1/net/raw" "/proc/$1/net/icmp"
	done | awk '{ n += $1 } END { print n + 0 }'
}

# Stops it and prints how many pings were lost between the first and the last answer. Those that it had no room for
# did arrive.
steady_stop() {
	local unread
	unread=$(no_room "$(cat "$DIR/steady-$1.pid")")
	stop "steady-$1" INT
	echo $(($(ping_gaps "$DIR/steady-$1.log") - unread))
}

steady_lost_none() {
	local lost
	lost=$(steady_stop "$1")
	[ "$lost" = 0 ] || fail "$1: $lost of $(($(steady_answers "$1") + lost)) pings lost"
	[ "$(steady_answers "$1")" -ge "${2:-20}" ] || fail "$1: only $(steady_answers "$1") answers"
}

# datagrams FROM DEVICE D COUNT: of 1400 bytes, to a guest that answers nothing and so is found by nobody.
datagrams() {
	ip -n "$1" neigh replace "$(ip4 g"$3")" lladdr "$(mac "$3")" dev "$2" &&
		in_ns "$1" bash -c "dd if=/dev/zero bs=1400 count=$4 status=none >/dev/udp/$(ip4 g"$3")/9"
}

listening() { in_ns "$1" ss -Hltn "sport = :$2" | grep -q .; }

# iperf FROM TO SECONDS|BYTES [CLIENT-OPTION...]: JSON of the client on stdout. BYTES ends in K, M or G.
iperf() {
	local from=$1 to=$2 amount=$3 port=$((5201 + RANDOM % 600)) rc=0 host # scenarios have their own from 5900 on
	shift 3
	case $amount in *[KMG]) amount="-n $amount" ;; *) amount="-t $amount" ;; esac
	spawn iperf-server "$to" iperf3 -s -1 -p $port
	until_ok 5 listening "$to" $port || return 1
	host=$(ip4 "$to")
	case " $* " in *" -6 "*) host=$(ip6 "$to") ;; esac
	# shellcheck disable=SC2086 # an option and its value
	in_ns "$from" timeout $((10 * PATIENCE)) iperf3 -c "$host" -p $port $amount \
		--connect-timeout $((PATIENCE * 1000)) -J "$@" || rc=$?
	stop iperf-server KILL
	return $rc
}

# flows FROM TO [CLIENT-OPTION...]: so many bytes of TCP, however long they take, or a second of UDP (-u), of which
# some arrives.
flows() {
	local out=$DIR/iperf.json amount=32M want=1000000 got
	case " $* " in *" -u "*) amount=1 want=1000 ;; esac
	iperf "$1" "$2" $amount "${@:3}" >"$out" || fail "iperf3 $1 -> $2 ${*:3}: $(jq -r '.error // "no answer"' "$out")"
	got=$(jq '(.end.sum_received // .end.sum) | .bytes - (.lost_packets // 0) * (.bytes / (.packets // 1)) | floor' "$out") ||
		fail "iperf3 $1 -> $2 ${*:3}: $(jq -r '.error // "no result"' "$out")"
	echo "iperf3 $1 -> $2 ${*:3}: $got bytes, $(jq '(.end.sum_received // .end.sum).bits_per_second / 1e6 | floor' "$out") Mb/s"
	[ "$got" -ge $want ] || fail "iperf3 $1 -> $2 ${*:3}: $got bytes arrived"
}

# Bytes that arrived in namespace $1 on port 5999 (iperf3 has two connections: control and data).
load_bytes() {
	in_ns "$1" ss -Htin state established "sport = :5999" |
		grep -o 'bytes_received:[0-9]*' | cut -d: -f2 | sort -n | tail -n 1
}

load_flows() { [ "$(load_bytes "$1")" -gt 100000 ]; }

# A TCP stream in the background, to be cut by what the scenario does: load_start FROM TO
load_start() {
	spawn load-server "$2" iperf3 -s -p 5999
	until_ok 5 listening "$2" 5999 || return 1
	spawn load "$1" iperf3 -c "$(ip4 "$2")" -p 5999 -t 600
	until_ok 10 load_flows "$2"
}

load_stop() {
	stop load KILL
	stop load-server KILL
}
