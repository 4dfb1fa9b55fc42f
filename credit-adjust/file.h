/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State files of JSON: read whole, replaced atomically and durably. */
#ifndef CREDIT_FILE_H
#define CREDIT_FILE_H

#include <jansson.h>

#define FILE_PATH_MAX 256

/* The file's content for the caller to free; NULL with *error = 0: there is none, else a negative errno. */
json_t *file_load(const char *path, int *error);
/* Renames to PATH.bad. */
void file_set_aside(const char *path, const char *why);
int file_save(const char *path, const json_t *root);

#endif
