/* model_bytes.h: bytes that the engine writes, taken on its thread, freed with a memory context, returned as bytea. */
#ifndef RPM_PG_MODEL_BYTES_H
#define RPM_PG_MODEL_BYTES_H

#include "postgres.h"

#include "rpm_status.h"

/*
 * What one column of weights may hold: pg_dump writes a bytea as text of twice its length, and a text is at most 1 GB.
 */
#define RPM_MODEL_MOST_BYTES ((size_t) 500 * 1024 * 1024)

typedef struct RpmModelBytes
{
	unsigned char *at;			/* malloc: the engine's thread must not call the server */
	size_t		size, room;
	bool		too_large;		/* more than RPM_MODEL_MOST_BYTES were to be taken */
} RpmModelBytes;

/* Freed when the context is reset or deleted. */
extern RpmModelBytes *rpm_model_bytes_new(MemoryContext context);

/* An rpm_sink whose context is an RpmModelBytes. */
extern bool rpm_model_bytes_sink(void *context, const void *bytes, size_t size);

/* After writing: where the bytes were too many, that is the failure (RPM_LIMIT_EXCEEDED), not what the writer made of it. */
extern rpm_code rpm_model_bytes_check(const RpmModelBytes *bytes, rpm_status *status);

/* The bytes as a bytea; they are freed. */
extern bytea *rpm_model_bytes_as_bytea(RpmModelBytes *bytes);

/* Text between the database's encoding and UTF-8, which files are in. */
extern char *rpm_model_text_to_file(const char *text);
extern char *rpm_model_text_from_file(const char *text);

#endif
