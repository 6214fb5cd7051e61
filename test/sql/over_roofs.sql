-- Over several roofs: the mechanism's name, its default, its share of a map, and that no cell outdoors is without a level.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
CREATE TEMPORARY TABLE house AS
SELECT n AS building_id, ST_MakeEnvelope(691000 + 40 * n, 5336020, 691020 + 40 * n, 5336180, 32632) AS geom, 12.0 + n % 3 AS height_m,
	'concrete' AS wall_material, 'concrete' AS roof_material
FROM generate_series(1, 6) AS n;
CREATE TEMPORARY TABLE mast (LIKE rpm.antenna INCLUDING DEFAULTS);
INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation, antenna_relation)
VALUES ('rows', 32632, ST_MakeEnvelope(691000, 5336000, 691300, 5336200, 32632), 10, 'house', 'mast');
INSERT INTO mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, pattern)
VALUES (1, ST_SetSRID(ST_MakePoint(691010, 5336100), 32632), 8, 3500, 15, 'isotropic');
CREATE FUNCTION pg_temp.cells(VARIADIC mechanisms text[], OUT outdoors bigint, OUT with_level bigint, OUT behind_db numeric) LANGUAGE sql AS $$
	SELECT count(*) FILTER (WHERE o.outdoors), count(v) FILTER (WHERE o.outdoors), 5 * round(ST_Value(rast, ST_SetSRID(ST_MakePoint(691275, 5336105), 32632))::numeric / 5)
	FROM rpm_trace('rows', mechanisms => mechanisms, samples => 1000, quantity => 'path_gain_db') AS t,
		unnest(ST_DumpValues(rast, 1)) WITH ORDINALITY AS cell (v, n),
		LATERAL (SELECT NOT EXISTS (SELECT FROM house WHERE ST_Covers(house.geom, ST_MakeEnvelope(691000 + 10 * ((n - 1) % 30), 5336190 - 10 * ((n - 1) / 30),
			691010 + 10 * ((n - 1) % 30), 5336200 - 10 * ((n - 1) / 30), 32632))) AS outdoors) AS o
	GROUP BY rast
$$;
SELECT 'without' AS map, * FROM pg_temp.cells('line_of_sight', 'diffraction')
UNION ALL SELECT 'with', * FROM pg_temp.cells('line_of_sight', 'diffraction', 'over_roofs')
UNION ALL SELECT 'alone', * FROM pg_temp.cells('over_roofs');
-- Around corners and with a reflection nothing is lost, and some is won; alone they leave holes.
CREATE FUNCTION pg_temp.gains(mechanisms text[]) RETURNS TABLE (v double precision, n bigint) LANGUAGE sql AS $$
	SELECT v, n FROM rpm_trace('rows', mechanisms => mechanisms, samples => 0, quantity => 'path_gain_db') AS t, unnest(ST_DumpValues(rast, 1)) WITH ORDINALITY AS cell (v, n)
$$;
SELECT count(more.v) = count(base.v) AS none_lost, count(*) FILTER (WHERE more.v > base.v + 0.01) > 0 AS some_won, count(*) FILTER (WHERE more.v < base.v - 1) AS weaker,
	count(*) FILTER (WHERE more.v > base.v + 40) AS impossible
FROM pg_temp.gains('{line_of_sight,diffraction,over_roofs}') AS base JOIN pg_temp.gains('{line_of_sight,diffraction,over_roofs,around_corners,roof_reflection}') AS more USING (n);
SELECT count(v) > 0 AS some, count(v) < count(*) / 2 AS with_holes FROM pg_temp.gains('{around_corners}');
SELECT count(v) > 0 AS some, count(v) < count(*) AS with_holes FROM pg_temp.gains('{roof_reflection}');
-- It is among the defaults.
SELECT count(v) AS by_default FROM rpm_trace('rows', samples => 1000), unnest(ST_DumpValues(rast, 1)) AS v;
-- Without strength nothing comes over the roofs; the bound of clutter loss stays.
SELECT count(*) FILTER (WHERE b < a) > 0 AS weaker, count(b) = count(a) AS none_lost
FROM rpm_trace('rows', mechanisms => '{over_roofs}', diffraction_scale => 1) AS x (i, rast), rpm_trace('rows', mechanisms => '{over_roofs}', diffraction_scale => 0) AS y (i, rast),
	unnest(ST_DumpValues(x.rast, 1), ST_DumpValues(y.rast, 1)) AS v (a, b);
-- Indoors: none by default; by the entry loss of P.2109, less of it for few buildings and places.
SELECT pg_temp.cells('line_of_sight') AS by_default;
CREATE FUNCTION pg_temp.indoors(OUT cells bigint, OUT inside_db numeric) LANGUAGE sql AS $$
	SELECT count(v), round(ST_Value(rast, ST_SetSRID(ST_MakePoint(691045, 5336105), 32632))::numeric, 2)
	FROM rpm_trace('rows', mechanisms => '{line_of_sight,over_roofs}', quantity => 'path_gain_db') AS t, unnest(ST_DumpValues(rast, 1)) AS v GROUP BY rast
$$;
SELECT * FROM pg_temp.indoors();
UPDATE rpm.scene SET building_entry = 'traditional' WHERE name = 'rows';
SELECT * FROM pg_temp.indoors();
UPDATE rpm.scene SET building_entry = 'thermally_efficient' WHERE name = 'rows';
SELECT * FROM pg_temp.indoors();
UPDATE rpm.scene SET building_entry_percent = 10 WHERE name = 'rows';
SELECT * FROM pg_temp.indoors();
-- By materials, where rays may go through walls.
SELECT count(v) AS by_materials FROM rpm_trace('rows', mechanisms => '{line_of_sight,refraction}', cell_average => 'cell') AS t, unnest(ST_DumpValues(rast, 1)) AS v;
SAVEPOINT good;
UPDATE rpm.scene SET building_entry = 'wooden' WHERE name = 'rows';
ROLLBACK TO good;
UPDATE rpm.scene SET building_entry_percent = 100 WHERE name = 'rows';
ROLLBACK TO good;
UPDATE rpm.scene SET building_entry_percent = 'NaN' WHERE name = 'rows';
ROLLBACK;
