/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/netback.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/daemon/log.h"

#define ANSWER_MAX (8u << 20) /* 1000 vifs with 8 queues */
#define SELDOM 10	      /* rounds between questions while no vif is switched */
#define PATIENCE 5	      /* rounds to wait for an answer before the connection is given up */

struct netback {
	sd_event *event;
	sd_event_source *io;
	struct sockaddr_un addr;
	net_found found;
	void *arg;
	int fd;
	char *in;
	size_t len, room;
	unsigned int skip, waiting;
	bool asked, switched;
};

static void disconnect(struct netback *n)
{
	n->io = sd_event_source_disable_unref(n->io);
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
	n->len = 0;
	n->asked = false;
}

static uint64_t sum(const json_t *queues, const char *key)
{
	const json_t *queue;
	uint64_t total = 0;
	size_t i;

	json_array_foreach(queues, i, queue)
		total += (uint64_t)json_integer_value(json_object_get(queue, key));
	return total;
}

static uint64_t vif_frames(const json_t *data)
{
	const json_t *queues = json_object_get(data, "queues");

	return net_frames(sum(queues, "tx_frames") + sum(queues, "rx_frames"),
			  sum(queues, "tx_bytes") + sum(queues, "rx_bytes"));
}

static void answer_take(struct netback *n, const json_t *answer)
{
	const json_t *vif, *data;
	size_t i;

	n->switched = false;
	json_array_foreach(json_object_get(answer, "vifs"), i, vif) {
		data = json_object_get(vif, "data");
		if (!json_is_true(json_object_get(data, "switched")))
			continue;
		n->switched = true;
		n->skip = 0;
		n->found(n->arg, (uint32_t)json_integer_value(json_object_get(vif, "domid")), false,
			 (uint32_t)json_integer_value(json_object_get(vif, "devid")), vif_frames(data));
	}
}

static int room_make(struct netback *n)
{
	size_t room = n->room ? 2 * n->room : 65536;
	char *more;

	if (n->len < n->room)
		return 0;
	if (room > ANSWER_MAX || !(more = realloc(n->in, room)))
		return -ENOMEM;
	n->in = more;
	n->room = room;
	return 0;
}

/* 1: a whole answer is there, 0: more to come. */
static int answer_read(struct netback *n)
{
	for (;;) {
		ssize_t got;

		if (room_make(n))
			return -ENOMEM;
		got = recv(n->fd, n->in + n->len, n->room - n->len, MSG_DONTWAIT);
		if (got < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (!got)
			return -ECONNRESET;
		n->len += (size_t)got;
		if (n->in[n->len - 1] == '\n')
			return 1;
	}
}

static int on_answer(sd_event_source *s, int fd, uint32_t revents, void *arg)
{
	struct netback *n = arg;
	int rc = answer_read(n);
	json_t *answer;

	if (!rc)
		return 0;
	if (rc < 0 || !(answer = json_loadb(n->in, n->len, 0, NULL))) {
		disconnect(n);
		return 0;
	}
	answer_take(n, answer);
	json_decref(answer);
	n->len = 0;
	n->asked = false;
	return 0;
}

static int connect_now(struct netback *n)
{
	n->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (n->fd < 0)
		return -errno;
	if (connect(n->fd, (struct sockaddr *)&n->addr, sizeof(n->addr)))
		return -errno;
	return sd_event_add_io(n->event, &n->io, n->fd, EPOLLIN, on_answer, n);
}

static int question_send(struct netback *n)
{
	static const char question[] = "{\"command\":\"stats\"}\n";

	if (n->fd < 0 && connect_now(n) < 0)
		return -ENOTCONN;
	if (send(n->fd, question, sizeof(question) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	n->asked = true;
	n->waiting = 0;
	return 0;
}

void netback_ask(struct netback *n)
{
	if (n->asked && n->waiting++ < PATIENCE)
		return;
	if (n->asked)
		disconnect(n);
	if (n->skip && n->skip--)
		return;
	if (question_send(n))
		disconnect(n);
	/* The daemon closes connections that are silent for 30 s: it is asked well before. */
	n->skip = n->switched ? 0 : SELDOM;
}

int netback_open(struct netback **netback, sd_event *event, const char *path, net_found found, void *arg)
{
	struct netback *n = calloc(1, sizeof(*n));

	*netback = n;
	if (!n)
		return -ENOMEM;
	*n = (struct netback){ .event = event, .found = found, .arg = arg, .fd = -1 };
	n->addr.sun_family = AF_UNIX;
	strncpy(n->addr.sun_path, path, sizeof(n->addr.sun_path) - 1); /* config.c bounds the length */
	return 0;
}

void netback_close(struct netback *n)
{
	if (!n)
		return;
	disconnect(n);
	free(n->in);
	free(n);
}
