# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# How pieces are cached: each has a key over everything that goes into it, and is made again when
# that differs. A piece is made under another name and renamed when complete, so an interrupted
# build leaves nothing that looks finished. Mounts are made in namespaces of their own.
# A piece is SUITE/NAME: the hosts' kinds lie side by side, and neither makes the other again.

# Megabytes: what a first build needs, with room for the hosts' copy-on-write overlays.
disk_needed=9000
host_packages="debootstrap openssh-client util-linux tar git ca-certificates"
kind_pieces="base tools xen dom0 ${LAB_GUEST_DEBUG:+debug} project guest access overlay image"
# Nothing of a build outlives the build, whatever ends it.
with_parent=(setpriv --pdeathsig KILL --)

need_disk() {
	local free
	mkdir -p "$cache" || die "cannot make $cache; LAB_CACHE names another place"
	free=$(df -Pm "$cache" | awk 'NR == 2 { print $4 }')
	ls "$cache"/keys/*/image >/dev/null 2>&1 || [ "$free" -ge $disk_needed ] ||
		die "$cache has $free MB free, the lab needs $disk_needed MB; LAB_CACHE names another place"
}

need_packages() {
	local p missing=()
	for p in $host_packages; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
	done
	[ ${#missing[@]} = 0 ] && return
	command -v apt-get >/dev/null || die "this is not Debian; the lab needs: ${missing[*]}"
	if ! host_apt "${missing[@]}" >"$cache/log/packages" 2>&1; then
		tail -n 15 "$cache/log/packages" | indent >&2
		die "apt cannot install: ${missing[*]}"
	fi
}

host_apt() {
	local get=(env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=120)
	"${get[@]}" install --no-install-recommends "$@" ||
		{ "${get[@]}" update && "${get[@]}" install --no-install-recommends "$@"; }
}

# The machine's own idea of where Debian is; the tree names no mirror.
find_mirror() {
	mirror=$(apt-get indextargets --format '$(SITE) $(LABEL) $(COMPONENT)' |
		awk '$2 == "Debian" && $3 == "main" { print $1; exit }')
	[ -n "$mirror" ] || die "apt knows no Debian mirror on this machine: run apt-get update, or add one to its sources"
	local proxy=""
	eval "$(apt-config shell proxy Acquire::http::Proxy)"
	[ -z "$proxy" ] || export http_proxy=$proxy
}

# in_tree TREE COMMAND...: replaces the process by COMMAND in a chroot with /proc, /dev and the cache (at /lab),
# mounted in a namespace of its own: the mounts go when the command does, however it ends.
in_tree() {
	local tree=$1
	shift
	mkdir -p "$tree/lab"
	# shellcheck disable=SC2016 # expanded by the inner shell
	exec "${nice[@]}" "${separate[@]}" -- bash -ec '
		tree=$1 cache=$2; shift 2
		mount -t proc proc "$tree/proc"
		mount -t tmpfs -o mode=755 dev "$tree/dev"
		mkdir "$tree/dev/pts" "$tree/dev/shm"
		mount -t devpts -o newinstance,ptmxmode=666 devpts "$tree/dev/pts"
		ln -s pts/ptmx "$tree/dev/ptmx"
		ln -s /proc/self/fd "$tree/dev/fd"
		for d in null zero full random urandom tty; do
			touch "$tree/dev/$d"; mount --bind "/dev/$d" "$tree/dev/$d"
		done
		mount --bind "$cache" "$tree/lab"
		exec chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} "$@"
	' in_tree "$tree" "$cache" "$@"
}

# in_root TREE COMMAND...: the same, waited for; what it started ends with it.
in_root() {
	(
		separate=("${with_parent[@]}" unshare --mount --propagation private --pid --fork --kill-child)
		in_tree "$@" </dev/null
	)
}

# A command in the tree with the compilers, of the hosts' own kind.
in_tools() { in_root "$cache/$suite/tools" "$@"; }
# The place in such a tree of what is in the cache.
inside() { echo "/lab${1#"$cache"}"; }

# Debian packages into TREE; downloads are kept for all trees.
tree_apt() {
	local tree=$1
	shift
	in_root "$tree" apt-get -y -q -o Dir::Cache::archives=/lab/archives -o APT::Keep-Downloaded-Packages=true \
		--no-install-recommends install "$@"
}

# Of a piece of the present suite.
piece_key() { { declare -f "make_$1"; "inputs_$1"; } | sha256sum | cut -d' ' -f1; }

# Everything in the files, for a key.
digest() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }

key_of() { cat "$cache/keys/$suite/$1" 2>/dev/null; }
emulator_key() {
	local suite=$emulator_suite
	key_of emulator
}

# What the hosts of the present suite need, as SUITE/NAME in the order of making.
pieces() {
	printf "$emulator_suite/%s\n" base emulator
	# shellcheck disable=SC2086 # a list
	printf "$suite/%s\n" $kind_pieces
}

# build_piece SUITE/NAME
build_piece() {
	local suite=${1%/*} name=${1#*/} path=$cache/$1 log=$cache/log/${1/\//-} key began=$SECONDS
	key=$(piece_key "$name")
	if [ "$key" = "$(key_of "$name")" ] && [ -e "$path" ]; then
		return
	fi
	printf '  %-34s ' "$1"
	rm -rf "$cache/keys/$1" "$path.new"
	mkdir -p "$cache/keys/$suite" "$cache/$suite"
	# In a shell of its own, where set -e works although the caller tests the result.
	if ! "${with_parent[@]}" bash -c 'set -eu; for p in common suite build pieces; do . "$1/lib/$p.sh"; done
		lab_dir=$1 top=$2 mirror=$3 suite=$4 here=$cache/$4; "make_$5" "$6"' \
		build "$lab_dir" "$top" "$mirror" "$suite" "$name" "$path.new" >"$log" 2>&1 </dev/null; then
		printf 'FAILED\n'
		tail -n 25 "$log" | indent
		die "cannot make \"$1\"; the whole log: $log"
	fi
	rm -rf "${path:?}"
	mv "$path.new" "$path" || die "cannot rename $path.new"
	printf '%s\n' "$key" >"$cache/keys/$1"
	printf 'done (%s s)\n' "$((SECONDS - began))"
}

lab_build() {
	local began=$SECONDS piece
	need_disk
	mkdir -p "$cache/keys" "$cache/log" "$cache/archives/partial" "$run_dir"
	exec 9>"$run_dir/build.lock"
	flock -n 9 || die "another \"lab build\" is at work in $cache"
	need_packages
	find_mirror
	choose_suite
	suite_line
	# Pieces of the time when there was one kind.
	(cd "$cache" && rm -rf base tools xen dom0 debug project guest access overlay image)
	# A hypervisor without shadow paging goes when there is a source.
	[ -z "${LAB_XEN_SOURCE:-}" ] && [ ! -d "$cache/source/$suite" ] || can_migrate || rm -f "$cache/keys/$suite/xen"
	for piece in $(pieces); do
		build_piece "$piece"
	done
	exec 9>&-
	no_migration=$(can_migrate || migration_lacks)
	[ -z "$no_migration" ] || say "  no live migration: $no_migration"
	[ $((SECONDS - began)) -lt 5 ] || say "  lab built in $((SECONDS - began)) s"
}

# Debian's own hypervisor cannot migrate PV guests (log-dirty: EOPNOTSUPP).
can_migrate() { grep -q migration "$cache/$suite/xen/features" 2>/dev/null; }

build_status() {
	local piece
	if [ -z "${LAB_SUITE:-}${LAB_XEN_SOURCE:-}" ] && [ ! -s "$cache/suite" ]; then
		say "nothing was built yet"
		return
	fi
	choose_suite
	suite_line
	for piece in $(pieces); do
		piece_fits "$piece" || say "$piece: to be built"
	done
	du -sh "$cache" 2>/dev/null | sed 's/^/cache: /'
}
piece_fits() {
	local suite=${1%/*}
	[ "$(piece_key "${1#*/}")" = "$(key_of "${1#*/}")" ]
}
