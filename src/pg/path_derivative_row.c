/*
 * path_derivative_row.c: the derivatives of a path's gain as a row of rpm_path_derivatives.
 */
#include "postgres.h"

#include "funcapi.h"

#include "datums.h"
#include "path_row.h"

#define COLUMN_COUNT 12

static Datum names_of(const RpmPathRowFormat *format, const rpm_path_derivatives *derivatives);

void
rpm_path_derivative_row_put(ReturnSetInfo *result, const RpmPathRowFormat *format, int32 number, const rpm_path *path,
							const rpm_path_derivatives *derivatives)
{
	int			count = derivatives->material_count;
	Datum		values[COLUMN_COUNT];
	bool		nulls[COLUMN_COUNT] = {false};

	values[0] = Int32GetDatum(number);
	values[1] = rpm_path_kinds(path);
	values[2] = rpm_float8_or_null(derivatives->gain_db, &nulls[2]);
	for (int axis = 0; axis < 3; axis++)
		values[3 + axis] = rpm_float8_or_null(derivatives->position_db_m[axis], &nulls[3 + axis]);
	values[6] = rpm_float8_or_null(derivatives->azimuth_db_deg, &nulls[6]);
	values[7] = rpm_float8_or_null(derivatives->tilt_db_deg, &nulls[7]);
	values[8] = names_of(format, derivatives);
	values[9] = rpm_float8_array(derivatives->permittivity_db, count);
	values[10] = rpm_float8_array(derivatives->conductivity_db_m_s, count);
	values[11] = rpm_float8_array(derivatives->thickness_db_m, count);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static Datum
names_of(const RpmPathRowFormat *format, const rpm_path_derivatives *derivatives)
{
	char	   *names[RPM_PATH_MOST_MATERIALS];

	for (int i = 0; i < derivatives->material_count; i++)
		names[i] = format->material_names[derivatives->materials[i]];
	return rpm_text_array(names, derivatives->material_count);
}

