/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/config_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int pipefd[2], saved;
static char heard[8192];

void config_rig_write(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

void config_rig_listen(void)
{
	saved = dup(2);
	ck_assert(saved >= 0 && !pipe(pipefd));
	dup2(pipefd[1], 2);
}

const char *config_rig_heard(void)
{
	ssize_t n;

	dup2(saved, 2);
	close(saved);
	close(pipefd[1]);
	n = read(pipefd[0], heard, sizeof(heard) - 1);
	heard[n > 0 ? n : 0] = '\0';
	close(pipefd[0]);
	return heard;
}

void config_rig_check(const struct config_error *e, const char *text)
{
	for (int i = 0; i < CONFIG_WORDS; i++)
		ck_assert_msg(strstr(text, e->words[i]) != NULL, "no \"%s\" in: %s", e->words[i], text);
}

char *config_rig_source(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char path[512], *text = calloc(1, 65536);
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", srcdir ? srcdir : "..", name);
	f = fopen(path, "r");
	ck_assert_msg(text && f, "%s", path);
	ck_assert_uint_gt(fread(text, 1, 65535, f), 0);
	fclose(f);
	return text;
}
