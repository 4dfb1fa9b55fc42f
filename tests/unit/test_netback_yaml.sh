#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The description of the generic-netlink family (netback_ng.yaml) and the header that both ends are compiled with name
# the same commands and attributes, in the same order: the order is their number.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)/netback-ng/linux

# names PREFIX: what the enum that begins with PREFIXUNSPEC lists.
in_header() {
	awk -v prefix="$1" '
		$0 ~ "^\t" prefix "UNSPEC," { on = 1 }
		on && /^}/ { exit }
		on && match($0, "^\t" prefix "[A-Z0-9_]+,") {
			name = substr($0, RSTART + 1 + length(prefix), RLENGTH - 2 - length(prefix))
			if (name != "COUNTED") print tolower(name)
		}' "$here/netback_ng.h" | tr _ -
}
# The attributes of the set, or the operations, whose name prefix this is.
in_yaml() {
	awk -v prefix="$1" '
		$1 == "name-prefix:" { on = $2 == prefix; next }
		on && match($0, /^      - \{ name: [a-z0-9-]+/) { sub(/.*name: /, "", $0); sub(/,.*/, "", $0); print }
		on && /^      name: / { print $2 }
		on && /^mcast-groups:/ { exit }' "$here/netback_ng.yaml"
}

status=0
for prefix in CMD A Q S H; do
	lower=$(printf '%s' "$prefix" | tr '[:upper:]' '[:lower:]')
	a=$(in_header "NB_${prefix}_")
	b=$(in_yaml "nb-$lower-")
	[ -n "$a" ] || { echo "no NB_${prefix}_ in the header"; status=1; }
	[ "$a" = "$b" ] || { printf 'NB_%s_: the header has\n%s\nand the description\n%s\n' "$prefix" "$a" "$b"; status=1; }
done
# The flags: their order is their bit.
a=$(sed -n 's/^#define NB_F_\([A-Z0-9_]*\) (1u << .*/\1/p' "$here/netback_ng.h" | tr '[:upper:]_' '[:lower:]-' | tr '\n' ' ')
b=$(sed -n '/name-prefix: nb-f-/,/entries:/s/ *entries: \[ \(.*\) \]/\1/p' "$here/netback_ng.yaml" | tr -d ,)
[ -n "$b" ] && [ "$a" = "$b " ] || { printf 'NB_F_: the header has\n%s\nand the description\n%s\n' "$a" "$b"; status=1; }
exit $status
