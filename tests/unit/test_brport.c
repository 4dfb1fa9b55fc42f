/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rtnetlink says of a port and its bridge, message by message, and the verdict on it. */
#include "netback-ng/vif/brport.h"

#include <check.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "tests/unit/runner.h"

#define TAP 7
#define BRIDGE 3

static struct brport port;
static struct brdev bridge;

static struct nl_msg *link_new(int type, int family, int ifindex, unsigned int flags)
{
	struct ifinfomsg info = {
		.ifi_family = (uint8_t)family, .ifi_index = ifindex, .ifi_flags = flags,
	};
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	ck_assert_ptr_nonnull(msg);
	ck_assert_int_eq(nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO), 0);
	return msg;
}

static void heard(struct nl_msg *msg)
{
	brport_link(&port, nlmsg_hdr(msg));
	nlmsg_free(msg);
}

static void bridge_heard(struct nl_msg *msg)
{
	brdev_link(&bridge, "xenbr0", nlmsg_hdr(msg));
	nlmsg_free(msg);
}

static void put_port(struct nl_msg *msg, int attr, uint8_t value)
{
	nla_put_u8(msg, IFLA_BRPORT_STATE, BR_STATE_FORWARDING);
	nla_put_u8(msg, IFLA_BRPORT_LEARNING, 1);
	nla_put_u8(msg, IFLA_BRPORT_UNICAST_FLOOD, 1);
	if (attr)
		nla_put_u8(msg, attr, value);
}

/* The TAP's own message: master 0: none. */
static struct nl_msg *tap_message(unsigned int flags, uint32_t master, const char *kind, int attr,
				  uint8_t value)
{
	struct nl_msg *msg = link_new(RTM_NEWLINK, AF_UNSPEC, TAP, flags);
	struct nlattr *info, *data;

	nla_put_string(msg, IFLA_IFNAME, "vif1.0");
	nla_put_u32(msg, IFLA_MTU, 1500);
	nla_put_u32(msg, IFLA_PROMISCUITY, 1);
	if (!master)
		return msg;
	nla_put_u32(msg, IFLA_MASTER, master);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, "tun");
	nla_put_string(msg, IFLA_INFO_SLAVE_KIND, kind);
	data = nla_nest_start(msg, IFLA_INFO_SLAVE_DATA);
	put_port(msg, attr, value);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return msg;
}

static void tap_is(int attr, uint8_t value)
{
	heard(tap_message(IFF_UP | IFF_RUNNING, BRIDGE, "bridge", attr, value));
}

static struct nl_msg *bridge_message(const char *name, unsigned int flags, int attr, uint8_t value)
{
	struct nl_msg *msg = link_new(RTM_NEWLINK, AF_UNSPEC, BRIDGE, flags);
	struct nlattr *info, *data;

	nla_put_string(msg, IFLA_IFNAME, name);
	info = nla_nest_start(msg, IFLA_LINKINFO);
	nla_put_string(msg, IFLA_INFO_KIND, "bridge");
	data = nla_nest_start(msg, IFLA_INFO_DATA);
	if (attr)
		nla_put_u8(msg, attr, value);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
	return msg;
}

static void bridge_is(int attr, uint8_t value)
{
	bridge_heard(bridge_message("xenbr0", IFF_UP, attr, value));
}

static void qdisc(int type, uint32_t parent, uint32_t handle)
{
	struct tcmsg tc = { .tcm_ifindex = TAP, .tcm_parent = parent, .tcm_handle = handle };
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	nlmsg_append(msg, &tc, sizeof(tc), NLMSG_ALIGNTO);
	brport_qdisc(&port, nlmsg_hdr(msg));
	nlmsg_free(msg);
}

static void all_is_well(void)
{
	memset(&port, 0, sizeof(port));
	memset(&bridge, 0, sizeof(bridge));
	tap_is(0, 0);
	bridge_is(0, 0);
}

#define ck_verdict(why)                                                             \
	do {                                                                        \
		enum brport_why got = brport_judge(&port, &bridge);                 \
		ck_assert_msg(got == (why), "%s instead of %s", brport_word(got), brport_word(why)); \
	} while (0)

START_TEST(plain_port)
{
	ck_verdict(BRPORT_DIRECT);
	ck_assert_uint_eq(port.mtu, 1500);
	ck_assert_str_eq(brport_word(BRPORT_OTHER_BRIDGE), "other-bridge");
	ck_assert_ptr_nonnull(strstr(brport_text(BRPORT_ISOLATED), "isolated"));
}
END_TEST

static const struct {
	int attr;
	uint8_t value;
	enum brport_why why;
} ports[] = {
	{ IFLA_BRPORT_STATE, BR_STATE_BLOCKING, BRPORT_STP },
	{ IFLA_BRPORT_STATE, BR_STATE_LEARNING, BRPORT_STP },
	{ IFLA_BRPORT_STATE, BR_STATE_DISABLED, BRPORT_STP },
	{ IFLA_BRPORT_ISOLATED, 1, BRPORT_ISOLATED },
	{ IFLA_BRPORT_LOCKED, 1, BRPORT_LOCKED },
	{ IFLA_BRPORT_LEARNING, 0, BRPORT_LEARNING },
	{ IFLA_BRPORT_UNICAST_FLOOD, 0, BRPORT_FLOOD },
	{ IFLA_BRPORT_PROXYARP, 1, BRPORT_ARP },
	{ IFLA_BRPORT_PROXYARP_WIFI, 1, BRPORT_ARP },
	{ IFLA_BRPORT_NEIGH_SUPPRESS, 1, BRPORT_ARP },
	/* Only for frames that go to the bridge anyway. */
	{ IFLA_BRPORT_MCAST_FLOOD, 0, BRPORT_DIRECT },
	{ IFLA_BRPORT_BCAST_FLOOD, 0, BRPORT_DIRECT },
	{ IFLA_BRPORT_MODE, 1, BRPORT_DIRECT },
};

/* The port's settings, as the TAP's own message says them and as the bridge does; and back again. */
START_TEST(port_settings)
{
	struct nl_msg *msg;
	struct nlattr *info;
	unsigned int i;

	tap_is(ports[_i].attr, ports[_i].value);
	ck_verdict(ports[_i].why);
	for (i = 0; i < 2; i++) {
		msg = link_new(RTM_NEWLINK, PF_BRIDGE, TAP, IFF_UP | IFF_RUNNING);
		nla_put_u32(msg, IFLA_MASTER, BRIDGE);
		info = nla_nest_start(msg, IFLA_PROTINFO | NLA_F_NESTED);
		put_port(msg, i ? ports[_i].attr : 0, ports[_i].value);
		nla_nest_end(msg, info);
		heard(msg);
		ck_verdict(i ? ports[_i].why : BRPORT_DIRECT);
	}
	tap_is(0, 0);
	ck_verdict(BRPORT_DIRECT);
}
END_TEST

START_TEST(bridge_settings)
{
	static const struct {
		int attr;
		enum brport_why why;
	} bridges[] = {
		{ IFLA_BR_VLAN_FILTERING, BRPORT_VLANS },
		{ IFLA_BR_NF_CALL_IPTABLES, BRPORT_NETFILTER },
		{ IFLA_BR_NF_CALL_IP6TABLES, BRPORT_NETFILTER },
		{ IFLA_BR_NF_CALL_ARPTABLES, BRPORT_NETFILTER },
	};
	unsigned int i;

	for (i = 0; i < sizeof(bridges) / sizeof(bridges[0]); i++) {
		bridge_is(bridges[i].attr, 1);
		ck_verdict(bridges[i].why);
		bridge_is(bridges[i].attr, 0);
		ck_verdict(BRPORT_DIRECT);
	}
	bridge_heard(bridge_message("xenbr0", 0, 0, 0));
	ck_verdict(BRPORT_BRIDGE_DOWN);
	bridge_heard(bridge_message("xenbr0", IFF_UP | IFF_PROMISC, 0, 0));
	ck_verdict(BRPORT_CAPTURE);
}
END_TEST

START_TEST(link_down)
{
	static const unsigned int flags[] = { 0, IFF_UP, IFF_RUNNING };
	unsigned int i;

	for (i = 0; i < 3; i++) {
		heard(tap_message(flags[i], BRIDGE, "bridge", 0, 0));
		ck_verdict(BRPORT_DOWN);
	}
}
END_TEST

START_TEST(another_master)
{
	heard(tap_message(IFF_UP | IFF_RUNNING, 0, NULL, 0, 0));
	ck_verdict(BRPORT_NO_BRIDGE);
	heard(tap_message(IFF_UP | IFF_RUNNING, BRIDGE + 1, "bridge", 0, 0));
	ck_verdict(BRPORT_OTHER_BRIDGE);
	heard(tap_message(IFF_UP | IFF_RUNNING, BRIDGE, "openvswitch", 0, 0));
	ck_verdict(BRPORT_OTHER_BRIDGE);
	heard(tap_message(IFF_UP | IFF_RUNNING, BRIDGE, "bridge_like", 0, 0));
	ck_verdict(BRPORT_OTHER_BRIDGE);
}
END_TEST

/* The port's end is told by the bridge first; the TAP's own end is its last message. */
START_TEST(gone)
{
	heard(link_new(RTM_DELLINK, PF_BRIDGE, TAP, IFF_UP | IFF_RUNNING));
	ck_verdict(BRPORT_NO_BRIDGE);
	tap_is(0, 0);
	heard(link_new(RTM_DELLINK, AF_UNSPEC, TAP, 0));
	ck_verdict(BRPORT_UNHEARD);
	/* What the bridge says of a port does not stand for the link. */
	memset(&port, 0, sizeof(port));
	heard(link_new(RTM_NEWLINK, PF_BRIDGE, TAP, IFF_UP | IFF_RUNNING));
	ck_verdict(BRPORT_UNHEARD);
}
END_TEST

/* Its name is the operator's to give, and another one's to take. */
START_TEST(bridge_renamed)
{
	bridge_heard(bridge_message("xenbr00", IFF_UP, 0, 0));
	ck_verdict(BRPORT_OTHER_BRIDGE);
	bridge_is(0, 0);
	ck_verdict(BRPORT_DIRECT);
	bridge_heard(link_new(RTM_DELLINK, PF_BRIDGE, BRIDGE, IFF_UP));
	ck_verdict(BRPORT_DIRECT);
	bridge_heard(link_new(RTM_DELLINK, AF_UNSPEC, BRIDGE, IFF_UP));
	ck_verdict(BRPORT_OTHER_BRIDGE);
}
END_TEST

START_TEST(queueing_disciplines)
{
	qdisc(RTM_NEWQDISC, TC_H_ROOT, 0); /* the kernel's own */
	qdisc(RTM_NEWQDISC, TC_H_MAKE(1 << 16, 1), 2 << 16);
	ck_verdict(BRPORT_DIRECT);
	qdisc(RTM_NEWQDISC, TC_H_ROOT, 1 << 16);
	ck_verdict(BRPORT_TC);
	qdisc(RTM_NEWQDISC, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0));
	qdisc(RTM_DELQDISC, TC_H_ROOT, 1 << 16);
	ck_verdict(BRPORT_TC);
	tap_is(0, 0);
	ck_verdict(BRPORT_TC);
	qdisc(RTM_DELQDISC, TC_H_CLSACT, TC_H_MAKE(TC_H_CLSACT, 0));
	ck_verdict(BRPORT_DIRECT);
}
END_TEST

START_TEST(watched)
{
	struct nl_msg *msg = tap_message(IFF_UP | IFF_RUNNING, BRIDGE, "bridge", 0, 0);
	struct nlattr *xdp = nla_nest_start(msg, IFLA_XDP);

	nla_put_u8(msg, IFLA_XDP_ATTACHED, XDP_ATTACHED_SKB);
	nla_nest_end(msg, xdp);
	heard(msg);
	ck_verdict(BRPORT_XDP);
	msg = tap_message(IFF_UP | IFF_RUNNING, BRIDGE, "bridge", 0, 0);
	xdp = nla_nest_start(msg, IFLA_XDP);
	nla_put_u8(msg, IFLA_XDP_ATTACHED, XDP_ATTACHED_NONE);
	nla_nest_end(msg, xdp);
	heard(msg);
	ck_verdict(BRPORT_DIRECT);
	msg = tap_message(IFF_UP | IFF_RUNNING, BRIDGE, "bridge", 0, 0);
	nla_put_u32(msg, IFLA_PROMISCUITY, 2);
	heard(msg);
	ck_verdict(BRPORT_CAPTURE);
}
END_TEST

/* Too short to be what its type says: nothing changes. */
START_TEST(cut_short)
{
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);

	brport_link(&port, nlmsg_hdr(msg));
	brdev_link(&bridge, "xenbr0", nlmsg_hdr(msg));
	nlmsg_hdr(msg)->nlmsg_type = RTM_NEWQDISC;
	brport_qdisc(&port, nlmsg_hdr(msg));
	nlmsg_free(msg);
	ck_verdict(BRPORT_DIRECT);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("brport");
	TCase *c = tcase_create("brport");

	tcase_add_checked_fixture(c, all_is_well, NULL);
	tcase_add_test(c, plain_port);
	tcase_add_loop_test(c, port_settings, 0, sizeof(ports) / sizeof(ports[0]));
	tcase_add_test(c, bridge_settings);
	tcase_add_test(c, link_down);
	tcase_add_test(c, another_master);
	tcase_add_test(c, gone);
	tcase_add_test(c, bridge_renamed);
	tcase_add_test(c, queueing_disciplines);
	tcase_add_test(c, watched);
	tcase_add_test(c, cut_short);
	suite_add_tcase(s, c);
	return runner_run(s);
}
