/*
 * scene_report.c: rpm_scene_summary and rpm_scene_problems: what a scene looks like once it is built.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "datums.h"
#include "progress.h"
#include "rpm_settings.h"
#include "scene_cache.h"
#include "scene_report.h"

PG_FUNCTION_INFO_V1(rpm_sql_scene_summary);
PG_FUNCTION_INFO_V1(rpm_sql_scene_problems);

char *
rpm_scene_argument(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the name of the scene is null"),
				 errhint("SELECT name FROM rpm.scene lists the scenes.")));
	return text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

Datum
rpm_sql_scene_summary(PG_FUNCTION_ARGS)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rpm_scene_summary", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	RpmSceneRow *row = rpm_scene_row_read(rpm_scene_argument(fcinfo, 0));
	rpm_control control;
	RpmScene   *scene;
	Datum		values[8];
	bool		nulls[8] = {false};
	Datum		result;

	rpm_control_from_settings(&control);
	rpm_progress_begin(row->scene_id);
	scene = rpm_scene_get(row, NULL, &control);
	MemoryContextSwitchTo(before);
	values[0] = Int64GetDatum((int64) scene->scene->building_count);
	values[1] = Int64GetDatum((int64) scene->scene->triangle_count);
	values[2] = Int64GetDatum((int64) scene->scene->facet_count);
	values[3] = Int64GetDatum((int64) scene->scene->wedge_count);
	values[4] = Int64GetDatum((int64) (scene->scene->bytes + rpm_query_bytes(scene->query)));
	values[5] = Int64GetDatum((int64) scene->scene->problem_count);
	values[6] = BoolGetDatum(scene->built);
	values[7] = CStringGetTextDatum(rpm_query_name(scene->query));
	result = rpm_result_row(fcinfo, values, nulls);
	rpm_progress_end();
	MemoryContextDelete(context);
	return result;
}

Datum
rpm_sql_scene_problems(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "rpm_scene_problems", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before;
	RpmSceneRow *row;
	rpm_control control;
	RpmScene   *scene;

	InitMaterializedSRF(fcinfo, 0);
	before = MemoryContextSwitchTo(context);
	row = rpm_scene_row_read(rpm_scene_argument(fcinfo, 0));
	row->strict = false;		/* to name the rows is the purpose */
	rpm_control_from_settings(&control);
	rpm_progress_begin(row->scene_id);
	scene = rpm_scene_get(row, NULL, &control);
	for (size_t i = 0; i < scene->scene->problem_count; i++)
	{
		const rpm_scene_problem *problem = &scene->scene->problems[i];
		Datum		values[4];
		bool		nulls[4] = {false};

		CHECK_FOR_INTERRUPTS();
		values[0] = Int64GetDatum(problem->building_id);
		values[1] = CStringGetTextDatum(problem->action == RPM_PROBLEM_SKIPPED ? "skipped" : "repaired");
		values[2] = CStringGetTextDatum(problem->problem);
		values[3] = CStringGetTextDatum(problem->detail);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	rpm_progress_end();
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
	return (Datum) 0;
}
