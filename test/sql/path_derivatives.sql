-- Derivatives of paths: in closed form where there is one, against paths of antennas and materials that were changed, errors.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on
SET LOCAL client_min_messages = warning;

CREATE FUNCTION pg_temp.spot(x float8, y float8, z float8) RETURNS geometry LANGUAGE sql AS $$
	SELECT ST_SetSRID(ST_MakePoint(691000 + x, 5336000 + y, z), 32632)
$$;
CREATE TEMPORARY TABLE house (building_id bigint, geom geometry, height_m float8, wall_material text, roof_material text);
CREATE TEMPORARY TABLE mast (LIKE rpm.antenna INCLUDING DEFAULTS);
INSERT INTO mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg, mechanical_tilt_deg, pattern)
	SELECT 1, ST_Force2D(pg_temp.spot(50, 50, 0)), 20, 3500, 0, 80, 4, 'tr38901';
INSERT INTO house VALUES (7, ST_GeomFromEWKT('SRID=32632;POLYGON Z ((691000 5336100 0, 691300 5336100 0, 691300 5336100 60, 691000 5336100 60, 691000 5336100 0))'), NULL, 'brick', 'brick'),
	(8, ST_MakeEnvelope(691100, 5336040, 691110, 5336060, 32632), 40, 'concrete', 'wood');
INSERT INTO rpm.scene (name, srid, extent, building_relation, antenna_relation, ground_material)
VALUES ('derived', 32632, ST_MakeEnvelope(691000, 5336000, 691300, 5336300, 32632), 'house', 'mast', 'medium_dry_ground');
CREATE TEMPORARY VIEW derived AS
SELECT * FROM rpm_path_derivatives(1, pg_temp.spot(160, 80, 1.5), 'derived', max_depth => 2);
CREATE TEMPORARY VIEW gain AS
SELECT path_id, interactions, path_gain_db, array_to_string(materials, ' ') AS materials, round(length_m::numeric, 2) AS length_m
FROM rpm_paths(1, pg_temp.spot(160, 80, 1.5), 'derived', max_depth => 2);

-- Free space, isotropic, 100 m up: 20 / ln 10 / 100 dB for each metre higher, and nothing else.
SELECT round(path_gain_db::numeric, 3) AS gain_db, round(up_db_m::numeric, 6) AS up, round((20 / ln(10) / 100)::numeric, 6) AS expected, abs(east_db_m) < 1e-6 AND abs(north_db_m) < 1e-6 AS level,
	abs(azimuth_db_deg) < 1e-6 AND abs(tilt_db_deg) < 1e-6 AS turned, materials, permittivity_db, conductivity_db_m_s, thickness_db_m
FROM rpm_path_derivatives(1, pg_temp.spot(50, 50, 120), 'derived', mechanisms => '{line_of_sight}', transmit_pattern => 'isotropic');

-- The same paths in the same order with the same gains as rpm_paths; materials once each; the ground's half-space has no thickness.
SELECT count(*) > 3 AS several, bool_and(d.interactions = g.interactions AND abs(d.path_gain_db - g.path_gain_db) < 1e-9) AS same FROM derived AS d FULL JOIN gain AS g USING (path_id);
SELECT DISTINCT interactions, materials, cardinality(permittivity_db) AS permittivities, cardinality(conductivity_db_m_s) AS conductivities,
	(SELECT array_agg(t IS NULL) FROM unnest(thickness_db_m) AS t) AS no_thickness FROM derived ORDER BY 1, 2;

-- What was said comes true: the antenna 1 cm to the north-east and up, turned and tilted by a hundredth of a degree, brick a little denser.
CREATE TEMPORARY TABLE said AS
SELECT interactions, array_to_string(array_agg(DISTINCT m), ' ') AS materials, path_gain_db, east_db_m * 0.01 + north_db_m * 0.01 + up_db_m * 0.01 AS moved, azimuth_db_deg * 0.01 + tilt_db_deg * 0.01 AS turned,
	coalesce(permittivity_db[array_position(d.materials, 'brick')], 0) * 0.001 AS denser
FROM derived AS d LEFT JOIN unnest(d.materials) AS m ON true GROUP BY path_id, interactions, path_gain_db, east_db_m, north_db_m, up_db_m, azimuth_db_deg, tilt_db_deg, d.materials, permittivity_db;
CREATE FUNCTION pg_temp.missed(change text) RETURNS TABLE (paths bigint, found bigint, largest_db numeric, missed_share numeric) LANGUAGE plpgsql AS $$
BEGIN
	-- The path is the one of the same interactions whose gain comes nearest to what was said.
	RETURN QUERY EXECUTE format('SELECT count(*), count(apart), round(max(abs(change))::numeric, 4), (max(apart) / max(abs(change)))::numeric FROM
		(SELECT s.%1$I AS change, min(abs(g.path_gain_db - s.path_gain_db - s.%1$I)) AS apart FROM said AS s LEFT JOIN gain AS g USING (interactions)
		GROUP BY s.interactions, s.materials, s.path_gain_db, s.%1$I) AS a', change);
END $$;
UPDATE mast SET geom = ST_Translate(geom, 0.01, 0.01), height_m = height_m + 0.01;
SELECT paths, found, largest_db, missed_share < 0.02 AS as_said FROM pg_temp.missed('moved');
UPDATE mast SET geom = ST_Translate(geom, -0.01, -0.01), height_m = 20, azimuth_deg = 80.01, mechanical_tilt_deg = 4.01;
SELECT paths, found, largest_db, missed_share < 0.02 AS as_said FROM pg_temp.missed('turned');
UPDATE mast SET azimuth_deg = 80, mechanical_tilt_deg = 4;
UPDATE rpm.material SET a = a + 0.001 WHERE name = 'brick';
SELECT paths, found, largest_db, missed_share < 0.02 AS as_said FROM pg_temp.missed('denser');

-- One component: where it has no power there is nothing to derive.
UPDATE mast SET mechanical_tilt_deg = 0;
SELECT path_gain_db, east_db_m, azimuth_db_deg, materials FROM rpm_path_derivatives(1, pg_temp.spot(50, 90, 20), 'derived', mechanisms => '{line_of_sight}',
	transmit_pattern => 'isotropic', receive_polarisation => 'horizontal');

-- Errors are those of rpm_paths.
\set VERBOSITY sqlstate
SELECT * FROM rpm_path_derivatives(99, pg_temp.spot(50, 90, 20), 'derived');
\set VERBOSITY default
SELECT regexp_replace(:'LAST_ERROR_MESSAGE', 'pg_temp_\d+', 'pg_temp') AS message;
SELECT * FROM rpm_path_derivatives(NULL, pg_temp.spot(50, 90, 20), 'derived');
SELECT * FROM rpm_path_derivatives(1, NULL, 'derived');
SELECT * FROM rpm_path_derivatives(1, pg_temp.spot(50, 90, 20), 'nowhere');
SELECT * FROM rpm_path_derivatives(1, pg_temp.spot(50, 90, 20), 'derived', mechanisms => '{scattering}');
SELECT * FROM rpm_path_derivatives(1, pg_temp.spot(50, 90, 20), 'derived', max_depth => 31);
SELECT * FROM rpm_path_derivatives(1, pg_temp.spot(50, 90, 20), 'derived', receive_polarisation => 'circular');
ROLLBACK;
