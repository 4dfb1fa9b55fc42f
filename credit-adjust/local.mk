# SPDX-License-Identifier: GPL-2.0-or-later
# credit-adjust: policy (pure), sources, actuators, the daemon and its simulator.
