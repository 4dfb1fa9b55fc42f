/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test_dataplane.h"

void add_forward_case(Suite *s)
{
}
