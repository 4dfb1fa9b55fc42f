/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * netfront-ng-sweep: a guest that connects and disconnects again and again, while one call after the other of the
 * back end's fails: the first in the first round, the second in the second, until a round ends before its turn has
 * come. After each failure an honest connection must work, other guests too, and nothing may be left behind: pages
 * mapped, ports bound, descriptors open.
 *
 * It plays the guest, and Dom0 where faults are set and counters read. The faults are xensimd's (README there).
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "netfront-ng/user/front.h"
#include "tests/clock.h"
#include "tests/xensim/client.h"
#include "tests/xensim/hot.h"

#define FAILED_ROUND_MS 500 /* a guest that a failure leaves waiting gives up */
#define PATIENCE_MS 60000    /* what must work works by then, on a machine as busy as may be */
#define ARP_LEN 42u

static const char *const fault_names[] = {
#define X(n, s) s,
	XENSIM_FAULTS(X)
#undef X
};

static struct {
	unsigned int domid, kind, first, last, step;
	pid_t daemon;
	bool plug;	     /* the vif itself comes and goes in each round */
	const char *xensim;  /* the command */
	const char *options; /* for its vif-attach */
	in_addr_t own, neighbours[4];
	unsigned int nneighbours;
	struct front_config config;
} sweep = {
	.first = 1, .last = 100000, .step = 1, .options = "",
	.config = { .queues = 1, .ng = true, .statics = true, .hash = true, .sg = true, .tso = true, .csum = true,
		    .split = true },
};

static struct front front;
static struct netif_front_burst burst;
static struct client dom0;
static unsigned int failures;

/* What a daemon has that it might forget to give back. */
struct usage {
	unsigned int mapped, ports, files;
};

static void as_domain(unsigned int domid)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", domid);
	setenv(XENSIM_ENV_DOMID, text, 1);
}

/* --- Dom0: faults and what is in use ------------------------------------------------ */

static void fault(unsigned int kind, uint32_t nth)
{
	struct xensim_msg m = { .op = XENSIM_FAULT, .arg = { 0, kind, 0, 0, nth } };

	if (client_call(&dom0, &m, NULL, 0, NULL, 0, NULL)) {
		fputs("netfront-ng-sweep: cannot set a fault\n", stderr);
		exit(2);
	}
}

static uint32_t calls_seen(void)
{
	return atomic_load(&dom0.host->shared->dom[0].fault[sweep.kind].seen);
}

static unsigned int mapped_pages(void)
{
	static struct xensim_dominfo info[XENSIM_MSG_MAX / sizeof(struct xensim_dominfo)];
	struct xensim_msg m = { .op = XENSIM_DOM_INFO };
	unsigned int n = 0;

	if (client_call(&dom0, &m, NULL, 0, info, sizeof(info), NULL))
		return 0;
	for (uint32_t i = 0; i < m.arg[0]; i++)
		n += info[i].mapped_pages;
	return n;
}

static unsigned int open_files(void)
{
	char path[64];
	unsigned int n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", sweep.daemon);
	d = opendir(path);
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static struct usage usage_now(void)
{
	struct usage u = { .mapped = mapped_pages(), .files = open_files() };

	for (unsigned int p = 0; p < XENSIM_PORTS; p++)
		u.ports += atomic_load(&dom0.host->shared->dom[0].port[p].state) != XENSIM_PORT_FREE;
	return u;
}

static bool usage_within(const struct usage *u, const struct usage *limit)
{
	return u->mapped <= limit->mapped && u->ports <= limit->ports && u->files <= limit->files;
}

/* --- the guest: one connection ------------------------------------------------------- */

static void write_arp(uint8_t *frame, in_addr_t to)
{
	struct ether_header *eth = (void *)frame;
	struct ether_arp *arp = (void *)(eth + 1);

	memset(frame, 0, ARP_LEN);
	memset(eth->ether_dhost, 0xff, 6);
	memcpy(eth->ether_shost, front.mac, 6);
	eth->ether_type = htons(ETHERTYPE_ARP);
	arp->arp_hrd = htons(ARPHRD_ETHER);
	arp->arp_pro = htons(ETHERTYPE_IP);
	arp->arp_hln = 6;
	arp->arp_pln = 4;
	arp->arp_op = htons(ARPOP_REQUEST);
	memcpy(arp->arp_sha, front.mac, 6);
	memcpy(arp->arp_spa, &sweep.own, 4);
	memcpy(arp->arp_tpa, &to, 4);
}

static bool send_arp(struct front_queue *q, in_addr_t to)
{
	const struct netif_meta meta = { .len = ARP_LEN };
	struct netif_front_seg seg = { .size = ARP_LEN };

	if (netif_front_free(&q->tx.ring) < 2 || !netif_front_tx_ids(&q->tx, &seg.id, 1))
		return false;
	seg.gref = q->tx_pages.refs[seg.id];
	write_arp(front_queue_tx_page(q, seg.id), to);
	netif_front_tx_send(&q->tx, &meta, &seg, 1);
	front_queue_push_tx(q);
	return true;
}

static bool is_answer(const struct front_queue *q, const struct netif_front_frame *f, in_addr_t from)
{
	const struct netif_front_part *p = &burst.parts[f->part];
	const struct ether_header *eth = (const void *)(front_queue_rx_page(q, p->id) + p->offset);
	const struct ether_arp *arp = (const void *)(eth + 1);

	return !f->error && f->nparts && p->size >= ARP_LEN && eth->ether_type == htons(ETHERTYPE_ARP) &&
	       arp->arp_op == htons(ARPOP_REPLY) && !memcmp(arp->arp_spa, &from, 4);
}

/* Takes what has come on one queue; true: the answer was among it. A broken ring ends in the deadline. */
static bool take_answer(struct front_queue *q, in_addr_t from)
{
	uint16_t done[NETIF_TX_RING_SIZE];
	bool found = false;
	uint32_t bad;

	if (netif_front_tx_reap(&q->tx, done, NETIF_TX_RING_SIZE, &bad, &q->errors) < 0 ||
	    netif_front_rx_take(&q->rx, &burst, NETIF_RX_RING_SIZE, &q->errors))
		return false;
	for (unsigned int i = 0; i < burst.nframes; i++)
		found |= is_answer(q, &burst.frames[i], from);
	front_queue_post(q);
	return found;
}

/* Asks again and again: a frame may be lost to a failure, but no more than some. */
static bool answers(in_addr_t whom, uint64_t deadline)
{
	uint64_t ask = 0;

	while (now_ms() < deadline) {
		if (now_ms() >= ask) {
			for (unsigned int i = 0; i < front.nqueues; i++)
				send_arp(&front.queues[i], whom);
			ask = now_ms() + 100;
		}
		for (unsigned int i = 0; i < front.nqueues; i++)
			if (take_answer(&front.queues[i], whom))
				return true;
		poll(NULL, 0, 1);
	}
	return false;
}

static int __attribute__((format(printf, 1, 2))) run(const char *format, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	return system(command);
}

static int plug(void)
{
	return run("%s=0 timeout -s KILL 20 %s vif-attach %u %u %s >/dev/null 2>&1", XENSIM_ENV_DOMID, sweep.xensim,
		   sweep.domid, sweep.config.devid, sweep.options);
}

static void unplug(bool force)
{
	run("%s=0 %s vif-detach %u %u %s >/dev/null 2>&1", XENSIM_ENV_DOMID, sweep.xensim, sweep.domid,
	    sweep.config.devid, force ? "--force" : "");
}

static int timer(uint64_t ms)
{
	const struct itimerspec t = { .it_value = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	timerfd_settime(fd, 0, &t, NULL);
	return fd;
}

/*
 * From nothing to nothing: the vif is plugged in where that is wanted, connects, carries frames to all neighbours,
 * and goes again. 0, or what did not work within the time.
 */
static const char *life(uint64_t ms)
{
	uint64_t deadline = now_ms() + ms;
	const char *why = NULL;
	int cancel = timer(ms), rc;

	if (sweep.plug && plug()) {
		close(cancel);
		unplug(false);
		return "it is not plugged in";
	}
	memset(&front, 0, sizeof(front));
	rc = front_open(&front, &sweep.config, cancel);
	if (rc) {
		close(cancel);
		return "the device cannot be opened";
	}
	do
		rc = front_connect(&front);
	while (rc == -EAGAIN && now_ms() < deadline);
	if (rc)
		why = "it does not connect";
	for (unsigned int i = 0; !why && i < sweep.nneighbours; i++)
		if (!answers(sweep.neighbours[i], deadline))
			why = i ? "another guest does not answer" : "the outside does not answer";
	if (!rc && front_disconnect(&front) && !why)
		why = "it does not disconnect";
	front_close(&front);
	close(cancel);
	if (sweep.plug)
		unplug(false);
	return why;
}

/* --- the sweep ----------------------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3))) report(uint32_t nth, const char *format, ...)
{
	va_list ap;

	printf("%s %u: ", fault_names[sweep.kind], nth);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	failures++;
}

/* False: the daemon is not there any more. */
static bool all_well(uint32_t nth, const struct usage *before)
{
	uint64_t deadline = now_ms() + PATIENCE_MS;
	const char *why = life(PATIENCE_MS);
	struct usage now;

	if (kill(sweep.daemon, 0)) {
		report(nth, "the daemon died");
		return false;
	}
	if (why) {
		report(nth, "afterwards %s", why);
		/* The rest of the sweep is to find its own faults, not this one again. */
		unplug(true);
		if (!sweep.plug)
			plug();
	}
	/* Readers of statistics come and go: once as before is enough. */
	do
		now = usage_now();
	while (!usage_within(&now, before) && now_ms() < deadline && !poll(NULL, 0, 10));
	if (!usage_within(&now, before))
		report(nth, "left behind: pages %u to %u, ports %u to %u, descriptors %u to %u", before->mapped,
		       now.mapped, before->ports, now.ports, before->files, now.files);
	return true;
}

static unsigned int run_all(void)
{
	struct usage before;
	uint32_t nth;

	if (sweep.plug)
		unplug(false);
	if (life(PATIENCE_MS)) {
		puts("not even without a failure");
		return ++failures;
	}
	poll(NULL, 0, 200);
	before = usage_now();
	for (nth = sweep.first; nth <= sweep.last; nth += sweep.step) {
		uint32_t seen;

		fault(sweep.kind, nth);
		life(FAILED_ROUND_MS);
		seen = calls_seen();
		fault(XENSIM_F_COUNT, 0);
		if (seen < nth || !all_well(nth, &before))
			break;
	}
	if (sweep.plug)
		plug();
	printf("%s: %u calls failed, one a time; %u of them with consequences\n", fault_names[sweep.kind],
	       (nth - sweep.first) / sweep.step, failures);
	return failures;
}

static _Noreturn void usage(void)
{
	fputs("usage: netfront-ng-sweep --daemon PID --xensim COMMAND --options VIF-OPTIONS --kind KIND [--plug]\n"
	      "       [--mode stock|ng] [--queues N] [--first N] [--last N] [--step N] OWN-ADDRESS ADDRESS...\n", stderr);
	exit(2);
}

static void option(int id)
{
	if (id == 'd') {
		sweep.daemon = atoi(optarg);
	} else if (id == 'k') {
		while (sweep.kind < XENSIM_F_COUNT && strcmp(optarg, fault_names[sweep.kind]))
			sweep.kind++;
	} else if (id == 'm') {
		sweep.config.ng = sweep.config.statics = sweep.config.hash = !strcmp(optarg, "ng");
	} else if (id == 'q') {
		sweep.config.queues = (unsigned int)atoi(optarg);
	} else if (id == 'p') {
		sweep.plug = true;
	} else if (id == 'x') {
		sweep.xensim = optarg;
	} else if (id == 'o') {
		sweep.options = optarg;
	} else if (id == 'f') {
		sweep.first = (unsigned int)atoi(optarg);
	} else if (id == 's') {
		sweep.step = (unsigned int)atoi(optarg);
	} else if (id == 'l') {
		sweep.last = (unsigned int)atoi(optarg);
	} else {
		usage();
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "daemon", 1, NULL, 'd' }, { "kind", 1, NULL, 'k' },	 { "mode", 1, NULL, 'm' },
		{ "queues", 1, NULL, 'q' }, { "plug", 0, NULL, 'p' },	 { "options", 1, NULL, 'o' },
		{ "first", 1, NULL, 'f' },  { "last", 1, NULL, 'l' },	 { "xensim", 1, NULL, 'x' },
		{ "step", 1, NULL, 's' },  { NULL, 0, NULL, 0 },
	};
	const char *domid = getenv(XENSIM_ENV_DOMID);
	int id;

	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1)
		option(id);
	if (!domid || !sweep.daemon || !sweep.xensim || !sweep.step || sweep.kind == XENSIM_F_COUNT || argc - optind < 2)
		usage();
	sweep.domid = (unsigned int)atoi(domid);
	sweep.own = inet_addr(argv[optind]);
	while (++optind < argc && sweep.nneighbours < 4)
		sweep.neighbours[sweep.nneighbours++] = inet_addr(argv[optind]);
	as_domain(0);
	if (client_open(&dom0, XENSIM_K_CTRL, -1, 1))
		return 2;
	as_domain(sweep.domid);
	return run_all() ? 1 : 0;
}
