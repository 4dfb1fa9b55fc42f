# SPDX-License-Identifier: GPL-2.0-or-later
# xl-net, the operator's command: libxl, netlink and the daemon's control socket.
