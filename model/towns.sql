-- Simulated towns for the default model: rotated grids of streets, blocks of lots with buildings of many heights, courtyards, parks and towers;
-- everything drawn by a hash, so that a number of a town is always the same town. Variables: first and last, numbers of the towns.

CREATE FUNCTION pg_temp.draw(k bigint, what integer) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT mod(abs(hashint8extended(k, 20261 + what)), 1000003) / 1000003.0 $$;

-- Streets, heights and how much is built differ from town to town; towns stand 10 km apart, along a line.
CREATE TABLE town AS
SELECT t AS town, 400000 + 10000.0 * t AS x, 5300000.0 AS y, pi() / 2 * pg_temp.draw(t, 1) AS turn,
	55 + 75 * pg_temp.draw(t, 2) AS block_x_m, 55 + 75 * pg_temp.draw(t, 3) AS block_y_m, 10 + 14 * pg_temp.draw(t, 4) AS street_m,
	5 + 22 * pg_temp.draw(t, 5) ^ 1.5 AS height_m, 0.05 + 0.3 * pg_temp.draw(t, 6) AS open, 0.5 * pg_temp.draw(t, 7) AS courtyards, 0.08 * pg_temp.draw(t, 8) AS towers
FROM generate_series(:first::bigint, :last) AS t;

-- Blocks within 950 m of the middle, cut into lots of about 25 m; a lot of a block with a courtyard only at its border.
CREATE TEMP TABLE lot AS
SELECT t.*, u0 + du * (i + 0.04 + 0.16 * pg_temp.draw(lot_key, 11)) AS west, u0 + du * (i + 0.96 - 0.16 * pg_temp.draw(lot_key, 12)) AS east,
	v0 + dv * (j + 0.02 + 0.2 * pg_temp.draw(lot_key, 13)) AS south, v0 + dv * (j + 0.98 - 0.2 * pg_temp.draw(lot_key, 14)) AS north, lot_key
FROM (SELECT *, (block_x_m - street_m) / along AS du, (block_y_m - street_m) / across AS dv, block_x_m * a + street_m / 2 AS u0, block_y_m * b + street_m / 2 AS v0
	FROM (SELECT *, ceil((block_x_m - street_m) / 28)::int AS along, ceil((block_y_m - street_m) / 28)::int AS across, (town * 1000 + a + 500) * 1000 + b + 500 AS block_key
		FROM town, generate_series(-ceil(950 / block_x_m)::int, ceil(950 / block_x_m)::int) AS a, generate_series(-ceil(950 / block_y_m)::int, ceil(950 / block_y_m)::int) AS b) AS g
	WHERE pg_temp.draw(block_key, 9) > open) AS t,
	generate_series(0, along - 1) AS i, generate_series(0, across - 1) AS j, LATERAL (SELECT (block_key * 64 + i) * 64 + j AS lot_key) AS k
WHERE (pg_temp.draw(block_key, 10) > courtyards OR i IN (0, along - 1) OR j IN (0, across - 1)) AND pg_temp.draw(lot_key, 15) > 0.12;

INSERT INTO rpm.building (name, geom, height_m)
SELECT 'town ' || town, ST_SetSRID(ST_Translate(ST_Rotate(ST_MakeEnvelope(west, south, east, north), turn), x, y), 32632),
	round((3 + height_m * (0.55 + 0.5 * pg_temp.draw(block_key, 16) + 0.4 * pg_temp.draw(lot_key, 17)
		+ CASE WHEN pg_temp.draw(lot_key, 18) < towers THEN 1 + 2.5 * pg_temp.draw(lot_key, 19) ELSE 0 END))::numeric, 1)
FROM lot WHERE (west + east) ^ 2 + (south + north) ^ 2 < 4 * 950 ^ 2;

-- Within 250 m of the middle six antennas in each of the first eight towns, three in each of the others: on the roof that is there, or on a mast.
INSERT INTO rpm.site (site_id, name) SELECT town, 'town ' || town FROM town;
INSERT INTO rpm.antenna (antenna_id, site_id, name, geom, height_m, frequency_mhz, azimuth_deg, electrical_tilt_deg, rs_power_dbm, pattern)
SELECT 10 * town + n, town, 'town ' || town, point, round(greatest(8 + 30 * pg_temp.draw(k, 23) ^ 1.5, roof_m + 2 + 3 * pg_temp.draw(k, 24))::numeric, 1),
	(ARRAY[763, 942, 1842, 2140, 2600, 3500, 3650])[1 + floor(7 * pg_temp.draw(k, 25))::int], floor(360 * pg_temp.draw(k, 26)), floor(12 * pg_temp.draw(k, 27)),
	round((5 + 18 * pg_temp.draw(k, 28))::numeric, 1), CASE WHEN pg_temp.draw(k, 29) < 0.85 THEN 'tr38901' ELSE 'isotropic' END
FROM town, LATERAL generate_series(1, CASE WHEN town <= 8 THEN 6 ELSE 3 END) AS n, LATERAL (SELECT 1000 * town + n AS k) AS key,
	LATERAL (SELECT ST_SetSRID(ST_MakePoint(x - 250 + 500 * pg_temp.draw(k, 21), y - 250 + 500 * pg_temp.draw(k, 22)), 32632) AS point) AS p,
	LATERAL (SELECT coalesce(max(b.height_m), 0) AS roof_m FROM rpm.building AS b WHERE ST_Covers(b.geom, point)) AS r;

-- A scene for each town, to trace; one for all of them, to learn from.
INSERT INTO rpm.scene (name, srid, cell_size_m, receiver_height_m, ground_material, extent)
SELECT 'town ' || town, 32632, 10, 1.5, 'concrete', ST_MakeEnvelope(x - 1000, y - 1000, x + 1000, y + 1000, 32632) FROM town;
INSERT INTO rpm.scene (name, srid, cell_size_m, receiver_height_m) VALUES ('towns', 32632, 10, 1.5);
ANALYZE rpm.building;
