/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test_dataplane.h"

void add_hostile_case(Suite *s)
{
}
