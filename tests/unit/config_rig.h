/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of configuration files: a file to write, and what the log says of it. */
#ifndef TEST_CONFIG_RIG_H
#define TEST_CONFIG_RIG_H

#define CONFIG_WORDS 3

/* Text that is not valid, and what the log must say of it; "" is always said. */
struct config_error {
	const char *text, *words[CONFIG_WORDS];
};

/* A file with this text. */
void config_rig_write(const char *path, const char *text);
/* Between these two, stderr goes into the text that the second returns; up to a pipe's size. */
void config_rig_listen(void);
const char *config_rig_heard(void);
void config_rig_check(const struct config_error *e, const char *heard);
/* A file of the sources, by its path there; malloc'd. */
char *config_rig_source(const char *name);

#endif
