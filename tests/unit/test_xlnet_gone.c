/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that is gone, or came back as another domain: what it had is taken back, and nobody else's. */
#include "tests/unit/switch_rig.h"
#include "xl-plugins/journal.h"

#include <errno.h>

/* Killed right after the attach; then the guest goes, or comes back as another domain. */
static void interrupted(void)
{
	rig_start(FAKE_STOCK, PATH_VF);
	for (int k = 1; k < RIG_CALLS_MAX; k++) {
		rig_faults_clear();
		fake->kill_after = k;
		rig_killed(rig_run, PATH_VF);
		if (fake->vfs[0].owner == 1)
			break;
		rig_faults_clear();
		rig_recover();
		if (fake->vfs[0].owner == 1)
			ck_assert_int_eq(rig_run(PATH_PV), 0);
	}
	rig_faults_clear();
	ck_assert(rig_recorded());
}

START_TEST(a_guest_that_is_gone)
{
	interrupted();
	fake->vfs[0].owner = 0;
	fake->doms[0].id = 0;
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(mac_is_zero(&fake->vfs[0].mac));
	ck_assert(!fake->filter[0] && !fake->filter[1]);
	ck_assert(!rig_recorded());
	fake_end(&rig_x);
}
END_TEST

START_TEST(a_mac_that_a_destroyed_guest_left)
{
	rig_start(FAKE_STOCK, PATH_PV);
	fake->vfs[0].owner = 0;
	ck_assert_str_ne(rig_flaw(PATH_PV), rig_good);
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(mac_is_zero(&fake->vfs[0].mac));
	fake_end(&rig_x);
}
END_TEST

static bool leased(void)
{
	json_t *record = journal_read(&rig_x, fake_uuid(0), "vf");

	json_decref(record);
	return record;
}

/* It may run on another host by now. */
START_TEST(a_guest_destroyed_on_its_vf)
{
	rig_start(FAKE_STOCK, PATH_PV);
	ck_assert(leased());
	fake->vfs[0].owner = 0;
	fake->doms[0].id = 0;
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(mac_is_zero(&fake->vfs[0].mac));
	ck_assert(!leased());
	fake_end(&rig_x);
}
END_TEST

START_TEST(a_lease_lasts_as_long_as_the_vf)
{
	rig_start(FAKE_STOCK, PATH_PV);
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(leased());
	ck_assert_str_eq(rig_flaw(PATH_VF), rig_good);
	ck_assert_int_eq(rig_run(PATH_PV), 0);
	ck_assert(!leased());
	fake_end(&rig_x);
}
END_TEST

/* The VF has become another's, with another MAC; or its driver does not let go. */
START_TEST(a_lease_of_a_guest_that_is_gone)
{
	rig_start(FAKE_STOCK, PATH_PV);
	fake->doms[0].id = 0;
	fake->vfs[0].owner = _i ? 0 : 2;
	if (!_i)
		fake->vfs[0].mac = fake->doms[1].mac;
	fake->calls = 0;
	fake->fail_at = _i ? 1 : 0;
	ck_assert_int_eq(rig_recover(), _i ? -EIO : 0);
	ck_assert(leased() == (_i == 1));
	fake->fail_at = 0;
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(!leased());
	ck_assert(_i || mac_equal(&fake->vfs[0].mac, &fake->doms[1].mac));
	fake_end(&rig_x);
}
END_TEST

START_TEST(a_lease_that_cannot_be_read)
{
	json_t *record = json_pack("{s:s}", "pf", "eth0");

	rig_start(FAKE_STOCK, PATH_PV);
	fake->doms[0].id = 0;
	ck_assert_int_eq(journal_write(&rig_x, fake_uuid(0), "vf", record), 0);
	json_decref(record);
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert(!leased());
	fake_end(&rig_x);
}
END_TEST

START_TEST(a_guest_that_rebooted)
{
	interrupted();
	fake_reboot(0);
	ck_assert_int_eq(rig_recover(), 0);
	ck_assert_str_eq(rig_flaw(PATH_PV), rig_good);
	ck_assert(!rig_recorded());
	fake_end(&rig_x);
}
END_TEST

void add_gone_tests(TCase *t)
{
	tcase_add_test(t, a_guest_that_is_gone);
	tcase_add_test(t, a_mac_that_a_destroyed_guest_left);
	tcase_add_test(t, a_guest_destroyed_on_its_vf);
	tcase_add_test(t, a_lease_lasts_as_long_as_the_vf);
	tcase_add_loop_test(t, a_lease_of_a_guest_that_is_gone, 0, 2);
	tcase_add_test(t, a_lease_that_cannot_be_read);
	tcase_add_test(t, a_guest_that_rebooted);
}
