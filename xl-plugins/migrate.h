/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A migration's record, and what a killed one left. */
#ifndef XLNET_MIGRATE_H
#define XLNET_MIGRATE_H

#include "xl-plugins/probe.h"
#include "xl-plugins/switch.h"

/* What xl appends to the name of a guest that it receives. */
#define INCOMING "--incoming"

/* The vif takes over here, xl migrates, a VF takes over there: in this order. */
enum { PHASE_TO_PV, PHASE_MIGRATE, PHASE_TO_VF, PHASES };
_Static_assert(PHASES == PROBE_PHASES, "a loss for each phase");

struct migration {
	struct domain dom;
	char host[NAME_LEN], ssh[NAME_LEN];
	bool had_vf, keep_pv;
	bool released; /* credit-adjustd was asked, or is about to be */
	char pf[IFNAMSIZ]; /* the VF's, here */
	char devid[16];
	/* Another configuration there (xl's -C): as what it is known there; "": by its UUID. */
	char there[NAME_LEN];
	bool vif_there, vlan_there; /* which vif, which VLAN: as that configuration has it */
	unsigned int vlan, timeout;
	struct nic nic; /* the vif that it leaves by; not recorded, as what follows */
	struct probe *probe;
	uint64_t ms[PHASES];
	struct probe_loss loss[PHASES];
};

int migration_record(struct xlnet *x, const struct migration *m);
int migration_forget(struct xlnet *x, const char *uuid);
/* Is the guest here, and not the empty shell that a failed migration may leave? */
bool migration_is_here(struct xlnet *x, const char *uuid, struct domain *dom);
/* Recorded first: its weight is its own, or is so without credit-adjustd. */
int migration_release(struct xlnet *x, struct migration *m);
/* The guest stays: back to its VF, and to credit-adjustd; the record is done with. */
int migration_undo(struct xlnet *x, struct migration *m);
/* The VF on the target. */
int migration_vf_there(struct xlnet *x, const struct migration *m);
/* Ends an interrupted migration: VF where the guest is. The domain's lock is the caller's. */
int migration_recover(struct xlnet *x, const char *uuid);
/* Everything that was interrupted; guests at work right now are left alone (-EBUSY). */
int recover_all(struct xlnet *x);

#endif
