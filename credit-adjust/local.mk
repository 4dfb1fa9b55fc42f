# SPDX-License-Identifier: GPL-2.0-or-later
# The policy is a library of its own: daemon, simulator and tests run the same code.
noinst_LIBRARIES += credit-adjust/libpolicy.a
credit_adjust_libpolicy_a_SOURCES = credit-adjust/policy.h credit-adjust/policy.c credit-adjust/classify.c \
	credit-adjust/transfer.c
EXTRA_DIST += credit-adjust/README
