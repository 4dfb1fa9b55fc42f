// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "test_netif.h"
#include "tests/unit/runner.h"

int main(void)
{
	Suite *s = suite_create("netif");

	suite_add_tcase(s, netif_wire_case());
	suite_add_tcase(s, netif_ring_case());
	suite_add_tcase(s, netif_error_case());
	suite_add_tcase(s, netif_tx_case());
	suite_add_tcase(s, netif_journal_case());
	suite_add_tcase(s, netif_front_case());
	suite_add_tcase(s, netif_headroom_case());
	suite_add_tcase(s, netif_fetch_case());
	suite_add_tcase(s, netif_property_case());
	suite_add_tcase(s, netif_header_case());
	suite_add_tcase(s, netif_hash_case());
	suite_add_tcase(s, netif_gref_case());
	suite_add_tcase(s, netif_coalesce_case());
	return runner_run(s);
}
