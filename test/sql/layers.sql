-- Vector layers and reports of published products.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
BEGIN;
\set ON_ERROR_ROLLBACK on
CREATE SCHEMA regress_layers;
SET LOCAL search_path = regress_layers, public;

-- published products are ordinary tables: two made by hand have known answers; 4 x 4 cells of 10 m in two tiles each
CREATE TABLE hand (rid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, antenna_id bigint NOT NULL, rast raster NOT NULL);
INSERT INTO hand (antenna_id, rast)
SELECT antenna_id, ST_Tile(ST_SetValues(
	ST_AddBand(ST_MakeEmptyRaster(4, 4, 691000, 5334040, 10, -10, 0, 0, 32632), '32BF'::text, -9999, -9999), 1, 1, 1, level::float8[]), 2, 4)
FROM (VALUES
	(1, '{{-70, -75, -75.1, -85}, {-85.1, -95, -100, -105}, {-105.1, -115, -115.1, -9999}, {-9999, -9999, -9999, -60}}'),
	(16777217, '{{-80, -80, -80, -80}, {-80, -90, -90, -80}, {-80, -90, -90, -80}, {-80, -80, -80, -80}}')) AS v (antenna_id, level);
CREATE TABLE hand_server (rid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, rast raster NOT NULL);
INSERT INTO hand_server (rast)
SELECT ST_Tile(ST_SetValues(
	ST_AddBand(ST_MakeEmptyRaster(4, 4, 691000, 5334040, 10, -10, 0, 0, 32632), '32BSI'::text, -2147483648, -2147483648), 1, 1, 1,
	'{{1, 1, 16777216, 16777216}, {1, 16777217, 16777217, 16777216}, {1, 16777217, 16777217, 2147483647}, {-2147483648, -2147483648, 1, 1}}'::float8[]), 2, 4);
INSERT INTO rpm.coverage (name, scene, product, table_schema, table_name, srid, cell_size_m, extent)
SELECT t, 'by hand', p, 'regress_layers', t, 32632, 10, ST_MakeEnvelope(691000, 5334000, 691040, 5334040, 32632)
FROM (VALUES ('hand', 'rsrp_dbm'), ('hand_server', 'best_server')) AS v (t, p);

-- every class, also empty ones; the lower limit belongs to its class
SELECT antenna_id, lower_value, upper_value, label, cells, area_m2, area_km2, round(percent::numeric, 2) AS percent FROM rpm_coverage_report('hand');
SELECT antenna_id, label, cells FROM rpm_coverage_report('regress_layers.hand', ARRAY[-80, -100]);
SELECT antenna_id, label, cells, area_m2, round(percent::numeric, 2) AS percent FROM rpm_coverage_report('hand_server');

-- one polygon per class and antenna, across tiles, with its holes
SELECT contour_id, antenna_id, lower_value, upper_value, label, colour, ST_Area(geom) AS area_m2, ST_NumGeometries(geom) AS parts,
	ST_GeometryType(geom), ST_SRID(geom) AS srid, ST_IsValid(geom) AS valid
FROM rpm_contours('hand') ORDER BY contour_id;
SELECT contour_id, label, ST_Area(geom) AS area_m2, ST_NRings(geom) AS rings, ST_AsText(ST_Envelope(geom)) AS box
FROM rpm_contours('hand', ARRAY[-85]) WHERE antenna_id = 16777217 ORDER BY contour_id;
SELECT antenna_id, area_m2, ST_NumGeometries(geom) AS parts, ST_SRID(geom) AS srid, ST_IsValid(geom) AS valid FROM rpm_best_server_polygons('hand_server');

-- the areas of report and layer agree
SELECT count(*) AS classes, bool_and(r.area_m2 = ST_Area(c.geom)) AS agree
FROM rpm_coverage_report('hand') AS r JOIN rpm_contours('hand') AS c USING (antenna_id, lower_value);

-- own classes
DELETE FROM rpm.class WHERE scheme = 'rsrp_dbm' AND NOT builtin;
INSERT INTO rpm.class (scheme, lower_value, upper_value, label, colour) VALUES ('rsrp_dbm', -75, 'Infinity', 'excellent', '#00ff00');
SELECT label, cells FROM rpm_coverage_report('hand') WHERE antenna_id = 1 AND lower_value = -75;

-- the views that QGIS lists
SELECT rpm.create_vector_view('regress_layers', 'hand', 'rsrp_dbm', 32632);
SELECT rpm.create_vector_view('regress_layers', 'hand_server', 'best_server', 32632);
SELECT rpm.create_vector_view('regress_layers', 'hand', 'rsrp_dbm', 32632);
SELECT f_table_name, f_geometry_column, srid, type FROM geometry_columns WHERE f_table_schema = 'regress_layers' ORDER BY 1;
SELECT attrelid::regclass, attname, format_type(atttypid, atttypmod) FROM pg_attribute
WHERE attrelid IN ('hand_contour'::regclass, 'hand_server_polygon'::regclass) AND attnum > 0 ORDER BY 1, attnum;
SELECT count(*), count(DISTINCT contour_id), round(sum(ST_Area(geom))) AS area_m2 FROM hand_contour;
SELECT count(*), sum(area_m2) FROM hand_server_polygon;

-- refusals
SELECT * FROM rpm_contours('no such coverage');
SELECT * FROM rpm_contours(NULL);
SELECT * FROM rpm_contours('hand_server');
SELECT * FROM rpm_best_server_polygons('hand');
SELECT * FROM rpm_contours('hand', '{}');
SELECT * FROM rpm_contours('hand', '{-90, NaN}');
SELECT * FROM rpm_coverage_report('hand', '{-90, NULL}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM rpm_coverage_report('no such coverage');
DROP VIEW hand_contour;
DROP TABLE hand;
SELECT * FROM rpm_coverage_report('hand');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
