/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libconfuse does the syntax; every value reaches us as text, so that one table
 * decides what is valid and an error can say what would have been.
 */
#include "netback-ng/control/config.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/daemon/conffile.h"
#include "lib/daemon/log.h"

#define KEY(name, type, field, fallback) { name, type, offsetof(struct config, field), fallback, 0, 0 }
#define NUMBER(name, field, fallback, min, max) \
	{ name, CONFIG_NUMBER, offsetof(struct config, field), fallback, min, max }
#define BOOL(name, field, fallback) KEY(name, CONFIG_BOOL, data.field, fallback)

static const struct config_key keys[] = {
	KEY("mode", CONFIG_MODE, whole_host, "mixed"),
	KEY("adopt_scripts", CONFIG_LIST, adopt_scripts, "vif-ng"),
	KEY("adopt_bridges", CONFIG_LIST, adopt_bridges, ""),
	KEY("adopt_domains", CONFIG_LIST, adopt_domains, ""),
	KEY("control_socket", CONFIG_STRING, control_socket, "/run/netback-ng/control"),
	NUMBER("workers", data.workers, "0", 0, 64),
	KEY("worker_cpus", CONFIG_CPUS, data.worker_cpus, ""),
	NUMBER("max_queues", data.max_queues, "0", 0, 8),
	KEY("switch_bridges", CONFIG_LIST, data.switch_bridges, ""),
	BOOL("mac_filter", mac_filter, "false"),
	BOOL("sg", sg, "true"),
	BOOL("gso", gso, "true"),
	BOOL("csum", csum, "true"),
	BOOL("ctrl_ring", ctrl_ring, "true"),
	BOOL("static_grants", static_grants, "true"),
	BOOL("multicast_control", multicast_control, "true"),
	BOOL("split_events", split_events, "true"),
	BOOL("rx_half_pages", rx_half_pages, "true"),
	KEY("port", CONFIG_UPLINK, data.uplink, "auto"),
	NUMBER("copy_batch", data.copy_batch, "128", 1, 256),
	BOOL("copy_grants", copy_grants, "true"),
	BOOL("aligned_copy", aligned_copy, "true"),
	BOOL("early_response", early_response, "true"),
	BOOL("direct_read", direct_read, "true"),
	BOOL("prefetch", prefetch, "true"),
	BOOL("huge_pages", huge_pages, "false"),
	NUMBER("coalesce_packets", data.coalesce_packets, "32", 1, 256),
	NUMBER("coalesce_usecs", data.coalesce_usecs, "100", 0, 10000),
	BOOL("coalesce_adaptive", coalesce_adaptive, "true"),
	NUMBER("poll_usecs", data.poll_usecs, "50", 0, 10000),
	NUMBER("quantum_bytes", data.quantum_bytes, "262144", 1514, 1048576),
	NUMBER("stall_usecs", data.stall_usecs, "1000", 0, 1000000),
};

#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

/* libconfuse's error callback carries no pointer of ours; loading is single-threaded. */
static const char *loading_file;
static unsigned int loading_errors;
/* The list that was looked at last, and with how many items. */
static const cfg_opt_t *loading_list;
static unsigned int loading_items;

const struct config_key *config_keys(unsigned int *count)
{
	*count = KEY_COUNT;
	return keys;
}

static void __attribute__((format(printf, 2, 0))) syntax_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[256];

	vsnprintf(text, sizeof(text), fmt, ap);
	log_error("%s:%d: %s; netback-ng.conf(5) lists the keys and their values", loading_file,
		  cfg->line, text);
	loading_errors++;
}

static void value_error(const cfg_t *cfg, const struct config_key *key, const char *value)
{
	char valid[64];

	switch (key->type) {
	case CONFIG_BOOL:
		snprintf(valid, sizeof(valid), "true or false");
		break;
	case CONFIG_NUMBER:
		snprintf(valid, sizeof(valid), "a number from %u to %u", key->min, key->max);
		break;
	case CONFIG_MODE:
		snprintf(valid, sizeof(valid), "\"mixed\" or \"whole-host\"");
		break;
	case CONFIG_UPLINK:
		snprintf(valid, sizeof(valid), "\"auto\", \"io_uring\", \"vhost\", \"split\" or \"kernel\"");
		break;
	case CONFIG_CPUS:
		snprintf(valid, sizeof(valid), "up to %d CPU numbers", CONFIG_LIST_MAX);
		break;
	case CONFIG_LIST:
		snprintf(valid, sizeof(valid), "up to %d non-empty words", CONFIG_LIST_MAX);
		break;
	case CONFIG_STRING:
		snprintf(valid, sizeof(valid), "an absolute path of at most 107 characters");
		break;
	}
	log_error("%s:%d: %s = \"%.64s\" is not valid: it must be %s", loading_file,
		  cfg ? cfg->line : 0, key->name, value, valid);
	loading_errors++;
}

static bool parse_bool(const char *value, bool *out)
{
	static const char *const yes[] = { "true", "yes", "on", "1" };
	static const char *const no[] = { "false", "no", "off", "0" };

	for (unsigned int i = 0; i < 4; i++) {
		if (!strcmp(value, yes[i]) || !strcmp(value, no[i])) {
			*out = !strcmp(value, yes[i]);
			return true;
		}
	}
	return false;
}

static bool parse_number(const char *value, unsigned int min, unsigned int max, unsigned int *out)
{
	unsigned long n;
	char *end;

	if (*value < '0' || *value > '9')
		return false;
	errno = 0;
	n = strtoul(value, &end, 10);
	if (*end || errno || n < min || n > max)
		return false;
	*out = (unsigned int)n;
	return true;
}

static bool list_add(struct config_list *list, const char *value)
{
	if (!*value || list->count == CONFIG_LIST_MAX)
		return false;
	list->items[list->count] = strdup(value);
	return list->items[list->count] && ++list->count;
}

static bool set_string(char **out, const char *value)
{
	if (*value != '/' || strlen(value) > 107) /* sockaddr_un */
		return false;
	free(*out);
	*out = strdup(value);
	return *out;
}

static bool set_mode(bool *whole_host, const char *value)
{
	*whole_host = !strcmp(value, "whole-host");
	return *whole_host || !strcmp(value, "mixed");
}

static bool set_port(enum config_uplink *port, const char *value)
{
	static const char *const names[] = { [CONFIG_UPLINK_AUTO] = "auto",
					     [CONFIG_UPLINK_IO_URING] = "io_uring",
					     [CONFIG_UPLINK_VHOST] = "vhost",
					     [CONFIG_UPLINK_SPLIT] = "split",
					     [CONFIG_UPLINK_KERNEL] = "kernel" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*port = (enum config_uplink)i;
		if (!strcmp(value, names[i]))
			return true;
	}
	return false;
}

static bool key_set(struct config *c, const struct config_key *key, const char *value)
{
	void *field = (char *)c + key->offset;
	unsigned int cpu;

	switch (key->type) {
	case CONFIG_BOOL:
		return parse_bool(value, field);
	case CONFIG_NUMBER:
		return parse_number(value, key->min, key->max, field);
	case CONFIG_MODE:
		return set_mode(field, value);
	case CONFIG_UPLINK:
		return set_port(field, value);
	case CONFIG_STRING:
		return set_string(field, value);
	case CONFIG_CPUS:
		return parse_number(value, 0, 4095, &cpu) && list_add(field, value);
	case CONFIG_LIST:
		return list_add(field, value);
	}
	return false;
}

static bool key_is_list(const struct config_key *key)
{
	return key->type == CONFIG_LIST || key->type == CONFIG_CPUS;
}

static const struct config_key *key_find(const char *name)
{
	for (unsigned int i = 0; i < KEY_COUNT; i++)
		if (!strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

/* libconfuse calls once more at the end of a list, when its last item has been looked at. */
static bool list_ends(const cfg_opt_t *opt, unsigned int n)
{
	bool again = opt == loading_list && n == loading_items;

	loading_list = again ? NULL : opt;
	loading_items = n;
	return again;
}

/* Called by the parser after each value, while it still knows the line. */
static int value_check(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct config_key *key = key_find(cfg_opt_name(opt));
	unsigned int n = cfg_opt_size(opt);
	struct config scratch = { 0 };
	const char *value;

	if (!n || (key_is_list(key) && list_ends(opt, n)))
		return 0;
	value = cfg_opt_getnstr(opt, n - 1);
	if (!value || n > CONFIG_LIST_MAX || !key_set(&scratch, key, value))
		value_error(cfg, key, value ? value : "");
	config_free(&scratch);
	return 0; /* go on: the operator gets every error in one go */
}

static void options_fill(cfg_opt_t *opts)
{
	for (unsigned int i = 0; i < KEY_COUNT; i++) {
		const cfg_opt_t one = CFG_STR(keys[i].name, 0, CFGF_NODEFAULT);
		const cfg_opt_t list = CFG_STR_LIST(keys[i].name, 0, CFGF_NODEFAULT);

		opts[i] = key_is_list(&keys[i]) ? list : one;
		opts[i].validcb = value_check;
	}
	opts[KEY_COUNT] = (cfg_opt_t)CFG_END();
}

/* The file's values, or the default where the key is absent. */
static int values_take(struct config *c, cfg_t *cfg)
{
	for (unsigned int i = 0; i < KEY_COUNT; i++) {
		cfg_opt_t *opt = cfg ? cfg_getopt(cfg, keys[i].name) : NULL;
		unsigned int n = opt ? cfg_opt_size(opt) : 0;
		bool given = n || (opt && (opt->flags & CFGF_MODIFIED));

		if (!given && *keys[i].fallback && !key_set(c, &keys[i], keys[i].fallback))
			return -ENOMEM;
		for (unsigned int j = 0; j < n; j++)
			if (!key_set(c, &keys[i], cfg_opt_getnstr(opt, j)))
				return -ENOMEM; /* each was checked while parsing */
	}
	return 0;
}

static int file_parse(struct config *c, FILE *fp)
{
	cfg_opt_t opts[KEY_COUNT + 1];
	cfg_t *cfg;
	int rc;

	options_fill(opts);
	cfg = cfg_init(opts, CFGF_NONE);
	if (!cfg)
		return -ENOMEM;
	cfg_set_error_function(cfg, syntax_error);
	if (cfg_parse_fp(cfg, fp) != CFG_SUCCESS && !loading_errors++)
		log_error("%s:%d: cannot be parsed", loading_file, cfg->line);
	rc = loading_errors ? -EINVAL : values_take(c, cfg);
	cfg_free(cfg);
	return rc;
}

int config_load(struct config *c, const char *file)
{
	struct config fresh = { 0 };
	struct conffile f;
	int rc = conffile_open(&f, file);

	loading_file = file;
	loading_errors = 0;
	loading_list = NULL;
	if (!rc) {
		rc = file_parse(&fresh, f.fp);
		conffile_close(&f);
	} else if (rc == -ENOENT) {
		rc = values_take(&fresh, NULL);
	}
	if (rc) {
		config_free(&fresh);
		return -EINVAL;
	}
	*c = fresh;
	return 0;
}

static void list_free(struct config_list *list)
{
	while (list->count)
		free(list->items[--list->count]);
}

void config_free(struct config *c)
{
	list_free(&c->adopt_scripts);
	list_free(&c->adopt_bridges);
	list_free(&c->adopt_domains);
	list_free(&c->data.worker_cpus);
	list_free(&c->data.switch_bridges);
	free(c->control_socket);
	c->control_socket = NULL;
}
