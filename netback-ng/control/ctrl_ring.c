/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/control/ctrl_ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#include "lib/netif/ring.h"
#include "lib/xen/event.h"
#include "lib/xen/peer.h"

/* Of one turn of the event loop; the rest waits for the others' turn. */
#define TURN_MESSAGES 32
#define TURN_USEC 200
/*
 * A guest's messages get one part in so many of the main thread's time, and may have so
 * much of what is to come at once: to connect takes a millisecond or two.
 */
#define SHARE 10
#define AHEAD_USEC 20000
/* A worker may need a moment before a message can be answered. */
#define WORKER_USEC 500

struct ctrl {
	struct ctrl_params params;
	xengnttab_handle *gnttab;
	xenevtchn_handle *evtchn;
	void *page; /* mapped from the guest */
	xenevtchn_port_or_error_t port;
	struct netif_back_ring ring;
	sd_event_source *io;
	sd_event_source *delay; /* off; on while a flood is being paced, or a worker waited for */
	uint64_t due_usec;	/* when its share pays for what its messages took so far */
	struct netif_hash hash;
	/* The message last taken, and its answer; does that wait for a worker? */
	bool waiting;
	struct netif_ctrl_req req;
	struct netif_ctrl_rsp rsp;
	struct {
		uint64_t messages, refused, paced;
	} count;
	/* What a message points at, copied once.  A page of its own: one segment a copy. */
	union {
		uint8_t bytes[NETIF_PAGE_SIZE];
		struct netif_gref grefs[NETIF_GREFS_PER_PAGE];
	} payload __attribute__((aligned(NETIF_PAGE_SIZE)));
};

/* len bytes of the guest's page, by one grant copy.  0 or -ENXIO. */
static int payload_copy(struct ctrl *c, uint32_t ref, size_t len, bool to_guest)
{
	xengnttab_grant_copy_segment_t seg = { .len = (uint16_t)len };

	if (to_guest) {
		seg.source.virt = c->payload.bytes;
		seg.dest.foreign.ref = ref;
		seg.dest.foreign.domid = c->params.domid;
		seg.flags = GNTCOPY_dest_gref;
	} else {
		seg.source.foreign.ref = ref;
		seg.source.foreign.domid = c->params.domid;
		seg.dest.virt = c->payload.bytes;
		seg.flags = GNTCOPY_source_gref;
	}
	if (xengnttab_grant_copy(c->gnttab, 1, &seg) || seg.status != GNTST_okay)
		return -ENXIO;
	return 0;
}

/* 0, an error, or -EINPROGRESS: try again. */
static int publish_hash(struct ctrl *c)
{
	int rc = vif_set_hash(c->params.vif, &c->hash);

	return rc == -EAGAIN ? -EINPROGRESS : rc;
}

static int answer_hash(struct ctrl *c, const struct netif_ctrl_req *q, struct netif_ctrl_rsp *rsp)
{
	int len = netif_hash_payload(&c->hash, q);

	rsp->status = NETIF_CTRL_STATUS_INVALID_PARAMETER;
	if (len < 0 || len > (int)sizeof(c->payload))
		return 0;
	if (len && payload_copy(c, q->data[0], (size_t)len, false))
		return 0;
	netif_hash_control(&c->hash, q, c->payload.bytes, c->params.nqueues, rsp);
	if (rsp->status != NETIF_CTRL_STATUS_SUCCESS || q->type == NETIF_CTRL_TYPE_GET_HASH_FLAGS ||
	    q->type == NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE)
		return 0;
	return publish_hash(c);
}

/* netif.h: the queue index is "assumed 0 for single queue". */
static uint32_t gref_queue(const struct ctrl *c, const struct netif_ctrl_req *q)
{
	return c->params.nqueues == 1 ? 0 : q->data[0];
}

static int answer_gref_add(struct ctrl *c, const struct netif_ctrl_req *q, struct netif_ctrl_rsp *rsp)
{
	rsp->status = NETIF_CTRL_STATUS_SUCCESS;
	return vif_gref_add(c->params.vif, gref_queue(c, q), c->payload.grefs, q->data[2]);
}

static int answer_gref_del(struct ctrl *c, const struct netif_ctrl_req *q, struct netif_ctrl_rsp *rsp)
{
	unsigned int done;
	int rc = vif_gref_del(c->params.vif, gref_queue(c, q), c->payload.grefs, q->data[2], &done);

	rsp->status = NETIF_CTRL_STATUS_SUCCESS;
	rsp->data = done;
	return rc;
}

static int answer_gref(struct ctrl *c, const struct netif_ctrl_req *q, struct netif_ctrl_rsp *rsp)
{
	if (!c->params.static_grants) {
		rsp->status = NETIF_CTRL_STATUS_NOT_SUPPORTED;
		return 0;
	}
	rsp->status = NETIF_CTRL_STATUS_INVALID_PARAMETER;
	if (gref_queue(c, q) >= c->params.nqueues)
		return 0;
	if (q->type == NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE) {
		rsp->data = vif_gref_room(c->params.vif, gref_queue(c, q));
		rsp->status = NETIF_CTRL_STATUS_SUCCESS;
		return 0;
	}
	if (!q->data[2] || q->data[2] > NETIF_GREFS_PER_PAGE)
		return 0;
	if (payload_copy(c, q->data[1], q->data[2] * sizeof(struct netif_gref), false))
		return 0;
	if (q->type == NETIF_CTRL_TYPE_ADD_GREF_MAPPING)
		return answer_gref_add(c, q, rsp);
	return answer_gref_del(c, q, rsp);
}

/* What follows when nothing is waited for any more; rc: how it went. */
static void finish(struct ctrl *c, int rc)
{
	const struct netif_ctrl_req *q = &c->req;

	c->waiting = false;
	if (!rc && q->type == NETIF_CTRL_TYPE_DEL_GREF_MAPPING &&
	    c->rsp.status == NETIF_CTRL_STATUS_SUCCESS)
		rc = payload_copy(c, q->data[1], q->data[2] * sizeof(struct netif_gref), true);
	if (rc)
		c->rsp.status = NETIF_CTRL_STATUS_INVALID_PARAMETER;
	c->count.messages++;
	c->count.refused += c->rsp.status != NETIF_CTRL_STATUS_SUCCESS;
}

static bool is_hash(const struct netif_ctrl_req *q)
{
	return q->type >= NETIF_CTRL_TYPE_GET_HASH_FLAGS &&
	       q->type <= NETIF_CTRL_TYPE_SET_HASH_ALGORITHM;
}

/* The message in c->req.  False: a worker is waited for. */
static bool answer(struct ctrl *c)
{
	const struct netif_ctrl_req *q = &c->req;
	int rc = 0;

	c->rsp = (struct netif_ctrl_rsp){ .id = q->id, .type = q->type };
	if (is_hash(q))
		rc = answer_hash(c, q, &c->rsp);
	else if (q->type >= NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE &&
		 q->type <= NETIF_CTRL_TYPE_DEL_GREF_MAPPING)
		rc = answer_gref(c, q, &c->rsp);
	else
		c->rsp.status = NETIF_CTRL_STATUS_NOT_SUPPORTED;
	c->waiting = rc == -EINPROGRESS;
	if (!c->waiting)
		finish(c, rc);
	return !c->waiting;
}

/* The message that waited.  False: it still does. */
static bool answer_again(struct ctrl *c)
{
	int rc = is_hash(&c->req) ? publish_hash(c) : vif_gref_poll(c->params.vif);

	if (rc == -EINPROGRESS)
		return false;
	finish(c, rc);
	return true;
}

/* The slot is the guest's memory: each word is read exactly once. */
static void request_take(struct ctrl *c, struct netif_ctrl_req *q)
{
	netif_snapshot(q, NETIF_SLOT(union netif_ctrl_slot, &c->ring, c->ring.req_cons), sizeof(*q) / 4);
	c->ring.req_cons++;
}

/*
 * Without a journal: an answer that was not published reads as the same message with other
 * parameters, and is answered once more.  What it might set has gone with the daemon that
 * was killed; a front end that goes on sets all of it again.
 */
static void response_put(struct ctrl *c, const struct netif_ctrl_rsp *rsp)
{
	netif_back_put(&c->ring, NETIF_CTRL_SHAPE, rsp);
}

static uint64_t usec_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static uint64_t now_usec(void)
{
	return usec_of(CLOCK_MONOTONIC);
}

/* One message at least, however slow the machine, and up to TURN_MESSAGES; > 0: more may be waiting, 0: none, or -EOVERFLOW. */
static int ring_turn(struct ctrl *c, uint64_t until_usec)
{
	int pending = netif_back_pending(&c->ring);
	int budget = TURN_MESSAGES;

	if (pending < 0)
		return pending;
	if (c->waiting) {
		if (!answer_again(c))
			return 1;
		response_put(c, &c->rsp);
	}
	for (; pending && budget; budget--) {
		request_take(c, &c->req);
		if (!answer(c))
			break;
		response_put(c, &c->rsp);
		pending--;
		if (now_usec() >= until_usec)
			break;
	}
	if (netif_back_push(&c->ring))
		xenevtchn_notify(c->evtchn, (evtchn_port_t)c->port);
	return pending || netif_back_arm(&c->ring, 1);
}

static void run_later(struct ctrl *c, uint64_t usec)
{
	sd_event_source_set_time_relative(c->delay, usec);
	sd_event_source_set_enabled(c->delay, SD_EVENT_ONESHOT);
}

/* How long the guest has to wait for its next turn. */
static uint64_t wait_usec(const struct ctrl *c, uint64_t now)
{
	return c->due_usec > now + AHEAD_USEC ? c->due_usec - now - AHEAD_USEC : 0;
}

/* Our own time only: while others run on this CPU, the guest costs nobody anything. */
static void charge(struct ctrl *c, uint64_t start, uint64_t cost)
{
	c->due_usec = (c->due_usec > start ? c->due_usec : start) + SHARE * cost;
}

/* The channel stays masked while we pace a flood: that, too, costs the guest only. */
static void ctrl_run(struct ctrl *c)
{
	uint64_t start = now_usec(), wait = wait_usec(c, start), cpu;
	int rc;

	if (wait) {
		c->count.paced++;
		run_later(c, wait);
		return;
	}
	cpu = usec_of(CLOCK_THREAD_CPUTIME_ID);
	rc = ring_turn(c, start + TURN_USEC);
	if (rc < 0) {
		sd_event_source_set_enabled(c->io, SD_EVENT_OFF);
		c->params.broken(c->params.arg, NETIF_ERR_RING_OVERRUN);
		return;
	}
	charge(c, start, usec_of(CLOCK_THREAD_CPUTIME_ID) - cpu);
	if (c->waiting) {
		run_later(c, WORKER_USEC);
	} else if (rc > 0) {
		c->count.paced++;
		run_later(c, wait_usec(c, now_usec()));
	} else {
		xenevtchn_unmask(c->evtchn, (evtchn_port_t)c->port);
	}
}

static int on_delay(sd_event_source *s, uint64_t usec, void *arg)
{
	ctrl_run(arg);
	return 0;
}

static int on_event(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct ctrl *c = arg;

	if (xenevtchn_pending(c->evtchn) == c->port)
		ctrl_run(c);
	return 0;
}

static int map_ring(struct ctrl *c, const char **what)
{
	int rc;

	*what = "opening the grant device";
	c->gnttab = xengnttab_open(&peer_quiet, 0);
	if (!c->gnttab)
		return peer_host_error(-errno);
	*what = "mapping the control ring's grant";
	rc = peer_map_ring(c->gnttab, c->params.domid, c->params.ref, &c->page);
	if (rc)
		return rc;
	netif_back_init(&c->ring, c->page, NETIF_CTRL_RING_SIZE);
	return 0;
}

static int bind_channel(struct ctrl *c, const char **what)
{
	*what = "opening the event channel device";
	c->evtchn = event_open(&peer_quiet);
	if (!c->evtchn)
		return peer_host_error(-errno);
	*what = "binding the control ring's event channel";
	c->port = peer_bind(c->evtchn, c->params.domid, c->params.evtchn);
	if (c->port < 0)
		return c->port;
	/* A daemon that died may have answered without saying so. */
	if (c->ring.rsp_prod)
		xenevtchn_notify(c->evtchn, (evtchn_port_t)c->port);
	return 0;
}

static int add_sources(struct ctrl *c, const char **what)
{
	int rc;

	*what = "watching the control ring's event channel";
	rc = sd_event_add_io(c->params.event, &c->io, xenevtchn_fd(c->evtchn), EPOLLIN, on_event, c);
	if (rc < 0)
		return rc;
	/* The timer's first run looks at what came before the channel was bound. */
	return sd_event_add_time_relative(c->params.event, &c->delay, CLOCK_MONOTONIC, 0, 1, on_delay, c);
}

int ctrl_open(struct ctrl **ctrl, const struct ctrl_params *params, const char **what)
{
	struct ctrl *c;
	int rc;

	*what = "allocating the control ring's state";
	*ctrl = NULL;
	if (posix_memalign((void **)&c, NETIF_PAGE_SIZE, sizeof(*c)))
		return -ENOMEM;
	memset(c, 0, sizeof(*c));
	c->params = *params;
	c->port = -1;
	netif_hash_init(&c->hash);
	rc = map_ring(c, what);
	if (!rc)
		rc = bind_channel(c, what);
	if (!rc)
		rc = add_sources(c, what);
	if (rc < 0) {
		ctrl_close(c);
		return rc;
	}
	*ctrl = c;
	return 0;
}

void ctrl_close(struct ctrl *c)
{
	if (!c)
		return;
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->delay);
	if (c->evtchn)
		xenevtchn_close(c->evtchn);
	if (c->page)
		xengnttab_unmap(c->gnttab, c->page, 1);
	if (c->gnttab)
		xengnttab_close(c->gnttab);
	free(c);
}

json_t *ctrl_json(const struct ctrl *c)
{
	return json_pack("{s:I,s:I,s:I}", "messages", (json_int_t)c->count.messages, "refused",
			 (json_int_t)c->count.refused, "paced", (json_int_t)c->count.paced);
}
