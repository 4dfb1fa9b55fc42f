/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel's data plane is asked: a module that only counts the commands, in the place of libnl's sockets. */
#define nl_send_auto counted_send
#define nl_recvmsgs counted_receive
#define nl_cb_set counted_cb_set
#define nl_cb_err counted_cb_err
#include "netback-ng/vif/kernel.c"

#include "tests/unit/runner.h"

static unsigned int asked[NB_CMD_COUNTED];
static int answers[NB_CMD_COUNTED]; /* -errno of each command */
static enum nb_cmd last;
static nl_recvmsg_msg_cb_t ack;
static nl_recvmsg_err_cb_t error;
static void *ack_arg, *error_arg;
static const struct vif_identity id = { .domid = 7, .name = "vif7.0" };
static const struct vif_connection connection = { .nqueues = 1, .rate_bytes = 1000, .rate_usecs = 50 };
static const struct config_data config;
static struct kvif *vif;

const struct config_data *dataplane_config(void)
{
	return &config;
}

int counted_send(struct nl_sock *sk, struct nl_msg *msg)
{
	const struct genlmsghdr *head = nlmsg_data(nlmsg_hdr(msg));

	last = head->cmd;
	asked[last]++;
	return 0;
}

int counted_receive(struct nl_sock *sk, struct nl_cb *cb)
{
	struct nlmsgerr err = { .error = answers[last] };
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
	} msg = { .err = err };

	return err.error ? error(NULL, &msg.err, error_arg) : ack(NULL, ack_arg);
}

int counted_cb_set(struct nl_cb *cb, enum nl_cb_type type, enum nl_cb_kind kind, nl_recvmsg_msg_cb_t fn, void *arg)
{
	if (type == NL_CB_ACK) {
		ack = fn;
		ack_arg = arg;
	}
	return 0;
}

int counted_cb_err(struct nl_cb *cb, enum nl_cb_kind kind, nl_recvmsg_err_cb_t fn, void *arg)
{
	error = fn;
	error_arg = arg;
	return 0;
}

static void setup(void)
{
	memset(asked, 0, sizeof(asked));
	memset(answers, 0, sizeof(answers));
	kernel.calls = nl_socket_alloc();
	ck_assert_ptr_nonnull(kernel.calls);
}

static void teardown(void)
{
	if (vif)
		kvif_destroy(vif);
	vif = NULL;
	kernel_stop();
}

START_TEST(a_rate_is_set_once)
{
	const char *what;

	ck_assert_int_eq(kvif_create(&id, &vif), 0);
	ck_assert_int_eq(kvif_connect(vif, &connection, &what), 0);
	kvif_set_rate(vif, 1000, 50);
	ck_assert_uint_eq(asked[NB_CMD_VIF_SET], 0);
	kvif_set_rate(vif, 2000, 50);
	kvif_set_rate(vif, 2000, 50);
	ck_assert_uint_eq(asked[NB_CMD_VIF_SET], 1);
	kvif_set_rate(vif, 2000, 60);
	ck_assert_uint_eq(asked[NB_CMD_VIF_SET], 2);
	/* One that was not taken is no rate. */
	answers[NB_CMD_VIF_SET] = -ENOMEM;
	kvif_set_rate(vif, 0, 0);
	answers[NB_CMD_VIF_SET] = 0;
	kvif_set_rate(vif, 0, 0);
	kvif_set_rate(vif, 0, 0);
	ck_assert_uint_eq(asked[NB_CMD_VIF_SET], 4);
}
END_TEST

/* It goes on until it is disconnected, or connected by us. */
START_TEST(inherited_until_it_is_ours)
{
	const char *what;

	answers[NB_CMD_VIF_ADD] = -EEXIST;
	ck_assert_int_eq(kvif_create(&id, &vif), 0);
	ck_assert(kvif_inherited(vif));
	if (_i) {
		answers[NB_CMD_VIF_CONNECT] = -ENOMEM;
		ck_assert_int_eq(kvif_connect(vif, &connection, &what), -ENOMEM);
		ck_assert(kvif_inherited(vif));
		answers[NB_CMD_VIF_CONNECT] = 0;
		ck_assert_int_eq(kvif_connect(vif, &connection, &what), 0);
	} else {
		kvif_disconnect(vif);
	}
	ck_assert(!kvif_inherited(vif));
}
END_TEST

/* An interface of somebody else's that has the name; and a module that cannot say just now. */
START_TEST(nobodys_vif)
{
	answers[NB_CMD_VIF_ADD] = -EEXIST;
	answers[NB_CMD_VIF_ADOPT] = _i ? -ENOMEM : -ENOENT;
	ck_assert_int_eq(kvif_create(&id, &vif), _i ? -ENOMEM : -EEXIST);
	ck_assert_ptr_null(vif);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("netback kernel");
	TCase *c = tcase_create("kernel");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_rate_is_set_once);
	tcase_add_loop_test(c, inherited_until_it_is_ours, 0, 2);
	tcase_add_loop_test(c, nobodys_vif, 0, 2);
	suite_add_tcase(s, c);
	return runner_run(s);
}
