/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet generator and sink on the front end's library, without a TAP: what the
 * rings and the back end do, and nothing else.  Frames are written once, when a
 * page is first used; afterwards only descriptors move, as in pktgen.
 */
#include "netfront-ng/user/front.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define BURST 64u
#define ETH_TYPE 0x88b5 /* IEEE 802: local experiments */
/* Looks without work before it sleeps. */
#define IDLE_TURNS 200u

struct gen {
	struct front front;
	unsigned int size; /* of frames sent; 0: sink only */
	bool sink;
	bool spin; /* never sleep */
	double seconds;
	uint8_t dst[6];
};

static struct gen gen = { .seconds = 5, .dst = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void write_frames(struct front_queue *q)
{
	unsigned int i;

	for (i = 0; i < FRONT_PAGES; i++) {
		uint8_t *p = front_queue_tx_page(q, i);

		memcpy(p, gen.dst, 6);
		memcpy(p + 6, gen.front.mac, 6);
		p[12] = ETH_TYPE >> 8;
		p[13] = ETH_TYPE & 0xff;
		memset(p + 14, 0x5a, NETIF_PAGE_SIZE - 14);
	}
}

static bool send_one(struct front_queue *q)
{
	const struct netif_meta meta = { .len = gen.size };
	unsigned int pages = (gen.size + NETIF_PAGE_SIZE - 1) / NETIF_PAGE_SIZE, i;
	struct netif_front_seg segs[17];
	uint32_t left = gen.size;
	uint16_t ids[17];

	if (netif_front_tx_room(&q->tx) < pages || !netif_front_tx_ids(&q->tx, ids, pages))
		return false;
	for (i = 0; i < pages; i++) {
		uint32_t size = left < NETIF_PAGE_SIZE ? left : NETIF_PAGE_SIZE;

		segs[i] = (struct netif_front_seg){ q->tx_pages.refs[ids[i]], ids[i], 0,
						    (uint16_t)size };
		left -= size;
	}
	netif_front_tx_send(&q->tx, &meta, segs, pages);
	return true;
}

/* Returns frames sent, or a negative errno. */
static int transmit(struct front_queue *q)
{
	uint16_t done[NETIF_TX_RING_SIZE];
	uint32_t bad = 0, n = 0;
	int rc = netif_front_tx_reap(&q->tx, done, NETIF_TX_RING_SIZE, &bad, &q->errors);

	if (rc < 0)
		return -EPROTO;
	front_count(&q->counters.tx_errors, bad);
	while (n < BURST && send_one(q))
		n++;
	if (n)
		front_queue_push_tx(q);
	front_count(&q->counters.tx_packets, n);
	return (int)n;
}

static int receive(struct front_queue *q)
{
	static struct netif_front_burst burst;
	uint64_t bytes = 0;
	unsigned int i;

	if (netif_front_rx_take(&q->rx, &burst, NETIF_RX_RING_SIZE, &q->errors))
		return -EPROTO;
	if (!burst.nframes)
		return 0;
	for (i = 0; i < burst.nframes; i++)
		bytes += burst.frames[i].error ? 0 : burst.frames[i].meta.len;
	front_count(&q->counters.rx_packets, burst.nframes);
	front_count(&q->counters.rx_bytes, bytes);
	front_queue_post(q);
	return burst.nframes;
}

static int turn(void)
{
	unsigned int i;
	int work = 0, rc;

	for (i = 0; i < gen.front.nqueues; i++) {
		rc = receive(&gen.front.queues[i]);
		if (rc >= 0 && gen.size) {
			work += rc;
			rc = transmit(&gen.front.queues[i]);
		}
		if (rc < 0)
			return rc;
		work += rc;
	}
	return work;
}

static bool arm(void)
{
	bool work = false;
	unsigned int i;

	for (i = 0; i < gen.front.nqueues; i++) {
		struct front_queue *q = &gen.front.queues[i];
		uint32_t out = q->tx.ring.req_prod - q->tx.ring.rsp_cons;

		work |= netif_front_arm(&q->rx.ring, 1);
		if (gen.size && out)
			work |= netif_front_arm(&q->tx.ring, (out + 1) / 2);
	}
	return work;
}

static void nap(void)
{
	struct pollfd pfds[FRONT_QUEUES_MAX];
	unsigned int i, n = gen.front.nqueues;

	for (i = 0; i < n; i++)
		pfds[i] = (struct pollfd){ xenevtchn_fd(gen.front.queues[i].xce), POLLIN, 0 };
	if (!arm() && poll(pfds, n, 100) > 0)
		for (i = 0; i < n; i++)
			if (pfds[i].revents)
				front_queue_wake(&gen.front.queues[i]);
	for (i = 0; i < n; i++) {
		netif_front_disarm(&gen.front.queues[i].tx.ring);
		netif_front_disarm(&gen.front.queues[i].rx.ring);
	}
}

/* Returns the seconds that it took, or < 0: the back end is wrong. */
static double run(int signals)
{
	double start = now(), end = start + gen.seconds;
	struct pollfd pfd = { signals, POLLIN, 0 };
	unsigned int turns, idle = 0;
	int work;

	for (turns = 1;; turns++) {
		work = turn();
		if (work < 0)
			return -1;
		idle = work ? 0 : idle + 1;
		if (idle > IDLE_TURNS && !gen.spin) {
			nap();
			idle = 0;
		}
		if ((turns % 256 == 0 || (!idle && !gen.spin)) && (now() > end || poll(&pfd, 1, 0) > 0))
			return now() - start;
	}
}

static uint64_t total(size_t offset)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < FRONT_QUEUES_MAX; i++)
		sum += *(const uint64_t *)((const char *)&gen.front.queues[i].counters + offset);
	return sum;
}

#define TOTAL(field) total(offsetof(struct front_counters, field))

static void print(double seconds)
{
	double tx = (double)TOTAL(tx_packets), rx = (double)TOTAL(rx_packets);

	printf("{\"seconds\":%.3f,\"tx_packets\":%.0f,\"tx_mpps\":%.3f,\"tx_gbps\":%.3f,\"tx_errors\":%.0f,"
	       "\"rx_packets\":%.0f,\"rx_mpps\":%.3f,\"rx_gbps\":%.3f,\"notified\":%.0f,\"wakeups\":%.0f}\n",
	       seconds, tx, tx / seconds / 1e6, tx * gen.size * 8 / seconds / 1e9,
	       (double)TOTAL(tx_errors), rx, rx / seconds / 1e6,
	       (double)TOTAL(rx_bytes) * 8 / seconds / 1e9, (double)TOTAL(notified),
	       (double)TOTAL(wakeups));
}

static _Noreturn void usage(void)
{
	fputs("usage: netfront-ng-gen [--mode stock|ng] [--half-pages] [--devid N] [--queues N]\n"
	      "       [--dst MAC] [--seconds N] [--tx SIZE] [--rx] [--spin]\n", stderr);
	exit(2);
}

static void parse(struct front_config *c, int argc, char **argv)
{
	static const struct option options[] = {
		{ "mode", 1, NULL, 'm' },    { "devid", 1, NULL, 'i' }, { "queues", 1, NULL, 'q' },
		{ "dst", 1, NULL, 'd' },     { "tx", 1, NULL, 't' },	{ "rx", 0, NULL, 'r' },
		{ "seconds", 1, NULL, 's' }, { "spin", 0, NULL, 'p' },	{ "half-pages", 0, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	uint8_t *d = gen.dst;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'm')
			c->ng = c->statics = !strcmp(optarg, "ng");
		else if (opt == 'i')
			c->devid = (unsigned int)atoi(optarg);
		else if (opt == 'q')
			c->queues = (unsigned int)atoi(optarg);
		else if (opt == 't')
			gen.size = (unsigned int)atoi(optarg);
		else if (opt == 'h')
			c->halves = true;
		else if (opt == 'r')
			gen.sink = true;
		else if (opt == 'p')
			gen.spin = true;
		else if (opt == 's')
			gen.seconds = atof(optarg);
		else if (opt != 'd' || sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", d, d + 1,
					      d + 2, d + 3, d + 4, d + 5) != 6)
			usage();
	}
	if (optind < argc || (!gen.size && !gen.sink) || gen.seconds <= 0 ||
	    (gen.size && (gen.size < 14 || gen.size > 65535)))
		usage();
}

int main(int argc, char **argv)
{
	struct front_config config = { .queues = 1, .ng = true, .statics = true, .sg = true,
				       .csum = true, .tso = true, .split = true };
	double seconds;
	unsigned int i;
	sigset_t set;
	int signals, rc;

	parse(&config, argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	rc = front_open(&gen.front, &config, signals);
	if (!rc)
		rc = front_connect(&gen.front);
	if (rc) {
		fprintf(stderr, "netfront-ng-gen: cannot connect: %s\n", strerror(-rc));
		return 1;
	}
	for (i = 0; i < gen.front.nqueues; i++)
		write_frames(&gen.front.queues[i]);
	seconds = run(signals);
	if (seconds > 0)
		print(seconds);
	else
		fputs("netfront-ng-gen: the back end broke the protocol\n", stderr);
	front_disconnect(&gen.front);
	front_close(&gen.front);
	return seconds > 0 ? 0 : 3;
}
