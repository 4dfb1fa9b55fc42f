/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tests' back end as a program: front-hub [OPTION...] DOMID...; JSON lines on SIGTERM. */
#include "tests/unit/front_hub.h"
#include "lib/xen/event.h"

#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static struct hub hub = {
	.options = { .ctrl = true, .statics = true, .split = true, .sg = true, .queues = 4, .evil = HUB_GOOD },
};

static const char *const evils[] = { "good", "bad-id", "overrun", "bounds", "bad-tx-id", "mute" };

static int parse(int argc, char **argv)
{
	struct hub_options *o = &hub.options;
	unsigned int i;
	int opt;

	while ((opt = getopt(argc, argv, "cslghxrq:e:")) != -1) {
		switch (opt) {
		case 'c':
			o->ctrl = false;
			break;
		case 's':
			o->statics = false;
			break;
		case 'l':
			o->split = false;
			break;
		case 'g':
			o->sg = false;
			break;
		case 'h':
			o->halves = true;
			break;
		case 'x':
			o->headroom = true;
			break;
		case 'r':
			o->adopt = true;
			break;
		case 'q':
			o->queues = (unsigned int)atoi(optarg);
			break;
		case 'e':
			for (i = 0; i < sizeof(evils) / sizeof(evils[0]); i++)
				if (!strcmp(evils[i], optarg))
					o->evil = (enum hub_evil)i;
			break;
		default:
			return -1;
		}
	}
	for (; optind < argc && o->vifs < HUB_VIFS; optind++)
		hub.vifs[o->vifs++].domid = (uint32_t)atoi(argv[optind]);
	return o->vifs ? 0 : -1;
}

static void watch_events(void)
{
	char **event;
	unsigned int i;

	while ((event = xs_check_watch(hub.xs))) {
		for (i = 0; i < hub.options.vifs; i++)
			if (!strcmp(event[XS_WATCH_TOKEN], hub.vifs[i].fe))
				hub_state(&hub, &hub.vifs[i]);
		free(event);
	}
}

static void all_rings(void)
{
	bool any = true;
	unsigned int i;

	while (any) {
		any = false;
		for (i = 0; i < hub.options.vifs; i++) {
			hub_control(&hub, &hub.vifs[i]);
			any |= hub_move(&hub, &hub.vifs[i]);
		}
	}
}

static void serve(int signals)
{
	struct pollfd pfds[3] = { { signals, POLLIN, 0 }, { xs_fileno(hub.xs), POLLIN, 0 },
				  { xenevtchn_fd(hub.xce), POLLIN, 0 } };
	xenevtchn_port_or_error_t port;

	for (;;) {
		poll(pfds, 3, -1);
		if (pfds[0].revents)
			return;
		if (pfds[1].revents)
			watch_events();
		if (pfds[2].revents) {
			port = xenevtchn_pending(hub.xce);
			if (port >= 0)
				xenevtchn_unmask(hub.xce, (evtchn_port_t)port);
		}
		all_rings();
	}
}

static void print(const struct hub_vif *v)
{
	printf("{\"domid\":%u,\"frames\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"copied\":%" PRIu64
	       ",\"mapped\":%" PRIu64 ",\"hashed\":%" PRIu64 ",\"controls\":%" PRIu64 "}\n",
	       v->domid, v->frames, v->dropped, v->copied, v->mapped, v->hashed, v->controls);
}

int main(int argc, char **argv)
{
	sigset_t set;
	unsigned int i;
	int signals;

	if (parse(argc, argv)) {
		fputs("usage: front-hub [-c] [-s] [-l] [-g] [-h] [-r] [-q QUEUES] [-e EVIL] DOMID...\n", stderr);
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	hub.xs = xs_open(0);
	hub.xgt = xengnttab_open(NULL, 0);
	hub.xce = event_open(NULL);
	if (!hub.xs || !hub.xgt || !hub.xce || signals < 0)
		return 1;
	for (i = 0; i < hub.options.vifs; i++)
		if (hub.options.adopt ? hub_adopt(&hub, &hub.vifs[i]) : hub_create(&hub, &hub.vifs[i]))
			return 1;
	puts("ready");
	fflush(stdout);
	serve(signals);
	for (i = 0; i < hub.options.vifs; i++)
		print(&hub.vifs[i]);
	return 0;
}
