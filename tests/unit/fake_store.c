/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libxenstore. */
#include "tests/unit/fake_part.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <xenstore.h>

static struct fake_node *node_find(const char *path)
{
	for (int i = 0; i < FAKE_NODES; i++)
		if (!strcmp(fake->nodes[i].path, path))
			return &fake->nodes[i];
	return NULL;
}

void fake_node_set(const char *path, const char *value)
{
	struct fake_node *n = node_find(path);

	if (!n)
		n = node_find("");
	if (!n)
		abort();
	text_copy(n->path, sizeof(n->path), path);
	text_copy(n->value, sizeof(n->value), value);
}

void fake_node_printf(uint32_t value, const char *fmt, ...)
{
	char path[160], text[16];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	snprintf(text, sizeof(text), "%u", value);
	fake_node_set(path, text);
}

const char *fake_read(const char *path)
{
	struct fake_node *n = node_find(path);

	return n ? n->value : NULL;
}

void fake_nodes_remove(const char *prefix)
{
	for (int i = 0; i < FAKE_NODES; i++)
		if (*prefix && !strncmp(fake->nodes[i].path, prefix, strlen(prefix)))
			memset(&fake->nodes[i], 0, sizeof(fake->nodes[i]));
}

struct xs_handle {
	int unused;
};

struct xs_handle *xs_open(unsigned long flags)
{
	return calloc(1, sizeof(struct xs_handle));
}

void xs_close(struct xs_handle *xs)
{
	free(xs);
}

void *xs_read(struct xs_handle *xs, xs_transaction_t t, const char *path, unsigned int *len)
{
	const char *value;
	char *copy = NULL;

	pthread_mutex_lock(&fake_lock);
	fake_guests_live();
	value = fake_read(path);
	if (value)
		copy = strdup(value);
	pthread_mutex_unlock(&fake_lock);
	errno = ENOENT;
	if (copy)
		*len = (unsigned int)strlen(copy);
	return copy;
}

bool xs_write(struct xs_handle *xs, xs_transaction_t t, const char *path, const void *data,
	      unsigned int len)
{
	bool ok;

	pthread_mutex_lock(&fake_lock);
	ok = fake_event_begin();
	if (ok) {
		fake_node_set(path, data);
		fake_event_end();
	}
	pthread_mutex_unlock(&fake_lock);
	errno = EACCES;
	return ok;
}

bool xs_rm(struct xs_handle *xs, xs_transaction_t t, const char *path)
{
	fake_nodes_remove(path);
	return true;
}

xs_transaction_t xs_transaction_start(struct xs_handle *xs)
{
	return 1;
}

bool xs_transaction_end(struct xs_handle *xs, xs_transaction_t t, bool abort_it)
{
	return true;
}
