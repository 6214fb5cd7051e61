-- Scenes: the same city in every form, order, place and number of threads gives the same map; what a second call keeps and sees; problems.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on
SET LOCAL client_min_messages = warning;

-- Cells of two maps of one grid: with values, with a value in one only, that differ by more than 1e-3 dB and by more than 1e-6 dB (the last digit of a
-- pixel in single precision is worth 8e-6 dB at -100 dB: none may differ).
CREATE FUNCTION pg_temp.differences(a raster, b raster, OUT valued bigint, OUT in_one bigint, OUT over_1e_3 bigint, OUT over_1e_6 bigint) LANGUAGE sql AS $$
	SELECT count(x), count(*) FILTER (WHERE (x IS NULL) <> (y IS NULL)), count(*) FILTER (WHERE abs(x - y) > 1e-3), count(*) FILTER (WHERE abs(x - y) > 1e-6)
	FROM unnest(ST_DumpValues(a, 1), ST_DumpValues(b, 1)) AS v (x, y) WHERE ST_SameAlignment(a, b)
$$;
-- A box as the faces of its walls and roof: rings of a surface with Z, from the ground at 0; its own corner first, so that Z comes in any order.
CREATE FUNCTION pg_temp.faces(x0 float8, y0 float8, x1 float8, y1 float8, h float8, triangles boolean) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT CASE WHEN triangles THEN format('((%s,%s,%s,%s)),((%s,%s,%s,%s))', f[1], f[2], f[3], f[1], f[1], f[3], f[4], f[1])
		ELSE format('((%s,%s,%s,%s,%s))', f[1], f[2], f[3], f[4], f[1]) END
	FROM (SELECT format('%s %s ', x0, y0) AS sw, format('%s %s ', x1, y0) AS se, format('%s %s ', x1, y1) AS ne, format('%s %s ', x0, y1) AS nw) AS p,
		LATERAL (VALUES (ARRAY[sw || 0, se || 0, se || h, sw || h]), (ARRAY[se || h, se || 0, ne || 0, ne || h]), (ARRAY[nw || 0, nw || h, ne || h, ne || 0]),
			(ARRAY[sw || h, nw || h, nw || 0, sw || 0]), (ARRAY[sw || h, se || h, ne || h, nw || h])) AS face (f)
$$;
CREATE TEMPORARY TABLE box (n bigint, x0 float8, y0 float8, x1 float8, y1 float8, h float8);
INSERT INTO box VALUES (1, 691040, 5336030, 691060, 5336080, 18), (2, 691075, 5336030, 691110, 5336045, 12.5), (3, 691075, 5336060, 691090, 5336090, 25),
	(4, 691020.125, 5336100.5, 691070.25, 5336112.75, 9);
CREATE TEMPORARY TABLE footprint AS
SELECT n AS building_id, ST_MakeEnvelope(x0, y0, x1, y1, 32632) AS geom, h AS height_m, 'concrete'::text AS wall_material, 'brick'::text AS roof_material FROM box;
CREATE FUNCTION pg_temp.surface(kind text, triangles boolean) RETURNS TABLE (building_id bigint, geom geometry, height_m float8, wall_material text, roof_material text) LANGUAGE sql AS $$
	SELECT n, ST_GeomFromEWKT(format('SRID=32632;%s Z (%s)', kind, (SELECT string_agg(f, ',') FROM pg_temp.faces(x0, y0, x1, y1, h, triangles) AS f))), NULL::float8, 'concrete', 'brick' FROM box
$$;
CREATE TEMPORARY TABLE tin AS SELECT * FROM pg_temp.surface('TIN', true);
CREATE TEMPORARY TABLE polyhedral AS SELECT * FROM pg_temp.surface('POLYHEDRALSURFACE', false);
CREATE TEMPORARY TABLE multi AS SELECT * FROM pg_temp.surface('MULTIPOLYGON', false);
CREATE TEMPORARY TABLE shuffled AS SELECT * FROM footprint ORDER BY building_id % 2, building_id DESC;
-- A user's own names and units: a view gives them the columns that a scene asks for.
CREATE TEMPORARY TABLE cadastre (parcel bigint, outline geometry(MultiPolygon, 25832), storeys float8);
INSERT INTO cadastre SELECT building_id, ST_Multi(ST_SetSRID(geom, 25832)), height_m / 3 FROM footprint;
CREATE TEMPORARY VIEW cadastre_building AS
SELECT parcel AS building_id, ST_SetSRID(outline, 32632) AS geom, storeys * 3 AS height_m, 'brick'::text AS roof_material FROM cadastre;
CREATE TEMPORARY TABLE mast (LIKE rpm.antenna INCLUDING DEFAULTS);
INSERT INTO mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg, electrical_tilt_deg) VALUES
	(1, ST_SetSRID(ST_MakePoint(691066.3, 5336052.7), 32632), 20, 3500, 0, 100, 5);
INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation, antenna_relation)
SELECT form, 32632, ST_MakeEnvelope(691000, 5336000, 691140, 5336130, 32632), 2, form::regclass, 'mast'
FROM unnest(ARRAY['footprint', 'tin', 'polyhedral', 'multi', 'shuffled', 'cadastre_building']) AS form;
CREATE TEMPORARY TABLE map (scene text, run text, rast raster);
CREATE FUNCTION pg_temp.keep(scene text, run text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO map SELECT scene, run, rast FROM rpm_trace(scene, mechanisms => '{line_of_sight,reflection,refraction,diffraction,scattering}', max_depth => 2, samples => 100000)
$$;
UPDATE rpm.material SET scattering_coefficient = 0.3 WHERE name IN ('concrete', 'brick');

-- Forms and order.
SELECT pg_temp.keep(name, 'form') FROM rpm.scene WHERE antenna_relation = 'mast'::regclass ORDER BY name COLLATE "C" \g /dev/null
SELECT s.name, building_count, facet_count, wedge_count, problem_count FROM rpm.scene AS s, rpm_scene_summary(s.name)
WHERE antenna_relation = 'mast'::regclass ORDER BY name COLLATE "C";
SELECT b.scene, d.* FROM map AS a, map AS b, pg_temp.differences(a.rast, b.rast) AS d WHERE a.scene = 'footprint' AND b.scene <> 'footprint' ORDER BY b.scene COLLATE "C";

-- Threads, runs, and a scene built anew.
SET LOCAL rpm_pg.threads = 1;
SELECT pg_temp.keep('footprint', 'one thread') \g /dev/null
SET LOCAL rpm_pg.threads = 2;
SELECT pg_temp.keep('footprint', 'two threads') \g /dev/null
SELECT pg_temp.keep('footprint', 'second run') \g /dev/null
RESET rpm_pg.threads;
SELECT rpm_scene_release() > 0 AS released;
SELECT pg_temp.keep('footprint', 'built anew') \g /dev/null
SELECT b.run, d.* FROM map AS a, map AS b, pg_temp.differences(a.rast, b.rast) AS d
WHERE a.run = 'form' AND a.scene = 'footprint' AND b.run <> 'form' ORDER BY b.run COLLATE "C";

-- The same city elsewhere in the zone, with the azimuth on the grid held: 99.9 % of the cells to 1e-3 dB.
CREATE TEMPORARY TABLE moved AS SELECT building_id, ST_Translate(geom, -150000, 60000) AS geom, height_m, wall_material, roof_material FROM footprint;
CREATE TEMPORARY TABLE moved_mast AS SELECT * FROM mast;
UPDATE moved_mast SET geom = ST_Translate(geom, -150000, 60000),
	azimuth_deg = azimuth_deg - rpm_grid_convergence(geom) + rpm_grid_convergence(ST_Translate(geom, -150000, 60000));
SELECT round(azimuth_deg::numeric, 2) AS azimuth_deg FROM moved_mast;
INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation, antenna_relation)
VALUES ('moved', 32632, ST_MakeEnvelope(541000, 5396000, 541140, 5396130, 32632), 2, 'moved', 'moved_mast');
SELECT pg_temp.keep('moved', 'moved') \g /dev/null
SELECT in_one <= valued / 1000 AND over_1e_3 <= valued / 1000 AS the_same, valued > 3000 AS many
FROM map AS a, map AS b, pg_temp.differences(a.rast, ST_SetUpperLeft(b.rast, ST_UpperLeftX(b.rast) + 150000, ST_UpperLeftY(b.rast) - 60000)) AS d
WHERE a.run = 'form' AND a.scene = 'footprint' AND b.run = 'moved';
-- Azimuths from true north, not held on the grid, give another map: 1.5 degrees of convergence lie between.
UPDATE moved_mast SET azimuth_deg = 100;
SELECT pg_temp.keep('moved', 'turned') \g /dev/null
SELECT over_1e_3 > valued / 2 AS turned
FROM map AS a, map AS b, pg_temp.differences(a.rast, b.rast) AS d WHERE a.run = 'moved' AND b.run = 'turned';

-- A second call keeps the scene; what changes is seen at once, and only geometry rebuilds.
CREATE TEMPORARY TABLE plain AS SELECT building_id, geom, height_m FROM footprint;
INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation, antenna_relation)
VALUES ('plain', 32632, ST_MakeEnvelope(691000, 5336000, 691140, 5336130, 32632), 2, 'plain', 'mast');
CREATE TEMPORARY TABLE seen (n serial, what text, built boolean, buildings bigint, level numeric);
-- What a call sees at a point south of building 1, in sight of the antenna, with the wall's reflection, and whether it had to build.
CREATE FUNCTION pg_temp.look(what text, scene text DEFAULT 'plain') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	s record;
BEGIN
	SELECT built, building_count INTO s FROM rpm_scene_summary(scene);
	INSERT INTO seen (what, built, buildings, level)
	SELECT what, s.built, s.building_count, round(ST_Value(rast, ST_SetSRID(ST_MakePoint(691063, 5336051), 32632))::numeric, 2)
	FROM rpm_trace(scene, mechanisms => '{line_of_sight,reflection}', max_depth => 1, sum => 'power');
END
$$;
\o /dev/null
SELECT pg_temp.look('first call');
SELECT pg_temp.look('unchanged');
UPDATE mast SET rs_power_dbm = 10;
SELECT pg_temp.look('antenna 10 dB stronger');
UPDATE mast SET rs_power_dbm = 0;
UPDATE rpm.material SET a = 1, b = 0, c = 0, scattering_coefficient = 0 WHERE name = 'concrete';
SELECT pg_temp.look('walls of air');
UPDATE rpm.material SET a = 5.24, c = 0.0462, d = 0.7822 WHERE name = 'concrete';
SELECT pg_temp.look('walls of concrete again');
UPDATE rpm.scene SET ground_material = 'vacuum' WHERE name = 'plain';
SELECT pg_temp.look('ground of vacuum');
UPDATE rpm.scene SET ground_material = 'medium_dry_ground' WHERE name = 'plain';
SELECT pg_temp.look('ground as before');
UPDATE plain SET height_m = 1 WHERE building_id = 1;
SELECT pg_temp.look('building 1 one metre high');
SELECT pg_temp.look('unchanged');
SAVEPOINT before;
DELETE FROM plain WHERE building_id = 2;
SELECT pg_temp.look('building 2 deleted');
ROLLBACK TO before;
SELECT pg_temp.look('rolled back');
UPDATE plain SET height_m = 18 WHERE building_id = 1;
SELECT pg_temp.look('building 1 as before');
CREATE TEMPORARY TABLE other AS SELECT * FROM plain;
TRUNCATE plain;
INSERT INTO plain SELECT * FROM other;
SELECT pg_temp.look('the same rows written anew');
ALTER TABLE plain ADD COLUMN wall_material text DEFAULT 'vacuum';
SELECT pg_temp.look('a new column: walls of vacuum');
ALTER TABLE plain DROP COLUMN wall_material;
SELECT pg_temp.look('without that column');
ALTER TABLE plain RENAME COLUMN height_m TO height_was;
ALTER TABLE plain ADD COLUMN height_m float8 DEFAULT 2;
SELECT pg_temp.look('a new column: all 2 m high');
UPDATE rpm.scene SET building_relation = 'other' WHERE name = 'plain';
SELECT pg_temp.look('another relation');
SELECT pg_temp.look('first call', 'cadastre_building');
SELECT pg_temp.look('unchanged', 'cadastre_building');
UPDATE cadastre SET storeys = 1 WHERE parcel = 1;
SELECT pg_temp.look('building 1 one storey high', 'cadastre_building');
CREATE OR REPLACE TEMPORARY VIEW cadastre_building AS
SELECT parcel AS building_id, ST_SetSRID(outline, 32632) AS geom, storeys * 3 AS height_m, 'vacuum'::text AS roof_material FROM cadastre WHERE parcel > 1;
SELECT pg_temp.look('a view changed', 'cadastre_building');
SET LOCAL rpm_pg.scene_cache = 0;
SELECT pg_temp.look('nothing is kept', 'cadastre_building');
SELECT pg_temp.look('nothing is kept', 'cadastre_building');
RESET rpm_pg.scene_cache;
\o
SELECT what, built, buildings, level FROM seen ORDER BY n;
-- Wall and roof change places in a view: the same words, another city.
CREATE TEMPORARY TABLE finish (wall_material text, roof_material text);
INSERT INTO finish VALUES ('vacuum', NULL);
CREATE TEMPORARY VIEW finished AS SELECT building_id, geom, height_m, f.wall_material, f.roof_material FROM footprint, finish AS f;
INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation, antenna_relation)
VALUES ('finished', 32632, ST_MakeEnvelope(691000, 5336000, 691140, 5336130, 32632), 2, 'finished', 'mast');
TRUNCATE seen;
SELECT pg_temp.look('wall of vacuum', 'finished') \g /dev/null
UPDATE finish SET wall_material = NULL, roof_material = 'vacuum';
SELECT pg_temp.look('roof of vacuum', 'finished') \g /dev/null
SELECT count(DISTINCT level) AS levels FROM seen;

-- What is wrong with rows is told by id; the others are built.
CREATE TABLE broken (building_id bigint, geom geometry, height_m float8);
INSERT INTO broken VALUES
	(1, 'SRID=32632;POLYGON((691010 5336010, 691030 5336010, 691030 5336030, 691010 5336030, 691010 5336010))', 10),
	(2, 'SRID=32632;POLYGON((691040 5336010, 691060 5336030, 691060 5336010, 691040 5336030, 691040 5336010))', 10),
	(3, 'SRID=32632;POLYGON EMPTY', 10),
	(4, 'SRID=32632;POLYGON((691070 5336010, 691090 5336010, NaN 5336030, 691070 5336010))', 10),
	(5, 'SRID=32632;POLYGON((691070 5336010, 691090 5336010, 691080 5336010, 691070 5336010))', 10),
	(6, 'SRID=32632;POLYGON((691070 5336010, 691090 5336010, 691090 5336030, 691070 5336030, 691070 5336010))', NULL),
	(7, 'SRID=32632;POLYGON((691070 5336040, 691090 5336040, 691090 5336060, 691070 5336060, 691070 5336040))', -5),
	(8, 'SRID=32632;POLYGON((691070 5336070, 691090 5336070, 691090 5336070, 691090 5336090, 691070 5336090, 691070 5336070))', 10),
	(9, 'SRID=32632;POLYGON((691100 5336010, 691120 5336010, 691120 5336030, 691100 5336030, 691100 5336010),(691110 5336020, 691140 5336020, 691140 5336025, 691110 5336025, 691110 5336020))', 10),
	(10, 'SRID=32632;LINESTRING(691100 5336040, 691120 5336040)', 10),
	(11, 'SRID=32632;MULTIPOLYGON Z(((691100 5336040 0, 691120 5336040 0, 691120 5336040 NaN, 691100 5336040 0)))', NULL),
	(12, 'SRID=32632;POLYGON Z((691100 5336070 0, 691120 5336070 0, 691120 5336090 9, 691100 5336090 0, 691100 5336070 0))', NULL),
	(13, 'SRID=32632;POLYGON((691010 5336040, 691030 5336040, 691030 5336060, 691010 5336060, 691010 5336040))', 'NaN');
-- A ring that is not closed comes as bytes only: the last of five corners is cut off.
INSERT INTO broken
SELECT 14, encode(overlay(overlay(substring(e FOR length(e) - 16) PLACING '\x04000000'::bytea FROM 14) PLACING '\x'::bytea FROM 1 FOR 0), 'hex')::geometry, 10
FROM ST_AsEWKB(ST_MakeEnvelope(691010, 5336070, 691030, 5336090, 32632), 'NDR') AS e;
INSERT INTO rpm.scene (name, srid, building_relation, antenna_relation) VALUES ('broken', 32632, 'broken', 'mast');
SELECT * FROM rpm_scene_problems('broken') ORDER BY building_id, problem;
SELECT building_count, problem_count FROM rpm_scene_summary('broken');
SELECT count(*) FROM rpm_scene_problems('footprint');
SET LOCAL client_min_messages = notice;
SELECT ST_Width(rast) > 0 AS traced FROM rpm_trace('broken', mechanisms => '{line_of_sight}', cell_size_m => 10);
-- Strict: a row that needs repair is an error that names it; the report names all of them still.
UPDATE rpm.scene SET strict = true WHERE name = 'broken';
DELETE FROM broken WHERE building_id NOT IN (1, 2, 6, 14);
SELECT building_count FROM rpm_scene_summary('broken');
\echo :LAST_ERROR_SQLSTATE
SELECT antenna_id FROM rpm_trace('broken', mechanisms => '{line_of_sight}');
\echo :LAST_ERROR_SQLSTATE
DELETE FROM broken WHERE building_id = 2;
SELECT building_count FROM rpm_scene_summary('broken');
\echo :LAST_ERROR_SQLSTATE
SELECT building_id, action FROM rpm_scene_problems('broken') ORDER BY 1;
DELETE FROM broken WHERE building_id > 1;
SELECT building_count, problem_count FROM rpm_scene_summary('broken');
ROLLBACK;
