/* safetensors_read.c: a safetensors file's checks, and its numbers as floats (rpm_nn_safetensors.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/safetensors.h"

#define MOST_HEADER 100000000u	/* the library's own limit */

static const struct
{
	const char *name;
	size_t		size;
}			TYPES[RPM_TENSOR_TYPES] = {
	[RPM_BOOL] = {"BOOL", 1}, [RPM_U8] = {"U8", 1}, [RPM_I8] = {"I8", 1}, [RPM_I16] = {"I16", 2}, [RPM_U16] = {"U16", 2},
	[RPM_F16] = {"F16", 2}, [RPM_BF16] = {"BF16", 2}, [RPM_I32] = {"I32", 4}, [RPM_U32] = {"U32", 4}, [RPM_F32] = {"F32", 4},
	[RPM_F64] = {"F64", 8}, [RPM_I64] = {"I64", 8}, [RPM_U64] = {"U64", 8}, [RPM_F8_E4M3] = {"F8_E4M3", 1}, [RPM_F8_E5M2] = {"F8_E5M2", 1},
};

static rpm_code check(rpm_safetensors *file, const char *numbers, uint64_t length, rpm_status *status);
static rpm_code check_size(const rpm_safetensor *tensor, const uint64_t *offsets, uint64_t length, rpm_status *status);
static rpm_code check_tiling(const rpm_safetensors *file, uint64_t length, rpm_status *status);
static int	compare_spans(const void *a, const void *b);
static int	compare_names(const void *a, const void *b);
static float half(uint16_t bits);

size_t
rpm_tensor_type_size(rpm_tensor_type type)
{
	return TYPES[type].size;
}

const char *
rpm_tensor_type_name(rpm_tensor_type type)
{
	return TYPES[type].name;
}

rpm_code
rpm_safetensors_open(const void *bytes, size_t size, rpm_safetensors **made, rpm_status *status)
{
	const unsigned char *start = bytes;
	uint64_t	length = 0;
	rpm_safetensors *file;

	*made = NULL;
	for (int i = 0; i < 8 && size >= 8; i++)
		length |= (uint64_t) start[i] << 8 * i;
	if (size < 8 || length > size - 8)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Fetch the file again; it ends too early.",
						"not a safetensors file: %zu bytes do not hold a header of %llu", size, (unsigned long long) length);
	if (length > MOST_HEADER)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "No honest file has such a header.",
						"not a safetensors file: a header of %llu bytes is longer than 100 MB", (unsigned long long) length);
	file = calloc(1, sizeof(rpm_safetensors));
	if (file == NULL)
		return rpm_fail(status, RPM_OUT_OF_MEMORY, NULL, "out of memory");
	if (nn_read_header(file, (const char *) start + 8, (size_t) length, status) != RPM_OK ||
		check(file, (const char *) start + 8 + length, size - 8 - length, status) != RPM_OK)
	{
		rpm_safetensors_free(file);
		return status->code;
	}
	*made = file;
	return RPM_OK;
}

void
rpm_safetensors_free(rpm_safetensors *file)
{
	if (file == NULL)
		return;
	free(file->tensors);
	free(file->offsets);
	free(file->notes);
	free(file->strings);
	free(file);
}

static rpm_code
check(rpm_safetensors *file, const char *numbers, uint64_t length, rpm_status *status)
{
	for (int i = 0; i < file->count; i++)
	{
		if (check_size(&file->tensors[i], file->offsets[i], length, status) != RPM_OK)
			return status->code;
		file->tensors[i].data = numbers + file->offsets[i][0];
		file->tensors[i].bytes = (size_t) (file->offsets[i][1] - file->offsets[i][0]);
	}
	if (check_tiling(file, length, status) != RPM_OK)
		return status->code;
	if (file->count > 0)
		qsort(file->tensors, (size_t) file->count, sizeof(rpm_safetensor), compare_names);
	for (int i = 1; i < file->count; i++)
		if (strcmp(file->tensors[i - 1].name, file->tensors[i].name) == 0)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Write the file anew with the safetensors library.",
							"not a safetensors file: two tensors are named \"%.100s\"", file->tensors[i].name);
	return RPM_OK;
}

static rpm_code
check_size(const rpm_safetensor *tensor, const uint64_t *offsets, uint64_t length, rpm_status *status)
{
	uint64_t	bytes = TYPES[tensor->type].size;

	for (int d = 0; d < tensor->rank; d++)
		if (__builtin_mul_overflow(bytes, (uint64_t) tensor->dims[d], &bytes))
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "No honest file has such a tensor.",
							"not a safetensors file: the size of tensor \"%.100s\" is too large to count", tensor->name);
	if (offsets[0] > offsets[1] || offsets[1] > length || offsets[1] - offsets[0] != bytes)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Fetch the file again, or write it anew with the safetensors library.",
						"not a safetensors file: tensor \"%.100s\" needs %llu bytes and says %llu to %llu of %llu", tensor->name,
						(unsigned long long) bytes, (unsigned long long) offsets[0], (unsigned long long) offsets[1],
						(unsigned long long) length);
	return RPM_OK;
}

/* The tensors' bytes follow each other without gap or overlap from the first byte to the last. */
static rpm_code
check_tiling(const rpm_safetensors *file, uint64_t length, rpm_status *status)
{
	uint64_t	at = 0;

	/* Names and data were found through the tensors' own order before; offsets may now be sorted. */
	if (file->count > 0)
		qsort(file->offsets, (size_t) file->count, sizeof(file->offsets[0]), compare_spans);
	for (int i = 0; i < file->count; i++)
	{
		if (file->offsets[i][0] != at)
			return rpm_fail(status, RPM_INVALID_ARGUMENT, "Write the file anew with the safetensors library.",
							"not a safetensors file: its numbers have a gap or an overlap at byte %llu", (unsigned long long) at);
		at = file->offsets[i][1];
	}
	if (at != length)
		return rpm_fail(status, RPM_INVALID_ARGUMENT, "Write the file anew with the safetensors library.",
						"not a safetensors file: %llu bytes follow the last tensor", (unsigned long long) (length - at));
	return RPM_OK;
}

static int
compare_spans(const void *a, const void *b)
{
	const uint64_t *x = a,
			   *y = b;

	if (x[0] != y[0])
		return x[0] < y[0] ? -1 : 1;
	return (x[1] > y[1]) - (x[1] < y[1]);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const rpm_safetensor *) a)->name, ((const rpm_safetensor *) b)->name);
}

bool
nn_is_utf8(const char *text, size_t length)
{
	const unsigned char *at = (const unsigned char *) text,
			   *end = at + length;

	while (at < end)
	{
		int			more = *at < 0x80 ? 0 : *at >= 0xC2 && *at < 0xE0 ? 1 : *at >= 0xE0 && *at < 0xF0 ? 2 : *at >= 0xF0 && *at < 0xF5 ? 3 : -1;

		if (more < 0 || end - at <= more)
			return false;
		if ((*at == 0xE0 && at[1] < 0xA0) || (*at == 0xED && at[1] > 0x9F) || (*at == 0xF0 && at[1] < 0x90) || (*at == 0xF4 && at[1] > 0x8F))
			return false;
		for (at++; more > 0; more--, at++)
			if ((*at & 0xC0) != 0x80)
				return false;
	}
	return true;
}

int
rpm_safetensors_count(const rpm_safetensors *file)
{
	return file->count;
}

const rpm_safetensor *
rpm_safetensors_get(const rpm_safetensors *file, int number)
{
	return &file->tensors[number];
}

const rpm_safetensor *
rpm_safetensors_find(const rpm_safetensors *file, const char *name)
{
	rpm_safetensor key = {.name = name};

	return file->count == 0 ? NULL : bsearch(&key, file->tensors, (size_t) file->count, sizeof(rpm_safetensor), compare_names);
}

const char *
rpm_safetensors_note_of(const rpm_safetensors *file, const char *key)
{
	for (int i = 0; i < file->note_count; i++)
		if (strcmp(file->notes[i].key, key) == 0)
			return file->notes[i].value;
	return NULL;
}

/* IEEE 754 binary16. */
static float
half(uint16_t bits)
{
	int			exponent = bits >> 10 & 31;
	double		fraction = bits & 1023,
				value = exponent == 31 ? (fraction != 0 ? NAN : INFINITY) : exponent == 0 ? ldexp(fraction, -24) :
		ldexp(fraction + 1024, exponent - 25);

	return (float) (bits >> 15 ? -value : value);
}

#define CONVERT(type, expression) \
	for (size_t i = 0; i < count; i++) \
	{ \
		type		v; \
\
		memcpy(&v, from + i * sizeof(v), sizeof(v)); \
		values[i] = (float) (expression); \
	} \
	return RPM_OK

rpm_code
rpm_safetensor_floats(const rpm_safetensor *tensor, float *values, rpm_status *status)
{
	const char *from = tensor->data;
	size_t		count = tensor->bytes / TYPES[tensor->type].size;
	union
	{
		uint32_t	bits;
		float		value;
	}			wide;

	switch (tensor->type)
	{
		case RPM_F32:
			if (tensor->bytes > 0)
				memcpy(values, from, tensor->bytes);
			return RPM_OK;
		case RPM_F64:
			CONVERT(double, v);
		case RPM_F16:
			CONVERT(uint16_t, half(v));
		case RPM_BF16:
			CONVERT(uint16_t, (wide.bits = (uint32_t) v << 16, wide.value));
		case RPM_BOOL:
		case RPM_U8:
			CONVERT(uint8_t, v);
		case RPM_I8:
			CONVERT(int8_t, v);
		case RPM_U16:
			CONVERT(uint16_t, v);
		case RPM_I16:
			CONVERT(int16_t, v);
		case RPM_U32:
			CONVERT(uint32_t, v);
		case RPM_I32:
			CONVERT(int32_t, v);
		case RPM_U64:
			CONVERT(uint64_t, v);
		case RPM_I64:
			CONVERT(int64_t, v);
		default:
			return rpm_fail(status, RPM_UNSUPPORTED, "Save it as F32, BF16 or F16.", "tensor \"%.100s\" has the type %s", tensor->name,
							TYPES[tensor->type].name);
	}
}
