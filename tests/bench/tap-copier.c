/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor that the daemon is measured against: two TAPs in one namespace or
 * two, and one thread that reads a frame from one and writes it to the other.
 * Offloads are on at both ends, so that GSO frames go whole, as in the daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/tap/tap.h"

/* Frames one way before looking at the other. */
#define BURST 64

struct side {
	struct tap tap;
	unsigned long long frames, bytes, refused;
};

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static _Noreturn void fail(const char *what, int rc)
{
	fprintf(stderr, "tap-copier: %s: %s\n", what, strerror(-rc));
	exit(1);
}

/* The interface is created in the namespace at netns (NULL: here); the descriptor works anywhere. */
static void side_open(struct side *s, const char *name, const char *netns)
{
	const struct tap_offload offload = { .csum = true, .tso4 = true, .tso6 = true };
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there, rc;

	if (home < 0)
		fail("/proc/self/ns/net", -errno);
	if (netns) {
		there = open(netns, O_RDONLY | O_CLOEXEC);
		if (there < 0 || setns(there, CLONE_NEWNET))
			fail(netns, -errno);
		close(there);
	}
	rc = tap_open(&s->tap, name);
	if (!rc)
		rc = tap_set_offload(&s->tap, &offload);
	if (!rc)
		rc = tap_set_up(&s->tap, true);
	if (rc)
		fail(name, rc);
	if (netns && setns(home, CLONE_NEWNET))
		fail("setns", -errno);
	close(home);
}

/* Returns false once there is nothing to read. */
static int copy_frame(const struct side *from, struct side *to)
{
	static char frame[TAP_VNET_LEN + TAP_FRAME_MAX];
	ssize_t n = read(from->tap.fds[0], frame, sizeof(frame));

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail(from->tap.name, -errno);
	if (n < 0)
		return 0;
	if (write(to->tap.fds[0], frame, (size_t)n) != n) {
		to->refused++; /* its interface is down */
		return 1;
	}
	to->frames++;
	to->bytes += (unsigned long long)n - TAP_VNET_LEN;
	return 1;
}

static void copy(struct side *a, struct side *b)
{
	struct pollfd pfds[2] = { { a->tap.fds[0], POLLIN, 0 }, { b->tap.fds[0], POLLIN, 0 } };
	int i;

	while (!stopped) {
		if (poll(pfds, 2, -1) < 0)
			continue;
		for (i = 0; i < BURST && pfds[0].revents && copy_frame(a, b); i++)
			;
		for (i = 0; i < BURST && pfds[1].revents && copy_frame(b, a); i++)
			;
	}
}

static void print_side(const struct side *s)
{
	printf("{\"tap\":\"%s\",\"frames\":%llu,\"bytes\":%llu,\"refused\":%llu}", s->tap.name,
	       s->frames, s->bytes, s->refused);
}

int main(int argc, char **argv)
{
	static struct side a, b;
	struct sigaction action = { .sa_handler = on_signal };
	int stats = argc > 1 && !strcmp(argv[1], "--stats");

	argv += stats;
	argc -= stats;
	if (argc != 3 && argc != 5) {
		fputs("usage: tap-copier [--stats] TAP1 TAP2 [NETNS-FILE1 NETNS-FILE2]\n", stderr);
		return 2;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	side_open(&a, argv[1], argc == 5 ? argv[3] : NULL);
	side_open(&b, argv[2], argc == 5 ? argv[4] : NULL);
	copy(&a, &b);
	if (stats) {
		printf("[");
		print_side(&a);
		printf(",");
		print_side(&b);
		printf("]\n");
	}
	return 0;
}
