/*
 * read_pattern.c: antenna patterns by name, from rpm.antenna_pattern.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "nodes/pg_list.h"
#include "utils/array.h"

#include "read_pattern.h"
#include "relation.h"
#include "rpm_pattern.h"
#include "spi_rows.h"

#define DEGREES 360

typedef struct Wish
{
	char	   *name;
	int64		antenna_id;
	rpm_antenna_pattern *pattern;
} Wish;

struct RpmPatterns
{
	MemoryContext context;
	List	   *wishes;
};

typedef struct Found
{
	char	   *name;
	rpm_antenna_pattern pattern;
} Found;

static const char *const query =
	"SELECT p.name::pg_catalog.text, p.kind::pg_catalog.text, p.gain_dbi::pg_catalog.float8,"
	" p.horizontal_beamwidth_deg::pg_catalog.float8, p.vertical_beamwidth_deg::pg_catalog.float8,"
	" p.side_lobe_floor_db::pg_catalog.float8, p.front_to_back_db::pg_catalog.float8,"
	" p.horizontal_attenuation_db::pg_catalog.float4[], p.vertical_attenuation_db::pg_catalog.float4[],"
	" p.includes_electrical_tilt::pg_catalog.bool"
	" FROM rpm.antenna_pattern AS p WHERE p.name OPERATOR(pg_catalog.=) ANY ($1) ORDER BY p.name COLLATE \"C\"";

static Datum names_of(const RpmPatterns *patterns);
static void fill_pattern(Found *found, HeapTuple tuple, MemoryContext context);
static int	kind_of(const char *pattern, const char *kind);
static void fill_cut(float *cut, const char *pattern, const char *column, HeapTuple tuple, int number);
static int	compare_to_name(const void *key, const void *element);

RpmPatterns *
rpm_patterns_begin(void)
{
	RpmPatterns *patterns = palloc0(sizeof(RpmPatterns));

	patterns->context = CurrentMemoryContext;
	return patterns;
}

void
rpm_patterns_want(RpmPatterns *patterns, const char *name, int64 antenna_id, rpm_antenna_pattern *pattern)
{
	MemoryContext before = MemoryContextSwitchTo(patterns->context);
	Wish	   *wish = palloc(sizeof(Wish));

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("pattern of antenna " INT64_FORMAT " is null", antenna_id),
				 errhint("Name one of rpm.antenna_pattern, for example isotropic or tr38901.")));
	wish->name = pstrdup(name);
	wish->antenna_id = antenna_id;
	wish->pattern = pattern;
	patterns->wishes = lappend(patterns->wishes, wish);
	MemoryContextSwitchTo(before);
}

void
rpm_patterns_resolve(RpmPatterns *patterns)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			type = TEXTARRAYOID;
	Datum		value = names_of(patterns);
	Found	   *found;
	int			count;
	ListCell   *cell;

	rpm_own_table_check("antenna_pattern");
	rpm_spi_query_by_key(query, 1, &type, &value, NULL);
	count = (int) SPI_processed;
	found = MemoryContextAllocHuge(context, Max(count, 1) * sizeof(Found));
	for (int i = 0; i < count; i++)
		fill_pattern(&found[i], SPI_tuptable->vals[i], context);
	SPI_finish();

	foreach(cell, patterns->wishes)
	{
		const Wish *wish = lfirst(cell);
		const Found *match = bsearch(wish->name, found, count, sizeof(Found), compare_to_name);

		if (match == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_OBJECT),
					 errmsg("pattern \"%s\" of antenna " INT64_FORMAT " is not in rpm.antenna_pattern", wish->name, wish->antenna_id),
					 errhint("Name one of rpm.antenna_pattern, or add it there; rpm_import_pattern() reads MSI/Planet text.")));
		*wish->pattern = match->pattern;
	}
	pfree(found);
}

static Datum
names_of(const RpmPatterns *patterns)
{
	int			count = list_length(patterns->wishes),
				kept = 0;
	Datum	   *elements = palloc(Max(count, 1) * sizeof(Datum));
	const char *last = NULL;
	ListCell   *cell;

	/* Neighbours mostly share a pattern. */
	foreach(cell, patterns->wishes)
	{
		const Wish *wish = lfirst(cell);

		if (last == NULL || strcmp(last, wish->name) != 0)
			elements[kept++] = CStringGetTextDatum(wish->name);
		last = wish->name;
	}
	return PointerGetDatum(construct_array(elements, kept, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
fill_pattern(Found *found, HeapTuple tuple, MemoryContext context)
{
	rpm_antenna_pattern *p = &found->pattern;

	found->name = rpm_column_text(tuple, 1, context);
	memset(p, 0, sizeof(*p));
	p->kind = kind_of(found->name, rpm_column_text(tuple, 2, CurrentMemoryContext));
	p->gain_dbi = rpm_column_double(tuple, 3);
	p->horizontal_beamwidth_deg = rpm_column_double(tuple, 4);
	p->vertical_beamwidth_deg = rpm_column_double(tuple, 5);
	p->side_lobe_floor_db = rpm_column_double(tuple, 6);
	p->front_to_back_db = rpm_column_double(tuple, 7);
	p->includes_electrical_tilt = rpm_column_bool(tuple, 10);
	if (p->kind == RPM_PATTERN_MEASURED)
	{
		fill_cut(p->horizontal_attenuation_db, found->name, "horizontal_attenuation_db", tuple, 8);
		fill_cut(p->vertical_attenuation_db, found->name, "vertical_attenuation_db", tuple, 9);
	}
}

static int
kind_of(const char *pattern, const char *kind)
{
	static const char *const kinds[] = {
		[RPM_PATTERN_ISOTROPIC] = "isotropic",
		[RPM_PATTERN_DIPOLE] = "dipole",
		[RPM_PATTERN_HALF_WAVE_DIPOLE] = "half_wave_dipole",
		[RPM_PATTERN_TR38901] = "tr38901",
		[RPM_PATTERN_MEASURED] = "measured"
	};

	for (int i = 0; i < (int) lengthof(kinds); i++)
		if (kind != NULL && strcmp(kind, kinds[i]) == 0)
			return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("pattern \"%s\" is of unknown kind \"%s\"", pattern, kind ? kind : ""),
			 errhint("Use isotropic, dipole, half_wave_dipole, tr38901 or measured.")));
	return 0;
}

static void
fill_cut(float *cut, const char *pattern, const char *column, HeapTuple tuple, int number)
{
	bool		null;
	Datum		value = rpm_column(tuple, number, &null);
	ArrayType  *array = null ? NULL : DatumGetArrayTypeP(value);
	Datum	   *elements = NULL;
	bool	   *nulls;
	int			count = 0;

	if (array != NULL)
		deconstruct_array(array, FLOAT4OID, sizeof(float4), true, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < DEGREES; i++)
	{
		if (count != DEGREES || nulls[i] || !isfinite(DatumGetFloat4(elements[i])))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s of pattern \"%s\" has no 360 attenuations", column, pattern),
					 errhint("Give 360 values in dB below the peak, one per degree.")));
		cut[i] = DatumGetFloat4(elements[i]);
	}
}

static int
compare_to_name(const void *key, const void *element)
{
	return strcmp(key, ((const Found *) element)->name);
}
