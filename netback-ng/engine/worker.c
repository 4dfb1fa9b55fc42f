/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netback-ng/engine/worker.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/daemon/log.h"
#include "lib/daemon/shortage.h"
#include "lib/xen/event.h"
#include "netback-ng/base/stats.h"

#define RING_ENTRIES 512u
/* A yield that takes longer let somebody else run; then there is no polling for so long. */
#define YIELD_LONG_NS 15000ull
#define CONTENDED_NS 100000000ull
/* Events taken in one go; the descriptor stays readable where there are more. */
#define EVENTS_MAX 64

static uint64_t clock_read(clockid_t clock)
{
	struct timespec ts = { 0 };

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

uint64_t clock_ns(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

uint64_t worker_cpu_ns(const struct worker *w)
{
	clockid_t clock;

	return pthread_getcpuclockid(w->thread, &clock) ? 0 : clock_read(clock);
}

/* --- lists ------------------------------------------------------------------ */

void worker_activate(struct worker *w, struct task *t)
{
	if (t->is_active)
		return;
	t->is_active = true;
	(*t->sharers)++;
	if (!w->active) {
		w->active = t->active_next = t->active_prev = t;
		return;
	}
	t->active_next = w->active;
	t->active_prev = w->active->active_prev;
	t->active_prev->active_next = t;
	w->active->active_prev = t;
}

static void deactivate(struct worker *w, struct task *t)
{
	if (!t->is_active)
		return;
	t->is_active = false;
	(*t->sharers)--;
	if (task_is_alone(t)) {
		w->active = NULL;
		return;
	}
	t->active_next->active_prev = t->active_prev;
	t->active_prev->active_next = t->active_next;
	if (w->active == t)
		w->active = t->active_next;
}

static void timer_list(struct worker *w, struct task *t)
{
	if (t->timed_link)
		return;
	t->timed_next = w->timed;
	if (w->timed)
		w->timed->timed_link = &t->timed_next;
	w->timed = t;
	t->timed_link = &w->timed;
}

static void timer_unlist(struct task *t)
{
	if (!t->timed_link)
		return;
	*t->timed_link = t->timed_next;
	if (t->timed_next)
		t->timed_next->timed_link = t->timed_link;
	t->timed_link = NULL;
}

void worker_look_again(struct worker *w, struct task *t, uint64_t at_ns)
{
	if (!t->timer_ns)
		t->timer_ns = at_ns;
	timer_list(w, t);
}

void worker_forget(struct worker *w, struct task *t)
{
	deactivate(w, t);
	timer_unlist(t);
}

/* --- event channels --------------------------------------------------------- */

int worker_watch_port(struct worker *w, unsigned int port, struct task *t)
{
	if (port >= w->nports) {
		unsigned int n = (port | 1023) + 1;
		struct task **grown = realloc(w->by_port, n * sizeof(struct task *));

		if (!grown)
			return -ENOMEM;
		memset(grown + w->nports, 0, (n - w->nports) * sizeof(struct task *));
		w->by_port = grown;
		w->nports = n;
	}
	w->by_port[port] = t;
	return 0;
}

void worker_unwatch_port(struct worker *w, unsigned int port)
{
	if (port < w->nports)
		w->by_port[port] = NULL;
}

static void port_event(struct worker *w, unsigned int port)
{
	struct task *t = port < w->nports ? w->by_port[port] : NULL;

	if (!t)
		return;
	if (t->ops->event(t)) {
		xenevtchn_unmask(w->xce, (evtchn_port_t)port);
		worker_activate(w, t);
	} else if (t->timer_ns) {
		timer_list(w, t);
	}
}

/* Not until there are none: a guest can send them as fast as we take them. */
static void drain_events(struct worker *w)
{
	xenevtchn_port_or_error_t port;
	unsigned int n;

	for (n = 0; n < EVENTS_MAX && (port = xenevtchn_pending(w->xce)) >= 0; n++)
		port_event(w, (unsigned int)port);
}

/* --- io_uring ---------------------------------------------------------------- */

struct io_uring_sqe *worker_sqe(struct worker *w)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&w->ring)))
		io_uring_submit(&w->ring);
	return sqe;
}

static void complete_one(struct worker *w, uint64_t data, int res)
{
	struct completion *c = (struct completion *)(uintptr_t)data;

	if (data & 1) {
		w->scratch->results[data >> 1] = res;
		w->outstanding--;
	} else if (c) {
		c->armed = false;
		c->done(w, c, res);
	}
}

static void reap(struct worker *w)
{
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	/* Handlers may arm polls but never reap, so the head stays ours. */
	io_uring_for_each_cqe(&w->ring, head, cqe) {
		complete_one(w, io_uring_cqe_get_data64(cqe), cqe->res);
		n++;
	}
	io_uring_cq_advance(&w->ring, n);
}

void worker_wait(struct worker *w)
{
	io_uring_submit_and_wait(&w->ring, 1);
	reap(w);
}

void worker_complete(struct worker *w)
{
	while (w->outstanding)
		worker_wait(w);
}

static void event_done(struct worker *w, struct completion *c, int res)
{
	drain_events(w);
}

static void called_done(struct worker *w, struct completion *c, int res)
{
	uint64_t n;

	if (read(w->call_fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		abort();
}

static void poll_fd(struct worker *w, int fd, struct completion *c)
{
	struct io_uring_sqe *sqe;

	if (c->armed)
		return;
	sqe = worker_sqe(w);
	io_uring_prep_poll_add(sqe, fd, POLLIN);
	worker_sqe_completion(sqe, c);
}

/* --- the loop ---------------------------------------------------------------- */

static void run_jobs(struct worker *w)
{
	struct worker_job *job, *next;

	if (!atomic_load_explicit(&w->jobs, memory_order_relaxed))
		return;
	for (job = atomic_exchange(&w->jobs, NULL); job; job = next) {
		next = job->next;
		job->fn(w, job);
		atomic_store_explicit(&job->pending, false, memory_order_release);
	}
}

static void run_call(struct worker *w)
{
	if (!atomic_load_explicit(&w->call_pending, memory_order_acquire))
		return;
	/* What was posted before the call is run before it: it may end what the job is about. */
	run_jobs(w);
	pthread_mutex_lock(&w->call_lock);
	w->call_fn(w, w->call_arg);
	atomic_store(&w->call_pending, false);
	pthread_cond_signal(&w->call_done);
	pthread_mutex_unlock(&w->call_lock);
}

static void run_timers(struct worker *w)
{
	struct task *t, *next;

	for (t = w->timed; t; t = next) {
		next = t->timed_next;
		if (t->timer_ns > w->now_ns)
			continue;
		timer_unlist(t);
		t->ops->timer(t);
		worker_activate(w, t);
	}
}

/* One turn for each task that is active now.  True: one of them had work. */
static bool serve(struct worker *w)
{
	struct task *t = w->active, *last = t ? t->active_prev : NULL, *next;
	bool end, worked = false;

	for (; t; t = next) {
		end = t == last;
		next = end ? NULL : t->active_next;
		if (t->ops->serve(t)) {
			worked = true;
			continue;
		}
		if (t->ops->arm(t))
			continue;
		deactivate(w, t);
		if (t->timer_ns)
			timer_list(w, t);
	}
	/* Start the next round one further, so that nobody is always first. */
	if (w->active)
		w->active = w->active->active_next;
	return worked;
}

static uint64_t next_timer(const struct worker *w)
{
	uint64_t first = UINT64_MAX;
	const struct task *t;

	for (t = w->timed; t; t = t->timed_next)
		if (t->timer_ns < first)
			first = t->timer_ns;
	return first;
}

static void sleep_until(struct worker *w, uint64_t deadline)
{
	struct __kernel_timespec ts;
	struct io_uring_cqe *cqe;

	/* Where Xen's clock has no vDSO to read it, it is a system call: not without need. */
	if (deadline != UINT64_MAX) {
		uint64_t now = clock_ns(), ns = deadline > now ? deadline - now : 0;

		ts.tv_sec = (long long)(ns / 1000000000ull);
		ts.tv_nsec = (long long)(ns % 1000000000ull);
	}
	STAT_INC(w->sleeps);
	atomic_store(&w->asleep, true);
	if (!atomic_load(&w->call_pending) && !atomic_load(&w->jobs))
		io_uring_submit_and_wait_timeout(&w->ring, &cqe, 1,
						 deadline == UINT64_MAX ? NULL : &ts, NULL);
	atomic_store(&w->asleep, false);
}

/*
 * Only polling: whoever is to give us work may be waiting for this CPU.  Where a
 * yield took long, others do: each one more would cost a whole time slice of
 * theirs (EEVDF), while a sleeper's wake-up preempts them.  So no polling for a while.
 */
static void yield(struct worker *w)
{
	uint64_t now = clock_ns();

	sched_yield();
	if (clock_ns() - now > YIELD_LONG_NS)
		w->no_poll_until_ns = now + CONTENDED_NS;
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	bool worked;

	/* Timers of 50 us must not be stretched by the default slack, another 50 us. */
	prctl(PR_SET_TIMERSLACK, 1000ul, 0ul, 0ul, 0ul);
	while (!w->stop) {
		w->now_ns = clock_ns();
		/* Ordered with what is unpublished and read in between: dataplane_mark(). */
		atomic_fetch_add(&w->rounds, 1);
		reap(w);
		run_jobs(w);
		run_call(w);
		run_timers(w);
		worked = serve(w);
		poll_fd(w, xenevtchn_fd(w->xce), &w->event);
		poll_fd(w, w->call_fd, &w->called);
		if (!w->active && !w->stop) /* a stop just called must not sleep once more */
			sleep_until(w, next_timer(w));
		else if (io_uring_sq_ready(&w->ring))
			io_uring_submit(&w->ring);
		if (!worked && w->active)
			yield(w);
	}
	return NULL;
}

/* --- start and stop ----------------------------------------------------------- */

static int pools_init(struct worker *w)
{
	struct iovec iov;
	int rc;

	rc = pool_open(&w->tx, NETIF_TX_RING_SIZE * (size_t)NETIF_PAGE_SIZE, w->config->huge_pages, &w->copy);
	if (!rc)
		rc = pool_open(&w->reads, WORKER_READS_MAX * WORKER_FRAME_ROOM, w->config->huge_pages, &w->copy);
	if (rc)
		return rc;
	w->scratch = aligned_alloc(64, (sizeof(*w->scratch) + 63) & ~63ul);
	if (!w->scratch)
		return -ENOMEM;
	iov.iov_base = w->reads.base;
	iov.iov_len = w->reads.bytes;
	/* Refused where RLIMIT_MEMLOCK is small: plain reads then. */
	w->pool_fixed = !io_uring_register_buffers(&w->ring, &iov, 1);
	return 0;
}

static int events_init(struct worker *w)
{
	w->xce = event_open(NULL);
	if (!w->xce)
		return -errno;
	w->call_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->call_fd < 0 ? -errno : 0;
}

static void worker_free(struct worker *w)
{
	if (w->ring.ring_fd >= 0)
		io_uring_queue_exit(&w->ring);
	if (w->xce)
		xenevtchn_close(w->xce);
	if (w->call_fd >= 0)
		close(w->call_fd);
	pool_close(&w->tx, &w->copy);
	pool_close(&w->reads, &w->copy);
	copy_exit(&w->copy);
	free(w->scratch);
	free(w->by_port);
}

static void pin(struct worker *w)
{
	const struct config_list *cpus = &w->config->worker_cpus;
	cpu_set_t set;

	if (!cpus->count)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned int)atoi(cpus->items[w->index % cpus->count]), &set);
	if (pthread_setaffinity_np(w->thread, sizeof(set), &set))
		log_warning("worker %u: CPU %s cannot be had; it runs unpinned. Check worker_cpus",
			    w->index, cpus->items[w->index % cpus->count]);
}

int worker_start(struct worker *w, unsigned int index, const struct config_data *config)
{
	const char *what = "io_uring";
	char name[16];
	int rc;

	memset(w, 0, sizeof(*w));
	w->index = index;
	w->own = *config;
	w->config = &w->own;
	w->call_fd = w->ring.ring_fd = -1;
	w->event.done = event_done;
	w->called.done = called_done;
	pthread_mutex_init(&w->call_lock, NULL);
	pthread_cond_init(&w->call_done, NULL);
	rc = io_uring_queue_init(RING_ENTRIES, &w->ring, 0);
	if (rc) {
		w->ring.ring_fd = -1;
		goto err;
	}
	what = "the grant device";
	rc = copy_init(&w->copy, config->copy_batch, config->copy_grants);
	if (rc)
		goto err;
	what = "the event channel device";
	rc = events_init(w);
	if (rc)
		goto err;
	what = "its memory";
	rc = pools_init(w);
	if (rc)
		goto err;
	what = "its thread";
	rc = -pthread_create(&w->thread, NULL, worker_main, w);
	if (rc)
		goto err;
	snprintf(name, sizeof(name), "netback-w%u", index);
	pthread_setname_np(w->thread, name);
	pin(w);
	return 0;
err:
	log_error("worker %u cannot have %s: %s%s", index, what, strerror(-rc), shortage_remedy(rc));
	worker_free(w);
	return rc;
}

static void wake(struct worker *w)
{
	uint64_t one = 1;

	if (write(w->call_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
		abort();
}

void worker_post(struct worker *w, struct worker_job *job)
{
	job->next = atomic_load(&w->jobs);
	atomic_store_explicit(&job->pending, true, memory_order_relaxed);
	while (!atomic_compare_exchange_weak(&w->jobs, &job->next, job))
		;
	STAT_INC(w->posts);
	wake(w);
}

void worker_call(struct worker *w, void (*fn)(struct worker *w, void *arg), void *arg)
{
	STAT_INC(w->calls);
	pthread_mutex_lock(&w->call_lock);
	w->call_fn = fn;
	w->call_arg = arg;
	atomic_store_explicit(&w->call_pending, true, memory_order_release);
	wake(w);
	while (atomic_load(&w->call_pending))
		pthread_cond_wait(&w->call_done, &w->call_lock);
	pthread_mutex_unlock(&w->call_lock);
}

static void stop_here(struct worker *w, void *arg)
{
	w->stop = true;
}

void worker_stop(struct worker *w)
{
	worker_call(w, stop_here, NULL);
	pthread_join(w->thread, NULL);
	worker_free(w);
}
