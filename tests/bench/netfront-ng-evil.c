/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A front end that breaks the rules, one way per name, and tells what the back
 * end made of it.  Every attack goes through the honest library up to the point
 * where it lies.  evil-ring.c, evil-control.c and evil-life.c have the attacks by where they act.
 */
#include "tests/bench/evil.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERDICT_MS 3000

static const struct evil_attack *const tables[] = { evil_ring_attacks, evil_control_attacks,
						    evil_store_attacks, evil_life_attacks };

static const struct evil_attack *find(const char *name)
{
	const struct evil_attack *a;
	unsigned int i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (a = tables[i]; a->name; a++)
			if (!strcmp(a->name, name))
				return a;
	return NULL;
}

static void list(void)
{
	const struct evil_attack *a;
	unsigned int i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (a = tables[i]; a->name; a++)
			printf("%-22s %s\n", a->name, a->text);
}

/* Keep reading answers, as long as the back end stays, until the verdict or the deadline. */
void evil_collect(struct evil *e, unsigned int ms)
{
	struct front_queue *q = &e->front.queues[0];
	uint64_t deadline = now_ms() + ms;
	uint16_t done[NETIF_TX_RING_SIZE];
	int n;

	while (now_ms() < deadline && front_backend_state(&e->front) == STATE_CONNECTED) {
		if (e->broken) {
			usleep(10000); /* our ring is beyond reading */
			continue;
		}
		n = netif_front_tx_reap(&q->tx, done, NETIF_TX_RING_SIZE, &e->refused, &q->errors);
		if (n < 0)
			e->broken = true;
		else
			e->answered += (unsigned int)n;
		if (e->expect && e->answered >= e->expect)
			return;
		usleep(1000);
	}
}

unsigned int evil_receive(struct evil *e, struct front_queue *q,
			  bool (*wanted)(const uint8_t *frame, unsigned int len))
{
	static struct netif_front_burst burst;
	unsigned int i, n = 0;

	if (netif_front_rx_take(&q->rx, &burst, NETIF_RX_RING_SIZE, &q->errors)) {
		e->broken = true;
		return 0;
	}
	for (i = 0; i < burst.nframes; i++) {
		const struct netif_front_frame *f = &burst.frames[i];
		const struct netif_front_part *p = &burst.parts[f->part];

		n += !f->error && wanted(front_queue_rx_page(q, p->id) + p->offset, p->size);
	}
	front_queue_post(q);
	return n;
}

/*
 * Dom0's error node; a guest may not read it, so look as Dom0 where the host's
 * xenstore lets this process be one.
 */
static char *error_node(struct evil *e)
{
	char dir[STORE_PATH_MAX], *text = NULL;
	const char *device = strstr(e->front.backend, "/backend/");
	struct xs_handle *xs;

	setenv("XENSIM_DOMID", "0", 1);
	xs = xs_open(0);
	if (!xs || !device)
		return NULL;
	snprintf(dir, sizeof(dir), "/local/domain/%u/error%s", e->front.backend_id, device);
	store_read(xs, XBT_NULL, dir, "error", &text);
	xs_close(xs);
	return text;
}

static void print_escaped(const char *text)
{
	for (putchar('"'); *text; text++)
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text >= ' ')
			putchar(*text);
	putchar('"');
}

static void report(struct evil *e, const char *name, int rc)
{
	enum store_state state = front_backend_state(&e->front);
	char *error = error_node(e);

	printf("{\"attack\":\"%s\",\"connect\":%d,\"state\":%d,\"state_name\":\"%s\",\"expected\":%u,"
	       "\"answered\":%u,\"refused\":%u,\"received\":%u,\"unasked\":%u,\"ctrl_status\":%d,\"error\":",
	       name, rc, state, store_state_name(state), e->expect, e->answered, e->refused, e->received,
	       e->unasked, e->status);
	if (error)
		print_escaped(error);
	else
		fputs("null", stdout);
	puts("}");
	fflush(stdout);
	free(error);
}

static int attack(struct evil *e, const struct evil_attack *a)
{
	int rc = 0;

	if (!a->before_connect) {
		rc = front_connect(&e->front);
		if (rc) {
			fprintf(stderr, "netfront-ng-evil: cannot connect: %s\n", strerror(-rc));
			return 1;
		}
	}
	a->run(e);
	if (!a->before_connect)
		evil_collect(e, e->expect ? VERDICT_MS : VERDICT_MS / 2);
	report(e, a->name, e->connect_rc);
	return 0;
}

static _Noreturn void usage(void)
{
	fputs("usage: netfront-ng-evil [--mode stock|ng] [--devid N] --attack NAME | --list\n", stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "attack", 1, NULL, 'a' }, { "list", 0, NULL, 'l' }, { "mode", 1, NULL, 'm' },
		{ "devid", 1, NULL, 'i' },  { NULL, 0, NULL, 0 },
	};
	static struct evil evil = { .status = -1 };
	struct front_config config = { .queues = 1, .ng = true, .statics = true, .sg = true,
				       .csum = true, .tso = true, .split = true };
	const struct evil_attack *a = NULL;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'l') {
			list();
			return 0;
		}
		if (opt == 'a')
			a = find(optarg);
		else if (opt == 'm')
			config.ng = config.statics = !strcmp(optarg, "ng");
		else if (opt == 'i')
			config.devid = (unsigned int)atoi(optarg);
		else
			usage();
	}
	if (!a || optind < argc)
		usage();
	rc = front_open(&evil.front, &config, -1);
	if (rc) {
		fprintf(stderr, "netfront-ng-evil: no device: %s\n", strerror(-rc));
		return 1;
	}
	rc = attack(&evil, a);
	front_disconnect(&evil.front);
	front_close(&evil.front);
	return rc;
}
