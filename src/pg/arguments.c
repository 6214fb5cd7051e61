/*
 * arguments.c: arguments of the SQL functions, checked: each error names the argument and says what may be given.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "arguments.h"
#include "rpm_trace.h"

static const struct
{
	const char *name;
	unsigned	bit;
}			mechanisms[] = {
	{"line_of_sight", RPM_LINE_OF_SIGHT},
	{"reflection", RPM_REFLECTION},
	{"refraction", RPM_REFRACTION},
	{"scattering", RPM_SCATTERING},
	{"diffraction", RPM_DIFFRACTION},
	{"over_roofs", RPM_OVER_ROOFS},
	{"around_corners", RPM_AROUND_CORNERS},
	{"roof_reflection", RPM_ROOF_REFLECTION}
};

static void refuse_null(FunctionCallInfo fcinfo, int number, const char *name);
static void refuse_range(const char *name, const char *value, const char *least, const char *most);
static Datum *array_elements(FunctionCallInfo fcinfo, int number, const char *name, Oid type, int *count);
static unsigned mechanism_bit(const char *name, const char *value);

char *
rpm_argument_text(FunctionCallInfo fcinfo, int number, const char *name, const char *hint)
{
	if (PG_ARGISNULL(number))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s is null", name),
				 errhint("%s", hint)));
	return text_to_cstring(PG_GETARG_TEXT_PP(number));
}

double
rpm_argument_number(FunctionCallInfo fcinfo, int number, const char *name, double least, double most)
{
	double		value;

	refuse_null(fcinfo, number, name);
	value = PG_GETARG_FLOAT8(number);
	if (!(value >= least && value <= most))
		refuse_range(name, psprintf("%g", value), psprintf("%g", least), psprintf("%g", most));
	return value;
}

int64
rpm_argument_int32(FunctionCallInfo fcinfo, int number, const char *name, int32 least, int32 most)
{
	int32		value;

	refuse_null(fcinfo, number, name);
	value = PG_GETARG_INT32(number);
	if (value < least || value > most)
		refuse_range(name, psprintf("%d", value), psprintf("%d", least), psprintf("%d", most));
	return value;
}

int64
rpm_argument_int64(FunctionCallInfo fcinfo, int number, const char *name, int64 least, int64 most)
{
	int64		value;

	refuse_null(fcinfo, number, name);
	value = PG_GETARG_INT64(number);
	if (value < least || value > most)
		refuse_range(name, psprintf(INT64_FORMAT, value), psprintf(INT64_FORMAT, least), psprintf(INT64_FORMAT, most));
	return value;
}

bool
rpm_argument_bool(FunctionCallInfo fcinfo, int number, const char *name)
{
	refuse_null(fcinfo, number, name);
	return PG_GETARG_BOOL(number);
}

int
rpm_argument_choice(FunctionCallInfo fcinfo, int number, const char *name, const char *const *choices, int count)
{
	char	   *value;
	StringInfoData list;

	refuse_null(fcinfo, number, name);
	value = text_to_cstring(PG_GETARG_TEXT_PP(number));
	initStringInfo(&list);
	for (int i = 0; i < count; i++)
	{
		if (strcmp(value, choices[i]) == 0)
			return i;
		appendStringInfo(&list, "%s%s", i == 0 ? "" : i == count - 1 ? " or " : ", ", choices[i]);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s is \"%s\"", name, value),
			 errhint("Use %s.", list.data)));
	return 0;
}

unsigned
rpm_argument_mechanisms(FunctionCallInfo fcinfo, int number, const char *name)
{
	Datum	   *elements;
	int			count;
	unsigned	bits = 0;

	refuse_null(fcinfo, number, name);
	elements = array_elements(fcinfo, number, name, TEXTOID, &count);
	for (int i = 0; i < count; i++)
		bits |= mechanism_bit(name, TextDatumGetCString(elements[i]));
	return bits;
}

int64 *
rpm_argument_ids(FunctionCallInfo fcinfo, int number, const char *name, int *count)
{
	Datum	   *elements;
	int64	   *ids;

	*count = 0;
	if (PG_ARGISNULL(number))
		return NULL;
	elements = array_elements(fcinfo, number, name, INT8OID, count);
	ids = palloc(*count * sizeof(int64));
	for (int i = 0; i < *count; i++)
		ids[i] = DatumGetInt64(elements[i]);
	return ids;
}

void
rpm_argument_not_with_template(FunctionCallInfo fcinfo, int number, const char *name)
{
	if (!PG_ARGISNULL(number))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("template and %s are both given", name),
				 errhint("The grid of a template is used as it is: leave %s out, or the template.", name)));
}

static void
refuse_null(FunctionCallInfo fcinfo, int number, const char *name)
{
	if (PG_ARGISNULL(number))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s is null", name),
				 errhint("Leave it out for its default.")));
}

static void
refuse_range(const char *name, const char *value, const char *least, const char *most)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("%s is %s", name, value),
			 errhint("Give a number from %s to %s.", least, most)));
}

/* The elements of an array without nulls and not empty. */
static Datum *
array_elements(FunctionCallInfo fcinfo, int number, const char *name, Oid type, int *count)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(number);
	Datum	   *elements;
	bool	   *nulls;

	if (type == INT8OID)
		deconstruct_array(array, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &elements, &nulls, count);
	else
		deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, count);
	if (*count == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is an empty array", name),
				 errhint("Name at least one, or leave the argument out for its default.")));
	for (int i = 0; i < *count; i++)
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of %s is null", i + 1, name),
					 errhint("Remove it: array_remove(%s, NULL).", name)));
	return elements;
}

static unsigned
mechanism_bit(const char *name, const char *value)
{
	for (int i = 0; i < (int) lengthof(mechanisms); i++)
		if (strcmp(value, mechanisms[i].name) == 0)
			return mechanisms[i].bit;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s has \"%s\"", name, value),
			 errhint("Use line_of_sight, reflection, refraction, scattering, diffraction, over_roofs, around_corners and roof_reflection.")));
	return 0;
}
