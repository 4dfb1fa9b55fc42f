/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dispatch of the libraries' requests. abi.h says what each op's arguments are. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "tests/xensim/server.h"

struct request {
	struct conn *c;
	const struct xensim_msg *in;
	const uint32_t *body;
	size_t body_len;
	struct xensim_msg out;
	uint32_t *reply; /* room for XENSIM_MSG_MAX */
	size_t reply_len;
	int in_fd, out_fd;
};

extern int shared_fd;

/* Only a control connection of Dom0 may act on other domains. */
static int privileged(const struct request *r)
{
	return r->c->kind == XENSIM_K_CTRL && r->c->domid == 0 ? 0 : -EPERM;
}

static int hello_kind(struct request *r)
{
	struct conn *c = r->c;

	if (c->kind == XENSIM_K_EVTCHN)
		return evtchn_open(c, r->in_fd);
	if (c->kind == XENSIM_K_EVTCHN_ADOPT)
		return evtchn_adopt(c, r->in_fd);
	if (c->kind == XENSIM_K_STORE && r->in_fd >= 0)
		c->notify_fd = fcntl(r->in_fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

static int op_hello(struct request *r)
{
	struct conn *c = r->c;
	int rc;

	if (c->hello || r->in->arg[0] >= XENSIM_K_COUNT || r->in->arg[3] != XENSIM_MAGIC)
		return -EPROTO;
	if (!dom_alive(r->in->arg[1]))
		return -ESRCH;
	c->kind = r->in->arg[0];
	c->domid = r->in->arg[1];
	c->pid = r->in->arg[2];
	rc = hello_kind(r);
	if (rc < 0)
		return rc;
	c->hello = true;
	r->out.arg[0] = atomic_load(&shared->dom[c->domid].incarnation);
	r->out.arg[1] = (uint32_t)rc;
	r->out_fd = shared_fd;
	return 0;
}

static int op_bye(struct request *r)
{
	conn_release(r->c);
	return 0;
}

static int op_mem(struct request *r)
{
	struct mem *m = dom_mem(r->in->arg[0]);

	if (!m)
		return -ESRCH;
	r->out.arg[0] = atomic_load(&shared->dom[r->in->arg[0]].incarnation);
	r->out_fd = m->fd;
	return 0;
}

static int op_share(struct request *r)
{
	int rc = grant_share(r->c, r->in->arg, &r->out.arg[0], r->reply);

	if (!rc)
		r->reply_len = 2 * sizeof(uint32_t) * r->in->arg[1];
	return rc;
}

static int op_unshare(struct request *r)
{
	return grant_unshare(r->c, r->in->arg[0]);
}

static int op_map(struct request *r)
{
	int rc;

	if (r->body_len != 2 * sizeof(uint32_t) * (size_t)r->in->arg[0])
		return -EPROTO;
	rc = grant_map(r->c, r->in->arg, r->body, &r->out.arg[0], r->reply);
	if (!rc)
		r->reply_len = sizeof(uint32_t) * r->in->arg[0];
	return rc;
}

static int op_unmap(struct request *r)
{
	return grant_unmap(r->c, r->in->arg[0]);
}

static int port_reply(struct request *r, int port)
{
	if (port < 0)
		return port;
	r->out.arg[0] = (uint32_t)port;
	return 0;
}

static int op_bind_unbound(struct request *r)
{
	return port_reply(r, evtchn_bind_unbound(r->c, r->in->arg[0]));
}

static int op_bind_inter(struct request *r)
{
	return port_reply(r, evtchn_bind_interdomain(r->c, r->in->arg[0], r->in->arg[1]));
}

static int op_bind_virq(struct request *r)
{
	return port_reply(r, evtchn_bind_virq(r->c, r->in->arg[0]));
}

static int op_unbind(struct request *r)
{
	return evtchn_unbind(r->c, r->in->arg[0]);
}

static int op_restrict(struct request *r)
{
	return evtchn_restrict(r->c, r->in->arg[0]);
}

static int op_peer_fd(struct request *r)
{
	uint64_t peer = 0, id = 0;
	int rc = evtchn_peer(r->c, r->in->arg[0], &peer, &id, &r->out_fd);

	r->out.arg[0] = (uint32_t)peer;
	r->out.arg[1] = (uint32_t)(peer >> 32);
	r->out.arg[2] = (uint32_t)id;
	r->out.arg[3] = (uint32_t)(id >> 32);
	return rc;
}

static int op_kick(struct request *r)
{
	return evtchn_kick(r->c, r->in->arg[0]);
}

static int op_dom_create(struct request *r)
{
	/* conn_ready() ends every message with a NUL. */
	return privileged(r) ?: dom_create(r->in->arg[0], r->in->arg[1], r->in->arg[2], (const char *)r->body);
}

static int op_dom_destroy(struct request *r)
{
	return privileged(r) ?: dom_destroy(r->in->arg[0]);
}

static int op_dom_limit(struct request *r)
{
	if (privileged(r) || !dom_alive(r->in->arg[0]) || r->in->arg[1] > XENSIM_GRANTS)
		return privileged(r) ?: -EINVAL;
	domain[r->in->arg[0]].share_limit = r->in->arg[1];
	return 0;
}

static int op_dom_load(struct request *r)
{
	if (privileged(r) || !dom_alive(r->in->arg[0]))
		return privileged(r) ?: -ESRCH;
	dom_cpu_ns(&domain[r->in->arg[0]]);
	domain[r->in->arg[0]].load_percent = r->in->arg[1];
	domain[r->in->arg[0]].runnable_percent = r->in->arg[2];
	return 0;
}

static int op_dom_info(struct request *r)
{
	int n = dom_info(r->in->arg[0], (struct xensim_dominfo *)r->reply,
			 XENSIM_MSG_MAX / sizeof(struct xensim_dominfo));

	r->out.arg[0] = (uint32_t)n;
	r->reply_len = (size_t)n * sizeof(struct xensim_dominfo);
	return 0;
}

static int op_fault(struct request *r)
{
	const uint32_t *arg = r->in->arg;

	return privileged(r) ?: fault_set(arg[0], arg[1], arg[2], arg[3], arg[4]);
}

/* The scheduler's requests answer in the words they were asked with. */
static int sched_op(struct request *r, int (*fn)(uint32_t *arg))
{
	memcpy(r->out.arg, r->in->arg, sizeof(r->out.arg));
	return privileged(r) ?: fn(r->out.arg);
}

static int op_sched_id(struct request *r)
{
	return sched_op(r, sched_id);
}

static int op_sched_dom(struct request *r)
{
	return sched_op(r, sched_domain);
}

static int op_sched_param(struct request *r)
{
	return sched_op(r, sched_params);
}

static int op_affinity(struct request *r)
{
	return sched_op(r, sched_affinity);
}

static int (*const ops[])(struct request *r) = {
	[XENSIM_HELLO] = op_hello,		 [XENSIM_BYE] = op_bye,
	[XENSIM_MEM] = op_mem,			 [XENSIM_SHARE] = op_share,
	[XENSIM_UNSHARE] = op_unshare,		 [XENSIM_MAP] = op_map,
	[XENSIM_UNMAP] = op_unmap,		 [XENSIM_BIND_UNBOUND] = op_bind_unbound,
	[XENSIM_BIND_INTER] = op_bind_inter,	 [XENSIM_BIND_VIRQ] = op_bind_virq,
	[XENSIM_UNBIND] = op_unbind,		 [XENSIM_RESTRICT] = op_restrict,
	[XENSIM_PEER_FD] = op_peer_fd,		 [XENSIM_KICK] = op_kick,
	[XENSIM_DOM_CREATE] = op_dom_create,	 [XENSIM_DOM_DESTROY] = op_dom_destroy,
	[XENSIM_DOM_LIMIT] = op_dom_limit,	 [XENSIM_DOM_LOAD] = op_dom_load,
	[XENSIM_DOM_INFO] = op_dom_info,	 [XENSIM_FAULT] = op_fault,
	[XENSIM_SCHED_ID] = op_sched_id,	 [XENSIM_SCHED_DOM] = op_sched_dom,
	[XENSIM_SCHED_PARAM] = op_sched_param,	 [XENSIM_AFFINITY] = op_affinity,
};

void rpc_message(struct conn *c, const struct xensim_msg *m, size_t len, int fd)
{
	static _Alignas(8) char reply[XENSIM_MSG_MAX];
	struct request r = {
		.c = c, .in = m, .body = (const uint32_t *)(m + 1), .body_len = len - sizeof(*m),
		.reply = (uint32_t *)(void *)reply, .in_fd = fd, .out_fd = -1, .out.op = m->op,
	};

	if (m->op >= sizeof(ops) / sizeof(ops[0]))
		r.out.rc = -ENOSYS;
	else if (!c->hello && m->op != XENSIM_HELLO)
		r.out.rc = -EPROTO;
	else
		r.out.rc = ops[m->op](&r);
	conn_send(c, &r.out, sizeof(r.out), reply, r.reply_len, r.out_fd);
}
