/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netfront-ng/user/worker.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* A look at the stop descriptor costs a system call: not at every turn while busy. */
#define STOP_INTERVAL 256u

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static bool stopping(const struct worker *w)
{
	struct pollfd pfd = { .fd = w->stop_fd, .events = POLLIN };

	return poll(&pfd, 1, 0) > 0;
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

/* False: time to stop. */
static bool sleep_all(struct worker *w)
{
	struct pollfd pfds[1 + 2 * FRONT_QUEUES_MAX] = { { .fd = w->stop_fd, .events = POLLIN } };
	unsigned int i;

	for (i = 0; i < w->nmovers; i++) {
		struct mover *m = w->movers[i];

		front_count(&m->counters.polls, 1);
		pfds[1 + 2 * i] = (struct pollfd){ xenevtchn_fd(m->q->xce), POLLIN, 0 };
		/* With the ring full, the TAP being readable is no reason to wake up. */
		pfds[2 + 2 * i] = (struct pollfd){ m->blocked ? -1 : m->tap, POLLIN, 0 };
	}
	if (poll(pfds, 1 + 2 * w->nmovers, -1) < 0)
		return errno == EINTR;
	for (i = 0; i < w->nmovers; i++) {
		if (pfds[1 + 2 * i].revents & POLLIN)
			front_queue_wake(w->movers[i]->q);
		w->movers[i]->tap_ready = pfds[2 + 2 * i].revents || w->movers[i]->blocked;
	}
	return !pfds[0].revents;
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
	unsigned int turns = 0;
	int work;

	for (;;) {
		work = step_all(w);
		if (work < 0)
			return work;
		if (++turns % STOP_INTERVAL == 0 && stopping(w))
			return 0;
		if (work && w->poll_ns)
			last = now_ns();
		if (work || keep_polling(w, last))
			continue;
		if (!arm_all(w) && !sleep_all(w))
			return 0;
		disarm_all(w);
	}
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
	w->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (w->stop_fd < 0)
		return -errno;
	rc = pthread_create(&w->thread, NULL, thread_main, w);
	if (rc)
		close(w->stop_fd);
	return -rc;
}

void worker_stop(struct worker *w)
{
	eventfd_write(w->stop_fd, 1);
	pthread_join(w->thread, NULL);
	close(w->stop_fd);
}
