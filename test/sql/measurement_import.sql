-- Antennas and measurements from staging tables: what is loaded, what is rejected and why; which scene measurements belong to.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on
SET LOCAL client_min_messages = warning;

-- Grid azimuths become true ones: + convergence, -0.49 degrees at this place.
CREATE TEMPORARY TABLE staged_antenna (antenna_id bigint, site_id int, x float8, y float8, height_m float8, azimuth_deg float8, electrical_tilt_deg float8,
	mechanical_tilt_deg float8, frequency_mhz float8, rs_power_dbm float8);
INSERT INTO staged_antenna VALUES
	(1, 41, 408767.5, 3396037.5, 39, 180, 6, 5, 2585, 12.2),
	(2, 41, 408767.5, 3396037.5, 39, 0, 6, 5, 2585, 12.2),
	(3, NULL, 409767.5, 3396037.5, 0, 359.9, NULL, NULL, 2585, 9.2);
SELECT * FROM rpm_load_antennas('staged_antenna', 32648);
SELECT antenna_id, site_id, ST_AsEWKT(geom), height_m, round(azimuth_deg::numeric, 3) AS azimuth_deg, round((azimuth_deg - rpm_grid_convergence(geom))::numeric, 6) AS grid_deg,
	electrical_tilt_deg, mechanical_tilt_deg, frequency_mhz, rs_power_dbm, pattern FROM rpm.antenna ORDER BY 1;
SELECT site_id, name, ST_AsText(geom) FROM rpm.site;
-- The next key comes after those that were given.
INSERT INTO rpm.antenna (geom, height_m, frequency_mhz, rs_power_dbm) VALUES (ST_SetSRID(ST_MakePoint(0, 0), 32648), 10, 2585, 0) RETURNING antenna_id > 3 AS after;
DELETE FROM rpm.antenna WHERE height_m = 10;
-- Again: they are there; replaced: by true azimuths and another pattern.
SELECT * FROM rpm_load_antennas('staged_antenna', 32648);
SELECT * FROM rpm_load_antennas('staged_antenna', 32648, azimuth => 'true', pattern => 'isotropic', replace => true);
SELECT antenna_id, azimuth_deg, pattern FROM rpm.antenna ORDER BY 1;

-- Each kind of bad row is counted by its reason, and the good ones are loaded.
TRUNCATE staged_antenna;
INSERT INTO staged_antenna VALUES
	(10, 42, 408767.5, 3396037.5, 39, 10, 6, 5, 2585, 12.2),
	(NULL, 42, 408767.5, 3396037.5, 39, 10, 6, 5, 2585, 12.2),
	(11, 42, 408767.5, 3396037.5, 39, 10, 6, 5, 2585, 12.2), (11, 42, 408767.5, 3396037.5, 39, 10, 6, 5, 2585, 12.2),
	(12, 42, NULL, 3396037.5, 39, 10, 6, 5, 2585, 12.2), (13, 42, 'NaN', 3396037.5, 39, 10, 6, 5, 2585, 12.2), (14, 42, 1, '-Infinity', 39, 10, 6, 5, 2585, 12.2),
	(15, 42, 1, 1, -5, 10, 6, 5, 2585, 12.2), (16, 42, 1, 1, 'NaN', 10, 6, 5, 2585, 12.2), (17, 42, 1, 1, 39, 400, 6, 5, 2585, 12.2), (18, 42, 1, 1, 39, NULL, 6, 5, 2585, 12.2),
	(19, 42, 1, 1, 39, 10, 95, 5, 2585, 12.2), (20, 42, 1, 1, 39, 10, 6, 5, 0, 12.2), (21, 42, 1, 1, 39, 10, 6, 5, 2585, NULL);
SELECT * FROM rpm_load_antennas('staged_antenna', 32648);
SELECT count(*) FROM rpm.antenna WHERE antenna_id >= 10;

-- Measurements.
CREATE TEMPORARY TABLE staged_measurement (antenna_id bigint, x float8, y float8, rsrp_dbm float8, position_accuracy_m float8, sinr_db float8);
INSERT INTO staged_measurement VALUES
	(1, 408777.5, 3396037.5, -80.5, NULL, NULL), (1, 408777.5, 3396042.5, -81, 10, 3), (2, 408777.5, 3396037.5, NULL, NULL, -3),
	(NULL, 1, 1, -80, NULL, NULL), (1, NULL, 1, -80, NULL, NULL), (1, 'Infinity', 1, -80, NULL, NULL), (1, 1, 'NaN', -80, NULL, NULL), (1, 1, 1, NULL, NULL, NULL),
	(1, 1, 1, -301, NULL, NULL), (1, 1, 1, 'NaN', NULL, NULL), (1, 1, 1, -80, NULL, 'NaN'), (1, 1, 1, -80, -1, NULL), (1, 1, 1, -80, 'NaN', NULL), (99, 1, 1, -80, NULL, NULL),
	(1, 1, 1, -1e300, NULL, NULL), (1, 1, 1, -80, 1e300, NULL);
SELECT * FROM rpm_load_measurements('staged_measurement', 32648);
SELECT antenna_id, ST_AsEWKT(geom), rsrp_dbm, position_accuracy_m, sinr_db, measured_at, indoor FROM rpm.measurement ORDER BY 1, 3;
SELECT * FROM rpm_load_measurements('staged_measurement', 32648, require_antenna => false) WHERE result = 'loaded';
-- The indexes are there again.
SELECT indexname FROM pg_indexes WHERE schemaname = 'rpm' AND tablename = 'measurement' ORDER BY 1;
-- What a user's foreign key refers to stays; the rest is dropped, and built again.
CREATE TABLE note (measurement_id bigint REFERENCES rpm.measurement);
SELECT rpm.drop_measurement_indexes() AS definitions \gset
SELECT indexname FROM pg_indexes WHERE schemaname = 'rpm' AND tablename = 'measurement' ORDER BY 1;
SELECT rpm.build_measurement_indexes(:'definitions');
DROP TABLE note;
SELECT rpm.build_measurement_indexes(rpm.drop_measurement_indexes());
SELECT indexname FROM pg_indexes WHERE schemaname = 'rpm' AND tablename = 'measurement' ORDER BY 1;
-- Only the columns that must be there must be there; a view may give them their names.
CREATE TEMPORARY VIEW renamed AS SELECT antenna_id::text, x AS x, y AS y, rsrp_dbm FROM staged_measurement WHERE rsrp_dbm = -80.5;
SELECT * FROM rpm_load_measurements('renamed', 32648, rebuild_indexes => true);
SELECT count(*) FROM pg_indexes WHERE schemaname = 'rpm' AND tablename = 'measurement';

-- What cannot be.
SELECT rpm_load_antennas(NULL, 32648);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_load_antennas('staged_antenna', 4);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_load_antennas('staged_antenna', 32648, azimuth => 'magnetic');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_load_antennas('staged_antenna', 32648, pattern => 'none such');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_load_antennas('staged_measurement', 32648);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_load_measurements('staged_measurement', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_load_measurements('staged_measurement', 32648, require_antenna => NULL);
\echo :LAST_ERROR_SQLSTATE
CREATE ROLE rpm_test_loader;
GRANT SELECT ON staged_measurement TO rpm_test_loader;
SET LOCAL ROLE rpm_test_loader;
SELECT rpm_load_measurements('staged_measurement', 32648, require_antenna => false);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_load_measurements('staged_measurement', 32648, rebuild_indexes => true);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT INSERT ON rpm.measurement TO rpm_test_loader;
SET LOCAL ROLE rpm_test_loader;
SELECT * FROM rpm_load_measurements('staged_measurement', 32648, require_antenna => false) WHERE result = 'loaded';
RESET ROLE;

-- Which relations: those of the scene named, of the scene that holds the antenna, of rpm's own tables.
SELECT * FROM rpm.measurement_source(NULL, 1);
INSERT INTO rpm.scene (name, srid, extent, cell_size_m) VALUES ('west', 32648, ST_MakeEnvelope(408000, 3396000, 409000, 3397000, 32648), 10);
SELECT name, srid, cell_size_m, antenna_relation, measurement_relation FROM rpm.measurement_source(NULL, 1);
SELECT name, srid, cell_size_m FROM rpm.measurement_source(NULL, 3);
SELECT name, cell_size_m FROM rpm.measurement_source('west', 3);
-- Scenes that say the same are as good as one.
INSERT INTO rpm.scene (name, srid, cell_size_m) VALUES ('all', 32648, 10);
SELECT name FROM rpm.measurement_source(NULL, 1);
INSERT INTO rpm.scene (name, srid, cell_size_m) VALUES ('coarse', 32648, 20);
SELECT rpm.measurement_source(NULL, 1);
\echo :LAST_ERROR_SQLSTATE
-- A relation of another scene that holds no antennas is in nobody's way.
DELETE FROM rpm.scene WHERE name = 'coarse';
CREATE VIEW words AS SELECT antenna_id, geom::text AS geom, height_m, frequency_mhz FROM rpm.antenna;
INSERT INTO rpm.scene (name, srid, cell_size_m, antenna_relation) VALUES ('words', 32648, 20, 'words');
SELECT name FROM rpm.measurement_source(NULL, 1);
SELECT rpm.measurement_source('none such', 1);
\echo :LAST_ERROR_SQLSTATE
UPDATE rpm.scene SET measurement_relation = NULL WHERE name = 'west';
SELECT rpm.measurement_source('west', 1);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
