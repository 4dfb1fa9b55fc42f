/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The TAP behind the kernel's vhost-net: its own thread moves frames between the TAP and
 * this process's memory, without a system call of ours per frame.  Towards the host,
 * descriptors name the queue's private buffers (what was copied from a guest) and
 * statically granted pages; towards the guest, private buffers in a circle.
 *
 * vhost-net reads and writes with this process's own address space, and one region of it
 * is its whole memory table.  So it can do no more than we can; what it does is in the
 * descriptors, which lie in private memory and are made from validated requests only.
 * Whoever unmaps a guest's page waits until the uplink has settled (vif_gref.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "netback-ng/uplink/vhost.h"
#include "netback-ng/vif/vif_data.h"
#include "netback-ng/uplink/virtq.h"

#define RX_BUFFERS 256u /* of a page, one descriptor each */
#define TX_DESCS 512u	/* a frame of n slots takes n + 1 at most, and n >= 1 */
#define FRAME_BUFFERS ((TAP_VNET_LEN + TAP_FRAME_MAX + NETIF_PAGE_SIZE - 1) / NETIF_PAGE_SIZE)
#define RX_BYTES (RX_BUFFERS * (size_t)NETIF_PAGE_SIZE)
#define TX_BYTES (NETIF_TX_RING_SIZE * (size_t)NETIF_PAGE_SIZE)
#define HEADS_BYTES (NETIF_TX_RING_SIZE * sizeof(struct frame_head))
#define FEATURES ((1ull << VIRTIO_NET_F_MRG_RXBUF) | (1ull << VIRTIO_F_VERSION_1) | \
		  (1ull << VIRTIO_RING_F_EVENT_IDX))
/* vhost-net waits for no guest: after this it has died. */
#define SETTLE_NS 2000000000ull

struct vhost {
	unsigned int first; /* virtqueue in use: VQ_TX where another port reads from the TAP */
	int fd, call, kick[VQS];
	struct virtq vq[VQS];
	uint8_t *rings, *heads; /* one mapping each */
	struct copy grants;   /* of the pool below; no packet is copied with it */
	struct pool tx;
	uint8_t *rx;	      /* the pool, mapped twice in a row: no frame is cut where it ends */
	uint64_t called;      /* where io_uring reads the eventfd to */
	u32 freed;	      /* tx_buf slots before this are free */
	u32 ends[NETIF_TX_RING_SIZE]; /* of each chain in flight: q->tx_buf slots up to here are its */
};

/* --- memory ---------------------------------------------------------------------- */

static uint8_t *map_private(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool map_over(uint8_t *at, int fd)
{
	return mmap(at, RX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) !=
	       MAP_FAILED;
}

static uint8_t *map_circle(void)
{
	int fd = memfd_create("netback-ng-rx", MFD_CLOEXEC);
	uint8_t *p = NULL;

	if (fd < 0)
		return NULL;
	if (!ftruncate(fd, (off_t)RX_BYTES))
		p = map_private(2 * RX_BYTES);
	if (p && !(map_over(p, fd) && map_over(p + RX_BYTES, fd))) {
		munmap(p, 2 * RX_BYTES);
		p = NULL;
	}
	close(fd);
	return p;
}

/*
 * Buffer i starts a vnet header before page i, so that a frame begins on a page, as it
 * will in the guest's.  Buffer 0: before the second mapping's first page.
 */
static uint8_t *rx_buffer(const struct vhost *v, unsigned int i)
{
	i %= RX_BUFFERS;
	return v->rx + (i ? i : RX_BUFFERS) * (size_t)NETIF_PAGE_SIZE - TAP_VNET_LEN;
}

static int memory_init(struct queue *q, struct vhost *v)
{
	size_t rx = virtq_bytes(RX_BUFFERS), tx = virtq_bytes(TX_DESCS);
	int rc;

	v->rings = map_private(rx + tx);
	v->heads = map_private(HEADS_BYTES);
	v->rx = v->first == VQ_RX ? map_circle() : NULL;
	q->late = queue_late_new();
	if (!v->rings || !v->heads || (v->first == VQ_RX && !v->rx) || !q->late)
		return -ENOMEM;
	rc = copy_init(&v->grants, 1, dataplane_config()->copy_grants);
	if (!rc)
		rc = pool_open(&v->tx, TX_BYTES, false, &v->grants);
	if (rc)
		return rc;
	virtq_init(&v->vq[VQ_RX], v->rings, RX_BUFFERS);
	virtq_init(&v->vq[VQ_TX], v->rings + rx, TX_DESCS);
	return 0;
}

static void vhost_free(struct queue *q, struct vhost *v)
{
	unsigned int i;

	/* First: nothing moves after this. */
	if (v->fd >= 0)
		close(v->fd);
	for (i = 0; i < VQS; i++)
		if (v->kick[i] >= 0)
			close(v->kick[i]);
	if (v->call >= 0)
		close(v->call);
	if (v->rings)
		munmap(v->rings, virtq_bytes(RX_BUFFERS) + virtq_bytes(TX_DESCS));
	if (v->heads)
		munmap(v->heads, HEADS_BYTES);
	pool_close(&v->tx, &v->grants);
	copy_exit(&v->grants);
	if (v->rx)
		munmap(v->rx, 2 * RX_BYTES);
	free(q->late);
	q->late = NULL;
	q->vhost = NULL;
	free(v);
}

/* --- the kernel's side -------------------------------------------------------------- */

static int eventfds_init(struct vhost *v)
{
	unsigned int i;

	for (i = 0; i < VQS; i++) {
		v->kick[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (v->kick[i] < 0)
			return -errno;
	}
	/* Blocking: io_uring then waits for it, instead of saying EAGAIN. */
	v->call = eventfd(0, EFD_CLOEXEC);
	return v->call < 0 ? -errno : 0;
}

/* All user addresses as they are: what is mapped where changes, the table need not. */
static int set_memory(int fd)
{
	/* Where x86-64 with four levels of page tables ends; mmap() gives nothing beyond unasked. */
	const uint64_t end = (1ull << 47) - NETIF_PAGE_SIZE;
	struct vhost_memory *m = calloc(1, sizeof(*m) + sizeof(m->regions[0]));
	int rc;

	if (!m)
		return -ENOMEM;
	m->nregions = 1;
	m->regions[0].memory_size = end;
	rc = ioctl(fd, VHOST_SET_MEM_TABLE, m) ? -errno : 0;
	free(m);
	return rc;
}

static int set_backend(const struct vhost *v, unsigned int i, int tap)
{
	struct vhost_vring_file file = { .index = i, .fd = tap };

	return ioctl(v->fd, VHOST_NET_SET_BACKEND, &file) ? -errno : 0;
}

static int set_base(const struct vhost *v, unsigned int i, uint16_t at)
{
	struct vhost_vring_state base = { .index = i, .num = at };

	return ioctl(v->fd, VHOST_SET_VRING_BASE, &base) ? -errno : 0;
}

static int set_vring(const struct vhost *v, unsigned int i)
{
	const struct virtq *vq = &v->vq[i];
	struct vhost_vring_state num = { .index = i, .num = vq->size };
	struct vhost_vring_addr addr = {
		.index = i,
		.desc_user_addr = (uintptr_t)vq->desc,
		.avail_user_addr = (uintptr_t)vq->avail,
		.used_user_addr = (uintptr_t)vq->used,
	};
	struct vhost_vring_file kick = { .index = i, .fd = v->kick[i] };
	struct vhost_vring_file call = { .index = i, .fd = v->call };

	if (ioctl(v->fd, VHOST_SET_VRING_NUM, &num) || set_base(v, i, 0) ||
	    ioctl(v->fd, VHOST_SET_VRING_ADDR, &addr) || ioctl(v->fd, VHOST_SET_VRING_KICK, &kick) ||
	    ioctl(v->fd, VHOST_SET_VRING_CALL, &call))
		return -errno;
	return 0;
}

static int device_init(struct vhost *v, int tap)
{
	uint64_t features;
	unsigned int i;
	int rc;

	v->fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	if (v->fd < 0 || ioctl(v->fd, VHOST_SET_OWNER) || ioctl(v->fd, VHOST_GET_FEATURES, &features))
		return -errno;
	if (~features & FEATURES)
		return -EOPNOTSUPP;
	features = FEATURES;
	if (ioctl(v->fd, VHOST_SET_FEATURES, &features))
		return -errno;
	rc = set_memory(v->fd);
	for (i = v->first; !rc && i < VQS; i++)
		rc = set_vring(v, i);
	for (i = v->first; !rc && i < VQS; i++)
		rc = set_backend(v, i, tap);
	return rc;
}

static void kick(struct queue *q, unsigned int i)
{
	uint64_t one = 1;

	if (!virtq_publish(&q->vhost->vq[i]))
		return;
	STAT_INC(q->stats.tap_submits);
	if (write(q->vhost->kick[i], &one, sizeof(one)) < 0 && errno != EAGAIN)
		abort();
}

/* --- guest -> TAP ------------------------------------------------------------------- */

static void reclaim(struct queue *q)
{
	struct vhost *v = q->vhost;
	unsigned int n = virtq_used(&v->vq[VQ_TX]);

	if (!n)
		return;
	virtq_take(&v->vq[VQ_TX], n);
	q->settled += n;
	v->freed = v->ends[(q->settled - 1) % NETIF_TX_RING_SIZE];
}

unsigned int vhost_room(struct queue *q)
{
	reclaim(q);
	return NETIF_TX_RING_SIZE - (q->tx_buf.first - q->vhost->freed);
}

/* vhost-net tells nobody what the TAP refused: "tap_refused" of the vif has the kernel's count. */
void vhost_write(struct queue *q, struct frame **frames, unsigned int n)
{
	struct vhost *v = q->vhost;
	struct frame *f;
	unsigned int i;

	for (i = 0; i < n; i++) {
		f = frames[i];
		/* The virtio header is right before the head (frame.h). */
		f->iov[0].iov_base = (uint8_t *)f->iov[0].iov_base - TAP_VNET_LEN;
		f->iov[0].iov_len += TAP_VNET_LEN;
		virtq_add(&v->vq[VQ_TX], f->iov, f->niov, false);
		v->ends[q->written++ % NETIF_TX_RING_SIZE] = q->tx_buf.first + f->slot_end;
	}
	q->tx_buf.first += frames[n - 1]->slot_end;
	STAT_ADD(q->stats.tx_to_tap, n);
	kick(q, VQ_TX);
}

/* It does not go on: take its frames away from it, and let it begin anew. */
void vhost_give_up(struct queue *q)
{
	struct vhost *v = q->vhost;

	set_backend(v, VQ_TX, -1);
	reclaim(q);
	log_limited(&q->vif->log_limit, LOG_ERR, "%s: vhost-net takes no frames; %u are lost. See the "
		    "kernel's log; port = \"io_uring\" does without it", q->vif->id.name,
		    q->written - q->settled);
	STAT_ADD(q->stats.tx_drop_tap_error, q->written - q->settled);
	set_base(v, VQ_TX, virtq_cancel(&v->vq[VQ_TX]));
	reclaim(q);
	set_backend(v, VQ_TX, q->tap_fd);
}

/* Only for a queue that ends: its worker stands still meanwhile. */
static void settle(struct queue *q)
{
	const struct timespec pause = { .tv_nsec = 20000 };
	uint64_t end = clock_ns() + SETTLE_NS;

	for (reclaim(q); q->settled != q->written; reclaim(q)) {
		if (clock_ns() > end) {
			vhost_give_up(q);
			break;
		}
		nanosleep(&pause, NULL);
	}
	queue_late_flush(q);
}

/* --- TAP -> guest ------------------------------------------------------------------- */

/*
 * The next frame, 'skip' buffers from the first used one.  Returns its buffers; 0: it is
 * not there, or the kernel does not keep to virtio (then *len is 0).
 */
static unsigned int frame_at(const struct vhost *v, unsigned int skip, unsigned int used,
			     struct netif_vnet *vnet, uint32_t *len)
{
	const struct virtq *vq = &v->vq[VQ_RX];
	unsigned int i;
	uint32_t id;

	*len = 0;
	memcpy(vnet, rx_buffer(v, vq->used_idx + skip), sizeof(*vnet));
	if (!vnet->num_buffers || vnet->num_buffers > used - skip || vnet->num_buffers > FRAME_BUFFERS)
		return 0;
	for (i = 0; i < vnet->num_buffers; i++)
		*len += virtq_peek(vq, skip + i, &id);
	if (*len < TAP_VNET_LEN + NETIF_ETH_HLEN || *len > TAP_VNET_LEN + TAP_FRAME_MAX) {
		*len = 0;
		return 0;
	}
	*len -= TAP_VNET_LEN;
	return vnet->num_buffers;
}

static void make_frame(struct queue *q, struct frame *f, struct iovec *iov, unsigned int skip,
		       const struct netif_vnet *vnet, uint32_t len)
{
	const struct vhost *v = q->vhost;

	netif_meta_from_vnet(&f->meta, vnet, len);
	iov->iov_base = rx_buffer(v, v->vq[VQ_RX].used_idx + skip) + TAP_VNET_LEN;
	iov->iov_len = len;
	f->iov = iov;
	f->niov = 1;
	f->grants = NULL;
	f->failed = false;
}

/* Frames in used buffers, as many as the guest has room for.  *buffers: that they take. */
static unsigned int read_frames(struct queue *q, unsigned int used, unsigned int *buffers)
{
	struct worker_scratch *s = q->worker->scratch;
	unsigned int n = 0, need, took, room = queue_rx_room(q);
	struct netif_vnet vnet;
	uint32_t len;

	for (*buffers = 0; *buffers < used && n < WORKER_READS_MAX; *buffers += took) {
		took = frame_at(q->vhost, *buffers, used, &vnet, &len);
		if (!took) {
			STAT_INC(q->stats.tap_read_errors);
			*buffers = used;
			break;
		}
		make_frame(q, &s->frames[n], &s->iov[n], *buffers, &vnet, len);
		need = queue_rx_need(q, &s->frames[n].meta);
		if (need > room && !queue_frame_waits_too_long(q, need))
			break;
		STAT_INC(q->stats.tap_reads);
		/* Given up, it goes nowhere; its buffers are taken back with the others'. */
		if (need > room)
			continue;
		queue_frame_fits(q);
		room -= need;
		n++;
	}
	return n;
}

static void give_buffers(struct queue *q, unsigned int n)
{
	struct virtq *vq = &q->vhost->vq[VQ_RX];
	struct iovec iov = { .iov_len = NETIF_PAGE_SIZE };

	while (n--) {
		iov.iov_base = rx_buffer(q->vhost, vq->next);
		virtq_add(vq, &iov, 1, true);
	}
	kick(q, VQ_RX);
}

static unsigned int vhost_read(struct queue *q)
{
	struct virtq *vq = &q->vhost->vq[VQ_RX];
	unsigned int n, buffers, slots, used = virtq_used(vq);

	n = read_frames(q, used, &buffers);
	/* Not where the guest has too few buffers: then there still is one. */
	if (buffers == used)
		q->tap_ready = false;
	slots = queue_deliver(q, q->worker->scratch->frames, n);
	virtq_take(vq, buffers);
	if (buffers)
		give_buffers(q, buffers);
	return slots;
}

/* --- life ------------------------------------------------------------------------------ */

int vhost_open_from(struct queue *q, unsigned int first)
{
	struct vhost *v = calloc(1, sizeof(*v));
	int rc;

	if (!v)
		return -ENOMEM;
	v->fd = v->call = v->kick[VQ_RX] = v->kick[VQ_TX] = -1;
	v->first = first;
	q->vhost = v;
	rc = memory_init(q, v);
	if (!rc)
		rc = eventfds_init(v);
	if (!rc)
		rc = device_init(v, q->tap_fd);
	if (rc) {
		vhost_free(q, v);
		return rc;
	}
	q->tx_buf.pages = v->tx.base;
	q->tx_buf.refs = v->tx.refs;
	q->tx_buf.heads = (void *)v->heads;
	return 0;
}

/* Frames from the host or room for those to it: the queue finds out which. */
static void tap_called(struct worker *w, struct completion *c, int res)
{
	struct queue *q = (struct queue *)((char *)c - offsetof(struct queue, tap_called));

	q->tap_ready = true;
	STAT_INC(q->stats.tap_calls);
	worker_activate(w, &q->task);
}

static int vhost_open(struct queue *q)
{
	int rc = vhost_open_from(q, VQ_RX);

	q->tap_called.done = tap_called;
	if (!rc)
		give_buffers(q, RX_BUFFERS);
	return rc;
}

bool vhost_settling_matters(const struct queue *q)
{
	return q->written != q->settled && (q->tx_blocked || queue_late_waits(q));
}

/* Half of them will do to go on. */
bool vhost_want_settled(struct queue *q)
{
	return virtq_want(&q->vhost->vq[VQ_TX], (q->written - q->settled + 1) / 2);
}

void vhost_arm_call(struct queue *q, struct completion *c)
{
	struct vhost *v = q->vhost;
	struct io_uring_sqe *sqe;

	if (c->armed)
		return;
	sqe = worker_sqe(q->worker);
	io_uring_prep_read(sqe, v->call, &v->called, sizeof(v->called), 0);
	worker_sqe_completion(sqe, c);
}

static bool vhost_arm(struct queue *q, bool frames)
{
	struct vhost *v = q->vhost;

	if (frames && virtq_want(&v->vq[VQ_RX], 1))
		return q->tap_ready = true;
	if (!frames)
		virtq_mute(&v->vq[VQ_RX]);
	if (vhost_settling_matters(q) && vhost_want_settled(q))
		return true;
	vhost_arm_call(q, &q->tap_called);
	return false;
}

/* Frames that were read and now have nobody to go to. */
static void count_unread(struct queue *q)
{
	unsigned int used = virtq_used(&q->vhost->vq[VQ_RX]), skip, took;
	struct netif_vnet vnet;
	uint32_t len;

	for (skip = 0; skip < used; skip += took) {
		took = frame_at(q->vhost, skip, used, &vnet, &len);
		if (!took)
			break;
		STAT_INC(q->stats.rx_drop_stopped);
	}
}

void vhost_detach(struct queue *q)
{
	unsigned int i;

	settle(q);
	for (i = q->vhost->first; i < VQS; i++)
		set_backend(q->vhost, i, -1);
}

void vhost_release(struct queue *q, const struct completion *c)
{
	uint64_t one = 1;

	if (c->armed && write(q->vhost->call, &one, sizeof(one)) < 0)
		abort();
	while (c->armed)
		worker_wait(q->worker);
	vhost_free(q, q->vhost);
}

static void vhost_close(struct queue *q)
{
	vhost_detach(q);
	count_unread(q);
	vhost_release(q, &q->tap_called);
}

const struct uplink uplink_vhost = {
	.name = "vhost",
	.open = vhost_open,
	.close = vhost_close,
	.room = vhost_room,
	.write = vhost_write,
	.give_up = vhost_give_up,
	.read = vhost_read,
	.arm = vhost_arm,
};
