-- rpm_train: a network learns a town, writes down checkpoints, goes on; arguments that cannot be.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
-- small networks gain nothing from a second thread
SET rpm_pg.threads = 1;

SELECT rpm_network_unet(2, base => 2, stages => 1, outputs => 1);
SELECT rpm_network_unet(2, kernel => 4);

-- Twelve antennas, one a site, in areas of 5, 4 and 3; each measured in a quarter of the cells about it: -60 - 30 log10(d / 10 m) and 12 dB less in front.
INSERT INTO rpm.scene (name, srid, cell_size_m, extent) VALUES ('learn town', 32632, 10, ST_MakeEnvelope(602000, 5299000, 615000, 5301000, 32632));
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, azimuth_deg, rs_power_dbm)
SELECT 8600 + i, CASE WHEN i <= 5 THEN 'east' WHEN i <= 9 THEN 'west' ELSE 'south' END, ST_SetSRID(ST_MakePoint(602000 + 1000 * i, 5300000), 32632), 30, 2600, 40 * i % 360, 15
FROM generate_series(1, 12) AS i;
CREATE FUNCTION pg_temp.level(dx double precision, dy double precision, azimuth double precision) RETURNS double precision LANGUAGE sql AS $$
	SELECT -60 - 30 * log(greatest(sqrt(dx * dx + dy * dy), 10) / 10) - CASE WHEN cos(atan2(dx, dy) - radians(azimuth)) > 0 THEN 12 ELSE 0 END $$;
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
SELECT a.antenna_id, ST_SetSRID(ST_MakePoint(ST_X(a.geom) + dx, ST_Y(a.geom) + dy), 32632), pg_temp.level(dx, dy, a.azimuth_deg) + sin(dx * 12.9898 + dy * 78.233)
FROM rpm.antenna AS a, generate_series(-155, 155, 20) AS dx, generate_series(-155, 155, 20) AS dy
WHERE a.antenna_id BETWEEN 8601 AND 8612;

CALL rpm_train('town', 'learn town', channels => '{distance_m,azimuth_off_deg,building_height_m}', network => rpm_network_unet(3, base => 4, stages => 2), size_cells => 32, epochs => 25,
	learning_rate => 0.01, split => 'site', folds => 3);
SELECT version, current, state, parameters, channels, channel_shift[2] AS angles_are_not_shifted, cell_size_m, size_cells, checkpoint IS NULL AS no_checkpoint,
	length(data_fingerprint) AS fingerprint, jsonb_array_length(progress -> 'history') AS epochs, training -> 'antennas' -> 0 AS first_antenna,
	training ->> 'split' AS split, metrics -> 'tiles' AS tiles, metrics -> 'cells' AS cells, deviation_factor BETWEEN 0.3 AND 3 AS factor
FROM rpm.model WHERE name = 'town';
-- better than the mean (7.2 dB), and no better than the noise
SELECT (metrics ->> 'mae_db')::float8 BETWEEN 0.5 AND 5 AS learned, metrics ->> 'cells_held_out' = metrics #>> '{folds,0,cells}' AS held_out,
	(SELECT sum(CASE WHEN floor(rpm_split('site', a) * 3) = 0 THEN 256 ELSE 0 END) FROM generate_series(8601, 8612) AS a) = (metrics ->> 'cells_held_out')::int AS the_fold_of_rpm_split
FROM rpm.model WHERE name = 'town';
SELECT count(*) FROM rpm.training;
-- out and in again
SELECT rpm_model_import('town', NULL, rpm_model_export('town'));

-- fine-tuned to three antennas of 3 dB less: twelve epochs from the town's weights and scales do more than twelve anew
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, azimuth_deg, rs_power_dbm)
SELECT 8620 + i, 'weak', ST_SetSRID(ST_MakePoint(602500 + 1000 * i, 5300000), 32632), 30, 2600, 100 * i, 15 FROM generate_series(1, 3) AS i;
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
SELECT a.antenna_id, ST_SetSRID(ST_MakePoint(ST_X(a.geom) + dx, ST_Y(a.geom) + dy), 32632), pg_temp.level(dx, dy, a.azimuth_deg) - 3
FROM rpm.antenna AS a, generate_series(-155, 155, 20) AS dx, generate_series(-155, 155, 20) AS dy WHERE a.antenna_id BETWEEN 8621 AND 8623;
CALL rpm_train('weak', 'learn town', 'SELECT antenna_id FROM rpm.antenna WHERE antenna_id BETWEEN 8621 AND 8623', start => 'town', size_cells => 32, epochs => 12,
	learning_rate => 0.005, split => 'block', block_m => 40, folds => 3);
CALL rpm_train('anew', 'learn town', 'SELECT antenna_id FROM rpm.antenna WHERE antenna_id BETWEEN 8621 AND 8623', '{distance_m,azimuth_off_deg,building_height_m}', rpm_network_unet(3, base => 4, stages => 2),
	size_cells => 32, epochs => 12, learning_rate => 0.005, split => 'block', block_m => 40, folds => 3);
SELECT w.training ->> 'start' AS start, w.training -> 'start_version' = to_jsonb(t.version) AS version, w.channels = t.channels AS channels, w.channel_scale = t.channel_scale AND w.target_shift_dbm = t.target_shift_dbm AS scales,
	w.weights <> t.weights AS learned, (w.metrics ->> 'mae_db')::float8 < 0.75 * (a.metrics ->> 'mae_db')::float8 AS more_than_anew
FROM rpm.model AS w, rpm.model AS t, rpm.model AS a WHERE w.name = 'weak' AND t.name = 'town' AND t.current AND a.name = 'anew';
CALL rpm_train('weak', 'learn town', start => 'nobody');
-- layers and channels are those of the start
CALL rpm_train('weak', 'learn town', channels => '{distance_m}', start => 'town');
CALL rpm_train('weak', 'learn town', network => rpm_network_unet(3), start => 'town');
DELETE FROM rpm.model WHERE name IN ('weak', 'anew');
DELETE FROM rpm.measurement WHERE antenna_id BETWEEN 8621 AND 8623;
DELETE FROM rpm.antenna WHERE antenna_id BETWEEN 8621 AND 8623;

-- rpm_predict takes it: for an antenna that was never measured, and among the priors of one that was
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, azimuth_deg, rs_power_dbm)
VALUES (8613, 'new', ST_SetSRID(ST_MakePoint(608500, 5300000), 32632), 30, 2600, 75, 15);
SELECT rpm_predict(8613, 'learn town', 'network', prior => 'site_mean');
SET rpm_pg.model = 'nobody';
SELECT rpm_predict(8613, 'learn town', size_cells => 16);
SET rpm_pg.model = 'town';
CREATE TEMP TABLE predicted AS SELECT rpm_predict(8613, 'learn town', 'network', size_cells => 32) AS rast;
SELECT ST_NumBands(rast) AS bands, ST_Width(rast) AS width, m.mae < 6 AS near_the_law, m.within BETWEEN 0.7 AND 1 AS within_90
FROM predicted, LATERAL (SELECT avg(abs(ST_Value(rast, 1, c, r) - l.level)) AS mae, avg((abs(ST_Value(rast, 1, c, r) - l.level) < 1.645 * ST_Value(rast, 2, c, r))::int) AS within
	FROM generate_series(1, 32, 3) AS c, generate_series(1, 32, 3) AS r, LATERAL (SELECT pg_temp.level(10 * c - 165, 165 - 10 * r, 75) AS level) AS l) AS m;
SELECT prior_chosen, prior_source, measurements FROM rpm_predict_report(8613, 'learn town', size_cells => 16);
SELECT c ->> 'prior' AS prior, (c ->> 'mae_db_without_field')::float8 < 6 AS good FROM rpm_predict_report(8601, 'learn town', size_cells => 16) AS r, jsonb_array_elements(r.candidates) AS c
WHERE c ->> 'prior' = 'network';
SELECT count(*) AS empirical_has_none FROM rpm_predict_report(8601, 'learn town', 'empirical', size_cells => 16) AS r, jsonb_array_elements(r.candidates) AS c WHERE c ->> 'prior' = 'network';
-- a second call reads no weights (they lie in the table's TOAST), unless nothing is kept
CREATE FUNCTION pg_temp.blocks_of_weights() RETURNS bigint LANGUAGE sql VOLATILE AS $$
	SELECT toast_blks_read + toast_blks_hit FROM pg_statio_all_tables WHERE relid = 'rpm.model'::regclass $$;
SELECT pg_stat_force_next_flush();
SELECT pg_temp.blocks_of_weights() AS before \gset
SELECT ST_Width(rpm_predict(8613, 'learn town', 'network', size_cells => 16)), pg_stat_force_next_flush();
SELECT pg_temp.blocks_of_weights() - :before AS blocks_read_again;
SET rpm_pg.model_cache = 0;
SELECT ST_Width(rpm_predict(8613, 'learn town', 'network', size_cells => 16)), pg_stat_force_next_flush();
SELECT pg_temp.blocks_of_weights() - :before > 0 AS read_where_none_are_kept;
RESET rpm_pg.model_cache;
-- kept or not, the same map; another version is another map
SET rpm_pg.model_cache = 0;
SELECT ST_AsBinary(rpm_predict(8613, 'learn town', 'network', size_cells => 32)) = ST_AsBinary(rast) AS same FROM predicted;
RESET rpm_pg.model_cache;
UPDATE rpm.model SET target_shift_dbm = target_shift_dbm - 10 WHERE name = 'town' AND current;
SELECT round(ST_Value(rpm_predict(8613, 'learn town', 'network', size_cells => 32), 1, 16, 20) - ST_Value(rast, 1, 16, 20)) AS the_new_state FROM predicted;
-- a version by its number
SET rpm_pg.model_version = 1;
SELECT ST_AsBinary(rpm_predict(8613, 'learn town', 'network', size_cells => 32)) = ST_AsBinary(rast) AS the_version_before FROM predicted;
SET rpm_pg.model_version = 9;
SELECT rpm_predict(8613, 'learn town', 'network', size_cells => 32);
SET rpm_pg.model = 'default';
SELECT rpm_predict(8613, 'learn town', 'network', size_cells => 32);
SET rpm_pg.model = 'town';
RESET rpm_pg.model_version;
SELECT rpm_predict(8613, 'learn town', 'network', size_cells => 32, cell_size_m => 5000);
UPDATE rpm.model SET channels = NULL WHERE name = 'town' AND current;
SELECT rpm_predict(8613, 'learn town', 'network', size_cells => 16);
RESET rpm_pg.model;
DELETE FROM rpm.antenna WHERE antenna_id = 8613;

-- cross-validation by area: two runs, and one over everything
CALL rpm_train('areas', 'learn town', 'SELECT antenna_id, name AS area FROM rpm.antenna WHERE antenna_id BETWEEN 8601 AND 8612', '{distance_m,azimuth_off_deg,building_height_m}',
	rpm_network_unet(3, base => 2, stages => 1), size_cells => 32, epochs => 2, split => 'area', folds => 2, runs => 2, crop_cells => 16);
SELECT training -> 'antenna_folds' AS folds, jsonb_array_length(metrics -> 'folds') AS runs, (metrics #>> '{folds,0,coverage_90}')::float8 BETWEEN 0 AND 1 AS coverage,
	(SELECT jsonb_agg(DISTINCT h -> 'run') FROM jsonb_array_elements(progress -> 'history') AS h) AS runs_and_the_whole, metrics -> 'cells_held_out' AS cells
FROM rpm.model WHERE name = 'areas';

-- a training that was cut off (here by steps) goes on to the same weights
CALL rpm_train('whole', 'learn town', channels => '{distance_m,azimuth_off_deg}', network => rpm_network_unet(2, base => 2, stages => 1), size_cells => 32, epochs => 4, split => 'block', block_m => 80);
DO $$
DECLARE
	id integer;
BEGIN
	id := rpm.train_begin('parts', (SELECT training || jsonb_build_object('network', declaration, 'cell_size_m', cell_size_m, 'size_cells', size_cells) FROM rpm.model WHERE name = 'whole'), false);
	PERFORM rpm.train_read(id);
	PERFORM rpm.train_step(id);
	PERFORM rpm.train_step(id);
END $$;
SELECT version, epoch, epochs, run, runs, at_work, mae_db > 0 AS mae, training_loss > 0 AS loss, seconds_left >= 0 AS time_left FROM rpm.training;
SELECT checkpoint IS NOT NULL AS checkpoint, current FROM rpm.model WHERE name = 'parts';
SELECT rpm_model_export('parts', 1) IS NOT NULL AS best_so_far;
SELECT rpm_rollback_model('parts', 1);
SET rpm_pg.model = 'parts';
SET rpm_pg.model_version = 1;
SELECT rpm_predict(8601, 'learn town', 'network', size_cells => 32);
RESET rpm_pg.model_version;
RESET rpm_pg.model;
CALL rpm_train('parts', resume => true);
SELECT p.weights = w.weights AS same_weights, p.data_fingerprint = w.data_fingerprint AS same_data, p.metrics = w.metrics AS same_metrics,
	jsonb_array_length(p.progress -> 'history') AS epochs, p.current
FROM rpm.model AS p, rpm.model AS w WHERE p.name = 'parts' AND w.name = 'whole';
-- not with other measurements
DO $$
DECLARE
	id integer;
BEGIN
	id := rpm.train_begin('other', (SELECT training || jsonb_build_object('network', declaration, 'cell_size_m', cell_size_m, 'size_cells', size_cells) FROM rpm.model WHERE name = 'whole'), false);
	PERFORM rpm.train_read(id);
	PERFORM rpm.train_step(id);
END $$;
UPDATE rpm.measurement SET rsrp_dbm = rsrp_dbm - 1 WHERE antenna_id = 8603 AND rsrp_dbm > -75;
CALL rpm_train('other', resume => true);
DELETE FROM rpm.model WHERE name = 'other';

-- a function of one's own for the features
CREATE FUNCTION learn_features(antenna_id bigint, scene text, channels text[], cell_size_m double precision, size_cells integer) RETURNS raster
LANGUAGE sql STABLE AS $$ SELECT CASE WHEN channels = '{"two more"}' THEN rpm_features(antenna_id, scene, '{distance_m,known}', cell_size_m, size_cells)
	WHEN channels <> '{none}' THEN rpm_features(antenna_id, scene, '{distance_m}', cell_size_m, size_cells) END $$;
CALL rpm_train('own', 'learn town', 'SELECT 8601 AS antenna_id UNION SELECT 8602', '{near}', rpm_network_unet(1, base => 1, stages => 1), size_cells => 16, epochs => 1, split => 'pixel', features => 'learn_features');
SELECT channels, training ->> 'features' AS features, state FROM rpm.model WHERE name = 'own';
CALL rpm_train('own', 'learn town', 'SELECT 8601 AS antenna_id', '{two more}', rpm_network_unet(1, base => 1, stages => 1), size_cells => 16, epochs => 1, split => 'pixel', features => 'learn_features');
CALL rpm_train('own', 'learn town', 'SELECT 8601 AS antenna_id', '{none}', rpm_network_unet(1, base => 1, stages => 1), size_cells => 16, epochs => 1, split => 'pixel', features => 'learn_features');
-- a network that cannot learn from such tiles is refused before any is read (this function has none to give)
CALL rpm_train('own', 'learn town', 'SELECT 8601 AS antenna_id', '{none}', rpm_network_unet(2, base => 1, stages => 1), size_cells => 16, epochs => 1, split => 'pixel', features => 'learn_features');
CALL rpm_train('own', 'learn town', 'SELECT 8601 AS antenna_id', '{none}', rpm_network_unet(1, base => 1, stages => 1), size_cells => 15, epochs => 1, split => 'pixel', features => 'learn_features');

-- one that diverged is kept and not made current, but by hand
SET client_min_messages = error;
CALL rpm_train('whole', 'learn town', channels => '{distance_m}', network => rpm_network_unet(1, base => 2, stages => 1, outputs => 1), size_cells => 32, epochs => 2, split => 'block', block_m => 80,
	learning_rate => 10, weight_decay => 1);
SET client_min_messages = warning;
SELECT version, state, current, (metrics ->> 'mae_db')::float8 > 100 AS diverged FROM rpm.model WHERE name = 'whole' ORDER BY version;
SELECT rpm_rollback_model('whole', 2), rpm_rollback_model('whole');

-- what cannot be
BEGIN;
CALL rpm_train('bad', 'learn town');
ROLLBACK;
CALL rpm_train('bad', 'learn town', split => 'row', resume => NULL);
CALL rpm_train(NULL, 'learn town');
CALL rpm_train('', 'learn town');
CALL rpm_train('bad');
CALL rpm_train('bad', 'no town');
CALL rpm_train('bad', resume => true);
CALL rpm_train('bad', 'learn town', 'SELECT nothing');
CALL rpm_train('bad', 'learn town', 'SELECT 1 AS antenna_id WHERE false');
CALL rpm_train('bad', 'learn town', 'SELECT NULL::bigint AS antenna_id');
CALL rpm_train('bad', 'learn town', 'VALUES (1)');
CALL rpm_train('bad', 'learn town', 'SELECT 8601 AS antenna_id UNION ALL SELECT 8601');
CALL rpm_train('bad', 'learn town', 'SELECT 4711 AS antenna_id');
CALL rpm_train('bad', 'learn town', split => 'area');
CALL rpm_train('bad', 'learn town', split => 'row');
CALL rpm_train('bad', 'learn town', folds => 1);
CALL rpm_train('bad', 'learn town', folds => 3, runs => 4);
CALL rpm_train('bad', 'learn town', epochs => 0);
CALL rpm_train('bad', 'learn town', batch => 0);
CALL rpm_train('bad', 'learn town', channels => '{}');
CALL rpm_train('bad', 'learn town', channels => '{known,NULL}');
\set VERBOSITY terse
CALL rpm_train('bad', 'learn town', channels => '{colour}', size_cells => 16);
\set VERBOSITY default
CALL rpm_train('bad', 'learn town', channels => '{distance_m}', network => rpm_network_unet(2), size_cells => 16);
CALL rpm_train('bad', 'learn town', channels => '{distance_m}', network => 'map input channels=1', size_cells => 16);
CALL rpm_train('bad', 'learn town', channels => '{distance_m}', size_cells => 24);
CALL rpm_train('bad', 'learn town', channels => '{distance_m}', size_cells => 16, learning_rate => -1);
CALL rpm_train('bad', 'learn town', channels => '{distance_m}', size_cells => 4097);
SET rpm_pg.max_memory = '16MB';
CALL rpm_train('bad', 'learn town', channels => '{distance_m,known}', size_cells => 2048);
-- (how many megabytes is oneDNN's to say)
\set VERBOSITY sqlstate
CALL rpm_train('bad', 'learn town', channels => '{distance_m,known}', size_cells => 128, network => rpm_network_unet(2, base => 32));
\set VERBOSITY default
SELECT regexp_replace(:'LAST_ERROR_MESSAGE', 'need \d+ MB', 'need some MB') AS message;
RESET rpm_pg.max_memory;
SELECT count(*) FROM rpm.model WHERE name = 'bad';
SELECT rpm.train_epoch();

DROP FUNCTION learn_features;
DELETE FROM rpm.model WHERE name IN ('town', 'areas', 'whole', 'parts', 'own');
DELETE FROM rpm.measurement WHERE antenna_id BETWEEN 8601 AND 8612;
DELETE FROM rpm.antenna WHERE antenna_id BETWEEN 8601 AND 8612;
DELETE FROM rpm.scene WHERE name = 'learn town';
