/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xensimd: the hypervisor and xenstored of one embedded host. Listens on $XENSIM_SOCKET until SIGTERM. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/xensim/server.h"

struct xensim_shared *shared;
int shared_fd = -1;

static int die(const char *what)
{
	fprintf(stderr, "xensimd: %s: %s\n", what, strerror(errno));
	return 1;
}

static int shared_open(void)
{
	shared_fd = memfd_create("xensim-shared", MFD_CLOEXEC);
	if (shared_fd < 0 || ftruncate(shared_fd, sizeof(*shared)))
		return -1;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, shared_fd, 0);
	return shared == MAP_FAILED ? -1 : 0;
}

static int listen_on(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 1024))
		return -1;
	return fd;
}

/* A handle costs two descriptors here, and a demo opens hundreds. */
static void raise_fd_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int poll_add(int poller, int fd, void *ptr)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = ptr };

	return epoll_ctl(poller, EPOLL_CTL_ADD, fd, &e);
}

static void accept_all(int poller, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		conn_new(poller, fd);
}

/* data.ptr: NULL = listener, &stop = signal, else the connection. A storm goes on each millisecond. */
static void run(int poller, int listener)
{
	static char stop;
	struct epoll_event e[64];
	int signals = signals_open();
	bool storm = false;

	if (signals < 0 || poll_add(poller, listener, NULL) || poll_add(poller, signals, &stop)) {
		die("epoll");
		return;
	}
	for (;;) {
		int n = epoll_wait(poller, e, 64, storm ? 1 : -1);

		for (int i = 0; i < n; i++) {
			if (e[i].data.ptr == &stop)
				return;
			if (e[i].data.ptr)
				conn_ready(e[i].data.ptr, e[i].events);
			else
				accept_all(poller, listener);
		}
		storm = evtchn_storm();
		conn_reap();
	}
}

int main(int argc, char **argv)
{
	const char *path = getenv(XENSIM_ENV_SOCKET);
	int listener, poller, ready = -1;

	if (argc == 3 && !strcmp(argv[1], "--ready-fd"))
		ready = atoi(argv[2]);
	else if (argc > 1)
		path = NULL;
	if (!path) {
		fprintf(stderr, "usage: " XENSIM_ENV_SOCKET "=PATH xensimd [--ready-fd N]\n");
		return 2;
	}
	raise_fd_limit();
	if (shared_open())
		return die("shared memory");
	store_init();
	dom_create(0, 1, 1024 * 1024, "Domain-0");
	poller = epoll_create1(EPOLL_CLOEXEC);
	listener = listen_on(path);
	if (poller < 0 || listener < 0)
		return die(path);
	if (ready >= 0) {
		(void)!write(ready, "", 1);
		close(ready);
	}
	run(poller, listener);
	unlink(path);
	return 0;
}
