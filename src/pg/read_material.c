/*
 * read_material.c: materials by name and frequency, from rpm.material.
 *
 * They are read at every call and are no part of a kept scene: a changed material counts at once and rebuilds nothing.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"

#include "datums.h"
#include "read_material.h"
#include "relation.h"
#include "rpm_material_table.h"
#include "spi_rows.h"

#define HZ_PER_MHZ 1e6
#define NAMES_IN_NOTICE 8

typedef struct Range
{
	int			name;			/* index */
	double		min_hz, max_hz;
	rpm_material material;
} Range;

struct RpmMaterials
{
	int			count;
	char	  **names;
	bool	   *extrapolated;
	double	   *frequency_hz;	/* at which it was extrapolated first */
	int			range_count;
	Range	   *ranges;
};

static const char *const query =
	"SELECT u.number::pg_catalog.int4, m.frequency_min_mhz::pg_catalog.float8, m.frequency_max_mhz::pg_catalog.float8,"
	" m.a::pg_catalog.float8, m.b::pg_catalog.float8, m.c::pg_catalog.float8, m.d::pg_catalog.float8,"
	" m.thickness_m::pg_catalog.float8, m.scattering_coefficient::pg_catalog.float8, m.cross_polarisation::pg_catalog.float8,"
	" CASE m.scattering_pattern WHEN 'lambertian' THEN 0 WHEN 'directive' THEN 1 ELSE 2 END::pg_catalog.int4,"
	" m.scattering_alpha_r::pg_catalog.int4, m.scattering_alpha_i::pg_catalog.int4, m.scattering_lambda::pg_catalog.float8"
	" FROM pg_catalog.unnest($1) WITH ORDINALITY AS u (name, number)"
	" JOIN rpm.material AS m ON m.name OPERATOR(pg_catalog.=) u.name"
	" ORDER BY 1, 2";

static void fill_range(Range *range, HeapTuple tuple);
static void check_all_known(const RpmMaterials *materials, char *const *users);

RpmMaterials *
rpm_materials_read(int count, char *const *names, char *const *users)
{
	MemoryContext context = CurrentMemoryContext;
	RpmMaterials *materials = palloc0(sizeof(RpmMaterials));
	Oid			type = TEXTARRAYOID;
	Datum		value = rpm_text_array(names, count);

	materials->count = count;
	materials->names = palloc0(count * sizeof(char *));
	for (int i = 0; i < count; i++)
		materials->names[i] = pstrdup(names[i]);
	materials->extrapolated = palloc0(count * sizeof(bool));
	materials->frequency_hz = palloc0(count * sizeof(double));

	rpm_own_table_check("material");
	rpm_spi_query_by_key(query, 1, &type, &value, NULL);
	materials->range_count = (int) SPI_processed;
	materials->ranges = MemoryContextAlloc(context, Max(SPI_processed, 1) * sizeof(Range));
	for (int i = 0; i < materials->range_count; i++)
		fill_range(&materials->ranges[i], SPI_tuptable->vals[i]);
	SPI_finish();
	check_all_known(materials, users);
	return materials;
}

rpm_material *
rpm_materials_at(RpmMaterials *materials, double frequency_hz)
{
	rpm_material *at = palloc0(Max(materials->count, 1) * sizeof(rpm_material));
	double	   *distance = palloc(Max(materials->count, 1) * sizeof(double));

	for (int i = 0; i < materials->count; i++)
		distance[i] = INFINITY;
	for (int i = 0; i < materials->range_count; i++)
	{
		const Range *range = &materials->ranges[i];
		double		d = rpm_range_distance(range->min_hz, range->max_hz, frequency_hz);

		if (d < distance[range->name])
		{
			distance[range->name] = d;
			at[range->name] = range->material;
		}
	}
	for (int i = 0; i < materials->count; i++)
		if (distance[i] > 0 && !materials->extrapolated[i])
		{
			materials->extrapolated[i] = true;
			materials->frequency_hz[i] = frequency_hz;
		}
	pfree(distance);
	return at;
}

void
rpm_materials_notice(const RpmMaterials *materials)
{
	StringInfoData names;
	int			found = 0;

	initStringInfo(&names);
	for (int i = 0; i < materials->count; i++)
		if (materials->extrapolated[i] && found++ < NAMES_IN_NOTICE)
			appendStringInfo(&names, "%s%s at %g MHz", found > 1 ? ", " : "", materials->names[i],
							 materials->frequency_hz[i] / HZ_PER_MHZ);
	if (found > 0)
		ereport(NOTICE,
				(errmsg("materials outside their frequency range, extrapolated from the nearest: %s%s", names.data,
						found > NAMES_IN_NOTICE ? ", ..." : ""),
				 errhint("Add a row to rpm.material with the frequency range that you need.")));
	pfree(names.data);
}

static void
fill_range(Range *range, HeapTuple tuple)
{
	rpm_material *m = &range->material;

	range->name = rpm_column_int32(tuple, 1) - 1;
	range->min_hz = rpm_column_double(tuple, 2) * HZ_PER_MHZ;
	range->max_hz = rpm_column_double(tuple, 3) * HZ_PER_MHZ;
	m->a = rpm_column_double(tuple, 4);
	m->b = rpm_column_double(tuple, 5);
	m->c = rpm_column_double(tuple, 6);
	m->d = rpm_column_double(tuple, 7);
	m->thickness_m = rpm_column_double(tuple, 8);
	m->scattering_coefficient = rpm_column_double(tuple, 9);
	m->cross_polarisation = rpm_column_double(tuple, 10);
	m->scattering_pattern = rpm_column_int32(tuple, 11);
	m->scattering_alpha_r = rpm_column_int32(tuple, 12);
	m->scattering_alpha_i = rpm_column_int32(tuple, 13);
	m->scattering_lambda = rpm_column_double(tuple, 14);
}

static void
check_all_known(const RpmMaterials *materials, char *const *users)
{
	bool	   *known = palloc0(Max(materials->count, 1) * sizeof(bool));

	for (int i = 0; i < materials->range_count; i++)
		known[materials->ranges[i].name] = true;
	for (int i = 0; i < materials->count; i++)
		if (!known[i])
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("material \"%s\" of %s is not in rpm.material", materials->names[i], users[i]),
					 errhint("Name one of SELECT DISTINCT name FROM rpm.material, or add it there.")));
	pfree(known);
}
