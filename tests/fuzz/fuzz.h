/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz targets, one entry point per file, named as libFuzzer wants it.  With
 * --enable-fuzzing (clang) they are libFuzzer programs; otherwise driver.c runs
 * them in "make check" over corpus/PROGRAM and a fixed pseudo-random sequence.
 * Depends on lib/ only.  A broken invariant ends in fuzz_check()'s trap.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* assert() that no NDEBUG turns off and that every fuzzer takes for a crash. */
static inline void fuzz_check(int holds)
{
	if (!holds)
		__builtin_trap();
}

struct fuzz_input {
	const uint8_t *data;
	size_t left;
};

/* The next n bytes; what is not there is zero. */
static inline void fuzz_bytes(struct fuzz_input *in, void *to, size_t n)
{
	size_t have = n < in->left ? n : in->left;

	memset(to, 0, n);
	if (have)
		memcpy(to, in->data, have);
	in->data += have;
	in->left -= have;
}

static inline uint8_t fuzz_u8(struct fuzz_input *in)
{
	uint8_t v;

	fuzz_bytes(in, &v, sizeof(v));
	return v;
}

#endif
