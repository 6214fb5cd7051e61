-- How exact paths change with the antenna and the materials.

CREATE FUNCTION @extschema@.rpm_path_derivatives(antenna_id bigint, point geometry,
	scene text DEFAULT NULL,
	mechanisms text[] DEFAULT '{line_of_sight,reflection,refraction,diffraction}',
	max_depth integer DEFAULT 3,
	transmit_pattern text DEFAULT NULL,
	receive_polarisation text DEFAULT 'both',
	samples bigint DEFAULT 100000,
	seed bigint DEFAULT 1)
	RETURNS TABLE (path_id integer, interactions text, path_gain_db double precision,
		east_db_m double precision, north_db_m double precision, up_db_m double precision,
		azimuth_db_deg double precision, tilt_db_deg double precision,
		materials text[], permittivity_db double precision[], conductivity_db_m_s double precision[], thickness_db_m double precision[])
	AS 'MODULE_PATHNAME', 'rpm_sql_path_derivatives' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 50;
COMMENT ON FUNCTION @extschema@.rpm_path_derivatives(bigint, geometry, text, text[], integer, text, text, bigint, bigint) IS
	'the derivatives of the gain of each path of rpm_paths, by the same path_id: per metre that the antenna moves along the grid''s axes or up, per degree that it turns clockwise or tilts down, and for each material that the path meets per unit of relative permittivity, per S/m and per metre of thickness; null where there is none';
