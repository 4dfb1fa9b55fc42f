/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/xl_options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <string.h>

/* KEY = "VALUE" at the beginning of a line, as in xl.cfg(5). */
static bool line_value(const char *line, const char *key, char *value, size_t size)
{
	size_t len = strlen(key);
	const char *end;

	if (strncmp(line, key, len))
		return false;
	line += len;
	line += strspn(line, " \t");
	if (*line++ != '=')
		return false;
	line += strspn(line, " \t");
	end = *line == '"' || *line == '\'' ? strchr(line + 1, *line) : NULL;
	if (!end || (size_t)(end - line) > size)
		return false;
	memcpy(value, line + 1, (size_t)(end - line - 1));
	value[end - line - 1] = '\0';
	return true;
}

/* It goes to the other host's shell. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("-_.+", *text))
			return false;
	return true;
}

static int config_read(struct xl_options *o)
{
	FILE *f = fopen(o->config, "re");
	char line[1024];

	if (!f)
		return problem(-errno, "-C %s: %s", o->config, strerror(errno));
	while (fgets(line, sizeof(line), f))
		if (!line_value(line, "uuid", o->uuid, sizeof(o->uuid)))
			line_value(line, "name", o->name, sizeof(o->name));
	fclose(f);
	if (!is_plain(o->uuid) || !is_plain(o->name))
		return problem(-EINVAL, "-C %s: name or uuid has characters that a shell minds",
			       o->config);
	if (*o->uuid)
		return 0;
	if (!*o->name)
		return problem(-EINVAL,
			       "-C %s has neither uuid = \"...\" nor name = \"...\": by what is "
			       "the guest known there?", o->config);
	/* Without a uuid, xl makes a new one. */
	return o->name[strspn(o->name, "0123456789")] ? 0 :
		problem(-EINVAL, "-C %s: a name of digits alone would be taken for a number there; "
				 "give it uuid = \"...\", too", o->config);
}

static int option_take(struct xl_options *o, int opt)
{
	switch (opt) {
	case 'p':
		o->paused = true;
		return 0;
	case 'C':
		o->config = optarg;
		return 0;
	case 's':
		return problem(-EINVAL, "-s after \"--\" would be for xl alone, but the other host "
					"is asked, too: put it before");
	case 'h':
		return problem(-EINVAL, "xl's help is had by \"xl help migrate\"");
	case ':':
		return problem(-EINVAL, "xl's option -%c needs an argument", optopt);
	default:
		return 0; /* a newer xl's; it knows */
	}
}

int xl_options_read(struct xl_options *o, char **words, int count)
{
	static const struct option longs[] = {
		{ "debug", no_argument, NULL, 'd' },
		{ "live", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	char xl[] = "xl", *argv[XL_OPTIONS_MAX + 2] = { xl };
	int opt, rc = 0;

	*o = (struct xl_options){ .words = words, .count = count };
	if (count > XL_OPTIONS_MAX)
		return problem(-E2BIG, "more than %d words for xl", XL_OPTIONS_MAX);
	memcpy(argv + 1, words, (size_t)count * sizeof(*argv));
	opterr = 0;
	optind = 0; /* begin anew */
	while (!rc && (opt = getopt_long(count + 1, argv, "+:FC:s:TeDph", longs, NULL)) != -1)
		rc = option_take(o, opt);
	opterr = 1;
	if (!rc && optind < count + 1)
		rc = problem(-EINVAL, "\"%s\" is no option of xl migrate's; the guest and the host "
				      "stand before \"--\"", argv[optind]);
	return rc || !o->config ? rc : config_read(o);
}
