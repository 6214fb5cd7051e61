/*
 * True north, and antennas as wedges.
 */

/*
 * Direction of the meridian through the point, on the grid: the central difference of 0.001 degrees (111 m) errs by less than
 * 1e-7 degrees in a transverse Mercator zone.
 */
CREATE FUNCTION rpm_grid_convergence(geom geometry) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
BEGIN ATOMIC
	SELECT -degrees(atan2(ST_X(north) - ST_X(south), ST_Y(north) - ST_Y(south)))
	FROM ST_Transform(ST_Centroid(geom), 4326) AS place,
		ST_Transform(ST_SetSRID(ST_MakePoint(ST_X(place), ST_Y(place) + 0.0005), 4326), ST_SRID(geom)) AS north,
		ST_Transform(ST_SetSRID(ST_MakePoint(ST_X(place), ST_Y(place) - 0.0005), 4326), ST_SRID(geom)) AS south;
END;
COMMENT ON FUNCTION rpm_grid_convergence(geometry) IS
	'grid convergence at a place, degrees: grid azimuth = true azimuth - convergence; positive east of the central meridian in the north';

/* Laid out along true azimuths on the ellipsoid, so that it is right in every coordinate system. */
CREATE FUNCTION rpm_sector(geom geometry, azimuth_deg double precision, beamwidth_deg double precision DEFAULT 65,
	radius_m double precision DEFAULT 100) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 5000 SET search_path FROM CURRENT
AS $$
DECLARE
	place geography;
	steps integer;
	rim geometry;
BEGIN
	IF GeometryType(geom) <> 'POINT' OR ST_IsEmpty(geom) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'geom is ' || CASE WHEN ST_IsEmpty(geom) THEN 'empty' ELSE 'a ' || ST_GeometryType(geom) END,
			HINT = 'Give a point, for example the geom of an antenna.';
	ELSIF ST_SRID(geom) = 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'geom has no SRID',
			HINT = 'Give it the one it is in: ST_SetSRID(geom, srid).';
	ELSIF NOT azimuth_deg BETWEEN -360 AND 360 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('azimuth_deg is %s', azimuth_deg),
			HINT = 'Give degrees clockwise from true north, 0 to 360.';
	ELSIF NOT (beamwidth_deg > 0 AND beamwidth_deg <= 360) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('beamwidth_deg is %s', beamwidth_deg),
			HINT = 'Give degrees, above 0; 360 makes a disc.';
	ELSIF NOT (radius_m > 0 AND radius_m <= 1000000) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('radius_m is %s', radius_m),
			HINT = 'Give metres, above 0, at most 1000000.';
	END IF;

	place := ST_Transform(ST_Force2D(geom), 4326)::geography;
	steps := ceil(beamwidth_deg / 5);
	SELECT ST_MakeLine(ST_Project(place, radius_m, radians(azimuth_deg + beamwidth_deg * (i::double precision / steps - 0.5)))::geometry ORDER BY i)
	INTO rim
	FROM generate_series(0, CASE WHEN beamwidth_deg = 360 THEN steps - 1 ELSE steps END) AS i;
	IF beamwidth_deg < 360 THEN
		rim := ST_AddPoint(rim, place::geometry);
	END IF;
	RETURN ST_Transform(ST_MakePolygon(ST_AddPoint(rim, ST_StartPoint(rim))), ST_SRID(geom));
END
$$;
COMMENT ON FUNCTION rpm_sector(geometry, double precision, double precision, double precision) IS
	'wedge of an antenna: from the point along azimuth_deg (clockwise from true north), beamwidth_deg wide, radius_m long; in the SRID of the point';

/* One coordinate system for all scenes, so that the layer has a type: EPSG:4326. */
CREATE VIEW rpm.antenna_sector AS
SELECT a.antenna_id, a.site_id, s.name AS site_name, a.name, a.frequency_mhz, a.channel, a.active, a.height_m, a.azimuth_deg,
	a.mechanical_tilt_deg, a.electrical_tilt_deg, a.pattern,
	CASE WHEN p.kind IN ('tr38901', 'measured') THEN p.horizontal_beamwidth_deg ELSE 360 END AS beamwidth_deg,
	ST_Transform(rpm_sector(a.geom, a.azimuth_deg,
		CASE WHEN p.kind IN ('tr38901', 'measured') THEN p.horizontal_beamwidth_deg ELSE 360 END), 4326)::geometry(Polygon, 4326) AS geom
FROM rpm.antenna AS a
	JOIN rpm.antenna_pattern AS p ON p.name = a.pattern
	LEFT JOIN rpm.site AS s ON s.site_id = a.site_id;
COMMENT ON VIEW rpm.antenna_sector IS 'antennas of rpm.antenna as wedges of 100 m, EPSG:4326, for maps; antenna_id is the key';
COMMENT ON COLUMN rpm.antenna_sector.antenna_id IS 'key';
COMMENT ON COLUMN rpm.antenna_sector.site_id IS 'the site it stands on';
COMMENT ON COLUMN rpm.antenna_sector.site_name IS 'name of the site';
COMMENT ON COLUMN rpm.antenna_sector.name IS 'name of the antenna';
COMMENT ON COLUMN rpm.antenna_sector.frequency_mhz IS 'carrier frequency, MHz';
COMMENT ON COLUMN rpm.antenna_sector.channel IS 'antennas of one channel interfere';
COMMENT ON COLUMN rpm.antenna_sector.active IS 'false: left out unless named';
COMMENT ON COLUMN rpm.antenna_sector.height_m IS 'height above ground, metres';
COMMENT ON COLUMN rpm.antenna_sector.azimuth_deg IS 'of boresight, degrees clockwise from true north';
COMMENT ON COLUMN rpm.antenna_sector.mechanical_tilt_deg IS 'degrees, down is positive';
COMMENT ON COLUMN rpm.antenna_sector.electrical_tilt_deg IS 'degrees, down is positive';
COMMENT ON COLUMN rpm.antenna_sector.pattern IS 'a name in rpm.antenna_pattern';
COMMENT ON COLUMN rpm.antenna_sector.beamwidth_deg IS 'width of the wedge, degrees: half-power beam width, 360 where the pattern has none';
COMMENT ON COLUMN rpm.antenna_sector.geom IS 'wedge, polygon in EPSG:4326';
