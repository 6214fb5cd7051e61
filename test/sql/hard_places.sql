-- Antennas and receivers where it is hard, and askings that have no end: a level everywhere, or an error that names the antenna.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on
CREATE TEMPORARY TABLE house AS
SELECT n AS building_id, ST_MakeEnvelope(691000 + 40 * n, 5336020, 691020 + 40 * n, 5336180, 32632) AS geom, 12.0 + n % 3 AS height_m,
	'concrete' AS wall_material, 'concrete' AS roof_material
FROM generate_series(1, 4) AS n;
-- a house wall to wall with the first one
INSERT INTO house VALUES (5, ST_MakeEnvelope(691060, 5336020, 691070, 5336100, 32632), 9, 'concrete', 'concrete');
CREATE TEMPORARY TABLE mast (LIKE rpm.antenna INCLUDING DEFAULTS, place text);
INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation, antenna_relation)
VALUES ('hard', 32632, ST_MakeEnvelope(691000, 5336000, 691240, 5336200, 32632), 10, 'house', 'mast');
INSERT INTO mast (antenna_id, place, geom, height_m, frequency_mhz, rs_power_dbm, pattern)
SELECT n, place, ST_SetSRID(ST_MakePoint(x, y), 32632), height_m, 3500, 15, 'isotropic'
FROM (VALUES
	(1, 'on the edge of a roof', 691040, 5336100, 13),
	(2, 'on the corner of a roof', 691040, 5336020, 13),
	(3, 'on a wall', 691040, 5336100, 6),
	(4, 'a millimetre before a wall', 691039.999, 5336100, 6),
	(5, 'a millimetre above a roof', 691050, 5336100, 13.001),
	(6, 'at the foot of a wall', 691040, 5336100, 0.001),
	(7, 'in the corner of two houses', 691060.001, 5336100.001, 6),
	(8, 'on the edge that two houses share', 691060, 5336100, 9),
	(9, 'on the rim of the extent', 691000, 5336000, 20),
	(10, 'a millimetre behind a wall', 691040.001, 5336100, 6),
	(11, 'on the wall between two houses', 691060, 5336060, 6)) AS p (n, place, x, y, height_m);

-- Every cell outdoors has a level, none is above free space a wavelength away; those inside are refused by name.
CREATE FUNCTION pg_temp.levels(antenna integer, mechanisms text[], OUT cells bigint, OUT possible boolean) LANGUAGE sql AS $$
	SELECT count(v), min(v) > -220 AND max(v) < 0
	FROM rpm_trace('hard', antennas => ARRAY[antenna], mechanisms => mechanisms, max_depth => 3, samples => 2000, quantity => 'path_gain_db') AS t, unnest(ST_DumpValues(t.rast, 1)) AS v
$$;
SELECT place, all_ways.*, plain.cells = all_ways.cells AS as_many
FROM mast, pg_temp.levels(antenna_id::integer, '{line_of_sight,reflection,diffraction,over_roofs,around_corners,roof_reflection,scattering}') AS all_ways,
	pg_temp.levels(antenna_id::integer, '{over_roofs}') AS plain
WHERE antenna_id < 10 ORDER BY antenna_id;
SELECT pg_temp.levels(10, '{over_roofs}');
\echo :LAST_ERROR_SQLSTATE
SELECT pg_temp.levels(11, '{over_roofs}');
\echo :LAST_ERROR_SQLSTATE

-- Receivers on the rim of the ground plane, which ends 1 km beyond the buildings, and beyond it; on walls; as high as a roof.
SELECT count(v) = 40 * 40 AS all_of_them FROM rpm_trace('hard', antennas => '{1}', extent => ST_MakeEnvelope(689000, 5334000, 693000, 5338000, 32632), cell_size_m => 100,
	mechanisms => '{line_of_sight,reflection,diffraction,over_roofs}', samples => 0) AS t, unnest(ST_DumpValues(t.rast, 1)) AS v;
SELECT count(v) AS on_a_wall FROM rpm_trace('hard', antennas => '{9}', template => ST_MakeEmptyRaster(1, 20, 691039.5, 5336180, 1, -8, 0, 0, 32632), samples => 0) AS t, unnest(ST_DumpValues(t.rast, 1)) AS v;
SELECT count(v) AS as_high_as_a_roof FROM rpm_trace('hard', antennas => '{9}', receiver_height_m => 13, samples => 0) AS t, unnest(ST_DumpValues(t.rast, 1)) AS v;

-- What would never end: the deepest chains over everything, an error that no rays reach.  It ends, and says so.
SELECT count(v) > 0 AS ended FROM rpm_trace('hard', antennas => '{9}', max_depth => 30, samples => 2000,
	mechanisms => '{line_of_sight,reflection,diffraction,over_roofs,around_corners,roof_reflection,refraction,scattering}') AS t, unnest(ST_DumpValues(t.rast, 1)) AS v;
SELECT rpm_trace('hard', antennas => '{9}', max_depth => 31);
\echo :LAST_ERROR_SQLSTATE
CREATE FUNCTION pg_temp.asked(target double precision) RETURNS TABLE (cells bigint) LANGUAGE sql AS $$
	SELECT count(v) FROM rpm_trace('hard', antennas => '{9}', mechanisms => '{reflection}', max_depth => 4, samples => 4000, target_error_db => target) AS t, unnest(ST_DumpValues(t.rast, 1)) AS v
$$;
SET LOCAL client_min_messages = warning;
SELECT cells > 0 AS some FROM pg_temp.asked(0.001);
SELECT cells > 0 AS some FROM pg_temp.asked(100);
SET LOCAL client_min_messages = notice;
SELECT pg_temp.asked(1e-300);
\echo :LAST_ERROR_SQLSTATE
SELECT pg_temp.asked(-1);
\echo :LAST_ERROR_SQLSTATE
SELECT pg_temp.asked('Infinity');
\echo :LAST_ERROR_SQLSTATE
-- Single paths from there.
SELECT bool_and(paths > 0) AS some_each FROM (SELECT antenna_id, (SELECT count(*) FROM rpm_paths(antenna_id, 'SRID=32632;POINT(691010 5336100)', 'hard', max_depth => 2)) AS paths
	FROM mast WHERE antenna_id < 7) AS p;
-- Far outside of the frequencies that the bound is stated for.
UPDATE mast SET frequency_mhz = 30;
SELECT pg_temp.levels(9, '{line_of_sight,diffraction,over_roofs}');
UPDATE mast SET frequency_mhz = 300000;
SELECT pg_temp.levels(9, '{line_of_sight,diffraction,over_roofs}');
ROLLBACK;
