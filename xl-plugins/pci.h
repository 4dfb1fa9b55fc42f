/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI functions and guests, through libxl. Every function may be called again after it was killed
 * half-way: what is done already is found and skipped.
 */
#ifndef XLNET_PCI_H
#define XLNET_PCI_H

#include "xl-plugins/host.h"

/* The guest that has it (by libxl's books), or DOMID_NONE. */
int pci_owner(struct xlnet *x, const struct bdf *bdf, uint32_t *domid);
/* What a domain has; *list is malloc'd. */
int pci_list(struct xlnet *x, uint32_t domid, struct bdf **list, size_t *n);
/* Gives it to xen-pciback, where guests' devices come from. -EBUSY: a driver of Dom0 has it. */
int pci_make_assignable(struct xlnet *x, const struct bdf *bdf);
int pci_attach(struct xlnet *x, const struct domain *dom, const struct bdf *bdf);
/*
 * Asks a PV guest to let go of it, while it still works, and waits for that: libxl resets the
 * function first and tells the guest afterwards, which costs frames. -ETIMEDOUT: it did not.
 * Guests of other types are asked by libxl itself: nothing happens. Meanwhile poll(arg) is called
 * again and again (NULL: nothing).
 */
int pci_release(struct xlnet *x, const struct domain *dom, const struct bdf *bdf,
		unsigned int seconds, void (*poll)(void *arg), void *arg);
int pci_detach(struct xlnet *x, const struct domain *dom, const struct bdf *bdf);

#endif
