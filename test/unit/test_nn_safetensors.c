/* test_nn_safetensors.c: files that are refused, types, weights by name, and the way out and back. */
#include <math.h>

#include "nn_files.h"
#include "unit.h"

/* Builds a file of a header and some bytes. */
static nn_bytes
file_of(const char *header, size_t numbers)
{
	nn_bytes	bytes = {NULL, 0};
	uint64_t	length = strlen(header);
	unsigned char prefix[8];
	unsigned char zeros[64] = {0};

	for (int i = 0; i < 8; i++)
		prefix[i] = (unsigned char) (length >> 8 * i);
	nn_into_memory(&bytes, prefix, 8);
	nn_into_memory(&bytes, header, length);
	nn_into_memory(&bytes, zeros, numbers);
	return bytes;
}

static void
test_refusals(void)
{
	static const struct
	{
		const char *header;
		size_t		numbers;
		const char *message;	/* NULL: it is good */
	}			cases[] = {
		{"{}", 0, NULL},
		{"{\"__metadata__\":{}}  ", 0, NULL},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8, NULL},
		{"{\"a\":{\"shape\":[],\"data_offsets\":[0,2],\"dtype\":\"BF16\"}}", 2, NULL},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[0,7],\"data_offsets\":[0,0]}}", 0, NULL},
		{"", 0, "does not begin with {"},
		{"[]", 0, "does not begin with {"},
		{" {}", 0, "does not begin with {"},
		{"{}\n", 0, "goes on after its end"},
		{"{}{", 0, "goes on after its end"},
		{"{}", 1, "1 bytes follow the last tensor"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, "tensor \"a\" needs 8 bytes and says 0 to 8 of 7"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "needs 12 bytes"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "says 8 to 0"},
		{"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3, "a gap or an overlap at byte 0"},
		{"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3,
		"a gap or an overlap at byte 2"},
		{"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2,
		"two tensors are named \"a\""},
		{"{\"a\":{\"dtype\":\"F33\",\"shape\":[],\"data_offsets\":[0,4]}}", 4, "unknown dtype"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"offsets\":[0,4]}}", 4, "unknown or repeated key"},
		{"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[]}}", 4, "unknown or repeated key"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}", 4, "without dtype, shape or data_offsets"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "more than 8 dimensions"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0, "too large to count"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,0]}}", 0, "a number that is too large"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,0]}}", 0, "where a whole number belongs"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[01],\"data_offsets\":[0,4]}}", 4, "where a whole number belongs"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "lacks a ']'"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 8, "lacks a ']'"},
		{"{\"a\xff\":{}}", 0, "is not UTF-8"},
		{"{\"\xed\xa0\x80\":{}}", 0, "is not UTF-8"},
		{"{\"\\ud800\":{}}", 0, "half a character"},
		{"{\"\\u0000\":{}}", 0, "a character that cannot be"},
		{"{\"\\q\":{}}", 0, "unknown escape"},
		{"{\"a", 0, "lacks a '\"'"},
		{"{\"__metadata__\":{\"a\":1}}", 0, "lacks a '\"'"},
		{"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ twice"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		nn_bytes	bytes = file_of(cases[i].header, cases[i].numbers);
		rpm_safetensors *file;
		rpm_status	status;

		rpm_status_clear(&status);
		rpm_safetensors_open(bytes.at, bytes.size, &file, &status);
		if (cases[i].message == NULL ? status.code != RPM_OK : file != NULL || strstr(status.message, cases[i].message) == NULL)
		{
			unit_ok = false;
			printf("  %s\n  said \"%s\", not \"%s\"\n", cases[i].header, status.message, cases[i].message ? cases[i].message : "");
		}
		rpm_safetensors_free(file);
		free(bytes.at);
	}
}

static void
test_truncated(void)
{
	nn_bytes	bytes = file_of("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 8);
	rpm_safetensors *file;
	rpm_status	status;

	for (size_t size = 0; size < bytes.size; size++)
	{
		unsigned char *cut = malloc(size + 1);

		memcpy(cut, bytes.at, size);
		rpm_status_clear(&status);
		CHECK(rpm_safetensors_open(cut, size, &file, &status) == RPM_INVALID_ARGUMENT && file == NULL);
		free(cut);
	}
	/* A header of 2^63 bytes. */
	memset(bytes.at, 0, 8);
	bytes.at[7] = 0x80;
	rpm_status_clear(&status);
	CHECK(rpm_safetensors_open(bytes.at, bytes.size, &file, &status) == RPM_INVALID_ARGUMENT);
	free(bytes.at);
}

static void
test_types(void)
{
	static const struct
	{
		rpm_tensor_type type;
		uint64_t	bits;
		float		value;
	}			cases[] = {{RPM_F16, 0x3C00, 1}, {RPM_F16, 0xC248, -3.140625f}, {RPM_F16, 1, 5.9604645e-8f}, {RPM_F16, 0xFC00, -INFINITY},
	{RPM_BF16, 0x4049, 3.140625f}, {RPM_F64, 0x3FF8000000000000, 1.5f}, {RPM_I8, 0xFF, -1}, {RPM_U8, 0xFF, 255}, {RPM_I16, 0x8000, -32768},
	{RPM_U16, 0x8000, 32768}, {RPM_I32, 0xFFFFFFFF, -1}, {RPM_U32, 0xFFFFFFFF, 4294967295.0f}, {RPM_I64, 12, 12}, {RPM_U64, 12, 12},
	{RPM_BOOL, 1, 1}, {RPM_F32, 0x40490FDB, 3.14159274f}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		rpm_safetensor tensor = {.name = "a", .type = cases[i].type, .data = &cases[i].bits, .bytes = rpm_tensor_type_size(cases[i].type)};
		float		value = 0;
		rpm_status	status;

		rpm_status_clear(&status);
		CHECK(rpm_safetensor_floats(&tensor, &value, &status) == RPM_OK);
		CHECK(value == cases[i].value);
	}
}

static const char *const MODEL = "x input channels=2\nc.v conv x out=3 kernel=3 pad=1\nn batch_norm c.v\no output n\n";

static void
test_weights(void)
{
	rpm_nn_model *model;
	rpm_status	status;
	rpm_safetensors *file;
	nn_bytes	bytes = {NULL, 0};
	float	   *weights,
			   *again;
	const rpm_safetensors_note note = {"made by", "a \"test\"\n"};

	rpm_status_clear(&status);
	CHECK(rpm_nn_parse(MODEL, strlen(MODEL), &model, &status) == RPM_OK);
	weights = calloc((size_t) rpm_nn_weight_count(model), sizeof(float));
	again = calloc((size_t) rpm_nn_weight_count(model), sizeof(float));
	rpm_nn_initialise(model, 4, weights);
	weights[rpm_nn_tensor(model, 6)->offset] = 17;
	CHECK(rpm_nn_save_weights(model, weights, &note, 1, nn_into_memory, &bytes, &status) == RPM_OK);
	CHECK(rpm_safetensors_open(bytes.at, bytes.size, &file, &status) == RPM_OK);
	CHECK(rpm_safetensors_count(file) == 7);
	CHECK(strcmp(rpm_safetensors_note_of(file, "made by"), "a \"test\"\n") == 0);
	CHECK(rpm_safetensors_find(file, "n.num_batches_tracked")->type == RPM_I64);
	CHECK(rpm_safetensors_find(file, "c.v.weight")->dims[3] == 3);
	CHECK(rpm_nn_load_weights(model, file, false, again, &status) == RPM_OK);
	CHECK(memcmp(weights, again, sizeof(float) * (size_t) rpm_nn_weight_count(model)) == 0);
	rpm_safetensors_free(file);
	rpm_nn_model_free(model);
	free(bytes.at);
	free(weights);
	free(again);
}

/* Files that do not belong to a declaration: the tensor and both shapes are named, nothing is loaded. */
static void
test_wrong_weights(void)
{
	static const struct
	{
		const char *other;
		const char *message;
	}			cases[] = {
		{"x input channels=2\nc.v conv x out=3 kernel=5 pad=1\nn batch_norm c.v\no output n\n",
		"tensor \"c.v.weight\" is [3, 2, 5, 5] in the weights and [3, 2, 3, 3] in the declaration (line 2)"},
		{"x input channels=2\nc.v conv x out=3 kernel=3 pad=1\no output c.v\n", "the weights lack tensor \"n.weight\" (line 3"},
		{"x input channels=2\nc.v conv x out=3 kernel=3 pad=1\nn batch_norm c.v\nm layer_norm n\no output m\n",
		"tensor \"m.bias\" of the weights is not in the declaration"},
	};

	for (size_t i = 0; i < 3; i++)
	{
		rpm_nn_model *model,
				   *other;
		rpm_status	status;
		rpm_safetensors *file;
		nn_bytes	bytes = {NULL, 0};
		float	   *weights,
				   *theirs;

		rpm_status_clear(&status);
		CHECK(rpm_nn_parse(MODEL, strlen(MODEL), &model, &status) == RPM_OK);
		CHECK(rpm_nn_parse(cases[i].other, strlen(cases[i].other), &other, &status) == RPM_OK);
		weights = calloc((size_t) rpm_nn_weight_count(model), sizeof(float));
		theirs = calloc((size_t) rpm_nn_weight_count(other), sizeof(float));
		rpm_nn_initialise(other, 1, theirs);
		CHECK(rpm_nn_save_weights(other, theirs, NULL, 0, nn_into_memory, &bytes, &status) == RPM_OK);
		CHECK(rpm_safetensors_open(bytes.at, bytes.size, &file, &status) == RPM_OK);
		CHECK(rpm_nn_load_weights(model, file, false, weights, &status) == RPM_INVALID_ARGUMENT);
		if (strstr(status.message, cases[i].message) == NULL)
		{
			unit_ok = false;
			printf("  said \"%s\", not \"%s\"\n", status.message, cases[i].message);
		}
		CHECK(weights[0] == 0);
		rpm_status_clear(&status);
		if (i == 2)
			CHECK(rpm_nn_load_weights(model, file, true, weights, &status) == RPM_OK && weights[0] != 0);
		rpm_safetensors_free(file);
		rpm_nn_model_free(model);
		rpm_nn_model_free(other);
		free(bytes.at);
		free(weights);
		free(theirs);
	}
}

static bool
full(void *context, const void *bytes, size_t size)
{
	(void) context;
	(void) bytes;
	return size <= 8;
}

static void
test_writing(void)
{
	const float	value = 1;
	rpm_safetensor tensor = {.name = "a", .type = RPM_F32, .rank = 1, .dims = {2}, .data = &value, .bytes = 4};
	nn_bytes	bytes = {NULL, 0};
	size_t		size;
	rpm_status	status;

	rpm_status_clear(&status);
	CHECK(rpm_safetensors_write(&tensor, 1, NULL, 0, nn_into_memory, &bytes, &status) == RPM_INVALID_ARGUMENT && bytes.size == 0);
	tensor.dims[0] = 1;
	rpm_status_clear(&status);
	CHECK(rpm_safetensors_write(&tensor, 1, NULL, 0, full, NULL, &status) == RPM_INTERNAL);
	rpm_status_clear(&status);
	CHECK(rpm_safetensors_write(&tensor, 1, NULL, 0, nn_into_memory, &bytes, &status) == RPM_OK);
	CHECK(rpm_safetensors_size(&tensor, 1, NULL, 0, &size, &status) == RPM_OK && size == bytes.size);
	CHECK((bytes.size - 4) % 8 == 0);
	free(bytes.at);
}

int
main(void)
{
	RUN(test_refusals);
	RUN(test_truncated);
	RUN(test_types);
	RUN(test_weights);
	RUN(test_wrong_weights);
	RUN(test_writing);
	return unit_summary("nn_safetensors");
}
