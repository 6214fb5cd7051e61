-- Exact paths.

CREATE FUNCTION @extschema@.rpm_paths(antenna_id bigint, point geometry,
	scene text DEFAULT NULL,
	mechanisms text[] DEFAULT '{line_of_sight,reflection,refraction,diffraction}',
	max_depth integer DEFAULT 3,
	transmit_pattern text DEFAULT NULL,
	receive_polarisation text DEFAULT 'both',
	samples bigint DEFAULT 100000,
	seed bigint DEFAULT 1)
	RETURNS TABLE (path_id integer, interactions text, length_m double precision, delay_ns double precision,
		path_gain_db double precision, phase_deg double precision, departure_azimuth_deg double precision,
		departure_elevation_deg double precision, arrival_azimuth_deg double precision, arrival_elevation_deg double precision,
		building_ids bigint[], materials text[], incidence_deg double precision[], geom geometry)
	AS 'MODULE_PATHNAME', 'rpm_sql_paths' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 50;
COMMENT ON FUNCTION @extschema@.rpm_paths(bigint, geometry, text, text[], integer, text, text, bigint, bigint) IS
	'the paths from an antenna to a point, strongest first: S reflection, R refraction, F diffraction in the order of travel; azimuths clockwise from true north, of arrival towards where the path comes from; geom LineStringZ';
