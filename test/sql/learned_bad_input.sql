-- What learned prediction is given that cannot be: every case of its kind in one place. A cancel in mid-epoch and two trainings of one model at once need
-- other sessions: test/t/090_training.pl and 091_training_background.pl.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET rpm_pg.threads = 1;
INSERT INTO rpm.scene (name, srid, cell_size_m, extent) VALUES ('bad town', 32632, 10, ST_MakeEnvelope(720000, 5400000, 721000, 5401000, 32632));
INSERT INTO rpm.scene (name, srid, cell_size_m) VALUES ('bad country', 32632, 10);
INSERT INTO rpm.building (name, geom, height_m) VALUES ('only house', ST_MakeEnvelope(720500, 5400520, 720540, 5400560, 32632), 20);
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, pattern) VALUES
	(8801, 'in town', 'SRID=32632;POINT(720505 5400505)', 25, 2600, 15, 'isotropic'),
	(8802, 'at the border', 'SRID=32632;POINT(720995 5400505)', 25, 2600, 15, 'isotropic'),
	(8803, 'outside every table', 'SRID=32632;POINT(780005 5400505)', 25, 2600, 15, 'isotropic');

-- an unknown model, in every place that takes one
SET rpm_pg.model = 'nobody';
SELECT rpm_predict(8801, 'bad town', 'network', size_cells => 16);
SELECT rpm_predict(8801, 'bad town', size_cells => 16);
RESET rpm_pg.model;
SELECT rpm_model_export('nobody');
SELECT rpm_rollback_model('nobody');
CALL rpm_train('tuned', 'bad town', 'SELECT 8801 AS antenna_id', start => 'nobody');
CALL rpm_train('nobody', resume => true, background => true);

-- weights of another model: layers of the same names and other shapes, layers missing, too many; nothing is written
CREATE TEMP TABLE weights AS SELECT rpm_model_export('default') AS file;
SELECT rpm_model_import('other', rpm_network_unet(7, base => 4, stages => 3), file) FROM weights;
SELECT rpm_model_import('other', rpm_network_unet(7, base => 8, stages => 4), file) FROM weights;
SELECT rpm_model_import('other', rpm_network_unet(7, base => 8, stages => 2), file) FROM weights;
-- as many channels as weights, named otherwise; settings of another model
SELECT rpm_model_import('other', NULL, file, '{"channels": ["known"], "channel_shift": [0], "channel_scale": [1], "target_shift_dbm": -90, "target_scale_db": 10, "cell_size_m": 10, "size_cells": 64}') FROM weights;
SELECT count(*) FROM rpm.model WHERE name = 'other';

-- an antenna outside every table is open ground to a model that does not ask what is known, and an error to one that does; half a tile is a notice
CALL rpm_train('asks', 'bad town', 'SELECT 8801 AS antenna_id', '{known,distance_m}', rpm_network_unet(2, base => 2, stages => 1), size_cells => 16, epochs => 1, split => 'block');
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
SELECT 8801, ST_SetSRID(ST_MakePoint(720505 + 10 * i, 5400505 + 10 * k), 32632), -70 - i FROM generate_series(-6, 6) AS i, generate_series(-6, 6) AS k;
CALL rpm_train('asks', 'bad town', 'SELECT 8801 AS antenna_id', '{known,distance_m}', rpm_network_unet(2, base => 2, stages => 1), size_cells => 16, epochs => 1, split => 'block', block_m => 20);
SELECT (ST_SummaryStats(rpm_predict(8803, 'bad country', 'network', size_cells => 16))).count AS open_ground;
SET rpm_pg.model = 'asks';
SELECT ST_Width(rpm_predict(8801, 'bad town', 'network', size_cells => 16)) AS known;
SELECT ST_Width(rpm_predict(8802, 'bad town', 'network', size_cells => 160)) AS half_known;
SELECT rpm_predict(8803, 'bad town', 'network', size_cells => 16);
SELECT rpm_predict(8803, 'bad country', 'network', size_cells => 16);
-- an antenna that is in no table at all
SELECT rpm_predict(8899, 'bad town', 'network', size_cells => 16);
RESET rpm_pg.model;

-- memory short: for the map, for the network over it, for what is to be learned; all goes on when there is more
SET rpm_pg.max_memory = '16MB';
SELECT rpm_predict(8801, 'bad town', 'network', cell_size_m => 10, size_cells => 1024);
\set VERBOSITY sqlstate
SELECT rpm_predict(8801, 'bad town', 'network', cell_size_m => 10, size_cells => 376);
\set VERBOSITY default
SELECT regexp_replace(:'LAST_ERROR_MESSAGE', 'need \d+ MB', 'need some MB') AS message;
CALL rpm_train('large', 'bad town', 'SELECT 8801 AS antenna_id', '{known,distance_m}', rpm_network_unet(2, base => 2, stages => 1), size_cells => 4096, epochs => 1, split => 'block');
RESET rpm_pg.max_memory;
SELECT count(*) FROM rpm.model WHERE name = 'large';
SELECT ST_Width(rpm_predict(8801, 'bad town', 'network', cell_size_m => 10, size_cells => 256));

-- what else was tried: a query of antennas that writes, a rate that is no number, a row whose weights or declaration somebody spoiled by hand
CALL rpm_train('asks', 'bad town', 'DELETE FROM rpm.antenna RETURNING antenna_id', epochs => 1);
CALL rpm_train('asks', 'bad town', 'SELECT 8801 AS antenna_id', '{known,distance_m}', rpm_network_unet(2, base => 2, stages => 1), size_cells => 16, epochs => 1, split => 'block', block_m => 20,
	learning_rate => 'NaN');
SELECT count(*) AS antennas, (SELECT max(version) FROM rpm.model WHERE name = 'asks') AS version FROM rpm.antenna WHERE antenna_id = 8801;
UPDATE rpm.model SET weights = substr(weights, 1, length(weights) - 3) WHERE name = 'asks';
SET rpm_pg.model = 'asks';
SELECT rpm_predict(8801, 'bad town', 'network', size_cells => 16);
UPDATE rpm.model SET declaration = 'wonder' WHERE name = 'asks';
SELECT rpm_predict(8801, 'bad town', size_cells => 16);
RESET rpm_pg.model;

DELETE FROM rpm.model WHERE name = 'asks';
DELETE FROM rpm.measurement WHERE antenna_id = 8801;
DELETE FROM rpm.antenna WHERE antenna_id BETWEEN 8801 AND 8803;
DELETE FROM rpm.building WHERE name = 'only house';
DELETE FROM rpm.scene WHERE name IN ('bad town', 'bad country');
