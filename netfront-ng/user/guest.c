/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netfront-ng/user/guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MTU_WITHOUT_SG 1500u /* one page, as Linux's netfront does */

static int set_up_tap(struct guest *g)
{
	unsigned int mtu = g->config.mtu ? g->config.mtu : g->front.mtu;
	char name[16];
	int rc;

	snprintf(name, sizeof(name), "eth%u", g->config.front.devid);
	rc = tap_open(&g->tap, g->config.tap ? g->config.tap : name);
	if (rc)
		return rc;
	if (!g->config.front.sg && mtu > MTU_WITHOUT_SG)
		mtu = MTU_WITHOUT_SG;
	rc = tap_set_mac(&g->tap, g->front.mac);
	return rc ? rc : tap_set_mtu(&g->tap, mtu);
}

int guest_open(struct guest *g, const struct guest_config *config, int cancel_fd)
{
	int rc;

	g->config = *config;
	g->failed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (g->failed_fd < 0)
		return -errno;
	rc = front_open(&g->front, &config->front, cancel_fd);
	if (rc) {
		close(g->failed_fd);
		return rc;
	}
	rc = set_up_tap(g);
	if (rc)
		guest_close(g);
	return rc;
}

void guest_close(struct guest *g)
{
	unsigned int i;

	for (i = 0; i < FRONT_QUEUES_MAX; i++) {
		if (g->movers[i])
			mover_close(g->movers[i]);
		free(g->movers[i]);
	}
	tap_close(&g->tap);
	front_close(&g->front);
	close(g->failed_fd);
}

static int make_mover(struct guest *g, unsigned int i)
{
	struct mover *m;
	int rc;

	if (g->movers[i])
		return 0;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	rc = mover_open(m);
	if (rc)
		free(m);
	else
		g->movers[i] = m;
	return rc;
}

/* The kernel of this guest may hand us what the back end takes, no more. */
static int fit_tap(struct guest *g)
{
	const struct front_features *have = &g->front.features;
	const struct tap_offload offload = { have->csum, have->tso4, have->tso6 };
	unsigned int i;
	int rc = tap_set_queues(&g->tap, g->front.nqueues);

	if (!rc)
		rc = tap_set_offload(&g->tap, &offload);
	for (i = 0; i < g->front.nqueues && !rc; i++)
		rc = make_mover(g, i);
	for (i = 0; i < g->front.nqueues && !rc; i++)
		mover_start(g->movers[i], &g->front.queues[i], g->tap.fds[i]);
	return rc;
}

static int start_workers(struct guest *g)
{
	unsigned int n = g->config.threads, queues = g->front.nqueues, first = 0, i;
	int rc;

	if (!n || n > queues)
		n = queues;
	for (i = 0; i < n; i++) {
		unsigned int end = queues * (i + 1) / n;

		g->workers[i] = (struct worker){
			.movers = &g->movers[first],
			.nmovers = end - first,
			.poll_ns = (uint64_t)g->config.poll_usecs * 1000,
			.failed_fd = g->failed_fd,
		};
		rc = worker_start(&g->workers[i]);
		if (rc)
			return rc;
		g->nworkers++;
		first = end;
	}
	return 0;
}

int guest_start(struct guest *g)
{
	int rc = front_connect(&g->front);

	if (rc)
		return rc;
	rc = fit_tap(g);
	if (!rc)
		rc = start_workers(g);
	if (!rc)
		rc = tap_set_up(&g->tap, true);
	if (rc)
		guest_stop(g);
	else
		g->connections++;
	return rc;
}

void guest_resume(struct guest *g)
{
	unsigned int i;

	for (i = 0; i < g->nworkers; i++)
		worker_kick(&g->workers[i]);
	front_resume(&g->front);
	g->resumptions++;
}

int guest_stop(struct guest *g)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < g->nworkers; i++) {
		worker_stop(&g->workers[i]);
		if (!rc)
			rc = g->workers[i].rc;
	}
	for (i = 0; g->nworkers && i < g->front.nqueues; i++)
		mover_stop(g->movers[i]);
	g->nworkers = 0;
	front_disconnect(&g->front);
	return rc;
}
