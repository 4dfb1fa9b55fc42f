/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/daemon/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define LIMIT_LINES 10
#define LIMIT_NS (10 * 1000000000ull)
#define LINE_MAX_LEN 1024

static int log_level = LOG_INFO;
static pthread_mutex_t limit_lock = PTHREAD_MUTEX_INITIALIZER;

void log_set_level(int priority)
{
	log_level = priority;
}

/* One write(2) a line, so that lines of several threads never mix. */
static void __attribute__((format(printf, 2, 0))) log_vline(int priority, const char *fmt, va_list ap)
{
	char line[LINE_MAX_LEN];
	int head = 0, n;

	if (priority > log_level)
		return;
	if (!isatty(STDERR_FILENO))
		head = snprintf(line, sizeof(line), "<%d>", priority);
	n = vsnprintf(line + head, sizeof(line) - (size_t)head - 1, fmt, ap);
	if (n < 0)
		return;
	n += head;
	if ((size_t)n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nobody is left to be told */
}

void log_line(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_vline(priority, fmt, ap);
	va_end(ap);
}

static uint64_t log_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* True where the line may be written; *owed: lines held back in the window that just ended. */
static bool budget_take(struct log_budget *b, uint32_t *owed)
{
	uint64_t now = log_now();
	bool ok;

	pthread_mutex_lock(&limit_lock);
	*owed = 0;
	if (now - b->since_ns >= LIMIT_NS) {
		*owed = b->held_back;
		b->since_ns = now;
		b->used = b->held_back = 0;
	}
	ok = b->used < LIMIT_LINES;
	if (ok)
		b->used++;
	else
		b->held_back++;
	pthread_mutex_unlock(&limit_lock);
	return ok;
}

void log_limited(struct log_limit *limit, int priority, const char *fmt, ...)
{
	struct log_budget *b = priority <= LOG_WARNING ? &limit->trouble : &limit->news;
	uint32_t owed;
	va_list ap;

	if (priority > log_level || !budget_take(b, &owed))
		return;
	if (owed)
		log_line(priority, "(%u lines like the next one were held back)", owed);
	va_start(ap, fmt);
	log_vline(priority, fmt, ap);
	va_end(ap);
}
