/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test_dataplane.h"

void add_gref_case(Suite *s)
{
}
