/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/vif/links.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_bridge.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "netback-ng/vif/vif_data.h"

#define BUCKETS 256u
/* Receives of a turn, and the kernel's largest piece of a dump. */
#define TURN_RECEIVES 32
#define MESSAGE_MAX (64 << 10)
#define SOCKET_BYTES (4 << 20)
/* After more than could be heard: so long until all is asked for, doubled while it goes on. */
#define AGAIN_SECS_MIN 1
#define AGAIN_SECS_MAX 64
/* What a bridge lets pass beyond the MTU: the Ethernet header and a tag (is_skb_forwardable()). */
#define BEYOND_MTU 18

enum { LINKS, QDISCS, ADDRESSES, SOCKETS };

/*
 * A socket each, since a socket has one dump at a time, and what is said of links must not
 * get lost among addresses, of which guests choose how many there are.
 */
struct listener {
	struct nl_sock *sk;
	bool asking; /* a dump is under way, or to come */
};

static struct {
	const struct config_list *bridges;
	int epoll, timer;
	unsigned int again_secs;
	struct listener on[SOCKETS];
	struct vif *vifs[BUCKETS]; /* by the TAP's ifindex */
	_Alignas(struct nlmsghdr) uint8_t buffer[MESSAGE_MAX];
} links = { .epoll = -1, .timer = -1 };

static struct vif *vif_find(uint32_t ifindex)
{
	struct vif *vif = links.vifs[ifindex % BUCKETS];

	while (vif && (uint32_t)vif->tap.ifindex != ifindex)
		vif = vif->links_next;
	return vif;
}

/* --- the verdict ------------------------------------------------------------------ */

/* What cannot be asked just now stays as it was. */
static void feature_get(const char *name, uint32_t command, _Atomic(bool) *on)
{
	struct ethtool_value value = { .cmd = command };
	struct ifreq ifr = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	memcpy(ifr.ifr_name, name, IFNAMSIZ);
	if (!ioctl(fd, SIOCETHTOOL, &ifr))
		atomic_store(on, value.data);
	close(fd);
}

/* An operator who turned an offload off (ethtool -K) means the frames from other vifs, too. */
static void take_features(struct vif *vif)
{
	char name[IF_NAMESIZE] = "";

	if (!vif_interface(vif, name))
		return;
	feature_get(name, ETHTOOL_GTXCSUM, &vif->tap_csum);
	feature_get(name, ETHTOOL_GTSO, &vif->tap_tso);
}

static enum brport_why judge(const struct vif *vif)
{
	if (!vif->bridge || !vif->bridge->listed)
		return BRPORT_OFF;
	if (!links.on[LINKS].sk || links.on[LINKS].asking || links.on[QDISCS].asking)
		return BRPORT_UNHEARD;
	return brport_judge(&vif->link, &vif->bridge->dev);
}

/* A link that is down until it was up once is no news at each start of a guest. */
static void say(struct vif *vif, enum brport_why was)
{
	if (vif->why == BRPORT_DIRECT)
		log_limited(&vif->log_limit, LOG_INFO, "%s: on the built-in switch of %s",
			    vif->id.name, vif->id.bridge);
	else if (was == BRPORT_DIRECT || vif->why > BRPORT_DOWN)
		log_limited(&vif->log_limit, LOG_INFO, "%s: not on the built-in switch of %s: %s",
			    vif->id.name, vif->id.bridge, brport_text(vif->why));
}

static void decide(struct vif *vif)
{
	enum brport_why was = vif->why;

	vif->why = judge(vif);
	vif->plane->set_direct(vif, vif->why == BRPORT_DIRECT ? vif->link.mtu + BEYOND_MTU : 0);
	if (vif->why != was)
		say(vif, was);
}

static void decide_all(void)
{
	struct vif *vif;
	unsigned int i;

	for (i = 0; i < BUCKETS; i++)
		for (vif = links.vifs[i]; vif; vif = vif->links_next)
			decide(vif);
}

/* --- questions: their answers come as if the kernel had spoken by itself --------------- */

static void send_free(struct listener *l, struct nl_msg *msg, bool whole)
{
	if (msg && whole && l->sk)
		nl_send_auto(l->sk, msg);
	nlmsg_free(msg);
}

static void ask_all(struct listener *l)
{
	static const struct {
		int type;
		size_t size;
	} questions[SOCKETS] = {
		[LINKS] = { RTM_GETLINK, sizeof(struct ifinfomsg) },
		[QDISCS] = { RTM_GETQDISC, sizeof(struct tcmsg) },
		[ADDRESSES] = { RTM_GETNEIGH, sizeof(struct ndmsg) },
	};
	unsigned int i = (unsigned int)(l - links.on);
	struct nl_msg *msg = nlmsg_alloc_simple(questions[i].type, NLM_F_DUMP);
	/* Each begins with its family, and asks for all with zeroes. */
	uint8_t head[32] = { i == ADDRESSES ? PF_BRIDGE : AF_UNSPEC };

	l->asking = true;
	send_free(l, msg,
		  msg && !nlmsg_append(msg, head, questions[i].size, NLMSG_ALIGNTO));
}

static void ask_link(uint32_t ifindex)
{
	struct ifinfomsg info = { .ifi_index = (int)ifindex };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, 0);

	send_free(&links.on[LINKS], msg,
		  msg && !nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO));
}

void links_ask_address(struct vif *vif)
{
	struct ndmsg nd = { .ndm_family = PF_BRIDGE };
	const struct bridge *b = vif->bridge;
	struct nl_msg *msg;

	if (!b->listed || !b->dev.ifindex)
		return;
	msg = nlmsg_alloc_simple(RTM_GETNEIGH, 0);
	send_free(&links.on[ADDRESSES], msg,
		  msg && !nlmsg_append(msg, &nd, sizeof(nd), NLMSG_ALIGNTO) &&
		  !nla_put(msg, NDA_LLADDR, sizeof(vif->id.mac), vif->id.mac) &&
		  !nla_put_u32(msg, NDA_MASTER, b->dev.ifindex));
}

/* --- what is heard ------------------------------------------------------------------ */

static void on_link(struct nlmsghdr *msg)
{
	const struct ifinfomsg *info = nlmsg_data(msg);
	struct bridge *b;
	struct brdev was;
	struct vif *vif;

	if (!nlmsg_valid_hdr(msg, sizeof(*info)))
		return;
	for (b = bridge_first(); b; b = b->next) {
		was = b->dev;
		brdev_link(&b->dev, b->name, msg);
		if (!brdev_same(&was, &b->dev))
			decide_all();
	}
	vif = vif_find((uint32_t)info->ifi_index);
	if (!vif)
		return;
	brport_link(&vif->link, msg);
	if (msg->nlmsg_type == RTM_NEWLINK && info->ifi_family == AF_UNSPEC)
		take_features(vif);
	decide(vif);
}

static void on_qdisc(struct nlmsghdr *msg)
{
	const struct tcmsg *tc = nlmsg_data(msg);
	struct vif *vif;

	if (!nlmsg_valid_hdr(msg, sizeof(*tc)))
		return;
	vif = vif_find((uint32_t)tc->tcm_ifindex);
	if (!vif)
		return;
	brport_qdisc(&vif->link, msg);
	decide(vif);
}

static struct bridge *bridge_find(uint32_t ifindex)
{
	struct bridge *b = bridge_first();

	while (b && (b->dev.ifindex != ifindex || !b->listed))
		b = b->next;
	return b;
}

/* An entry of a VLAN counts only while the bridge filters VLANs, when no vif is on the switch. */
static void on_address(struct nlmsghdr *msg)
{
	const struct ndmsg *nd = nlmsg_data(msg);
	struct nlattr *tb[NDA_MAX + 1];
	struct bridge *b;
	struct vif *vif;

	if (nlmsg_parse(msg, sizeof(*nd), tb, NDA_MAX, NULL) || nd->ndm_family != PF_BRIDGE ||
	    nd->ndm_flags & NTF_SELF || tb[NDA_VLAN] || !tb[NDA_MASTER] || !tb[NDA_LLADDR] ||
	    nla_len(tb[NDA_MASTER]) < 4 || nla_len(tb[NDA_LLADDR]) != 6)
		return;
	b = bridge_find(nla_get_u32(tb[NDA_MASTER]));
	if (!b)
		return;
	if (msg->nlmsg_type == RTM_DELNEIGH) {
		bridge_unplace(b, nla_data(tb[NDA_LLADDR]));
		return;
	}
	/* A permanent one is an address of the host's own. */
	vif = nd->ndm_state & NUD_PERMANENT ? NULL : vif_find((uint32_t)nd->ndm_ifindex);
	bridge_place(b, nla_data(tb[NDA_LLADDR]),
		     vif && vif->bridge == b && atomic_load(&vif->nqueues) ? vif : NULL);
}

/* --- what was not heard -------------------------------------------------------------- */

static void ask_later(struct listener *l)
{
	const struct itimerspec when = { .it_value.tv_sec = links.again_secs };

	l->asking = true;
	timerfd_settime(links.timer, 0, &when, NULL);
	if (links.again_secs < AGAIN_SECS_MAX)
		links.again_secs *= 2;
}

/* What is known may be wrong: nobody is on the switch until everything has been said again. */
static void forget_links(void)
{
	struct bridge *b;
	struct vif *vif;
	unsigned int i;

	for (b = bridge_first(); b; b = b->next)
		b->dev = (struct brdev){ 0 };
	for (i = 0; i < BUCKETS; i++)
		for (vif = links.vifs[i]; vif; vif = vif->links_next)
			vif->link.heard = false;
}

static void forget_qdiscs(void)
{
	struct vif *vif;
	unsigned int i;

	for (i = 0; i < BUCKETS; i++)
		for (vif = links.vifs[i]; vif; vif = vif->links_next)
			vif->link.tc_root = vif->link.tc_ingress = false;
}

/* Not the vifs' own: a guest with ever new addresses must not push its neighbours off the switch. */
static void forget_addresses(void)
{
	struct bridge *b;

	for (b = bridge_first(); b; b = b->next)
		bridge_unplace_all(b);
}

static void lost(struct listener *l)
{
	static void (*const forget[SOCKETS])(void) = { forget_links, forget_qdiscs, forget_addresses };

	forget[l - links.on]();
	if (l == &links.on[ADDRESSES])
		ask_later(l);
	else
		ask_all(l);
	decide_all();
}

/* The end of a dump.  Interrupted: things changed meanwhile, and some may have been passed over. */
static void on_done(struct listener *l, const struct nlmsghdr *msg)
{
	if (msg->nlmsg_flags & NLM_F_DUMP_INTR) {
		ask_all(l);
		return;
	}
	l->asking = false;
	links.again_secs = AGAIN_SECS_MIN;
	/* While the bridges' indices were not known, addresses were passed over. */
	if (l == &links.on[LINKS] && !links.on[ADDRESSES].asking)
		ask_all(&links.on[ADDRESSES]);
	decide_all();
}

static void on_message(struct listener *l, struct nlmsghdr *msg)
{
	switch (msg->nlmsg_type) {
	case NLMSG_DONE:
		on_done(l, msg);
		break;
	case NLMSG_ERROR:
		/* No such address; or a dump that could not begin. */
		if (l->asking)
			ask_later(l);
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		on_link(msg);
		break;
	case RTM_NEWQDISC:
	case RTM_DELQDISC:
		on_qdisc(msg);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		on_address(msg);
		break;
	}
}

static void listen_to(struct listener *l)
{
	unsigned int i;

	for (i = 0; l->sk && i < TURN_RECEIVES; i++) {
		struct nlmsghdr *msg = (void *)links.buffer;
		ssize_t n = recv(nl_socket_get_fd(l->sk), links.buffer, sizeof(links.buffer),
				 MSG_DONTWAIT);
		int left = (int)n;

		if (n < 0 && errno == ENOBUFS)
			lost(l);
		else if (n < 0)
			return;
		for (; n > 0 && nlmsg_ok(msg, left); msg = nlmsg_next(msg, &left))
			on_message(l, msg);
	}
}

void links_turn(void)
{
	uint64_t n;
	unsigned int i;

	for (i = 0; i < SOCKETS; i++)
		listen_to(&links.on[i]);
	if (read(links.timer, &n, sizeof(n)) != sizeof(n))
		return;
	for (i = 0; i < SOCKETS; i++)
		if (links.on[i].asking)
			ask_all(&links.on[i]);
}

/* --- from start to end ------------------------------------------------------------------ */

static void listener_close(struct listener *l)
{
	/* Its descriptor leaves the epoll by being closed. */
	nl_socket_free(l->sk);
	*l = (struct listener){ 0 };
}

static int listener_open(struct listener *l, int group)
{
	const int size = SOCKET_BYTES;
	struct epoll_event event = { .events = EPOLLIN };
	int fd;

	l->sk = nl_socket_alloc();
	if (!l->sk)
		return -ENOMEM;
	nl_socket_disable_auto_ack(l->sk);
	if (nl_connect(l->sk, NETLINK_ROUTE) || nl_socket_add_membership(l->sk, group))
		return -EPROTO;
	fd = nl_socket_get_fd(l->sk);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		log_debug("netlink: the default receive buffer must do");
	return epoll_ctl(links.epoll, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static void stop(void)
{
	unsigned int i;

	for (i = 0; i < SOCKETS; i++)
		listener_close(&links.on[i]);
}

/* Everything that is there already is asked for. */
static void start(void)
{
	static const int groups[SOCKETS] = { RTNLGRP_LINK, RTNLGRP_TC, RTNLGRP_NEIGH };
	unsigned int i;
	int rc = 0;

	for (i = 0; !rc && i < SOCKETS; i++)
		rc = listener_open(&links.on[i], groups[i]);
	if (rc) {
		log_warning("the built-in switch stays off: cannot listen to the kernel's rtnetlink: "
			    "%s; is AF_NETLINK allowed (RestrictAddressFamilies= in the daemon's unit)?",
			    strerror(-rc));
		stop();
		return;
	}
	forget_links();
	forget_qdiscs();
	ask_all(&links.on[LINKS]);
	ask_all(&links.on[QDISCS]);
}

static bool is_listed(const char *bridge)
{
	unsigned int i;

	for (i = 0; i < links.bridges->count; i++)
		if (!strcmp(links.bridges->items[i], bridge))
			return true;
	return false;
}

void links_reload(const struct config_list *bridges)
{
	struct bridge *b;

	links.bridges = bridges;
	if (bridges->count && !links.on[LINKS].sk)
		start();
	else if (!bridges->count)
		stop();
	for (b = bridge_first(); b; b = b->next) {
		b->listed = is_listed(b->name);
		/* What was not listed, nobody has kept. */
		if (!b->listed)
			bridge_unplace_all(b);
	}
	if (links.on[ADDRESSES].sk && !links.on[ADDRESSES].asking)
		ask_all(&links.on[ADDRESSES]);
	decide_all();
}

int links_open(const struct config_list *bridges)
{
	struct epoll_event event = { .events = EPOLLIN };

	links.again_secs = AGAIN_SECS_MIN;
	links.epoll = epoll_create1(EPOLL_CLOEXEC);
	links.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (links.epoll < 0 || links.timer < 0 ||
	    epoll_ctl(links.epoll, EPOLL_CTL_ADD, links.timer, &event))
		return -errno;
	links_reload(bridges);
	return 0;
}

void links_close(void)
{
	stop();
	if (links.timer >= 0)
		close(links.timer);
	if (links.epoll >= 0)
		close(links.epoll);
	links.timer = links.epoll = -1;
}

int links_fd(void)
{
	return links.epoll;
}

void links_add(struct vif *vif)
{
	struct vif **bucket = &links.vifs[(uint32_t)vif->tap.ifindex % BUCKETS];
	struct bridge *b = vif->bridge;

	vif->links_next = *bucket;
	*bucket = vif;
	if (b && !b->dev.ifindex) {
		b->listed = is_listed(b->name);
		b->dev.ifindex = if_nametoindex(b->name);
		if (b->dev.ifindex)
			ask_link(b->dev.ifindex);
	}
	vif->why = judge(vif);
}

void links_remove(struct vif *vif)
{
	struct vif **link = &links.vifs[(uint32_t)vif->tap.ifindex % BUCKETS];

	while (*link && *link != vif)
		link = &(*link)->links_next;
	if (*link)
		*link = vif->links_next;
}
