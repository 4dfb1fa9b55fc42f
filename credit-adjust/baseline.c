/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "credit-adjust/baseline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "credit-adjust/file.h"
#include "lib/daemon/log.h"

#define FILE_VERSION 1
#define UUID_TEXT (2 * BASELINE_UUID_SIZE + 1)

static const uint8_t no_uuid[BASELINE_UUID_SIZE];

static void uuid_text(char *text, const uint8_t *uuid)
{
	for (int i = 0; i < BASELINE_UUID_SIZE; i++)
		snprintf(text + 2 * i, 3, "%02x", uuid[i]);
}

static bool uuid_parse(uint8_t *uuid, const char *text)
{
	unsigned int byte;

	if (!text || strlen(text) != UUID_TEXT - 1)
		return false;
	for (int i = 0; i < BASELINE_UUID_SIZE; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		uuid[i] = (uint8_t)byte;
	}
	return true;
}

static struct baseline *entry_new(struct baselines *b)
{
	if (b->count == b->room) {
		uint32_t room = b->room ? 2 * b->room : 64;
		struct baseline *more = realloc(b->entry, room * sizeof(*more));

		if (!more)
			return NULL;
		b->entry = more;
		b->room = room;
	}
	memset(&b->entry[b->count], 0, sizeof(b->entry[0]));
	return &b->entry[b->count++];
}

static bool number(const json_t *o, const char *key, uint32_t max, uint32_t *out)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > max)
		return false;
	*out = (uint32_t)json_integer_value(v);
	return true;
}

/* Domains are known again by their UUID when they are seen: domids of another boot mean nothing. */
static bool entry_parse(struct baselines *b, const json_t *o)
{
	struct baseline e = { .pool = json_is_true(json_object_get(o, "pool")) }, *to;

	if (!number(o, "id", UINT32_MAX, &e.id) || !number(o, "baseline", 65535, &e.value) ||
	    !number(o, "set", 65535, &e.set) || !number(o, "was", 65535, &e.was) ||
	    !uuid_parse(e.uuid, json_string_value(json_object_get(o, "uuid"))))
		return false;
	if (!e.value || !(to = entry_new(b)))
		return false;
	*to = e;
	if (e.id == BASELINE_NOBODY)
		to->gone = ++b->gone;
	return true;
}

static bool entries_parse(struct baselines *b, const json_t *root)
{
	const json_t *list = json_object_get(root, "entries"), *o;
	uint32_t version;
	size_t i;

	if (!number(root, "version", FILE_VERSION, &version) || !json_is_array(list))
		return false;
	json_array_foreach(list, i, o)
		if (!entry_parse(b, o))
			return false;
	return true;
}

int baselines_load(struct baselines *b, const char *path)
{
	json_t *root;
	int rc;

	memset(b, 0, sizeof(*b));
	if (strlen(path) >= sizeof(b->path))
		return -ENAMETOOLONG;
	strcpy(b->path, path);
	root = file_load(path, &rc);
	if (root && !entries_parse(b, root)) {
		file_set_aside(path, "not the daemon's own format");
		b->count = 0;
		rc = -EINVAL;
	}
	json_decref(root);
	if (rc)
		log_error("weights that an earlier run left changed stay as they are: look at them with \"xl sched-credit\" "
			  "or \"xl sched-credit2\"");
	return rc;
}

static bool at_rest(const struct baseline *e)
{
	return e->set == e->value && e->was == e->value;
}

static json_t *entries_json(const struct baselines *b)
{
	json_t *list = json_array();
	char uuid[UUID_TEXT];

	for (uint32_t i = 0; i < b->count; i++) {
		const struct baseline *e = &b->entry[i];

		if (at_rest(e))
			continue;
		uuid_text(uuid, e->uuid);
		json_array_append_new(list, json_pack("{s:b,s:I,s:s,s:i,s:i,s:i}", "pool", e->pool, "id",
						      (json_int_t)e->id, "uuid", uuid, "baseline", (int)e->value,
						      "set", (int)e->set, "was", (int)e->was));
	}
	return json_pack("{s:i,s:o}", "version", FILE_VERSION, "entries", list);
}

int baselines_save(const struct baselines *b)
{
	json_t *root = entries_json(b);
	int rc = root ? file_save(b->path, root) : -ENOMEM;

	json_decref(root);
	return rc;
}

void baselines_free(struct baselines *b)
{
	free(b->entry);
	memset(b, 0, sizeof(*b));
}

static bool is_of(const struct baseline *e, bool pool, const uint8_t *uuid)
{
	return e->pool == pool && !memcmp(e->uuid, uuid, BASELINE_UUID_SIZE);
}

/* Two live domains may have one UUID for a moment (a migration to this very host): the domid decides. */
struct baseline *baseline_find(struct baselines *b, uint32_t id, const uint8_t *uuid)
{
	bool pool = !uuid;
	struct baseline *gone = NULL;

	uuid = uuid ? uuid : no_uuid;
	for (uint32_t i = 0; i < b->count; i++) {
		struct baseline *e = &b->entry[i];

		if (!is_of(e, pool, uuid))
			continue;
		if (e->id == id)
			return e;
		if (!pool && (!gone || e->gone > gone->gone))
			gone = e->id == BASELINE_NOBODY ? e : gone;
	}
	if (!gone)
		return NULL;
	gone->id = id;
	gone->gone = 0;
	return gone;
}

static void forget_oldest(struct baselines *b)
{
	uint32_t oldest = BASELINE_NOBODY;

	for (uint32_t i = 0; i < b->count; i++)
		if (b->entry[i].gone && (oldest == BASELINE_NOBODY || b->entry[i].gone < b->entry[oldest].gone))
			oldest = i;
	if (oldest != BASELINE_NOBODY)
		b->entry[oldest] = b->entry[--b->count];
}

struct baseline *baseline_get(struct baselines *b, uint32_t id, const uint8_t *uuid, uint32_t in_force)
{
	struct baseline *e = baseline_find(b, id, uuid);

	if (e)
		return e;
	if (b->count >= BASELINE_ENTRIES_MAX)
		forget_oldest(b);
	e = entry_new(b);
	if (!e)
		return NULL;
	*e = (struct baseline){ .pool = !uuid, .id = id, .value = in_force, .set = in_force, .was = in_force };
	memcpy(e->uuid, uuid ? uuid : no_uuid, BASELINE_UUID_SIZE);
	return e;
}

bool baseline_observe(struct baseline *e, uint32_t in_force)
{
	bool ours = in_force == e->set || in_force == e->was || in_force == e->value;

	if (!ours)
		e->value = in_force;
	e->set = e->was = in_force;
	return !ours;
}

void baseline_plan(struct baseline *e, uint32_t value)
{
	e->was = e->set;
	e->set = value;
}

void baseline_settle(struct baseline *e, bool written)
{
	if (written)
		e->was = e->set;
	else
		e->set = e->was;
}

void baseline_leave(struct baselines *b, struct baseline *e)
{
	if (at_rest(e)) {
		*e = b->entry[--b->count];
		return;
	}
	e->id = BASELINE_NOBODY;
	e->gone = ++b->gone;
}
