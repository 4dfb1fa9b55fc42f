# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# What every part of the lab uses: where things are, messages, deadlines.

cache=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/xen-net-ng-lab}
run_dir=$cache/run
# The lab yields to whatever else the machine does, unless LAB_FAST is set.
nice=(nice -n 19)
command -v ionice >/dev/null && nice+=(ionice -c3)
[ -z "${LAB_FAST:-}" ] || nice=()

say() { printf '%s\n' "$*"; }
die() {
	printf 'lab: %s\n' "$*" >&2
	exit 1
}

need_root() { [ "$(id -u)" = 0 ] || die "this needs root: it makes chroots and mounts in namespaces of its own"; }

# until_true SECONDS COMMAND...: the condition, or failure after the deadline.
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		read -r -t 0.2 <> <(:) || :
	done
}

# Serial consoles hold carriage returns and NULs.
clean() { tr -d '\r\000' <"$1"; }

indent() { sed 's/^/    | /'; }
