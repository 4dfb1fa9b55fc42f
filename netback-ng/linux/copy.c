// SPDX-License-Identifier: GPL-2.0
#include <linux/mm.h>
#include <xen/page.h>

#include "nb.h"

static struct gnttab_copy *next_op(struct nb_copies *c, u8 owner, u16 len)
{
	struct gnttab_copy *op = &c->op[c->n];

	c->owner[c->n++] = owner;
	op->len = len;
	return op;
}

/* Memory of ours; or a page of another guest's that is mapped, which Xen knows by its grant only. */
static void set_local(struct gnttab_copy_ptr *p, const void *addr, u16 *flags, u16 gref_flag)
{
	struct xen_page_foreign *foreign = xen_page_foreign(virt_to_page(addr));

	p->offset = offset_in_page(addr);
	if (foreign) {
		p->domid = foreign->domid;
		p->u.ref = foreign->gref;
		*flags |= gref_flag;
		return;
	}
	p->domid = DOMID_SELF;
	p->u.gmfn = virt_to_gfn((void *)addr);
}

void nb_copy_from(struct nb_copies *c, u8 owner, domid_t domid, grant_ref_t gref, u16 offset,
		  void *to, u16 len)
{
	struct gnttab_copy *op = next_op(c, owner, len);

	op->flags = GNTCOPY_source_gref;
	op->source.u.ref = gref;
	op->source.domid = domid;
	op->source.offset = offset;
	set_local(&op->dest, to, &op->flags, GNTCOPY_dest_gref);
}

void nb_copy_to(struct nb_copies *c, u8 owner, domid_t domid, grant_ref_t gref, u16 offset,
		const void *from, u16 len)
{
	struct gnttab_copy *op = next_op(c, owner, len);

	op->flags = GNTCOPY_dest_gref;
	op->dest.u.ref = gref;
	op->dest.domid = domid;
	op->dest.offset = offset;
	set_local(&op->source, from, &op->flags, GNTCOPY_source_gref);
}

void nb_copy_run(struct nb_copies *c, u64 *calls, u64 *segments)
{
	u32 i;

	if (!c->n)
		return;
	gnttab_batch_copy(c->op, c->n);
	for (i = 0; i < c->n; i++)
		if (unlikely(c->op[i].status != GNTST_okay))
			c->failed[c->owner[i]] = true;
	nb_count(calls, 1);
	nb_count(segments, c->n);
	c->n = 0;
}
