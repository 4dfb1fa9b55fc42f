/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A daemon's log: one line an event on stderr, with the priority prefix that
 * the journal understands (sd-daemon(3)).  Each vif has its own budget of lines,
 * so that no guest can flood the operator; what was held back is counted and said.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

/* A token bucket; zero-initialised is full.  Safe from several threads. */
struct log_budget {
	uint64_t since_ns;
	uint32_t used;
	uint32_t held_back;
};

/* One for warnings and errors, one for the rest: a guest must not use up with news the lines that tell of trouble. */
struct log_limit {
	struct log_budget trouble, news;
};

/* Lowest priority still written: LOG_INFO by default, LOG_DEBUG with --verbose. */
void log_set_level(int priority);
void log_line(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* As log_line(), but at most 10 lines in 10 s from one budget of the limit. */
void log_limited(struct log_limit *limit, int priority, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_error(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)

#endif
