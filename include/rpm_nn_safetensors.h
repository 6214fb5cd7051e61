/*
 * rpm_nn_safetensors.h: reads and writes safetensors, the format of weights (https://github.com/huggingface/safetensors, README "Format").
 *
 * Eight bytes of the header's length (little endian), a JSON header, the numbers.  A file is judged as a stranger's: every length, offset
 * and name is checked before anything is taken from it, and what the format does not allow is refused.
 */
#ifndef RPM_NN_SAFETENSORS_H
#define RPM_NN_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rpm_nn.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_SAFETENSORS_MAX_RANK 8

typedef enum rpm_tensor_type
{
	RPM_BOOL, RPM_U8, RPM_I8, RPM_I16, RPM_U16, RPM_F16, RPM_BF16, RPM_I32, RPM_U32, RPM_F32, RPM_F64, RPM_I64, RPM_U64, RPM_F8_E4M3,
	RPM_F8_E5M2, RPM_TENSOR_TYPES
} rpm_tensor_type;

typedef struct rpm_safetensor
{
	const char *name;			/* UTF-8 */
	rpm_tensor_type type;
	int			rank;
	int64_t		dims[RPM_SAFETENSORS_MAX_RANK];
	const void *data;			/* little endian, perhaps not aligned: memcpy */
	size_t		bytes;
} rpm_safetensor;

typedef struct rpm_safetensors_note
{
	const char *key;
	const char *value;
} rpm_safetensors_note;

typedef struct rpm_safetensors rpm_safetensors;

size_t		rpm_tensor_type_size(rpm_tensor_type type);
const char *rpm_tensor_type_name(rpm_tensor_type type);

/*
 * Reads the header of a whole file in memory; bytes must outlive it.  Refused (RPM_INVALID_ARGUMENT): a truncated file, a header
 * longer than 100 MB or the file, not an object, not UTF-8, with unknown, missing or repeated keys; a type that is not known, more than 8
 * dimensions, sizes that overflow or do not fit their bytes, numbers with a gap or overlap, or that do not end with the file; two tensors
 * of one name; more than 2^20 tensors.
 */
rpm_code	rpm_safetensors_open(const void *bytes, size_t size, rpm_safetensors **file, rpm_status *status);
void		rpm_safetensors_free(rpm_safetensors *file);

/* Tensors in order of their names. */
int			rpm_safetensors_count(const rpm_safetensors *file);
const rpm_safetensor *rpm_safetensors_get(const rpm_safetensors *file, int number);
const rpm_safetensor *rpm_safetensors_find(const rpm_safetensors *file, const char *name);
/* The value of a key of __metadata__; NULL where there is none. */
const char *rpm_safetensors_note_of(const rpm_safetensors *file, const char *key);

/* Numbers of a tensor as floats; RPM_UNSUPPORTED for the two types of 8 bits of floating point. */
rpm_code	rpm_safetensor_floats(const rpm_safetensor *tensor, float *values, rpm_status *status);

/* Takes bytes one piece after another; returns false to stop (then RPM_INTERNAL). */
typedef bool (*rpm_sink) (void *context, const void *bytes, size_t size);

/* Writes a file: the tensors in the order given, each at a multiple of 8 bytes as all sizes allow; the sink sees each byte once. */
rpm_code	rpm_safetensors_write(const rpm_safetensor *tensors, int count, const rpm_safetensors_note *notes, int note_count,
								  rpm_sink sink, void *context, rpm_status *status);
/* The bytes that it writes. */
rpm_code	rpm_safetensors_size(const rpm_safetensor *tensors, int count, const rpm_safetensors_note *notes, int note_count,
								 size_t *size, rpm_status *status);

/*
 * Weights by name into the array of a model.  Every tensor of the model must be in the file with its shape (counters may be missing:
 * 0), and no other may be, unless others_allowed.  Errors name the tensor and both shapes; weights are untouched then.
 */
rpm_code	rpm_nn_load_weights(const rpm_nn_model *model, const rpm_safetensors *file, bool others_allowed, float *weights,
								rpm_status *status);
/* Writes the weights of a model, as PyTorch's state_dict has them. */
rpm_code	rpm_nn_save_weights(const rpm_nn_model *model, const float *weights, const rpm_safetensors_note *notes, int note_count,
								rpm_sink sink, void *context, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
