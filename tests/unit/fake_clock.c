/* SPDX-License-Identifier: GPL-2.0-or-later */
/* clock.c: to sleep is to skip that time. The rest of the fake host moves when it is asked, not by itself. */
#include "xl-plugins/xlnet.h"

#include <sched.h>
#include <time.h>

static _Thread_local uint64_t slept;

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return slept + (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void sleep_ms(unsigned int ms)
{
	slept += ms;
	sched_yield();
}
