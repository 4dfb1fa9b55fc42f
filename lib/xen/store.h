/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lib/xen: xenstore helpers for userspace programs, on libxenstore only.
 * What a guest wrote is read with a length limit and parsed in full or refused;
 * nothing here logs.  Used by netback-ngd, the userspace front end, xl-net.
 * May depend on libxenstore; never on libxenctrl (its SONAME changes with Xen).
 * Paths are DIR + "/" + NODE; every function takes the transaction (XBT_NULL: none).
 */
#ifndef XEN_STORE_H
#define XEN_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <xenstore.h>

/* Longest value we take from a guest; xenstore itself allows 2048 bytes to a guest. */
#define STORE_VALUE_MAX 512
/* xenstore's own absolute limit (XENSTORE_ABS_PATH_MAX). */
#define STORE_PATH_MAX 3072

/* enum xenbus_state (io/xenbus.h), by the names of the protocol. */
enum store_state {
	STATE_UNKNOWN = 0,
	STATE_INITIALISING = 1,
	STATE_INITWAIT = 2,
	STATE_INITIALISED = 3,
	STATE_CONNECTED = 4,
	STATE_CLOSING = 5,
	STATE_CLOSED = 6,
	STATE_RECONFIGURING = 7,
	STATE_RECONFIGURED = 8,
};

const char *store_state_name(enum store_state state);

/*
 * Read DIR/NODE.  0 and *value (malloc'd, NUL-terminated; a NUL inside ends it, as some front ends
 * write one), or -ENOENT, -EACCES, -E2BIG (longer than STORE_VALUE_MAX), -EAGAIN...
 */
int store_read(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
	       char **value);
/* Of an error: xenstore itself failed, which says nothing about the value; else it is absent, malformed or not for us. */
bool store_failed(int rc);
/*
 * The same into OUT, for a value that may be missing: "" where it is absent, longer than SIZE or
 * not for us to read.  0, or -errno where xenstore itself failed.
 */
int store_read_text(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
		    char *out, size_t size);
/* Decimal number, the whole value, <= max.  0, or as store_read(), or -ERANGE/-EINVAL. */
int store_read_u32(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
		   uint32_t max, uint32_t *value);
/*
 * What a front end wrote, as Linux' xenbus_scanf("%u") takes it: white space, digits, and whatever
 * behind them.  0, or as store_read(), or -EINVAL (no number), -ERANGE (beyond 32 bits).
 */
int store_scan_u32(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
		   uint32_t *value);
/* A feature node, as Linux' !!xenbus_read_unsigned(): absent, 0 and what is no number are false.  0, or as store_read(). */
int store_read_flag(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
		    bool *value);
/*
 * Absent, malformed or not for us to read: STATE_UNKNOWN.  -errno: xenstore itself failed (no memory,
 * a conflict), which says nothing about the state.
 */
int store_load_state(struct xs_handle *xs, xs_transaction_t t, const char *dir, enum store_state *state);
/* The same where such a failure may count as STATE_UNKNOWN. */
enum store_state store_read_state(struct xs_handle *xs, xs_transaction_t t, const char *dir);

/* 0 or -errno. */
int store_write(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
		const char *value);
int store_printf(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
int store_rm(struct xs_handle *xs, xs_transaction_t t, const char *dir, const char *node);

/*
 * Run fn in a transaction until it commits; fn is called again after each
 * conflict (EAGAIN), at most 100 times.  fn returns 0 to commit, or a negative
 * errno to abort, which is returned.
 */
int store_transact(struct xs_handle *xs, int (*fn)(struct xs_handle *xs, xs_transaction_t t, void *arg),
		   void *arg);

#endif
