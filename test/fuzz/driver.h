/*
 * driver.h: main() of a fuzzer that is built without libFuzzer.
 *
 * Usage: program [--mutations=N] [--seed=S] FILE-or-FOLDER...
 * Runs LLVMFuzzerTestOneInput over every file, then over N inputs made from them by flipping, cutting, doubling and splicing
 * (reproducible by the seed).  With -DRPM_LIBFUZZER and clang's -fsanitize=fuzzer this file gives way to libFuzzer's main.
 */
#ifndef RPM_FUZZ_DRIVER_H
#define RPM_FUZZ_DRIVER_H

#include <stddef.h>
#include <stdint.h>

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef RPM_LIBFUZZER

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DRIVER_MAX_FILES 4096
#define DRIVER_MAX_SIZE (1 << 20)

typedef struct driver_input { uint8_t *data; size_t size; } driver_input;

static driver_input driver_inputs[DRIVER_MAX_FILES];
static int	driver_count;
static uint64_t driver_state = 1;

/* splitmix64 */
static uint64_t driver_random(void)
{
	uint64_t	z = driver_state += 0x9E3779B97F4A7C15u;

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

static void driver_read(const char *path)
{
	struct stat info;

	if (stat(path, &info) != 0)
	{
		fprintf(stderr, "%s: cannot be read\n", path);
		exit(2);
	}
	if (S_ISDIR(info.st_mode))
	{
		struct dirent **names;
		int			count = scandir(path, &names, NULL, alphasort);

		for (int i = 0; i < count; i++)
		{
			char		inner[4096];

			if (names[i]->d_name[0] != '.' && snprintf(inner, sizeof(inner), "%s/%s", path, names[i]->d_name) < (int) sizeof(inner))
				driver_read(inner);
			free(names[i]);
		}
		if (count >= 0)
			free(names);
	}
	else if (driver_count < DRIVER_MAX_FILES && info.st_size <= DRIVER_MAX_SIZE)
	{
		FILE	   *file = fopen(path, "rb");
		driver_input *input = &driver_inputs[driver_count];

		input->data = malloc(info.st_size + 1);
		if (!file || !input->data)
		{
			fprintf(stderr, "%s: cannot be read\n", path);
			exit(2);
		}
		input->size = fread(input->data, 1, info.st_size, file);
		fclose(file);
		driver_count++;
	}
}

/* Gives the target a copy of exactly that size, so that a sanitizer sees a byte read too far. */
static void driver_run(const uint8_t *data, size_t size)
{
	uint8_t    *copy = malloc(size ? size : 1);

	if (!copy)
		exit(2);
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void driver_mutate(uint8_t *work, size_t limit)
{
	const driver_input *from = &driver_inputs[driver_random() % driver_count];
	size_t		size = from->size < limit ? from->size : limit;

	memcpy(work, from->data, size);
	for (int steps = 1 + (int) (driver_random() % 8); steps > 0; steps--)
	{
		size_t		at = size ? driver_random() % size : 0, length = size ? 1 + driver_random() % (size - at) : 0;
		const driver_input *other = &driver_inputs[driver_random() % driver_count];

		if (length > 64 && driver_random() % 4)
			length = 1 + driver_random() % 64;
		switch (driver_random() % 6)
		{
			case 0:				/* one bit */
				if (size)
					work[at] ^= (uint8_t) (1u << driver_random() % 8);
				break;
			case 1:				/* one byte */
				if (size)
					work[at] = (uint8_t) driver_random();
				break;
			case 2:				/* a byte out of the text's own */
				if (size)
					work[at] = work[driver_random() % size];
				break;
			case 3:				/* cut out */
				memmove(work + at, work + at + length, size - at - length);
				size -= length;
				break;
			case 4:				/* say twice */
				if (size + length <= limit)
				{
					memmove(work + at + length, work + at, size - at);
					size += length;
				}
				break;
			default:			/* the end of another */
				if (other->size > 0)
				{
					size_t		start = driver_random() % other->size, rest = other->size - start;

					rest = at + rest <= limit ? rest : limit - at;
					memcpy(work + at, other->data + start, rest);
					size = at + rest;
				}
		}
	}
	driver_run(work, size);
}

int main(int argc, char **argv)
{
	long		mutations = 0;
	uint8_t    *work = malloc(DRIVER_MAX_SIZE);

	for (int i = 1; i < argc; i++)
	{
		if (strncmp(argv[i], "--mutations=", 12) == 0)
			mutations = atol(argv[i] + 12);
		else if (strncmp(argv[i], "--seed=", 7) == 0)
			driver_state = strtoull(argv[i] + 7, NULL, 10);
		else
			driver_read(argv[i]);
	}
	if (!work || driver_count == 0)
	{
		fprintf(stderr, "usage: %s [--mutations=N] [--seed=S] FILE-or-FOLDER...\n", argv[0]);
		return 2;
	}
	for (int i = 0; i < driver_count; i++)
		driver_run(driver_inputs[i].data, driver_inputs[i].size);
	for (long i = 0; i < mutations; i++)
		driver_mutate(work, DRIVER_MAX_SIZE);
	printf("%s: %d inputs and %ld mutations run\n", argv[0], driver_count, mutations);
	for (int i = 0; i < driver_count; i++)
		free(driver_inputs[i].data);
	free(work);
	return 0;
}

#endif
#endif
