/* default_model.c: the file of the model that comes with the extension (sql/87_default_model.sql). */
#include "postgres.h"

#include <sys/stat.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/fd.h"

#include "varlena.h"

#define FILE_NAME "rpm_pg_default.safetensors"
#define MOST_BYTES (8 * 1024 * 1024)

PG_FUNCTION_INFO_V1(rpm_sql_default_model_file);

/* Lies where the extension's scripts lie. */
Datum
rpm_sql_default_model_file(PG_FUNCTION_ARGS)
{
	char		share[MAXPGPATH];
	char	   *path;
	FILE	   *file;
	struct stat about;
	bytea	   *bytes;

	(void) fcinfo;
	get_share_path(my_exec_path, share);
	path = psprintf("%s/extension/%s", share, FILE_NAME);
	file = AllocateFile(path, "rb");
	if (file == NULL || fstat(fileno(file), &about) != 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("the default model's file \"%s\" cannot be read: %m", path),
				 errhint("Install the extension again: make install.")));
	if (about.st_size > MOST_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the default model's file \"%s\" has more than %d bytes", path, MOST_BYTES),
				 errhint("Install the extension again: make install.")));
	bytes = palloc(about.st_size + VARHDRSZ);
	SET_VARSIZE(bytes, about.st_size + VARHDRSZ);
	if (fread(VARDATA(bytes), 1, about.st_size, file) != (size_t) about.st_size)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("the default model's file \"%s\" cannot be read to its end: %m", path),
				 errhint("Install the extension again: make install.")));
	FreeFile(file);
	PG_RETURN_BYTEA_P(bytes);
}
