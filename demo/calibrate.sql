-- A simulated survey: nobody measured anything here. The truth is the traced level of the three antennas of site South-east, and the records are wrong: antenna 9
-- looks 20 degrees further west than they say, the cable of antenna 8 loses 6 dB more. Measured are cells along streets in a square of 800 m, with 4 dB of noise
-- (drawn by hash). rpm_calibrate finds how the antennas stand, and rpm_apply_calibration makes the scene that knows it.
CREATE FUNCTION pg_temp.draw(k bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT mod(abs(hashint8extended(k, 5)), 1000003) / 1000003.0 $$;
CREATE VIEW recorded_antenna AS
SELECT antenna_id + 100 AS antenna_id, site_id, name, geom, height_m, frequency_mhz, bandwidth_mhz, channel, load, carrier_power_dbm, resource_block_count, losses_db, pattern,
	azimuth_deg - CASE antenna_id WHEN 9 THEN 20 ELSE 0 END AS azimuth_deg, electrical_tilt_deg
FROM rpm.antenna WHERE antenna_id IN (7, 8, 9);
CREATE VIEW survey AS SELECT measurement_id, antenna_id, geom, rsrp_dbm, indoor FROM rpm.measurement WHERE antenna_id > 100;
INSERT INTO rpm.scene (name, srid, cell_size_m, receiver_height_m, ground_material, antenna_relation, measurement_relation)
VALUES ('recorded', 32632, 5, 1.5, 'concrete', 'recorded_antenna', 'survey');

CREATE TEMPORARY TABLE truth AS
SELECT m.antenna_id + 100 AS antenna_id, ST_Union(ST_Clip(m.rast, ST_Expand(a.geom, 400))) AS rast
FROM munich_rsrp_dbm AS m JOIN rpm.antenna AS a USING (antenna_id) WHERE m.antenna_id IN (7, 8, 9) AND ST_Intersects(m.rast, ST_Expand(a.geom, 400)) GROUP BY 1;
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
SELECT antenna_id, geom, val - CASE antenna_id WHEN 108 THEN 6 ELSE 0 END + 4 * sqrt(-2 * ln(1 - pg_temp.draw(2 * n))) * cos(2 * pi() * pg_temp.draw(2 * n + 1))
FROM (SELECT antenna_id, (p).geom, (p).val, row_number() OVER (ORDER BY antenna_id, (p).y, (p).x) AS n FROM truth, LATERAL (SELECT ST_PixelAsCentroids(rast) AS p) AS c) AS t
WHERE (mod(ST_X(geom)::numeric, 100) < 10 OR mod(ST_Y(geom)::numeric, 80) < 10) AND val > -130;

CREATE TEMPORARY TABLE outcome AS SELECT * FROM rpm_calibrate((SELECT site_id FROM rpm.site WHERE name = 'South-east'), 'recorded', method => 'A', max_depth => 5, samples => 5000000);
SELECT calibrated_scene FROM rpm_apply_calibration('recorded') \gset

-- What the records, and what the calibration, make of antenna 9: level less the truth.
CREATE TABLE calibration_map (rid integer PRIMARY KEY, name text NOT NULL, rast raster NOT NULL);
INSERT INTO calibration_map
SELECT rid, name, ST_MapAlgebra(traced.rast, 1, truth.rast, 1, '[rast1] - [rast2]')
FROM truth, (VALUES (1, 'before', 'recorded'), (2, 'after', :'calibrated_scene')) AS v (rid, name, scene), rpm_trace(v.scene, antennas => '{109}', template => truth.rast) AS traced
WHERE truth.antenna_id = 109;

\pset footer off
\echo
\echo A simulated survey of site South-east (simulated: nobody measured), whose records are wrong, and what rpm_calibrate makes of it:
SELECT r.antenna_id AS "antenna", round(r.azimuth_deg) AS "azimuth, as recorded", round(a.azimuth_deg) AS "true",
	format('%s ± %s', round(mod((f #>> '{azimuth_deg,value}')::numeric + 360, 360)), round((f #>> '{azimuth_deg,standard_error}')::numeric)) AS "found",
	CASE a.antenna_id WHEN 8 THEN -6 ELSE 0 END AS "level offset, true, dB",
	format('%s ± %s', round((f #>> '{offset_db,value}')::numeric, 1), round((f #>> '{offset_db,standard_error}')::numeric, 1)) AS "found, dB"
FROM outcome, jsonb_array_elements(parameters -> 'antennas') AS f JOIN recorded_antenna AS r ON r.antenna_id = (f ->> 'antenna_id')::bigint JOIN rpm.antenna AS a ON a.antenna_id = r.antenna_id - 100
ORDER BY 1;
SELECT round(error_before_db::numeric, 1) AS "mean error at held-out blocks before, dB", round(error_after_db::numeric, 1) AS "after, dB", round(duration_ms / 1000) AS "seconds" FROM outcome;
SELECT name AS "map of antenna 9", round(avg(abs(val))::numeric, 1) AS "mean error, dB" FROM (SELECT name, (ST_PixelAsPoints(rast)).val FROM calibration_map) AS p GROUP BY name ORDER BY name DESC;
