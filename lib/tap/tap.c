/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/tap/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define TAP_FLAGS (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE)

/* One descriptor = one queue of interface name. */
static int queue_open(const char *name, char *given)
{
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	int vnet_len = TAP_VNET_LEN;
	struct ifreq ifr;

	if (fd < 0)
		return -errno;
	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_flags = TAP_FLAGS;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr) || ioctl(fd, TUNSETVNETHDRSZ, &vnet_len)) {
		int rc = -errno;

		close(fd);
		return rc;
	}
	if (given)
		memcpy(given, ifr.ifr_name, sizeof(ifr.ifr_name));
	return fd;
}

/*
 * A request on the interface by its present name: scripts rename it (vifname)
 * while we hold it, the index stays.
 */
static int link_ioctl(const struct tap *tap, unsigned long request, struct ifreq *ifr)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;
	struct ifreq named = { .ifr_ifindex = tap->ifindex };

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFNAME, &named)) {
		rc = -errno;
		goto out;
	}
	memcpy(ifr->ifr_name, named.ifr_name, sizeof(ifr->ifr_name));
	if (request != SIOCGIFNAME && ioctl(fd, request, ifr))
		rc = -errno;
out:
	close(fd);
	return rc;
}

static int find_ifindex(struct tap *tap)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc = 0;
	struct ifreq ifr;

	if (fd < 0)
		return -errno;
	memset(&ifr, 0, sizeof(ifr));
	memcpy(ifr.ifr_name, tap->name, sizeof(ifr.ifr_name));
	if (ioctl(fd, SIOCGIFINDEX, &ifr))
		rc = -errno;
	else
		tap->ifindex = ifr.ifr_ifindex;
	close(fd);
	return rc;
}

int tap_open(struct tap *tap, const char *name)
{
	int fd, rc;

	memset(tap, 0, sizeof(*tap));
	if (strlen(name) >= sizeof(tap->name))
		return -ENAMETOOLONG;
	fd = queue_open(name, tap->name);
	if (fd < 0)
		return fd;
	tap->fds[0] = fd;
	tap->nqueues = 1;
	rc = find_ifindex(tap);
	if (rc)
		tap_close(tap);
	return rc;
}

static void close_from(struct tap *tap, unsigned int first)
{
	while (tap->nqueues > first)
		close(tap->fds[--tap->nqueues]);
}

int tap_set_queues(struct tap *tap, unsigned int n)
{
	unsigned int had = tap->nqueues;
	struct ifreq ifr;
	int fd, rc;

	if (n < 1 || n > TAP_QUEUES_MAX)
		return -EINVAL;
	memset(&ifr, 0, sizeof(ifr));
	rc = link_ioctl(tap, SIOCGIFNAME, &ifr);
	if (rc)
		return rc;
	while (tap->nqueues < n) {
		fd = queue_open(ifr.ifr_name, NULL);
		if (fd < 0) {
			close_from(tap, had);
			return fd;
		}
		tap->fds[tap->nqueues++] = fd;
	}
	close_from(tap, n);
	return 0;
}

int tap_set_offload(const struct tap *tap, const struct tap_offload *offload)
{
	unsigned int flags = 0;

	if (offload->csum)
		flags |= TUN_F_CSUM;
	/* The kernel refuses TSO without checksum offload. */
	if (offload->csum && offload->tso4)
		flags |= TUN_F_TSO4 | TUN_F_TSO_ECN;
	if (offload->csum && offload->tso6)
		flags |= TUN_F_TSO6 | TUN_F_TSO_ECN;
	return ioctl(tap->fds[0], TUNSETOFFLOAD, flags) ? -errno : 0;
}

static int ethtool(const struct tap *tap, struct ethtool_value *value)
{
	struct ifreq ifr = { .ifr_data = (void *)value };

	return link_ioctl(tap, SIOCETHTOOL, &ifr);
}

int tap_get_offload(const struct tap *tap, struct tap_offload *offload)
{
	struct ethtool_value csum = { .cmd = ETHTOOL_GTXCSUM }, tso = { .cmd = ETHTOOL_GTSO };
	int rc = ethtool(tap, &csum);

	if (!rc)
		rc = ethtool(tap, &tso);
	if (rc)
		return rc;
	offload->csum = csum.data;
	offload->tso4 = offload->tso6 = tso.data;
	return 0;
}

void tap_forgo_csum(const struct tap *tap)
{
	ethtool(tap, &(struct ethtool_value){ .cmd = ETHTOOL_STXCSUM });
}

void tap_forgo_tso(const struct tap *tap)
{
	ethtool(tap, &(struct ethtool_value){ .cmd = ETHTOOL_STSO });
}

int tap_set_carrier(const struct tap *tap, bool on)
{
	int carrier = on;

	return ioctl(tap->fds[0], TUNSETCARRIER, &carrier) ? -errno : 0;
}

int tap_set_mtu(const struct tap *tap, unsigned int mtu)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_mtu = (int)mtu;
	return link_ioctl(tap, SIOCSIFMTU, &ifr);
}

int tap_set_mac(const struct tap *tap, const uint8_t mac[6])
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
	return link_ioctl(tap, SIOCSIFHWADDR, &ifr);
}

int tap_set_up(const struct tap *tap, bool up)
{
	struct ifreq ifr;
	int rc;

	memset(&ifr, 0, sizeof(ifr));
	/* Read before write: other flags (promisc, set by the bridge) stay. */
	rc = link_ioctl(tap, SIOCGIFFLAGS, &ifr);
	if (rc)
		return rc;
	ifr.ifr_flags = (short)(up ? ifr.ifr_flags | IFF_UP : ifr.ifr_flags & ~IFF_UP);
	return link_ioctl(tap, SIOCSIFFLAGS, &ifr);
}

void tap_close(struct tap *tap)
{
	close_from(tap, 0);
	memset(tap, 0, sizeof(*tap));
}
