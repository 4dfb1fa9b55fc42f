# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# deadline: 2400
# run: by name
# The stock pair (xen-netback, xen-netfront) against the project's (netback-ngd, the kernel module): as in "compare".
LAB_NG_EXTRA=lab.netfront=ng
# shellcheck source=tests/lab/scenarios/40-compare.sh
. "$lab_dir/scenarios/40-compare.sh"
