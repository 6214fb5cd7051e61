-- Exact paths as rows: line of sight, two rays over ground, a wall, through a wall, over a roof; what they touch, angles, polarisation.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on
SET LOCAL client_min_messages = warning;

CREATE FUNCTION pg_temp.spot(x float8, y float8, z float8) RETURNS geometry LANGUAGE sql AS $$
	SELECT ST_SetSRID(ST_MakePoint(691000 + x, 5336000 + y, z), 32632)
$$;
CREATE FUNCTION pg_temp.friis(d float8) RETURNS float8 LANGUAGE sql AS $$ SELECT 20 * log(299.792458 / 3500 / (4 * pi() * d)) $$;
CREATE TEMPORARY TABLE house (building_id bigint, geom geometry, height_m float8, wall_material text, roof_material text);
CREATE TEMPORARY TABLE mast (LIKE rpm.antenna INCLUDING DEFAULTS);
INSERT INTO mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, pattern) VALUES
	(1, ST_Force2D(pg_temp.spot(50, 50, 0)), 20, 3500, 0, 'isotropic'), (2, ST_Force2D(pg_temp.spot(50, 50, 0)), 20, 3500, 40, 'tr38901');
UPDATE mast SET azimuth_deg = 91.92, losses_db = 3 WHERE antenna_id = 2;
INSERT INTO rpm.scene (name, srid, extent, building_relation, antenna_relation, ground_material)
VALUES ('paths', 32632, ST_MakeEnvelope(691000, 5336000, 691300, 5336300, 32632), 'house', 'mast', 'vacuum');
-- A path as one line, with what hangs on the bearing of the grid's north (1.91 degrees) taken off.
CREATE TYPE pg_temp.line AS (interactions text, length_m numeric, delay_ns numeric, gain_db numeric, to_deg numeric, to_up numeric, from_deg numeric, from_up numeric,
	building_ids bigint[], materials text[], incidence_deg numeric[], points text);
CREATE FUNCTION pg_temp.show(antenna bigint, x float8, y float8, z float8, mechanisms text[], depth integer DEFAULT 2) RETURNS SETOF pg_temp.line LANGUAGE sql AS $$
	SELECT interactions, round(length_m::numeric, 3), round(delay_ns::numeric, 2), round(path_gain_db::numeric, 3),
		round((departure_azimuth_deg - c)::numeric, 2), round(departure_elevation_deg::numeric, 2), round((arrival_azimuth_deg - c)::numeric, 2), round(arrival_elevation_deg::numeric, 2),
		building_ids, materials, (SELECT array_agg(round(i::numeric, 2)) FROM unnest(incidence_deg) AS i),
		ST_AsText(ST_SnapToGrid(ST_Translate(geom, -691000, -5336000), 0.01))
	FROM rpm_grid_convergence(pg_temp.spot(50, 50, 0)) AS c, rpm_paths(antenna, pg_temp.spot(x, y, z), 'paths', mechanisms => mechanisms, max_depth => depth) ORDER BY path_id
$$;

-- Line of sight over 100 m to the east: 333.564 ns, -83.329 dB; and over a 3-4-5 triangle down.
SELECT * FROM pg_temp.show(1, 150, 50, 20, '{line_of_sight}');
SELECT * FROM pg_temp.show(1, 50, 74, 2, '{line_of_sight}');
-- The phase of the vertical component is -2 pi d / lambda.
SELECT path_id, pg_typeof(path_id), interactions = '' AS line_of_sight, round(phase_deg::numeric, 1) AS phase_deg,
	round(((-360 * length_m / (299.792458 / 3500) + 180)::numeric % 360 + 360) % 360 - 180, 1) AS expected, ST_GeometryType(geom), ST_CoordDim(geom), ST_SRID(geom), ST_NumPoints(geom)
FROM rpm_paths(1, pg_temp.spot(150, 50, 20), 'paths', receive_polarisation => 'vertical', mechanisms => '{line_of_sight}');
-- Both polarisations have no one phase; an antenna that radiates vertically gives a horizontal receiver nothing.
SELECT phase_deg IS NULL AS no_phase FROM rpm_paths(1, pg_temp.spot(150, 50, 20), 'paths', mechanisms => '{line_of_sight}');
SELECT count(*) FILTER (WHERE path_gain_db > -200) AS horizontal FROM rpm_paths(1, pg_temp.spot(150, 50, 20), 'paths', receive_polarisation => 'horizontal', mechanisms => '{line_of_sight}');
-- The antenna's own pattern (8 dBi ahead, no power, no losses), or another one.
SELECT round((a.path_gain_db - pg_temp.friis(100))::numeric, 2) AS own, round((b.path_gain_db - pg_temp.friis(100))::numeric, 2) AS isotropic, round((c.path_gain_db - pg_temp.friis(100))::numeric, 2) AS dipole
FROM rpm_paths(2, pg_temp.spot(150, 50, 20), 'paths', mechanisms => '{line_of_sight}') AS a,
	rpm_paths(2, pg_temp.spot(150, 50, 20), 'paths', mechanisms => '{line_of_sight}', transmit_pattern => 'isotropic') AS b,
	rpm_paths(2, pg_temp.spot(150, 50, 20), 'paths', mechanisms => '{line_of_sight}', transmit_pattern => 'half_wave_dipole') AS c;
-- A point without Z is at the scene's receiver height; without a name the scene is found by the point.
SELECT ST_Z(ST_EndPoint(geom)) AS z, round(length_m::numeric, 3) AS length_m
FROM rpm_paths(1, ST_Force2D(pg_temp.spot(150, 50, 0)), 'paths', mechanisms => '{line_of_sight}');
SELECT count(*) FROM rpm_paths(1, pg_temp.spot(150, 50, 20), mechanisms => '{line_of_sight}');

-- Two rays: over ground of metal the second is the image's, sqrt(100^2 + 40^2) m long, and loses nothing.
UPDATE rpm.scene SET ground_material = 'metal' WHERE name = 'paths';
SELECT interactions, length_m, round(gain_db - pg_temp.friis(length_m)::numeric, 2) AS reflection_db, to_up, from_up, building_ids, materials, incidence_deg, points
FROM pg_temp.show(1, 150, 50, 20, '{line_of_sight,reflection}');
-- Medium dry ground at 60 degrees, vertical polarisation is parallel to the plane of incidence: a half-space reflects 0.30586.
UPDATE rpm.scene SET ground_material = 'medium_dry_ground' WHERE name = 'paths';
SELECT interactions, round(power(10, (gain_db - pg_temp.friis(40 / cosd(60))) / 20)::numeric, 4) AS reflected, incidence_deg, materials
FROM pg_temp.show(1, 50 + 40 * tand(60), 50, 20, '{reflection}');
UPDATE rpm.scene SET ground_material = 'vacuum' WHERE name = 'paths';

-- A wall of 10 cm of concrete: at 60 degrees it reflects 0.5777 (perpendicular); straight through it takes 10.363 dB.
INSERT INTO house VALUES (7, ST_GeomFromEWKT('SRID=32632;POLYGON Z ((691000 5336100 0, 691300 5336100 0, 691300 5336100 60, 691000 5336100 60, 691000 5336100 0))'), NULL, 'concrete', 'concrete');
SELECT interactions, length_m, round(power(10, (gain_db - pg_temp.friis(100 / cosd(60))) / 20)::numeric, 4) AS reflected, to_deg, from_deg, building_ids, materials, incidence_deg, points
FROM pg_temp.show(1, 50 + 100 * tand(60), 50, 20, '{reflection}');
SELECT interactions, length_m, round(gain_db - pg_temp.friis(100)::numeric, 3) AS wall_db, building_ids, materials, incidence_deg, points
FROM pg_temp.show(1, 50, 150, 20, '{line_of_sight,reflection,refraction}');
-- Brick as soon as it is brick.
UPDATE house SET wall_material = 'brick';
SELECT interactions, round(gain_db - pg_temp.friis(100)::numeric, 3) AS wall_db, materials FROM pg_temp.show(1, 50, 150, 20, '{refraction}');

-- Over a block 40 m high: by its nearer edge alone, since one edge is all that is solved; beside it by its corners.
DELETE FROM house;
INSERT INTO house VALUES (3, ST_MakeEnvelope(691100, 5336040, 691102, 5336060, 32632), 40, 'concrete', 'wood');
SELECT interactions, round(length_m, 1) AS length_m, building_ids, materials, points FROM pg_temp.show(1, 150, 50, 50, '{line_of_sight,diffraction}', 1) ORDER BY points;
SELECT interactions, count(*), min(path_id) > 0 AS numbered, bool_and(building_ids <@ '{3,NULL}') AS known
FROM rpm_paths(1, pg_temp.spot(90, 80, 10), 'paths', mechanisms => '{line_of_sight,reflection,diffraction}', max_depth => 1) GROUP BY 1 ORDER BY 1;
-- Strongest first, lengths as drawn, the ends where they should be.
SELECT bool_and(gain <= before OR before IS NULL) AS strongest_first, bool_and(abs(drawn - length_m) < 0.001) AS as_drawn, bool_and(abs(length_m / 0.299792458 - delay_ns) < 0.001) AS delay,
	bool_and(ends) AS ends, bool_and(length(interactions) = n) AS points, bool_and(cardinality(materials) = length(interactions) AND cardinality(building_ids) = length(interactions)
		AND cardinality(incidence_deg) = length(interactions)) AS lists
FROM (SELECT path_gain_db AS gain, lag(path_gain_db) OVER (ORDER BY path_id) AS before, ST_3DLength(geom) AS drawn, length_m, delay_ns, interactions, ST_NumPoints(geom) - 2 AS n, materials, building_ids, incidence_deg,
		ST_3DDistance(ST_StartPoint(geom), pg_temp.spot(50, 50, 20)) < 0.001 AND ST_3DDistance(ST_EndPoint(geom), pg_temp.spot(90, 80, 10)) < 0.001 AS ends
	FROM rpm_paths(1, pg_temp.spot(90, 80, 10), 'paths', max_depth => 3)) AS p;
-- The paths add up to what the map says, powers summed, in a cell as small as a point.
UPDATE rpm.scene SET ground_material = 'concrete' WHERE name = 'paths';
SELECT abs(10 * log(sum(power(10, p.path_gain_db / 10))) - min(ST_Value(t.rast, 1, 1))) < 0.05 AS adds_up
FROM rpm_paths(1, pg_temp.spot(90, 80, 10), 'paths', mechanisms => '{line_of_sight,reflection,diffraction}', max_depth => 1) AS p,
	rpm_trace('paths', antennas => '{1}', mechanisms => '{line_of_sight,reflection,diffraction}', max_depth => 1, sum => 'power', quantity => 'path_gain_db', receiver_height_m => 10,
		template => ST_MakeEmptyRaster(1, 1, 691089.995, 5336080.005, 0.01, -0.01, 0, 0, 32632)) AS t;
ROLLBACK;
