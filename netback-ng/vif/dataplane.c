/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "netback-ng/base/stats.h"
#include "netback-ng/engine/worker.h"
#include "netback-ng/vif/dataplane.h"
#include "netback-ng/vif/links.h"
#include "netback-ng/vif/vif.h"

#define WORKERS_DEFAULT_MAX 4

static struct {
	struct worker *workers;
	unsigned int count;
	int broken_fd;
	struct config_data config;
} dataplane = { .broken_fd = -1 };

static unsigned int cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : (unsigned int)n;
}

static unsigned int capped(unsigned int wanted, unsigned int most)
{
	unsigned int n = wanted ? wanted : cpus();

	return n < most ? n : most;
}

const struct config_data *dataplane_config(void)
{
	return &dataplane.config;
}

unsigned int dataplane_max_queues(void)
{
	return capped(dataplane.config.max_queues, VIF_QUEUES_MAX);
}

int dataplane_fd(void)
{
	return dataplane.broken_fd;
}

int dataplane_start(const struct config_data *config)
{
	unsigned int n = config->workers ? config->workers : capped(0, WORKERS_DEFAULT_MAX);
	int rc;

	dataplane.config = *config;
	if (n > WORKERS_MAX)
		n = WORKERS_MAX;
	dataplane.broken_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dataplane.broken_fd < 0)
		return -errno;
	rc = links_open(&dataplane.config.switch_bridges);
	if (rc) {
		dataplane_stop();
		return rc;
	}
	dataplane.workers = calloc(n, sizeof(struct worker));
	if (!dataplane.workers)
		return -ENOMEM;
	for (; dataplane.count < n; dataplane.count++) {
		rc = worker_start(&dataplane.workers[dataplane.count], dataplane.count,
				  &dataplane.config);
		if (rc) {
			dataplane_stop();
			return rc;
		}
	}
	return 0;
}

static void take_config(struct worker *w, void *arg)
{
	const struct config_data *config = arg;

	w->own = *config;
	w->copy.limit = config->copy_batch;
}

void dataplane_reload(const struct config_data *config)
{
	unsigned int i;

	dataplane.config = *config;
	links_reload(&dataplane.config.switch_bridges);
	for (i = 0; i < dataplane.count; i++)
		worker_call(&dataplane.workers[i], take_config, (void *)(uintptr_t)config);
}

void dataplane_stop(void)
{
	while (dataplane.count)
		worker_stop(&dataplane.workers[--dataplane.count]);
	free(dataplane.workers);
	dataplane.workers = NULL;
	if (dataplane.broken_fd >= 0)
		close(dataplane.broken_fd);
	dataplane.broken_fd = -1;
	links_close();
}

static void nothing(struct worker *w, void *arg)
{
}

void dataplane_quiesce(void)
{
	unsigned int i;

	for (i = 0; i < dataplane.count; i++)
		worker_call(&dataplane.workers[i], nothing, NULL);
}

void dataplane_mark(struct dataplane_moment *m)
{
	unsigned int i;

	for (i = 0; i < dataplane.count; i++)
		m->rounds[i] = atomic_load(&dataplane.workers[i].rounds);
}

bool dataplane_passed(struct dataplane_moment *m)
{
	bool passed = true;
	unsigned int i;

	for (i = 0; i < dataplane.count; i++) {
		const struct worker *w = &dataplane.workers[i];

		/* One that has not begun a round yet has seen nothing. */
		if (m->rounds[i] && (atomic_load(&w->asleep) || atomic_load(&w->rounds) != m->rounds[i]))
			m->rounds[i] = 0;
		passed = passed && !m->rounds[i];
	}
	return passed;
}

struct worker *dataplane_assign(void)
{
	struct worker *least = &dataplane.workers[0];
	unsigned int i;

	for (i = 1; i < dataplane.count; i++)
		if (dataplane.workers[i].ntasks < least->ntasks)
			least = &dataplane.workers[i];
	least->ntasks++;
	return least;
}

void dataplane_release(struct worker *w)
{
	w->ntasks--;
}

void dataplane_wake(void)
{
	uint64_t one = 1;

	if (write(dataplane.broken_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		abort();
}

bool dataplane_alive(void)
{
	bool alive = true;
	unsigned int i;

	for (i = 0; i < dataplane.count; i++) {
		struct worker *w = &dataplane.workers[i];
		uint64_t rounds = atomic_load(&w->rounds);

		if (rounds == w->alive_rounds && !atomic_load(&w->asleep))
			alive = false;
		w->alive_rounds = rounds;
	}
	return alive;
}

json_t *dataplane_json(void)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; list && i < dataplane.count; i++) {
		const struct worker *w = &dataplane.workers[i];

		json_array_append_new(list,
			json_pack("{s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:b}", "worker", (int)i,
				  "queues", (int)w->ntasks,
				  "rounds", (json_int_t)atomic_load(&w->rounds),
				  "sleeps", (json_int_t)STAT_READ(w->sleeps),
				  "calls", (json_int_t)STAT_READ(w->calls),
				  "posts", (json_int_t)STAT_READ(w->posts),
				  "cpu_ns", (json_int_t)worker_cpu_ns(w),
				  "pool_bytes", (json_int_t)(w->tx.bytes + w->reads.bytes),
				  "pool_huge_pages", w->tx.huge && w->reads.huge,
				  "pool_granted", w->tx.refs && w->reads.refs,
				  "pool_fixed_buffers", w->pool_fixed));
	}
	return list;
}
