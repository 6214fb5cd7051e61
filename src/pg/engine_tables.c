/* engine_tables.c: rpm_version and the tables that the engine holds, as rows. */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "rpm_material_table.h"

#define HZ_PER_MHZ 1e6

PG_FUNCTION_INFO_V1(rpm_sql_version);
PG_FUNCTION_INFO_V1(rpm_sql_builtin_materials);

/* The version of the library: RPM_PG_VERSION comes from the control file through the Makefile. */
Datum
rpm_sql_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(RPM_PG_VERSION));
}

Datum
rpm_sql_builtin_materials(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	size_t		count;
	const rpm_named_material *materials = rpm_builtin_materials(&count);

	InitMaterializedSRF(fcinfo, 0);
	for (size_t i = 0; i < count; i++)
	{
		const rpm_named_material *m = &materials[i];
		Datum		values[9];
		bool		nulls[9] = {false};

		values[0] = CStringGetTextDatum(m->name);
		values[1] = Float8GetDatum(m->frequency_min_hz / HZ_PER_MHZ);
		values[2] = Float8GetDatum(m->frequency_max_hz / HZ_PER_MHZ);
		values[3] = CStringGetTextDatum(RPM_MATERIAL_EDITION);
		values[4] = Float8GetDatum(m->a);
		values[5] = Float8GetDatum(m->b);
		values[6] = Float8GetDatum(m->c);
		values[7] = Float8GetDatum(m->d);
		values[8] = Float8GetDatum(RPM_DEFAULT_THICKNESS_M);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
