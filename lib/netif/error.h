/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * Everything a peer can do wrong, named once.  FATAL shuts the vif (or, in the
 * front end, the interface): the ring can no longer be trusted.  PACKET costs
 * the packet only.  The same list makes the enum, the counters, the names in
 * the control socket's JSON and the operator's text.
 */
#ifndef NETIF_ERROR_H
#define NETIF_ERROR_H

#include "platform.h"

/*
 * X(name, key, severity, text).  key is the counter's name in JSON.
 * TX_ZERO_SLOT costs only the packet: netback accepts empty slots behind the
 * first (XSA-448 calls them "not really useful"), so a front end that sends one
 * is odd, not hostile.
 */
#define NETIF_ERRORS(X)                                                                            \
	X(RING_OVERRUN, ring_overrun, FATAL, "producer index is more than a ring ahead")           \
	X(TX_CHAIN_OPEN, tx_chain_open, FATAL, "producer stops amid a packet's slots")             \
	X(TX_TOO_MANY_SLOTS, tx_too_many_slots, FATAL, "packet has far more slots than allowed")   \
	X(TX_SLOTS_DROPPED, tx_slots_dropped, PACKET, "packet has more than 19 slots")             \
	X(TX_CROSS_PAGE, tx_cross_page, FATAL, "slot crosses its page's end")                      \
	X(TX_ZERO_SLOT, tx_zero_slot, PACKET, "slot of zero bytes")                                \
	X(TX_SIZE_MISMATCH, tx_size_mismatch, PACKET, "slots hold more than the packet's size")    \
	X(TX_TOO_SHORT, tx_too_short, PACKET, "frame shorter than an Ethernet header")             \
	X(TX_EXTRA_MISSING, tx_extra_missing, FATAL, "extra info announced but not there")         \
	X(TX_EXTRA_TYPE, tx_extra_type, FATAL, "unknown extra info type")                          \
	X(TX_GSO_TYPE, tx_gso_type, FATAL, "unknown GSO type")                                     \
	X(TX_GSO_SIZE, tx_gso_size, FATAL, "GSO segment size of zero")                             \
	X(TX_GSO_HEADER, tx_gso_header, PACKET, "GSO frame without TCP headers of its type")       \
	X(TX_CSUM_HEADER, tx_csum_header, PACKET, "blank checksum, but neither TCP nor UDP")       \
	X(TX_BAD_GREF, tx_bad_gref, PACKET, "grant reference cannot be used")                      \
	X(RX_BAD_GREF, rx_bad_gref, PACKET, "receive grant cannot be written")                     \
	X(RX_READONLY_GREF, rx_readonly_gref, PACKET, "receive buffer mapped read-only")           \
	X(RX_BUFFER, rx_buffer, PACKET, "receive buffer is neither a page nor a half of one")      \
	X(RSP_ID, rsp_id, FATAL, "response with an id that is not outstanding")                    \
	X(RSP_NULL, rsp_null, FATAL, "more extra info answered than was sent")                     \
	X(RSP_BOUNDS, rsp_bounds, PACKET, "response leaves its buffer, or makes no frame")         \
	X(RSP_CHAIN, rsp_chain, PACKET, "response chain is endless or too long")                   \
	X(RSP_EXTRA, rsp_extra, PACKET, "response extra info is malformed")                        \
	X(CTRL_TYPE, ctrl_type, PACKET, "control message of unknown type")                         \
	X(CTRL_DATA, ctrl_data, PACKET, "control message with bad parameters")

enum netif_error {
	NETIF_OK = 0,
#define X(name, key, severity, text) NETIF_ERR_##name,
	NETIF_ERRORS(X)
#undef X
	NETIF_ERR_COUNT
};

/* One counter per error, indexed by enum netif_error; [0] is unused. */
struct netif_errors {
	u64 count[NETIF_ERR_COUNT];
};

/* Count err in *e and hand it on. */
static inline enum netif_error netif_error_count(struct netif_errors *e, enum netif_error err)
{
	e->count[err]++;
	return err;
}

/* True where the ring or device must be shut. */
bool netif_error_fatal(enum netif_error err);
/* "tx_cross_page": the counter's name in JSON.  Static storage. */
const char *netif_error_name(enum netif_error err);
/* One clause for the operator's log line.  Static storage. */
const char *netif_error_text(enum netif_error err);

#endif
