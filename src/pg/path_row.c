/*
 * path_row.c: a path as a row of rpm_paths.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "datums.h"
#include "path_row.h"
#include "postgis_functions.h"
#include "rpm_level.h"
#include "rpm_received.h"
#include "spi_rows.h"
#include "varlena.h"

#define NANOSECONDS 1e9
#define COLUMN_COUNT 14
#define EWKB_LINESTRING_Z_SRID (2 | 0x80000000u | 0x20000000u)
#ifdef WORDS_BIGENDIAN
#define EWKB_BYTE_ORDER 0
#else
#define EWKB_BYTE_ORDER 1
#endif

static int	compare_gain(const void *a, const void *b, void *format);
static double gain_of(const RpmPathRowFormat *format, const rpm_path *path);
static Datum building_ids(const RpmPathRowFormat *format, const rpm_path *path);
static Datum materials_of(const RpmPathRowFormat *format, const rpm_path *path);
static Datum incidences_of(const rpm_path *path);
static Datum line_of(const RpmPathRowFormat *format, const rpm_path *path);
static char *put_corner(char *to, const RpmPathRowFormat *format, rpm_vec3 point);

double
rpm_convergence_at(Datum point)
{
	Oid			type = rpm_geometry_type();
	double		convergence;

	rpm_spi_query_by_key(psprintf("SELECT %s.rpm_grid_convergence($1)::pg_catalog.float8", rpm_function_schema()), 1, &type, &point, NULL);
	convergence = rpm_column_double(SPI_tuptable->vals[0], 1);
	SPI_finish();
	return convergence;
}

void
rpm_path_rows_sort(const RpmPathRowFormat *format, rpm_path_list *paths)
{
	if (paths->count > 1)
		qsort_arg(paths->paths, paths->count, sizeof(rpm_path), compare_gain, (void *) format);
}

static int
compare_gain(const void *a, const void *b, void *format)
{
	double		gain_a = gain_of(format, a),
				gain_b = gain_of(format, b);

	if (gain_a != gain_b)
		return gain_a > gain_b ? -1 : 1;
	return float8_cmp_internal(((const rpm_path *) a)->length_m, ((const rpm_path *) b)->length_m);
}

void
rpm_path_row_put(ReturnSetInfo *result, const RpmPathRowFormat *format, int32 number, const rpm_path *path)
{
	rpm_vec3	source = rpm_scale(path->arrival, -1);
	double		gain = gain_of(format, path);
	Datum		values[COLUMN_COUNT];
	bool		nulls[COLUMN_COUNT] = {false};

	values[0] = Int32GetDatum(number);
	values[1] = rpm_path_kinds(path);
	values[2] = Float8GetDatum(path->length_m);
	values[3] = Float8GetDatum(path->length_m / RPM_SPEED_OF_LIGHT_M_S * NANOSECONDS);
	nulls[4] = !(gain > 0);
	values[4] = Float8GetDatum(nulls[4] ? 0 : rpm_decibels(gain));
	nulls[5] = format->polarisation == RPM_RECEIVE_BOTH || nulls[4];
	values[5] = Float8GetDatum(nulls[5] ? 0 : rpm_received_phase_deg(path, format->polarisation == RPM_RECEIVE_HORIZONTAL));
	values[6] = Float8GetDatum(rpm_true_azimuth_of_grid_deg(rpm_grid_azimuth_deg(path->departure), format->convergence_at_antenna_deg));
	values[7] = Float8GetDatum(rpm_elevation_deg(path->departure));
	values[8] = Float8GetDatum(rpm_true_azimuth_of_grid_deg(rpm_grid_azimuth_deg(source), format->convergence_at_point_deg));
	values[9] = Float8GetDatum(rpm_elevation_deg(source));
	values[10] = building_ids(format, path);
	values[11] = materials_of(format, path);
	values[12] = incidences_of(path);
	values[13] = line_of(format, path);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static double
gain_of(const RpmPathRowFormat *format, const rpm_path *path)
{
	if (format->polarisation == RPM_RECEIVE_BOTH)
		return rpm_path_total_gain(path);
	return rpm_path_gain(path, rpm_receive_slant_rad(format->polarisation == RPM_RECEIVE_HORIZONTAL));
}

Datum
rpm_path_kinds(const rpm_path *path)
{
	char		kinds[RPM_MAX_DEPTH + 1];

	for (int i = 0; i < path->interaction_count; i++)
		kinds[i] = path->interactions[i].kind;
	kinds[path->interaction_count] = '\0';
	return CStringGetTextDatum(kinds);
}

/* One per interaction; null for the ground. */
static Datum
building_ids(const RpmPathRowFormat *format, const rpm_path *path)
{
	Datum		elements[RPM_MAX_DEPTH];
	bool		nulls[RPM_MAX_DEPTH];
	int			dimension = path->interaction_count,
				lower = 1;

	for (int i = 0; i < path->interaction_count; i++)
	{
		int32		building = path->interactions[i].building;

		nulls[i] = building < 0;
		elements[i] = nulls[i] ? (Datum) 0 : Int64GetDatum(format->scene->buildings[building].id);
	}
	if (dimension == 0)
		return PointerGetDatum(construct_empty_array(INT8OID));
	return PointerGetDatum(construct_md_array(elements, nulls, 1, &dimension, &lower, INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
											  TYPALIGN_DOUBLE));
}

static Datum
materials_of(const RpmPathRowFormat *format, const rpm_path *path)
{
	char	   *names[RPM_MAX_DEPTH];

	for (int i = 0; i < path->interaction_count; i++)
		names[i] = format->material_names[path->interactions[i].material];
	return rpm_text_array(names, path->interaction_count);
}

static Datum
incidences_of(const rpm_path *path)
{
	double		incidence_deg[RPM_MAX_DEPTH];

	for (int i = 0; i < path->interaction_count; i++)
		incidence_deg[i] = rpm_degrees(path->interactions[i].incidence_rad);
	return rpm_float8_array(incidence_deg, path->interaction_count);
}

/* The path as a LineString Z in world coordinates, by extended well-known binary. */
static Datum
line_of(const RpmPathRowFormat *format, const rpm_path *path)
{
	uint32		kind = EWKB_LINESTRING_Z_SRID,
				corners = path->interaction_count + 2;
	size_t		size = VARHDRSZ + 1 + 3 * sizeof(uint32) + corners * 3 * sizeof(double);
	bytea	   *wkb = palloc(size);
	char	   *to = VARDATA(wkb);

	SET_VARSIZE(wkb, size);
	*to++ = EWKB_BYTE_ORDER;
	memcpy(to, &kind, sizeof(kind));
	memcpy(to + sizeof(kind), &format->srid, sizeof(int32));
	memcpy(to + 2 * sizeof(kind), &corners, sizeof(corners));
	to = put_corner(to + 3 * sizeof(kind), format, format->transmitter);
	for (int i = 0; i < path->interaction_count; i++)
		to = put_corner(to, format, path->interactions[i].point);
	put_corner(to, format, format->receiver);
	return rpm_call_postgis(RPM_GEOMETRY_FROM_EWKB, PointerGetDatum(wkb));
}

static char *
put_corner(char *to, const RpmPathRowFormat *format, rpm_vec3 point)
{
	double		world[3] = {format->scene->origin[0] + point.x, format->scene->origin[1] + point.y,
	format->scene->origin[2] + point.z};

	memcpy(to, world, sizeof(world));
	return to + sizeof(world);
}
