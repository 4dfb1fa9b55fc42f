/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netfront-ng-tap: see man/netfront-ng-tap.8.  Exit status: 0, 1 failure, 2 usage, 3 bad back end. */
#include "netfront-ng/user/guest.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_BACKEND 3
#define RETRY_MS 100

struct program {
	struct guest_config config;
	const char *stats; /* NULL: standard output, on SIGUSR1 only */
	int ready_fd;
	int stop_fd, usr1_fd, usr2_fd; /* signalfds */
};

enum option_id { OPT_MODE = 256, OPT_QUEUES, OPT_DEVID, OPT_TAP, OPT_MTU, OPT_NO_TSO, OPT_NO_CSUM, OPT_IPV4,
		 OPT_NO_SG, OPT_SPLIT, OPT_SINGLE, OPT_HASH, OPT_STATIC, OPT_HALVES, OPT_RX_BUFFERS, OPT_HEADROOM, OPT_POLL,
		 OPT_THREADS, OPT_STATS, OPT_READY, OPT_HELP, OPT_VERSION };

static const struct option options[] = {
	{ "mode", required_argument, NULL, OPT_MODE },
	{ "queues", required_argument, NULL, OPT_QUEUES },
	{ "devid", required_argument, NULL, OPT_DEVID },
	{ "tap", required_argument, NULL, OPT_TAP },
	{ "mtu", required_argument, NULL, OPT_MTU },
	{ "no-tso", no_argument, NULL, OPT_NO_TSO },
	{ "no-csum", no_argument, NULL, OPT_NO_CSUM },
	{ "ipv4-offload", no_argument, NULL, OPT_IPV4 },
	{ "no-sg", no_argument, NULL, OPT_NO_SG },
	{ "split-events", no_argument, NULL, OPT_SPLIT },
	{ "single-event", no_argument, NULL, OPT_SINGLE },
	{ "hash", no_argument, NULL, OPT_HASH },
	{ "static", required_argument, NULL, OPT_STATIC },
	{ "half-pages", required_argument, NULL, OPT_HALVES },
	{ "rx-buffers", required_argument, NULL, OPT_RX_BUFFERS },
	{ "headroom", required_argument, NULL, OPT_HEADROOM },
	{ "poll", required_argument, NULL, OPT_POLL },
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ "stats", required_argument, NULL, OPT_STATS },
	{ "ready-fd", required_argument, NULL, OPT_READY },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static void usage(FILE *to)
{
	fputs("usage: netfront-ng-tap [--mode stock|ng] [--queues N] [--devid N] [--tap NAME]\n"
	      "       [--mtu N] [--no-tso] [--no-csum] [--ipv4-offload] [--no-sg] [--split-events|--single-event]\n"
	      "       [--hash] [--static on|off] [--half-pages on|off] [--rx-buffers N] [--headroom N]\n"
	      "       [--poll USECS] [--threads N] [--stats FILE] [--ready-fd N]\n", to);
}

static _Noreturn void bad_usage(const char *option, const char *value)
{
	fprintf(stderr, "netfront-ng-tap: --%s: '%s' is not valid\n", option, value);
	usage(stderr);
	exit(EXIT_USAGE);
}

static unsigned int number(const char *option, const char *text, unsigned int min, unsigned int max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || n < min || n > max)
		bad_usage(option, text);
	return (unsigned int)n;
}

/* Index of the value among two choices. */
static bool second(const char *option, const char *text, const char *first, const char *other)
{
	if (strcmp(text, first) && strcmp(text, other))
		bad_usage(option, text);
	return !strcmp(text, other);
}

/* Options that concern the protocol.  False: not one of them. */
static bool front_option(struct front_config *f, int id)
{
	switch (id) {
	case OPT_MODE:
		f->ng = second("mode", optarg, "stock", "ng");
		return true;
	case OPT_QUEUES:
		f->queues = number("queues", optarg, 1, FRONT_QUEUES_MAX);
		return true;
	case OPT_DEVID:
		f->devid = number("devid", optarg, 0, 65535);
		return true;
	case OPT_STATIC:
		f->statics = second("static", optarg, "off", "on");
		return true;
	case OPT_HALVES:
		f->halves = second("half-pages", optarg, "off", "on");
		return true;
	case OPT_RX_BUFFERS:
		f->rx_most = number("rx-buffers", optarg, 1, NETIF_RX_RING_SIZE);
		return true;
	case OPT_HEADROOM:
		f->headroom = number("headroom", optarg, 1, 65535);
		return true;
	case OPT_NO_TSO:
		f->tso = false;
		return true;
	case OPT_NO_CSUM:
		f->csum = false;
		return true;
	case OPT_IPV4:
		f->ipv4_only = true;
		return true;
	case OPT_NO_SG:
		f->sg = false;
		return true;
	case OPT_SPLIT:
	case OPT_SINGLE:
		f->split = id == OPT_SPLIT;
		return true;
	case OPT_HASH:
		f->hash = true;
		return true;
	default:
		return false;
	}
}

static void program_option(struct program *p, int id)
{
	switch (id) {
	case OPT_TAP:
		p->config.tap = optarg;
		break;
	case OPT_MTU:
		p->config.mtu = number("mtu", optarg, 68, 65521);
		break;
	case OPT_POLL:
		p->config.poll_usecs = number("poll", optarg, 0, 1000000);
		break;
	case OPT_THREADS:
		p->config.threads = number("threads", optarg, 1, FRONT_QUEUES_MAX);
		break;
	case OPT_STATS:
		p->stats = optarg;
		break;
	case OPT_READY:
		p->ready_fd = (int)number("ready-fd", optarg, 0, 65535);
		break;
	case OPT_HELP:
		usage(stdout);
		exit(0);
	case OPT_VERSION:
		puts("netfront-ng-tap " PACKAGE_VERSION);
		exit(0);
	default:
		usage(stderr);
		exit(EXIT_USAGE);
	}
}

static void parse(struct program *p, int argc, char **argv)
{
	int id;

	p->ready_fd = p->stop_fd = p->usr1_fd = p->usr2_fd = -1;
	p->config.front = (struct front_config){ .queues = 1, .ng = true, .statics = true,
						 .sg = true, .tso = true, .csum = true,
						 .split = true };
	while ((id = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!front_option(&p->config.front, id))
			program_option(p, id);
	if (optind < argc)
		program_option(p, '?');
}

static int signal_fd(int a, int b)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, a);
	if (b)
		sigaddset(&set, b);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* A reader never sees half of it. */
static void dump_file(const json_t *stats, const char *path)
{
	char tmp[4096];
	int n = snprintf(tmp, sizeof(tmp), "%s.new", path);

	if (n < 0 || n >= (int)sizeof(tmp) || json_dump_file(stats, tmp, JSON_COMPACT) ||
	    rename(tmp, path))
		fprintf(stderr, "netfront-ng-tap: cannot write %s: %s\n", path, strerror(errno));
}

static void write_stats(const struct program *p, const struct guest *g)
{
	json_t *stats = guest_stats(g);

	if (p->stats) {
		dump_file(stats, p->stats);
	} else {
		json_dumpf(stats, stdout, JSON_COMPACT);
		putchar('\n');
		fflush(stdout);
	}
	json_decref(stats);
}

static void log_connected(const struct guest *g, const char *how)
{
	const struct front *f = &g->front;
	unsigned int i, mapped = 0;

	for (i = 0; i < f->nqueues; i++)
		mapped += f->queues[i].nstatic;
	fprintf(stderr, "netfront-ng-tap: %s: %s %s, %u queue(s), %u static grants\n",
		g->tap.name, f->dir, how, f->nqueues, mapped);
	if (f->config.ng && f->config.statics && !mapped)
		fprintf(stderr, "netfront-ng-tap: %s: no static grants (%d): the back end copies\n",
			g->tap.name, f->control_status);
}

static void log_protocol_error(const struct guest *g)
{
	unsigned int i, e;

	for (i = 0; i < FRONT_QUEUES_MAX; i++)
		for (e = 1; e < NETIF_ERR_COUNT; e++)
			if (g->front.queues[i].errors.count[e] && netif_error_fatal(e))
				fprintf(stderr, "netfront-ng-tap: %s: queue %u: back end: %s\n",
					g->tap.name, i, netif_error_text(e));
}

/* What the back end's state asks for.  False: the connection is over. */
static bool follow(struct guest *g, bool *served)
{
	bool announced;

	front_watch(&g->front);
	if (!front_stays(&g->front, &announced))
		return false;
	if (announced) {
		guest_resume(g);
		log_connected(g, "resumed");
	} else if (*served) {
		fprintf(stderr, "netfront-ng-tap: %s: back end restarts, waiting\n", g->tap.name);
	}
	*served = announced;
	return true;
}

/* An XDP program that comes and goes, as xen-netfront tells of it.  0, or -errno: over. */
static int ask_headroom(struct guest *g, unsigned int headroom)
{
	int rc = front_reconfigure(&g->front, headroom);

	if (rc == -EOPNOTSUPP)
		fprintf(stderr, "netfront-ng-tap: %s: the back end leaves no headroom\n", g->tap.name);
	else if (!rc)
		fprintf(stderr, "netfront-ng-tap: %s: headroom %u\n", g->tap.name, headroom);
	return rc == -EOPNOTSUPP ? 0 : rc;
}

/* On SIGUSR2.  The back end's daemon may have been another meanwhile, which follow() sees to. */
static int toggle_headroom(struct guest *g, bool *served)
{
	int rc = ask_headroom(g, g->front.headroom ? 0 : g->config.front.headroom);

	if (rc == -EAGAIN || (!rc && !follow(g, served)))
		return -EAGAIN;
	return rc;
}

/* Until the back end closes (0), a worker fails (its error) or a signal (-ECANCELED). */
static int serve(struct program *p, struct guest *g)
{
	struct pollfd pfds[] = { { p->stop_fd, POLLIN, 0 }, { p->usr1_fd, POLLIN, 0 },
				 { g->failed_fd, POLLIN, 0 },
				 { front_watch_fd(&g->front), POLLIN, 0 },
				 { p->usr2_fd, POLLIN, 0 } };
	struct signalfd_siginfo info;
	bool served = true;
	int rc;

	for (;;) {
		if (poll(pfds, 5, -1) < 0 && errno != EINTR)
			return -errno;
		if (pfds[0].revents)
			return -ECANCELED;
		if (pfds[1].revents && read(p->usr1_fd, &info, sizeof(info)) > 0)
			write_stats(p, g);
		if (pfds[2].revents)
			return -EIO; /* guest_stop() says which */
		if (pfds[3].revents && !follow(g, &served))
			return 0;
		if (pfds[4].revents && read(p->usr2_fd, &info, sizeof(info)) > 0) {
			rc = toggle_headroom(g, &served);
			if (rc)
				return rc == -EAGAIN ? 0 : rc;
		}
	}
}

static void announce_ready(struct program *p)
{
	if (p->ready_fd < 0)
		return;
	if (write(p->ready_fd, "\n", 1) != 1)
		fprintf(stderr, "netfront-ng-tap: --ready-fd: %s\n", strerror(errno));
	close(p->ready_fd);
	p->ready_fd = -1;
}

/* One connection, from start to end.  0: connect again. */
static int session(struct program *p, struct guest *g)
{
	int rc = guest_start(g), failed;

	if (rc == -EAGAIN || rc == -ETIMEDOUT) {
		struct pollfd pfd = { p->stop_fd, POLLIN, 0 };

		fprintf(stderr, "netfront-ng-tap: %s: back end does not connect: %s\n",
			g->tap.name, strerror(-rc));
		return poll(&pfd, 1, RETRY_MS) > 0 ? -ECANCELED : 0;
	}
	if (rc)
		return rc;
	log_connected(g, "connected");
	/* A headroom that was asked for is the new connection's as well. */
	if (g->config.front.headroom && g->connections == 1)
		rc = ask_headroom(g, g->config.front.headroom);
	announce_ready(p);
	if (!rc)
		rc = serve(p, g);
	if (rc == -EAGAIN)
		rc = 0;
	if (!rc)
		fprintf(stderr, "netfront-ng-tap: %s: back end is %s\n", g->tap.name,
			store_state_name(front_backend_state(&g->front)));
	failed = guest_stop(g);
	if (failed)
		return failed;
	return !rc && front_removed(&g->front) ? -ENODEV : rc;
}

static int exit_status(const struct guest *g, int rc)
{
	if (rc == -ECANCELED || rc == -ENODEV)
		return 0;
	if (rc == -EPROTO) {
		log_protocol_error(g);
		return EXIT_BACKEND;
	}
	fprintf(stderr, "netfront-ng-tap: %s: %s\n", g->tap.name, strerror(-rc));
	return 1;
}

int main(int argc, char **argv)
{
	static struct guest guest;
	struct program p = { 0 };
	int rc;

	parse(&p, argc, argv);
	p.stop_fd = signal_fd(SIGTERM, SIGINT);
	p.usr1_fd = signal_fd(SIGUSR1, 0);
	p.usr2_fd = signal_fd(SIGUSR2, 0);
	if (p.stop_fd < 0 || p.usr1_fd < 0 || p.usr2_fd < 0) {
		perror("netfront-ng-tap: signalfd");
		return 1;
	}
	rc = guest_open(&guest, &p.config, p.stop_fd);
	if (rc) {
		fprintf(stderr, "netfront-ng-tap: cannot set up vif %u: %s\n",
			p.config.front.devid, strerror(-rc));
		return 1;
	}
	do
		rc = session(&p, &guest);
	while (!rc);
	if (p.stats)
		write_stats(&p, &guest);
	rc = exit_status(&guest, rc);
	guest_close(&guest);
	return rc;
}
