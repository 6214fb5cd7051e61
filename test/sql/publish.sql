-- Products into tables of their own: structure, replacement, catalogue, refusals.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
BEGIN;
\set ON_ERROR_ROLLBACK on
CREATE SCHEMA regress_publish;
SET LOCAL search_path = regress_publish, public;

-- a user's own table of buildings; two antennas whose ids differ in the last of 25 bits
CREATE TABLE house AS
SELECT i::bigint AS building_id, ST_MakeEnvelope(691100 + 120 * i, 5334100, 691160 + 120 * i, 5334300, 32632) AS geom, 15.0::float8 AS height_m
FROM generate_series(1, 3) AS i;
DELETE FROM rpm.antenna;
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, channel, rs_power_dbm, pattern) VALUES
	(1, 'west', 'SRID=32632;POINT(691110 5334200)', 25, 2140, 1, 18, 'isotropic'),
	(16777216, 'middle', 'SRID=32632;POINT(691350 5334450)', 25, 2140, 1, 18, 'isotropic'),
	(16777217, 'east', 'SRID=32632;POINT(691650 5334200)', 25, 2140, 1, 15, 'isotropic'),
	(3, 'off', 'SRID=32632;POINT(691650 5334400)', 25, 2140, 1, 15, 'isotropic');
UPDATE rpm.antenna SET active = false WHERE antenna_id = 3;
INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation)
VALUES ('Regress yard', 32632, ST_MakeEnvelope(691000, 5334000, 691720, 5334500, 32632), 2, 'house');

SELECT rpm_publish('Regress yard', mechanisms => '{line_of_sight}', overviews => true);

-- key, index, constraints, overview, catalogue
SELECT attname, format_type(atttypid, atttypmod), attnotnull, attidentity FROM pg_attribute
WHERE attrelid = 'regress_yard_rsrp_dbm'::regclass AND attnum > 0 ORDER BY attnum;
SELECT indexdef FROM pg_indexes WHERE tablename = 'regress_yard_rsrp_dbm' ORDER BY indexname;
SELECT r_table_name, srid, scale_x, scale_y, blocksize_x, blocksize_y, same_alignment, num_bands, pixel_types, nodata_values, ST_AsText(extent) AS extent
FROM raster_columns WHERE r_table_schema = 'regress_publish' ORDER BY 1;
SELECT o_table_name, r_table_name, overview_factor FROM raster_overviews WHERE r_table_schema = 'regress_publish';
SELECT name, scene, product, table_schema, table_name, srid, cell_size_m, ST_AsText(ST_Normalize(extent)) AS extent, parameters FROM rpm.coverage;
SELECT deptype FROM pg_depend WHERE objid = 'regress_yard_rsrp_dbm'::regclass AND refclassid = 'pg_extension'::regclass;

-- whole grid of every active antenna
SELECT antenna_id, count(*) AS tiles, sum(ST_Width(rast) * ST_Height(rast)) AS cells FROM regress_yard_rsrp_dbm GROUP BY 1 ORDER BY 1;
SELECT antenna_id, count(*) AS tiles, sum(ST_Width(rast) * ST_Height(rast)) AS cells FROM o_2_regress_yard_rsrp_dbm GROUP BY 1 ORDER BY 1;
-- an overview's cell is one of the four below it
SELECT count(*) > 0 AS compared, bool_and(EXISTS (
		SELECT FROM regress_yard_rsrp_dbm AS f WHERE f.antenna_id = p.antenna_id AND ST_Intersects(ST_ConvexHull(f.rast), p.geom)
			AND ST_Value(f.rast, ST_Translate(p.geom, 1, -1)) IS NOT DISTINCT FROM nullif(p.val, -9999))) AS same
FROM (SELECT o.antenna_id, (ST_PixelAsCentroids(o.rast, 1, false)).* FROM o_2_regress_yard_rsrp_dbm AS o) AS p
WHERE p.x % 37 = 0 AND p.y % 41 = 0;

-- one antenna's map is replaced, the others' rows and the constraints are left alone
CREATE TEMPORARY TABLE before AS SELECT rid, antenna_id FROM regress_yard_rsrp_dbm;
CREATE TEMPORARY TABLE constraint_before AS SELECT oid FROM pg_constraint WHERE conrelid = 'regress_yard_rsrp_dbm'::regclass;
CREATE TEMPORARY TABLE table_before AS SELECT 'regress_yard_rsrp_dbm'::regclass::oid AS oid;
SELECT rpm_publish('Regress yard', antennas => '{16777217}');
SELECT a.antenna_id, count(*) AS tiles, bool_and(b.rid IS NOT NULL) AS same_rows
FROM regress_yard_rsrp_dbm AS a LEFT JOIN before AS b USING (rid) GROUP BY 1 ORDER BY 1;
SELECT count(*) FILTER (WHERE b.oid IS NULL) AS new_constraints FROM pg_constraint AS a LEFT JOIN constraint_before AS b USING (oid)
WHERE conrelid = 'regress_yard_rsrp_dbm'::regclass;
-- an antenna that is switched off is added where it is named
SELECT rpm_publish('Regress yard', antennas => '{3}');
SELECT DISTINCT antenna_id FROM regress_yard_rsrp_dbm ORDER BY 1;
SELECT rpm_publish('Regress yard', antennas => '{1}', max_depth => 2);
SELECT rpm_publish('Regress yard', antennas => '{1}', overviews => false);
-- the overview has it too
SELECT DISTINCT antenna_id FROM o_2_regress_yard_rsrp_dbm ORDER BY 1;

-- the whole anew, on another grid: same table, same view, new constraints; the antenna that is switched off has gone
SELECT rpm_publish('Regress yard', cell_size_m => 4, mechanisms => '{line_of_sight}');
SELECT oid = 'regress_yard_rsrp_dbm'::regclass AS same_table FROM table_before;
SELECT DISTINCT antenna_id FROM regress_yard_rsrp_dbm ORDER BY 1;
SELECT r_table_name, scale_x, blocksize_x, blocksize_y, ST_AsText(extent) AS extent FROM raster_columns WHERE r_table_schema = 'regress_publish' ORDER BY 1;
SELECT parameters FROM rpm.coverage;
-- taken off and made again
SELECT rpm_publish('Regress yard', cell_size_m => 4, mechanisms => '{line_of_sight}', overviews => false);
SELECT count(*) FROM raster_overviews WHERE r_table_schema = 'regress_publish';
SELECT rpm_publish('Regress yard', cell_size_m => 4, mechanisms => '{line_of_sight}');
SELECT rpm_publish('Regress yard', antennas => '{1}', overviews => false);
SELECT rpm_publish('Regress yard', antennas => '{1}', overviews => true);
SELECT count(*) FROM raster_overviews WHERE r_table_schema = 'regress_publish';
SELECT rpm_publish('Regress yard', cell_size_m => 4, mechanisms => '{line_of_sight}', overviews => true);
SELECT o_table_name, overview_factor FROM raster_overviews WHERE r_table_schema = 'regress_publish' ORDER BY 1;
SELECT parameters FROM rpm.coverage;

-- products of all antennas, out of the published maps
SELECT rpm_publish('Regress yard', 'best_server', cell_size_m => 4, mechanisms => '{line_of_sight}');
SELECT rpm_publish('Regress yard', 'strongest', 'regress_publish.level', cell_size_m => 4, mechanisms => '{line_of_sight}');
SELECT rpm_publish('Regress yard', 'sinr_db', cell_size_m => 4, mechanisms => '{line_of_sight}');
SELECT name, product, table_name FROM rpm.coverage ORDER BY coverage_id;
-- overviews unless told otherwise: of what is looked at, not of a table of many antennas
SELECT rpm_publish('Regress yard', 'path_gain_db', 'gain', cell_size_m => 4, mechanisms => '{line_of_sight}');
SELECT rpm_publish('Regress yard', 'strongest', 'plain', cell_size_m => 4, mechanisms => '{line_of_sight}', overviews => false);
SELECT c.table_name, array_agg(o.overview_factor) FILTER (WHERE o.overview_factor IS NOT NULL) AS overviews
FROM rpm.coverage AS c LEFT JOIN raster_overviews AS o ON o.r_table_schema = c.table_schema AND o.r_table_name = c.table_name GROUP BY 1 ORDER BY 1;
SELECT rpm_unpublish('gain'), rpm_unpublish('plain');
SELECT DISTINCT (ST_BandMetadata(rast)).pixeltype FROM regress_yard_best_server;
-- the strongest level is the highest of the antennas', and the best server the antenna it comes from
SELECT count(*) > 100 AS compared, bool_and(s.level = a.level) AS highest, bool_and(b.antenna_id = a.antenna_id) AS from_it
FROM (SELECT p.geom, p.val AS level FROM level AS l, ST_PixelAsCentroids(l.rast) AS p WHERE p.x % 7 = 0 AND p.y % 5 = 0) AS s,
	LATERAL (SELECT r.antenna_id, ST_Value(r.rast, s.geom) AS level FROM regress_yard_rsrp_dbm AS r WHERE ST_Intersects(r.rast, s.geom)
		ORDER BY 2 DESC NULLS LAST, 1 LIMIT 1) AS a,
	LATERAL (SELECT ST_Value(r.rast, s.geom)::bigint AS antenna_id FROM regress_yard_best_server AS r WHERE ST_Intersects(r.rast, s.geom)) AS b;
-- SINR is what the aggregate gives by hand, also where antennas have no channel: those of one frequency interfere
UPDATE rpm.antenna SET channel = NULL, frequency_mhz = CASE antenna_id WHEN 1 THEN 2140 ELSE 2145 END;
SELECT rpm_publish('Regress yard', mechanisms => '{line_of_sight}', table_name => 'two_carriers', cell_size_m => 10);
SELECT rpm_publish('Regress yard', 'sinr_db', 'sinr_of_two_carriers', mechanisms => '{line_of_sight}', cell_size_m => 10);
SELECT count(*) AS tiles, bool_and(ST_AsBinary(p.rast) = ST_AsBinary(h.rast)) AS same
FROM sinr_of_two_carriers AS p,
	(SELECT rpm_sinr(t.rast, a.channel, a.frequency_mhz, a.load, rpm_thermal_noise_dbm(9)) AS rast
	FROM two_carriers AS t JOIN rpm.antenna AS a USING (antenna_id)) AS h;
UPDATE rpm.antenna SET channel = 1, frequency_mhz = 2140;
SELECT rpm_unpublish('two_carriers'), rpm_unpublish('sinr_of_two_carriers');
-- or out of maps traced for them
SELECT rpm_publish('Regress yard', 'best_server', 'traced', antennas => '{1, 3}', cell_size_m => 10);
SELECT DISTINCT v.value::bigint AS antenna_id FROM traced, ST_ValueCount(rast) AS v ORDER BY 1;

-- refusals
SELECT rpm_publish('no such scene');
SELECT rpm_publish(NULL);
SELECT rpm_publish('Regress yard', 'colour');
SELECT rpm_publish('Regress yard', NULL);
SELECT rpm_publish('Regress yard', antennas => '{}');
SELECT rpm_publish('Regress yard', antennas => '{1, NULL}');
SELECT rpm_publish('Regress yard', table_name => 'house');
SELECT rpm_publish('Regress yard', table_name => 'level');
SELECT rpm_publish('Regress yard', table_name => 'no_schema.level');
SELECT rpm_publish('Regress yard', table_name => 'a.b.c');
SELECT rpm_publish('Regress yard', table_name => repeat('x', 51));
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE traced RENAME rast TO picture;
SELECT rpm_publish('Regress yard', 'best_server', 'traced', cell_size_m => 10);
\echo :LAST_ERROR_SQLSTATE
ALTER TABLE traced RENAME picture TO rast;
CREATE TABLE trap_contour ();
SELECT rpm_publish('Regress yard', table_name => 'trap', cell_size_m => 20, mechanisms => '{line_of_sight}');
-- an error leaves nothing behind
SELECT to_regclass('trap'), to_regclass('o_2_trap'), (SELECT count(*) FROM rpm.coverage WHERE name = 'trap');
-- a temporary table of the name that rpm_publish uses is somebody's; nowhere to make a table
CREATE TEMPORARY TABLE rpm_tiles AS SELECT 'mine' AS mine;
SELECT rpm_publish('Regress yard', table_name => 'coarse', cell_size_m => 20, mechanisms => '{line_of_sight}');
TABLE rpm_tiles;
DROP TABLE rpm_tiles;
SET LOCAL search_path = '';
SELECT public.rpm_publish('Regress yard', 'strongest');
SET LOCAL search_path = regress_publish, public;

-- the same name in two schemas
SET LOCAL search_path = public;
SELECT rpm_publish('Regress yard', table_name => 'level', cell_size_m => 20, mechanisms => '{line_of_sight}');
SELECT name, table_schema, table_name FROM rpm.coverage WHERE table_name = 'level' ORDER BY 1;
SELECT rpm_unpublish('public.level');
SET LOCAL search_path = regress_publish, public;

-- taken back
SELECT rpm_unpublish('no such coverage');
DROP TABLE traced CASCADE;
SELECT rpm_unpublish(name) FROM rpm.coverage ORDER BY coverage_id;
SELECT relname FROM pg_class WHERE relnamespace = 'regress_publish'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1;
SELECT count(*) FROM rpm.coverage;
ROLLBACK;
