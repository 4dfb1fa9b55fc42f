// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "test_netif.h"

int main(void)
{
	Suite *s = suite_create("netif");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, netif_wire_case());
	suite_add_tcase(s, netif_ring_case());
	suite_add_tcase(s, netif_error_case());
	suite_add_tcase(s, netif_tx_case());
	suite_add_tcase(s, netif_front_case());
	suite_add_tcase(s, netif_fetch_case());
	suite_add_tcase(s, netif_property_case());
	suite_add_tcase(s, netif_header_case());
	suite_add_tcase(s, netif_hash_case());
	suite_add_tcase(s, netif_gref_case());
	suite_add_tcase(s, netif_coalesce_case());
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
