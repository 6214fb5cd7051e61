-- The model that comes with the extension: there after CREATE EXTENSION, for everybody, and rpm_predict answers with it where nobody measured.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET rpm_pg.threads = 1;

SELECT name, version, current, builtin, state, parameters BETWEEN 50000 AND 500000 AS small, length(weights) < 2 * 1048576 AS small_file, deviation_factor BETWEEN 0.5 AND 2 AS factor
FROM rpm.model WHERE builtin;
SELECT c AS condition FROM pg_extension AS e, unnest(e.extconfig, e.extcondition) AS t (r, c) WHERE e.extname = 'rpm_pg' AND t.r = 'rpm.model'::regclass;

-- A street of 20 m between two rows of houses of 25 m, open ground around; an antenna over the street and one that stands where no table has anything.
INSERT INTO rpm.scene (name, srid, cell_size_m, receiver_height_m) VALUES ('two rows', 32632, 10, 1.5);
INSERT INTO rpm.building (name, geom, height_m) VALUES ('north row', ST_MakeEnvelope(700010, 5400020, 700400, 5400060, 32632), 25),
	('south row', ST_MakeEnvelope(700010, 5399940, 700400, 5399990, 32632), 25);
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, pattern) VALUES
	(8701, 'over the street', 'SRID=32632;POINT(700000 5400005)', 20, 2600, 15, 'isotropic'),
	(8702, 'open ground', 'SRID=32632;POINT(760005 5400005)', 20, 2600, 15, 'isotropic'),
	(8703, 'open ground, stronger', 'SRID=32632;POINT(760005 5400005)', 20, 2600, 25, 'isotropic');

CREATE ROLE regress_model_user;
GRANT SELECT ON rpm.scene, rpm.building, rpm.antenna, rpm.measurement, rpm.land_use, rpm.road TO regress_model_user;
GRANT CREATE ON SCHEMA public TO regress_model_user;
SET ROLE regress_model_user;
SELECT count(*) FROM rpm.model;
SELECT count(*) FROM rpm.default_model;
CREATE TABLE default_map AS SELECT a AS antenna_id, rpm_predict(a, 'two rows', 'network', cell_size_m => 10, size_cells => 64) AS rast FROM generate_series(8701, 8703) AS a;
RESET ROLE;
-- every cell has a level and a deviation
SELECT antenna_id, ST_NumBands(rast) AS bands, (ST_SummaryStats(rast, 1)).count AS cells, (ST_SummaryStats(rast, 1)).max < -30 AS below_the_power, (ST_SummaryStats(rast, 1)).min > -160 AS above_noise,
	(ST_SummaryStats(rast, 2)).min > 2 AS deviations, (ST_SummaryStats(rast, 2)).max < 25 AS that_are_some
FROM default_map ORDER BY antenna_id;
-- in sight it is within 10 dB of free space (15 dBm - 20 log d - 20 log f - 32.4; d 201 m, 2600 MHz: -71.8 dBm), behind the row 10 dB and more below
SELECT abs(ST_Value(rast, 1, 'SRID=32632;POINT(700200 5400005)'::geometry) + 71.8) < 10 AS along_the_street,
	ST_Value(rast, 1, 'SRID=32632;POINT(700200 5400005)'::geometry) - ST_Value(rast, 1, 'SRID=32632;POINT(700190 5400075)'::geometry) > 10 AS behind_the_row
FROM default_map WHERE antenna_id = 8701;
-- 10 dB more power are about 10 dB more
SELECT avg(ST_Value(b.rast, 1, c, r) - ST_Value(a.rast, 1, c, r)) BETWEEN 8 AND 12 AS more_power
FROM default_map AS a, default_map AS b, generate_series(4, 64, 12) AS c, generate_series(4, 64, 12) AS r WHERE a.antenna_id = 8702 AND b.antenna_id = 8703;
-- only where it is asked for, or named
SELECT prior_chosen <> 'network' AS without_it FROM rpm_predict_report(8701, 'two rows', size_cells => 16);
SET rpm_pg.model = 'default';
SELECT prior_chosen, prior_source FROM rpm_predict_report(8701, 'two rows', size_cells => 16);
RESET rpm_pg.model;

-- many antennas in one call, in the order given; an antenna that no table has, given as a row
SELECT array_agg(p.antenna_id) AS in_order, bool_and(ST_AsBinary(p.rast) = ST_AsBinary((SELECT m.rast FROM default_map AS m WHERE m.antenna_id = p.antenna_id))) AS same
FROM rpm_predict(ARRAY[8703, 8701], 'two rows', 'network', cell_size_m => 10, size_cells => 64) AS p;
SELECT count(*) FROM rpm_predict('{}'::bigint[], 'two rows');
SELECT * FROM rpm_predict(ARRAY[8701, NULL], 'two rows', size_cells => 16);
CREATE FUNCTION pg_temp.mast(changes jsonb) RETURNS rpm.antenna LANGUAGE sql AS $$
	SELECT jsonb_populate_record(NULL::rpm.antenna, '{"geom": "SRID=32632;POINT(700000 5400005)", "height_m": 20, "frequency_mhz": 2600, "rs_power_dbm": 15, "pattern": "isotropic"}'::jsonb || changes) $$;
SELECT ST_AsBinary(rpm_predict(pg_temp.mast('{}'), 'two rows', 'network', cell_size_m => 10, size_cells => 64)) = ST_AsBinary(rast) AS same FROM default_map WHERE antenna_id = 8701;
-- nothing that was measured of an antenna of its key counts; with measurements the table's antenna is another map
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) SELECT 8701, ST_SetSRID(ST_MakePoint(700000 + 10 * i, 5400005), 32632), -50 FROM generate_series(1, 20) AS i;
SELECT ST_AsBinary(rpm_predict(pg_temp.mast('{"antenna_id": 8701}'), 'two rows', 'network', cell_size_m => 10, size_cells => 64)) = ST_AsBinary(rast) AS given_is_not_measured,
	ST_AsBinary(rpm_predict(8701, 'two rows', 'network', cell_size_m => 10, size_cells => 64)) = ST_AsBinary(rast) AS the_row_is
FROM default_map WHERE antenna_id = 8701;
DELETE FROM rpm.measurement WHERE antenna_id = 8701;
SELECT ST_NumBands(rpm_predict(pg_temp.mast('{"pattern": null, "rs_power_dbm": null}'), 'two rows', size_cells => 16)) AS empirical_with_defaults;
SELECT rpm_predict(pg_temp.mast('{}'), NULL);
SELECT rpm_predict(NULL::rpm.antenna, 'two rows');
SELECT rpm_predict(pg_temp.mast('{"height_m": null}'), 'two rows', 'network', size_cells => 16);
SELECT rpm_predict(pg_temp.mast('{"geom": "SRID=4326;POINT(11 48)"}'), 'two rows', 'network', size_cells => 16);
SELECT rpm_predict(pg_temp.mast('{"pattern": "no such pattern"}'), 'two rows', 'network', size_cells => 16);
SELECT rpm.given_antenna() IS NULL AS none_is_left;

-- its name is its own, and nobody else's mark
SELECT rpm_model_import('default', NULL, rpm_model_export('default'));
UPDATE rpm.model SET name = 'mine' WHERE builtin;
SELECT rpm_model_import('mine', NULL, rpm_model_export('default'));
SELECT m.weights = d.weights AS same FROM rpm.model AS m, rpm.default_model AS d WHERE m.name = 'mine';
-- gone: said so
BEGIN;
DELETE FROM rpm.model WHERE builtin;
SELECT rpm_predict(8701, 'two rows', 'network', size_cells => 16);
ROLLBACK;

DELETE FROM rpm.model WHERE name = 'mine';
DROP TABLE default_map;
DELETE FROM rpm.antenna WHERE antenna_id BETWEEN 8701 AND 8703;
DELETE FROM rpm.building WHERE name IN ('north row', 'south row');
DELETE FROM rpm.scene WHERE name = 'two rows';
REVOKE SELECT ON rpm.scene, rpm.building, rpm.antenna, rpm.measurement, rpm.land_use, rpm.road FROM regress_model_user;
REVOKE CREATE ON SCHEMA public FROM regress_model_user;
DROP ROLE regress_model_user;
