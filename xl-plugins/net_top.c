/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/command.h"
#include "xl-plugins/rate.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct row {
	const struct vif *vif;
	struct rate rate;
};

static double mbit(double bytes)
{
	return bytes * 8 / 1e6;
}

static double in(const struct row *r)
{
	return r->rate.vif_in + r->rate.vf_in;
}

static double out(const struct row *r)
{
	return r->rate.vif_out + r->rate.vf_out;
}

static int falling(double a, double b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->vif->dom.name,
		      ((const struct row *)b)->vif->dom.name);
}

static int by_in(const void *a, const void *b)
{
	return falling(in(a), in(b));
}

static int by_out(const void *a, const void *b)
{
	return falling(out(a), out(b));
}

static int by_rate(const void *a, const void *b)
{
	return falling(in(a) + out(a), in(b) + out(b));
}

static const struct {
	const char *name;
	int (*compare)(const void *a, const void *b);
} orders[] = { { "rate", by_rate }, { "name", by_name }, { "in", by_in }, { "out", by_out } };

static json_t *row_json(const struct row *r)
{
	json_t *json = vif_json(r->vif);

	json_object_set_new(json, "vif_in_mbit", json_real(mbit(r->rate.vif_in)));
	json_object_set_new(json, "vif_out_mbit", json_real(mbit(r->rate.vif_out)));
	json_object_set_new(json, "vf_in_mbit",
			    r->rate.counted ? json_real(mbit(r->rate.vf_in)) : json_null());
	json_object_set_new(json, "vf_out_mbit",
			    r->rate.counted ? json_real(mbit(r->rate.vf_out)) : json_null());
	return json;
}

static void print_row(const struct row *r)
{
	printf("%-24s %3d %-7s %10.2f %10.2f", r->vif->dom.name, r->vif->nic.devid,
	       path_name(r->vif->path), mbit(r->rate.vif_in), mbit(r->rate.vif_out));
	if (!r->vif->has_vf)
		printf(" %10s %10s\n", "-", "-");
	else if (!r->rate.counted)
		printf(" %10s %10s\n", "?", "?");
	else
		printf(" %10.2f %10.2f\n", mbit(r->rate.vf_in), mbit(r->rate.vf_out));
}

static void print_rows(const struct xlnet *x, const struct row *rows, size_t n)
{
	json_t *json = json_array();

	if (!x->json && isatty(STDOUT_FILENO))
		fputs("\033[H\033[2J", stdout);
	if (!x->json)
		printf("%-24s %3s %-7s %10s %10s %10s %10s   (Mbit/s)\n", "DOMAIN", "VIF", "PATH",
		       "VIF IN", "VIF OUT", "VF IN", "VF OUT");
	for (size_t i = 0; i < n; i++) {
		if (x->json)
			json_array_append_new(json, row_json(&rows[i]));
		else
			print_row(&rows[i]);
	}
	if (x->json)
		command_print_json(json);
	else
		json_decref(json);
	fflush(stdout);
}

static int print_between(const struct xlnet *x, const struct sample *before,
			 const struct sample *now, int (*compare)(const void *a, const void *b))
{
	struct row *rows = calloc(now->n + 1, sizeof(*rows));

	if (!rows)
		return -1;
	for (size_t i = 0; i < now->n; i++)
		rows[i] = (struct row){ &now->vifs[i], rate_between(before, now, &now->vifs[i]) };
	qsort(rows, now->n, sizeof(*rows), compare);
	print_rows(x, rows, now->n);
	free(rows);
	return 0;
}

static int watch(struct xlnet *x, double delay, long times,
		 int (*compare)(const void *a, const void *b))
{
	struct sample before = { NULL, 0, 0 }, now;
	int rc = sample_take(x, &before);

	for (long i = 0; !rc && (times < 0 || i < times); i++) {
		sleep_ms((unsigned int)(delay * 1000));
		rc = sample_take(x, &now);
		if (!rc)
			rc = print_between(x, &before, &now, compare);
		sample_free(&before);
		before = now;
	}
	sample_free(&before);
	return rc ? EXIT_PROBLEM : EXIT_OK;
}

int net_top(struct xlnet *x, int argc, char **argv)
{
	const char *order = "rate";
	double delay = 2;
	long times = -1;
	int opt;

	while ((opt = getopt(argc, argv, "d:n:s:")) != -1) {
		if (opt == 'd')
			delay = strtod(optarg, NULL);
		else if (opt == 'n')
			times = strtol(optarg, NULL, 10);
		else if (opt == 's')
			order = optarg;
		else
			return command_usage(argv[0]);
	}
	for (size_t i = 0; optind == argc && delay > 0 && i < ARRAY_SIZE(orders); i++)
		if (!strcmp(orders[i].name, order))
			return watch(x, delay, times, orders[i].compare);
	return command_usage(argv[0]);
}
