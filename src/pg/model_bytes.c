/* model_bytes.c: bytes from the engine as bytea (model_bytes.h). */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "model_bytes.h"
#include "varlena.h"

#define FIRST_ROOM 65536

static void free_bytes(void *argument);

RpmModelBytes *
rpm_model_bytes_new(MemoryContext context)
{
	RpmModelBytes *bytes = MemoryContextAllocZero(context, sizeof(RpmModelBytes));
	MemoryContextCallback *callback = MemoryContextAllocZero(context, sizeof(MemoryContextCallback));

	callback->func = free_bytes;
	callback->arg = bytes;
	MemoryContextRegisterResetCallback(context, callback);
	return bytes;
}

static void
free_bytes(void *argument)
{
	RpmModelBytes *bytes = argument;

	free(bytes->at);
	bytes->at = NULL;
	bytes->size = bytes->room = 0;
}

bool
rpm_model_bytes_sink(void *context, const void *from, size_t size)
{
	RpmModelBytes *bytes = context;

	if (bytes->size + size > RPM_MODEL_MOST_BYTES)
	{
		bytes->too_large = true;
		return false;
	}
	if (bytes->size + size > bytes->room)
	{
		size_t		room = Max(Max(2 * bytes->room, bytes->size + size), FIRST_ROOM);
		unsigned char *grown = realloc(bytes->at, room);

		if (grown == NULL)
			return false;
		bytes->at = grown;
		bytes->room = room;
	}
	memcpy(bytes->at + bytes->size, from, size);
	bytes->size += size;
	return true;
}

rpm_code
rpm_model_bytes_check(const RpmModelBytes *bytes, rpm_status *status)
{
	if (!bytes->too_large)
		return status->code;
	rpm_status_clear(status);
	return rpm_fail(status, RPM_LIMIT_EXCEEDED, "Take a smaller network: a checkpoint has four times the bytes of its weights.",
					"the network needs more than the %zu MB that a row of rpm.model holds", RPM_MODEL_MOST_BYTES / 1048576);
}

bytea *
rpm_model_bytes_as_bytea(RpmModelBytes *bytes)
{
	bytea	   *result = palloc(VARHDRSZ + bytes->size);

	SET_VARSIZE(result, VARHDRSZ + bytes->size);
	memcpy(VARDATA(result), bytes->at, bytes->size);
	free_bytes(bytes);
	return result;
}

char *
rpm_model_text_to_file(const char *text)
{
	return (char *) pg_server_to_any(text, (int) strlen(text), PG_UTF8);
}

char *
rpm_model_text_from_file(const char *text)
{
	return (char *) pg_any_to_server(text, (int) strlen(text), PG_UTF8);
}
