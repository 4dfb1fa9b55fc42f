/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/config.h"

#include <confuse.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/ctl/credit.h"
#include "lib/daemon/conffile.h"
#include "lib/daemon/log.h"

/* libconfuse's callbacks carry no pointer of ours; loading is single-threaded. */
static const char *loading_file;
static unsigned int loading_errors;

static void __attribute__((format(printf, 2, 0))) on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, ap);
	log_error("%s:%d: %s; credit-adjust.conf(5) lists the keys and their values", loading_file, cfg->line, text);
	loading_errors++;
}

/* One number of the file: its place, and what is valid. */
struct range {
	const char *key;
	double min, max, fallback, unit; /* the value kept is that of the file times unit */
	size_t offset;
};

#define IN_PARAMS(field) offsetof(struct config, params.field)
static const struct range ranges[] = {
	{ "max_share", 0.01, 0.5, 0.2, 1000, IN_PARAMS(max_share_mille) },
	{ "io_enter", 1, 1e8, 1000, 1, IN_PARAMS(io_enter) },
	{ "io_leave", 0, 1e8, 500, 1, IN_PARAMS(io_leave) },
	{ "io_full", 1, 1e9, 5000, 1, IN_PARAMS(io_full) },
	{ "enter_seconds", 1, 60, 2, 1, IN_PARAMS(enter_rounds) },
	{ "leave_seconds", 1, POLICY_WINDOW, 3, 1, IN_PARAMS(leave_rounds) },
	{ "busy", 0.3, 1, 0.8, 1000, IN_PARAMS(busy_mille) },
	{ "mixed_below", 0, 1e8, 2000, 1, IN_PARAMS(mixed_below) },
	{ "min_change", 0.01, 0.5, 0.05, 1000, IN_PARAMS(min_change_mille) },
	{ "max_ratio", 1, 16, 4, 1, IN_PARAMS(max_ratio) },
	{ "tslice_ms", 0, 30, 5, 1, offsetof(struct config, tslice_ms) },
};
#define RANGES (sizeof(ranges) / sizeof(ranges[0]))
static int range_lines[RANGES]; /* where each was set last; 0: nowhere */

static const struct {
	const char *key, *fallback;
	size_t offset, size;
} paths[] = {
	{ "control_socket", CREDIT_SOCKET, offsetof(struct config, control_socket), 108 },
	{ "netback_socket", "/run/netback-ng/control", offsetof(struct config, netback_socket), 108 },
	{ "state_dir", "/var/lib/xen-net-ng/credit-adjust", offsetof(struct config, state_dir), 200 },
};
#define PATHS (sizeof(paths) / sizeof(paths[0]))

static int check_range(cfg_t *cfg, cfg_opt_t *opt)
{
	double v = cfg_opt_getnfloat(opt, 0);

	for (size_t i = 0; i < RANGES; i++) {
		if (strcmp(ranges[i].key, cfg_opt_name(opt)))
			continue;
		range_lines[i] = cfg->line;
		if (!(v >= ranges[i].min && v <= ranges[i].max))
			cfg_error(cfg, "%s must be from %g to %g", ranges[i].key, ranges[i].min, ranges[i].max);
	}
	return 0; /* go on: the operator gets every error in one go */
}

static int check_path(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *v = cfg_opt_getnstr(opt, 0);

	for (size_t i = 0; i < PATHS; i++)
		if (!strcmp(paths[i].key, cfg_opt_name(opt)) && (!v || *v != '/' || strlen(v) >= paths[i].size))
			cfg_error(cfg, "%s must be an absolute path shorter than %zu characters", paths[i].key,
				  paths[i].size);
	return 0;
}

static int check_policy(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *v = cfg_opt_getnstr(opt, 0);

	if (!v || (strcmp(v, "never") && strcmp(v, "adjust")))
		cfg_error(cfg, "policy must be \"adjust\" or \"never\"");
	return 0;
}

static int check_floor(cfg_t *cfg, cfg_opt_t *opt)
{
	if (cfg_opt_getnint(opt, 0) < 0 || cfg_opt_getnint(opt, 0) > (long)POLICY_WEIGHT_MAX)
		cfg_error(cfg, "floor must be a weight from 1 to %u, or 0 for none", POLICY_WEIGHT_MAX);
	return 0;
}

static int check_share(cfg_t *cfg, cfg_opt_t *opt)
{
	if (!(cfg_opt_getnfloat(opt, 0) >= 0.001 && cfg_opt_getnfloat(opt, 0) <= 0.5))
		cfg_error(cfg, "share must be from 0.001 to 0.5");
	return 0;
}

static int check_domain(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *title = cfg_title(cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1));

	if (cfg_opt_size(opt) > CONFIG_RULES_MAX)
		cfg_error(cfg, "more than %d domain sections", CONFIG_RULES_MAX);
	else if (!title || !*title || strlen(title) >= sizeof(((struct config_rule *)0)->pattern))
		cfg_error(cfg, "a domain's pattern must have 1 to 63 characters");
	return 0;
}

static void rule_take(struct config_rule *r, cfg_t *sec)
{
	*r = (struct config_rule){ .floor = (uint32_t)cfg_getint(sec, "floor") };
	snprintf(r->pattern, sizeof(r->pattern), "%s", cfg_title(sec));
	r->never = !strcmp(cfg_getstr(sec, "policy"), "never");
	if (cfg_size(sec, "share"))
		r->share_mille = (uint32_t)(cfg_getfloat(sec, "share") * 1000 + 0.5);
}

static void values_take(struct config *c, cfg_t *cfg)
{
	policy_params_default(&c->params);
	for (size_t i = 0; i < RANGES; i++)
		*(uint32_t *)((char *)c + ranges[i].offset) =
			(uint32_t)(cfg_getfloat(cfg, ranges[i].key) * ranges[i].unit + 0.5);
	for (size_t i = 0; i < PATHS; i++)
		snprintf((char *)c + paths[i].offset, paths[i].size, "%s", cfg_getstr(cfg, paths[i].key));
	c->dom0 = cfg_getbool(cfg, "dom0");
	c->affinity = cfg_getbool(cfg, "affinity");
	c->watch_xl = cfg_getbool(cfg, "watch_xl");
	for (c->rules = 0; c->rules < cfg_size(cfg, "domain"); c->rules++)
		rule_take(&c->rule[c->rules], cfg_getnsec(cfg, "domain", c->rules));
}

static cfg_t *parser_new(cfg_opt_t *opts)
{
	static cfg_opt_t rule[] = {
		CFG_STR("policy", "adjust", CFGF_NONE),
		CFG_INT("floor", 0, CFGF_NONE),
		CFG_FLOAT("share", 0, CFGF_NODEFAULT),
		CFG_END(),
	};
	const cfg_opt_t rest[] = {
		CFG_BOOL("dom0", cfg_true, CFGF_NONE),
		CFG_BOOL("affinity", cfg_false, CFGF_NONE),
		CFG_BOOL("watch_xl", cfg_true, CFGF_NONE),
		CFG_SEC("domain", rule, CFGF_MULTI | CFGF_TITLE),
		CFG_END(),
	};
	cfg_t *cfg;

	for (size_t i = 0; i < RANGES; i++)
		*opts++ = (cfg_opt_t)CFG_FLOAT(ranges[i].key, ranges[i].fallback, CFGF_NONE);
	for (size_t i = 0; i < PATHS; i++)
		*opts++ = (cfg_opt_t)CFG_STR(paths[i].key, paths[i].fallback, CFGF_NONE);
	memcpy(opts, rest, sizeof(rest));
	cfg = cfg_init(opts - RANGES - PATHS, CFGF_NONE);
	if (!cfg)
		return NULL;
	cfg_set_error_function(cfg, on_error);
	for (size_t i = 0; i < RANGES; i++)
		cfg_set_validate_func(cfg, ranges[i].key, check_range);
	for (size_t i = 0; i < PATHS; i++)
		cfg_set_validate_func(cfg, paths[i].key, check_path);
	cfg_set_validate_func(cfg, "domain", check_domain);
	cfg_set_validate_func(cfg, "domain|policy", check_policy);
	cfg_set_validate_func(cfg, "domain|floor", check_floor);
	cfg_set_validate_func(cfg, "domain|share", check_share);
	return cfg;
}

static int line_of(const char *key)
{
	for (size_t i = 0; i < RANGES; i++)
		if (!strcmp(ranges[i].key, key))
			return range_lines[i];
	return 0;
}

/* What no single value shows: at the later of the two lines. */
static void values_check(const struct config *c)
{
	int enter = line_of("io_enter"), leave = line_of("io_leave");

	if (c->params.io_leave <= c->params.io_enter)
		return;
	log_error("%s:%d: io_leave (%u) must not be above io_enter (%u)", loading_file,
		  enter > leave ? enter : leave, c->params.io_leave, c->params.io_enter);
	loading_errors++;
}

int config_load(struct config *c, const char *file)
{
	static struct config fresh; /* large */
	cfg_opt_t opts[RANGES + PATHS + 5];
	struct conffile f;
	cfg_t *cfg;
	int rc = conffile_open(&f, file);

	if (rc && rc != -ENOENT)
		return rc;
	memset(&fresh, 0, sizeof(fresh));
	memset(range_lines, 0, sizeof(range_lines));
	loading_file = file;
	loading_errors = 0;
	cfg = parser_new(opts);
	if (!rc) {
		if (cfg && cfg_parse_fp(cfg, f.fp) != CFG_SUCCESS && !loading_errors++)
			log_error("%s:%d: cannot be parsed", file, cfg->line);
		conffile_close(&f);
	}
	if (cfg && !loading_errors) {
		values_take(&fresh, cfg);
		values_check(&fresh);
	}
	cfg_free(cfg);
	if (!cfg || loading_errors)
		return -EINVAL;
	*c = fresh;
	return 0;
}

const struct config_rule *config_rule_of(const struct config *c, const char *name)
{
	for (uint32_t i = 0; i < c->rules; i++)
		if (!fnmatch(c->rule[i].pattern, name, 0))
			return &c->rule[i];
	return NULL;
}
