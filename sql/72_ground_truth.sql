/*
 * Rasters of measured cells.
 */

CREATE FUNCTION rpm.tile_first_cell(centre double precision, cell_size_m double precision, cells integer) RETURNS double precision
	AS 'MODULE_PATHNAME', 'rpm_sql_tile_first_cell' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rpm.tile_first_cell(double precision, double precision, integer) IS
	'the lowest cell, counted from zero, of a tile of so many cells centred on a coordinate';

CREATE FUNCTION rpm_tile(geom geometry, cell_size_m double precision DEFAULT 5, columns integer DEFAULT 512, rows integer DEFAULT 512)
RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 100 SET search_path FROM CURRENT
AS $$
DECLARE
	west double precision;
	south double precision;
BEGIN
	IF GeometryType(geom) <> 'POINT' OR (abs(ST_X(geom)) < 'Infinity' AND abs(ST_Y(geom)) < 'Infinity') IS NOT TRUE THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'geom is no point with finite coordinates',
			HINT = 'Give a point, for example the geom of an antenna.';
	ELSIF NOT (cell_size_m > 0 AND cell_size_m <= 100000) THEN
		RAISE EXCEPTION USING ERRCODE = 'numeric_value_out_of_range', MESSAGE = format('cell_size_m is %s', cell_size_m),
			HINT = 'Give metres, above 0, at most 100000.';
	ELSIF NOT (columns BETWEEN 1 AND 65535 AND rows BETWEEN 1 AND 65535) THEN
		RAISE EXCEPTION USING ERRCODE = 'numeric_value_out_of_range', MESSAGE = format('columns x rows is %s x %s', columns, rows),
			HINT = 'Give numbers from 1 to 65535.';
	END IF;
	west := rpm.tile_first_cell(ST_X(geom), cell_size_m, columns);
	south := rpm.tile_first_cell(ST_Y(geom), cell_size_m, rows);
	/* Beyond 2^52 cells from the origin the next one is no other number. */
	IF greatest(abs(west), abs(south)) > 4503599627370496 THEN
		RAISE EXCEPTION USING ERRCODE = 'numeric_value_out_of_range', MESSAGE = format('the point (%s, %s) lies more than 2^52 cells of %s m from the origin', ST_X(geom), ST_Y(geom), cell_size_m),
			HINT = 'Give coordinates in metres, and cells that suit them.';
	END IF;
	RETURN ST_MakeEnvelope(west * cell_size_m, south * cell_size_m, (west + columns) * cell_size_m, (south + rows) * cell_size_m, ST_SRID(geom));
END
$$;
COMMENT ON FUNCTION rpm_tile(geometry, double precision, integer, integer) IS
	'the tile of rpm_ground_truth around a place: so many whole cells, edges on multiples of the cell size, the place in the middle';

CREATE FUNCTION rpm_ground_truth(antenna_id bigint, scene text DEFAULT NULL,
	cell_size_m double precision DEFAULT NULL,
	columns integer DEFAULT 512,
	rows integer DEFAULT 512,
	extent geometry DEFAULT NULL,
	template raster DEFAULT NULL,
	domain text DEFAULT 'db',
	indoor boolean DEFAULT NULL,
	default_accuracy_m double precision DEFAULT 0,
	max_accuracy_m double precision DEFAULT NULL)
	RETURNS raster
	AS 'MODULE_PATHNAME', 'rpm_sql_ground_truth' LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION rpm_ground_truth(bigint, text, double precision, integer, integer, geometry, raster, text, boolean, double precision, double precision) IS
	'raster of an antenna''s measured cells; bands: level (mean in db or power, or median), count, spread in dB; 32BF, nodata -9999 where nothing was measured';

CREATE FUNCTION rpm_ground_truths(scene text DEFAULT NULL, antennas bigint[] DEFAULT NULL,
	cell_size_m double precision DEFAULT NULL,
	columns integer DEFAULT 512,
	rows integer DEFAULT 512,
	extent geometry DEFAULT NULL,
	template raster DEFAULT NULL,
	domain text DEFAULT 'db',
	indoor boolean DEFAULT NULL,
	default_accuracy_m double precision DEFAULT 0,
	max_accuracy_m double precision DEFAULT NULL)
	RETURNS TABLE (antenna_id bigint, rast raster)
	AS 'MODULE_PATHNAME', 'rpm_sql_ground_truths' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 100;
COMMENT ON FUNCTION rpm_ground_truths(text, bigint[], double precision, integer, integer, geometry, raster, text, boolean, double precision, double precision) IS
	'rpm_ground_truth of many antennas of a scene, of all that were measured where none are named';
