-- Radio maps.

CREATE FUNCTION @extschema@.rpm_trace(scene text,
	antennas bigint[] DEFAULT NULL,
	cell_size_m double precision DEFAULT NULL,
	extent geometry DEFAULT NULL,
	template raster DEFAULT NULL,
	receiver_height_m double precision DEFAULT NULL,
	mechanisms text[] DEFAULT '{line_of_sight,reflection,scattering,diffraction,over_roofs}',
	max_depth integer DEFAULT 7,
	samples bigint DEFAULT 1000000,
	target_error_db double precision DEFAULT NULL,
	seed bigint DEFAULT 1,
	quantity text DEFAULT 'rsrp_dbm',
	sum text DEFAULT 'field',
	cell_average text DEFAULT 'outdoor',
	scattering_scale double precision DEFAULT 1,
	diffraction_scale double precision DEFAULT 1,
	standard_error boolean DEFAULT false)
	RETURNS TABLE (antenna_id bigint, rast raster)
	AS 'MODULE_PATHNAME', 'rpm_sql_trace' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 12;
COMMENT ON FUNCTION @extschema@.rpm_trace(text, bigint[], double precision, geometry, raster, double precision, text[], integer,
	bigint, double precision, bigint, text, text, text, double precision, double precision, boolean) IS
	'ray-traced maps of a scene''s antennas: rsrp_dbm, path_gain_db or path_loss_db per cell; 32BF, nodata -9999, tiles of at most 1024 x 1024 cells; with standard_error a second band in dB';
