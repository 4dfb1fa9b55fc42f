/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * The generic-netlink family between netback-ngd and xen-netback-ng.ko; netback_ng.yaml
 * describes the same for other programs.  A vif is named by (NB_A_DOMID, NB_A_DEVID).
 * All commands need CAP_NET_ADMIN.  Errors are negative errno, with a text in the
 * extended acknowledgement that names what failed.
 */
#ifndef NETBACK_NG_GENL_H
#define NETBACK_NG_GENL_H

#define NB_GENL_NAME "netback_ng"
#define NB_GENL_VERSION 1
#define NB_GENL_EVENTS "events" /* multicast group */

#define NB_QUEUES_MAX 8
#define NB_GREFS_MAX 512 /* of one NB_CMD_GREF_ADD or _DEL: a page of struct xen_netif_gref */

enum nb_cmd {
	NB_CMD_UNSPEC,
	/* DOMID, DEVID, IFNAME, MAC of the guest, MTU (0: 1500).  Answers VIF with IFINDEX. */
	NB_CMD_VIF_ADD,
	/* Disconnects first; the interface disappears. */
	NB_CMD_VIF_DEL,
	/* FLAGS, RATE_*, HEADROOM, a QUEUE for each queue.  All or nothing. */
	NB_CMD_VIF_CONNECT,
	/* Returns when nothing of the guest is mapped any more.  Idempotent. */
	NB_CMD_VIF_DISCONNECT,
	/* Of a connected vif, what is given: RATE_*, SET (which flags) and FLAGS, HEADROOM. */
	NB_CMD_VIF_SET,
	/* One, or a dump of all: what was agreed on, and statistics. */
	NB_CMD_VIF_GET,
	/* INDEX, GREFS: map all or none; what is mapped so stays.  -ENOSPC beyond the room, -EEXIST, -ENXIO. */
	NB_CMD_GREF_ADD,
	/* INDEX, GREFS: answered, with each entry's status and COUNT, when they are unmapped. */
	NB_CMD_GREF_DEL,
	/* INDEX: answers COUNT, the entries that there may be, those that are there included. */
	NB_CMD_GREF_ROOM,
	/* HASH: a struct netif_hash's settings, or none: off. */
	NB_CMD_HASH_SET,
	/* The caller's socket becomes the owner of the vif; it tells when an owner goes. */
	NB_CMD_VIF_ADOPT,
	/* To the multicast group: DOMID, DEVID, EVENT, and for EVENT_BROKEN ERROR. */
	NB_CMD_EVENT,
	NB_CMD_COUNTED
};

enum nb_attr {
	NB_A_UNSPEC,
	NB_A_PAD,
	NB_A_DOMID,	/* u16 */
	NB_A_DEVID,	/* u32 */
	NB_A_IFNAME,	/* string */
	NB_A_IFINDEX,	/* u32 */
	NB_A_MAC,	/* 6 bytes */
	NB_A_MTU,	/* u32 */
	NB_A_FLAGS,	/* u32, NB_F_* */
	NB_A_SET,	/* u32, NB_F_*: those of FLAGS that count */
	NB_A_HEADROOM,	/* u32, bytes left free before what a guest receives: 3840 at most, 1792 with HALF_PAGES */
	NB_A_RATE_BYTES, /* u64; 0: no limit */
	NB_A_RATE_USECS, /* u32 */
	NB_A_QUEUE,	/* nest of NB_Q_*, repeated */
	NB_A_INDEX,	/* u32, of a queue */
	NB_A_GREFS,	/* struct xen_netif_gref[], at most NB_GREFS_MAX */
	NB_A_COUNT,	/* u32 */
	NB_A_HASH,	/* nest of NB_H_* */
	NB_A_STATE,	/* u32, enum nb_state */
	NB_A_OWNER,	/* u32, a netlink port; 0: orphaned */
	NB_A_ERROR,	/* string, lib/netif's name of what the guest did */
	NB_A_EVENT,	/* u32, enum nb_event */
	NB_A_PAGES,	/* u32, static pages mapped for all vifs */
	NB_A_PAGES_MAX,	/* u32, and how many there may be */
	NB_A_COUNTED
};
#define NB_A_MAX (NB_A_COUNTED - 1)

enum nb_queue_attr {
	NB_Q_UNSPEC,
	NB_Q_PAD,
	NB_Q_INDEX,	/* u32 */
	NB_Q_TX_REF,	/* u32, grant of the ring's page */
	NB_Q_RX_REF,	/* u32 */
	NB_Q_TX_PORT,	/* u32, the guest's event channel */
	NB_Q_RX_PORT,	/* u32, equal to TX_PORT: one channel for both */
	NB_Q_STATIC,	/* u32, grants that stay mapped */
	NB_Q_STAT,	/* nest of NB_S_*, repeated: one counter */
	NB_Q_COUNTED
};
#define NB_Q_MAX (NB_Q_COUNTED - 1)

enum nb_stat_attr {
	NB_S_UNSPEC,
	NB_S_PAD,
	NB_S_NAME,	/* string */
	NB_S_VALUE,	/* u64 */
	NB_S_COUNTED
};

enum nb_hash_attr {
	NB_H_UNSPEC,
	NB_H_ALGORITHM,	/* u32 */
	NB_H_TYPES,	/* u32 */
	NB_H_KEY,	/* bytes, at most 40 */
	NB_H_MAPPING,	/* u32[], at most 128, each below the number of queues */
	NB_H_COUNTED
};
#define NB_H_MAX (NB_H_COUNTED - 1)

/* What the guest can take, and what the host wants of the vif. */
#define NB_F_SG (1u << 0)
#define NB_F_GSO4 (1u << 1)
#define NB_F_GSO6 (1u << 2)
#define NB_F_CSUM4 (1u << 3)
#define NB_F_CSUM6 (1u << 4)
#define NB_F_MULTICAST (1u << 5)  /* only multicasts that the guest asked for */
#define NB_F_HALF_PAGES (1u << 6) /* receive buffers may be half pages */
#define NB_F_POLL (1u << 7)	  /* no event when the guest posts buffers (no feature-rx-notify) */
#define NB_F_MAC_FILTER (1u << 8) /* frames with another source are dropped */
#define NB_F_DIRECT (1u << 9) /* its bridge passes each of its frames: they may go past it. Ends with the owner */
#define NB_F_ALL ((1u << 10) - 1)

enum nb_state {
	NB_STATE_DISCONNECTED,
	NB_STATE_CONNECTED,
	NB_STATE_BROKEN, /* the guest broke the protocol: it stands still until disconnected */
};

enum nb_event {
	NB_EVENT_UNSPEC,
	NB_EVENT_BROKEN,
	NB_EVENT_STALLED,  /* the guest posts no buffers: what comes for it is dropped */
	NB_EVENT_READY,	   /* it does again */
	NB_EVENT_ORPHANED, /* its owner's socket was closed */
	NB_EVENT_GONE,	   /* the domain of an orphan died: the vif was removed */
};

#endif
