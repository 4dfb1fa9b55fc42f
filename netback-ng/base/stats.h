/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of a queue, one X-macro list: the struct, the JSON and the man page
 * have the same names.  Each counter has one writer at a time (the queue's
 * worker, or the holder of rx_lock) and readers that may be any thread.
 */
#ifndef NETBACK_STATS_H
#define NETBACK_STATS_H

#include <stdint.h>

/* tx: the guest transmits; rx: the guest receives.  *_drop_*: a lost frame, by reason. */
#define QUEUE_TX_STATS(X)        \
	X(tx_frames)             \
	X(tx_bytes)              \
	X(tx_gso_frames)         \
	X(tx_to_tap)             \
	X(tx_to_vif)             \
	X(tx_mcast_requests)     \
	X(tx_drop_malformed)     \
	X(tx_drop_grant)         \
	X(tx_drop_headers)       \
	X(tx_drop_source_mac)    \
	X(tx_drop_tap_down)      \
	X(tx_drop_tap_full)      \
	X(tx_drop_tap_error)     \
	X(tx_drop_receiver)      \
	X(tx_static_slots)       \
	X(tx_copy_calls)         \
	X(tx_copy_segments)      \
	X(tx_bursts)             \
	X(tx_notifies)           \
	X(tx_rate_waits)         \
	X(tx_receiver_waits)     \
	X(events)                \
	X(events_spurious)       \
	X(events_held)           \
	X(tap_submits)           \
	X(tap_calls)             \
	X(tap_reads)             \
	X(tap_reads_empty)       \
	X(tap_reads_direct)      \
	X(tap_read_errors)       \
	X(rx_drop_tap_truncated)

#define QUEUE_RX_STATS(X)        \
	X(rx_frames)             \
	X(rx_bytes)              \
	X(rx_gso_frames)         \
	X(rx_drop_no_slots)      \
	X(rx_drop_too_big)       \
	X(rx_drop_grant)         \
	X(rx_drop_stopped)       \
	X(rx_filtered_multicast) \
	X(rx_static_slots)       \
	X(rx_half_slots)         \
	X(rx_copy_calls)         \
	X(rx_copy_segments)      \
	X(rx_bursts)             \
	X(rx_notifies)           \
	X(rx_slot_waits)

#define QUEUE_STATS(X) QUEUE_TX_STATS(X) QUEUE_RX_STATS(X)

struct queue_stats {
#define X(name) uint64_t name;
	QUEUE_TX_STATS(X)
	/* Other threads deliver: keep what they write off the worker's cache lines. */
	_Alignas(64) struct {
	} rx_line;
	QUEUE_RX_STATS(X)
#undef X
};

/* A plain add on x86; atomic only in that a reader sees no half of it. */
#define STAT_ADD(counter, n)                                                           \
	__atomic_store_n(&(counter), __atomic_load_n(&(counter), __ATOMIC_RELAXED) + (n), \
			 __ATOMIC_RELAXED)
#define STAT_INC(counter) STAT_ADD(counter, 1)
#define STAT_READ(counter) __atomic_load_n(&(counter), __ATOMIC_RELAXED)

#endif
