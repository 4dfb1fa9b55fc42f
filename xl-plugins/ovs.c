/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/ovs.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* A daemon that does not answer must not hold up an operation. */
#define ANSWER_SECONDS 5

/* ---- its control socket ---- */

static int pid_read(const struct xlnet *x, long *pid)
{
	char path[PATH_MAX];
	FILE *f;
	int n;

	if (text_format(path, sizeof(path), "%s/ovs-vswitchd.pid", x->ovs))
		return -ENAMETOOLONG;
	f = fopen(path, "re");
	if (!f)
		return -errno;
	n = fscanf(f, "%ld", pid);
	fclose(f);
	return n == 1 ? 0 : -ENOENT;
}

static int ctl_connect(const struct xlnet *x)
{
	const struct timeval limit = { .tv_sec = ANSWER_SECONDS };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	long pid;
	int fd, rc = pid_read(x, &pid);

	if (!rc)
		rc = text_format(to.sun_path, sizeof(to.sun_path), "%s/ovs-vswitchd.%ld.ctl",
				 x->ovs, pid);
	if (rc)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		/* It was killed, and left its files. */
		rc = errno == ECONNREFUSED ? -ENOENT : -errno;
		close(fd);
		return rc;
	}
	return fd;
}

/* What is asked, and its answer, which is malloc'd. params is consumed. */
struct request {
	const char *method;
	json_t *params;
	char *answer;
};

/* In one piece: what is asked together is done together, with hardly a frame between. */
static int requests_send(int fd, const struct request *r, size_t n)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	json_t *message;
	ssize_t sent;

	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		message = json_pack("{s:i,s:s,s:O}", "id", (int)i, "method", r[i].method, "params",
				    r[i].params);
		json_dumpf(message, f, JSON_COMPACT);
		json_decref(message);
	}
	fclose(f);
	sent = send(fd, text, size, MSG_NOSIGNAL);
	free(text);
	return sent == (ssize_t)size ? 0 : -EPIPE;
}

struct reader {
	int fd;
	bool late; /* there was no answer in time */
	size_t at, n;
	char buffer[4096];
};

/* One byte at a time, so that the parser takes none of the next answer. */
static size_t byte_read(void *to, size_t size, void *arg)
{
	struct reader *r = arg;
	ssize_t n;

	if (r->at == r->n) {
		n = recv(r->fd, r->buffer, sizeof(r->buffer), 0);
		r->late = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
		if (n <= 0)
			return 0;
		r->n = (size_t)n;
		r->at = 0;
	}
	*(char *)to = r->buffer[r->at++];
	return 1;
}

static int answer_read(struct reader *reader, struct request *r)
{
	json_t *answer = json_load_callback(byte_read, reader, JSON_DISABLE_EOF_CHECK, NULL);
	const char *result = json_string_value(json_object_get(answer, "result"));
	int rc = result ? 0 : answer ? -EREMOTEIO : -ETIMEDOUT;

	/* A daemon that ends instead has no bridges any more. */
	if (!answer && !reader->late)
		rc = -ENOENT;
	if (result)
		r->answer = strdup(result);
	json_decref(answer);
	return rc || r->answer ? rc : -ENOMEM;
}

static void requests_free(struct request *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(r[i].answer);
}

/* The first that fails says why; the answers are the caller's to free, whatever it returns. */
static int ask(const struct xlnet *x, struct request *r, size_t n)
{
	struct reader reader = { .fd = ctl_connect(x) };
	int rc = reader.fd < 0 ? reader.fd : requests_send(reader.fd, r, n);

	for (size_t i = 0; i < n; i++) {
		if (!rc)
			rc = answer_read(&reader, &r[i]);
		json_decref(r[i].params);
	}
	if (reader.fd >= 0)
		close(reader.fd);
	return rc;
}

/* ---- dpif/show: "  BRIDGE:", then "    INTERFACE NUMBER/...: (TYPE)" for each of its ports ---- */

struct port {
	char bridge[IFNAMSIZ], name[IFNAMSIZ], number[8], type[16];
};

/* Calls fn for each port of dpif/show's answer until it returns true: 0; -ENOENT: it never did. */
static int ports_search(char *text, bool (*fn)(const struct port *port, void *arg), void *arg)
{
	struct port port = { .name = "" };
	char *line, *rest;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "    ", 4))
			sscanf(line, "  %15[^: ]:", port.bridge);
		else if (sscanf(line, "    %15s %7[0-9]/%*[^:]: (%15[^:)]", port.name, port.number,
				port.type) == 3 &&
			 fn(&port, arg))
			return 0;
	}
	return -ENOENT;
}

static int ports_find(const struct xlnet *x, bool (*fn)(const struct port *port, void *arg),
		      void *arg)
{
	struct request r = { .method = "dpif/show", .params = json_array() };
	int rc = ask(x, &r, 1);

	if (!rc)
		rc = ports_search(r.answer, fn, arg);
	requests_free(&r, 1);
	return rc;
}

struct each {
	const char *bridge;
	void (*fn)(const char *name, void *arg);
	void *arg;
};

/* A bridge's own port has its name. */
static bool bridge_each(const struct port *port, void *arg)
{
	const struct each *each = arg;

	if (!strcmp(port->name, port->bridge))
		each->fn(port->bridge, each->arg);
	return false;
}

void ovs_bridges(const struct xlnet *x, void (*fn)(const char *name, void *arg), void *arg)
{
	struct each each = { NULL, fn, arg };

	ports_find(x, bridge_each, &each);
}

/* "tap": an internal port of the datapath without a kernel module. */
static bool interface_each(const struct port *port, void *arg)
{
	const struct each *each = arg;

	if (!strcmp(port->bridge, each->bridge) &&
	    (!strcmp(port->type, "internal") || !strcmp(port->type, "tap")))
		each->fn(port->name, each->arg);
	return false;
}

void ovs_interfaces(const struct xlnet *x, const char *bridge,
		    void (*fn)(const char *name, void *arg), void *arg)
{
	struct each each = { bridge, fn, arg };

	ports_find(x, interface_each, &each);
}

static bool bridge_is(const struct port *port, void *arg)
{
	return !strcmp(port->bridge, arg);
}

bool ovs_has_bridge(const struct xlnet *x, const char *bridge)
{
	char name[IFNAMSIZ];

	text_copy(name, sizeof(name), bridge);
	return *name && !ports_find(x, bridge_is, name);
}

static bool name_is(const struct port *port, void *arg)
{
	struct port *wanted = arg;

	if (strcmp(port->name, wanted->name))
		return false;
	*wanted = *port;
	return true;
}

int ovs_bridge_of(const struct xlnet *x, const char *interface, char bridge[IFNAMSIZ])
{
	struct port wanted = { .name = "" };
	int rc;

	text_copy(wanted.name, sizeof(wanted.name), interface);
	rc = ports_find(x, name_is, &wanted);
	text_copy(bridge, IFNAMSIZ, rc ? "" : wanted.bridge);
	return rc;
}

static bool number_is(const struct port *port, void *arg)
{
	struct port *wanted = arg;

	if (strcmp(port->bridge, wanted->bridge) || strcmp(port->number, wanted->number))
		return false;
	*wanted = *port;
	return true;
}

/* ---- fdb/...: places ---- */

/* fdb/show: "NUMBER VLAN MAC AGE", its own port as LOCAL, an entry that sticks with "static". */
static bool entry_is(const char *line, unsigned int vlan, const struct mac *mac, char number[8],
		     bool *sticks)
{
	char text[MAC_TEXT], age[8] = "";
	struct mac of;
	unsigned int in;

	if (sscanf(line, "%7s %u %17s %7s", number, &in, text, age) != 4)
		return false;
	*sticks = !strcmp(age, "static");
	return in == vlan && !mac_parse(text, &of) && mac_equal(&of, mac);
}

/* The entry's port, by its number. */
static int place_find(char *fdb, unsigned int vlan, const struct mac *mac, struct port *wanted,
		      bool *sticks)
{
	char *line, *rest;

	for (line = strtok_r(fdb, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (entry_is(line, vlan, mac, wanted->number, sticks))
			return 0;
	return -ENOENT;
}

int ovs_place_get(const struct xlnet *x, const char *bridge, unsigned int vlan,
		  const struct mac *mac, char port[IFNAMSIZ], bool *sticks)
{
	struct request r[] = { { .method = "fdb/show", .params = json_pack("[s]", bridge) },
			       { .method = "dpif/show", .params = json_array() } };
	struct port wanted = { .name = "" };
	int rc = ask(x, r, 2);

	text_copy(wanted.bridge, sizeof(wanted.bridge), bridge);
	text_copy(wanted.name, sizeof(wanted.name), bridge);
	if (!rc)
		rc = place_find(r[0].answer, vlan, mac, &wanted, sticks);
	if (!rc && strcmp(wanted.number, "LOCAL"))
		rc = ports_search(r[1].answer, number_is, &wanted);
	text_copy(port, IFNAMSIZ, rc ? "" : wanted.name);
	requests_free(r, 2);
	return rc;
}

unsigned int ovs_lag_ms(void)
{
	return 1500;
}

static json_t *add_params(const char *bridge, unsigned int vlan, const struct mac *mac,
			  const char *port)
{
	char in[8], of[MAC_TEXT];

	snprintf(in, sizeof(in), "%u", vlan);
	return json_pack("[s,s,s,s]", bridge, port, in, mac_text(mac, of));
}

int ovs_place_stick(const struct xlnet *x, const char *bridge, unsigned int vlan,
		    const struct mac *mac, const char *port)
{
	struct request r = { .method = "fdb/add", .params = add_params(bridge, vlan, mac, port) };
	int rc = ask(x, &r, 1);

	requests_free(&r, 1);
	return rc;
}

/* Only an entry that sticks can be deleted alone. */
int ovs_place_forget(const struct xlnet *x, const char *bridge, unsigned int vlan,
		     const struct mac *mac, const char *port)
{
	char in[8], of[MAC_TEXT];
	struct request r[] = {
		{ .method = "fdb/add", .params = add_params(bridge, vlan, mac, port) },
		{ .method = "fdb/del", .params = NULL },
	};
	int rc;

	snprintf(in, sizeof(in), "%u", vlan);
	r[1].params = json_pack("[s,s,s]", bridge, in, mac_text(mac, of));
	rc = ask(x, r, 2);
	requests_free(r, 2);
	return rc;
}
