/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An "xl" that stands before the real one in PATH: "xl net-switch ..." runs xl-net, everything else
 * the next "xl" with the very same arguments. xl talks to itself over ssh in binary ("xl
 * migrate-receive"), so nothing is printed, read or changed here; and only whole names of ours are
 * taken, never prefixes, which are xl's. Debian's xl is a wrapper that goes by its own name: the
 * next one is executed under the path it has.
 */
#include "xl-plugins/names.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const names[] = { XLNET_NAMES };

static bool is_ours(const char *word)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(word, names[i]))
			return true;
	return false;
}

/* xl's own options, "+vftTN": before the subcommand, perhaps several in one word. */
static int subcommand_at(char **argv)
{
	int i = 1;

	while (argv[i] && argv[i][0] == '-' && argv[i][1] &&
	       strspn(argv[i] + 1, "vftTN") == strlen(argv[i] + 1))
		i++;
	return i;
}

static bool same_file(const char *path, const struct stat *self)
{
	struct stat st;

	return !stat(path, &st) && st.st_dev == self->st_dev && st.st_ino == self->st_ino;
}

/* The first "xl" in PATH that is not this one, whatever it is called there. */
static int exec_next(char **argv)
{
	const char *path = getenv("PATH");
	char *dirs, *dir, *rest, file[PATH_MAX];
	struct stat self;
	int error = ENOENT;

	dirs = strdup(path ? path : "/usr/local/sbin:/usr/sbin:/sbin");
	if (!dirs || stat("/proc/self/exe", &self))
		return errno;
	for (dir = strtok_r(dirs, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest)) {
		if (snprintf(file, sizeof(file), "%s/xl", dir) >= (int)sizeof(file) ||
		    access(file, X_OK) || same_file(file, &self))
			continue;
		execv(file, argv);
		error = errno;
	}
	free(dirs);
	return error;
}

/* xl -N is a dry run, xl -v is verbose; the rest says nothing to us. */
static int exec_ours(int argc, char **argv, int at)
{
	char name[] = "xl-net", dry_run[] = "--dry-run", verbose[] = "-v";
	char **args = calloc((size_t)argc + 4, sizeof(*args));
	int n = 0;

	if (!args)
		return errno;
	args[n++] = name;
	for (int i = 1; i < at; i++) {
		if (strchr(argv[i], 'N') && n < 3)
			args[n++] = dry_run;
		if (strchr(argv[i], 'v') && n < 3)
			args[n++] = verbose;
	}
	for (int i = at; i < argc; i++)
		args[n++] = argv[i];
	execvp(name, args);
	return errno;
}

int main(int argc, char **argv)
{
	int error, at = argc ? subcommand_at(argv) : 0;
	bool ours = argc && argv[at] && is_ours(argv[at]);

	error = ours ? exec_ours(argc, argv, at) : exec_next(argv);
	fprintf(stderr, "xl: cannot run the %s: %s; is it installed, and in PATH after this one?\n",
		ours ? "program xl-net" : "next xl", strerror(error));
	return 127;
}
