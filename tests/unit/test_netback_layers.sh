#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Each folder of netback-ng includes only its own headers and those of the folders to its left; the control plane sees of the
# data plane what vif.h and dataplane.h say.
set -eu

top=$(cd "$(dirname "$0")/../.." && pwd)
layers="base grant engine vif uplink"
status=0

# includes FOLDER: what its files include of netback-ng, as FILE:HEADER.
includes() {
	grep -o '#include "netback-ng/[^"]*"' "$top/netback-ng/$1/"*.[ch] |
		sed "s|^$top/||; s|:#include \"netback-ng/|:|; s|\"\$||"
}
# refuse FOLDER PATTERN: nothing that it includes is outside of this.
refuse() {
	bad=$(includes "$1" | grep -vE ":($2)" || :)
	[ -z "$bad" ] || { printf '%s may not include (FILE:HEADER)\n%s\n' "netback-ng/$1" "$bad"; status=1; }
}

allowed="linux/netback_ng\.h"
for folder in $layers; do
	[ -d "$top/netback-ng/$folder" ] || { echo "there is no netback-ng/$folder"; exit 1; }
	allowed="$allowed|$folder/"
	refuse "$folder" "$allowed"
done
refuse control 'base/|control/|vif/vif\.h|vif/dataplane\.h'
exit $status
