/*
 * postgis_functions.c: PostGIS by name, found through pg_extension, never through search_path.
 *
 * Looked up at each use: a few index scans, against calls that take milliseconds, and no cache that a dropped and recreated
 * extension could make stale.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "postgis_functions.h"

#define EXTENSION_SELF "rpm_pg"
#define EXTENSION_GEOMETRY "postgis"
#define EXTENSION_RASTER "postgis_raster"

typedef enum ArgumentType
{
	ARGUMENT_BYTEA,
	ARGUMENT_RASTER
} ArgumentType;

static const struct
{
	const char *extension;
	const char *name;
	ArgumentType argument;
	bool		takes_flag;		/* a second argument, boolean, false by default */
}			functions[] = {
	[RPM_RASTER_FROM_WKB] = {EXTENSION_RASTER, "st_rastfromwkb", ARGUMENT_BYTEA, false},
	[RPM_RASTER_AS_BINARY] = {EXTENSION_RASTER, "st_aswkb", ARGUMENT_RASTER, true},
	[RPM_GEOMETRY_FROM_EWKB] = {EXTENSION_GEOMETRY, "st_geomfromewkb", ARGUMENT_BYTEA, false},
};

static Oid	schema_of_extension(const char *extension);
static Oid	type_of_extension(const char *extension, const char *type);
static const char *quoted_schema(const char *extension);
static Oid	find_function(Oid schema, const char *name, Oid argument_type, bool takes_flag);

Datum
rpm_call_postgis(RpmPostgisFunction function, Datum argument)
{
	Oid			argument_type = BYTEAOID;
	Oid			schema = schema_of_extension(functions[function].extension);
	bool		takes_flag = functions[function].takes_flag;
	Oid			found;

	if (functions[function].argument == ARGUMENT_RASTER)
		argument_type = rpm_raster_type();
	found = find_function(schema, functions[function].name, argument_type, takes_flag);
	if (takes_flag)
		return OidFunctionCall2(found, argument, BoolGetDatum(false));
	return OidFunctionCall1(found, argument);
}

const char *
rpm_postgis_schema(void)
{
	return quoted_schema(EXTENSION_GEOMETRY);
}

const char *
rpm_raster_schema(void)
{
	return quoted_schema(EXTENSION_RASTER);
}

const char *
rpm_function_schema(void)
{
	return quoted_schema(EXTENSION_SELF);
}

Oid
rpm_geometry_type(void)
{
	return type_of_extension(EXTENSION_GEOMETRY, "geometry");
}

Oid
rpm_raster_type(void)
{
	return type_of_extension(EXTENSION_RASTER, "raster");
}

static const char *
quoted_schema(const char *extension)
{
	return quote_identifier(get_namespace_name(schema_of_extension(extension)));
}

/* pg_extension.extnamespace; an error when the extension is not there. */
static Oid
schema_of_extension(const char *extension)
{
	Oid			extension_oid = get_extension_oid(extension, false);
	Relation	catalog = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			schema = InvalidOid;

	ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(extension_oid));
	scan = systable_beginscan(catalog, ExtensionOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	if (!OidIsValid(schema))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"%s\" does not exist", extension),
				 errhint("CREATE EXTENSION %s;", extension)));
	return schema;
}

static Oid
type_of_extension(const char *extension, const char *type)
{
	Oid			schema = schema_of_extension(extension);
	Oid			found = GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(type), ObjectIdGetDatum(schema));

	if (!OidIsValid(found))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"%s\" has no type %s", extension, type),
				 errhint("Repair or update the extension: ALTER EXTENSION %s UPDATE.", extension)));
	return found;
}

static Oid
find_function(Oid schema, const char *name, Oid argument_type, bool takes_flag)
{
	Oid			types[2] = {argument_type, BOOLOID};
	oidvector  *signature = buildoidvector(types, takes_flag ? 2 : 1);
	Oid			found = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name), PointerGetDatum(signature),
										ObjectIdGetDatum(schema));

	if (!OidIsValid(found))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("PostGIS has no function %s", name),
				 errhint("Update PostGIS to 3.3 or later: SELECT postgis_extensions_upgrade().")));
	pfree(signature);
	return found;
}
