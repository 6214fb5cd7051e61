-- What cannot be is refused, with a message that names the row and says the remedy.
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on

-- materials
INSERT INTO rpm.material (name, a) VALUES ('', 5);
INSERT INTO rpm.material (name, a) VALUES ('cork', -1);
INSERT INTO rpm.material (name, a) VALUES ('cork', 'NaN');
INSERT INTO rpm.material (name, a, c) VALUES ('cork', 5, -0.1);
INSERT INTO rpm.material (name, a, b) VALUES ('cork', 5, 'Infinity');
INSERT INTO rpm.material (name, a, d) VALUES ('cork', 5, 'NaN');
INSERT INTO rpm.material (name, a, frequency_min_mhz, frequency_max_mhz) VALUES ('cork', 5, 0, 100);
INSERT INTO rpm.material (name, a, frequency_min_mhz, frequency_max_mhz) VALUES ('cork', 5, 200, 100);
INSERT INTO rpm.material (name, a, thickness_m) VALUES ('cork', 5, -0.1);
INSERT INTO rpm.material (name, a, scattering_coefficient) VALUES ('cork', 5, 1.1);
INSERT INTO rpm.material (name, a, cross_polarisation) VALUES ('cork', 5, 'NaN');
INSERT INTO rpm.material (name, a, scattering_pattern) VALUES ('cork', 5, 'round');
INSERT INTO rpm.material (name, a, scattering_alpha_r) VALUES ('cork', 5, 0);
INSERT INTO rpm.material (name, a, scattering_lambda) VALUES ('cork', 5, 2);
INSERT INTO rpm.material (name, a, builtin) VALUES ('cork', 5, true);
INSERT INTO rpm.material (name, a, thickness_m) VALUES ('cork', 5, 0);

-- builtin rows: a change makes them the user's, a user's row takes their place, they cannot be deleted
SELECT DISTINCT builtin FROM rpm.material WHERE name = 'wood';
UPDATE rpm.material SET scattering_coefficient = 0.3 WHERE name = 'wood';
SELECT DISTINCT builtin, scattering_coefficient FROM rpm.material WHERE name = 'wood';
DELETE FROM rpm.material WHERE name = 'brick';
INSERT INTO rpm.material (name, frequency_min_mhz, frequency_max_mhz, a) SELECT name, frequency_min_mhz, frequency_max_mhz, 4 FROM rpm.material WHERE name = 'marble';
SELECT DISTINCT a, builtin FROM rpm.material WHERE name = 'marble';

-- patterns
INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi) VALUES ('own', 'round', 8);
INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi) VALUES ('own', 'tr38901', 'Infinity');
INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi, horizontal_beamwidth_deg) VALUES ('own', 'tr38901', 8, 0);
INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi, front_to_back_db) VALUES ('own', 'tr38901', 8, -30);
INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi) VALUES ('own', 'measured', 15);
INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi, horizontal_attenuation_db) VALUES ('own', 'tr38901', 8, array_fill(0, ARRAY[360]));
INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi, horizontal_attenuation_db, vertical_attenuation_db)
VALUES ('own', 'measured', 15, array_fill(0, ARRAY[359]), array_fill(0, ARRAY[360]));
INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi, horizontal_attenuation_db, vertical_attenuation_db)
VALUES ('own', 'measured', 15, array_fill(0, ARRAY[360]), array_fill('NaN'::real, ARRAY[360]));
INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi, horizontal_attenuation_db, vertical_attenuation_db)
VALUES ('own', 'measured', 15, array_fill(0, ARRAY[360]), array_fill(NULL::real, ARRAY[360]));
INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi, horizontal_attenuation_db, vertical_attenuation_db)
VALUES ('own', 'measured', 15, array_fill(0, ARRAY[18, 20]), array_fill(0, ARRAY[360]));
INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi, horizontal_attenuation_db, vertical_attenuation_db)
VALUES ('own', 'measured', 15, array_fill(0, ARRAY[360]), array_fill(3, ARRAY[360]));
UPDATE rpm.antenna_pattern SET gain_dbi = 9 WHERE name = 'tr38901';
DELETE FROM rpm.antenna_pattern WHERE name = 'dipole';
SELECT name, kind, round(gain_dbi::numeric, 2) AS gain_dbi, builtin FROM rpm.antenna_pattern ORDER BY name;

-- classes
INSERT INTO rpm.class VALUES ('own', -80, -90, 'wrong way round', '#112233');
INSERT INTO rpm.class VALUES ('own', -90, 'NaN', 'no number', '#112233');
INSERT INTO rpm.class VALUES ('own', -90, -80, 'no colour', 'green');
INSERT INTO rpm.class VALUES ('rsrp_dbm', -75, 'Infinity', 'very good', '#00ff0080');
SELECT label, builtin FROM rpm.class WHERE scheme = 'rsrp_dbm' ORDER BY lower_value DESC LIMIT 2;

-- buildings
INSERT INTO rpm.building (building_id, name, geom, height_m) VALUES (1, 'town hall', 'SRID=32632;POLYGON EMPTY', 10);
INSERT INTO rpm.building (building_id, geom, height_m) VALUES (2, 'SRID=32632;POLYGON((0 0, 0 10, NaN 10, 0 0))', 10);
INSERT INTO rpm.building (building_id, geom, height_m) VALUES (2, ST_SetSRID(ST_MakePolygon(ST_MakeLine(ARRAY[ST_MakePoint(0, 0), ST_MakePoint(0, 'Infinity'), ST_MakePoint(1, 1), ST_MakePoint(0, 0)])), 32632), 10);
INSERT INTO rpm.building (building_id, geom) VALUES (2, 'SRID=32632;TIN Z (((0 0 NaN, 0 10 0, 10 10 0, 0 0 NaN)))');
INSERT INTO rpm.building (building_id, geom, height_m) VALUES (3, 'POLYGON((0 0, 0 10, 10 10, 0 0))', 10);
INSERT INTO rpm.building (building_id, geom, height_m) VALUES (4, 'SRID=32632;LINESTRING(0 0, 0 10)', 10);
INSERT INTO rpm.building (building_id, geom, height_m) VALUES (4, 'SRID=32632;POINT(0 0)', 10);
INSERT INTO rpm.building (building_id, geom, height_m) VALUES (5, 'SRID=32632;POLYGON((0 0, 0 10, 10 10, 0 0))', -10);
INSERT INTO rpm.building (building_id, geom, height_m) VALUES (5, 'SRID=32632;POLYGON((0 0, 0 10, 10 10, 0 0))', 0);
INSERT INTO rpm.building (building_id, geom, height_m) VALUES (5, 'SRID=32632;POLYGON((0 0, 0 10, 10 10, 0 0))', 'NaN');
INSERT INTO rpm.building (building_id, geom) VALUES (6, 'SRID=32632;POLYGON((0 0, 0 10, 10 10, 0 0))');
INSERT INTO rpm.building (building_id, geom, height_m) VALUES (7, 'SRID=32632;POLYGON Z((0 0 1, 0 10 1, 10 10 1, 0 0 1))', 10);
INSERT INTO rpm.building (building_id, geom, height_m) VALUES (8, 'SRID=32632;TIN(((0 0, 0 10, 10 10, 0 0)))', 10);
INSERT INTO rpm.building (building_id, geom) VALUES (9, NULL);
INSERT INTO rpm.building (building_id, geom, height_m) VALUES
	(11, 'SRID=32632;POLYGON((0 0, 0 10, 10 10, 0 0))', 10),
	(12, 'SRID=32632;MULTIPOLYGON(((0 0, 0 10, 10 10, 0 0)))', 10),
	(13, 'SRID=32632;TIN Z (((0 0 0, 0 10 0, 10 10 5, 0 0 0)))', NULL),
	(14, 'SRID=32632;POLYHEDRALSURFACE Z (((0 0 0, 0 10 0, 10 10 5, 0 0 0)))', NULL),
	(15, 'SRID=32632;MULTIPOLYGON Z (((0 0 0, 0 10 0, 10 10 5, 0 0 0)))', NULL);
UPDATE rpm.building SET height_m = 'Infinity' WHERE building_id = 11;

-- sites and antennas
INSERT INTO rpm.site (site_id, name, geom) VALUES (1, 'north', 'POINT(0 0)');
INSERT INTO rpm.site (site_id, name, geom) VALUES (1, 'north', 'SRID=32632;POINT EMPTY');
INSERT INTO rpm.site (site_id, name, geom) VALUES (1, 'north', 'SRID=32632;POINT(1 1)');
CREATE TEMPORARY VIEW good AS SELECT 1::bigint AS antenna_id, 'roof' AS name, 'SRID=32632;POINT(1 1)'::geometry AS geom,
	20.0::float8 AS height_m, 2140.0::float8 AS frequency_mhz, 18.0::float8 AS rs_power_dbm;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, mechanical_tilt_deg) SELECT *, 400 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, electrical_tilt_deg) SELECT *, 'NaN' FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg) SELECT *, 361 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, slant_deg) SELECT *, 91 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, load) SELECT *, 1.01 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, losses_db) SELECT *, -1 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, bandwidth_mhz) SELECT *, 0 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, carrier_power_dbm, resource_block_count) SELECT *, 46, 100 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz) SELECT antenna_id, name, geom, height_m, frequency_mhz FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, carrier_power_dbm) SELECT * FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, carrier_power_dbm, resource_block_count) SELECT *, 0 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm) SELECT antenna_id, name, geom, height_m, frequency_mhz, 'Infinity' FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm) SELECT antenna_id, name, geom, -1, frequency_mhz, 18 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm) SELECT antenna_id, name, geom, height_m, 0, 18 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm) SELECT antenna_id, name, 'SRID=32632;LINESTRING(0 0, 1 1)', height_m, frequency_mhz, 18 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm) SELECT antenna_id, name, 'SRID=32632;POINT(NaN 1)', height_m, frequency_mhz, 18 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm) SELECT antenna_id, name, 'SRID=32632;POINT EMPTY', height_m, frequency_mhz, 18 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm) SELECT antenna_id, name, 'POINT(1 1)', height_m, frequency_mhz, 18 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, pattern) SELECT *, 'unknown' FROM good;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, site_id) SELECT *, 99 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, pattern, site_id) SELECT *, 'own', 1 FROM good;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, carrier_power_dbm, resource_block_count)
SELECT 2, name, geom, height_m, frequency_mhz, 46, 100 FROM good;
UPDATE rpm.antenna SET mechanical_tilt_deg = -91 WHERE antenna_id = 1;
\echo :LAST_ERROR_SQLSTATE
UPDATE rpm.antenna SET pattern = 'unknown' WHERE antenna_id = 1;

-- measurements
INSERT INTO rpm.measurement (measurement_id, antenna_id, geom, rsrp_dbm) VALUES (1, 1, 'SRID=32632;POINT(0 0)', 'NaN');
INSERT INTO rpm.measurement (measurement_id, antenna_id, geom, rsrp_dbm) VALUES (1, 1, ST_SetSRID(ST_MakePoint(0, 'Infinity'), 32632), -90);
INSERT INTO rpm.measurement (measurement_id, antenna_id, geom, rsrp_dbm) VALUES (1, 1, 'POINT(0 0)', -90);
INSERT INTO rpm.measurement (measurement_id, antenna_id, geom, rsrp_dbm) VALUES (1, 1, 'SRID=32632;POLYGON EMPTY', -90);
INSERT INTO rpm.measurement (measurement_id, antenna_id, geom, sinr_db) VALUES (1, 1, 'SRID=32632;POINT(0 0)', 1000);
INSERT INTO rpm.measurement (measurement_id, antenna_id, geom, position_accuracy_m) VALUES (1, 1, 'SRID=32632;POINT(0 0)', -5);
INSERT INTO rpm.measurement (measurement_id, antenna_id, geom, rsrp_dbm) VALUES (1, 1, 'SRID=32632;POINT(0 0)', -90);

-- scenes
INSERT INTO rpm.scene (scene_id, name, srid) VALUES (1, '', 32632);
INSERT INTO rpm.scene (name, srid) VALUES ('degrees', 4326);
INSERT INTO rpm.scene (name, srid) VALUES ('feet', 2263);
INSERT INTO rpm.scene (name, srid) VALUES ('unknown', 0);
INSERT INTO rpm.scene (name, srid) VALUES ('unknown', 999999);
INSERT INTO rpm.scene (name, srid, cell_size_m) VALUES ('cells', 32632, 0);
INSERT INTO rpm.scene (name, srid, cell_size_m) VALUES ('cells', 32632, 'NaN');
INSERT INTO rpm.scene (name, srid, receiver_height_m) VALUES ('receivers', 32632, -1.5);
INSERT INTO rpm.scene (name, srid, noise_figure_db) VALUES ('noise', 32632, -1);
INSERT INTO rpm.scene (name, srid, ground_elevation_m) VALUES ('ground', 32632, 'Infinity');
INSERT INTO rpm.scene (name, srid, ground_material) VALUES ('ground', 32632, 'cheese');
INSERT INTO rpm.scene (name, srid, weld) VALUES ('weld', 32632, 'some');
INSERT INTO rpm.scene (name, srid, party_wall_m) VALUES ('party', 32632, 'NaN');
INSERT INTO rpm.scene (name, srid, extent) VALUES ('extent', 32632, 'SRID=32632;POINT(0 0)');
INSERT INTO rpm.scene (name, srid, extent) VALUES ('extent', 32632, 'SRID=32632;POLYGON EMPTY');
INSERT INTO rpm.scene (name, srid, extent) VALUES ('extent', 32632, 'SRID=32632;POLYGON((0 0, 0 1, NaN 1, 0 0))');
INSERT INTO rpm.scene (name, srid, extent) VALUES ('extent', 32632, 'SRID=32632;POLYGON((0 0, 0 1, 0 2, 0 0))');
INSERT INTO rpm.scene (name, srid, extent) VALUES ('extent', 32632, ST_MakeEnvelope(0, 0, 1, 1, 32633));
INSERT INTO rpm.scene (name, srid, building_relation) VALUES ('relation', 32632, 'no_such_table');
INSERT INTO rpm.scene (name, srid, building_relation) VALUES ('relation', 32632, 'rpm.antenna');
CREATE TABLE regress_mast (antenna_id bigint, geom geometry, height_m float8);
INSERT INTO rpm.scene (name, srid, antenna_relation) VALUES ('relation', 32632, 'regress_mast');
DROP TABLE regress_mast;
INSERT INTO rpm.scene (name, srid, terrain_relation) VALUES ('relation', 32632, 'rpm.building');
INSERT INTO rpm.scene (name, srid, building_relation) VALUES ('relation', 32632, 'rpm.building_geom_idx');
INSERT INTO rpm.scene (name, srid, building_relation) VALUES ('relation', 32632, 4294967295);
CREATE VIEW public.my_building AS SELECT building_id, geom, height_m FROM rpm.building;
INSERT INTO rpm.scene (name, srid, building_relation, extent) VALUES ('mine', 32632, 'my_building', ST_MakeEnvelope(0, 0, 100, 100, 32632))
RETURNING cell_size_m, receiver_height_m, noise_figure_db, building_relation, antenna_relation, ground_material, weld, strict, free_edges;
UPDATE rpm.scene SET srid = 4326 WHERE name = 'mine';

-- coverage
INSERT INTO rpm.coverage (name, scene, product, table_schema, table_name, srid, cell_size_m, extent)
VALUES ('c', 'mine', 'colour', 'public', 'c', 32632, 5, ST_MakeEnvelope(0, 0, 100, 100, 32632));
ROLLBACK;
