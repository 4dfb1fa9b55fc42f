# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# Which Debian the hosts are. PV guests migrate only on a hypervisor with shadow paging. Debian's own has none, so the
# lab builds it from Debian's source, and a mirror may lack the source of the newest: then the hosts are of the next kind.

# In the order of preference.
kinds="trixie bookworm"
# Debian 12's QEMU has no igb: whatever the hosts are, it runs them.
emulator_suite=trixie

xen_version() { case $1 in trixie) echo 4.20 ;; bookworm) echo 4.17 ;; esac; }
linux_version() { case $1 in trixie) echo 6.12 ;; bookworm) echo 6.1 ;; esac; }
suite_name() { case $1 in trixie) echo "Debian 13" ;; bookworm) echo "Debian 12" ;; esac; }

# choose_suite: by LAB_SUITE, by LAB_XEN_SOURCE (which is of the first kind), or once for the cache by what the mirror has.
choose_suite() {
	suite=${LAB_SUITE:-${LAB_XEN_SOURCE:+trixie}}
	if [ -z "$suite" ]; then
		[ -s "$cache/suite" ] || { find_suite >"$cache/suite.new" && mv "$cache/suite.new" "$cache/suite"; } || exit 1
		suite=$(cat "$cache/suite")
	fi
	case " $kinds " in
	*" $suite "*) ;;
	*) die "no hosts of the kind \"$suite\"; there are: $kinds" ;;
	esac
}
# Where no kind can be built with shadow paging, the first, which cannot migrate.
find_suite() {
	local s
	for s in $kinds; do
		source_fetch "$s" && echo "$s" && return
	done
	echo "${kinds%% *}"
}

# Why guests do not migrate on these hosts.
no_source="the mirror has no source of Xen, so that no hypervisor here can migrate PV guests (LAB_XEN_SOURCE=DIR)"
migration_lacks() {
	local s
	for s in $kinds; do
		source_fetch "$s" || continue
		echo "the hypervisor of $(suite_name "$suite") cannot migrate PV guests here, that of $(suite_name "$s") can (LAB_SUITE=$s)"
		return
	done
	echo "$no_source"
}

# source_fetch SUITE: true if Debian's source of its Xen is in the cache, false if the mirror has none. Asks the mirror
# once; kept, since the mirror may lose it.
source_fetch() {
	local dir=$cache/source/$1 log=$cache/log/source-$1
	[ ! -d "$dir" ] || return 0
	rm -rf "$dir.new"
	mkdir -p "$dir.new/lists/partial" || die "cannot make $dir.new"
	if source_apt "$1" "$dir.new" >"$log" 2>&1 && rm -rf "$dir.new/lists" "$dir.new/sources.list" && mv "$dir.new" "$dir"; then
		return
	fi
	rm -rf "$dir.new"
	grep -qE ' 40[0-9] |Unable to find a source package' "$log" && return 1
	tail -n 5 "$log" | indent >&2
	die "cannot ask $mirror for the source of Xen in $1; the whole log: $log"
}
# The machine's own apt, with lists of its own: no tree is needed to ask.
source_apt() (
	cd "$2" || exit
	printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$mirror" "$1" >sources.list
	export LC_ALL=C
	apt=(apt-get -q -o Dir::Etc::SourceList="$PWD/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o Dir::State::Lists="$PWD/lists" -o Dir::Cache="$PWD/lists" -o Acquire::Retries=3 -o APT::Sandbox::User=root)
	"${apt[@]}" update && "${apt[@]}" source --download-only --tar-only xen
)

# What "build", "run" and "status" say.
suite_line() {
	local why=""
	if [ -n "${LAB_SUITE:-}" ]; then
		why=", as LAB_SUITE says"
	elif [ "$suite" != "${kinds%% *}" ]; then
		why="; the mirror has no source of Xen $(xen_version "${kinds%% *}")"
	fi
	say "  hosts: $(suite_name "$suite") ($suite), Xen $(xen_version "$suite"), Linux $(linux_version "$suite")$why"
}
