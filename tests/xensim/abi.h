/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/xensim is the embedded Xen: xensimd (hypervisor and xenstored in one process), drop-in libxen*
 * libraries that talk to it, and the xensim command. Nothing here is installed.
 * It may depend on libc and on Xen's public headers; nothing of the product may depend on it.
 * This header is all that xensimd and the libraries agree on: shared state and messages.
 * README tells how to use it and where it differs from Xen.
 */
#ifndef XENSIM_ABI_H
#define XENSIM_ABI_H

#include <stdatomic.h>
#include <stdint.h>

#define XENSIM_ENV_SOCKET "XENSIM_SOCKET"
#define XENSIM_ENV_DOMID "XENSIM_DOMID"
#define XENSIM_ENV_FAILING "XENSIM_FAILING"
#define XENSIM_MAGIC 0x58534d31u

enum {
	XENSIM_PAGE = 4096,
	XENSIM_DOMS = 1024,	/* domids 0..1023 */
	XENSIM_GRANTS = 32768,	/* grant references per domain: gnttab_max_frames = 64, of version 1 */
	XENSIM_PINS = 128,	/* maps of one reference at a time, for reading and for writing */
	XENSIM_MAPTRACK = 262144, /* maps that a domain may have: gnttab_max_maptrack_frames = 1024 */
	XENSIM_MAPS = 2,	/* of each page: gntdev's in PV domains, one for the process, one for the kernel */
	XENSIM_FRAMES = 131072, /* pages per domain: more than the grants, so that they are not used anew soon */
	XENSIM_PORTS = 4096,	/* event channel ports per domain; port 0 is never used, as in Xen */
	XENSIM_PORTS_GUEST = 1024, /* beyond Dom0: libxl's max_event_channels = 1023 */
	XENSIM_HANDLES = 4096,	/* open event channel handles, all processes together */
	XENSIM_GREF_MIN = 8,	/* 0..7 are reserved in Linux (GNTTAB_NR_RESERVED_ENTRIES) */
	XENSIM_BATCH = 16384,	/* pages in one share or map call: what fits in one message */
	XENSIM_SHARDS = 8,	/* copies of a domain's counters, so that threads do not share a line */
};

/* What a real hypervisor would have been asked to do, by the domain that asked. */
#define XENSIM_COUNTERS(X) \
	X(map_calls) X(map_pages) X(map_errors) X(unmap_calls) X(unmap_pages) \
	X(copy_calls) X(copy_segments) X(copy_operations) X(copy_bytes) X(copy_errors) X(granted_copies) \
	X(share_pages) X(notify_sent) X(notify_lost) X(notify_received) X(unmasks) X(hypercalls)

enum xensim_counter {
#define X(n) XENSIM_C_##n,
	XENSIM_COUNTERS(X)
#undef X
	XENSIM_C_COUNT
};

/* From store-call on: calls of a library, or of the kernel, that a program named by XENSIM_FAILING makes. */
#define XENSIM_FAULTS(X) \
	X(MAP_FAIL, "map-fail") X(COPY_FAIL, "copy-fail") X(EVTCHN_LOST, "evtchn-lost") \
	X(EVTCHN_STORM, "evtchn-storm") X(STORE_EAGAIN, "store-eagain") \
	X(STORE_CALL, "store-call") X(GRANT_CALL, "grant-call") X(EVTCHN_CALL, "evtchn-call") \
	X(TAP_CALL, "tap-call") X(URING_CALL, "uring-call") X(URING_OP, "uring-op") X(LOOP_CALL, "loop-call")

enum xensim_fault_kind {
#define X(n, s) XENSIM_F_##n,
	XENSIM_FAULTS(X)
#undef X
	XENSIM_F_COUNT
};

/*
 * count > 0: that many of the next operations fail. every > 0: each every-th one fails. nth > 0: the nth one fails.
 * seen: operations since one of the latter two was set.
 */
struct xensim_fault {
	_Atomic int64_t count;
	_Atomic uint32_t every, nth;
	_Atomic uint32_t seen;
};

/* A grant table entry in one word, so that it is read and revoked atomically. */
#define XENSIM_GRANT_FRAME(w) ((uint32_t)(w))
#define XENSIM_GRANT_TO(w) ((uint16_t)((w) >> 32))
#define XENSIM_GRANT_VALID (1ull << 48)
#define XENSIM_GRANT_RO (1ull << 49)
/* It has as many maps for reading, or writing, as it may have: nor can it be copied from, or to. */
#define XENSIM_GRANT_FULL(write) (1ull << ((write) ? 51 : 50))

#define XENSIM_PORT_PENDING 1u
#define XENSIM_PORT_MASKED 2u

enum xensim_port_state { XENSIM_PORT_FREE, XENSIM_PORT_UNBOUND, XENSIM_PORT_INTERDOMAIN, XENSIM_PORT_VIRQ };

/* The other end of an interdomain port; gen tells a re-used port from the one that was bound. 0 = none. */
#define XENSIM_PEER(gen, dom, port) ((uint64_t)(gen) << 32 | (uint64_t)(dom) << 16 | (uint64_t)(port))
#define XENSIM_PEER_GEN(p) ((uint32_t)((p) >> 32))
#define XENSIM_PEER_DOM(p) ((uint16_t)((p) >> 16))
#define XENSIM_PEER_PORT(p) ((uint16_t)(p))

struct xensim_port {
	_Atomic uint64_t peer;
	_Atomic uint32_t flags;
	_Atomic uint32_t gen;	 /* changes whenever the port is closed */
	_Atomic uint32_t state;
	_Atomic uint32_t handle; /* index of the owner in xensim_shared.handle */
} __attribute__((aligned(64)));

/* Ports of one handle that wait to be read: bit n of sel says that word n may be non-zero. */
struct xensim_handle {
	_Atomic uint64_t sel;
	_Atomic uint64_t word[XENSIM_PORTS / 64];
} __attribute__((aligned(64)));

struct xensim_shard {
	_Atomic uint64_t c[XENSIM_C_COUNT];
} __attribute__((aligned(64)));

struct xensim_domain {
	_Atomic uint32_t incarnation; /* 0 = no such domain; a re-created domain gets a new number */
	struct xensim_fault fault[XENSIM_F_COUNT];
	struct xensim_shard shard[XENSIM_SHARDS];
	_Atomic uint64_t grant[XENSIM_GRANTS];
	struct xensim_port port[XENSIM_PORTS];
};

/* Sparse: a domain costs memory only for the grants and ports it uses. */
struct xensim_shared {
	struct xensim_handle handle[XENSIM_HANDLES];
	struct xensim_domain dom[XENSIM_DOMS];
};

/*
 * Messages: one SOCK_SEQPACKET record each, header then payload. Each request gets one reply with the
 * same op, rc = 0 or a negative errno. What arg and payload hold is said beside each op: (request -> reply).
 * A connection of kind STORE carries struct xsd_sockmsg records after its HELLO instead.
 */
enum xensim_op {
	XENSIM_HELLO,	     /* kind, domid, pid, magic [+fd] -> incarnation, handle slot; fd = shared state */
	XENSIM_BYE,	     /* release all that the connection owns */
	XENSIM_MEM,	     /* domid -> incarnation; fd = the domain's memory */
	XENSIM_SHARE,	     /* grantee, count, writable, notify offset, notify port -> id; refs[], frames[] */
	XENSIM_UNSHARE,	     /* id */
	XENSIM_MAP,	     /* count, writable, notify offset, notify port; {domid, ref}[] -> id; frames[] */
	XENSIM_UNMAP,	     /* id */
	XENSIM_BIND_UNBOUND, /* remote domid -> port */
	XENSIM_BIND_INTER,   /* remote domid, remote port -> port */
	XENSIM_BIND_VIRQ,    /* virq -> port */
	XENSIM_UNBIND,	     /* port */
	XENSIM_RESTRICT,     /* domid */
	XENSIM_PEER_FD,	     /* port -> peer low, peer high, handle id low, high; fd = eventfd, or none */
	XENSIM_KICK,	     /* port: wake the peer's handle for a notifier that has no fd left */
	XENSIM_DOM_CREATE,   /* domid, vcpus, memory KiB; name */
	XENSIM_DOM_DESTROY,  /* domid */
	XENSIM_DOM_LIMIT,    /* domid, pages that gntshr may share */
	XENSIM_DOM_LOAD,     /* domid, CPU use in percent of one CPU, percent of the time that it is runnable */
	XENSIM_DOM_INFO,     /* first domid -> number; struct xensim_dominfo[] */
	XENSIM_FAULT,	     /* domid, kind (F_COUNT = clear all), count, every, nth: one of the three */
	XENSIM_SCHED_ID,     /* scheduler to set or ~0 -> scheduler, CPUs */
	XENSIM_SCHED_DOM,    /* domid, set?, weight, cap -> weight, cap (~0 = leave) */
	XENSIM_SCHED_PARAM,  /* set?, tslice ms, ratelimit us, migrate delay us -> the same three */
	XENSIM_AFFINITY,     /* domid, vcpu, which (1 hard, 2 soft), set?, map low, map high -> map low, high */
};

enum xensim_kind { XENSIM_K_GRANT, XENSIM_K_EVTCHN, XENSIM_K_EVTCHN_ADOPT, XENSIM_K_STORE, XENSIM_K_CTRL, XENSIM_K_COUNT };

#define XENSIM_NONE (~0u)

struct xensim_msg {
	uint32_t op;
	int32_t rc;
	uint32_t arg[6];
};

#define XENSIM_MSG_MAX (sizeof(struct xensim_msg) + 8u * XENSIM_BATCH)

/* What xc_domain_getinfolist and `xensim domain list` show. */
struct xensim_dominfo {
	uint32_t domid, vcpus, granted, mapped_pages, blocked;
	uint64_t memory_kib, cpu_ns;
	char name[64];
};

/* Private request on a STORE connection: take the next watch event; ENOENT = none. Reply as XS_WATCH_EVENT. */
#define XENSIM_XS_NEXT_EVENT 0x1000u
/* In a reply's req_id: no event is left, so take the byte out of the notification socket. */
#define XENSIM_XS_DRAINED 1u

#endif
