/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A back end that breaks the rules, one way per name, and tells what the front end
 * made of it.  It takes vif 0 of a domain over from no back end or from one that is gone,
 * as a daemon that was restarted does, is honest up to the point where it lies, and serves
 * on as an echo where the front end stays.  back-rx.c, back-tx.c, back-control.c and back-page.c have the attacks.
 * Exit status: 0, 1 the front end did something else than it should, 2 usage, 3 no connection.
 */
#include "tests/bench/back-evil.h"

#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/xen/event.h"

#define CONNECT_MS 60000
#define READY_MS 60000 /* for frames and buffers to be there */
#define SHUT_MS 60000  /* for a lie to end the connection */
#define CLOSE_MS 10000 /* a front end that we have lied to may not answer us */
#define ANY_MS 300     /* where either is right */
#define SERVED_FRAMES 4
#define TX_READY 2
#define RX_READY 64
#define EXIT_USAGE 2
#define EXIT_UNCONNECTED 3

static const struct back_attack *const tables[] = { back_rx_attacks, back_tx_attacks,
						    back_control_attacks, back_page_attacks };
static struct back_evil evil = {
	.hub.options = { .ctrl = true, .statics = true, .split = true, .sg = true, .halves = true, .adopt = true,
			 .queues = 4, .vifs = 1, .evil = HUB_GOOD },
};

static const struct back_attack *find(const char *name)
{
	const struct back_attack *a;
	unsigned int i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (a = tables[i]; a->name; a++)
			if (!strcmp(a->name, name))
				return a;
	return NULL;
}

static const char *verdict_name(enum back_verdict v)
{
	return v == BACK_STAYS ? "stays" : v == BACK_SHUTS ? "shuts" : "any";
}

static void list(void)
{
	const struct back_attack *a;
	unsigned int i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (a = tables[i]; a->name; a++)
			printf("%-18s %-6s %s\n", a->name, verdict_name(a->verdict), a->text);
}

void back_notify(struct back_evil *e)
{
	xenevtchn_notify(e->hub.xce, e->q->tx_port);
	if (e->q->rx_port != e->q->tx_port)
		xenevtchn_notify(e->hub.xce, e->q->rx_port);
}

static bool left;

static enum store_state front_state(void)
{
	return store_read_state(evil.hub.xs, XBT_NULL, evil.v->fe);
}

/* It left at any time: it may be back since. */
static bool front_left(void)
{
	enum store_state s = front_state();

	return left || s == STATE_CLOSING || s == STATE_CLOSED || s == STATE_UNKNOWN;
}

/* What came in: states, events, control messages. */
static void pump(bool echo)
{
	struct pollfd pfds[2] = { { xs_fileno(evil.hub.xs), POLLIN, 0 },
				  { xenevtchn_fd(evil.hub.xce), POLLIN, 0 } };
	xenevtchn_port_or_error_t port;
	char **event;
	bool up;

	poll(pfds, 2, 10);
	while ((event = xs_check_watch(evil.hub.xs))) {
		free(event);
		up = evil.v->up;
		hub_state(&evil.hub, evil.v);
		left |= up && !evil.v->up;
	}
	while ((port = xenevtchn_pending(evil.hub.xce)) >= 0)
		xenevtchn_unmask(evil.hub.xce, (evtchn_port_t)port);
	if (evil.v->up && evil.attack->control && evil.v->ctrl_page)
		evil.attack->control(&evil);
	else
		hub_control(&evil.hub, evil.v);
	while (echo && hub_move(&evil.hub, evil.v))
		;
}

/* Until the condition holds; false: not within ms. */
static bool pump_until(bool (*done)(void), unsigned int ms, bool echo)
{
	uint64_t end = now_ms() + ms;

	while (!done())
		if (now_ms() > end)
			return false;
		else
			pump(echo);
	return true;
}

static bool connected(void)
{
	return evil.v->up;
}

/* Frames to answer, and buffers to fill. */
static bool ready(void)
{
	return !evil.v->up || (netif_back_pending(&evil.q->tx) >= TX_READY &&
			       netif_back_pending(&evil.q->rx) >= RX_READY);
}

/* The front end has taken all answers and waits for more: the lie is behind it, and an honest frame is none of it. */
static bool taken(void)
{
	const struct netif_back_ring *r = &evil.q->rx;

	return !evil.v->up || (int32_t)(netif_load(&r->shared->rsp_event) - r->rsp_prod) > 0;
}

static uint64_t frames_then;

static bool left_or_served(void)
{
	return front_left() || evil.v->frames - frames_then >= SERVED_FRAMES;
}

static bool disconnected(void)
{
	return !evil.v->up;
}

bool back_reconnect(struct back_evil *e)
{
	store_printf(e->hub.xs, XBT_NULL, e->v->be, "state", "%d", STATE_CLOSING);
	if (!pump_until(disconnected, CONNECT_MS, false) || !pump_until(connected, CONNECT_MS, false) ||
	    !pump_until(ready, READY_MS, false))
		return false;
	left = false;
	return e->v->up;
}

static bool setup(void)
{
	struct hub *h = &evil.hub;

	evil.v = &h->vifs[0];
	evil.q = &evil.v->queues[0];
	h->xs = xs_open(0);
	h->xgt = xengnttab_open(NULL, 0);
	h->xce = event_open(NULL);
	if (!h->xs || !h->xgt || !h->xce || hub_adopt(h, evil.v))
		return false;
	if (evil.attack->before)
		evil.attack->run(&evil);
	return true;
}

static bool as_expected(enum back_verdict is)
{
	return evil.attack->verdict == BACK_ANY || evil.attack->verdict == is;
}

/* After the attack: the front end shuts, or is served on, as long as that takes or so long at most. */
static int judge(unsigned int ms)
{
	const enum back_verdict expected = evil.attack->verdict;
	enum back_verdict is;

	/* Our own ring is of no use after a lie that ends the connection. */
	if (expected == BACK_SHUTS) {
		pump_until(front_left, SHUT_MS, false);
	} else if (expected == BACK_STAYS) {
		pump_until(taken, ms, false);
		frames_then = evil.v->frames;
		pump_until(left_or_served, ms, true);
	} else {
		pump_until(front_left, ANY_MS, false);
	}
	is = front_left() ? BACK_SHUTS : BACK_STAYS;
	printf("{\"attack\":\"%s\",\"expected\":\"%s\",\"front_end\":\"%s\",\"state\":\"%s\",\"echoed\":%llu,"
	       "\"caught\":%s}\n",
	       evil.attack->name, verdict_name(expected), verdict_name(is),
	       store_state_name(front_state()), (unsigned long long)evil.v->frames, evil.caught ? "true" : "false");
	fflush(stdout);
	return evil.caught || !as_expected(is);
}

/* The front end is asked to close, whatever it thinks of us. */
static void finish(void)
{
	if (evil.v->up)
		store_printf(evil.hub.xs, XBT_NULL, evil.v->be, "state", "%d", STATE_CLOSING);
	pump_until(disconnected, CLOSE_MS, false);
	hub_disconnect(&evil.hub, evil.v);
	store_printf(evil.hub.xs, XBT_NULL, evil.v->be, "state", "%d", STATE_CLOSED);
}

static int attack(unsigned int settle_ms)
{
	const struct back_attack *a = evil.attack;
	int rc;

	if (!pump_until(connected, CONNECT_MS, false)) {
		fprintf(stderr, "netback-ng-evil: the front end does not connect: it is %s\n",
			store_state_name(front_state()));
		return EXIT_UNCONNECTED;
	}
	if (a->run && !a->before) {
		if (!pump_until(ready, READY_MS, false) || !evil.v->up) {
			fputs("netback-ng-evil: the front end sends nothing, or posts no buffers\n", stderr);
			return EXIT_UNCONNECTED;
		}
		a->run(&evil);
	}
	rc = judge(settle_ms);
	finish();
	return rc;
}

static _Noreturn void usage(void)
{
	fputs("usage: netback-ng-evil --domid N --attack NAME [--settle MS] | --list\n", stderr);
	exit(EXIT_USAGE);
}

static unsigned int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "attack", 1, NULL, 'a' }, { "list", 0, NULL, 'l' }, { "domid", 1, NULL, 'd' },
		{ "settle", 1, NULL, 's' }, { NULL, 0, NULL, 0 },
	};
	unsigned int settle_ms = 1000;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'l') {
			list();
			exit(0);
		}
		if (opt == 'a')
			evil.attack = find(optarg);
		else if (opt == 'd')
			evil.hub.vifs[0].domid = (uint32_t)atoi(optarg);
		else if (opt == 's')
			settle_ms = (unsigned int)atoi(optarg);
		else
			usage();
	}
	if (!evil.attack || !evil.hub.vifs[0].domid || optind < argc)
		usage();
	return settle_ms;
}

int main(int argc, char **argv)
{
	unsigned int settle_ms = parse(argc, argv);

	if (!setup()) {
		fputs("netback-ng-evil: cannot serve the vif: is this Dom0, and is the vif there?\n", stderr);
		return EXIT_UNCONNECTED;
	}
	return attack(settle_ms);
}
