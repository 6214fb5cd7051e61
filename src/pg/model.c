/* model.c: files of networks in and out of rpm.model (sql/85_model.sql). */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "arguments.h"
#include "datums.h"
#include "model_bytes.h"
#include "rpm_model_file.h"
#include "rpm_settings.h"
#include "status_report.h"
#include "varlena.h"
#include "worker.h"

/* Columns of rpm.model_file_pack. */
#define PACK_COLUMNS 6

PG_FUNCTION_INFO_V1(rpm_sql_model_file_notes);
PG_FUNCTION_INFO_V1(rpm_sql_model_file_pack);

typedef struct PackCall
{
	const char *declaration, *description;
	const void *file;
	size_t		size;
	RpmModelBytes *packed;
	rpm_model_facts facts;
} PackCall;

static Datum note_text(char *note, bool *is_null);
static rpm_code pack(void *argument, rpm_control *control, rpm_status *status);

Datum
rpm_sql_model_file_notes(PG_FUNCTION_ARGS)
{
	bytea	   *file = PG_GETARG_BYTEA_PP(0);
	char	   *declaration,
			   *description;
	rpm_status	status;
	Datum		values[2];
	bool		nulls[2];

	rpm_status_clear(&status);
	rpm_model_file_notes(VARDATA_ANY(file), VARSIZE_ANY_EXHDR(file), &declaration, &description, &status);
	rpm_report_status_of(&status, "the weights");
	PG_TRY();
	{
		values[0] = note_text(declaration, &nulls[0]);
		values[1] = note_text(description, &nulls[1]);
	}
	PG_FINALLY();
	{
		free(declaration);
		free(description);
	}
	PG_END_TRY();
	PG_RETURN_DATUM(rpm_result_row(fcinfo, values, nulls));
}

/* A file is UTF-8 whatever the database's encoding. */
static Datum
note_text(char *note, bool *is_null)
{
	*is_null = note == NULL;
	return note == NULL ? (Datum) 0 : CStringGetTextDatum(rpm_model_text_from_file(note));
}

Datum
rpm_sql_model_file_pack(PG_FUNCTION_ARGS)
{
	PackCall	call = {0};
	rpm_control control;
	Datum		values[PACK_COLUMNS];
	bool		nulls[PACK_COLUMNS] = {false};
	bytea	   *file;

	call.declaration = rpm_model_text_to_file(rpm_argument_text(fcinfo, 0, "declaration", "Give the layers of the network, one a line."));
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("weights is null"),
				 errhint("Give the bytes of a safetensors file.")));
	file = PG_GETARG_BYTEA_PP(1);
	call.file = VARDATA_ANY(file);
	call.size = VARSIZE_ANY_EXHDR(file);
	if (!PG_ARGISNULL(2))
		call.description = rpm_model_text_to_file(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	rpm_control_from_settings(&control);
	call.packed = rpm_model_bytes_new(CurrentMemoryContext);
	rpm_run_engine(pack, &call, &control, NULL);
	values[0] = PointerGetDatum(rpm_model_bytes_as_bytea(call.packed));
	values[1] = Int64GetDatum(call.facts.parameters);
	values[2] = Int32GetDatum(call.facts.inputs);
	values[3] = Int32GetDatum(call.facts.outputs);
	values[4] = Int32GetDatum(call.facts.input_channels);
	values[5] = Int32GetDatum(call.facts.output_channels);
	PG_RETURN_DATUM(rpm_result_row(fcinfo, values, nulls));
}

static rpm_code
pack(void *argument, rpm_control *control, rpm_status *status)
{
	PackCall   *call = argument;

	rpm_model_file_pack(call->declaration, call->file, call->size, call->description, control, rpm_model_bytes_sink, call->packed,
						&call->facts, status);
	return rpm_model_bytes_check(call->packed, status);
}
