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

static size_t part_read(void *buffer, size_t size, void *fd)
{
	ssize_t n = recv(*(int *)fd, buffer, size, 0);

	return n < 0 ? (size_t)-1 : (size_t)n;
}

static int request_send(int fd, const char *method, json_t *params)
{
	json_t *request = json_pack("{s:i,s:s,s:O}", "id", 0, "method", method, "params", params);
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	size_t n = text ? strlen(text) : 0;
	int rc = -ENOMEM;

	if (text)
		rc = send(fd, text, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 : -EPIPE;
	free(text);
	json_decref(request);
	return rc;
}

/* *text is malloc'd. params is consumed. */
static int ask(const struct xlnet *x, const char *method, json_t *params, char **text)
{
	int fd = ctl_connect(x), rc = fd < 0 ? fd : request_send(fd, method, params);
	json_t *answer = NULL;
	const char *result;

	*text = NULL;
	json_decref(params);
	if (!rc) {
		answer = json_load_callback(part_read, &fd, JSON_DISABLE_EOF_CHECK, NULL);
		result = json_string_value(json_object_get(answer, "result"));
		rc = result ? 0 : answer ? -EREMOTEIO : -ETIMEDOUT;
		*text = result ? strdup(result) : NULL;
		if (!rc && !*text)
			rc = -ENOMEM;
	}
	json_decref(answer);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* ---- dpif/show: "  BRIDGE:", then "    INTERFACE NUMBER/...: (TYPE)" for each of its ports ---- */

struct port {
	char bridge[IFNAMSIZ], name[IFNAMSIZ], number[8], type[16];
};

/* Calls fn for each port until it returns true: 0; -ENOENT: it never did. */
static int ports_find(const struct xlnet *x, bool (*fn)(const struct port *port, void *arg),
		      void *arg)
{
	struct port port = { .name = "" };
	char *text, *line, *rest;
	int rc = ask(x, "dpif/show", json_array(), &text);

	if (rc)
		return rc;
	rc = -ENOENT;
	for (line = strtok_r(text, "\n", &rest); rc && line; line = strtok_r(NULL, "\n", &rest)) {
		if (strncmp(line, "    ", 4))
			sscanf(line, "  %15[^: ]:", port.bridge);
		else if (sscanf(line, "    %15s %7[0-9]/%*[^:]: (%15[^:)]", port.name, port.number,
				port.type) == 3 &&
			 fn(&port, arg))
			rc = 0;
	}
	free(text);
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

int ovs_place_get(const struct xlnet *x, const char *bridge, unsigned int vlan,
		  const struct mac *mac, char port[IFNAMSIZ], bool *sticks)
{
	struct port wanted = { .name = "" };
	char *text, *line, *rest;
	int rc = ask(x, "fdb/show", json_pack("[s]", bridge), &text);
	bool found = false;

	port[0] = '\0';
	if (rc)
		return rc;
	for (line = strtok_r(text, "\n", &rest); !found && line;
	     line = strtok_r(NULL, "\n", &rest))
		found = entry_is(line, vlan, mac, wanted.number, sticks);
	free(text);
	if (!found)
		return -ENOENT;
	text_copy(wanted.bridge, sizeof(wanted.bridge), bridge);
	text_copy(wanted.name, sizeof(wanted.name), bridge);
	if (strcmp(wanted.number, "LOCAL"))
		rc = ports_find(x, number_is, &wanted);
	text_copy(port, IFNAMSIZ, rc ? "" : wanted.name);
	return rc;
}

unsigned int ovs_lag_ms(void)
{
	return 1500;
}

int ovs_place_stick(const struct xlnet *x, const char *bridge, unsigned int vlan,
		    const struct mac *mac, const char *port)
{
	char in[8], of[MAC_TEXT], *text;
	int rc;

	snprintf(in, sizeof(in), "%u", vlan);
	rc = ask(x, "fdb/add", json_pack("[s,s,s,s]", bridge, port, in, mac_text(mac, of)), &text);
	free(text);
	return rc;
}

/* Only an entry that sticks can be deleted alone. */
int ovs_place_forget(const struct xlnet *x, const char *bridge, unsigned int vlan,
		     const struct mac *mac, const char *port)
{
	char in[8], of[MAC_TEXT], *text = NULL;
	int rc = ovs_place_stick(x, bridge, vlan, mac, port);

	snprintf(in, sizeof(in), "%u", vlan);
	if (!rc)
		rc = ask(x, "fdb/del", json_pack("[s,s,s]", bridge, in, mac_text(mac, of)), &text);
	free(text);
	return rc;
}
