/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration file on its way to libconfuse, whose scanner counts lines with comments more than once,
 * takes a comment without an end for the rest of the file, and goes on in that state at the next
 * reload.  So comments are taken out here, line ends stay, and what is never closed is refused,
 * with the line in which it begins.
 */
#ifndef DAEMON_CONFFILE_H
#define DAEMON_CONFFILE_H

#include <stdio.h>

struct conffile {
	char *text;
	FILE *fp; /* to be parsed */
};

/* 0, -ENOENT (there is none), or -EINVAL after logging why.  Only after 0 is it to be closed. */
int conffile_open(struct conffile *f, const char *path);
void conffile_close(struct conffile *f);

#endif
