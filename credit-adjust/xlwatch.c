/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/xlwatch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXEC_EVENT 2u /* PROC_EVENT_EXEC: an enumerator whose home changed between kernel headers */
/* As they lie behind each other on the socket: neither is aligned as its type asks. */
#define EVENT_OFFSET (NLMSG_HDRLEN + sizeof(struct cn_msg))
#define WHAT_OFFSET (EVENT_OFFSET + offsetof(struct proc_event, what))

struct xlwatch {
	sd_event_source *io;
	int fd;
	bool (*leaves)(void *arg, const char *word);
	void *arg;
};

static const char *next_word(const char *word, const char *end)
{
	word += strlen(word) + 1;
	return word < end && *word ? word : NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* xl takes an unambiguous beginning for the whole; that of "migrate" never is, for there is "migrate-receive". */
static bool is_leaving(const char *word)
{
	size_t len = strlen(word);

	return !strcmp(word, "migrate") || (len > 1 && !strncmp(word, "save", len));
}

/* line ends with a NUL.  Options' arguments are words like others: they rarely name a domain. */
static bool line_leaves(const char *line, const char *end, bool (*leaves)(void *, const char *), void *arg)
{
	const char *word = line;
	bool leaving = false;

	if (strcmp(base_name(line), "xl"))
		return false;
	while ((word = next_word(word, end))) {
		if (*word == '-')
			continue;
		if (leaving && leaves(arg, word))
			return true;
		if (!leaving && !is_leaving(word))
			return false;
		leaving = true;
	}
	return false;
}

bool xlwatch_command(const char *line, size_t size, bool (*leaves)(void *arg, const char *word), void *arg)
{
	return size && !line[size - 1] && line_leaves(line, line + size, leaves, arg);
}

static void process_check(struct xlwatch *w, pid_t pid)
{
	char path[32], line[1024];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* it was short-lived */
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return;
	line[n] = '\0';
	xlwatch_command(line, (size_t)n + (line[n - 1] != '\0'), w->leaves, w->arg);
}

static int on_event(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	char bytes[EVENT_OFFSET + sizeof(struct proc_event)];
	struct proc_event event;
	struct xlwatch *w = arg;
	ssize_t n;

	while ((n = recv(w->fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		memset(&event, 0, sizeof(event));
		if ((size_t)n > EVENT_OFFSET)
			memcpy(&event, bytes + EVENT_OFFSET, (size_t)n - EVENT_OFFSET);
		if ((size_t)n > WHAT_OFFSET + 16 && (uint32_t)event.what == EXEC_EVENT)
			process_check(w, event.event_data.exec.process_tgid);
	}
	return 0; /* ENOBUFS: some events were lost; nothing can be done about them */
}

/* Forks and exits need not wake us.  BPF loads in network order. */
static int filter_set(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, WHAT_OFFSET),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(EXEC_EVENT), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

static int listen_ask(int fd)
{
	const uint32_t op = PROC_CN_MCAST_LISTEN;
	const struct cn_msg msg = { .id = { CN_IDX_PROC, CN_VAL_PROC }, .len = sizeof(op) };
	char bytes[EVENT_OFFSET + sizeof(op)];
	const struct nlmsghdr head = { .nlmsg_len = sizeof(bytes), .nlmsg_type = NLMSG_DONE };

	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + NLMSG_HDRLEN, &msg, sizeof(msg));
	memcpy(bytes + EVENT_OFFSET, &op, sizeof(op));
	return send(fd, bytes, sizeof(bytes), 0) < 0 ? -errno : 0;
}

static int socket_open(struct xlwatch *w)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC };
	int rc;

	w->fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
	if (w->fd < 0)
		return -errno;
	rc = filter_set(w->fd);
	if (!rc && bind(w->fd, (struct sockaddr *)&addr, sizeof(addr)))
		rc = -errno;
	return rc ? rc : listen_ask(w->fd);
}

int xlwatch_open(struct xlwatch **watch, sd_event *event, bool (*leaves)(void *arg, const char *word), void *arg)
{
	struct xlwatch *w = calloc(1, sizeof(*w));
	int rc;

	*watch = NULL;
	if (!w)
		return -ENOMEM;
	*w = (struct xlwatch){ .fd = -1, .leaves = leaves, .arg = arg };
	rc = socket_open(w);
	if (!rc)
		rc = sd_event_add_io(event, &w->io, w->fd, EPOLLIN, on_event, w);
	/* Before all else: xl does not wait for us. */
	if (rc >= 0)
		rc = sd_event_source_set_priority(w->io, SD_EVENT_PRIORITY_IMPORTANT);
	if (rc < 0) {
		xlwatch_close(w);
		return rc;
	}
	*watch = w;
	return 0;
}

void xlwatch_close(struct xlwatch *w)
{
	if (!w)
		return;
	sd_event_source_disable_unref(w->io);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}
