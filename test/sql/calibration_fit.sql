-- Calibration: a simulated drive test around three sectors (the levels are those of rpm_trace with other antennas and walls), what comes back, and every error.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on
SET LOCAL client_min_messages = warning;

CREATE FUNCTION pg_temp.spot(x float8, y float8) RETURNS geometry LANGUAGE sql IMMUTABLE AS $$ SELECT ST_SetSRID(ST_MakePoint(691000 + x, 5336000 + y), 32632) $$;
CREATE FUNCTION pg_temp.draw(k bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT mod(abs(hashint8extended(k, 42)), 1000003) / 1000003.0 $$;
CREATE TABLE house (building_id bigint, geom geometry, height_m float8, wall_material text, roof_material text);
INSERT INTO house SELECT 10 * i + j, ST_Buffer(pg_temp.spot(-80 + 40 * i, -80 + 40 * j), 12, 'quad_segs=1 endcap=square'), 8 + 10 * pg_temp.draw(10 * i + j),
	CASE WHEN (i + j) % 2 = 0 THEN 'concrete' ELSE 'brick' END, 'concrete' FROM generate_series(0, 4) AS i, generate_series(0, 4) AS j;
CREATE TABLE mast (LIKE rpm.antenna INCLUDING DEFAULTS);
INSERT INTO mast (antenna_id, site_id, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg, mechanical_tilt_deg)
	SELECT a, 5, pg_temp.spot(-18, -19), 30, 2600, 15, 20 + 120 * (a - 1), 8 FROM generate_series(1, 3) AS a;
CREATE TABLE drive (antenna_id bigint, geom geometry, rsrp_dbm float8);
INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation, antenna_relation, measurement_relation, ground_material)
VALUES ('quarter', 32632, ST_Expand(pg_temp.spot(0, 0), 110), 5, 'house', 'mast', 'drive', 'medium_dry_ground');

-- The truth: sector 1 looks 8 degrees farther round, sector 2 sends 5 dB less, all hang 1.5 degrees lower.
UPDATE mast SET azimuth_deg = azimuth_deg + CASE antenna_id WHEN 1 THEN 8 ELSE 0 END, mechanical_tilt_deg = 9.5, losses_db = CASE antenna_id WHEN 2 THEN 5 ELSE 0 END;
INSERT INTO drive
	SELECT t.antenna_id, v.geom, v.val + 2 * sqrt(-2 * ln(1 - pg_temp.draw(1000000 * t.antenna_id + 1000 * v.x + v.y))) * cos(2 * pi() * pg_temp.draw(9000000 + 1000 * v.x + v.y))
	FROM rpm_trace('quarter', mechanisms => '{line_of_sight,reflection,diffraction}', max_depth => 1) AS t, LATERAL ST_PixelAsCentroids(t.rast) AS v
	WHERE (v.x + v.y) % 4 = 0;
UPDATE mast SET azimuth_deg = azimuth_deg - CASE antenna_id WHEN 1 THEN 8 ELSE 0 END, mechanical_tilt_deg = 8, losses_db = 0;

CREATE TEMPORARY TABLE fit AS SELECT * FROM rpm_calibration_fit(5, 'quarter', split => 'pixel', max_depth => 1, correlation_m => 0);
SELECT metrics->'fitted'->'after'->'count' AS fitted, metrics->'held_out'->'after'->'count' AS held_out, metrics->'converged' AS converged,
	(metrics#>>'{held_out,before,rmse_db}')::float8 > 4 AS wrong_before, (metrics#>>'{held_out,after,rmse_db}')::float8 < 4 AS right_after,
	length(data_fingerprint), length(scene_fingerprint) > 0 AS scene_fingerprint, duration_ms > 0 AS duration FROM fit;
SELECT a->'antenna_id' AS antenna, abs((a#>>'{azimuth_deg,value}')::float8 - 20 - 120 * ((a->>'antenna_id')::int - 1) - CASE a->>'antenna_id' WHEN '1' THEN 8 ELSE 0 END) < 2.5 AS azimuth,
	abs((a#>>'{mechanical_tilt_deg,value}')::float8 - 9.5) < 3 * (a#>>'{mechanical_tilt_deg,standard_error}')::float8 AS tilt, a#>'{azimuth_deg,identifiable}' AS identifiable,
	abs((a#>>'{offset_db,value}')::float8 + (a#>>'{gain_dbi,value}')::float8 - 8 + CASE a->>'antenna_id' WHEN '2' THEN 5 ELSE 0 END) < 1.5 AS power
FROM fit, jsonb_array_elements(parameters->'antennas') AS a;
SELECT jsonb_object_keys(parameters->'antennas'->0) AS key FROM fit;
SELECT m->>'material' AS material, m ? 'relative_permittivity' AS constants, jsonb_typeof(m->'permittivity_factor'->'standard_error') AS error
FROM fit, jsonb_array_elements(parameters->'materials') AS m;
SELECT count(*) > 10 AS buildings, bool_and(b->>'building_id' IN (SELECT building_id::text FROM house)) AS of_the_table FROM fit, jsonb_array_elements(parameters->'buildings') AS b;

-- The same twice and with one thread; from its own result there is nothing left to do; fewer parameters by method.
SET LOCAL rpm_pg.threads = 1;
SELECT f.data_fingerprint = g.data_fingerprint AS data, f.scene_fingerprint = g.scene_fingerprint AS scene,
	abs((f.metrics#>>'{held_out,after,rmse_db}')::float8 - (g.metrics#>>'{held_out,after,rmse_db}')::float8) < 1e-3 AS alike
FROM fit AS f, rpm_calibration_fit(5, 'quarter', split => 'pixel', max_depth => 1, correlation_m => 0) AS g;
RESET rpm_pg.threads;
SELECT abs((g.metrics#>>'{fitted,before,rmse_db}')::float8 - (f.metrics#>>'{fitted,after,rmse_db}')::float8) < 0.05 AS from_there
FROM fit AS f, rpm_calibration_fit(5, 'quarter', split => 'pixel', max_depth => 1, initial => f.parameters, correlation_m => 0) AS g;
SELECT method, (metrics#>>'{held_out,after,rmse_db}')::float8 < (metrics#>>'{held_out,before,rmse_db}')::float8 AS better, jsonb_array_length(parameters->'buildings') AS buildings,
	parameters#>'{antennas,0,azimuth_deg,learned}' = '0'::jsonb AS antennas_kept
FROM unnest(ARRAY['A', 'M', 'AM', 'AMv']) AS method, LATERAL rpm_calibration_fit(5, 'quarter', method, split => 'block', loss => 'student', max_depth => 1, radius_m => 80, correlation_m => 0);
-- Cells of one square err together: what they say together has larger errors.
SELECT (g.parameters#>>'{antennas,0,azimuth_deg,standard_error}')::float8 > 1.5 * (f.parameters#>>'{antennas,0,azimuth_deg,standard_error}')::float8 AS wider
FROM fit AS f, rpm_calibration_fit(5, 'quarter', split => 'pixel', max_depth => 1) AS g;
-- A floor: cells at it count as weaker only.
SELECT metrics#>'{fitted,after,at_floor}' <> '0' AS at_floor, abs((parameters#>>'{antennas,0,azimuth_deg,value}')::float8 - 28) < 3 AS azimuth
FROM rpm_calibration_fit(5, 'quarter', 'A', floor_dbm => (SELECT percentile_cont(0.3) WITHIN GROUP (ORDER BY rsrp_dbm) FROM drive), max_depth => 1, correlation_m => 0);
-- A cell at the antenna itself; a beginning that no antenna has is taken at the bounds, and left from there.
UPDATE mast SET height_m = 1.5, geom = (SELECT geom FROM drive WHERE antenna_id = 1 ORDER BY ST_Distance(geom, pg_temp.spot(-18, -19)) LIMIT 1) WHERE antenna_id = 1;
SELECT (metrics#>>'{fitted,after,rmse_db}')::float8 < 40 AS finite FROM rpm_calibration_fit(5, 'quarter', 'A', max_depth => 1);
UPDATE mast SET height_m = 30, geom = pg_temp.spot(-18, -19) WHERE antenna_id = 1;
SELECT abs((parameters#>>'{antennas,1,azimuth_deg,value}')::float8 - 140) < 3 AS azimuth FROM rpm_calibration_fit(5, 'quarter', 'A', max_depth => 1, correlation_m => 0,
	initial => '{"antennas": [{"antenna_id": 2, "azimuth_deg": 1e308, "offset_db": -1e300, "horizontal_beamwidth_deg": -5}, {"antenna_id": 12345, "tilt_deg": 3}]}');

SET LOCAL rpm_pg.max_memory = '16MB';
SELECT rpm_calibration_fit(5, 'quarter', radius_m => 5000);
RESET rpm_pg.max_memory;

-- A single measurement, all in one spot, contradictory ones: the priors hold.
CREATE TABLE kept AS SELECT * FROM drive;
DELETE FROM drive;
INSERT INTO drive VALUES (1, pg_temp.spot(40, 20), -80);
SELECT metrics#>'{fitted,after,count}' AS count, parameters#>'{antennas,0,azimuth_deg,identifiable}' AS identifiable FROM rpm_calibration_fit(5, 'quarter', samples => 1000);
INSERT INTO drive SELECT 1, pg_temp.spot(40, 20), -80 - k FROM generate_series(1, 50) AS k;
SELECT metrics#>'{fitted,after,count}' AS count, parameters#>'{antennas,0,azimuth_deg,identifiable}' AS identifiable FROM rpm_calibration_fit(5, 'quarter', samples => 1000);
DELETE FROM drive;
INSERT INTO drive SELECT 1, pg_temp.spot(x, 20), CASE x % 10 WHEN 0 THEN -60 ELSE -110 END FROM generate_series(0, 100, 5) AS x;
SELECT metrics#>'{fitted,after,count}' AS count, (metrics->>'scale_db')::float8 > 8 AS wide FROM rpm_calibration_fit(5, 'quarter', samples => 1000);
-- No path reaches a measured cell: the level over the roofs stands in, and a notice says so.
SET LOCAL client_min_messages = notice;
SELECT metrics->'cells_without_path' = metrics->'cells' AS none FROM rpm_calibration_fit(5, 'quarter', mechanisms => '{refraction}', max_depth => 0);
-- The level over the roofs knows the roofs on the way, or the formula alone.
SELECT with_roofs, parameters#>'{site,0}' ? 'over_roofs_share' AS share
FROM (VALUES (true, '{line_of_sight,over_roofs}'::text[]), (false, '{line_of_sight}')) AS v (with_roofs, mechanisms), LATERAL rpm_calibration_fit(5, 'quarter', 'A', mechanisms => v.mechanisms, samples => 1000);
-- Without buildings it is bare ground.
CREATE TABLE kept_house AS SELECT * FROM house;
DELETE FROM house;
SELECT jsonb_array_length(parameters->'buildings') AS buildings, metrics#>'{fitted,after,count}' AS count FROM rpm_calibration_fit(5, 'quarter', samples => 1000);
INSERT INTO house SELECT * FROM kept_house;

-- Errors.
SELECT rpm_calibration_fit(5, 'quarter', floor_dbm => -50);
SELECT rpm_calibration_fit(5, 'quarter', split => 'pixel', share => 0);
SELECT rpm_calibration_fit(6, 'quarter');
SELECT rpm_calibration_fit(6);
SELECT rpm_calibration_fit(NULL, 'quarter');
SELECT rpm_calibration_fit(5, 'nowhere');
SELECT rpm_calibration_fit(5, 'quarter', 'B');
SELECT rpm_calibration_fit(5, 'quarter', loss => 'absolute');
SELECT rpm_calibration_fit(5, 'quarter', floor_dbm => 1000);
SELECT rpm_calibration_fit(5, 'quarter', initial => '{"antennas": 1}');
SELECT rpm_calibration_fit(5, 'quarter', initial => '[]');
SELECT rpm_calibration_fit(5, 'quarter', initial => '{"antennas": [{"antenna_id": 2, "azimuth_deg": {"value": "east"}}]}');
SELECT rpm_calibration_fit(5, 'quarter', split => 'site');
SELECT rpm_calibration_fit(5, 'quarter', max_iterations => -1);
SELECT rpm_calibration_fit(5, 'quarter', share => 2);
SELECT rpm_calibration_fit(5, 'quarter', max_depth => 9);
SELECT rpm_calibration_fit(5, 'quarter', over_roofs => 'never');
SELECT rpm_calibration_fit(5, 'quarter', correlation_m => -1);
SELECT rpm_calibration_fit(5, 'quarter', mechanisms => '{magic}');
SELECT rpm_calibration_fit(5, 'quarter', mechanisms => '{around_corners}');
UPDATE house SET wall_material = 'cardboard' WHERE building_id = 12;
SELECT rpm_calibration_fit(5, 'quarter');
-- A building without a material has the default's.
UPDATE house SET wall_material = NULL WHERE building_id = 12;
SELECT metrics#>'{fitted,after,count}' AS count FROM rpm_calibration_fit(5, 'quarter', samples => 1000);
UPDATE house SET wall_material = 'brick' WHERE building_id = 12;
UPDATE mast SET rs_power_dbm = NULL WHERE antenna_id = 2;
SELECT rpm_calibration_fit(5, 'quarter');
UPDATE mast SET rs_power_dbm = 15;
UPDATE mast SET height_m = 3, geom = pg_temp.spot(0, 0) WHERE antenna_id = 1;
SELECT rpm_calibration_fit(5, 'quarter');
UPDATE mast SET height_m = 30, geom = pg_temp.spot(-18, -19) WHERE antenna_id = 1;
DELETE FROM drive;
SELECT rpm_calibration_fit(5, 'quarter');
ROLLBACK;
