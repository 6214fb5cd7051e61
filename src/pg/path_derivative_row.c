/*
 * path_derivative_row.c: the derivatives of a path's gain as a row of rpm_path_derivatives.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "path_row.h"

#define COLUMN_COUNT 12

static Datum number_or_null(double value, bool *null);
static Datum names_of(const RpmPathRowFormat *format, const rpm_path_derivatives *derivatives);
static Datum numbers_or_nulls(const double *values, int count);

void
rpm_path_derivative_row_put(ReturnSetInfo *result, const RpmPathRowFormat *format, int32 number, const rpm_path *path,
							const rpm_path_derivatives *derivatives)
{
	int			count = derivatives->material_count;
	Datum		values[COLUMN_COUNT];
	bool		nulls[COLUMN_COUNT] = {false};

	values[0] = Int32GetDatum(number);
	values[1] = rpm_path_kinds(path);
	values[2] = number_or_null(derivatives->gain_db, &nulls[2]);
	for (int axis = 0; axis < 3; axis++)
		values[3 + axis] = number_or_null(derivatives->position_db_m[axis], &nulls[3 + axis]);
	values[6] = number_or_null(derivatives->azimuth_db_deg, &nulls[6]);
	values[7] = number_or_null(derivatives->tilt_db_deg, &nulls[7]);
	values[8] = names_of(format, derivatives);
	values[9] = numbers_or_nulls(derivatives->permittivity_db, count);
	values[10] = numbers_or_nulls(derivatives->conductivity_db_m_s, count);
	values[11] = numbers_or_nulls(derivatives->thickness_db_m, count);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static Datum
number_or_null(double value, bool *null)
{
	*null = !isfinite(value);
	return Float8GetDatum(*null ? 0 : value);
}

static Datum
names_of(const RpmPathRowFormat *format, const rpm_path_derivatives *derivatives)
{
	Datum		elements[RPM_PATH_MOST_MATERIALS];

	for (int i = 0; i < derivatives->material_count; i++)
		elements[i] = CStringGetTextDatum(format->material_names[derivatives->materials[i]]);
	return PointerGetDatum(construct_array(elements, derivatives->material_count, TEXTOID, -1, false, TYPALIGN_INT));
}

static Datum
numbers_or_nulls(const double *values, int count)
{
	Datum		elements[RPM_PATH_MOST_MATERIALS];
	bool		nulls[RPM_PATH_MOST_MATERIALS];
	int			lower = 1;

	if (count == 0)
		return PointerGetDatum(construct_empty_array(FLOAT8OID));
	for (int i = 0; i < count; i++)
		elements[i] = number_or_null(values[i], &nulls[i]);
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &count, &lower, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL,
											  TYPALIGN_DOUBLE));
}
