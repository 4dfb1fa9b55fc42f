# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# How pieces are cached: each has a key over everything that goes into it, and is made again when
# that differs. A piece is made under another name and renamed when complete, so an interrupted
# build leaves nothing that looks finished. Mounts are made in namespaces of their own.

# Megabytes: what a first build needs, with room for the hosts' copy-on-write overlays.
disk_needed=9000
host_packages="debootstrap openssh-client util-linux tar git ca-certificates"
pieces="base tools xen dom0 ${LAB_GUEST_DEBUG:+debug} project guest access overlay image"
suite=trixie
# Nothing of a build outlives the build, whatever ends it.
with_parent=(setpriv --pdeathsig KILL --)

need_disk() {
	local free
	mkdir -p "$cache" || die "cannot make $cache; LAB_CACHE names another place"
	free=$(df -Pm "$cache" | awk 'NR == 2 { print $4 }')
	[ -e "$cache/keys/image" ] || [ "$free" -ge $disk_needed ] ||
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

# Debian packages into TREE; downloads are kept for all trees.
tree_apt() {
	local tree=$1
	shift
	in_root "$tree" apt-get -y -q -o Dir::Cache::archives=/lab/archives -o APT::Keep-Downloaded-Packages=true \
		--no-install-recommends install "$@"
}

piece_key() { { declare -f "make_$1"; "inputs_$1"; } | sha256sum | cut -d' ' -f1; }

# Everything in the files, for a key.
digest() { (cd "$1" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }

key_of() { cat "$cache/keys/$1" 2>/dev/null; }

build_piece() {
	local name=$1 key began=$SECONDS log=$cache/log/$1
	key=$(piece_key "$name")
	if [ "$key" = "$(key_of "$name")" ] && [ -e "$cache/$name" ]; then
		return
	fi
	printf '  %-34s ' "$name"
	rm -rf "$cache/keys/$name" "$cache/$name.new"
	# In a shell of its own, where set -e works although the caller tests the result.
	if ! "${with_parent[@]}" bash -c 'set -eu; . "$1/lib/common.sh"; . "$1/lib/build.sh"; . "$1/lib/pieces.sh"
		lab_dir=$1 top=$2 mirror=$3; "make_$4" "$cache/$4.new"' \
		build "$lab_dir" "$top" "$mirror" "$name" >"$log" 2>&1 </dev/null; then
		printf 'FAILED\n'
		tail -n 25 "$log" | indent
		die "cannot make \"$name\"; the whole log: $log"
	fi
	rm -rf "${cache:?}/$name"
	mv "$cache/$name.new" "$cache/$name" || die "cannot rename $cache/$name.new"
	printf '%s\n' "$key" >"$cache/keys/$name"
	printf 'done (%s s)\n' "$((SECONDS - began))"
}

lab_build() {
	local began=$SECONDS name
	need_disk
	mkdir -p "$cache/keys" "$cache/log" "$cache/archives/partial" "$run_dir"
	exec 9>"$run_dir/build.lock"
	flock -n 9 || die "another \"lab build\" is at work in $cache"
	need_packages
	find_mirror
	for name in $pieces; do
		build_piece "$name"
	done
	exec 9>&-
	can_migrate || say "  no live migration: the mirror has no source of Xen to build with shadow paging (LAB_XEN_SOURCE=DIR)"
	[ $((SECONDS - began)) -lt 5 ] || say "  lab built in $((SECONDS - began)) s"
}

# Debian's own hypervisor cannot migrate PV guests (log-dirty: EOPNOTSUPP).
can_migrate() { grep -q migration "$cache/xen/features" 2>/dev/null; }

build_status() {
	local name
	for name in $pieces; do
		[ "$(piece_key "$name")" = "$(key_of "$name")" ] || say "$name: to be built"
	done
	du -sh "$cache" 2>/dev/null | sed 's/^/cache: /'
}
