-- rpm_train: a network learns a town, checkpoints, goes on; arguments that cannot be.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;

SELECT rpm_network_unet(2, base => 2, stages => 1, outputs => 1);
SELECT rpm_network_unet(2, kernel => 4);

-- Twelve antennas on four sites; each measured in a quarter of the cells about it: -60 - 30 log10(d / 10 m), 12 dB less east of a wall that each has.
INSERT INTO rpm.scene (name, srid, cell_size_m) VALUES ('learn town', 32632, 10);
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, azimuth_deg, rs_power_dbm)
SELECT 8600 + i, 'learn', ST_SetSRID(ST_MakePoint(602003 + 1000 * i, 5300003), 32632), 30, 2600, 0, 15 FROM generate_series(1, 12) AS i;
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
SELECT a.antenna_id, ST_SetSRID(ST_MakePoint(x, y), 32632), l.level + sin(x * 12.9898 + y * 78.233)
FROM rpm.antenna AS a, generate_series(-155, 155, 20) AS dx, generate_series(-155, 155, 20) AS dy,
	LATERAL (SELECT ST_X(a.geom) - 3 + dx AS x, ST_Y(a.geom) - 3 + dy AS y) AS p,
	LATERAL (SELECT -60 - 30 * log(greatest(sqrt(dx * dx + dy * dy), 10) / 10) - CASE WHEN dx > 10 * (a.antenna_id % 7) THEN 12 ELSE 0 END AS level) AS l
WHERE a.antenna_id BETWEEN 8601 AND 8612;
CREATE FUNCTION learn_features(antenna_id bigint, scene text, channels text[], cell_size_m double precision, size_cells integer) RETURNS raster
LANGUAGE sql STABLE AS $$
	SELECT ST_SetValues(ST_AddBand(ST_AddBand(e.r, '32BF'::text, 0, NULL), '32BF'::text, 0, NULL), ARRAY[(1, 1, 1, near.v, NULL, NULL), (2, 1, 1, wall.v, NULL, NULL)]::addbandarg_values[])
	FROM (SELECT 1) AS x, LATERAL (SELECT NULL::raster AS r) AS e, LATERAL (SELECT NULL::float8[][] AS v) AS near, LATERAL (SELECT NULL::float8[][] AS v) AS wall $$;
DROP FUNCTION learn_features;
