/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * To its own weight and its vif, real "xl migrate", to a VF on the target. xl has no hooks and its
 * protocol is its own: it runs as a child, between two switches. Whatever fails, the guest runs on
 * the best path it had.
 */
#include "xl-plugins/bridge.h"
#include "xl-plugins/command.h"
#include "xl-plugins/guest.h"
#include "xl-plugins/journal.h"
#include "xl-plugins/migrate.h"
#include "xl-plugins/remote.h"
#include "xl-plugins/uplink.h"
#include "xl-plugins/vif.h"
#include "xl-plugins/xl_options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A guest that does not answer within this gets its VF all the same. */
#define RESUME_SECONDS 30
/* ssh alone waits for a quarter of an hour for a host that died. */
#define SSH "ssh -o ConnectTimeout=30 -o ServerAliveInterval=10 -o ServerAliveCountMax=6"

struct wish {
	const char *domain;
	const char *probe;
	struct xl_options xl;
};

static const struct option longs[] = {
	{ "keep-pv", no_argument, NULL, 'k' },
	{ "probe", required_argument, NULL, 'p' },
	{ "ssh", required_argument, NULL, 's' },
	{ "timeout", required_argument, NULL, 't' },
	{ NULL, 0, NULL, 0 },
};

/* The words before "--", or all. */
static int own_words(int argc, char **argv)
{
	int n = 1;

	while (n < argc && strcmp(argv[n], "--"))
		n++;
	return n;
}

/* DOMAIN HOST [OPTION...], up to "--". */
static int parse(int end, char **argv, struct wish *wish, struct migration *m)
{
	int opt;

	m->timeout = SWITCH_TIMEOUT;
	text_copy(m->ssh, sizeof(m->ssh), SSH);
	while ((opt = getopt_long(end, argv, "s:", longs, NULL)) != -1) {
		if (opt == 'k')
			m->keep_pv = true;
		else if (opt == 'p')
			wish->probe = optarg;
		else if (opt == 's')
			text_copy(m->ssh, sizeof(m->ssh), optarg);
		else if (opt == 't')
			m->timeout = (unsigned int)strtoul(optarg, NULL, 10);
		else
			return -1;
	}
	if (end - optind != 2 || !m->timeout)
		return -1;
	wish->domain = argv[optind];
	text_copy(m->host, sizeof(m->host), argv[optind + 1]);
	return 0;
}

/* What xl's options make of the plan. */
static void heed_options(struct xlnet *x, struct migration *m, const struct xl_options *xl,
			 size_t vifs)
{
	if (xl->paused && m->had_vf && !m->keep_pv) {
		progress_always("xl-net: with -p, \"%s\" gets no VF on %s, which it could not take "
				"while paused; afterwards, there: xl-net net-switch %s vf",
				m->dom.name, m->host, *m->there ? m->there : m->dom.uuid);
		m->keep_pv = true;
	}
	if (!xl->config)
		return;
	/* Its only vif may have another number there, and the bridge's VLAN be another one. */
	m->vif_there = vifs == 1;
	m->vlan_there = m->vlan == bridge_vlan(x, m->nic.bridge);
}

/* The VF that it has now, if it has one; a guest with two is moved by hand. */
static int find_vf(struct xlnet *x, struct migration *m, const struct xl_options *xl)
{
	struct vif *vifs;
	size_t n, with_vf = 0;
	int rc = vif_list(x, m->dom.uuid, &vifs, &n);

	for (size_t i = 0; !rc && i < n; i++) {
		if (!vifs[i].has_vf && m->had_vf)
			continue;
		with_vf += vifs[i].has_vf;
		m->had_vf |= vifs[i].has_vf;
		m->nic = vifs[i].nic;
		snprintf(m->devid, sizeof(m->devid), "%d", vifs[i].nic.devid);
		text_copy(m->pf, sizeof(m->pf), vifs[i].vf.pf);
		m->vlan = vifs[i].vf.state.vlan;
	}
	free(vifs);
	if (!rc)
		heed_options(x, m, xl, n);
	if (with_vf > 1)
		return problem(-E2BIG,
			       "\"%s\" has %zu VFs: move all but one to PV first (xl-net "
			       "net-switch)",
			       m->dom.name, with_vf);
	return rc;
}

static int check_here(struct xlnet *x, struct migration *m, struct host_facts *here)
{
	int rc = host_facts(x, here);

	if (!rc)
		rc = host_domain_config(x, &m->dom);
	if (rc)
		return rc;
	if (m->dom.type == GUEST_PV && !here->shadow)
		return problem(-EOPNOTSUPP, "this hypervisor has no shadow paging, it cannot "
					    "live-migrate PV guests: "
					    "xl-net net-check");
	if (m->dom.type != GUEST_PV && !here->shadow && !here->hap)
		return problem(-EOPNOTSUPP,
			       "this hypervisor cannot live-migrate \"%s\": xl-net net-check",
			       m->dom.name);
	return 0;
}

static bool list_has(json_t *list, const char *value)
{
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry) {
		const char *text = json_string_value(entry);

		if (text && !strcmp(text, value))
			return true;
	}
	return false;
}

/* bridge NULL: on any. */
static bool has_free_vf(json_t *facts, const char *bridge)
{
	json_t *vf;
	size_t i;

	json_array_foreach(json_object_get(facts, "free_vfs"), i, vf)
		if (!bridge || list_has(json_object_get(vf, "bridges"), bridge))
			return true;
	return false;
}

/* A bridge that Linux has may have a dot in its name, which VLANs follow in Open vSwitch's. */
static const char *bridge_there(json_t *bridges, const char *bridge, char device[IFNAMSIZ])
{
	return list_has(bridges, bridge) ? bridge : bridge_device(bridge, device);
}

/* Xen's own rule: a guest may go to the same or the next version. */
static int judge_version(const struct migration *m, json_t *facts, const struct host_facts *here)
{
	const char *text = json_string_value(json_object_get(facts, "xen"));
	int major, minor;

	if (!text || sscanf(text, "%d.%d", &major, &minor) != 2 || major > here->major ||
	    (major == here->major && minor >= here->minor))
		return 0;
	return problem(-EOPNOTSUPP,
		       "%s runs Xen %s, here is %d.%d: guests do not migrate to an older one",
		       m->host, text, here->major, here->minor);
}

static int judge_incoming(const struct migration *m, const struct xl_options *xl, json_t *facts)
{
	char incoming[NAME_LEN + sizeof(INCOMING)];

	snprintf(incoming, sizeof(incoming), "%s" INCOMING, *xl->name ? xl->name : m->dom.name);
	if (!list_has(json_object_get(facts, "incoming"), incoming))
		return 0;
	return problem(-EEXIST,
		       "%s has \"%s\", which a migration that broke off left there, if none is "
		       "under way: xl destroy %s on %s",
		       m->host, incoming, incoming, m->host);
}

static int judge_bridge(const struct migration *m, json_t *facts)
{
	json_t *bridges = json_object_get(facts, "bridges");
	char device[IFNAMSIZ];
	const char *bridge = bridge_there(bridges, m->nic.bridge, device);

	if (*bridge && !list_has(bridges, bridge))
		return problem(-ENOENT,
			       "%s has no bridge \"%s\" for the vif: make it there, or give the "
			       "guest a configuration with another one: -- -C FILE",
			       m->host, bridge);
	if (m->had_vf && !m->keep_pv && !has_free_vf(facts, bridge))
		return problem(-ENOENT,
			       "%s has no free VF on bridge \"%s\": free one there, or migrate "
			       "with --keep-pv",
			       m->host, bridge);
	return 0;
}

/* That configuration says what bridge the vif has there, and whether the guest needs an IOMMU. */
static int judge_config(const struct migration *m, const struct xl_options *xl, json_t *facts)
{
	if (!m->had_vf || m->keep_pv || has_free_vf(facts, NULL))
		return 0;
	return problem(-ENOENT,
		       "%s has no free VF at all, whatever bridge %s says: free one there, or "
		       "migrate with --keep-pv",
		       m->host, xl->config);
}

static int judge_there(const struct migration *m, const struct xl_options *xl, json_t *facts,
		       const struct host_facts *here)
{
	int rc;

	if (!xl->config && m->dom.passthrough && !json_is_true(json_object_get(facts, "iommu")))
		return problem(-EOPNOTSUPP,
			       "%s has no IOMMU, \"%s\" was created to use one: it cannot run "
			       "there",
			       m->host, m->dom.name);
	rc = judge_version(m, facts, here);
	if (!rc)
		rc = judge_incoming(m, xl, facts);
	if (rc)
		return rc;
	return xl->config ? judge_config(m, xl, facts) : judge_bridge(m, facts);
}

static int check_there(const struct migration *m, const struct xl_options *xl,
		       const struct host_facts *here)
{
	json_t *facts;
	int rc, r = remote_run(m->ssh, m->host, "net-check -j", &facts);

	if (!facts)
		return problem(-EREMOTEIO,
			       "no answer from xl-net on %s (status %d): can root here log in "
			       "there without a password "
			       "(%s %s true), is xen-net-ng installed?",
			       m->host, r, m->ssh, m->host);
	rc = judge_there(m, xl, facts, here);
	json_decref(facts);
	return rc;
}

/* Where to ask how the guest is doing: as the operator, the guest, or this host's own talk with it says. */
static int probe_address(struct xlnet *x, const struct migration *m, const struct wish *wish,
			 struct in_addr *address)
{
	if (!wish->probe)
		return guest_address(x, &m->nic, address) ? netlink_neighbour_find(&m->nic.mac, address)
							  : 0;
	return inet_pton(AF_INET, wish->probe, address) == 1
		       ? 0
		       : problem(-EINVAL, "--probe %s: that is no IPv4 address", wish->probe);
}

/* The bridge's own interface is in no VLAN. */
static int probe_of_vif(struct xlnet *x, struct migration *m, struct in_addr address)
{
	char device[IFNAMSIZ];

	if (bridge_vlan(x, m->nic.bridge))
		return -EPROTONOSUPPORT;
	return probe_begin(bridge_device(m->nic.bridge, device), &m->nic.mac, address, &m->probe);
}

/* The migration goes on without, its summary then has no losses. */
static int watch_begin(struct xlnet *x, struct migration *m, const struct wish *wish)
{
	struct in_addr address;
	int rc = probe_address(x, m, wish, &address);

	if (rc && wish->probe)
		return rc;
	if (rc) {
		progress(x, "no address of \"%s\" is known here, what it loses is not counted: "
			    "--probe ADDRESS",
			 m->dom.name);
		return 0;
	}
	rc = x->dry_run ? 0 : probe_of_vif(x, m, address);
	if (rc)
		progress(x, "what \"%s\" loses is not counted: %s: %s", m->dom.name,
			 m->nic.bridge, strerror(-rc));
	return 0;
}

static int to_pv(struct xlnet *x, struct migration *m)
{
	struct switch_wish wish = { .target = PATH_PV, .devid = m->devid, .timeout = m->timeout };
	uint64_t began = now_ms();
	struct op op;
	int rc = m->had_vf ? switch_run(x, &m->dom, &wish, &op) : 0;

	m->ms[PHASE_TO_PV] = now_ms() - began;
	return rc == SWITCH_THERE ? 0 : rc;
}

/* By its number: its name may be all digits, which xl takes for one, or be changed by now. */
static int xl_migrate(struct xlnet *x, struct migration *m, const struct xl_options *options,
		      int lock)
{
	char xl[] = "xl", migrate[] = "migrate", option[] = "-s", domid[16];
	char *argv[XL_OPTIONS_MAX + 8] = { xl, migrate, option, m->ssh };
	uint64_t began = now_ms();
	int n = 4, r;

	snprintf(domid, sizeof(domid), "%u", m->dom.id);
	for (int i = 0; i < options->count; i++)
		argv[n++] = options->words[i];
	argv[n++] = domid;
	argv[n++] = m->host;
	r = program_run(argv, lock);
	/* A PF that still took the MAC of a guest that left would keep what this host sends to it. */
	uplink_sync(x, NULL);
	/* xl is done before the guest has its network again: that is still its blackout, not the VF's. */
	if (!r && !options->paused)
		probe_wait(m->probe, RESUME_SECONDS);
	m->ms[PHASE_MIGRATE] = now_ms() - began;
	return r;
}

/* xl says only 0 or 1: where the guest is decides. */
static int after(struct xlnet *x, struct migration *m, int status)
{
	uint64_t began = now_ms();
	struct domain dom;
	int rc = 0;

	if (migration_is_here(x, m->dom.uuid, &dom)) {
		problem(0, "xl migrate failed (status %d); \"%s\" runs on here%s", status,
			m->dom.name, m->had_vf ? ", and gets its VF back" : "");
		rc = migration_undo(x, m);
		return rc ? rc : -ECANCELED;
	}
	if (status)
		return problem(-EREMOTEIO,
			       "xl migrate failed (status %d) after \"%s\" had left: look for it "
			       "on %s",
			       status, m->dom.name, m->host);
	if (m->had_vf && !m->keep_pv)
		rc = migration_vf_there(x, m);
	m->ms[PHASE_TO_VF] = now_ms() - began;
	return rc;
}

/* All that comes before xl; on failure all is as it was, or recorded for net-recover. */
static int prepare(struct xlnet *x, struct migration *m)
{
	int rc = migration_release(x, m);

	if (!rc)
		rc = to_pv(x, m);
	/* A guest that is gone did not leave for the other host: nothing is to be done there. */
	if (rc && migration_undo(x, m) == -ENOENT)
		migration_forget(x, m->dom.uuid);
	return rc;
}

static int migrate_locked(struct xlnet *x, struct migration *m, const struct wish *wish, int lock)
{
	struct host_facts here;
	int status, rc = op_recover(x, m->dom.uuid);

	if (!rc)
		rc = migration_recover(x, m->dom.uuid);
	if (!rc)
		rc = find_vf(x, m, &wish->xl);
	if (!rc)
		rc = check_here(x, m, &here);
	progress(x, "asking %s whether it can take \"%s\"", m->host, m->dom.name);
	if (!rc)
		rc = check_there(m, &wish->xl, &here);
	if (!rc)
		rc = watch_begin(x, m, wish);
	if (rc || x->dry_run)
		return rc;
	rc = prepare(x, m);
	if (rc)
		return rc;
	progress(x, "migrating");
	probe_next(m->probe);
	status = xl_migrate(x, m, &wish->xl, lock);
	probe_next(m->probe);
	rc = after(x, m, status);
	if (!rc)
		migration_forget(x, m->dom.uuid);
	return rc;
}

static int print_dry(const struct migration *m)
{
	printf("\"%s\" can go to %s:%s xl migrate%s\n", m->dom.name, m->host,
	       m->had_vf ? " to its vif," : "", m->had_vf && !m->keep_pv ? ", to a VF there" : "");
	return EXIT_OK;
}

static const char *const phase_names[] = { "to the vif, here", "xl migrate", "to a VF, there" };
static const char *const phase_keys[] = { "to_pv", "migrate", "to_vf" };

static bool phase_was(const struct migration *m, int phase)
{
	return phase == PHASE_MIGRATE || (m->had_vf && (phase == PHASE_TO_PV || !m->keep_pv));
}

static int print_json(const struct migration *m, bool probed)
{
	json_t *all = json_pack("{s:s,s:s,s:b}", "domain", m->dom.name, "host", m->host, "vf",
				m->had_vf && !m->keep_pv);

	for (int i = 0; i < PHASES; i++) {
		json_t *phase = json_pack("{s:I}", "ms", (json_int_t)m->ms[i]);

		if (probed)
			json_object_update_new(phase, json_pack("{s:I,s:I,s:I}", "probes",
								(json_int_t)m->loss[i].sent, "lost",
								(json_int_t)m->loss[i].lost, "gap_ms",
								(json_int_t)m->loss[i].gap_ms));
		json_object_set_new(all, phase_keys[i], phase);
	}
	return command_print_json(all);
}

static void print_phase(const struct migration *m, int i, bool probed)
{
	printf("  %-22s %8.1f", phase_names[i], (double)m->ms[i] / 1000);
	if (probed)
		printf(" %8" PRIu64 " %8" PRIu64 " %8" PRIu64, m->loss[i].sent, m->loss[i].lost,
		       m->loss[i].gap_ms);
	putchar('\n');
}

static int print_result(const struct xlnet *x, const struct migration *m, bool probed)
{
	if (x->json)
		return print_json(m, probed);
	printf("\"%s\" runs on %s\n  %-22s %8s", m->dom.name, m->host, "PHASE", "SECONDS");
	puts(probed ? "   PROBES     LOST   GAP MS" : "");
	for (int i = 0; i < PHASES; i++)
		if (phase_was(m, i))
			print_phase(m, i, probed);
	return EXIT_OK;
}

int net_migrate(struct xlnet *x, int argc, char **argv)
{
	struct migration m = { .had_vf = false };
	struct wish wish = { .probe = NULL };
	int rc, lock, own = own_words(argc, argv), rest = own < argc ? own + 1 : argc;
	bool probed;

	if (parse(own, argv, &wish, &m))
		return command_usage(argv[0]);
	if (xl_options_read(&wish.xl, argv + rest, argc - rest))
		return EXIT_PROBLEM;
	text_copy(m.there, sizeof(m.there), *wish.xl.uuid ? wish.xl.uuid : wish.xl.name);
	if (host_domain(x, wish.domain, &m.dom))
		return EXIT_PROBLEM;
	rc = journal_lock(x, m.dom.uuid, &lock);
	if (!rc)
		rc = migrate_locked(x, &m, &wish, lock);
	journal_unlock(&lock);
	probed = m.probe;
	probe_end(m.probe, m.loss);
	if (rc)
		return EXIT_PROBLEM;
	return x->dry_run ? print_dry(&m) : print_result(x, &m, probed);
}
