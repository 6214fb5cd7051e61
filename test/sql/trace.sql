-- Radio maps: levels by hand, every argument, grids, orientation, forms of the same city, and what a second call sees.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;

-- The level of a map in the cell at (x, y), metres from the corner of the test's area.
CREATE FUNCTION pg_temp.at(map raster, x float8, y float8, band integer DEFAULT 1) RETURNS float8 LANGUAGE sql AS $$
	SELECT ST_Value(map, band, ST_SetSRID(ST_MakePoint(691000 + x, 5336000 + y), 32632))
$$;
-- How two maps of one grid differ: cells, cells with a value in one only, cells that differ by more than 1e-3 and 1e-5 dB.
-- A pixel is single precision: 1e-5 dB is one step of its last digit at -100 dB.
CREATE FUNCTION pg_temp.differences(a raster, b raster, OUT cells bigint, OUT valued bigint, OUT in_one bigint, OUT over_1e_3 bigint, OUT over_1e_5 bigint)
LANGUAGE sql AS $$
	SELECT count(*), count(x), count(*) FILTER (WHERE (x IS NULL) <> (y IS NULL)), count(*) FILTER (WHERE abs(x - y) > 1e-3),
		count(*) FILTER (WHERE abs(x - y) > 1e-5)
	FROM unnest(ST_DumpValues(a, 1), ST_DumpValues(b, 1)) AS v (x, y) WHERE ST_SameAlignment(a, b)
$$;
CREATE FUNCTION pg_temp.area(x0 float8, y0 float8, x1 float8, y1 float8) RETURNS geometry LANGUAGE sql AS $$
	SELECT ST_MakeEnvelope(691000 + x0, 5336000 + y0, 691000 + x1, 5336000 + y1, 32632)
$$;
CREATE FUNCTION pg_temp.spot(x float8, y float8) RETURNS geometry LANGUAGE sql AS $$
	SELECT ST_SetSRID(ST_MakePoint(691000 + x, 5336000 + y), 32632)
$$;
-- Friis: path gain over d metres in dB, written out.
CREATE FUNCTION pg_temp.friis(d float8, frequency_mhz float8 DEFAULT 3500) RETURNS float8 LANGUAGE sql AS $$
	SELECT 20 * log(299.792458 / frequency_mhz / (4 * pi() * d))
$$;

CREATE TEMPORARY TABLE house (building_id bigint, geom geometry, height_m float8, wall_material text, roof_material text);
CREATE TEMPORARY TABLE mast (LIKE rpm.antenna INCLUDING DEFAULTS);
ALTER TABLE mast ALTER COLUMN pattern SET DEFAULT 'isotropic';
-- A ground of vacuum reflects nothing, so that single paths can be reckoned by hand.
INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation, antenna_relation, ground_material)
VALUES ('trace', 32632, pg_temp.area(0, 0, 300, 300), 1, 'house', 'mast', 'vacuum');

-- Free space: at 100 m and 10 m, 3.5 GHz (-83.3291 and -63.3291 dB); RSRP = power - losses + gain; a carrier is shared by 12 x 100 elements.
INSERT INTO mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, losses_db, carrier_power_dbm, resource_block_count, active) VALUES
	(1, pg_temp.spot(50.5, 50.5), 1.5, 3500, 15, 2, NULL, NULL, true),
	(2, pg_temp.spot(50.5, 50.5), 1.5, 3500, NULL, 0, 46, 100, true),
	(3, pg_temp.spot(50.5, 50.5), 1.5, 700, 15, 0, NULL, NULL, false);
SELECT antenna_id, round(pg_temp.at(rast, 150.5, 50.5)::numeric, 3) AS at_100_m, round(pg_temp.at(rast, 60.5, 50.5)::numeric, 1) AS at_10_m,
	ST_Width(rast), ST_Height(rast), ST_BandPixelType(rast), ST_BandNoDataValue(rast), ST_NumBands(rast), ST_SRID(rast)
FROM rpm_trace('trace', mechanisms => '{line_of_sight}') ORDER BY antenna_id;
SET LOCAL client_min_messages = warning;
-- The quantities; path loss is that between isotropic antennas, whatever the pattern.
UPDATE mast SET pattern = 'tr38901', azimuth_deg = 90 WHERE antenna_id = 1;
SELECT quantity, round(pg_temp.at(rast, 150.5, 50.5)::numeric, 3) AS level
FROM (VALUES ('rsrp_dbm'), ('path_gain_db'), ('path_loss_db')) AS q (quantity),
	rpm_trace('trace', antennas => '{1}', extent => pg_temp.area(150, 50, 151, 51), mechanisms => '{line_of_sight}', quantity => quantity);
UPDATE mast SET pattern = 'isotropic' WHERE antenna_id = 1;
-- An antenna that is named is traced whether active or not; the order is that of the keys.
SELECT antenna_id, round((pg_temp.at(rast, 150.5, 50.5) - pg_temp.friis(100, 700))::numeric, 3) AS power
FROM rpm_trace('trace', antennas => '{3,1,3}', extent => pg_temp.area(150, 50, 151, 51), mechanisms => '{line_of_sight}');

-- Grids: edges are whole multiples of the cell size, over the whole extent, so that maps of different extents align.
CREATE TEMPORARY TABLE grid AS
SELECT n, rast FROM (VALUES (1, pg_temp.area(10.2, 10.7, 41.9, 33.3), 3.0), (2, pg_temp.area(101, 55, 140, 80), 3.0), (3, pg_temp.area(10, 10, 12, 12), 5.0),
		(4, pg_temp.area(100, 100, 100.6, 100.3), 0.3)) AS v (n, box, size),
	rpm_trace('trace', antennas => '{1}', cell_size_m => size, extent => box, mechanisms => '{line_of_sight}');
SELECT n, ST_UpperLeftX(rast) AS west, ST_UpperLeftY(rast) AS north, ST_Width(rast) AS columns, ST_Height(rast) AS rows, ST_ScaleX(rast) AS size_x, ST_ScaleY(rast) AS size_y
FROM grid ORDER BY n;
SELECT ST_SameAlignment(a.rast, b.rast) FROM grid AS a, grid AS b WHERE a.n = 1 AND b.n = 2;
-- A template's grid is used as it is, pixels that are not square included.
SELECT ST_UpperLeftX(rast) AS west, ST_UpperLeftY(rast) AS north, ST_Width(rast) AS columns, ST_Height(rast) AS rows, ST_ScaleX(rast) AS size_x, ST_ScaleY(rast) AS size_y,
	round((ST_Value(rast, 6, 2) - 13 - pg_temp.friis(sqrt(power(691020.3 + 5.5 * 2.5 - 691050.5, 2) + power(5336100.7 - 1.5 * 1.5 - 5336050.5, 2))))::numeric, 2) AS column_6_row_2
FROM rpm_trace('trace', antennas => '{1}', template => ST_MakeEmptyRaster(7, 5, 691020.3, 5336100.7, 2.5, -1.5, 0, 0, 32632), mechanisms => '{line_of_sight}');
-- A map wider than 1024 cells comes in tiles that align.
SELECT array_agg(ST_Width(rast) || ' x ' || ST_Height(rast) ORDER BY ST_UpperLeftX(rast)) AS tiles, bool_and(ST_SameAlignment(rast, first)) AS aligned,
	max(ST_UpperLeftX(rast)) - min(ST_UpperLeftX(rast)) AS apart
FROM (SELECT rast, first_value(rast) OVER () AS first FROM rpm_trace('trace', antennas => '{1}', cell_size_m => 0.125, extent => pg_temp.area(0, 100, 150, 101), mechanisms => '{line_of_sight}')) AS t;
-- The receiver's height: distance sqrt(100^2 + 30^2).
SELECT round((pg_temp.at(rast, 150.5, 50.5) - 13 - pg_temp.friis(sqrt(100 * 100 + 30 * 30)))::numeric, 3) AS difference
FROM rpm_trace('trace', antennas => '{1}', extent => pg_temp.area(150, 50, 151, 51), mechanisms => '{line_of_sight}', receiver_height_m => 31.5);

-- Orientation against TR 38.901 Table 7.3-1 written out: 8 dBi - min(12 ((theta - 90 - electrical) / 65)^2 + 12 (phi / 65)^2, 30), in the axes of the body,
-- that is turned by the azimuth from true north and by the mechanical tilt.  Antenna 30 m up, cells at 60 m in eight directions of the grid.
SELECT round(rpm_grid_convergence(pg_temp.spot(150, 150))::numeric, 2) AS convergence_deg;
CREATE FUNCTION pg_temp.tr38901(dx float8, dy float8, dz float8, grid_azimuth float8, mechanical float8, electrical float8) RETURNS float8 LANGUAGE sql AS $$
	WITH ahead AS (SELECT dx * sind(grid_azimuth) + dy * cosd(grid_azimuth) AS f, dx * cosd(grid_azimuth) - dy * sind(grid_azimuth) AS side, dz AS up),
	body AS (SELECT f * cosd(mechanical) - up * sind(mechanical) AS x, side AS y, f * sind(mechanical) + up * cosd(mechanical) AS z FROM ahead)
	SELECT 8 - least(least(12 * power((acosd(z / sqrt(x * x + y * y + z * z)) - 90 - electrical) / 65, 2), 30) + least(12 * power(atan2d(y, x) / 65, 2), 30), 30) FROM body
$$;
INSERT INTO mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, pattern, azimuth_deg, mechanical_tilt_deg, electrical_tilt_deg)
SELECT 10 + n, pg_temp.spot(150.125, 150.125), 31.5, 3500, 0, 'tr38901', azimuth, mechanical, electrical
FROM (VALUES (0, 0, 0, 0), (1, 120, 0, 0), (2, 120, 12, 0), (3, 120, 0, 12), (4, 300, -7, 9), (5, 91.92, 0, 0)) AS v (n, azimuth, mechanical, electrical);
SELECT antenna_id, azimuth_deg AS azimuth, mechanical_tilt_deg AS mechanical, electrical_tilt_deg AS electrical, g.direction,
	round((pg_temp.at(rast, 150.125 + dx, 150.125 + dy) - pg_temp.friis(sqrt(dx * dx + dy * dy + 900)))::numeric, 2) AS gain_dbi,
	round(pg_temp.tr38901(dx, dy, -30, azimuth_deg - rpm_grid_convergence(geom), mechanical_tilt_deg, electrical_tilt_deg)::numeric, 2) AS expected
FROM (VALUES ('N', 0.0, 60.0), ('E', 60.0, 0.0), ('SE', 42.5, -42.5), ('W', -60.0, 0.0)) AS g (direction, dx, dy),
	mast AS m, LATERAL rpm_trace('trace', antennas => ARRAY[m.antenna_id], cell_size_m => 0.25, mechanisms => '{line_of_sight}',
		extent => pg_temp.area(150 + dx, 150 + dy, 150.25 + dx, 150.25 + dy)) AS t (id, rast)
WHERE m.antenna_id >= 10 ORDER BY antenna_id, dx, dy;
-- Beside boresight, in the horizontal plane, mechanical tilt changes nothing (12 (90 / 65)^2 = 23.01 dB below 8 dBi) and electrical tilt
-- 12 (12 / 65)^2 = 0.41 dB.
SELECT mechanical_tilt_deg AS mechanical, electrical_tilt_deg AS electrical, round((ST_Value(rast, 1, 1) - pg_temp.friis(100))::numeric, 2) AS gain_dbi
FROM (SELECT 120 - rpm_grid_convergence(pg_temp.spot(150.125, 150.125)) - 90 AS azimuth) AS a,
	mast AS m, LATERAL rpm_trace('trace', antennas => ARRAY[m.antenna_id], mechanisms => '{line_of_sight}', receiver_height_m => 31.5,
		template => ST_MakeEmptyRaster(1, 1, 691150.125 + 100 * sind(azimuth) - 0.05, 5336150.125 + 100 * cosd(azimuth) + 0.05, 0.1, -0.1, 0, 0, 32632)) AS t (id, rast)
WHERE m.antenna_id BETWEEN 11 AND 13 ORDER BY antenna_id;
-- True north: boresight along the grid's east has azimuth 91.92 at Munich; clockwise is to the south.
SELECT round((pg_temp.at(rast, 250.125, 250.125) - pg_temp.at(rast, 250.125, 50.125))::numeric, 2) AS north_less_south
FROM rpm_trace('trace', antennas => '{15}', cell_size_m => 0.25, template => NULL, mechanisms => '{line_of_sight}', extent => pg_temp.area(250, 50, 250.25, 250.25));

-- Reflection off a wall, by images: 200 m at 60 degrees from its normal, perpendicular to the plane of incidence: 10 cm of concrete at 3.5 GHz
-- reflect 0.57771; behind the wall, straight on, one wall lets through -10.363 dB.
INSERT INTO house VALUES (1, ST_GeomFromEWKT('SRID=32632;POLYGON Z ((691000 5336200 0, 691300 5336200 0, 691300 5336200 60, 691000 5336200 60, 691000 5336200 0))'), NULL, 'concrete', 'concrete');
INSERT INTO mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm) VALUES (20, pg_temp.spot(50.5, 150), 20, 3500, 0);
SELECT round((pg_temp.friis(200) + 20 * log(0.57771))::numeric, 2) AS expected, round(pg_temp.at(rast, 50.5 + 100 * sqrt(3), 150)::numeric, 2) AS reflected
FROM rpm_trace('trace', antennas => '{20}', cell_size_m => 0.25, receiver_height_m => 20, mechanisms => '{reflection}', max_depth => 1,
	extent => ST_Expand(pg_temp.spot(50.5 + 100 * sqrt(3), 150), 0.1));
-- Rays through walls are launched: half a tenth of a dB is left to chance.
SELECT abs(pg_temp.friis(100) - 10.363 - pg_temp.at(rast, 50.5, 250)) < 0.05 AS let_through
FROM rpm_trace('trace', antennas => '{20}', cell_size_m => 0.25, receiver_height_m => 20, mechanisms => '{refraction}', max_depth => 1,
	extent => ST_Expand(pg_temp.spot(50.5, 250), 0.1), samples => 1000000);

-- Mechanisms one by one and their strengths, behind and beside a block 40 m high.
DELETE FROM house;
INSERT INTO house SELECT n, pg_temp.area(x, y, x + 30, y + 40), 40, 'rough', 'rough' FROM (VALUES (1, 130, 120), (2, 200, 60)) AS v (n, x, y);
INSERT INTO rpm.material (name, a, c, scattering_coefficient) VALUES ('rough', 5.24, 0.12, 0.4);
UPDATE rpm.scene SET ground_material = 'concrete' WHERE name = 'trace';
INSERT INTO mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm) VALUES (30, pg_temp.spot(100, 140), 20, 3500, 0);
CREATE TEMPORARY TABLE map (what text, rast raster);
CREATE FUNCTION pg_temp.keep(what text, VARIADIC mechanisms text[]) RETURNS void LANGUAGE sql AS $$
	INSERT INTO map SELECT what, rast FROM rpm_trace('trace', antennas => '{30}', cell_size_m => 5, mechanisms => mechanisms, samples => 100000, max_depth => 2)
$$;
SELECT pg_temp.keep('line_of_sight', 'line_of_sight'), pg_temp.keep('reflection', 'reflection'), pg_temp.keep('refraction', 'refraction'),
	pg_temp.keep('scattering', 'scattering'), pg_temp.keep('diffraction', 'diffraction'), pg_temp.keep('all', 'line_of_sight', 'reflection', 'refraction', 'scattering', 'diffraction') \g /dev/null
-- In sight; in the shadow of the first block; in front of its wall; under its roof (outdoors is where nothing is above the receiver).
-- Two fields of the shortest path are 6 dB more than one: more cannot be.
SELECT what, pg_temp.at(rast, 52.5, 52.5) IS NOT NULL AS in_sight, pg_temp.at(rast, 182.5, 142.5) IS NOT NULL AS in_shadow,
	pg_temp.at(rast, 117.5, 142.5) IS NOT NULL AS before_wall, pg_temp.at(rast, 147.5, 142.5) IS NOT NULL AS under_roof,
	(SELECT count(v) FROM unnest(ST_DumpValues(rast, 1)) AS v WHERE v > pg_temp.friis(18.5) + 6) AS impossible
FROM map ORDER BY what COLLATE "C";
-- Nothing is lost where the way is exact; of cells that few rays reach, one in a hundred may be missed when rays do more than one thing.  Together they
-- are nowhere weaker than one alone, less what fields can cancel.
SELECT count(*) FILTER (WHERE y.what IN ('line_of_sight', 'diffraction') AND a.v IS NULL AND b.v IS NOT NULL) AS missed,
	count(*) FILTER (WHERE a.v IS NULL AND b.v IS NOT NULL) < count(b.v) / 100 AS few, count(*) FILTER (WHERE a.v < b.v - 30) AS far_below
FROM map AS x, unnest(ST_DumpValues(x.rast, 1)) WITH ORDINALITY AS a (v, n), map AS y, unnest(ST_DumpValues(y.rast, 1)) WITH ORDINALITY AS b (v, n)
WHERE x.what = 'all' AND y.what <> 'all' AND a.n = b.n;
-- Half the amplitude is 6.0206 dB less.
SELECT round((pg_temp.at(half.rast, 182.5, 142.5) - pg_temp.at(full_one.rast, 182.5, 142.5))::numeric, 3) AS diffraction_db
FROM rpm_trace('trace', antennas => '{30}', cell_size_m => 5, mechanisms => '{diffraction}', diffraction_scale => 0.5, sum => 'power') AS half,
	rpm_trace('trace', antennas => '{30}', cell_size_m => 5, mechanisms => '{diffraction}', sum => 'power') AS full_one;
SELECT round((pg_temp.at(half.rast, 117.5, 142.5) - pg_temp.at(full_one.rast, 117.5, 142.5))::numeric, 3) AS scattering_db
FROM rpm_trace('trace', antennas => '{30}', cell_size_m => 5, mechanisms => '{scattering}', scattering_scale => 0.5, max_depth => 1, samples => 100000) AS half,
	rpm_trace('trace', antennas => '{30}', cell_size_m => 5, mechanisms => '{scattering}', max_depth => 1, samples => 100000) AS full_one;
SELECT count(v) AS cells_without_strength
FROM rpm_trace('trace', antennas => '{30}', cell_size_m => 5, mechanisms => '{scattering,diffraction}', scattering_scale => 0, diffraction_scale => 0, samples => 100000) AS t (id, rast),
	unnest(ST_DumpValues(rast, 1)) AS v;
-- Depth: 0 is line of sight alone; more depth adds power where powers are added.
SELECT (pg_temp.differences(t.rast, map.rast)).* FROM map, rpm_trace('trace', antennas => '{30}', cell_size_m => 5, max_depth => 0) AS t (id, rast) WHERE what = 'line_of_sight';
SELECT count(*) FILTER (WHERE b < a - 1e-5) AS weaker, count(*) FILTER (WHERE b > a + 0.01 OR (a IS NULL AND b IS NOT NULL)) > 50 AS stronger
FROM rpm_trace('trace', antennas => '{30}', cell_size_m => 5, mechanisms => '{line_of_sight,reflection}', max_depth => 1, sum => 'power') AS x (id, rast),
	rpm_trace('trace', antennas => '{30}', cell_size_m => 5, mechanisms => '{line_of_sight,reflection}', max_depth => 4, sum => 'power') AS y (id, rast),
	unnest(ST_DumpValues(x.rast, 1), ST_DumpValues(y.rast, 1)) AS v (a, b);
-- A cell half under a roof: over its outdoor half, or over all of it, 3.01 dB less.
SELECT round((pg_temp.at(outdoor.rast, 125, 150) - pg_temp.at(whole.rast, 125, 150))::numeric, 2) AS half_db,
	pg_temp.at(outdoor.rast, 150, 150) IS NULL AS under_roof
FROM rpm_trace('trace', antennas => '{30}', cell_size_m => 20, extent => pg_temp.area(120, 140, 160, 160), mechanisms => '{line_of_sight}') AS outdoor,
	rpm_trace('trace', antennas => '{30}', cell_size_m => 20, extent => pg_temp.area(120, 140, 160, 160), mechanisms => '{line_of_sight}', cell_average => 'cell') AS whole;

-- The standard error: none for what is exact; of rays, half with four times as many; the same seed gives the same map, another one within it.
SELECT ST_NumBands(rast) AS bands, ST_BandPixelType(rast, 2) AS type, ST_BandNoDataValue(rast, 2) AS nodata, (ST_SummaryStats(rast, 2)).max AS largest
FROM rpm_trace('trace', antennas => '{30}', cell_size_m => 5, mechanisms => '{line_of_sight,diffraction}', standard_error => true);
CREATE TEMPORARY TABLE seeded AS
SELECT n, rast FROM (VALUES (1, 1, 100000), (2, 1, 100000), (3, 2, 100000), (4, 1, 400000)) AS v (n, s, count),
	rpm_trace('trace', antennas => '{30}', cell_size_m => 5, mechanisms => '{scattering}', samples => count, seed => s, standard_error => true);
SELECT (pg_temp.differences(a.rast, b.rast)).over_1e_5 AS same_seed FROM seeded AS a, seeded AS b WHERE a.n = 1 AND b.n = 2;
SELECT (pg_temp.differences(a.rast, b.rast)).over_1e_3 > 100 AS other_seed_differs FROM seeded AS a, seeded AS b WHERE a.n = 1 AND b.n = 3;
SELECT abs(sqrt(avg((x - y) ^ 2 / (p ^ 2 + q ^ 2))) - 1) < 0.4 AS by_its_standard_error
FROM seeded AS a, seeded AS b, unnest(ST_DumpValues(a.rast, 1), ST_DumpValues(b.rast, 1), ST_DumpValues(a.rast, 2), ST_DumpValues(b.rast, 2)) AS v (x, y, p, q)
WHERE a.n = 1 AND b.n = 3 AND p BETWEEN 0.01 AND 1 AND q BETWEEN 0.01 AND 1;
SELECT abs((percentile_cont(0.5) WITHIN GROUP (ORDER BY p / q)) - 2) < 0.4 AS half_with_four_times
FROM seeded AS a, seeded AS b, unnest(ST_DumpValues(a.rast, 2), ST_DumpValues(b.rast, 2)) AS v (p, q) WHERE a.n = 1 AND b.n = 4 AND p > 0 AND q > 0;
-- A target error that is soon reached: fewer rays than samples, and so a larger error than all of them leave.
SELECT avg(q) > 1.5 * avg(p) AS stopped_early
FROM seeded AS a, rpm_trace('trace', antennas => '{30}', cell_size_m => 5, mechanisms => '{scattering}', samples => 400000, target_error_db => 20, standard_error => true) AS t (id, rast),
	unnest(ST_DumpValues(a.rast, 2), ST_DumpValues(t.rast, 2)) AS v (p, q) WHERE a.n = 4 AND p > 0 AND q > 0;
SET LOCAL client_min_messages = notice;
-- Materials outside their range of frequencies are extrapolated and named; antennas left out are counted.
UPDATE rpm.scene SET ground_material = 'concrete' WHERE name = 'trace';
UPDATE mast SET active = antenna_id = 3, height_m = 20 WHERE antenna_id IN (1, 2, 3);
DELETE FROM mast WHERE antenna_id > 3;
INSERT INTO mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm) VALUES (40, ST_Transform(pg_temp.spot(150, 150), 25832), 20, 3500, 0);
SELECT antenna_id FROM rpm_trace('trace', cell_size_m => 50, mechanisms => '{line_of_sight}');
ROLLBACK;
