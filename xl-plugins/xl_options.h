/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options that are passed on to "xl migrate", as far as they change what was asked and checked
 * before it, and what is to be done after it.
 */
#ifndef XLNET_XL_OPTIONS_H
#define XLNET_XL_OPTIONS_H

#include "xl-plugins/xlnet.h"

#define XL_OPTIONS_MAX 32

struct xl_options {
	char **words;
	int count;
	bool paused;	    /* -p: the guest does not run there before somebody says so */
	const char *config; /* -C: what the guest is there; NULL: what it is here */
	/* By what name or UUID it is known there, where that file says so; "" else. */
	char uuid[UUID_LEN], name[NAME_LEN];
};

/* 0; an error that was said: what cannot be passed on, or a file that xl could not use either. */
int xl_options_read(struct xl_options *o, char **words, int count);

#endif
