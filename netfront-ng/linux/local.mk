# SPDX-License-Identifier: GPL-2.0-or-later
# The guest's kernel module is built by Kbuild against the guest's headers; it is only carried here.
