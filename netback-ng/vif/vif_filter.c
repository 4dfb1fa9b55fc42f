/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is checked per burst or per multicast frame, without locks: rate and groups. */
#include <errno.h>

#include "netback-ng/vif/vif_data.h"

/* netback's rule: a burst of at least 128 KiB, or a 64 KiB frame could never pass. */
#define CREDIT_BURST_MIN (128 << 10)

/* Set by the main thread while workers read it. */
static uint64_t rate_bytes(const struct vif *vif)
{
	return __atomic_load_n(&vif->c.rate_bytes, __ATOMIC_ACQUIRE);
}

static int64_t credit_burst(uint64_t bytes)
{
	return (int64_t)(bytes > CREDIT_BURST_MIN ? bytes : CREDIT_BURST_MIN);
}

/* Whole periods that have passed since the last refill; whoever wins the exchange refills. */
static void credit_refill(struct vif *vif, uint64_t now_ns, uint64_t period_ns)
{
	uint64_t since = atomic_load(&vif->credit_since_ns);
	uint64_t periods = now_ns > since ? (now_ns - since) / period_ns : 0;
	uint64_t bytes = rate_bytes(vif);
	int64_t credit, full = credit_burst(bytes);

	if (!periods || !atomic_compare_exchange_strong(&vif->credit_since_ns, &since,
							since + periods * period_ns))
		return;
	if (periods > 1000)
		periods = 1000;
	credit = atomic_fetch_add(&vif->credit, (int64_t)(periods * bytes));
	credit += (int64_t)(periods * bytes);
	if (credit > full)
		atomic_fetch_sub(&vif->credit, credit - full);
}

bool vif_credit(struct vif *vif, uint64_t now_ns, uint64_t *wait_ns)
{
	uint64_t period_ns = (uint64_t)__atomic_load_n(&vif->c.rate_usecs, __ATOMIC_RELAXED) * 1000;

	if (!rate_bytes(vif) || !period_ns)
		return true;
	credit_refill(vif, now_ns, period_ns);
	if (atomic_load(&vif->credit) > 0)
		return true;
	*wait_ns = atomic_load(&vif->credit_since_ns) + period_ns - now_ns;
	return false;
}

void vif_charge(struct vif *vif, uint64_t bytes)
{
	if (rate_bytes(vif))
		atomic_fetch_sub(&vif->credit, (int64_t)bytes);
}

/* A queue that waits for the old rate's credit looks again. */
static void rate_changed_here(struct worker *w, void *arg)
{
	struct queue *q = arg;

	q->rate_until_ns = 0;
	worker_activate(w, &q->task);
}

void uvif_set_direct(struct vif *vif, uint32_t max)
{
	atomic_store(&vif->direct_max, max);
}

/*
 * Only a change is one: this is called at every look at the vif, and a guest can cause those.  What
 * the guest owes stays owed, and what it has is cut to the new burst, as netback does; a
 * full burst is for a vif that had no limit.
 */
void uvif_set_rate(struct vif *vif, uint64_t bytes, uint32_t usecs)
{
	uint64_t before = rate_bytes(vif);
	int64_t credit, full;

	if (!usecs)
		bytes = 0;
	if (bytes == before && (!bytes || usecs == vif->c.rate_usecs))
		return;
	/* Off while it changes: a worker must not see a new rate with an old period. */
	__atomic_store_n(&vif->c.rate_bytes, 0, __ATOMIC_RELEASE);
	full = credit_burst(bytes);
	credit = atomic_load(&vif->credit);
	if (!before)
		atomic_store(&vif->credit, full);
	else if (credit > full)
		atomic_fetch_sub(&vif->credit, credit - full);
	atomic_store(&vif->credit_since_ns, clock_ns());
	__atomic_store_n(&vif->c.rate_usecs, usecs, __ATOMIC_RELAXED);
	__atomic_store_n(&vif->c.rate_bytes, bytes, __ATOMIC_RELEASE);
	for (unsigned int i = 0; i < VIF_QUEUES_MAX; i++)
		if (vif->queues[i])
			worker_call(vif->queues[i]->worker, rate_changed_here, vif->queues[i]);
}

int uvif_set_headroom(struct vif *vif, uint32_t bytes)
{
	struct queue *q;
	unsigned int i;

	__atomic_store_n(&vif->c.headroom, bytes, __ATOMIC_RELAXED);
	/* The lock: what is being delivered by the former has been delivered. */
	for (i = 0; i < VIF_QUEUES_MAX; i++) {
		q = vif->queues[i];
		if (!q)
			continue;
		pthread_mutex_lock(&q->rx_lock);
		q->rx_headroom = bytes;
		pthread_mutex_unlock(&q->rx_lock);
	}
	return 0;
}

/* The list of groups stays, and may be written beforehand (netif.h). */
int uvif_set_multicast_control(struct vif *vif, bool on)
{
	__atomic_store_n(&vif->c.multicast_control, on, __ATOMIC_RELAXED);
	return 0;
}

static uint64_t mcast_word(const uint8_t mac[6])
{
	uint64_t word = 0;

	memcpy(&word, mac, 6);
	return word;
}

int vif_mcast_add(struct vif *vif, const uint8_t mac[6])
{
	uint64_t word = mcast_word(mac), none;
	unsigned int i;

	if (!(mac[0] & 1))
		return -EINVAL;
	for (i = 0; i < VIF_MCAST_MAX; i++)
		if (atomic_load_explicit(&vif->mcast[i], memory_order_relaxed) == word)
			return 0;
	for (i = 0; i < VIF_MCAST_MAX; i++) {
		none = 0;
		if (atomic_compare_exchange_strong(&vif->mcast[i], &none, word))
			return 0;
	}
	return -ENOSPC;
}

void vif_mcast_del(struct vif *vif, const uint8_t mac[6])
{
	uint64_t word = mcast_word(mac);
	unsigned int i;

	for (i = 0; i < VIF_MCAST_MAX; i++) {
		uint64_t expected = word;

		atomic_compare_exchange_strong(&vif->mcast[i], &expected, 0);
	}
}

bool vif_mcast_match(const struct vif *vif, const uint8_t mac[6])
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint64_t word = mcast_word(mac);
	unsigned int i;

	/* Broadcast is never filtered (netif.h, request-multicast-control). */
	if (!memcmp(mac, broadcast, 6))
		return true;
	for (i = 0; i < VIF_MCAST_MAX; i++)
		if (atomic_load_explicit(&vif->mcast[i], memory_order_relaxed) == word)
			return true;
	return false;
}
