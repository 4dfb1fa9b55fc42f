/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The experiment: CPU-bound domains all the time, I/O domains in the middle; once as Xen is, once adjusted.
 * Prints one JSON line for each, and writes a table of every second for the plot.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credit-adjust/sim/sim.h"

#define LOOK (100 * MS)
#define DOMAINS_MAX 1001

struct experiment {
	const struct scheduler *sched;
	uint32_t cpus, io, hogs, dom0_units, seconds, tslice_ms, seed;
	struct policy_params params;
	FILE *table;
};

/* What the adjuster keeps; static, for it is large. */
static struct policy_sample sample[DOMAINS_MAX];
static struct policy_domain state[DOMAINS_MAX];
static struct policy_result result[DOMAINS_MAX];

struct second {
	double frames, p99, hogs; /* per second; ms; part of all CPU time that hogs got */
};

static void domain_init(struct domain *d, uint32_t id, enum kind kind, uint32_t units)
{
	*d = (struct domain){ .id = id, .kind = kind, .units = units, .weight = 256, .baseline = 256 };
	d->unit = calloc(units, sizeof(*d->unit));
	for (uint32_t i = 0; d->unit && i < units; i++) {
		d->unit[i].domain = d;
		STAILQ_INIT(&d->unit[i].packets);
	}
}

static void sim_init(struct sim *s, const struct experiment *e)
{
	*s = (struct sim){ .sched = e->sched, .cpus = e->cpus, .domains = 1 + e->io + e->hogs, .ratelimit = MS,
			   .tslice = 30 * MS, .max_weight = 256, .relay_cost = 40 * US, .guest_cost = 30 * US,
			   .round_trip = 100 * US, .window = 32, .random = e->seed };
	s->cpu = calloc(s->cpus, sizeof(*s->cpu));
	s->domain = calloc(s->domains, sizeof(*s->domain));
	if (!s->cpu || !s->domain) {
		perror("credit-adjust-sim");
		exit(1);
	}
	for (uint32_t d = 0; d < s->domains; d++)
		domain_init(&s->domain[d], d, !d ? RELAYS : d <= e->io ? MOVES : COMPUTES, d ? 1 : e->dom0_units);
	memset(state, 0, sizeof(state));
	memset(result, 0, sizeof(result));
}

static void packets_free(struct unit *u)
{
	struct packet *p;

	while ((p = STAILQ_FIRST(&u->packets))) {
		STAILQ_REMOVE_HEAD(&u->packets, entry);
		free(p);
	}
}

static void sim_free(struct sim *s)
{
	for (uint32_t d = 0; d < s->domains; d++) {
		for (uint32_t i = 0; i < s->domain[d].units; i++)
			packets_free(&s->domain[d].unit[i]);
		free(s->domain[d].unit);
	}
	free(s->domain);
	free(s->cpu);
	free(s->latency);
}

/* As the daemon's looks: it runs in Dom0, and sees who is blocked at this moment. */
static void look(struct sim *s)
{
	for (uint32_t d = 0; d < s->domains; d++) {
		bool busy = false;

		for (uint32_t i = 0; i < s->domain[d].units; i++)
			busy |= s->domain[d].unit[i].state != BLOCKED;
		s->domain[d].looks++;
		s->domain[d].busy += busy;
	}
}

static void sample_fill(const struct sim *s, uint32_t i)
{
	const struct domain *d = &s->domain[i];

	sample[i] = (struct policy_sample){
		.id = d->id, .sched = s->sched->policy, .vcpus = d->units, .baseline = d->baseline,
		.current = d->weight, .cpu_mille = (uint32_t)((d->ran - d->ran_before) / MS),
		.busy_mille = d->looks ? d->busy * 1000 / d->looks : 0,
		.frames = (uint32_t)(d->frames - d->frames_before), .relay = d->kind == RELAYS,
	};
}

static void weights_set(struct sim *s, const struct experiment *e)
{
	bool receives = false;

	s->max_weight = 0;
	for (uint32_t i = 0; i < s->domains; i++) {
		s->domain[i].weight = result[i].weight;
		s->max_weight = result[i].weight > s->max_weight ? result[i].weight : s->max_weight;
		receives |= result[i].reason == POLICY_RECEIVES || result[i].reason == POLICY_AT_CEILING;
	}
	s->tslice = receives && e->tslice_ms ? e->tslice_ms * MS : 30 * MS;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double percentile(double *v, uint32_t n, double p)
{
	if (!n)
		return NAN;
	qsort(v, n, sizeof(*v), compare);
	return v[(uint32_t)(p * (n - 1))];
}

static struct second second_take(struct sim *s)
{
	struct second r = { .p99 = percentile(s->latency, s->latencies, 0.99) };
	int64_t all = 0, hogs = 0;

	for (uint32_t d = 0; d < s->domains; d++) {
		struct domain *o = &s->domain[d];

		r.frames += o->kind == MOVES ? (double)(o->frames - o->frames_before) : 0;
		all += o->ran - o->ran_before;
		hogs += o->kind == COMPUTES ? o->ran - o->ran_before : 0;
		o->ran_before = o->ran;
		o->frames_before = o->frames;
		o->looks = o->busy = 0;
	}
	s->latencies = 0;
	r.hogs = all ? (double)hogs / (double)all : 0;
	return r;
}

/* Over the middle third, when all is settled. */
struct summary {
	double frames, p99, hogs;
	uint32_t n;
};

static void summary_add(struct summary *sum, const struct second *r)
{
	sum->frames += r->frames;
	sum->p99 += r->p99;
	sum->hogs += r->hogs;
	sum->n++;
}

static struct summary experiment_run(const struct experiment *e, bool adjusted)
{
	uint32_t begin = e->seconds / 6, end = e->seconds * 5 / 6, settled = e->seconds / 3;
	struct summary sum = { 0 };
	struct sim s;

	sim_init(&s, e);
	engine_start(&s);
	for (uint32_t t = 0; t < e->seconds; t++) {
		struct second r;

		if (t == begin)
			load_begin(&s);
		if (t == end)
			load_end(&s);
		for (int i = 1; i <= 10; i++) {
			engine_run(&s, t * SEC + i * LOOK);
			look(&s);
		}
		for (uint32_t i = 0; i < s.domains; i++)
			sample_fill(&s, i);
		r = second_take(&s);
		policy_round(&e->params, sample, state, result, s.domains);
		if (adjusted)
			weights_set(&s, e);
		if (e->table)
			fprintf(e->table, "%u %.0f %.3f %.4f\n", t + 1, r.frames, r.p99, r.hogs);
		if (t >= settled && t < end)
			summary_add(&sum, &r);
	}
	sim_free(&s);
	return sum;
}

static void summary_print(const struct experiment *e, bool adjusted, const struct summary *s)
{
	double n = s->n ? s->n : 1;

	printf("{\"scheduler\":\"%s\",\"adjusted\":%s,\"cpus\":%u,\"io\":%u,\"hogs\":%u,\"frames_per_s\":%.0f,"
	       "\"p99_ms\":%.2f,\"hogs_share\":%.3f}\n", e->sched->name, adjusted ? "true" : "false", e->cpus, e->io,
	       e->hogs, s->frames / n, s->p99 / n, s->hogs / n);
}

static int experiment_both(struct experiment *e, const char *prefix)
{
	char path[256];

	for (int adjusted = 0; adjusted <= 1; adjusted++) {
		struct summary sum;

		if (prefix) {
			snprintf(path, sizeof(path), "%s-%s.dat", prefix, adjusted ? "adjusted" : "plain");
			e->table = fopen(path, "w");
			if (!e->table) {
				perror(path);
				return 1;
			}
			fputs("# second frames/s p99_ms hogs_share\n", e->table);
		}
		sum = experiment_run(e, adjusted);
		summary_print(e, adjusted, &sum);
		if (e->table)
			fclose(e->table);
	}
	return 0;
}

static int usage(void)
{
	fputs("usage: credit-adjust-sim [-s credit|credit2] [-c CPUS] [-i IO-DOMAINS] [-n CPU-DOMAINS] [-d DOM0-VCPUS]\n"
	      "                         [-t SECONDS] [-l TSLICE-MS (credit, adjusted; 0: unchanged)] [-r SEED]\n"
	      "                         [-o PREFIX (tables for the plot)]\n", stderr);
	return 2;
}

static bool number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*out = (uint32_t)n;
	return *text >= '0' && *text <= '9' && !*end && n >= min && n <= max;
}

int main(int argc, char **argv)
{
	struct experiment e = { .sched = &credit2, .cpus = 1, .io = 1, .hogs = 3, .dom0_units = 1, .seconds = 60,
				.tslice_ms = 5, .seed = 1 };
	const char *prefix = NULL;
	bool ok = true;
	int opt;

	while (ok && (opt = getopt(argc, argv, "s:c:i:n:d:t:l:r:o:")) != -1) {
		if (opt == 's') {
			ok = !strcmp(optarg, "credit") || !strcmp(optarg, "credit2");
			e.sched = strcmp(optarg, "credit") ? &credit2 : &credit;
		} else if (opt == 'o') {
			prefix = optarg;
		} else {
			ok = opt == 'c' ? number(optarg, 1, 1024, &e.cpus) : opt == 'i' ? number(optarg, 1, 999, &e.io) :
			     opt == 'n' ? number(optarg, 0, 999, &e.hogs) : opt == 'd' ? number(optarg, 1, 64, &e.dom0_units) :
			     opt == 't' ? number(optarg, 6, 3600, &e.seconds) : opt == 'l' ? number(optarg, 0, 30, &e.tslice_ms) :
			     opt == 'r' && number(optarg, 0, UINT32_MAX, &e.seed);
		}
	}
	if (!ok || optind != argc || e.io + e.hogs >= DOMAINS_MAX)
		return usage();
	policy_params_default(&e.params);
	return experiment_both(&e, prefix);
}
