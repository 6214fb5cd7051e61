/*
 * rpm_model_file.h: a network as one file: safetensors whose metadata say its declaration and what it expects and gives.
 *
 * Keys of __metadata__: "rpm_pg.declaration" (docs/networks.md) and "rpm_pg.description" (a JSON object, not read here).  Other
 * readers of safetensors find the tensors and may leave the rest.
 */
#ifndef RPM_MODEL_FILE_H
#define RPM_MODEL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "rpm_control.h"
#include "rpm_nn_safetensors.h"
#include "rpm_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RPM_MODEL_DECLARATION "rpm_pg.declaration"
#define RPM_MODEL_DESCRIPTION "rpm_pg.description"

/* What a declaration says of a network's ends. */
typedef struct rpm_model_facts
{
	int64_t		parameters;		/* trained weights */
	int			inputs, outputs;
	int			input_channels; /* of the first input */
	int			output_channels;	/* of the first output */
} rpm_model_facts;

/*
 * Copies (for the caller to free) of the two notes of a file; NULL where it has none.  Errors: those of rpm_safetensors_open,
 * RPM_OUT_OF_MEMORY.
 */
rpm_code	rpm_model_file_notes(const void *bytes, size_t size, char **declaration, char **description, rpm_status *status);

/*
 * Checks that the tensors of a file are those of a declaration, of its shapes and finite, and writes them (F32) with the notes into
 * the sink; description may be NULL.  facts (may be NULL) are filled.  Errors: those of rpm_nn_parse, rpm_safetensors_open and
 * rpm_nn_load_weights; RPM_INVALID_ARGUMENT (a weight that is not finite, with its tensor), RPM_LIMIT_EXCEEDED, RPM_OUT_OF_MEMORY,
 * RPM_CANCELLED.
 */
rpm_code	rpm_model_file_pack(const char *declaration, const void *bytes, size_t size, const char *description,
								rpm_control *control, rpm_sink sink, void *context, rpm_model_facts *facts, rpm_status *status);

#ifdef __cplusplus
}
#endif
#endif
