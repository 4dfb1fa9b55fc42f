/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netfront-ng/user/worker.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define ASKED_STOP 1u
#define ASKED_KICK 2u

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void ask(struct worker *w, unsigned int what)
{
	atomic_fetch_or(&w->asked, what);
	eventfd_write(w->wake_fd, 1);
}

static void kick_all(struct worker *w)
{
	unsigned int i;

	for (i = 0; i < w->nmovers; i++) {
		front_queue_kick(w->movers[i]->q);
		w->movers[i]->tap_ready = true;
	}
}

/* True: time to stop. */
static bool asked(struct worker *w)
{
	unsigned int what;

	if (!atomic_load_explicit(&w->asked, memory_order_relaxed))
		return false;
	what = atomic_exchange(&w->asked, 0);
	if (what & ASKED_KICK)
		kick_all(w);
	return what & ASKED_STOP;
}

static int step_all(struct worker *w)
{
	unsigned int i;
	int work = 0, rc;

	for (i = 0; i < w->nmovers; i++) {
		rc = mover_step(w->movers[i]);
		if (rc < 0)
			return rc;
		work += rc;
	}
	return work;
}

static bool arm_all(struct worker *w)
{
	bool work = false;
	unsigned int i;

	for (i = 0; i < w->nmovers; i++)
		work |= mover_arm(w->movers[i]);
	return work;
}

static void disarm_all(struct worker *w)
{
	unsigned int i;

	for (i = 0; i < w->nmovers; i++)
		mover_disarm(w->movers[i]);
}

/* Until there is something to do, or somebody asks. */
static int sleep_all(struct worker *w)
{
	struct pollfd pfds[1 + 2 * FRONT_QUEUES_MAX] = { { .fd = w->wake_fd, .events = POLLIN } };
	eventfd_t count;
	unsigned int i;

	for (i = 0; i < w->nmovers; i++) {
		struct mover *m = w->movers[i];

		front_count(&m->counters.polls, 1);
		pfds[1 + 2 * i] = (struct pollfd){ xenevtchn_fd(m->q->xce), POLLIN, 0 };
		/* With the ring full, the TAP being readable is no reason to wake up. */
		pfds[2 + 2 * i] = (struct pollfd){ m->blocked ? -1 : m->tap, POLLIN, 0 };
	}
	if (poll(pfds, 1 + 2 * w->nmovers, -1) < 0)
		return errno == EINTR ? 0 : -errno;
	if (pfds[0].revents)
		eventfd_read(w->wake_fd, &count);
	for (i = 0; i < w->nmovers; i++) {
		if (pfds[1 + 2 * i].revents & POLLIN)
			front_queue_wake(w->movers[i]->q);
		w->movers[i]->tap_ready = pfds[2 + 2 * i].revents || w->movers[i]->blocked;
	}
	return 0;
}

/* Poll mode: keep trying the TAP too, as nobody else says that it has something. */
static bool keep_polling(struct worker *w, uint64_t last)
{
	unsigned int i;

	if (!w->poll_ns || now_ns() - last > w->poll_ns)
		return false;
	for (i = 0; i < w->nmovers; i++)
		w->movers[i]->tap_ready = true;
	return true;
}

static int run(struct worker *w)
{
	uint64_t last = now_ns();
	int work, rc = 0;

	while (!rc) {
		if (asked(w))
			return 0;
		work = step_all(w);
		if (work < 0)
			return work;
		if (work && w->poll_ns)
			last = now_ns();
		if (work || keep_polling(w, last))
			continue;
		if (!arm_all(w))
			rc = sleep_all(w);
		disarm_all(w);
	}
	return rc;
}

static void *thread_main(void *arg)
{
	struct worker *w = arg;

	w->rc = run(w);
	if (w->rc < 0)
		eventfd_write(w->failed_fd, 1);
	return NULL;
}

int worker_start(struct worker *w)
{
	int rc;

	w->rc = 0;
	w->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake_fd < 0)
		return -errno;
	rc = pthread_create(&w->thread, NULL, thread_main, w);
	if (rc)
		close(w->wake_fd);
	return -rc;
}

void worker_stop(struct worker *w)
{
	ask(w, ASKED_STOP);
	pthread_join(w->thread, NULL);
	close(w->wake_fd);
}

void worker_kick(struct worker *w)
{
	ask(w, ASKED_KICK);
}
