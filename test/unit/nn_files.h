/*
 * nn_files.h: safetensors of test/data/nn for the tests.
 */
#ifndef RPM_TEST_NN_FILES_H
#define RPM_TEST_NN_FILES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rpm_nn_safetensors.h"

typedef struct nn_bytes
{
	unsigned char *at;
	size_t		size;
} nn_bytes;

/* The whole file; at is NULL where it cannot be read. */
static inline nn_bytes nn_read_file(const char *path)
{
	nn_bytes	bytes = {NULL, 0};
	FILE	   *file = fopen(path, "rb");
	long		size;

	if (file == NULL)
		return bytes;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	bytes.at = malloc((size_t) size + 1);
	if (bytes.at != NULL)
		bytes.size = fread(bytes.at, 1, (size_t) size, file);
	fclose(file);
	return bytes;
}

/* A sink into memory. */
static inline bool nn_into_memory(void *context, const void *bytes, size_t size)
{
	nn_bytes   *to = context;
	unsigned char *grown = realloc(to->at, to->size + size + 1);

	if (grown == NULL)
		return false;
	memcpy(grown + to->size, bytes, size);
	to->at = grown;
	to->size += size;
	return true;
}

/* The tensor CASE/NAME as floats, in memory to free; NULL where there is none. */
static inline float *nn_tensor_floats(const rpm_safetensors *file, const char *name, int64_t *count)
{
	const rpm_safetensor *tensor = rpm_safetensors_find(file, name);
	rpm_status	status;
	float	   *values;

	if (tensor == NULL)
		return NULL;
	rpm_status_clear(&status);
	*count = (int64_t) (tensor->bytes / rpm_tensor_type_size(tensor->type));
	values = calloc((size_t) *count + 1, sizeof(float));
	if (rpm_safetensor_floats(tensor, values, &status) != RPM_OK)
	{
		free(values);
		return NULL;
	}
	return values;
}

#endif
