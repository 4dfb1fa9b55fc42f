// SPDX-License-Identifier: GPL-2.0-or-later
/* A fuzz target without libFuzzer: files given, or the corpus and a fixed random sequence. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

#define INPUT_MAX 4096
#define RANDOM_INPUTS 20000

static uint8_t input[INPUT_MAX];

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f) {
		perror(path);
		return -1;
	}
	n = fread(input, 1, sizeof(input), f);
	fclose(f);
	LLVMFuzzerTestOneInput(input, n);
	return 0;
}

/* Returns the number of files; no corpus is no error. */
static int run_corpus(const char *program)
{
	const char *srcdir = getenv("srcdir");
	const char *base = strrchr(program, '/');
	char dir[4096], path[4096 + 300];
	struct dirent *e;
	int n = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
		 base ? base + 1 : program);
	d = opendir(dir);
	if (!d)
		return 0;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (run_file(path))
			exit(EXIT_FAILURE);
		n++;
	}
	closedir(d);
	return n;
}

static uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Long and short, dense and sparse: mostly zero bytes keep a parser going further. */
static void run_random(uint32_t seed)
{
	uint32_t sparse = random_next(&seed) % 4;
	size_t size = random_next(&seed) % (random_next(&seed) % 8 ? 256 : INPUT_MAX), i;

	for (i = 0; i < size; i++)
		input[i] = random_next(&seed) % (1u << sparse) ? 0 : (uint8_t)(random_next(&seed) >> 8);
	LLVMFuzzerTestOneInput(input, size);
}

int main(int argc, char **argv)
{
	uint32_t i;
	int n;

	for (n = 1; n < argc; n++) {
		if (run_file(argv[n]))
			return EXIT_FAILURE;
	}
	if (argc > 1)
		return EXIT_SUCCESS;
	n = run_corpus(argv[0]);
	for (i = 1; i <= RANDOM_INPUTS; i++)
		run_random(i * 2654435761u);
	printf("%d corpus files, %d random inputs\n", n, RANDOM_INPUTS);
	return EXIT_SUCCESS;
}
