// SPDX-License-Identifier: GPL-2.0
/* What a guest may send (so many bytes in so long), and the multicasts that it asked for. */
#include "nb.h"

/* Tokens that an idle guest has saved up at most: a full ring of big frames, as xen-netback. */
#define BURST_MIN (128 * 1024)
/* With a rate of at most NB_RATE_MAX in at least a microsecond, no product below overflows. */
#define EARN_NS_MAX (1ull << 36)

void nb_filter_set_rate(struct nb_vif *vif, u64 bytes, u32 usecs)
{
	spin_lock_bh(&vif->credit_lock);
	/* A rate that stays keeps its debt, too: otherwise each look at it would be a gift. */
	if (bytes != vif->rate_bytes || usecs != vif->rate_usecs) {
		vif->rate_bytes = usecs ? bytes : 0;
		vif->rate_usecs = usecs;
		vif->credit = min_t(s64, vif->credit, max_t(s64, bytes, BURST_MIN));
		vif->credit_since_ns = ktime_get_ns();
	}
	spin_unlock_bh(&vif->credit_lock);
}

/* Add what has been earned since the last look; what is less than a byte is earned next time. */
static void earn(struct nb_vif *vif, u64 now_ns)
{
	u64 period = (u64)vif->rate_usecs * NSEC_PER_USEC;
	u64 elapsed = now_ns - vif->credit_since_ns, earned;
	s64 most = max_t(s64, vif->rate_bytes, BURST_MIN);

	if (elapsed > EARN_NS_MAX) {
		elapsed = EARN_NS_MAX;
		vif->credit_since_ns = now_ns - elapsed;
	}
	earned = mul_u64_u64_div_u64(vif->rate_bytes, elapsed, period);
	vif->credit_since_ns += mul_u64_u64_div_u64(earned, period, vif->rate_bytes);
	vif->credit = min(vif->credit + (s64)earned, most);
}

bool nb_filter_credit(struct nb_vif *vif, u64 now_ns, u64 *wait_ns)
{
	u64 period = (u64)vif->rate_usecs * NSEC_PER_USEC;
	bool may = true;

	if (!READ_ONCE(vif->rate_bytes))
		return true;
	spin_lock(&vif->credit_lock);
	if (vif->rate_bytes) {
		earn(vif, now_ns);
		may = vif->credit > 0;
		if (!may)
			*wait_ns = mul_u64_u64_div_u64(1 - vif->credit, period, vif->rate_bytes) + 1;
	}
	spin_unlock(&vif->credit_lock);
	return may;
}

/* The bucket may go into debt by one chunk. */
void nb_filter_charge(struct nb_vif *vif, u64 bytes)
{
	if (!READ_ONCE(vif->rate_bytes))
		return;
	spin_lock(&vif->credit_lock);
	vif->credit -= bytes;
	spin_unlock(&vif->credit_lock);
}

int nb_filter_mcast(struct nb_vif *vif, u8 op, const u8 mac[ETH_ALEN])
{
	u64 want = ether_addr_to_u64(mac), *free = NULL;
	unsigned int i;
	int rc = 0;

	/* 0 marks a free entry, and is no multicast. */
	if (!is_multicast_ether_addr(mac))
		return -EINVAL;
	spin_lock(&vif->mcast_lock);
	for (i = 0; i < NB_MCAST_MAX && vif->mcast[i] != want; i++)
		if (!vif->mcast[i] && !free)
			free = &vif->mcast[i];
	if (i < NB_MCAST_MAX && op == NETIF_EXTRA_TYPE_MCAST_DEL)
		WRITE_ONCE(vif->mcast[i], 0);
	else if (i == NB_MCAST_MAX && op == NETIF_EXTRA_TYPE_MCAST_ADD && free)
		WRITE_ONCE(*free, want);
	else if (i == NB_MCAST_MAX && op == NETIF_EXTRA_TYPE_MCAST_ADD)
		rc = -ENOSPC;
	spin_unlock(&vif->mcast_lock);
	return rc;
}

bool nb_filter_passes(const struct nb_vif *vif, const u8 *mac)
{
	unsigned int i;
	u64 want;

	if (!is_multicast_ether_addr(mac) || is_broadcast_ether_addr(mac))
		return true;
	want = ether_addr_to_u64(mac);
	for (i = 0; i < NB_MCAST_MAX; i++)
		if (READ_ONCE(vif->mcast[i]) == want)
			return true;
	return false;
}
