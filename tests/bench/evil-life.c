/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attacks through how a connection begins, goes on and ends. */
#include "tests/bench/evil.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define CHURN_MS 300
#define CHURN_TIMES 6
#define GROUPS 80 /* more than a back end keeps */
#define PATIENCE_MS 60000
#define MULTICAST_NODE "request-multicast-control"

/* What the scenario does next is about a guest that is still there. */
static void stay(void)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigwait(&set, &signal);
}

/* One receive buffer, and after that none: whatever comes for it, it takes no frame any more. */
static void no_buffers(struct evil *e)
{
	e->front.config.rx_most = 1;
	e->connect_rc = front_connect(&e->front);
	if (!e->connect_rc)
		stay();
}

/* A fatal request in the first of two queues; it never closes its end, until its domain is gone. */
static void broken_removed(struct evil *e)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	e->front.config.queues = 2;
	e->connect_rc = front_connect(&e->front);
	if (e->connect_rc)
		return;
	evil_request(&e->front.queues[0], 0, 4000, 200);
	evil_push(&e->front.queues[0]);
	while (front_backend_state(&e->front) == STATE_CONNECTED && now_ms() < end)
		usleep(1000);
	stay();
}

/* 239.1.2.n, which the scenario sends to for n = 3. */
static void group(struct front_queue *q, uint8_t type, uint8_t n)
{
	const struct netif_extra x = { .type = type, .u.mcast.addr = { 1, 0, 0x5e, 1, 2, n } };

	if (netif_front_tx_room(&q->tx) < 2)
		return;
	evil_request(q, NETIF_TXF_EXTRA_INFO, 0, 0);
	evil_extra(q, &x);
	evil_push(q);
}

static bool is_of_group(const uint8_t *frame, unsigned int len)
{
	static const uint8_t address[] = { 1, 0, 0x5e, 1, 2, 3 };

	return len >= sizeof(address) && !memcmp(frame, address, sizeof(address));
}

static void reap(struct evil *e, struct front_queue *q)
{
	uint16_t done[NETIF_TX_RING_SIZE];
	int n = netif_front_tx_reap(&q->tx, done, NETIF_TX_RING_SIZE, &e->refused, &q->errors);

	if (n < 0)
		e->broken = true;
	else
		e->answered += (unsigned int)n;
}

/* Frames of the group that arrive on either queue. */
static unsigned int receive(struct evil *e)
{
	unsigned int i, n = 0;

	for (i = 0; i < e->front.nqueues; i++)
		n += evil_receive(e, &e->front.queues[i], is_of_group);
	return n;
}

/* Each of them comes, or goes, on both queues, while frames for them arrive. */
static void change_groups(struct evil *e, uint8_t type)
{
	unsigned int i;
	uint8_t n;

	for (n = 0; n < GROUPS && !e->broken; n++) {
		for (i = 0; i < e->front.nqueues; i++) {
			reap(e, &e->front.queues[i]);
			group(&e->front.queues[i], type, n);
		}
		receive(e);
	}
}

/* They go on doing so while the back end takes the connection apart. */
static void churn(struct evil *e)
{
	uint64_t end = now_ms() + CHURN_MS;
	bool closing = false;

	while (!e->broken && front_backend_state(&e->front) == STATE_CONNECTED) {
		change_groups(e, NETIF_EXTRA_TYPE_MCAST_ADD);
		change_groups(e, NETIF_EXTRA_TYPE_MCAST_DEL);
		if (now_ms() > end && !closing) {
			store_printf(e->front.xs, XBT_NULL, e->front.dir, "state", "%d", STATE_CLOSING);
			closing = true;
		}
	}
}

static void request_multicast(struct evil *e, const char *value)
{
	store_write(e->front.xs, XBT_NULL, e->front.dir, MULTICAST_NODE, value);
}

/* The list of one connection is not the next one's: only what is asked for in this one comes. */
static void groups_anew(struct evil *e)
{
	uint64_t end = now_ms() + CHURN_MS;

	while (now_ms() < end && !e->broken)
		e->unasked += receive(e);
	group(&e->front.queues[0], NETIF_EXTRA_TYPE_MCAST_ADD, 3);
	for (end = now_ms() + PATIENCE_MS; !e->received && now_ms() < end && !e->broken; usleep(1000))
		e->received += receive(e);
}

static void multicast_churn(struct evil *e)
{
	unsigned int i;

	e->front.config.queues = 2;
	request_multicast(e, "1");
	for (i = 0; i < CHURN_TIMES && !e->connect_rc; i++) {
		if (i)
			front_disconnect(&e->front);
		e->connect_rc = front_connect(&e->front);
		if (!e->connect_rc && i + 1 < CHURN_TIMES)
			churn(e);
	}
	if (!e->connect_rc)
		groups_anew(e);
	request_multicast(e, "0");
}

const struct evil_attack evil_life_attacks[] = {
	{ "no-buffers", "a guest that takes no frame any more", no_buffers, true },
	{ "broken-removed", "a fatal request, and the device goes without another word", broken_removed, true },
	{ "multicast-churn", "multicast groups that come and go while the connection ends", multicast_churn, true },
	{ NULL, NULL, NULL, false },
};
