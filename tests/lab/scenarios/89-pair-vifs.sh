# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # variables are shared between the parts of the lab
# hosts: a
# deadline: 2400
# run: by name
# Guest to guest with the stock pair over a Linux bridge, against the project's pair: as in "vif-to-vif".
LAB_NG_EXTRA=lab.netfront=ng
# shellcheck source=tests/lab/scenarios/46-vif-to-vif.sh
. "$lab_dir/scenarios/46-vif-to-vif.sh"
