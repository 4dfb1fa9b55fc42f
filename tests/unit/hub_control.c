/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/front_hub.h"

#include <string.h>
#include <sys/mman.h>

#define LIST_MAX 512u

static uint32_t add_grefs(struct hub *h, struct hub_vif *v, struct hub_queue *q,
			  const struct netif_gref *list, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		bool ro = list[i].flags & NETIF_GREF_READONLY;
		void *p = xengnttab_map_grant_ref(h->xgt, v->domid, list[i].ref,
						  ro ? PROT_READ : PROT_READ | PROT_WRITE);

		if (!p || netif_gref_map_add(&q->map, list[i].ref, p, ro))
			return NETIF_CTRL_STATUS_INVALID_PARAMETER;
	}
	return NETIF_CTRL_STATUS_SUCCESS;
}

static uint32_t del_grefs(struct hub *h, struct hub_queue *q, const struct netif_gref *list, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		void *p = netif_gref_map_del(&q->map, list[i].ref);

		if (!p)
			return NETIF_CTRL_STATUS_INVALID_PARAMETER;
		xengnttab_unmap(h->xgt, p, 1);
	}
	return NETIF_CTRL_STATUS_SUCCESS;
}

static void gref_message(struct hub *h, struct hub_vif *v, const struct netif_ctrl_req *req,
			 struct netif_ctrl_rsp *rsp)
{
	struct netif_gref list[LIST_MAX];
	struct hub_queue *q = &v->queues[req->data[0] % HUB_QUEUES];
	uint32_t n = req->data[2];

	rsp->status = NETIF_CTRL_STATUS_NOT_SUPPORTED;
	if (!h->options.statics)
		return;
	rsp->status = NETIF_CTRL_STATUS_SUCCESS;
	rsp->data = NETIF_GREF_MAP_MAX;
	if (req->type == NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE)
		return;
	rsp->status = NETIF_CTRL_STATUS_INVALID_PARAMETER;
	rsp->data = n;
	if (req->data[0] >= v->nqueues || n > LIST_MAX ||
	    hub_access(h, v, q, req->data[1], 0, list, n * (uint32_t)sizeof(list[0]), false))
		return;
	if (req->type == NETIF_CTRL_TYPE_ADD_GREF_MAPPING)
		rsp->status = add_grefs(h, v, q, list, n);
	else
		rsp->status = del_grefs(h, q, list, n);
}

static void hash_message(struct hub *h, struct hub_vif *v, const struct netif_ctrl_req *req,
			 struct netif_ctrl_rsp *rsp)
{
	uint8_t payload[NETIF_PAGE_SIZE];
	int n = netif_hash_payload(&v->hash, req);

	rsp->status = NETIF_CTRL_STATUS_INVALID_PARAMETER;
	if (n < 0 || (n && hub_access(h, v, &v->queues[0], req->data[0], 0, payload, (uint32_t)n, false)))
		return;
	netif_hash_control(&v->hash, req, payload, v->nqueues, rsp);
}

void hub_control(struct hub *h, struct hub_vif *v)
{
	struct netif_ctrl_req req;

	if (!v->up || !v->ctrl_page || h->options.evil == HUB_MUTE)
		return;
	while (netif_back_pending(&v->ctrl) > 0) {
		struct netif_ctrl_rsp rsp;

		req = NETIF_SLOT(union netif_ctrl_slot, &v->ctrl, v->ctrl.req_cons)->req;
		v->ctrl.req_cons++;
		rsp = (struct netif_ctrl_rsp){ .id = req.id, .type = req.type };
		if (req.type >= NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE)
			gref_message(h, v, &req, &rsp);
		else
			hash_message(h, v, &req, &rsp);
		NETIF_SLOT(union netif_ctrl_slot, &v->ctrl, v->ctrl.rsp_prod)->rsp = rsp;
		v->ctrl.rsp_prod++;
		v->controls++;
		netif_back_arm(&v->ctrl, 1);
		if (netif_back_push(&v->ctrl))
			xenevtchn_notify(h->xce, v->ctrl_port);
	}
}
