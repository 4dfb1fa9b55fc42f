/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/daemon/conffile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/daemon/log.h"

#define SIZE_MAX_BYTES (1 << 20)

/* In place: what is taken out makes the text shorter. */
struct strip {
	const char *path;
	const char *at, *end; /* to be read */
	char *out;
	unsigned int line;
	const char *key; /* the line's last word before a '=' */
	int key_len;
	unsigned int depth, brace_line; /* braces open, and where the first of them is */
};

static int refuse(const struct strip *s, unsigned int line, const char *what)
{
	if (s->key_len)
		log_error("%s:%u: %.*s: %s", s->path, line, s->key_len, s->key, what);
	else
		log_error("%s:%u: %s", s->path, line, what);
	return -EINVAL;
}

static void copy(struct strip *s, size_t n)
{
	memmove(s->out, s->at, n);
	s->out += n;
	s->at += n;
}

static size_t left(const struct strip *s)
{
	return (size_t)(s->end - s->at);
}

static bool follows(const struct strip *s, const char *text)
{
	return left(s) >= strlen(text) && !memcmp(s->at, text, strlen(text));
}

static void skip_line(struct strip *s)
{
	const char *end = memchr(s->at, '\n', left(s));

	s->at = end ? end : s->end;
}

/* A block may stand between two words: a blank in its place. */
static int skip_block(struct strip *s)
{
	unsigned int first = s->line;

	for (s->at += 2; !follows(s, "*/"); s->at++) {
		if (s->at == s->end) {
			s->key_len = 0;
			return refuse(s, first, "the comment that begins here with /* has no end");
		}
		if (*s->at == '\n') {
			*s->out++ = '\n';
			s->line++;
		}
	}
	s->at += 2;
	*s->out++ = ' ';
	return 0;
}

/* No value of ours has a line end in it, so a quote or brace without its fellow shows in its own line. */
static int copy_closed(struct strip *s, size_t opening, char close, bool escapes, const char *what)
{
	size_t n = opening;

	for (; n < left(s) && s->at[n] != close; n++) {
		if (escapes && s->at[n] == '\\' && n + 1 < left(s))
			n++;
		if (s->at[n] == '\n')
			break;
	}
	if (n == left(s) || s->at[n] != close)
		return refuse(s, s->line, what);
	copy(s, n + 1);
	return 0;
}

/* libconfuse's unquoted word: comments begin before one or behind it, not within. */
static size_t word_length(const struct strip *s)
{
	size_t n = 0;

	while (n < left(s) && !strchr(" #\"'\t\n\r={}()+,*", s->at[n]))
		n++;
	return n;
}

static void copy_word(struct strip *s, size_t n)
{
	const char *word = s->out;
	size_t gap;

	copy(s, n);
	for (gap = 0; gap < left(s) && (s->at[gap] == ' ' || s->at[gap] == '\t'); gap++)
		;
	if (gap < left(s) && (s->at[gap] == '=' || s->at[gap] == '+')) {
		s->key = word;
		s->key_len = (int)n;
	}
}

static void count(struct strip *s, char c)
{
	if (c == '\n') {
		s->line++;
		s->key_len = 0;
	} else if (c == '{') {
		if (!s->depth++)
			s->brace_line = s->line;
	} else if (c == '}' && s->depth) {
		s->depth--;
	}
}

static int strip_one(struct strip *s)
{
	size_t n = word_length(s);

	if (*s->at == '#' || follows(s, "//")) {
		skip_line(s);
		return 0;
	}
	if (follows(s, "/*"))
		return skip_block(s);
	if (follows(s, "${"))
		return copy_closed(s, 2, '}', false, "${ has no closing brace");
	if (*s->at == '"' || *s->at == '\'')
		return copy_closed(s, 1, *s->at, true, "the string has no closing quote in its line");
	if (n) {
		copy_word(s, n);
		return 0;
	}
	count(s, *s->at);
	copy(s, 1);
	return 0;
}

static int strip(const char *path, char *text, size_t *len)
{
	struct strip s = { .path = path, .at = text, .end = text + *len, .out = text, .line = 1 };
	const char *nul = memchr(text, '\0', *len);
	int rc = 0;

	if (nul) {
		for (const char *p = text; p < nul; p++)
			s.line += *p == '\n';
		return refuse(&s, s.line, "there is a NUL byte; is this the right file?");
	}
	while (!rc && s.at < s.end)
		rc = strip_one(&s);
	if (!rc && s.depth) {
		s.key_len = 0;
		rc = refuse(&s, s.brace_line, "the { in this line is never closed");
	}
	*len = (size_t)(s.out - text);
	return rc;
}

static int refuse_file(const char *path, const char *why)
{
	log_error("%s: %s", path, why);
	return -EINVAL;
}

/* The whole file, with room for one character more. */
static int read_all(FILE *fp, const char *path, char **text, size_t *len)
{
	struct stat st;

	if (fstat(fileno(fp), &st) || !S_ISREG(st.st_mode))
		return refuse_file(path, "not a regular file");
	if (st.st_size > SIZE_MAX_BYTES)
		return refuse_file(path, "larger than 1 MiB; is this the right file?");
	*text = malloc((size_t)st.st_size + 1);
	if (!*text)
		return refuse_file(path, strerror(ENOMEM));
	*len = fread(*text, 1, (size_t)st.st_size, fp);
	if (!ferror(fp))
		return 0;
	free(*text);
	return refuse_file(path, "cannot be read");
}

int conffile_open(struct conffile *f, const char *path)
{
	FILE *fp = fopen(path, "re");
	size_t len;
	int rc;

	if (!fp && errno == ENOENT)
		return -ENOENT;
	if (!fp)
		return refuse_file(path, strerror(errno));
	rc = read_all(fp, path, &f->text, &len);
	fclose(fp);
	if (rc)
		return rc;
	rc = strip(path, f->text, &len);
	f->text[len] = ' '; /* never empty, which fmemopen() would not take */
	f->fp = rc ? NULL : fmemopen(f->text, len + 1, "r");
	if (!rc && !f->fp)
		rc = refuse_file(path, strerror(errno));
	if (rc)
		free(f->text);
	return rc;
}

void conffile_close(struct conffile *f)
{
	fclose(f->fp);
	free(f->text);
}
