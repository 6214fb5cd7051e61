/*
 * Prediction of many antennas in one call, and of antennas that no table has.
 */
CREATE FUNCTION rpm_predict(antennas bigint[], scene text DEFAULT NULL,
	method text DEFAULT 'best',
	cell_size_m double precision DEFAULT NULL,
	size_cells integer DEFAULT 512,
	prior text DEFAULT NULL,
	sharing text DEFAULT 'site',
	seed bigint DEFAULT 1,
	OUT antenna_id bigint, OUT rast raster)
	RETURNS SETOF record
	LANGUAGE sql STABLE PARALLEL RESTRICTED COST 1000000 ROWS 12
BEGIN ATOMIC
	SELECT a.id, rpm_predict(a.id, scene, method, cell_size_m, NULL, NULL, size_cells, prior, sharing, seed) FROM unnest(antennas) WITH ORDINALITY AS a (id, n) ORDER BY a.n;
END;
COMMENT ON FUNCTION rpm_predict(bigint[], text, text, double precision, integer, text, text, bigint) IS
	'the best estimate of the levels of many antennas, each on the square about it, in the order given; bands as of the function of one antenna';

CREATE FUNCTION rpm.given_antenna() RETURNS rpm.antenna
	AS 'MODULE_PATHNAME', 'rpm_sql_given_antenna' LANGUAGE C STABLE PARALLEL RESTRICTED;
COMMENT ON FUNCTION rpm.given_antenna() IS 'the antenna that a call of rpm.predict_given at work was given; null outside of one';

CREATE FUNCTION rpm.predict_given(antenna_id bigint, scene text, method text, cell_size_m double precision, extent geometry, template raster, size_cells integer,
	prior text, sharing text, seed bigint, antenna rpm.antenna)
	RETURNS raster
	AS 'MODULE_PATHNAME', 'rpm_sql_predict' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION rpm.predict_given(bigint, text, text, double precision, geometry, raster, integer, text, text, bigint, rpm.antenna) IS
	'rpm_predict of an antenna that no table has; part of rpm_predict';

CREATE FUNCTION rpm_predict(antenna rpm.antenna, scene text,
	method text DEFAULT 'best',
	cell_size_m double precision DEFAULT NULL,
	extent geometry DEFAULT NULL,
	template raster DEFAULT NULL,
	size_cells integer DEFAULT 512,
	prior text DEFAULT NULL)
	RETURNS raster
	LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000000 SET search_path FROM CURRENT
AS $$
BEGIN
	IF antenna IS NULL OR scene IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = CASE WHEN scene IS NULL THEN 'scene' ELSE 'antenna' END || ' is null',
			HINT = 'Give an antenna as a row: jsonb_populate_record(NULL::rpm.antenna, ''{"height_m": 30, "frequency_mhz": 2600, "geom": "SRID=32632;POINT(691500 5334700)"}''), and name the scene.';
	END IF;
	antenna.antenna_id := coalesce(antenna.antenna_id, 0);
	antenna.load := coalesce(antenna.load, 1);
	antenna.active := true;
	antenna.azimuth_deg := coalesce(antenna.azimuth_deg, 0);
	antenna.mechanical_tilt_deg := coalesce(antenna.mechanical_tilt_deg, 0);
	antenna.electrical_tilt_deg := coalesce(antenna.electrical_tilt_deg, 0);
	antenna.losses_db := coalesce(antenna.losses_db, 0);
	antenna.pattern := coalesce(antenna.pattern, 'tr38901');
	antenna.slant_deg := coalesce(antenna.slant_deg, 0);
	RETURN rpm.predict_given(antenna.antenna_id, scene, method, cell_size_m, extent, template, size_cells, prior, 'none', 1, antenna);
END
$$;
COMMENT ON FUNCTION rpm_predict(rpm.antenna, text, text, double precision, geometry, raster, integer, text) IS
	'the level of an antenna that no table has, given as a row, by a prior: nothing that was measured of an antenna of its key counts; what is null has the defaults of rpm.antenna';
