/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/probe.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define INTERVAL_MS 20
/*
 * Who has not answered for so long is asked by broadcast, so often: where a switch goes on sending
 * to the guest's old place, that arrives, and the answer tells it of the new one. Answers keep this
 * host's neighbour entry fresh, so that its kernel would not ask itself for a while.
 */
#define BROADCAST_MS 200
/* An answer that is not there by then does not come. */
#define LOST_MS 1000
#define FLYING_MAX (LOST_MS / INTERVAL_MS + 1)

/* Without an answer so far, the oldest first. */
struct flight {
	uint64_t at;
	unsigned int phase;
};

struct arp_frame {
	struct ether_header header;
	struct ether_arp arp;
};

static const uint8_t everybody[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

struct probe {
	int fd;
	pthread_t thread;
	struct mac guest;
	struct arp_frame question;
	pthread_mutex_t lock; /* what follows */
	bool end;
	unsigned int phase, silent_since;
	struct flight flying[FLYING_MAX];
	size_t nflying;
	uint64_t answers, answered_at, broadcast_at;
	struct probe_loss loss[PROBE_PHASES];
};

static void flying_remove(struct probe *p, size_t i)
{
	p->nflying--;
	memmove(&p->flying[i], &p->flying[i + 1], (p->nflying - i) * sizeof(p->flying[0]));
}

static void flying_expire(struct probe *p, uint64_t now)
{
	while (p->nflying && now - p->flying[0].at >= LOST_MS) {
		p->loss[p->flying[0].phase].lost++;
		flying_remove(p, 0);
	}
}

static void silence_note(struct probe *p, uint64_t now)
{
	struct probe_loss *loss = &p->loss[p->silent_since];

	if (now - p->answered_at > loss->gap_ms)
		loss->gap_ms = now - p->answered_at;
}

/* They carry no number: the newest is the likeliest, what was lost before stays lost. */
static void answered(struct probe *p)
{
	uint64_t now = now_ms();

	if (!p->nflying)
		return;
	flying_remove(p, p->nflying - 1);
	p->answers++;
	silence_note(p, now);
	p->answered_at = now;
	p->silent_since = p->phase;
}

static void receive(struct probe *p)
{
	struct arp_frame frame;
	ssize_t n;

	while ((n = recv(p->fd, &frame, sizeof(frame), MSG_DONTWAIT)) > 0) {
		if ((size_t)n < sizeof(frame) || frame.arp.ea_hdr.ar_op != htons(ARPOP_REPLY) ||
		    memcmp(frame.header.ether_shost, p->guest.b, ETH_ALEN) ||
		    memcmp(frame.arp.arp_spa, p->question.arp.arp_tpa, 4))
			continue;
		answered(p);
	}
}

static void ask(struct probe *p)
{
	uint64_t now = now_ms();
	bool broadcast = now - p->answered_at >= BROADCAST_MS && now - p->broadcast_at >= BROADCAST_MS;

	if (broadcast)
		p->broadcast_at = now;
	memcpy(p->question.header.ether_dhost, broadcast ? everybody : p->guest.b, ETH_ALEN);
	/* A frame that this host did not send is not lost on its way. */
	if (send(p->fd, &p->question, sizeof(p->question), MSG_DONTWAIT) != sizeof(p->question))
		return;
	p->flying[p->nflying++] = (struct flight){ now, p->phase };
	p->loss[p->phase].sent++;
}

static void *probe_thread(void *arg)
{
	struct pollfd pfd = { .events = POLLIN };
	struct probe *p = arg;
	uint64_t next = now_ms(), now;
	bool end = false;

	pfd.fd = p->fd;
	while (!end) {
		now = now_ms();
		poll(&pfd, 1, next > now ? (int)(next - now) : 0);
		pthread_mutex_lock(&p->lock);
		receive(p);
		now = now_ms();
		flying_expire(p, now);
		if (now >= next) {
			if (!p->end)
				ask(p);
			/* What a busy host could not send in time is not made up for. */
			next = now + INTERVAL_MS;
		}
		end = p->end && !p->nflying;
		pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

static int own_mac(int fd, const char *bridge, uint8_t mac[ETH_ALEN])
{
	struct ifreq request = { .ifr_name = "" };

	text_copy(request.ifr_name, sizeof(request.ifr_name), bridge);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		return -errno;
	memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
	return 0;
}

static void question_make(struct probe *p, const uint8_t own[ETH_ALEN], struct in_addr address)
{
	memcpy(p->question.header.ether_shost, own, ETH_ALEN);
	p->question.header.ether_type = htons(ETHERTYPE_ARP);
	p->question.arp.ea_hdr = (struct arphdr){ htons(ARPHRD_ETHER), htons(ETHERTYPE_IP), ETH_ALEN,
					       4, htons(ARPOP_REQUEST) };
	memcpy(p->question.arp.arp_sha, own, ETH_ALEN);
	memcpy(p->question.arp.arp_tpa, &address, 4);
}

static int probe_open(struct probe *p, const char *bridge, struct in_addr address)
{
	struct sockaddr_ll where = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP) };
	uint8_t own[ETH_ALEN];
	int rc;

	where.sll_ifindex = (int)if_nametoindex(bridge);
	if (!where.sll_ifindex)
		return -ENODEV;
	p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return -errno;
	rc = own_mac(p->fd, bridge, own);
	if (!rc && bind(p->fd, (struct sockaddr *)&where, sizeof(where)))
		rc = -errno;
	if (!rc)
		question_make(p, own, address);
	return rc;
}

static void probe_free(struct probe *p)
{
	if (p->fd >= 0)
		close(p->fd);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

int probe_begin(const char *bridge, const struct mac *mac, struct in_addr address,
		struct probe **probe)
{
	struct probe *p = calloc(1, sizeof(*p));
	int rc;

	*probe = NULL;
	if (!p)
		return -ENOMEM;
	p->fd = -1;
	p->guest = *mac;
	p->answered_at = now_ms();
	pthread_mutex_init(&p->lock, NULL);
	rc = probe_open(p, bridge, address);
	if (!rc)
		rc = -pthread_create(&p->thread, NULL, probe_thread, p);
	if (rc)
		probe_free(p);
	else
		*probe = p;
	return rc;
}

void probe_next(struct probe *probe)
{
	if (!probe)
		return;
	pthread_mutex_lock(&probe->lock);
	if (probe->phase + 1 < PROBE_PHASES)
		probe->phase++;
	pthread_mutex_unlock(&probe->lock);
}

static uint64_t answers(struct probe *p)
{
	uint64_t n;

	pthread_mutex_lock(&p->lock);
	n = p->answers;
	pthread_mutex_unlock(&p->lock);
	return n;
}

void probe_wait(struct probe *probe, unsigned int seconds)
{
	uint64_t end = now_ms() + seconds * 1000ull, before;

	if (!probe)
		return;
	before = answers(probe);
	while (answers(probe) == before && now_ms() < end)
		sleep_ms(INTERVAL_MS);
}

void probe_end(struct probe *probe, struct probe_loss loss[PROBE_PHASES])
{
	memset(loss, 0, sizeof(*loss) * PROBE_PHASES);
	if (!probe)
		return;
	pthread_mutex_lock(&probe->lock);
	silence_note(probe, now_ms());
	probe->end = true;
	pthread_mutex_unlock(&probe->lock);
	pthread_join(probe->thread, NULL);
	memcpy(loss, probe->loss, sizeof(probe->loss));
	probe_free(probe);
}
