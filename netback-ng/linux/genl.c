// SPDX-License-Identifier: GPL-2.0
/* netback-ngd's half of the work, as it asks for it: netback_ng.h says what each command means. */
#include <linux/module.h>
#include <net/genetlink.h>

#include "nb.h"

static struct genl_family family;

static const struct nla_policy hash_policy[NB_H_MAX + 1] = {
	[NB_H_ALGORITHM] = NLA_POLICY_MAX(NLA_U32, NETIF_HASH_ALGORITHM_TOEPLITZ),
	[NB_H_TYPES] = NLA_POLICY_MAX(NLA_U32, 15),
	[NB_H_KEY] = { .type = NLA_BINARY, .len = NETIF_TOEPLITZ_KEY_MAX },
	[NB_H_MAPPING] = { .type = NLA_BINARY, .len = NETIF_HASH_MAPPING_MAX * sizeof(u32) },
};

static const struct nla_policy queue_policy[NB_Q_MAX + 1] = {
	[NB_Q_INDEX] = NLA_POLICY_MAX(NLA_U32, NB_QUEUES_MAX - 1),
	[NB_Q_TX_REF] = { .type = NLA_U32 },
	[NB_Q_RX_REF] = { .type = NLA_U32 },
	[NB_Q_TX_PORT] = { .type = NLA_U32 },
	[NB_Q_RX_PORT] = { .type = NLA_U32 },
};

/* More than the 15 bits that a policy itself has for a limit; not const, for Linux 6.1. */
static struct netlink_range_validation mtu_range = {
	.max = NETIF_MAX_TX_SIZE - VLAN_ETH_HLEN,
};

static const struct nla_policy policy[NB_A_MAX + 1] = {
	[NB_A_DOMID] = NLA_POLICY_MAX(NLA_U16, DOMID_FIRST_RESERVED - 1),
	[NB_A_DEVID] = { .type = NLA_U32 },
	[NB_A_IFNAME] = { .type = NLA_NUL_STRING, .len = IFNAMSIZ - 1 },
	[NB_A_MAC] = NLA_POLICY_EXACT_LEN(ETH_ALEN),
	[NB_A_MTU] = NLA_POLICY_FULL_RANGE(NLA_U32, &mtu_range),
	[NB_A_FLAGS] = NLA_POLICY_MASK(NLA_U32, NB_F_ALL),
	[NB_A_SET] = NLA_POLICY_MASK(NLA_U32, NB_F_ALL),
	[NB_A_HEADROOM] = { .type = NLA_U32 },
	[NB_A_RATE_BYTES] = { .type = NLA_U64 },
	[NB_A_RATE_USECS] = { .type = NLA_U32 },
	[NB_A_QUEUE] = NLA_POLICY_NESTED(queue_policy),
	[NB_A_INDEX] = NLA_POLICY_MAX(NLA_U32, NB_QUEUES_MAX - 1),
	[NB_A_GREFS] = { .type = NLA_BINARY, .len = NB_GREFS_MAX * sizeof(struct netif_gref) },
	[NB_A_HASH] = NLA_POLICY_NESTED(hash_policy),
};

/* text: static, and what the caller can act on. */
static void refuse(const struct genl_info *info, const char *text)
{
	if (info->extack)
		info->extack->_msg = text;
}

static const char *const missing[NB_A_MAX + 1] = {
	[NB_A_DOMID] = "which domain? DOMID is missing",
	[NB_A_DEVID] = "which vif? DEVID is missing",
	[NB_A_IFNAME] = "a new vif needs a name: IFNAME is missing",
	[NB_A_MAC] = "a new vif needs its guest's address: MAC is missing",
	[NB_A_INDEX] = "which queue? INDEX is missing",
	[NB_A_GREFS] = "which grants? GREFS is missing",
};

static bool has(const struct genl_info *info, int attr)
{
	if (info->attrs[attr])
		return true;
	refuse(info, missing[attr]);
	return false;
}

static struct nb_vif *vif_of(struct genl_info *info)
{
	struct nb_vif *vif;
	u16 domid;
	u32 devid;

	if (!has(info, NB_A_DOMID) || !has(info, NB_A_DEVID))
		return ERR_PTR(-EINVAL);
	domid = nla_get_u16(info->attrs[NB_A_DOMID]);
	devid = nla_get_u32(info->attrs[NB_A_DEVID]);
	vif = nb_vif_find(domid, devid);
	if (vif)
		return vif;
	refuse(info, "no such vif here");
	return ERR_PTR(-ENOENT);
}

/* ---- replies ---- */

static int put_stats(struct sk_buff *msg, const struct nb_stats *s, const struct netif_errors *e)
{
	const u64 *value = (const u64 *)s;
	unsigned int i;

	for (i = 0; i < NB_NSTATS + NETIF_ERR_COUNT - 1; i++) {
		bool own = i < NB_NSTATS;
		unsigned int err = own ? 0 : i - NB_NSTATS + 1;
		u64 v = own ? READ_ONCE(value[i]) : READ_ONCE(e->count[err]);
		struct nlattr *nest;

		if (!v)
			continue;
		nest = nla_nest_start(msg, NB_Q_STAT);
		if (!nest ||
		    nla_put_string(msg, NB_S_NAME, own ? nb_stat_names[i] : netif_error_name(err)) ||
		    nla_put_u64_64bit(msg, NB_S_VALUE, v, NB_S_PAD))
			return -EMSGSIZE;
		nla_nest_end(msg, nest);
	}
	return 0;
}

static int put_queue(struct sk_buff *msg, const struct nb_vif *vif, unsigned int i)
{
	struct nlattr *nest = nla_nest_start(msg, NB_A_QUEUE);

	if (!nest || nla_put_u32(msg, NB_Q_INDEX, i) ||
	    (vif->queue[i] && nla_put_u32(msg, NB_Q_STATIC, vif->queue[i]->grants.count)) ||
	    put_stats(msg, &vif->stats[i], &vif->errors[i]))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static u32 state_of(const struct nb_vif *vif)
{
	if (!vif->connected)
		return NB_STATE_DISCONNECTED;
	return nb_vif_broken(vif) ? NB_STATE_BROKEN : NB_STATE_CONNECTED;
}

/* queues: with their counters, too, which a dump has no room for. */
static int put_vif(struct sk_buff *msg, const struct nb_vif *vif, bool queues)
{
	unsigned int i;

	if (nla_put_u16(msg, NB_A_DOMID, vif->domid) || nla_put_u32(msg, NB_A_DEVID, vif->devid) ||
	    nla_put_string(msg, NB_A_IFNAME, netdev_name(vif->netdev)) ||
	    nla_put_u32(msg, NB_A_IFINDEX, vif->netdev->ifindex) ||
	    nla_put(msg, NB_A_MAC, ETH_ALEN, vif->mac) ||
	    nla_put_u32(msg, NB_A_FLAGS, vif->flags) || nla_put_u32(msg, NB_A_STATE, state_of(vif)) ||
	    nla_put_u32(msg, NB_A_HEADROOM, vif->headroom) ||
	    nla_put_u32(msg, NB_A_OWNER, vif->owner) ||
	    nla_put_u32(msg, NB_A_COUNT, vif->nqueues) ||
	    nla_put_u64_64bit(msg, NB_A_RATE_BYTES, vif->rate_bytes, NB_A_PAD) ||
	    nla_put_u32(msg, NB_A_RATE_USECS, vif->rate_usecs) ||
	    nla_put_u32(msg, NB_A_PAGES, nb_grant_mapped()) ||
	    nla_put_u32(msg, NB_A_PAGES_MAX, nb_params.max_static_pages))
		return -EMSGSIZE;
	if (nb_vif_broken(vif) &&
	    nla_put_string(msg, NB_A_ERROR, netif_error_name((enum netif_error)vif->broken)))
		return -EMSGSIZE;
	for (i = 0; queues && i < NB_QUEUES_MAX; i++)
		if ((vif->queue[i] || vif->stats[i].polls) && put_queue(msg, vif, i))
			return -EMSGSIZE;
	return 0;
}

/* A vif with all its counters; a dump's skb has room for one at least. */
#define REPLY_SIZE (NB_QUEUES_MAX * (NB_NSTATS + NETIF_ERR_COUNT) * 64)

static int reply_vif(struct genl_info *info, const struct nb_vif *vif)
{
	struct sk_buff *msg = genlmsg_new(REPLY_SIZE, GFP_KERNEL);
	void *head;

	if (!msg)
		return -ENOMEM;
	head = genlmsg_put_reply(msg, info, &family, 0, info->genlhdr->cmd);
	if (!head || put_vif(msg, vif, true)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

static int reply_count(struct genl_info *info, u32 count, const struct netif_gref *refs, u32 n)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_GOODSIZE + n * sizeof(*refs), GFP_KERNEL);
	void *head;

	if (!msg)
		return -ENOMEM;
	head = genlmsg_put_reply(msg, info, &family, 0, info->genlhdr->cmd);
	if (!head || nla_put_u32(msg, NB_A_COUNT, count) ||
	    (n && nla_put(msg, NB_A_GREFS, n * sizeof(*refs), refs))) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

void nb_genl_event(const struct nb_vif *vif, enum nb_event event)
{
	struct sk_buff *msg = genlmsg_new(NLMSG_GOODSIZE, GFP_ATOMIC);
	void *head = msg ? genlmsg_put(msg, 0, 0, &family, 0, NB_CMD_EVENT) : NULL;

	if (!head || nla_put_u16(msg, NB_A_DOMID, vif->domid) ||
	    nla_put_u32(msg, NB_A_DEVID, vif->devid) || nla_put_u32(msg, NB_A_EVENT, event) ||
	    (event == NB_EVENT_BROKEN &&
	     nla_put_string(msg, NB_A_ERROR, netif_error_name((enum netif_error)vif->broken)))) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, head);
	genlmsg_multicast_netns(&family, dev_net(vif->netdev), msg, 0, 0, GFP_ATOMIC);
}

/* ---- commands; nb_lock is held ---- */

static int do_add(struct genl_info *info)
{
	struct nlattr **a = info->attrs;
	struct nb_vif *vif;
	int rc;

	if (!has(info, NB_A_DOMID) || !has(info, NB_A_DEVID) || !has(info, NB_A_IFNAME) ||
	    !has(info, NB_A_MAC))
		return -EINVAL;
	if (nb_vif_find(nla_get_u16(a[NB_A_DOMID]), nla_get_u32(a[NB_A_DEVID]))) {
		refuse(info, "that vif is here already");
		return -EEXIST;
	}
	rc = nb_vif_add(genl_info_net(info), nla_get_u16(a[NB_A_DOMID]), nla_get_u32(a[NB_A_DEVID]),
			nla_data(a[NB_A_IFNAME]), nla_data(a[NB_A_MAC]),
			a[NB_A_MTU] ? nla_get_u32(a[NB_A_MTU]) : 0, info->snd_portid, &vif);
	if (rc) {
		refuse(info, "the interface cannot be made");
		return rc;
	}
	return reply_vif(info, vif);
}

static int do_del(struct genl_info *info)
{
	struct nb_vif *vif = vif_of(info);

	if (IS_ERR(vif))
		return PTR_ERR(vif);
	nb_vif_del(vif);
	return 0;
}

static int read_queue(const struct nlattr *attr, struct nb_connection *c, struct genl_info *info)
{
	struct nlattr *q[NB_Q_MAX + 1];
	struct nb_queue_params *p;
	u32 i;
	int rc = nla_parse_nested(q, NB_Q_MAX, attr, queue_policy, info->extack);

	if (rc)
		return rc;
	if (!q[NB_Q_INDEX] || !q[NB_Q_TX_REF] || !q[NB_Q_RX_REF] || !q[NB_Q_TX_PORT] ||
	    !q[NB_Q_RX_PORT]) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "a queue needs index, two grants and two ports");
		return -EINVAL;
	}
	i = nla_get_u32(q[NB_Q_INDEX]);
	if (i != c->nqueues) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "queues must come in order, each once");
		return -EINVAL;
	}
	p = &c->queue[c->nqueues++];
	p->tx_ref = nla_get_u32(q[NB_Q_TX_REF]);
	p->rx_ref = nla_get_u32(q[NB_Q_RX_REF]);
	p->tx_port = nla_get_u32(q[NB_Q_TX_PORT]);
	p->rx_port = nla_get_u32(q[NB_Q_RX_PORT]);
	return 0;
}

/* -EINVAL, or 1 where a rate is given. */
static int read_rate(struct genl_info *info, u64 *bytes, u32 *usecs)
{
	*bytes = 0;
	*usecs = 0;
	if (!info->attrs[NB_A_RATE_BYTES])
		return 0;
	*bytes = nla_get_u64(info->attrs[NB_A_RATE_BYTES]);
	if (info->attrs[NB_A_RATE_USECS])
		*usecs = nla_get_u32(info->attrs[NB_A_RATE_USECS]);
	if (*bytes <= NB_RATE_MAX && (!*bytes || *usecs))
		return 1;
	refuse(info, "a rate is 1 to 2^36 bytes in 1 or more microseconds");
	return -EINVAL;
}

/* -EINVAL, or 1 where a headroom is given; by the flags that it is to go with. */
static int read_headroom(struct genl_info *info, u32 flags, u32 *headroom)
{
	*headroom = 0;
	if (!info->attrs[NB_A_HEADROOM])
		return 0;
	*headroom = nla_get_u32(info->attrs[NB_A_HEADROOM]);
	if (*headroom <= netif_rx_headroom_max(flags & NB_F_HALF_PAGES))
		return 1;
	refuse(info, "a headroom is 3840 bytes at most, and 1792 with half pages");
	return -EINVAL;
}

static int do_connect(struct genl_info *info)
{
	struct nb_connection c = {};
	struct nb_vif *vif = vif_of(info);
	const struct nlattr *attr;
	const char *what = "";
	int rem, rc;

	if (IS_ERR(vif))
		return PTR_ERR(vif);
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != NB_A_QUEUE)
			continue;
		if (c.nqueues == NB_QUEUES_MAX) {
			refuse(info, "a vif has 8 queues at most");
			return -EINVAL;
		}
		rc = read_queue(attr, &c, info);
		if (rc)
			return rc;
	}
	if (!c.nqueues) {
		refuse(info, "a vif has one queue at least");
		return -EINVAL;
	}
	rc = read_rate(info, &c.rate_bytes, &c.rate_usecs);
	if (rc < 0)
		return rc;
	if (info->attrs[NB_A_FLAGS])
		c.flags = nla_get_u32(info->attrs[NB_A_FLAGS]);
	rc = read_headroom(info, c.flags, &c.headroom);
	if (rc < 0)
		return rc;
	rc = nb_vif_connect(vif, &c, &what);
	if (rc)
		refuse(info, what);
	return rc;
}

static int do_disconnect(struct genl_info *info)
{
	struct nb_vif *vif = vif_of(info);

	if (IS_ERR(vif))
		return PTR_ERR(vif);
	nb_vif_disconnect(vif);
	return 0;
}

static int do_set(struct genl_info *info)
{
	struct nb_vif *vif = vif_of(info);
	u32 usecs, headroom;
	int rate, rc;
	u64 bytes;

	if (IS_ERR(vif))
		return PTR_ERR(vif);
	rate = read_rate(info, &bytes, &usecs);
	if (rate < 0)
		return rate;
	rc = read_headroom(info, vif->flags, &headroom);
	if (rc < 0)
		return rc;
	if (rate)
		nb_filter_set_rate(vif, bytes, usecs);
	if (rc)
		nb_vif_set_headroom(vif, headroom);
	if (info->attrs[NB_A_SET] && info->attrs[NB_A_FLAGS])
		nb_vif_set_flags(vif, nla_get_u32(info->attrs[NB_A_SET]),
				 nla_get_u32(info->attrs[NB_A_FLAGS]));
	return 0;
}

static int do_get(struct genl_info *info)
{
	struct nb_vif *vif = vif_of(info);

	return IS_ERR(vif) ? PTR_ERR(vif) : reply_vif(info, vif);
}

static int do_adopt(struct genl_info *info)
{
	struct nb_vif *vif = vif_of(info);

	if (IS_ERR(vif))
		return PTR_ERR(vif);
	vif->owner = info->snd_portid;
	return reply_vif(info, vif);
}

/* The queue that INDEX names, which is connected. */
static struct nb_queue *queue_of(struct genl_info *info)
{
	struct nb_vif *vif = vif_of(info);
	u32 i;

	if (IS_ERR(vif))
		return ERR_CAST(vif);
	if (!has(info, NB_A_INDEX))
		return ERR_PTR(-EINVAL);
	i = nla_get_u32(info->attrs[NB_A_INDEX]);
	if (vif->connected && i < vif->nqueues)
		return vif->queue[i];
	refuse(info, "that vif has no such queue now");
	return ERR_PTR(-ENOTCONN);
}

static int do_room(struct genl_info *info)
{
	struct nb_queue *q = queue_of(info);

	return IS_ERR(q) ? PTR_ERR(q) : reply_count(info, nb_grant_max(&q->grants), NULL, 0);
}

/* The list of grants, and how many; ERR_PTR. */
static struct netif_gref *grefs_of(struct genl_info *info, u32 *n)
{
	const struct nlattr *a;

	if (!has(info, NB_A_GREFS))
		return ERR_PTR(-EINVAL);
	a = info->attrs[NB_A_GREFS];
	*n = nla_len(a) / sizeof(struct netif_gref);
	if (*n && nla_len(a) % sizeof(struct netif_gref) == 0)
		return kmemdup(nla_data(a), nla_len(a), GFP_KERNEL) ?: ERR_PTR(-ENOMEM);
	refuse(info, "a list of grants has 1 to 512 entries of 8 bytes");
	return ERR_PTR(-EINVAL);
}

static int do_gref(struct genl_info *info, bool add)
{
	struct nb_queue *q = queue_of(info);
	struct netif_gref *refs;
	u32 n, done;
	int rc;

	if (IS_ERR(q))
		return PTR_ERR(q);
	refs = grefs_of(info, &n);
	if (IS_ERR(refs))
		return PTR_ERR(refs);
	if (add) {
		rc = nb_grant_add(&q->grants, q->vif->domid, refs, n);
	} else {
		done = nb_grant_del(&q->grants, refs, n);
		rc = reply_count(info, done, refs, n);
	}
	kfree(refs);
	return rc;
}

static int do_gref_add(struct genl_info *info)
{
	return do_gref(info, true);
}

static int do_gref_del(struct genl_info *info)
{
	return do_gref(info, false);
}

static int read_hash(struct genl_info *info, struct netif_hash *hash, u32 nqueues)
{
	struct nlattr *h[NB_H_MAX + 1];
	u32 i;
	int rc = nla_parse_nested(h, NB_H_MAX, info->attrs[NB_A_HASH], hash_policy, info->extack);

	if (rc)
		return rc;
	netif_hash_init(hash);
	if (h[NB_H_ALGORITHM])
		hash->algorithm = nla_get_u32(h[NB_H_ALGORITHM]);
	if (h[NB_H_TYPES])
		hash->types = nla_get_u32(h[NB_H_TYPES]);
	if (h[NB_H_KEY]) {
		hash->keylen = nla_len(h[NB_H_KEY]);
		memcpy(hash->key, nla_data(h[NB_H_KEY]), hash->keylen);
	}
	netif_toeplitz_init(&hash->toeplitz, hash->key, hash->keylen);
	if (h[NB_H_MAPPING]) {
		hash->mapping_size = nla_len(h[NB_H_MAPPING]) / sizeof(u32);
		memcpy(hash->mapping, nla_data(h[NB_H_MAPPING]), hash->mapping_size * sizeof(u32));
	}
	for (i = 0; i < hash->mapping_size; i++) {
		if (hash->mapping[i] >= nqueues) {
			refuse(info, "an entry of the mapping names a queue that the vif has not");
			return -EINVAL;
		}
	}
	return 0;
}

static int do_hash(struct genl_info *info)
{
	struct nb_vif *vif = vif_of(info);
	struct netif_hash *hash;
	int rc;

	if (IS_ERR(vif))
		return PTR_ERR(vif);
	if (!info->attrs[NB_A_HASH])
		return nb_vif_set_hash(vif, NULL);
	hash = kvmalloc(sizeof(*hash), GFP_KERNEL);
	if (!hash)
		return -ENOMEM;
	rc = read_hash(info, hash, vif->nqueues);
	if (!rc)
		rc = nb_vif_set_hash(vif, hash);
	kvfree(hash);
	return rc;
}

static int (*const commands[NB_CMD_COUNTED])(struct genl_info *info) = {
	[NB_CMD_VIF_ADD] = do_add,
	[NB_CMD_VIF_DEL] = do_del,
	[NB_CMD_VIF_CONNECT] = do_connect,
	[NB_CMD_VIF_DISCONNECT] = do_disconnect,
	[NB_CMD_VIF_SET] = do_set,
	[NB_CMD_VIF_GET] = do_get,
	[NB_CMD_GREF_ADD] = do_gref_add,
	[NB_CMD_GREF_DEL] = do_gref_del,
	[NB_CMD_GREF_ROOM] = do_room,
	[NB_CMD_HASH_SET] = do_hash,
	[NB_CMD_VIF_ADOPT] = do_adopt,
};

static int command(struct sk_buff *skb, struct genl_info *info)
{
	int rc;

	mutex_lock(&nb_lock);
	rc = commands[info->genlhdr->cmd](info);
	mutex_unlock(&nb_lock);
	return rc;
}

/* The vifs after the first cb->args[0] of the list. */
static int dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	long i = 0, done = cb->args[0];
	struct nb_vif *vif;
	void *head;

	mutex_lock(&nb_lock);
	list_for_each_entry(vif, &nb_vifs, list) {
		if (i++ < done)
			continue;
		head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				   NLM_F_MULTI, NB_CMD_VIF_GET);
		if (!head)
			break;
		if (put_vif(skb, vif, false)) {
			genlmsg_cancel(skb, head);
			break;
		}
		genlmsg_end(skb, head);
		cb->args[0]++;
	}
	mutex_unlock(&nb_lock);
	return skb->len;
}

#define OP(name) { .cmd = NB_CMD_##name, .flags = GENL_ADMIN_PERM, .doit = command }
static const struct genl_ops ops[] = {
	OP(VIF_ADD), OP(VIF_DEL), OP(VIF_CONNECT), OP(VIF_DISCONNECT), OP(VIF_SET), OP(GREF_ADD),
	OP(GREF_DEL), OP(GREF_ROOM), OP(HASH_SET), OP(VIF_ADOPT),
	{ .cmd = NB_CMD_VIF_GET, .flags = GENL_ADMIN_PERM, .doit = command, .dumpit = dump },
};
#undef OP

static const struct genl_multicast_group groups[] = { { .name = NB_GENL_EVENTS } };

static struct genl_family family = {
	.name = NB_GENL_NAME,
	.version = NB_GENL_VERSION,
	.maxattr = NB_A_MAX,
	.policy = policy,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	/* An unmapping may wait; nb_lock does what genl's own lock would. */
	.parallel_ops = true,
	.netnsok = true,
	.resv_start_op = NB_CMD_UNSPEC + 1,
};

int nb_genl_register(void)
{
	return genl_register_family(&family);
}

void nb_genl_unregister(void)
{
	genl_unregister_family(&family);
}
