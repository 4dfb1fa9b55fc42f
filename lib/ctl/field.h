/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of an answer, as they are printed. */
#ifndef CTL_FIELD_H
#define CTL_FIELD_H

#include <jansson.h>

static inline const char *field_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "-";
}

static inline long long field_number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static inline double field_real(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

#endif
