-- What learned models see of an antenna: a tile with known answers in every channel, what is known of it, and every error.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on
SET LOCAL client_min_messages = notice;

-- A mast of 31.5 m at (1002.5, 1002.5), a hall of 20 m 100 m east of it, a meadow in the west, a street along y = 1012.
CREATE TABLE mast (antenna_id bigint, geom geometry, height_m float8, frequency_mhz float8, rs_power_dbm float8, losses_db float8, pattern text, site_id bigint);
INSERT INTO mast VALUES (1, 'SRID=32632;POINT(1002.5 1002.5)', 31.5, 2600, 15, 2, 'isotropic', 1), (2, 'SRID=32632;POINT(9002.5 1002.5)', 31.5, 2600, NULL, 0, 'tr38901', 2);
CREATE TABLE hall (building_id bigint, geom geometry, height_m float8);
INSERT INTO hall VALUES (1, ST_MakeEnvelope(1100, 990, 1120, 1020, 32632), 20), (2, ST_SetSRID('POLYGON Z ((900 1000 12, 920 1000 12, 920 1020 14, 900 1020 14, 900 1000 12))'::geometry, 32632), NULL);
CREATE TABLE drive (antenna_id bigint, geom geometry, rsrp_dbm float8);
INSERT INTO rpm.land_use (geom, class) VALUES (ST_MakeEnvelope(800, 800, 1000, 1200, 32632), 7), (ST_MakeEnvelope(1000, 800, 1200, 1100, 32632), 5), (ST_MakeEnvelope(990, 990, 1010, 1010, 32632), 2);
INSERT INTO rpm.road (geom, width_m) VALUES ('SRID=32632;LINESTRING(800 1012, 1200 1012)', NULL), ('SRID=32632;LINESTRING(842.5 800, 842.5 1200)', 11);
INSERT INTO rpm.scene (name, srid, building_relation, antenna_relation, measurement_relation, extent)
VALUES ('field', 32632, 'hall', 'mast', 'drive', ST_MakeEnvelope(0, 0, 1200, 2000, 32632));

CREATE FUNCTION pg_temp.at(rast raster, band integer, x float8, y float8) RETURNS numeric LANGUAGE sql AS
	$$ SELECT round(ST_Value(rast, band, ST_SetSRID(ST_MakePoint(x, y), 32632))::numeric, 3) $$;

-- The paper's channels, and the mask.
CREATE TEMPORARY TABLE tile AS SELECT rpm_features(1, 'field', size_cells => 80) AS rast;
SELECT ST_NumBands(rast), ST_BandPixelType(rast, 1), ST_BandNoDataValue(rast, 1), ST_Width(rast), ST_Height(rast), ST_SRID(rast), ST_UpperLeftX(rast) AS x, ST_UpperLeftY(rast) AS y,
	ST_ScaleX(rast) AS dx, ST_ScaleY(rast) AS dy FROM tile;
SELECT * FROM rpm_feature_names('{building_height_m,land_use,road,free_space_dbm,known}');
SELECT pg_temp.at(rast, 1, 1102.5, 992.5) AS hall, pg_temp.at(rast, 1, 1097.5, 992.5) AS beside, pg_temp.at(rast, 1, 902.5, 1012.5) AS sloping_roof, (ST_SummaryStats(rast, 1)).count AS cells,
	(ST_SummaryStats(rast, 1)).max AS highest FROM tile;
SELECT pg_temp.at(rast, 2, 850, 900) AS meadow, pg_temp.at(rast, 2, 1002.5, 1002.5) AS later_covers, pg_temp.at(rast, 2, 1102.5, 1102.5) AS none FROM tile;
SELECT value, count FROM tile, ST_ValueCount(rast, 3) ORDER BY value;
-- 50 m from the antenna in space, 13 dBm: 13 - 20 log10(4 pi 50 2.6e9 / c).
SELECT pg_temp.at(rast, 4, 1042.5, 1002.5) AS free_space, round((13 - 20 * log(4 * pi() * 50 * 2.6e9 / 299792458))::numeric, 3) AS by_hand FROM tile;
-- Known is what has land use, or a building, inside the extent.
SELECT value, count FROM tile, ST_ValueCount(rast, 5) ORDER BY value;
SELECT pg_temp.at(rast, 5, 1102.5, 1018) AS hall, pg_temp.at(rast, 5, 1102.5, 1102.5) AS no_land_use FROM tile;

-- The direct path: behind the hall, in front of it, and where it is clear.
CREATE TEMPORARY TABLE path AS SELECT rpm_features(1, channels => '{line_of_sight,obstructed_m,obstructions,knife_edge_db,distance_m,azimuth_off_deg,elevation_off_deg,ground_m,empirical_dbm}', size_cells => 80) AS rast;
SELECT place, pg_temp.at(rast, 1, x, y) AS line_of_sight, pg_temp.at(rast, 2, x, y) AS obstructed_m, pg_temp.at(rast, 3, x, y) AS obstructions, pg_temp.at(rast, 4, x, y) AS knife_edge_db,
	pg_temp.at(rast, 5, x, y) AS distance_m, pg_temp.at(rast, 6, x, y) AS azimuth, round(pg_temp.at(rast, 7, x, y), 1) AS elevation, pg_temp.at(rast, 8, x, y) AS ground
FROM path, (VALUES ('before', 1090, 1002.5), ('behind', 1132.5, 1002.5), ('beyond', 1192.5, 1002.5), ('north', 1002.5, 1192.5)) AS p (place, x, y);
SELECT pg_temp.at(p.rast, 9, 1192.5, 1002.5) < pg_temp.at(t.rast, 4, 1192.5, 1002.5) AS below_free_space FROM path AS p, tile AS t;
-- The same with one thread and with three.
SET LOCAL rpm_pg.threads = 1;
CREATE TEMPORARY TABLE one AS SELECT rpm_features(1, channels => '{line_of_sight,obstructed_m,obstructions,knife_edge_db,distance_m,azimuth_off_deg,elevation_off_deg,ground_m,empirical_dbm}', size_cells => 80) AS rast;
SET LOCAL rpm_pg.threads = 3;
SELECT ST_AsBinary(p.rast) = ST_AsBinary(o.rast) AND ST_AsBinary(p.rast) = ST_AsBinary(rpm_features(1, channels => '{line_of_sight,obstructed_m,obstructions,knife_edge_db,distance_m,azimuth_off_deg,elevation_off_deg,ground_m,empirical_dbm}', size_cells => 80)) AS same
FROM path AS p, one AS o;
RESET rpm_pg.threads;

-- A ground of its own, which the scene names: a ramp of 1 in 10 eastward.
CREATE TABLE ramp AS SELECT ST_SetSRID('POLYGON Z ((0 0 0, 1200 0 120, 1200 2000 120, 0 2000 0, 0 0 0))'::geometry, 32632) AS geom, 'medium_dry_ground' AS material;
UPDATE rpm.scene SET terrain_relation = 'ramp' WHERE name = 'field';
SELECT pg_temp.at(rast, 1, 1102.5, 902.5) AS ground, pg_temp.at(rast, 2, 1102.5, 1012.5) AS hall, pg_temp.at(rast, 2, 902.5, 1012.5) AS roof_below_the_ground
FROM rpm_features(1, 'field', '{ground_m,building_height_m}', size_cells => 80) AS rast;
UPDATE rpm.scene SET terrain_relation = NULL WHERE name = 'field';

-- The same surroundings as rasters: 5 m cells from the west, 200 m, of building height, land use and ground.
CREATE TABLE surroundings AS SELECT ST_AddBand(ST_AddBand(ST_AddBand(ST_MakeEmptyRaster(60, 80, 800, 1200, 5, -5, 0, 0, 32632), '16BSI'::text, 3, -9999), '8BUI'::text, 9, NULL), '32BF'::text, 500.5, -9999) AS rast;
UPDATE surroundings SET rast = ST_SetValue(ST_SetValue(rast, 1, 10, 10, 25), 2, 10, 10, 14);
UPDATE surroundings SET rast = ST_SetValue(ST_SetValue(ST_SetValue(rast, 1, 20, 10, -9999), 2, 20, 10, 0), 3, 20, 10, -9999);
CREATE TABLE no_hall AS SELECT * FROM hall WHERE false;
UPDATE rpm.scene SET environment_relation = 'surroundings', building_relation = 'no_hall', land_use_relation = NULL WHERE name = 'field';
SELECT place, pg_temp.at(rast, 1, x, y) AS building, pg_temp.at(rast, 2, x, y) AS land_use, pg_temp.at(rast, 3, x, y) AS road, pg_temp.at(rast, 4, x, y) AS ground, pg_temp.at(rast, 5, x, y) AS known
FROM rpm_features(1, 'field', '{building_height_m,land_use,road,ground_m,known}', size_cells => 80) AS rast,
	(VALUES ('tower', 847.5, 1152.5), ('hole', 897.5, 1152.5), ('field', 802.5, 1002.5), ('beyond', 1102.5, 1002.5)) AS p (place, x, y);
UPDATE rpm.scene SET environment_relation = 'mast' WHERE name = 'field';
SELECT ST_NumBands(rpm_features(1, 'field', '{land_use}', size_cells => 80));
UPDATE rpm.scene SET environment_relation = 'surroundings' WHERE name = 'field';
UPDATE surroundings SET rast = ST_SetSRID(rast, 32633);
SELECT ST_NumBands(rpm_features(1, 'field', '{land_use}', size_cells => 80));
UPDATE surroundings SET rast = ST_SetValue(ST_SetSRID(rast, 32632), 2, 20, 10, 99);
SELECT ST_NumBands(rpm_features(1, 'field', '{land_use}', size_cells => 80));
UPDATE rpm.scene SET environment_relation = NULL, building_relation = 'hall', land_use_relation = 'rpm.land_use' WHERE name = 'field';

-- A map of somebody else's as a channel.
SELECT pg_temp.at(rast, 1, 1002.5, 1002.5) AS inside, pg_temp.at(rast, 1, 852.5, 1002.5) AS outside
FROM rpm_features(1, 'field', '{given}', size_cells => 80, given => ST_AddBand(ST_MakeEmptyRaster(10, 10, 950, 1050, 10, -10, 0, 0, 32632), '32BF'::text, -88.5, -9999)) AS rast;

-- What others measured: nothing yet, then far away.
SELECT rpm_features(1, 'field', '{clutter_db}', size_cells => 80);
INSERT INTO drive SELECT 2, ST_SetSRID(ST_MakePoint(8902.5 + 5 * (i % 40), 902.5 + 5 * (i / 40)), 32632), -80 - (i % 7) FROM generate_series(0, 1599) AS i;
SELECT antennas, measurements FROM rpm_refresh_clutter_residual('field');
SELECT pg_temp.at(rast, 1, 1002.5, 1002.5) BETWEEN -200 AND 0 AS linear, pg_temp.at(rast, 3, 1002.5, 1002.5) AS nothing_near
FROM rpm_features(1, 'field', '{linear_dbm,clutter_db,clutter_weight}', size_cells => 80) AS rast;

-- Rows that cannot be used are left out, and said.
INSERT INTO hall VALUES (7, ST_MakeEnvelope(1000, 1100, 1010, 1110, 32632), NULL), (8, ST_SetSRID('POINT(1000 1100)'::geometry, 32632), 5);
SELECT (ST_SummaryStats(rpm_features(1, 'field', '{building_height_m}', size_cells => 80), 1)).max AS highest;
DELETE FROM hall WHERE building_id > 2;
-- Without land use the extent alone says what is known; without an extent the buildings do.
DELETE FROM rpm.land_use;
SELECT value, count FROM rpm_features(1, 'field', '{known}', size_cells => 100) AS rast, ST_ValueCount(rast, 1) ORDER BY value;
UPDATE rpm.scene SET extent = NULL WHERE name = 'field';
SELECT value, count FROM rpm_features(1, 'field', '{known,land_use}', size_cells => 80) AS rast, ST_ValueCount(rast, 1) ORDER BY value;
SELECT rpm_features(2, 'field', size_cells => 80);
SELECT ST_NumBands(rpm_features(2, 'field', '{free_space_dbm,building_height_m}', size_cells => 80)) AS without_the_mask;
UPDATE rpm.scene SET land_use_relation = NULL, road_relation = NULL WHERE name = 'field';
SELECT (ST_SummaryStats(rast, 1)).max AS land_use, (ST_SummaryStats(rast, 2)).max AS road FROM rpm_features(1, 'field', '{land_use,road}', size_cells => 80) AS rast;

-- errors
SELECT rpm_features(NULL, 'field');
SELECT rpm_features(99, 'field');
SELECT rpm_features(99);
SELECT rpm_features(1, 'nowhere');
SELECT rpm_features(1, 'field', '{roads}');
SELECT rpm_features(1, 'field', '{road,road}');
SELECT rpm_features(1, 'field', '{}');
SELECT rpm_features(1, 'field', '{road,NULL}');
SELECT rpm_features(1, 'field', NULL);
SELECT rpm_features(1, 'field', '{given}');
SELECT rpm_features(1, 'field', '{given}', given => ST_AddBand(ST_MakeEmptyRaster(10, 10, 950, 1050, 10, -10, 0, 0, 32633), '32BF'::text, -88.5, -9999));
SELECT rpm_features(1, 'field', size_cells => 0);
SELECT rpm_features(1, 'field', cell_size_m => -1);
SELECT rpm_features(1, 'field', size_cells => 60000);
UPDATE rpm.scene SET extent = ST_MakeEnvelope(0, 0, 500, 500, 32632) WHERE name = 'field';
SELECT rpm_features(1, 'field');
UPDATE rpm.scene SET extent = NULL, road_relation = 'mast', land_use_relation = 'hall' WHERE name = 'field';
SELECT ST_NumBands(rpm_features(1, 'field', '{road}', size_cells => 80)) AS points_are_no_roads;
SELECT rpm_features(1, 'field', '{land_use}', size_cells => 80);
UPDATE rpm.scene SET road_relation = 'rpm.road', land_use_relation = 'rpm.land_use' WHERE name = 'field';
UPDATE hall SET geom = ST_SetSRID(geom, 32633) WHERE building_id = 1;
SELECT rpm_features(1, 'field', size_cells => 80);
UPDATE hall SET geom = ST_SetSRID(geom, 32632), height_m = -3 WHERE building_id = 1;
SELECT rpm_features(1, 'field', size_cells => 80);
INSERT INTO rpm.land_use (name, geom, class) VALUES ('lake', ST_MakeEnvelope(0, 0, 1, 1, 32632), 24);
INSERT INTO rpm.land_use (name, geom, class) VALUES ('lake', 'SRID=32632;POINT(0 0)', 2);
INSERT INTO rpm.land_use (name, geom, class) VALUES ('lake', ST_MakeEnvelope(0, 0, 1, 1), 2);
INSERT INTO rpm.land_use (name, geom, class) VALUES ('lake', ST_MakeEnvelope(0, 0, 'NaN', 1, 32632), 2);
INSERT INTO rpm.land_use (name, geom, class) VALUES ('lake', 'SRID=32632;POLYGON EMPTY', 2);
INSERT INTO rpm.road (name, geom, width_m) VALUES ('lane', 'SRID=32632;LINESTRING(0 0, 1 1)', -1);
INSERT INTO rpm.road (name, geom) VALUES ('lane', 'SRID=32632;POINT(0 0)');
INSERT INTO rpm.road (name, geom) VALUES ('lane', 'LINESTRING(0 0, 1 1)');
INSERT INTO rpm.road (name, geom) VALUES ('lane', 'SRID=32632;LINESTRING EMPTY');
INSERT INTO rpm.road (name, geom) VALUES ('lane', ST_SetSRID(ST_MakeLine(ST_MakePoint(0, 0), ST_MakePoint('NaN', 1)), 32632));
SELECT * FROM rpm_feature_names('{tall}');
SELECT count(*), max(band) FROM rpm_feature_names();

-- a large raster, which is written as PostGIS stores it, is what PostGIS makes of its well-known binary; odd numbers of cells need filling
SELECT n AS cells, r::bytea = ST_RastFromWKB(ST_AsBinary(r))::bytea AS same, ST_NumBands(r) AS bands, ST_BandNoDataValue(r, 3) AS nodata,
	(ST_SummaryStats(r, 3)).count
FROM (VALUES (40), (151), (256)) AS s (n), rpm_features(1, 'field', '{free_space_dbm,distance_m,azimuth_off_deg}', size_cells => n) AS r;

-- rights: only the layers of the channels asked for are read
CREATE ROLE regress_rpm_nobody;
GRANT SELECT ON rpm.scene, mast TO regress_rpm_nobody;
SET LOCAL ROLE regress_rpm_nobody;
SELECT ST_NumBands(rpm_features(1, 'field', '{free_space_dbm,distance_m}', size_cells => 8)) AS bands;
SELECT rpm_features(1, 'field', '{road}', size_cells => 8);
SELECT rpm_features(1, 'field', '{line_of_sight}', size_cells => 8);
RESET ROLE;
ROLLBACK;
