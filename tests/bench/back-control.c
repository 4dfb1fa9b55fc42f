/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks through the control ring, and through xenstore. */
#include "tests/bench/back-evil.h"

#include <string.h>

#define ROOM 0xffffffff

/* The answer that an honest back end would give; only that nothing is done for it. */
static struct netif_ctrl_rsp nothing_done(const struct netif_ctrl_req *req)
{
	return (struct netif_ctrl_rsp){ .id = req->id, .type = req->type, .data = ROOM };
}

static void answer_each(struct back_evil *e, void (*lie)(struct netif_ctrl_rsp *rsp))
{
	struct netif_back_ring *r = &e->v->ctrl;

	while (netif_back_pending(r) > 0) {
		const struct netif_ctrl_req req = NETIF_SLOT(union netif_ctrl_slot, r, r->req_cons++)->req;
		struct netif_ctrl_rsp rsp = nothing_done(&req);

		lie(&rsp);
		NETIF_SLOT(union netif_ctrl_slot, r, r->rsp_prod++)->rsp = rsp;
		netif_back_push(r);
		xenevtchn_notify(e->hub.xce, e->v->ctrl_port);
	}
}

static void say_nothing_done(struct netif_ctrl_rsp *rsp)
{
}

static void lie_status(struct netif_ctrl_rsp *rsp)
{
	rsp->status = 0xdeadbeef;
}

static void lie_id(struct netif_ctrl_rsp *rsp)
{
	rsp->id += 1000;
}

static void lie_type(struct netif_ctrl_rsp *rsp)
{
	rsp->type = NETIF_CTRL_TYPE_SET_HASH_KEY;
}

static void room(struct back_evil *e)
{
	answer_each(e, say_nothing_done);
}

static void bad_status(struct back_evil *e)
{
	answer_each(e, lie_status);
}

static void bad_id(struct back_evil *e)
{
	answer_each(e, lie_id);
}

static void bad_type(struct back_evil *e)
{
	answer_each(e, lie_type);
}

static void mute(struct back_evil *e)
{
}

static void overrun(struct back_evil *e)
{
	struct netif_back_ring *r = &e->v->ctrl;

	if (netif_back_pending(r) <= 0)
		return;
	netif_store_release(&r->shared->rsp_prod, r->rsp_prod + 1000);
	xenevtchn_notify(e->hub.xce, e->v->ctrl_port);
}

/* Late answers without end: to messages that nobody asked. */
static void late(struct back_evil *e)
{
	struct netif_back_ring *r = &e->v->ctrl;

	if (netif_back_pending(r) <= 0)
		return;
	NETIF_SLOT(union netif_ctrl_slot, r, r->rsp_prod)->rsp.id -= 1;
	netif_store_release(&r->shared->rsp_prod, ++r->rsp_prod);
	r->req_cons = r->rsp_prod;
	xenevtchn_notify(e->hub.xce, e->v->ctrl_port);
}

static void write_key(struct back_evil *e, const char *node, const char *value)
{
	store_write(e->hub.xs, XBT_NULL, e->v->be, node, value);
}

/* Features that are neither there nor not. */
static void features(struct back_evil *e)
{
	static const char *const nodes[] = {
		"feature-sg", "feature-gso-tcpv4", "feature-ipv6-csum-offload", "feature-ctrl-ring",
		"feature-split-event-channels", "feature-rx-half-pages", "request-datapath",
		"multi-queue-max-queues",
	};
	char text[400];
	unsigned int i;

	memset(text, '9', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		write_key(e, nodes[i], i & 1 ? text : "1; rm -rf /");
}

static void queues(struct back_evil *e)
{
	write_key(e, "multi-queue-max-queues", "4294967295");
}

/* States that follow from nothing. */
static void states(struct back_evil *e)
{
	static const char *const walk[] = { "2", "4", "99", "3", "", "7", "1", "2", "4", "8", "5" };
	unsigned int i;

	for (i = 0; i < sizeof(walk) / sizeof(walk[0]); i++)
		write_key(e, "state", walk[i]);
}

const struct back_attack back_control_attacks[] = {
	{ "ctrl-mute", "control messages are not answered", NULL, BACK_STAYS, mute, false },
	{ "ctrl-room", "grants are said to be mapped, and are not", NULL, BACK_STAYS, room, false },
	{ "ctrl-status", "a status of no known number", NULL, BACK_STAYS, bad_status, false },
	{ "ctrl-id", "answers to other messages", NULL, BACK_STAYS, bad_id, false },
	{ "ctrl-type", "answers of another type", NULL, BACK_STAYS, bad_type, false },
	{ "ctrl-overrun", "control producer index far ahead", NULL, BACK_STAYS, overrun, false },
	{ "ctrl-late", "answers to messages of the past", NULL, BACK_STAYS, late, false },
	{ "store-features", "features that are no flags", features, BACK_STAYS, NULL, true },
	{ "store-queues", "four billion queues", queues, BACK_STAYS, NULL, true },
	{ "store-states", "states that follow from nothing", states, BACK_SHUTS, NULL, false },
	{ NULL, NULL, NULL, BACK_ANY, NULL, false },
};
