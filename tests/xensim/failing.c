/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libxensim-failing.so, to be preloaded: the kernel's part of "xensim fault D KIND-call nth=N". Calls about TAPs, of
 * io_uring, of the event loop and of the program's own memory fail as the kernel's would that is out of something.
 * It stands before the program's libraries; a program without XENSIM_FAILING=ITS-NAME does not notice it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "tests/xensim/client.h"

#define REAL(name) ((__typeof__(&name))real(#name))

static struct client client;
static bool connected;

/* Before main(), so that no thread is there yet. */
static void __attribute__((constructor)) connect_to_host(void)
{
	connected = client_is_failing() && !client_open(&client, XENSIM_K_CTRL, -1, 1);
}

static bool fails(enum xensim_fault_kind kind)
{
	return connected && client_fails(&client, kind);
}

static void *real(const char *name)
{
	void *f = dlsym(RTLD_NEXT, name);

	if (!f)
		abort();
	return f;
}

static int fail(int err)
{
	errno = err;
	return -1;
}

/* --- TAPs ---------------------------------------------------------------------- */

int open(const char *path, int flags, ...)
{
	va_list ap;
	int mode;

	va_start(ap, flags);
	mode = va_arg(ap, int); /* rubbish where there is none, and not looked at then */
	va_end(ap);
	if (!strcmp(path, "/dev/net/tun") && fails(XENSIM_F_TAP_CALL))
		return fail(EMFILE);
	return REAL(open)(path, flags, mode);
}

static bool is_tap_request(unsigned long request)
{
	return (_IOC_TYPE(request) == 'T' && _IOC_NR(request) >= _IOC_NR(TUNSETIFF)) ||
	       (request >= SIOCGIFNAME && request <= SIOCSIFTXQLEN);
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (is_tap_request(request) && fails(XENSIM_F_TAP_CALL))
		return fail(ENOMEM);
	return REAL(ioctl)(fd, request, arg);
}

int socket(int domain, int type, int protocol)
{
	if (domain == AF_INET && fails(XENSIM_F_TAP_CALL))
		return fail(EMFILE);
	return REAL(socket)(domain, type, protocol);
}

/* --- io_uring ------------------------------------------------------------------ */

/* The kernel completes an operation that it does not know with an error. */
static void look_through(struct io_uring *ring)
{
	const struct io_uring_sq *sq = &ring->sq;

	for (unsigned int i = sq->sqe_head; i != sq->sqe_tail; i++)
		if (fails(XENSIM_F_URING_OP))
			sq->sqes[i & *sq->kring_mask].opcode = 0xff;
}

int io_uring_queue_init(unsigned int entries, struct io_uring *ring, unsigned int flags)
{
	return fails(XENSIM_F_URING_CALL) ? -ENOMEM : REAL(io_uring_queue_init)(entries, ring, flags);
}

int io_uring_register_buffers(struct io_uring *ring, const struct iovec *iovecs, unsigned int n)
{
	return fails(XENSIM_F_URING_CALL) ? -ENOMEM : REAL(io_uring_register_buffers)(ring, iovecs, n);
}

int io_uring_submit(struct io_uring *ring)
{
	if (fails(XENSIM_F_URING_CALL))
		return -EAGAIN;
	look_through(ring);
	return REAL(io_uring_submit)(ring);
}

int io_uring_submit_and_wait(struct io_uring *ring, unsigned int n)
{
	if (fails(XENSIM_F_URING_CALL))
		return -EAGAIN;
	look_through(ring);
	return REAL(io_uring_submit_and_wait)(ring, n);
}

int io_uring_submit_and_wait_timeout(struct io_uring *ring, struct io_uring_cqe **cqe, unsigned int n,
				     struct __kernel_timespec *ts, sigset_t *mask)
{
	if (fails(XENSIM_F_URING_CALL))
		return -EAGAIN;
	look_through(ring);
	return REAL(io_uring_submit_and_wait_timeout)(ring, cqe, n, ts, mask);
}

/* --- the event loop, and programs ---------------------------------------------- */

int eventfd(unsigned int value, int flags)
{
	return fails(XENSIM_F_LOOP_CALL) ? fail(EMFILE) : REAL(eventfd)(value, flags);
}

int sd_event_add_io(sd_event *event, sd_event_source **s, int fd, uint32_t events, sd_event_io_handler_t fn, void *arg)
{
	return fails(XENSIM_F_LOOP_CALL) ? -ENOSPC : REAL(sd_event_add_io)(event, s, fd, events, fn, arg);
}

int sd_event_add_time_relative(sd_event *event, sd_event_source **s, clockid_t clock, uint64_t usec, uint64_t accuracy,
			       sd_event_time_handler_t fn, void *arg)
{
	if (fails(XENSIM_F_LOOP_CALL))
		return -ENOMEM;
	return REAL(sd_event_add_time_relative)(event, s, clock, usec, accuracy, fn, arg);
}

int sd_event_add_child(sd_event *event, sd_event_source **s, pid_t pid, int options, sd_event_child_handler_t fn,
		       void *arg)
{
	return fails(XENSIM_F_LOOP_CALL) ? -ENOMEM : REAL(sd_event_add_child)(event, s, pid, options, fn, arg);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr,
		char *const *argv, char *const *env)
{
	return fails(XENSIM_F_LOOP_CALL) ? EAGAIN : REAL(posix_spawn)(pid, path, actions, attr, argv, env);
}
