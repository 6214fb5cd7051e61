-- What cannot be traced is refused: each with the row or value, an SQLSTATE and a hint; and what is odd but can be.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on

CREATE SCHEMA bad;
CREATE TABLE bad.house (building_id bigint, geom geometry, height_m float8, wall_material text);
CREATE TABLE bad.mast (LIKE rpm.antenna INCLUDING DEFAULTS);
ALTER TABLE bad.mast ALTER COLUMN geom DROP NOT NULL, ALTER COLUMN height_m DROP NOT NULL, ALTER COLUMN frequency_mhz DROP NOT NULL,
	ALTER COLUMN pattern DROP NOT NULL, ALTER COLUMN antenna_id DROP NOT NULL;
INSERT INTO rpm.scene (name, srid, extent, building_relation, antenna_relation) VALUES
	('town', 32632, ST_MakeEnvelope(691000, 5336000, 691200, 5336200, 32632), 'bad.house', 'bad.mast'),
	('village', 32632, NULL, 'bad.house', 'bad.mast');
CREATE TEMPORARY TABLE spot AS SELECT 'SRID=32632;POINT(691050 5336050)'::geometry AS geom;

-- an empty scene; no antennas; a name that is none
SELECT rpm_trace('village');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM rpm_scene_problems('village');
SELECT building_count, problem_count FROM rpm_scene_summary('village');
INSERT INTO bad.house VALUES (1, ST_MakeEnvelope(691100, 5336100, 691120, 5336120, 32632), 10, 'concrete');
SELECT rpm_trace('town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('nowhere');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_scene_problems('nowhere');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_scene_problems(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_scene_summary('nowhere');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_scene_summary(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, geom, 'nowhere') FROM spot;
\echo :LAST_ERROR_SQLSTATE
-- antennas by id
INSERT INTO bad.mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, pattern) SELECT 1, geom, 20, 3500, 0, 'isotropic' FROM spot;
SELECT rpm_trace('town', antennas => '{1,7,8}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{1,NULL}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(7, geom, 'town') FROM spot;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(NULL, geom, 'town') FROM spot;
\echo :LAST_ERROR_SQLSTATE

-- an antenna inside a building, outside the extent, on the ground, with NULLs, without place
INSERT INTO bad.mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, pattern) VALUES
	(2, 'SRID=32632;POINT(691110 5336110)', 5, 3500, 0, 'isotropic'),
	(3, 'SRID=32632;POINT(691300 5336110)', 5, 3500, 0, 'isotropic'),
	(4, NULL, 5, 3500, 0, 'isotropic'),
	(5, 'SRID=32632;POINT EMPTY', 5, 3500, 0, 'isotropic'),
	(6, 'SRID=32632;POINT(NaN 5336110)', 5, 3500, 0, 'isotropic'),
	(21, 'SRID=32632;POINT(1e30 5336110)', 5, 3500, 0, 'isotropic'),
	(22, ST_SetSRID(ST_MakePoint('-Infinity', 5336110), 32632), 5, 3500, 0, 'isotropic'),
	(7, 'SRID=25832;POINT(691050 5336050)', 5, 3500, 0, 'isotropic'),
	(8, 'POINT(691050 5336050)', 5, 3500, 0, 'isotropic'),
	(9, 'SRID=32632;LINESTRING(691050 5336050, 691060 5336060)', 5, 3500, 0, 'isotropic'),
	(10, 'SRID=32632;POINT(691050 5336050)', NULL, 3500, 0, 'isotropic'),
	(11, 'SRID=32632;POINT(691050 5336050)', -5, 3500, 0, 'isotropic'),
	(12, 'SRID=32632;POINT(691050 5336050)', 'NaN', 3500, 0, 'isotropic'),
	(13, 'SRID=32632;POINT(691050 5336050)', 5, NULL, 0, 'isotropic'),
	(14, 'SRID=32632;POINT(691050 5336050)', 5, 0, 0, 'isotropic'),
	(15, 'SRID=32632;POINT(691050 5336050)', 5, 'NaN', 0, 'isotropic'),
	(16, 'SRID=32632;POINT(691050 5336050)', 5, 3500, NULL, 'isotropic'),
	(17, 'SRID=32632;POINT(691050 5336050)', 5, 3500, 'Infinity', 'isotropic'),
	(18, 'SRID=32632;POINT(691050 5336050)', 5, 3500, 0, NULL),
	(19, 'SRID=32632;POINT(691050 5336050)', 5, 3500, 0, 'unknown'),
	(20, 'SRID=32632;POINT(691050 5336050)', 5, 3500, 0, 'isotropic'),
	(20, 'SRID=32632;POINT(691060 5336050)', 5, 3500, 0, 'isotropic'),
	(NULL, 'SRID=32632;POINT(691060 5336050)', 5, 3500, 0, 'isotropic');
SELECT rpm_trace('town', antennas => '{2}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{3}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('village', antennas => '{3}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{4}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{5}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{6}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{21}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{22}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{7}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{8}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{9}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{10}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{11}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{12}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{13}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{14}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{15}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{16}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{17}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{18}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{19}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', antennas => '{20}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(2, geom, 'town') FROM spot;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(3, geom, 'town') FROM spot;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM bad.mast WHERE antenna_id IS DISTINCT FROM 1;

-- cells, extents and templates
SELECT rpm_trace('town', cell_size_m => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', cell_size_m => -5);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', cell_size_m => 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', cell_size_m => 'Infinity');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', cell_size_m => 1, extent => ST_MakeEnvelope(600000, 5300000, 700000, 5400000, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', cell_size_m => 0.01, extent => ST_MakeEnvelope(0, 0, 1e12, 1e12, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('village', cell_size_m => 0.01, extent => ST_MakeEnvelope(691000, 5336000, 692000, 5337000, 32632), standard_error => true);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', extent => ST_MakeEnvelope(691000, 5336000, 691200, 5336200, 25832));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', extent => 'SRID=32632;POLYGON EMPTY');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', extent => 'SRID=32632;LINESTRING(691000 5336000, 691200 5336000)');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', extent => ST_MakeEnvelope('-Infinity', 5336000, 'Infinity', 5336200, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', extent => ST_MakeEnvelope('NaN', 5336000, 691200, 5336200, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', template => ST_MakeEmptyRaster(10, 10, 691000, 5336200, 5, -5, 0.1, 0, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', template => ST_MakeEmptyRaster(10, 10, 691000, 5336000, 5, 5, 0, 0, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', template => ST_MakeEmptyRaster(10, 10, 691000, 5336200, 5, -5, 0, 0, 25832));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', template => ST_MakeEmptyRaster(0, 10, 691000, 5336200, 5, -5, 0, 0, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', template => ST_MakeEmptyRaster(10, 10, 691000, 5336200, 5, -5, 0, 0, 32632), cell_size_m => 5);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', template => ST_MakeEmptyRaster(10, 10, 691000, 5336200, 5, -5, 0, 0, 32632), extent => ST_MakeEnvelope(691000, 5336000, 691200, 5336200, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', template => ST_MakeEmptyRaster(10, 10, 'NaN', 5336200, 5, -5, 0, 0, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', template => ST_MakeEmptyRaster(10, 10, 691000, 'Infinity', 5, -5, 0, 0, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', template => ST_MakeEmptyRaster(10, 10, 691000, 5336200, 'NaN', -5, 0, 0, 32632));
\echo :LAST_ERROR_SQLSTATE
-- cells that nothing fills; a scene's own settings, too, have ends
SELECT rpm_trace('town', template => ST_MakeEmptyRaster(10, 10, 691000, 5336200, 1e-12, -1e-12, 0, 0, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', template => ST_MakeEmptyRaster(10, 10, 691000, 5336200, 5, -1e6, 0, 0, 32632));
\echo :LAST_ERROR_SQLSTATE
UPDATE rpm.scene SET cell_size_m = 1e-9 WHERE name = 'town';
SELECT rpm_trace('town');
\echo :LAST_ERROR_SQLSTATE
UPDATE rpm.scene SET cell_size_m = 5, receiver_height_m = 1e-9 WHERE name = 'town';
SELECT rpm_trace('town');
\echo :LAST_ERROR_SQLSTATE
UPDATE rpm.scene SET receiver_height_m = 1.5 WHERE name = 'town';

-- the other arguments
SELECT rpm_trace('town', receiver_height_m => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', receiver_height_m => 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', mechanisms => '{line_of_sight,magic}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', mechanisms => '{}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', mechanisms => '{NULL}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', mechanisms => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', max_depth => -1);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', max_depth => 1000);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', max_depth => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', samples => -1);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', samples => 9223372036854775807);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', target_error_db => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', target_error_db => 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', seed => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', quantity => 'volts');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', quantity => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', sum => 'median');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', cell_average => 'indoor');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', scattering_scale => -1);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', diffraction_scale => 'Infinity');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_trace('town', standard_error => NULL);
\echo :LAST_ERROR_SQLSTATE
-- Odd, but it can be: the ends of the seeds, no samples, no interaction at all.
SELECT count(*) FROM (VALUES (-9223372036854775808), (9223372036854775807), (0)) AS s (seed), rpm_trace('town', cell_size_m => 50, seed => s.seed, samples => 1000);
SELECT count(*) FROM rpm_trace('town', cell_size_m => 50, samples => 0, max_depth => 0);

-- points
SELECT rpm_paths(1, NULL, 'town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT EMPTY', 'town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT(NaN 5336050)', 'town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT Z(691060 5336050 NaN)', 'town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=25832;POINT(691060 5336050)', 'town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'POINT(691060 5336050)', 'town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;LINESTRING(691060 5336050, 691070 5336050)', 'town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT Z(691060 5336050 -3)', 'town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT(1691060 5336050)', 'town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT(1e300 5336050)', 'town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT Z(691050 5336050 20)', 'town');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32633;POINT(691060 5336050)');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT(691060 5336050)', 'town', mechanisms => '{line_of_sight,scattering}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT(691060 5336050)', 'town', mechanisms => '{scattering}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT(691060 5336050)', 'town', mechanisms => '{line_of_sight,over_roofs}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT(691060 5336050)', 'town', transmit_pattern => 'unknown');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT(691060 5336050)', 'town', receive_polarisation => 'circular');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT(691060 5336050)', 'town', max_depth => -1);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT(691060 5336050)', 'town', max_depth => 1000);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_paths(1, 'SRID=32632;POINT(691060 5336050)', 'town', samples => -1);
\echo :LAST_ERROR_SQLSTATE

-- buildings: NULLs, empty and NaN geometry, another SRID, a material that is none
INSERT INTO bad.house VALUES (2, NULL, 10, 'concrete');
SELECT rpm_trace('village', cell_size_m => 50);
\echo :LAST_ERROR_SQLSTATE
-- With an extent such a row is outside it.
SELECT count(*) FROM rpm_trace('town', cell_size_m => 50);
DELETE FROM bad.house WHERE building_id = 2;
INSERT INTO bad.house VALUES (NULL, ST_MakeEnvelope(691140, 5336100, 691150, 5336110, 32632), 10, 'concrete');
SELECT rpm_trace('town', cell_size_m => 50);
\echo :LAST_ERROR_SQLSTATE
DELETE FROM bad.house WHERE building_id IS NULL;
INSERT INTO bad.house VALUES (3, ST_MakeEnvelope(691140, 5336100, 691150, 5336110, 25832), 10, 'concrete');
SELECT rpm_trace('village', cell_size_m => 50);
\echo :LAST_ERROR_SQLSTATE
DELETE FROM bad.house WHERE building_id = 3;
INSERT INTO bad.house VALUES (4, ST_MakeEnvelope(691140, 5336100, 691150, 5336110, 32632), 10, 'cheese');
SELECT rpm_trace('town', cell_size_m => 50);
\echo :LAST_ERROR_SQLSTATE
SELECT building_count FROM rpm_scene_summary('town');
\echo :LAST_ERROR_SQLSTATE
DELETE FROM bad.house WHERE building_id = 4;
INSERT INTO bad.house VALUES (5, 'SRID=32632;POLYGON EMPTY', 10, 'concrete'), (6, 'SRID=32632;POLYGON((691140 5336140, 691150 5336140, NaN 5336150, 691140 5336140))', 10, 'concrete'),
	(7, ST_MakeEnvelope(691140, 5336100, 691150, 5336110, 32632), NULL, NULL);
SELECT count(*) FROM rpm_trace('village', cell_size_m => 5, extent => ST_MakeEnvelope(691100, 5336100, 691150, 5336150, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT building_id, action, problem FROM rpm_scene_problems('village') ORDER BY 1;
DELETE FROM bad.house WHERE building_id > 1;
UPDATE bad.house SET geom = 'SRID=32632;POLYGON EMPTY';
SELECT rpm_trace('village');
\echo :LAST_ERROR_SQLSTATE
UPDATE bad.house SET geom = ST_MakeEnvelope(691100, 5336100, 691120, 5336120, 32632);
-- the ground's material, gone since
INSERT INTO rpm.material (name, a) VALUES ('marsh', 30);
UPDATE rpm.scene SET ground_material = 'marsh' WHERE name = 'town';
DELETE FROM rpm.material WHERE name = 'marsh';
SELECT rpm_trace('town');
\echo :LAST_ERROR_SQLSTATE
UPDATE rpm.scene SET ground_material = 'concrete' WHERE name = 'town';
-- a footprint that is no geometry; a relation that is no table; columns that went
CREATE TABLE bad.flat (building_id bigint, geom text, height_m float8);
UPDATE rpm.scene SET building_relation = 'bad.flat' WHERE name = 'town';
SELECT rpm_trace('town');
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE bad.flat DROP COLUMN geom;
SELECT rpm_trace('town');
\echo :LAST_ERROR_SQLSTATE
-- columns that are texts: those that are numbers serve
CREATE TABLE bad.written (building_id text, geom geometry, height_m text);
INSERT INTO bad.written SELECT 'no 7', geom, '12.5' FROM bad.house;
UPDATE rpm.scene SET building_relation = 'bad.written' WHERE name = 'town';
SELECT building_count FROM rpm_scene_summary('town');
\echo :LAST_ERROR_SQLSTATE
UPDATE bad.written SET building_id = '7', height_m = '12,5';
SELECT building_count FROM rpm_scene_summary('town');
\echo :LAST_ERROR_SQLSTATE
UPDATE bad.written SET height_m = '12.5';
SELECT building_count FROM rpm_scene_summary('town');
CREATE VIEW bad.masts AS SELECT antenna_id, geom, 'tall'::text AS height_m, frequency_mhz, rs_power_dbm FROM bad.mast;
UPDATE rpm.scene SET antenna_relation = 'bad.masts' WHERE name = 'town';
SELECT rpm_trace('town', cell_size_m => 50);
\echo :LAST_ERROR_SQLSTATE
UPDATE rpm.scene SET antenna_relation = 'bad.mast' WHERE name = 'town';
-- columns of domains, or generated
CREATE DOMAIN bad.metres AS double precision CHECK (VALUE > 0);
CREATE DOMAIN bad.footprint AS geometry(Polygon, 32632);
CREATE TABLE bad.strict (building_id integer, geom bad.footprint, storeys integer, height_m bad.metres GENERATED ALWAYS AS (storeys * 3.0) STORED);
INSERT INTO bad.strict SELECT building_id, geom, 3 FROM bad.house;
UPDATE rpm.scene SET building_relation = 'bad.strict' WHERE name = 'town';
SELECT building_count FROM rpm_scene_summary('town');
SELECT count(*) FROM rpm_trace('town', cell_size_m => 50);
-- a view that fails at one of its rows
CREATE VIEW bad.failing AS SELECT i AS building_id, h.geom, 100.0 / (900 - i) AS height_m FROM bad.house AS h, generate_series(1, 1000) AS i;
UPDATE rpm.scene SET building_relation = 'bad.failing' WHERE name = 'town';
DO $$ BEGIN PERFORM rpm_trace('town'); EXCEPTION WHEN division_by_zero THEN
	DECLARE context text;
	BEGIN
		GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
		RAISE NOTICE '%', substring(context FROM 'reading bad.failing\nreading and building scene "town"');
	END; END $$;
-- a view that traces its own scene, at once or over another one
CREATE VIEW bad.circle AS SELECT building_id, geom, height_m + (SELECT count(*) FROM rpm_trace('town', cell_size_m => 50)) AS height_m FROM bad.house;
UPDATE rpm.scene SET building_relation = 'bad.circle' WHERE name = 'town';
SELECT rpm_trace('town', cell_size_m => 50);
\echo :LAST_ERROR_SQLSTATE
SELECT building_count FROM rpm_scene_summary('town');
\echo :LAST_ERROR_SQLSTATE
UPDATE rpm.scene SET building_relation = 'bad.house' WHERE name = 'town';
UPDATE rpm.scene SET building_relation = 'bad.circle' WHERE name = 'village';
SELECT building_count FROM rpm_scene_summary('village');
UPDATE rpm.scene SET building_relation = 'bad.house' WHERE name = 'village';
-- scenes that are dropped while they are used
CREATE VIEW bad.dropping AS SELECT building_id, geom, height_m + 0 * rpm_scene_release() AS height_m FROM bad.house;
UPDATE rpm.scene SET building_relation = 'bad.dropping' WHERE name = 'town';
SELECT antenna_id, rpm_scene_release() >= 0 AS released FROM rpm_trace('town', cell_size_m => 50);
UPDATE rpm.scene SET building_relation = 'bad.strict' WHERE name = 'town';
-- a table that was dropped
DROP TABLE bad.flat, bad.strict;
\set VERBOSITY terse
DO $$ BEGIN PERFORM rpm_trace('town'); EXCEPTION WHEN undefined_table THEN
	DECLARE message text; hint text;
	BEGIN
		GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
		RAISE NOTICE '% HINT: %', regexp_replace(message, '\d+', 'N'), hint;
	END; END $$;
\set VERBOSITY default
UPDATE rpm.scene SET building_relation = 'bad.house' WHERE name = 'town';
-- views of antennas and measurements that were dropped under a scene: the same words from functions in C and in SQL
CREATE FUNCTION bad.said(VARIADIC calls text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	call text; message text; state text;
BEGIN
	FOREACH call IN ARRAY calls LOOP
		BEGIN
			EXECUTE call;
			RETURN NEXT call || ': no error';
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, state = RETURNED_SQLSTATE;
			RETURN NEXT concat_ws(' ', call || ':', state, regexp_replace(message, 'OID \d+', 'OID N'));
		END;
	END LOOP;
END $$;
CREATE VIEW bad.level AS SELECT * FROM rpm.measurement;
CREATE VIEW bad.pole AS SELECT *, 1::bigint AS site_id FROM (SELECT antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, pattern FROM bad.mast) AS m;
UPDATE rpm.scene SET measurement_relation = 'bad.level', antenna_relation = 'bad.pole' WHERE name = 'town';
DROP VIEW bad.level;
SELECT bad.said('SELECT rpm_ground_truth(1, ''town'')', 'SELECT rpm_measurement_problems(''town'')', 'SELECT rpm_measured_azimuth(''town'')',
	'SELECT rpm_calibrate(1, ''town'')', 'SELECT rpm.train_scene_query(''town'')');
DROP VIEW bad.pole;
SELECT bad.said('SELECT rpm_trace(''town'')', 'SELECT rpm_measurement_problems(''town'')', 'SELECT rpm_measured_azimuth(''town'')',
	'SELECT rpm_calibrate(1, ''town'')', 'SELECT rpm.train_scene_query(''town'')', 'CALL rpm_publish_batches(''town'')', 'SELECT rpm_publish(''town'', ''strongest'')');
UPDATE rpm.scene SET measurement_relation = 'rpm.measurement', antenna_relation = 'bad.mast' WHERE name = 'town';
-- a relation that the caller may not read
CREATE ROLE regress_rpm_reader;
GRANT USAGE ON SCHEMA bad TO regress_rpm_reader;
SET ROLE regress_rpm_reader;
SELECT rpm_trace('town');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT ON rpm.scene TO regress_rpm_reader;
GRANT SELECT ON bad.mast TO regress_rpm_reader;
SET ROLE regress_rpm_reader;
SELECT rpm_trace('town');
\echo :LAST_ERROR_SQLSTATE
SELECT building_count FROM rpm_scene_summary('town');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT (building_id, geom, height_m, wall_material) ON bad.house TO regress_rpm_reader;
REVOKE SELECT ON bad.mast FROM regress_rpm_reader;
SET ROLE regress_rpm_reader;
SELECT building_count FROM rpm_scene_summary('town');
SELECT rpm_trace('town');
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT ON bad.mast TO regress_rpm_reader;
SET ROLE regress_rpm_reader;
SELECT count(*) FROM rpm_trace('town', cell_size_m => 50);
RESET ROLE;
-- Row security counts: what a role may not see is not in its scene, nor left over from another role's.
ALTER TABLE bad.house ENABLE ROW LEVEL SECURITY;
SELECT building_count FROM rpm_scene_summary('town');
SET ROLE regress_rpm_reader;
SELECT building_count FROM rpm_scene_summary('town');
RESET ROLE;
SELECT building_count FROM rpm_scene_summary('town');

-- settings
SET rpm_pg.threads = -1;
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY sqlstate
SET rpm_pg.max_memory = 0;
\set VERBOSITY default
SET rpm_pg.max_memory = '16 MB';
SELECT rpm_trace('town', cell_size_m => 0.1);
\echo :LAST_ERROR_SQLSTATE
RESET rpm_pg.max_memory;
-- After all of this the session works.
SELECT count(*) FROM rpm_trace('town', cell_size_m => 50);
ROLLBACK;
