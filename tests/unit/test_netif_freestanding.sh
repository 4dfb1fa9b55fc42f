#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# lib/netif must build without a C library and need nothing but mem* functions.
# (And no compiler helper either: no 64-bit or floating point routine of libgcc.)
set -eu
srcdir=${srcdir:-.}
CC=${CC:-cc}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
for c in "$srcdir"/lib/netif/*.c; do
	$CC -std=gnu11 -O2 -ffreestanding -fno-stack-protector -fno-pie -mgeneral-regs-only \
		-Wall -Wextra -Wno-unused-parameter -Werror -I"$srcdir" \
		-c "$c" -o "$dir/$(basename "$c" .c).o"
done
${LD:-ld} -r -o "$dir/netif.o" "$dir"/*.o
extra=$(${NM:-nm} -u "$dir/netif.o" | awk '{ print $NF }' |
	grep -vxE 'memcpy|memset|memcmp|memmove' || true)
if [ -n "$extra" ]; then
	echo "lib/netif needs symbols it must not need:" $extra >&2
	exit 1
fi
