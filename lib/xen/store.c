/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/xen/store.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRANSACTION_TRIES 100

static const char *const state_names[] = {
	"Unknown", "Initialising", "InitWait", "Initialised", "Connected",
	"Closing", "Closed", "Reconfiguring", "Reconfigured",
};

const char *store_state_name(enum store_state state)
{
	if (state > STATE_RECONFIGURED)
		state = STATE_UNKNOWN;
	return state_names[state];
}

static int path_join(char *path, const char *dir, const char *node)
{
	int n = snprintf(path, STORE_PATH_MAX, "%s/%s", dir, node);

	return n < 0 || n >= STORE_PATH_MAX ? -ENAMETOOLONG : 0;
}

/* libxenstore reports through errno; a failure that left it at 0 is still one. */
static int store_errno(void)
{
	return errno ? -errno : -EIO;
}

int store_read(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
	       char **value)
{
	char path[STORE_PATH_MAX];
	unsigned int len;
	int rc = path_join(path, dir, node);

	*value = NULL;
	if (rc)
		return rc;
	*value = xs_read(xs, t, path, &len);
	if (!*value)
		return store_errno();
	if (len <= STORE_VALUE_MAX)
		return 0;
	free(*value);
	*value = NULL;
	return -E2BIG;
}

bool store_failed(int rc)
{
	switch (rc) {
	case 0:
	case -ENOENT:
	case -EACCES:
	case -EINVAL:
	case -ERANGE:
	case -E2BIG:
		return false;
	default:
		return true;
	}
}

int store_read_text(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
		    char *out, size_t size)
{
	char *value;
	int rc = store_read(xs, t, dir, node, &value);

	*out = '\0';
	if (rc)
		return store_failed(rc) ? rc : 0;
	if (strlen(value) < size)
		strcpy(out, value);
	free(value);
	return 0;
}

static int parse_u32(const char *text, uint32_t max, uint32_t *value)
{
	unsigned long long n;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || n > max)
		return -ERANGE;
	*value = (uint32_t)n;
	return 0;
}

int store_read_u32(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
		   uint32_t max, uint32_t *value)
{
	char *text;
	int rc = store_read(xs, t, dir, node, &text);

	if (rc)
		return rc;
	rc = parse_u32(text, max, value);
	free(text);
	return rc;
}

static int scan_u32(const char *text, uint32_t *value)
{
	unsigned long long n;

	while (isspace((unsigned char)*text))
		text++;
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	n = strtoull(text, NULL, 10);
	if (errno || n > UINT32_MAX)
		return -ERANGE;
	*value = (uint32_t)n;
	return 0;
}

int store_scan_u32(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
		   uint32_t *value)
{
	char *text;
	int rc = store_read(xs, t, dir, node, &text);

	if (rc)
		return rc;
	rc = scan_u32(text, value);
	free(text);
	return rc;
}

int store_read_flag(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
		    bool *value)
{
	uint32_t n = 0;
	int rc = store_scan_u32(xs, t, dir, node, &n);

	*value = rc == -ERANGE || (!rc && n);
	return rc == -ERANGE || rc == -EINVAL || rc == -ENOENT ? 0 : rc;
}

int store_load_state(struct xs_handle *xs, xs_transaction_t t, const char *dir, enum store_state *state)
{
	uint32_t n;
	int rc = store_scan_u32(xs, t, dir, "state", &n);

	*state = rc || n > STATE_RECONFIGURED ? STATE_UNKNOWN : (enum store_state)n;
	return store_failed(rc) ? rc : 0;
}

enum store_state store_read_state(struct xs_handle *xs, xs_transaction_t t, const char *dir)
{
	enum store_state state;

	store_load_state(xs, t, dir, &state);
	return state;
}

int store_write(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
		const char *value)
{
	char path[STORE_PATH_MAX];
	int rc = path_join(path, dir, node);

	if (rc)
		return rc;
	return xs_write(xs, t, path, value, (unsigned int)strlen(value)) ? 0 : store_errno();
}

int store_printf(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
		 const char *fmt, ...)
{
	char value[STORE_VALUE_MAX + 1];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(value))
		return -E2BIG;
	return store_write(xs, t, dir, node, value);
}

int store_rm(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node)
{
	char path[STORE_PATH_MAX];
	int rc = path_join(path, dir, node);

	if (rc)
		return rc;
	return xs_rm(xs, t, path) ? 0 : store_errno();
}

static int transact_once(struct xs_handle *xs,
			 int (*fn)(struct xs_handle *xs, xs_transaction_t t, void *arg), void *arg)
{
	xs_transaction_t t = xs_transaction_start(xs);
	int rc;

	if (t == XBT_NULL)
		return store_errno();
	rc = fn(xs, t, arg);
	if (!xs_transaction_end(xs, t, rc != 0) && !rc)
		rc = store_errno();
	return rc;
}

int store_transact(struct xs_handle *xs,
		   int (*fn)(struct xs_handle *xs, xs_transaction_t t, void *arg), void *arg)
{
	int i, rc = -EAGAIN;

	for (i = 0; i < TRANSACTION_TRIES && rc == -EAGAIN; i++)
		rc = transact_once(xs, fn, arg);
	return rc;
}
