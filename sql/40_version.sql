-- What is installed.

CREATE FUNCTION @extschema@.rpm_version() RETURNS text
	AS 'MODULE_PATHNAME', 'rpm_sql_version' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rpm_version() IS
	'version of the library that the server has loaded; after an update compare with extversion in pg_extension';
