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

/* X(name, severity, text) */
#define NETIF_ERRORS(X)                                                                \
	X(RING_OVERRUN, FATAL, "producer index is more than a ring ahead")             \
	X(TX_CHAIN_OPEN, FATAL, "producer stops in the middle of a packet's slots")    \
	X(TX_TOO_MANY_SLOTS, FATAL, "packet has more slots than any front end may use") \
	X(TX_SLOTS_DROPPED, PACKET, "packet has more than 18 slots")                   \
	X(TX_CROSS_PAGE, FATAL, "slot crosses its page's end")                         \
	X(TX_ZERO_SLOT, FATAL, "slot of zero bytes")                                   \
	X(TX_SIZE_MISMATCH, PACKET, "slots hold more than the packet's size")          \
	X(TX_TOO_SHORT, PACKET, "frame shorter than an Ethernet header")               \
	X(TX_EXTRA_MISSING, FATAL, "extra info announced but not there")               \
	X(TX_EXTRA_TYPE, FATAL, "unknown extra info type")                             \
	X(TX_GSO_TYPE, FATAL, "unknown GSO type")                                      \
	X(TX_GSO_SIZE, FATAL, "GSO segment size of zero")                              \
	X(TX_GSO_HEADER, PACKET, "GSO frame whose headers are not TCP of that type")   \
	X(TX_CSUM_HEADER, PACKET, "blank checksum in a frame that is not TCP or UDP")  \
	X(TX_BAD_GREF, PACKET, "grant reference cannot be copied or is not mapped")    \
	X(RX_BAD_GREF, PACKET, "receive grant cannot be written")                      \
	X(RX_READONLY_GREF, PACKET, "receive buffer mapped read-only")                 \
	X(RSP_ID, FATAL, "response with an id that is not outstanding")                \
	X(RSP_BOUNDS, PACKET, "response's offset and size leave the page")             \
	X(RSP_CHAIN, PACKET, "response chain is longer than a packet can be")          \
	X(RSP_EXTRA, PACKET, "response extra info is malformed")                       \
	X(CTRL_TYPE, PACKET, "control message of unknown type")                        \
	X(CTRL_DATA, PACKET, "control message with bad parameters")

enum netif_error {
	NETIF_OK = 0,
#define X(name, severity, text) NETIF_ERR_##name,
	NETIF_ERRORS(X)
#undef X
	NETIF_ERR_COUNT
};

/* One counter per error, indexed by enum netif_error; [0] is unused. */
struct netif_errors {
	u64 count[NETIF_ERR_COUNT];
};

/* True where the ring or device must be shut. */
bool netif_error_fatal(enum netif_error err);
/* "tx_cross_page": the counter's name in JSON.  Static storage. */
const char *netif_error_name(enum netif_error err);
/* One clause for the operator's log line.  Static storage. */
const char *netif_error_text(enum netif_error err);

#endif
