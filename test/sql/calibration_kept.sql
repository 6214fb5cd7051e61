-- A simulated drive test around three sectors, calibrated, kept and applied: what rpm_trace then says is what was measured.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA calibration_kept;
SET search_path = calibration_kept, public;
CREATE FUNCTION spot(x float8, y float8) RETURNS geometry LANGUAGE sql IMMUTABLE AS $$ SELECT ST_SetSRID(ST_MakePoint(691000 + x, 5336000 + y), 32632) $$;
CREATE FUNCTION draw(k bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT mod(abs(hashint8extended(k, 42)), 1000003) / 1000003.0 $$;
CREATE TABLE house AS SELECT 10 * i + j AS building_id, ST_Buffer(spot(-160 + 80 * i, -160 + 80 * j), 12, 'quad_segs=1 endcap=square') AS geom,
	8 + 10 * draw(10 * i + j) AS height_m, CASE WHEN (i + j) % 2 = 0 THEN 'concrete' ELSE 'brick' END AS wall_material FROM generate_series(0, 4) AS i, generate_series(0, 4) AS j;
CREATE TABLE mast (LIKE rpm.antenna INCLUDING DEFAULTS);
INSERT INTO mast (antenna_id, site_id, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg, mechanical_tilt_deg)
SELECT a, 931, spot(-38, -39), 30, 2600, 15, 20 + 120 * (a - 1), 8 FROM generate_series(1, 3) AS a;
CREATE TABLE drive (antenna_id bigint, geom geometry, rsrp_dbm float8);
INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation, antenna_relation, measurement_relation)
VALUES ('calibration kept', 32632, ST_Expand(spot(0, 0), 200), 10, 'house', 'mast', 'drive');

-- The truth: sector 1 looks 8 degrees farther round, sector 2 sends 5 dB less; 2 dB of noise.
UPDATE mast SET azimuth_deg = azimuth_deg + CASE antenna_id WHEN 1 THEN 8 ELSE 0 END, losses_db = CASE antenna_id WHEN 2 THEN 5 ELSE 0 END;
INSERT INTO drive
SELECT t.antenna_id, v.geom, v.val + 2 * sqrt(-2 * ln(1 - draw(1000000 * t.antenna_id + 1000 * v.x + v.y))) * cos(2 * pi() * draw(9000000 + 1000 * v.x + v.y))
FROM rpm_trace('calibration kept', mechanisms => '{line_of_sight,reflection}', max_depth => 1) AS t, LATERAL ST_PixelAsCentroids(t.rast) AS v;
UPDATE mast SET azimuth_deg = azimuth_deg - CASE antenna_id WHEN 1 THEN 8 ELSE 0 END, losses_db = 0;
SELECT count(*) > 1000 AS measured FROM drive;

CREATE FUNCTION traced_rmse(scene text) RETURNS float8 LANGUAGE sql AS $$
	SELECT (rpm_compare_points(ST_Value(t.rast, d.geom), d.rsrp_dbm)).rmse_db
	FROM rpm_trace(scene, mechanisms => '{line_of_sight,reflection}', max_depth => 1) AS t JOIN drive AS d USING (antenna_id) $$;
CREATE TABLE made AS SELECT * FROM rpm_calibrate(931, 'calibration kept', method => 'AM', mechanisms => '{line_of_sight,reflection}', max_depth => 1, samples => 1000, over_roofs => 'holes');
SELECT version, current, compared_with, error_after_db < 0.7 * error_before_db AS better FROM made;
SELECT calibrated_scene, site_count, antenna_count FROM rpm_apply_calibration('calibration kept');
SELECT m.antenna_id, abs(c.azimuth_deg - m.azimuth_deg - CASE m.antenna_id WHEN 1 THEN 8 ELSE 0 END) < 2.5 AS azimuth,
	abs(c.rs_power_dbm - m.rs_power_dbm + CASE m.antenna_id WHEN 2 THEN 5 ELSE 0 END) < 1.5 AS power
FROM mast AS m JOIN calibration_kept_calibrated_antenna AS c USING (antenna_id) ORDER BY 1;
-- 2 dB of noise is what is left
SELECT traced_rmse('calibration kept') > 3 AS before, traced_rmse('calibration kept calibrated') < 2.3 AS after;

-- which prior serves each antenna: validated on blocks in the calibrated scene, its published map among them, and kept with the calibration
INSERT INTO rpm.coverage (name, scene, product, table_schema, table_name, srid, cell_size_m, extent)
SELECT 'kept map', 'calibration kept calibrated', 'rsrp_dbm', 'calibration_kept', 'kept_map', 32632, 10, ST_Expand(spot(0, 0), 200);
CREATE TABLE kept_map AS SELECT row_number() OVER ()::int AS rid, antenna_id, rast FROM rpm_trace('calibration kept calibrated', mechanisms => '{line_of_sight,reflection}', max_depth => 1);
SELECT antenna_id, prior LIKE 'traced%' AS traced, mae_db < 4 AS close, jsonb_array_length(candidates) AS candidates FROM rpm_choose_priors(931, size_cells => 40);
SELECT k.key AS antenna_id, k.value ->> 'scene' AS scene, k.value ->> 'prior' LIKE 'traced%' AS traced
FROM rpm.calibration AS c, jsonb_each(c.priors) AS k WHERE c.site_id = 931 AND c.current ORDER BY 1;
SELECT * FROM rpm_choose_priors(932);
SELECT * FROM rpm_choose_priors(932, 'calibration kept');
DELETE FROM rpm.coverage WHERE name = 'kept map';

-- the next starts from it and is judged by the same blocks: nothing left to learn
SELECT v.version, v.compared_with, abs(v.error_before_db - m.error_after_db) < 0.01 AS same_blocks, abs(v.error_after_db - m.error_after_db) < 0.1 AS same_error
FROM made AS m, rpm_calibrate(931, 'calibration kept', method => 'AM', make_current => true, mechanisms => '{line_of_sight,reflection}', max_depth => 1, samples => 1000, over_roofs => 'holes') AS v;
-- and back
SELECT version_before, version_now FROM rpm_rollback_calibration(931);
SELECT scene, site_id, version, current, method, parameters ? 'antennas' AS parameters, length(data_fingerprint) > 0 AS data, length(scene_fingerprint) > 0 AS scene_as_it_was
FROM rpm.calibration WHERE site_id = 931 ORDER BY version;
-- what the fit refuses is refused, and nothing is kept
DELETE FROM drive;
SELECT * FROM rpm_calibrate(931, 'calibration kept');
SELECT * FROM rpm_calibrate(931, 'calibration kept', method => 'B');
SELECT count(*) FROM rpm.calibration WHERE site_id = 931;

DELETE FROM rpm.scene WHERE name IN ('calibration kept', 'calibration kept calibrated');
DELETE FROM rpm.material WHERE edition = 'rpm_apply_calibration';
DELETE FROM rpm.antenna_pattern WHERE source = 'rpm_apply_calibration';
DROP SCHEMA calibration_kept CASCADE;
