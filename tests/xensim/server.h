/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * xensimd's own data: connections, domains, memory. The functions are grouped by the file that has them.
 * One thread; every function runs to its end before the next message is looked at, so there are no locks.
 * Functions that return int return 0 (or a value >= 0) or a negative errno.
 * Allocation failure ends the process (mem_alloc): a test tool has nothing better to do.
 */
#ifndef XENSIM_SERVER_H
#define XENSIM_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <xenstore_lib.h>

#include "tests/xensim/abi.h"

/* The maps of a grant: [0] for reading only, [1] for writing too. */
struct pin {
	uint8_t maps[2];
	bool ended; /* its owner has taken it back: that happens when the last of them goes */
};

/* A domain's memory, and its grants' maps. It outlives the domain as long as somebody has a page of it mapped. */
struct mem {
	unsigned int refs, domid;
	int fd;
	uint32_t bump;				/* frames below were used once */
	uint32_t *fifo, head, fill;		/* free frames, the one freed longest ago first */
	uint16_t maps[XENSIM_FRAMES];		/* foreign mappings of each frame */
	bool shared[XENSIM_FRAMES];		/* a grant refers to it */
	struct pin pin[XENSIM_GRANTS];
};

struct share {
	LIST_ENTRY(share) entry;
	uint32_t id, count, notify_off, notify_port;
	uint32_t *ref, *frame;
};

struct mapped_page {
	struct mem *mem;
	uint32_t frame, ref;
};

struct map {
	LIST_ENTRY(map) entry;
	uint32_t id, count, notify_off, notify_port;
	bool write;
	struct mapped_page page[];
};

/* An open event channel handle; several connections may hold it (xenevtchn_fdopen). */
struct handle {
	LIST_ENTRY(handle) entry;
	unsigned int refs, slot, domid;
	uint64_t id, eventfd_id;
	int eventfd;
	uint32_t restrict_to; /* XENSIM_NONE = not restricted */
	uint64_t owned[XENSIM_PORTS / 64];
};

struct watch {
	LIST_ENTRY(watch) entry;
	char *path, *token;
	unsigned int trim; /* leading bytes that a relative watch does not report */
};

struct event {
	TAILQ_ENTRY(event) entry;
	const struct watch *watch;
	unsigned int len;
	char text[]; /* path \0 token \0 */
};

struct packet {
	TAILQ_ENTRY(packet) entry;
	int fd; /* to pass along and close, or -1 */
	size_t len;
	char data[];
};

struct txn;

struct conn {
	TAILQ_ENTRY(conn) entry;
	int fd, notify_fd;
	bool hello, dead;
	enum xensim_kind kind;
	unsigned int domid, pid;
	struct handle *handle;
	LIST_HEAD(, share) shares;
	LIST_HEAD(, map) maps;
	LIST_HEAD(, watch) watches;
	LIST_HEAD(, txn) txns;
	TAILQ_HEAD(, event) events;
	TAILQ_HEAD(, packet) out;
};

struct domain {
	bool exists, introduced;
	char name[64];
	struct mem *mem;
	uint32_t *free_ref, ref_head, ref_fill; /* like mem.fifo */
	uint32_t shared_pages, share_limit;
	uint32_t maptrack; /* maps that it has */
	uint32_t target; /* the domain whose nodes it may use as its own, or XENSIM_NONE */
	uint32_t vcpus, weight, cap, load_percent, runnable_percent;
	uint64_t memory_kib, cpu_ns, cpu_stamp;
	uint64_t affinity[2][64]; /* hard, soft, per vCPU */
	uint64_t storm_left;
};

extern struct xensim_shared *shared;
extern struct domain domain[XENSIM_DOMS];
TAILQ_HEAD(conn_list, conn);
extern struct conn_list conns;

/* mem.c */
void *mem_alloc(size_t n);
struct mem *mem_new(unsigned int domid);
void mem_put(struct mem *m);
int mem_frame_take(struct mem *m, uint32_t *frame);
void mem_frame_settle(struct mem *m, uint32_t frame);
void mem_frame_clear_byte(struct mem *m, uint32_t frame, uint32_t offset);

/* conn.c */
void conn_new(int epoll_fd, int fd);
void conn_ready(struct conn *c, uint32_t events);
void conn_send(struct conn *c, const void *head, size_t hlen, const void *body, size_t blen, int fd);
void conn_release(struct conn *c);
void conn_reap(void);
void conn_kill_domain(unsigned int domid);

/* rpc.c: dispatch of struct xensim_msg */
void rpc_message(struct conn *c, const struct xensim_msg *m, size_t len, int fd);

/* dom.c */
bool dom_alive(uint32_t domid);
int dom_create(uint32_t domid, uint32_t vcpus, uint64_t memory_kib, const char *name);
int dom_destroy(uint32_t domid);
struct mem *dom_mem(uint32_t domid);
uint64_t dom_cpu_ns(struct domain *d);
int dom_info(uint32_t first, struct xensim_dominfo *info, unsigned int max);

/* grant.c. out: refs then frames (share), frames (map). */
int grant_share(struct conn *c, const uint32_t *arg, uint32_t *id, uint32_t *out);
int grant_unshare(struct conn *c, uint32_t id);
int grant_map(struct conn *c, const uint32_t *arg, const uint32_t *pair, uint32_t *id, uint32_t *out);
int grant_unmap(struct conn *c, uint32_t id);
void grant_release(struct conn *c);
void grant_domain_gone(uint32_t domid);

/* evtchn.c */
int evtchn_open(struct conn *c, int fd);
int evtchn_adopt(struct conn *c, int fd);
void evtchn_release(struct conn *c);
int evtchn_bind_unbound(struct conn *c, uint32_t remote);
int evtchn_bind_interdomain(struct conn *c, uint32_t remote, uint32_t port);
int evtchn_bind_virq(struct conn *c, uint32_t virq);
int evtchn_unbind(struct conn *c, uint32_t port);
int evtchn_restrict(struct conn *c, uint32_t domid);
int evtchn_peer(struct conn *c, uint32_t port, uint64_t *peer, uint64_t *id, int *fd);
int evtchn_kick(struct conn *c, uint32_t port);
void evtchn_send(unsigned int domid, uint32_t port);
void evtchn_domain_gone(uint32_t domid);
bool evtchn_storm(void);

/* fault.c */
int fault_set(uint32_t domid, uint32_t kind, uint32_t count, uint32_t every, uint32_t nth);

/* sched.c */
int sched_id(uint32_t *arg);
int sched_domain(uint32_t *arg);
int sched_params(uint32_t *arg);
int sched_affinity(uint32_t *arg);

/* store.c: xenstore's requests; names of domains' directories */
struct xsd_sockmsg;
void store_init(void);
void store_message(struct conn *c, const struct xsd_sockmsg *m, const char *body);
void store_release(struct conn *c);
void store_domain_new(uint32_t domid);
void store_domain_gone(uint32_t domid);

#endif
