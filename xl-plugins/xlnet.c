/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xl-plugins/xlnet.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

const char *mac_text(const struct mac *mac, char text[MAC_TEXT])
{
	snprintf(text, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac->b[0], mac->b[1], mac->b[2],
		 mac->b[3], mac->b[4], mac->b[5]);
	return text;
}

const char *bdf_text(const struct bdf *bdf, char text[BDF_TEXT])
{
	snprintf(text, BDF_TEXT, "%04x:%02x:%02x.%x", bdf->domain, bdf->bus, bdf->dev & 0x1f,
		 bdf->fn & 7);
	return text;
}

int mac_parse(const char *text, struct mac *mac)
{
	int end = 0;

	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac->b[0], &mac->b[1],
		   &mac->b[2], &mac->b[3], &mac->b[4], &mac->b[5], &end) != 6 ||
	    text[end])
		return -EINVAL;
	return 0;
}

int bdf_parse(const char *text, struct bdf *bdf)
{
	unsigned int domain, bus, dev, fn;
	int end = 0;

	if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &dev, &fn, &end) != 4 || text[end] ||
	    dev > 31 || fn > 7)
		return -EINVAL;
	*bdf = (struct bdf){ (uint16_t)domain, (uint8_t)bus, (uint8_t)dev, (uint8_t)fn };
	return 0;
}

bool mac_equal(const struct mac *a, const struct mac *b)
{
	return !memcmp(a->b, b->b, sizeof(a->b));
}

bool mac_is_zero(const struct mac *mac)
{
	return mac_equal(mac, &(struct mac){ { 0 } });
}

bool bdf_equal(const struct bdf *a, const struct bdf *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->dev == b->dev && a->fn == b->fn;
}

static const char *const path_names[] = { "unknown", "pv", "vf", "hybrid" };

const char *path_name(enum path path)
{
	return path_names[path];
}

enum path path_parse(const char *text)
{
	if (!strcmp(text, "pv"))
		return PATH_PV;
	return strcmp(text, "vf") ? PATH_UNKNOWN : PATH_VF;
}

int problem(int rc, const char *fmt, ...)
{
	va_list ap;

	fputs("xl-net: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return rc;
}

void progress(const struct xlnet *x, const char *fmt, ...)
{
	va_list ap;

	if (!x->verbose)
		return;
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void progress_always(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

int text_format(char *to, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(to, size, fmt, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

void text_copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}
