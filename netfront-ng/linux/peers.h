/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hybrid mode: who is on the same host.  The toolstack lets the bridge send frames of
 * co-resident guests to the vif although a VF is there; whose unicast frames come by
 * the vif is answered by it.  An entry that is wrong or gone costs the other path, no frame.
 */
#ifndef NG_PEERS_H
#define NG_PEERS_H

#include <linux/etherdevice.h>
#include <linux/hash.h>
#include <linux/jiffies.h>

#define NG_PEERS_BITS 6
#define NG_PEERS_AGE (30 * HZ)

struct ng_peers {
	u64 mac[1 << NG_PEERS_BITS]; /* one for each hash value; 0: none */
	unsigned long seen[1 << NG_PEERS_BITS];
};

static inline void ng_peers_learn(struct ng_peers *p, const u8 *mac)
{
	u64 m = ether_addr_to_u64(mac);
	u32 i = hash_64(m, NG_PEERS_BITS);

	if (READ_ONCE(p->mac[i]) != m)
		WRITE_ONCE(p->mac[i], m);
	if (READ_ONCE(p->seen[i]) != jiffies)
		WRITE_ONCE(p->seen[i], jiffies);
}

/* It sends by the other path. */
static inline void ng_peers_forget(struct ng_peers *p, const u8 *mac)
{
	u64 m = ether_addr_to_u64(mac);
	u32 i = hash_64(m, NG_PEERS_BITS);

	if (unlikely(READ_ONCE(p->mac[i]) == m))
		WRITE_ONCE(p->mac[i], 0);
}

static inline bool ng_peers_know(const struct ng_peers *p, const u8 *mac)
{
	u64 m = ether_addr_to_u64(mac);
	u32 i = hash_64(m, NG_PEERS_BITS);

	return READ_ONCE(p->mac[i]) == m && time_before(jiffies, READ_ONCE(p->seen[i]) + NG_PEERS_AGE);
}

#endif
