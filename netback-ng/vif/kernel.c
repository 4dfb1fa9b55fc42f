/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/vif/kernel.h"

#include <errno.h>
#include <jansson.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netback-ng/linux/netback_ng.h"
#include "netback-ng/vif/vif_data.h"

struct kvif {
	struct kvif *next;
	struct vif_identity id;
	bool inherited; /* until it is ours to connect or disconnect: it goes on meanwhile */
	bool direct;	/* as the module has it */
	int ifindex;
	enum netif_error broken;
	uint64_t rate_bytes; /* as the module has them */
	uint32_t rate_usecs;
};

static struct {
	struct nl_sock *calls;	/* commands and answers; the module knows us as owner by it */
	struct nl_sock *events;
	int family;
	struct kvif *vifs;
	bool broke; /* some vif, since the last kernel_read() */
} kernel;

/* ---- one command, one answer ---- */

/* Called for each message of the answer. */
typedef void (*answer_fn)(struct nl_msg *msg, void *arg);

struct call {
	int rc; /* 1: no answer yet */
	answer_fn answer;
	void *arg;
};

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct call *call = arg;

	if (call->answer)
		call->answer(msg, call->arg);
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	((struct call *)arg)->rc = 0;
	return NL_STOP;
}

/* What the kernel says beside its error number (NLMSGERR_ATTR_MSG), for the log. */
static const char *error_text(const struct nlmsgerr *err)
{
	const struct nlmsghdr *head = (const struct nlmsghdr *)((const char *)err - NLMSG_HDRLEN);
	int skip = (int)sizeof(*err), left;
	struct nlattr *a;

	if (!(head->nlmsg_flags & NLM_F_ACK_TLVS))
		return "";
	if (!(head->nlmsg_flags & NLM_F_CAPPED))
		skip += (int)(err->msg.nlmsg_len - NLMSG_HDRLEN);
	left = (int)(head->nlmsg_len - NLMSG_HDRLEN) - skip;
	for (a = (struct nlattr *)((char *)err + skip); nla_ok(a, left); a = nla_next(a, &left))
		if (nla_type(a) == NLMSGERR_ATTR_MSG)
			return nla_get_string(a);
	return "";
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *err, void *arg)
{
	struct call *call = arg;
	const char *text = error_text(err);

	call->rc = err->error;
	if (*text)
		log_debug("the kernel's data plane: %s: %s", strerror(-err->error), text);
	return NL_STOP;
}

/* Send msg, which is freed, and hand each message of the answer to fn.  0 or -errno. */
static int call(struct nl_msg *msg, answer_fn fn, void *arg)
{
	struct call call = { .rc = 1, .answer = fn, .arg = arg };
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int rc;

	if (!kernel.calls) {
		nl_cb_put(cb);
		nlmsg_free(msg);
		return -ENOTCONN;
	}
	if (!cb || !msg) {
		nl_cb_put(cb);
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, &call);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, &call);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_ack, &call);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, &call);
	rc = nl_send_auto(kernel.calls, msg);
	while (rc >= 0 && call.rc == 1)
		rc = nl_recvmsgs(kernel.calls, cb);
	nl_cb_put(cb);
	nlmsg_free(msg);
	if (call.rc == 1)
		return -EIO;
	return call.rc;
}

/* A command about a vif; NULL without memory. */
static struct nl_msg *message(enum nb_cmd cmd, const struct vif_identity *id)
{
	struct nl_msg *msg = nlmsg_alloc_size(16384);

	if (!msg)
		return NULL;
	if (genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, kernel.family, 0, NLM_F_ACK, (uint8_t)cmd,
			NB_GENL_VERSION) &&
	    !nla_put_u16(msg, NB_A_DOMID, id->domid) && !nla_put_u32(msg, NB_A_DEVID, id->devid))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* msg with one more attribute, or NULL and freed. */
static struct nl_msg *with(struct nl_msg *msg, int type, const void *data, size_t len)
{
	if (!msg || !nla_put(msg, type, (int)len, data))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static struct nl_msg *with_u32(struct nl_msg *msg, int type, uint32_t value)
{
	return with(msg, type, &value, sizeof(value));
}

static struct nl_msg *with_u64(struct nl_msg *msg, int type, uint64_t value)
{
	return with(msg, type, &value, sizeof(value));
}

/* ---- events ---- */

static struct kvif *find(uint16_t domid, uint32_t devid)
{
	struct kvif *v;

	for (v = kernel.vifs; v; v = v->next)
		if (v->id.domid == domid && v->id.devid == devid)
			return v;
	return NULL;
}

static enum netif_error error_of(const struct nlattr *attr)
{
	unsigned int i;

	for (i = 1; attr && i < NETIF_ERR_COUNT; i++)
		if (!strcmp(nla_get_string(attr), netif_error_name((enum netif_error)i)))
			return (enum netif_error)i;
	return NETIF_ERR_RING_OVERRUN; /* of a module that is newer than we are */
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlattr *a[NB_A_MAX + 1];
	struct kvif *v;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, a, NB_A_MAX, NULL) || !a[NB_A_DOMID] || !a[NB_A_DEVID] ||
	    !a[NB_A_EVENT])
		return NL_OK;
	v = find(nla_get_u16(a[NB_A_DOMID]), nla_get_u32(a[NB_A_DEVID]));
	if (!v)
		return NL_OK;
	switch (nla_get_u32(a[NB_A_EVENT])) {
	case NB_EVENT_BROKEN:
		v->broken = error_of(a[NB_A_ERROR]);
		kernel.broke = true;
		break;
	case NB_EVENT_STALLED:
		log_info("%s: its guest takes no frames: what comes for it is dropped until it does", v->id.name);
		break;
	case NB_EVENT_READY:
		log_info("%s: its guest takes frames again", v->id.name);
		break;
	default:
		break;
	}
	return NL_OK;
}

bool kernel_read(void)
{
	bool broke;

	/* An overrun of the socket loses events, hence all are looked at. */
	if (nl_recvmsgs_default(kernel.events) < 0)
		kernel.broke = true;
	broke = kernel.broke;
	kernel.broke = false;
	return broke;
}

static struct nl_sock *connect_socket(void)
{
	struct nl_sock *sk = nl_socket_alloc();
	int one = 1;

	if (!sk || genl_connect(sk)) {
		nl_socket_free(sk);
		return NULL;
	}
	setsockopt(nl_socket_get_fd(sk), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	return sk;
}

static int open_events(void)
{
	int group = genl_ctrl_resolve_grp(kernel.calls, NB_GENL_NAME, NB_GENL_EVENTS);

	kernel.events = group < 0 ? NULL : connect_socket();
	if (!kernel.events)
		return -ENOENT;
	nl_socket_disable_seq_check(kernel.events);
	nl_socket_modify_cb(kernel.events, NL_CB_VALID, NL_CB_CUSTOM, on_event, NULL);
	nl_socket_set_nonblocking(kernel.events);
	return nl_socket_add_membership(kernel.events, group) ? -ENOENT : 0;
}

int kernel_start(void)
{
	int rc = -ENOENT;

	kernel.calls = connect_socket();
	if (!kernel.calls)
		return -ENOENT;
	/* Asking for the family loads the module (MODULE_ALIAS_GENL_FAMILY). */
	kernel.family = genl_ctrl_resolve(kernel.calls, NB_GENL_NAME);
	if (kernel.family >= 0)
		rc = open_events();
	if (rc)
		kernel_stop();
	return rc;
}

void kernel_stop(void)
{
	nl_socket_free(kernel.calls);
	nl_socket_free(kernel.events);
	kernel.calls = kernel.events = NULL;
}

bool kernel_running(void)
{
	return kernel.calls;
}

int kernel_fd(void)
{
	return kernel.events ? nl_socket_get_fd(kernel.events) : -1;
}

/* ---- a vif's life ---- */

static void take_ifindex(struct nl_msg *msg, void *arg)
{
	struct nlattr *a[NB_A_MAX + 1];

	if (!genlmsg_parse(nlmsg_hdr(msg), 0, a, NB_A_MAX, NULL) && a[NB_A_IFINDEX])
		*(int *)arg = (int)nla_get_u32(a[NB_A_IFINDEX]);
}

int kvif_create(const struct vif_identity *id, struct kvif **vif)
{
	struct kvif *v = calloc(1, sizeof(*v));
	struct nl_msg *msg;
	int rc;

	if (!v)
		return -ENOMEM;
	v->id = *id;
	msg = message(NB_CMD_VIF_ADD, id);
	msg = with(msg, NB_A_IFNAME, id->name, strlen(id->name) + 1);
	msg = with(msg, NB_A_MAC, id->mac, sizeof(id->mac));
	msg = with_u32(msg, NB_A_MTU, id->mtu);
	rc = call(msg, take_ifindex, &v->ifindex);
	/* An earlier daemon's, still at work; or an interface of somebody else's that has the name. */
	if (rc == -EEXIST) {
		rc = call(message(NB_CMD_VIF_ADOPT, id), take_ifindex, &v->ifindex);
		v->inherited = !rc;
		if (rc == -ENOENT)
			rc = -EEXIST;
	}
	if (rc) {
		free(v);
		return rc;
	}
	v->next = kernel.vifs;
	kernel.vifs = v;
	*vif = v;
	return 0;
}

void kvif_destroy(struct kvif *vif)
{
	struct kvif **link;

	call(message(NB_CMD_VIF_DEL, &vif->id), NULL, NULL);
	for (link = &kernel.vifs; *link != vif; link = &(*link)->next)
		;
	*link = vif->next;
	free(vif);
}

static struct nl_msg *with_queue(struct nl_msg *msg, const struct vif_connection *c, unsigned int i)
{
	struct nlattr *nest = msg ? nla_nest_start(msg, NB_A_QUEUE) : NULL;

	if (!nest) {
		nlmsg_free(msg);
		return NULL;
	}
	msg = with_u32(msg, NB_Q_INDEX, i);
	msg = with_u32(msg, NB_Q_TX_REF, c->queue[i].tx_ref);
	msg = with_u32(msg, NB_Q_RX_REF, c->queue[i].rx_ref);
	msg = with_u32(msg, NB_Q_TX_PORT, c->queue[i].tx_evtchn);
	msg = with_u32(msg, NB_Q_RX_PORT, c->queue[i].rx_evtchn);
	if (msg)
		nla_nest_end(msg, nest);
	return msg;
}

static uint32_t flags_of(const struct vif_connection *c)
{
	return (c->sg ? NB_F_SG : 0) | (c->gso4 ? NB_F_GSO4 : 0) | (c->gso6 ? NB_F_GSO6 : 0) |
	       (c->csum4 ? NB_F_CSUM4 : 0) | (c->csum6 ? NB_F_CSUM6 : 0) |
	       (c->multicast_control ? NB_F_MULTICAST : 0) | (c->half_pages ? NB_F_HALF_PAGES : 0) |
	       (c->rx_notify ? 0 : NB_F_POLL) | (dataplane_config()->mac_filter ? NB_F_MAC_FILTER : 0);
}

int kvif_connect(struct kvif *vif, const struct vif_connection *c, const char **what)
{
	struct nl_msg *msg = message(NB_CMD_VIF_CONNECT, &vif->id);
	unsigned int i;
	int rc;

	*what = "connecting in the kernel";
	vif->broken = NETIF_OK;
	msg = with_u32(msg, NB_A_FLAGS, flags_of(c));
	msg = with_u32(msg, NB_A_HEADROOM, c->headroom);
	msg = with_u64(msg, NB_A_RATE_BYTES, c->rate_bytes);
	msg = with_u32(msg, NB_A_RATE_USECS, c->rate_usecs);
	for (i = 0; i < c->nqueues; i++)
		msg = with_queue(msg, c, i);
	rc = call(msg, NULL, NULL);
	if (rc)
		return rc;
	vif->inherited = false;
	vif->rate_bytes = c->rate_bytes;
	vif->rate_usecs = c->rate_usecs;
	return 0;
}

void kvif_disconnect(struct kvif *vif)
{
	vif->inherited = false;
	call(message(NB_CMD_VIF_DISCONNECT, &vif->id), NULL, NULL);
}

bool kvif_inherited(const struct kvif *vif)
{
	return vif->inherited;
}

enum netif_error kvif_broken(const struct kvif *vif)
{
	return vif->broken;
}

int kvif_ifindex(const struct kvif *vif)
{
	return vif->ifindex;
}

void kvif_set_direct(struct kvif *vif, bool direct)
{
	struct nl_msg *msg;

	if (direct == vif->direct)
		return;
	msg = with_u32(message(NB_CMD_VIF_SET, &vif->id), NB_A_SET, NB_F_DIRECT);
	if (!call(with_u32(msg, NB_A_FLAGS, direct ? NB_F_DIRECT : 0), NULL, NULL))
		vif->direct = direct;
}

void kvif_set_rate(struct kvif *vif, uint64_t bytes, uint32_t usecs)
{
	struct nl_msg *msg;

	if (bytes == vif->rate_bytes && usecs == vif->rate_usecs)
		return;
	msg = message(NB_CMD_VIF_SET, &vif->id);
	msg = with_u64(msg, NB_A_RATE_BYTES, bytes);
	if (call(with_u32(msg, NB_A_RATE_USECS, usecs), NULL, NULL))
		return;
	vif->rate_bytes = bytes;
	vif->rate_usecs = usecs;
}

int kvif_set_headroom(struct kvif *vif, uint32_t bytes)
{
	return call(with_u32(message(NB_CMD_VIF_SET, &vif->id), NB_A_HEADROOM, bytes), NULL, NULL);
}

int kvif_set_multicast_control(struct kvif *vif, bool on)
{
	struct nl_msg *msg = with_u32(message(NB_CMD_VIF_SET, &vif->id), NB_A_SET, NB_F_MULTICAST);

	return call(with_u32(msg, NB_A_FLAGS, on ? NB_F_MULTICAST : 0), NULL, NULL);
}

/* ---- static grants, hash ---- */

static void take_count(struct nl_msg *msg, void *arg)
{
	struct nlattr *a[NB_A_MAX + 1];

	if (!genlmsg_parse(nlmsg_hdr(msg), 0, a, NB_A_MAX, NULL) && a[NB_A_COUNT])
		*(unsigned int *)arg = nla_get_u32(a[NB_A_COUNT]);
}

unsigned int kvif_gref_room(const struct kvif *vif, unsigned int queue)
{
	unsigned int n = 0;

	call(with_u32(message(NB_CMD_GREF_ROOM, &vif->id), NB_A_INDEX, queue), take_count, &n);
	return n;
}

static struct nl_msg *gref_message(enum nb_cmd cmd, const struct kvif *vif, unsigned int queue,
				   const struct netif_gref *grefs, unsigned int n)
{
	struct nl_msg *msg = with_u32(message(cmd, &vif->id), NB_A_INDEX, queue);

	return with(msg, NB_A_GREFS, grefs, n * sizeof(*grefs));
}

int kvif_gref_add(struct kvif *vif, unsigned int queue, const struct netif_gref *grefs,
		  unsigned int n)
{
	return call(gref_message(NB_CMD_GREF_ADD, vif, queue, grefs, n), NULL, NULL);
}

struct gref_answer {
	struct netif_gref *grefs;
	unsigned int n, done;
};

static void take_grefs(struct nl_msg *msg, void *arg)
{
	struct nlattr *a[NB_A_MAX + 1];
	struct gref_answer *answer = arg;
	size_t size = answer->n * sizeof(*answer->grefs);

	take_count(msg, &answer->done);
	if (!genlmsg_parse(nlmsg_hdr(msg), 0, a, NB_A_MAX, NULL) && a[NB_A_GREFS] && (size_t)nla_len(a[NB_A_GREFS]) == size)
		memcpy(answer->grefs, nla_data(a[NB_A_GREFS]), size);
}

unsigned int kvif_gref_del(struct kvif *vif, unsigned int queue, struct netif_gref *grefs,
			   unsigned int n)
{
	struct gref_answer answer = { .grefs = grefs, .n = n };
	unsigned int i;

	for (i = 0; i < n; i++)
		grefs[i].status = NETIF_CTRL_STATUS_INVALID_PARAMETER;
	call(gref_message(NB_CMD_GREF_DEL, vif, queue, grefs, n), take_grefs, &answer);
	return answer.done;
}

int kvif_set_hash(struct kvif *vif, const struct netif_hash *hash)
{
	struct nl_msg *msg = message(NB_CMD_HASH_SET, &vif->id);
	struct nlattr *nest;

	if (!hash || !msg)
		return call(msg, NULL, NULL);
	nest = nla_nest_start(msg, NB_A_HASH);
	if (!nest) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	msg = with_u32(msg, NB_H_ALGORITHM, hash->algorithm);
	msg = with_u32(msg, NB_H_TYPES, hash->types);
	msg = with(msg, NB_H_KEY, hash->key, hash->keylen);
	msg = with(msg, NB_H_MAPPING, hash->mapping, hash->mapping_size * sizeof(hash->mapping[0]));
	if (msg)
		nla_nest_end(msg, nest);
	return call(msg, NULL, NULL);
}

/* ---- statistics ---- */

/* A counter is one of lib/netif's errors, or the data plane's own. */
static void add_stat(json_t *queue, json_t *errors, const char *name, uint64_t value)
{
	unsigned int i;

	for (i = 1; i < NETIF_ERR_COUNT; i++)
		if (!strcmp(name, netif_error_name((enum netif_error)i))) {
			json_object_set_new(errors, name, json_integer((json_int_t)value));
			return;
		}
	json_object_set_new(queue, name, json_integer((json_int_t)value));
}

static json_t *queue_json(struct nlattr *nest)
{
	json_t *queue = json_object(), *errors = json_object();
	struct nlattr *attr, *s[NB_S_COUNTED];
	int rem;

	nla_for_each_nested(attr, nest, rem) {
		switch (nla_type(attr)) {
		case NB_Q_INDEX:
			json_object_set_new(queue, "queue", json_integer(nla_get_u32(attr)));
			break;
		case NB_Q_STATIC:
			json_object_set_new(queue, "static_grants", json_integer(nla_get_u32(attr)));
			break;
		case NB_Q_STAT:
			if (!nla_parse_nested(s, NB_S_COUNTED - 1, attr, NULL) && s[NB_S_NAME] && s[NB_S_VALUE])
				add_stat(queue, errors, nla_get_string(s[NB_S_NAME]), nla_get_u64(s[NB_S_VALUE]));
			break;
		default:
			break;
		}
	}
	json_object_set_new(queue, "port", json_string("kernel"));
	json_object_set_new(queue, "errors", errors);
	return queue;
}

/* NB_A_QUEUE stands several times, so the attributes are walked, not parsed. */
static void take_queues(struct nl_msg *msg, void *arg)
{
	struct genlmsghdr *head = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *attr;
	int rem;

	nla_for_each_attr(attr, genlmsg_attrdata(head, 0), genlmsg_attrlen(head, 0), rem)
		if (nla_type(attr) == NB_A_QUEUE)
			json_array_append_new(arg, queue_json(attr));
}

json_t *kvif_queues(const struct kvif *vif)
{
	json_t *queues = json_array();

	call(message(NB_CMD_VIF_GET, &vif->id), take_queues, queues);
	return queues;
}
