/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libxenstore.so.4 of the embedded Xen. Contract: xenstore.h. A handle may be used by several threads. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xenstore.h>

#include "tests/xensim/client.h"

enum { REPLY_MAX = 132 * 1024 };

struct xs_handle {
	struct client client;
	int notify; /* readable while xensimd has events for us, and when it is gone */
	char *buf;  /* one reply; under client.lock */
};


struct xs_handle *xs_open(unsigned long flags)
{
	struct xs_handle *h = calloc(1, sizeof(*h));
	int pair[2], rc;

	if (!h)
		return NULL;
	h->buf = malloc(REPLY_MAX);
	if (!h->buf || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		goto fail;
	rc = client_open(&h->client, XENSIM_K_STORE, pair[1], 1);
	close(pair[1]);
	if (!rc) {
		h->notify = pair[0];
		return h;
	}
	close(pair[0]);
	errno = -rc;
fail:
	rc = errno;
	free(h->buf);
	free(h);
	errno = rc;
	return NULL;
}

void xs_close(struct xs_handle *h)
{
	if (!h)
		return;
	client_close(&h->client);
	close(h->notify);
	free(h->buf);
	free(h);
}

static int error_number(const char *name)
{
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (!strcmp(xsd_errors[i].errstring, name))
			return xsd_errors[i].errnum;
	return EINVAL;
}

/* The queue at the server is empty: so must be the socket that tells of it. */
static void notify_drain(struct xs_handle *h)
{
	char c;

	(void)!recv(h->notify, &c, 1, MSG_DONTWAIT);
}

static ssize_t exchange(struct xs_handle *h, struct xsd_sockmsg *m, struct iovec *iov, size_t n)
{
	struct msghdr out = { .msg_iov = iov, .msg_iovlen = n };
	struct iovec in[2] = {
		{ .iov_base = m, .iov_len = sizeof(*m) },
		{ .iov_base = h->buf, .iov_len = REPLY_MAX - 1 },
	};
	struct msghdr reply = { .msg_iov = in, .msg_iovlen = 2 };
	ssize_t got;

	do
		got = sendmsg(h->client.fd, &out, MSG_NOSIGNAL);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -1;
	do
		got = recvmsg(h->client.fd, &reply, 0);
	while (got < 0 && errno == EINTR);
	return got;
}

static void *copy_reply(const struct xs_handle *h, uint32_t len)
{
	char *p = malloc(len + 1u);

	if (!p)
		return NULL;
	memcpy(p, h->buf, len);
	p[len] = '\0';
	return p;
}

/* One request; the body is data[0] then data[1]. Returns the reply (malloced, NUL-terminated) or NULL and errno. */
static void *ask(struct xs_handle *h, uint32_t type, xs_transaction_t t, const struct iovec *data, unsigned int *len)
{
	struct xsd_sockmsg m = { .type = type, .tx_id = t };
	struct iovec iov[3] = { { .iov_base = &m, .iov_len = sizeof(m) }, data[0], data[1] };
	void *p = NULL;
	ssize_t got;
	int err = 0;

	if (data[0].iov_len + data[1].iov_len > XENSTORE_PAYLOAD_MAX) {
		errno = E2BIG;
		return NULL;
	}
	m.len = (uint32_t)(data[0].iov_len + data[1].iov_len);
	pthread_mutex_lock(&h->client.lock);
	got = exchange(h, &m, iov, 3);
	if (got < (ssize_t)sizeof(m)) {
		err = EIO;
	} else {
		h->buf[m.len] = '\0';
		if (m.req_id & XENSIM_XS_DRAINED)
			notify_drain(h);
		err = m.type == XS_ERROR ? error_number(h->buf) : 0;
		p = err ? NULL : copy_reply(h, m.len);
	}
	pthread_mutex_unlock(&h->client.lock);
	if (err)
		errno = err;
	else if (len)
		*len = m.len;
	return p;
}

/* As xenstored that is out of memory: it takes the transaction away all the same. */
static void *refuse(struct xs_handle *h, uint32_t type, xs_transaction_t t)
{
	const struct iovec abort[2] = { { .iov_base = (char[]){ "F" }, .iov_len = 2 }, { 0 } };

	if (type == XS_TRANSACTION_END)
		free(ask(h, type, t, abort, NULL));
	errno = ENOMEM;
	return NULL;
}

/* What has come of a watch lies in a real handle's own memory: no call. */
static void *request(struct xs_handle *h, uint32_t type, xs_transaction_t t, const struct iovec *data, unsigned int *len)
{
	if (type != XENSIM_XS_NEXT_EVENT && client_fails(&h->client, XENSIM_F_STORE_CALL))
		return refuse(h, type, t);
	return ask(h, type, t, data, len);
}

static struct iovec string(const char *s)
{
	return (struct iovec){ .iov_base = (void *)(uintptr_t)s, .iov_len = s ? strlen(s) + 1 : 0 };
}

static void *request_path(struct xs_handle *h, uint32_t type, xs_transaction_t t, const char *path, unsigned int *len)
{
	struct iovec data[2] = { string(path), { 0 } };

	return request(h, type, t, data, len);
}

static bool succeeded(void *reply)
{
	free(reply);
	return reply != NULL;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *num)
{
	unsigned int len, n = 0;
	char *names = request_path(h, XS_DIRECTORY, t, path, &len), **list, *at;

	if (!names)
		return NULL;
	for (at = names; at < names + len; at += strlen(at) + 1)
		n++;
	list = malloc((n + 1) * sizeof(*list) + len + 1);
	if (list) {
		at = memcpy(list + n + 1, names, len + 1);
		for (unsigned int i = 0; i < n; i++, at += strlen(at) + 1)
			list[i] = at;
		list[n] = NULL;
		*num = n;
	}
	free(names);
	return list;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len)
{
	return request_path(h, XS_READ, t, path, len);
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data, unsigned int len)
{
	struct iovec iov[2] = { string(path), { .iov_base = (void *)(uintptr_t)data, .iov_len = len } };

	return succeeded(request(h, XS_WRITE, t, iov, NULL));
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	return succeeded(request_path(h, XS_MKDIR, t, path, NULL));
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	return succeeded(request_path(h, XS_RM, t, path, NULL));
}

static const char letters[] = "nrwb";

bool xs_strings_to_perms(struct xs_permissions *perms, unsigned int num, const char *strings)
{
	for (unsigned int i = 0; i < num; i++, strings += strlen(strings) + 1) {
		const char *letter = *strings ? strchr(letters, *strings) : NULL;
		char *end;

		if (!letter) {
			errno = EINVAL;
			return false;
		}
		perms[i].perms = (unsigned int)(letter - letters);
		perms[i].id = (unsigned int)strtoul(strings + 1, &end, 10);
		if (*end || end == strings + 1) {
			errno = EINVAL;
			return false;
		}
	}
	return true;
}

struct xs_permissions *xs_get_permissions(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *num)
{
	unsigned int len, n = 0;
	char *text = request_path(h, XS_GET_PERMS, t, path, &len);
	struct xs_permissions *perms;

	if (!text)
		return NULL;
	for (char *at = text; at < text + len; at += strlen(at) + 1)
		n++;
	perms = calloc(n ? n : 1, sizeof(*perms));
	if (perms && !xs_strings_to_perms(perms, n, text)) {
		free(perms);
		perms = NULL;
	}
	free(text);
	*num = n;
	return perms;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path, struct xs_permissions *perms,
			unsigned int num)
{
	char *text = malloc(num * 16u + 1u);
	struct iovec iov[2] = { string(path), { .iov_base = text } };
	bool ok;

	if (!text)
		return false;
	for (unsigned int i = 0; i < num; i++)
		iov[1].iov_len += (size_t)sprintf(text + iov[1].iov_len, "%c%u", letters[perms[i].perms & 3],
						  perms[i].id & 0xffffu) + 1;
	ok = succeeded(request(h, XS_SET_PERMS, t, iov, NULL));
	free(text);
	return ok;
}

static bool watch_request(struct xs_handle *h, uint32_t type, const char *path, const char *token)
{
	struct iovec iov[2] = { string(path), string(token) };

	return succeeded(request(h, type, XBT_NULL, iov, NULL));
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	return watch_request(h, XS_WATCH, path, token);
}

/* xensimd drops the watch's waiting events with it, so XS_UNWATCH_FILTER is always in force. */
bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	return watch_request(h, XS_UNWATCH, path, token);
}

int xs_fileno(struct xs_handle *h)
{
	return h->notify;
}

/* The two strings, in one allocation with the pointers to them. */
static char **event_array(const char *text, unsigned int len)
{
	char **ret = malloc(2 * sizeof(*ret) + len + 1);

	if (!ret)
		return NULL;
	ret[XS_WATCH_PATH] = memcpy(ret + 2, text, len + 1);
	ret[XS_WATCH_TOKEN] = ret[XS_WATCH_PATH] + strlen(ret[XS_WATCH_PATH]) + 1;
	return ret;
}

char **xs_check_watch(struct xs_handle *h)
{
	const struct iovec none[2] = { { 0 }, { 0 } };
	unsigned int len;
	char *text = request(h, XENSIM_XS_NEXT_EVENT, XBT_NULL, none, &len), **ret;

	if (!text) {
		if (errno == ENOENT)
			errno = EAGAIN;
		return NULL;
	}
	ret = event_array(text, len);
	free(text);
	return ret;
}

char **xs_read_watch(struct xs_handle *h, unsigned int *num)
{
	struct pollfd p = { .fd = h->notify, .events = POLLIN };

	for (;;) {
		char **ret = xs_check_watch(h);

		if (ret)
			*num = 2;
		if (ret || errno != EAGAIN)
			return ret;
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return NULL;
	}
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
	char *id = request_path(h, XS_TRANSACTION_START, XBT_NULL, "", NULL);
	xs_transaction_t t = id ? (xs_transaction_t)strtoul(id, NULL, 10) : XBT_NULL;

	free(id);
	return t;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort)
{
	return succeeded(request_path(h, XS_TRANSACTION_END, t, abort ? "F" : "T", NULL));
}

static char *request_domid(struct xs_handle *h, uint32_t type, unsigned int domid, const char *rest, size_t rest_len)
{
	char text[16];
	struct iovec iov[2] = { { .iov_base = text }, { .iov_base = (void *)(uintptr_t)rest, .iov_len = rest_len } };

	iov[0].iov_len = (size_t)snprintf(text, sizeof(text), "%u", domid) + 1;
	return request(h, type, XBT_NULL, iov, NULL);
}

bool xs_introduce_domain(struct xs_handle *h, unsigned int domid, unsigned long mfn, unsigned int eventchn)
{
	char rest[48];
	int n = snprintf(rest, sizeof(rest), "%lu%c%u", mfn, 0, eventchn);

	return succeeded(request_domid(h, XS_INTRODUCE, domid, rest, (size_t)n + 1));
}

bool xs_set_target(struct xs_handle *h, unsigned int domid, unsigned int target)
{
	char rest[16];
	int n = snprintf(rest, sizeof(rest), "%u", target);

	return succeeded(request_domid(h, XS_SET_TARGET, domid, rest, (size_t)n + 1));
}

bool xs_resume_domain(struct xs_handle *h, unsigned int domid)
{
	return succeeded(request_domid(h, XS_RESUME, domid, NULL, 0));
}

bool xs_release_domain(struct xs_handle *h, unsigned int domid)
{
	return succeeded(request_domid(h, XS_RELEASE, domid, NULL, 0));
}

char *xs_get_domain_path(struct xs_handle *h, unsigned int domid)
{
	return request_domid(h, XS_GET_DOMAIN_PATH, domid, NULL, 0);
}

bool xs_is_domain_introduced(struct xs_handle *h, unsigned int domid)
{
	char *answer = request_domid(h, XS_IS_DOMAIN_INTRODUCED, domid, NULL, 0);
	bool yes = answer && *answer == 'T';

	free(answer);
	return yes;
}

bool xs_path_is_subpath(const char *parent, const char *child)
{
	size_t n = strlen(parent);

	if (strncmp(parent, child, n))
		return false;
	return child[n] == '/' || child[n] == '\0';
}

char *xs_control_command(struct xs_handle *h, const char *cmd, void *data, unsigned int len)
{
	struct iovec iov[2] = { string(cmd), { .iov_base = data, .iov_len = len } };

	return request(h, XS_CONTROL, XBT_NULL, iov, NULL);
}

char *xs_debug_command(struct xs_handle *h, const char *cmd, void *data, unsigned int len)
{
	return xs_control_command(h, cmd, data, len);
}

bool xs_restrict(struct xs_handle *h, unsigned int domid)
{
	return false;
}

int xs_suspend_evtchn_port(int domid)
{
	char path[80], *value;
	struct xs_handle *h = xs_open(0);
	int port = -1;

	if (!h)
		return -1;
	snprintf(path, sizeof(path), "/local/domain/%d/device/suspend/event-channel", domid);
	value = xs_read(h, XBT_NULL, path, NULL);
	if (value)
		port = atoi(value);
	free(value);
	xs_close(h);
	return port;
}

bool xs_write_all(int fd, const void *data, unsigned int len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0) {
			p += n;
			len -= (unsigned int)n;
		}
	}
	return true;
}

const char *xs_daemon_rundir(void)
{
	return "/var/run/xenstored";
}

const char *xs_daemon_socket(void)
{
	const char *path = getenv(XENSIM_ENV_SOCKET);

	return path ? path : "/var/run/xenstored/socket";
}

const char *xs_daemon_socket_ro(void)
{
	return xs_daemon_socket();
}

struct xs_handle *xs_daemon_open(void)
{
	return xs_open(0);
}

struct xs_handle *xs_daemon_open_readonly(void)
{
	return xs_open(0);
}

struct xs_handle *xs_domain_open(void)
{
	return xs_open(0);
}

void xs_daemon_close(struct xs_handle *h)
{
	xs_close(h);
}

void xs_daemon_destroy_postfork(struct xs_handle *h)
{
	xs_close(h);
}
