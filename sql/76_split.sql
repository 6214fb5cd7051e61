-- Which part of the data a site, a block or a pixel belongs to (include/rpm_split.h has the definition).

CREATE FUNCTION rpm.split_number(unit text, id bigint, x double precision, y double precision, srid integer, seed bigint,
	block_m double precision, cell_m double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'rpm_sql_split_number' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.split_number(text, bigint, double precision, double precision, integer, bigint, double precision, double precision) IS
	'what rpm_split returns; srid is looked at for degrees only';

CREATE FUNCTION @extschema@.rpm_split(unit text, id bigint, x double precision, y double precision, seed bigint DEFAULT 1,
	block_m double precision DEFAULT 100, cell_m double precision DEFAULT 5) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN rpm.split_number(unit, id, x, y, NULL, seed, block_m, cell_m);
COMMENT ON FUNCTION @extschema@.rpm_split(text, bigint, double precision, double precision, bigint, double precision, double precision) IS
	'a number from 0 to below 1, the same for all of one site, block or pixel: below 0.7, say, learns, the rest is held out';

CREATE FUNCTION @extschema@.rpm_split(unit text, id bigint, point geometry DEFAULT NULL, seed bigint DEFAULT 1,
	block_m double precision DEFAULT 100, cell_m double precision DEFAULT 5) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN rpm.split_number(unit, id, CASE WHEN starts_with(GeometryType(point), 'POINT') THEN ST_X(point) END,
	CASE WHEN starts_with(GeometryType(point), 'POINT') THEN ST_Y(point) END, ST_SRID(point), seed, block_m, cell_m);
COMMENT ON FUNCTION @extschema@.rpm_split(text, bigint, geometry, bigint, double precision, double precision) IS
	'a number from 0 to below 1, the same for all of one site, block or pixel: below 0.7, say, learns, the rest is held out';
