/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/daemon/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/daemon/log.h"
#include "lib/daemon/shortage.h"

/* A client that neither asks nor reads for so long is dropped. */
#define CLIENT_IDLE_USEC (30 * 1000000ull)
/* Without a free descriptor a client cannot even be refused; it waits, and the loop must not spin. */
#define SHORT_USEC 1000000ull

struct client {
	struct control *control;
	struct client *next;
	int fd;
	sd_event_source *io, *idle;
	size_t in_len;
	char in[CONTROL_REQUEST_MAX];
	char *out; /* the one answer on its way; no request is read meanwhile */
	size_t out_len, out_done;
};

struct control {
	sd_event *event;
	json_t *(*answer)(void *arg, const char *command, const json_t *request);
	void *arg;
	struct sockaddr_un addr;
	int fd;
	int spare; /* a descriptor for one client, however short the daemon is of them; -1: lent to one */
	sd_event_source *io, *resume;
	struct client *clients;
	unsigned int nclients;
};

/* 0 or -errno. */
static int spare_take(struct control *c)
{
	if (c->spare < 0)
		c->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return c->spare < 0 ? -errno : 0;
}

static void client_drop(struct client *cl)
{
	struct client **p = &cl->control->clients;

	while (*p != cl)
		p = &(*p)->next;
	*p = cl->next;
	cl->control->nclients--;
	sd_event_source_disable_unref(cl->io);
	sd_event_source_disable_unref(cl->idle);
	close(cl->fd);
	spare_take(cl->control);
	free(cl->out);
	free(cl);
}

static json_t *refusal(const char *text)
{
	return json_pack("{s:s}", "error", text);
}

static json_t *request_answer(struct control *c, const char *line, size_t len)
{
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *command = json_string_value(json_object_get(request, "command"));
	json_t *reply = command ? c->answer(c->arg, command, request) :
				  refusal("a request is one line: {\"command\": \"...\"}");

	json_decref(request);
	return reply;
}

static int answer_prepare(struct client *cl, size_t len)
{
	json_t *reply = request_answer(cl->control, cl->in, len);
	char *text = reply ? json_dumps(reply, JSON_COMPACT) : NULL;

	json_decref(reply);
	if (!text)
		return -ENOMEM;
	cl->out = text;
	cl->out_len = strlen(text);
	cl->out_done = 0;
	text[cl->out_len++] = '\n'; /* in the terminator's place */
	return 0;
}

/* 0: all sent, 1: later, < 0: the client is gone. */
static int answer_send(struct client *cl)
{
	ssize_t n;

	while (cl->out_done < cl->out_len) {
		n = send(cl->fd, cl->out + cl->out_done, cl->out_len - cl->out_done,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN ? 1 : -errno;
		cl->out_done += (size_t)n;
	}
	free(cl->out);
	cl->out = NULL;
	return 0;
}

/* Take lines from the buffer while their answers go out at once. */
static int client_work(struct client *cl)
{
	char *end;
	size_t used;
	int rc = cl->out ? answer_send(cl) : 0;

	while (!rc && (end = memchr(cl->in, '\n', cl->in_len))) {
		used = (size_t)(end - cl->in) + 1;
		rc = answer_prepare(cl, used - 1);
		cl->in_len -= used;
		memmove(cl->in, end + 1, cl->in_len);
		if (!rc)
			rc = answer_send(cl);
	}
	if (!rc && cl->in_len == sizeof(cl->in))
		return -E2BIG;
	return rc;
}

static int client_read(struct client *cl)
{
	ssize_t n = recv(cl->fd, cl->in + cl->in_len, sizeof(cl->in) - cl->in_len, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (!n)
		return -ECONNRESET;
	cl->in_len += (size_t)n;
	return 0;
}

static int on_client(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct client *cl = arg;
	int rc = cl->out ? 0 : client_read(cl);

	if (!rc)
		rc = client_work(cl);
	if (rc < 0 || (revents & EPOLLHUP && rc)) {
		client_drop(cl);
		return 0;
	}
	sd_event_source_set_io_events(cl->io, rc ? EPOLLOUT : EPOLLIN);
	sd_event_source_set_time_relative(cl->idle, CLIENT_IDLE_USEC);
	return 0;
}

static int on_idle(sd_event_source *s, uint64_t usec, void *arg)
{
	client_drop(arg);
	return 0;
}

static void client_add(struct control *c, int fd)
{
	struct client *cl = calloc(1, sizeof(*cl));

	if (!cl) {
		close(fd);
		return;
	}
	cl->control = c;
	cl->fd = fd;
	cl->next = c->clients;
	c->clients = cl;
	c->nclients++;
	if (sd_event_add_io(c->event, &cl->io, fd, EPOLLIN, on_client, cl) < 0 ||
	    sd_event_add_time_relative(c->event, &cl->idle, CLOCK_MONOTONIC, CLIENT_IDLE_USEC, 0, on_idle,
				       cl) < 0)
		client_drop(cl);
}

static int on_rested(sd_event_source *s, uint64_t usec, void *arg)
{
	struct control *c = arg;

	return sd_event_source_set_enabled(c->io, SD_EVENT_ON);
}

static void rest(struct control *c)
{
	sd_event_source_set_time_relative(c->resume, SHORT_USEC);
	if (sd_event_source_set_enabled(c->resume, SD_EVENT_ONESHOT) >= 0)
		sd_event_source_set_enabled(c->io, SD_EVENT_OFF);
}

/* An operator who looks why there are no descriptors must get an answer. */
static int client_accept(struct control *c)
{
	int client = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (client >= 0 || errno != EMFILE || c->spare < 0)
		return client;
	close(c->spare);
	c->spare = -1;
	return accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* One more than allowed: refuse it in a word rather than let it wait. */
static int on_connect(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	static const char busy[] = "{\"error\":\"too many clients\"}\n";
	struct control *c = arg;
	int client = client_accept(c);

	if (client < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			rest(c);
		return 0;
	}
	if (c->nclients < CONTROL_CLIENTS_MAX) {
		client_add(c, client);
		return 0;
	}
	if (send(client, busy, sizeof(busy) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_debug("control socket: %s", strerror(errno));
	close(client);
	return 0;
}

static int listen_at(struct control *c)
{
	mode_t mask;
	int rc;

	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return -errno;
	unlink(c->addr.sun_path); /* a dead daemon's; a live one holds the lock (lock.h) */
	mask = umask(0177);
	rc = bind(c->fd, (struct sockaddr *)&c->addr, sizeof(c->addr)) ? -errno : 0;
	umask(mask);
	if (!rc && listen(c->fd, CONTROL_CLIENTS_MAX))
		rc = -errno;
	return rc;
}

int control_start(struct control **control, sd_event *event, const char *path,
		  json_t *(*answer)(void *arg, const char *command, const json_t *request), void *arg)
{
	struct control *c = calloc(1, sizeof(*c));
	int rc = -ENAMETOOLONG;

	*control = NULL;
	if (!c)
		return -ENOMEM;
	*c = (struct control){ .event = event, .answer = answer, .arg = arg, .fd = -1, .spare = -1 };
	c->addr.sun_family = AF_UNIX;
	if (strlen(path) < sizeof(c->addr.sun_path)) {
		strcpy(c->addr.sun_path, path);
		rc = listen_at(c);
	}
	if (!rc)
		rc = spare_take(c);
	if (!rc)
		rc = sd_event_add_io(event, &c->io, c->fd, EPOLLIN, on_connect, c);
	if (rc >= 0)
		rc = sd_event_add_time_relative(event, &c->resume, CLOCK_MONOTONIC, 0, 0, on_rested, c);
	if (rc >= 0)
		rc = sd_event_source_set_enabled(c->resume, SD_EVENT_OFF);
	if (rc < 0) {
		log_error("control socket %s: %s%s", path, strerror(-rc), shortage_remedy(rc));
		control_stop(c);
		return rc;
	}
	*control = c;
	return 0;
}

void control_stop(struct control *c)
{
	if (!c)
		return;
	while (c->clients)
		client_drop(c->clients);
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->resume);
	if (c->spare >= 0)
		close(c->spare);
	if (c->fd >= 0) {
		close(c->fd);
		unlink(c->addr.sun_path);
	}
	free(c);
}
