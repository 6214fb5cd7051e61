-- Suspicious measurements by id and reason; azimuths as the levels tell them; swapped antennas.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on
SET LOCAL client_min_messages = warning;
CREATE FUNCTION pg_temp.spot(x float8, y float8) RETURNS geometry LANGUAGE sql AS $$ SELECT ST_SetSRID(ST_MakePoint(691000 + x, 5336000 + y), 32632) $$;
-- Declared: 60 and 240, 0, 90, 180 and 200 degrees from true north.  The levels are made for 240 and 60 (swapped), 150, 90, none at all, 200.
INSERT INTO rpm.site (site_id, name) VALUES (1, 'one'), (2, 'two');
INSERT INTO rpm.antenna (antenna_id, site_id, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg) VALUES
	(1, 1, pg_temp.spot(2.5, 2.5), 20, 2585, 10, 60), (2, 1, pg_temp.spot(2.5, 2.5), 20, 2585, 10, 240), (3, 2, pg_temp.spot(1002.5, 2.5), 20, 2585, 10, 0),
	(4, 2, pg_temp.spot(1002.5, 2.5), 20, 2585, 10, 90), (5, NULL, pg_temp.spot(2.5, 1002.5), 20, 2585, 10, 180), (6, 2, pg_temp.spot(1002.5, 2.5), 20, 2585, 10, 200);
-- Rows on a lattice around each antenna: path loss, shadowing that is the place's own (+-12 dB, alike for all antennas), the pattern's first harmonic, and a
-- little noise from a fixed sequence.
CREATE FUNCTION pg_temp.level(x float8, y float8, antenna int, azimuth float8) RETURNS float8 LANGUAGE sql AS $$
	SELECT round((-30 - 30 * log(sqrt(x * x + y * y)) + 12 * sin(x / 90 + 1) * cos(y / 70) + 7 * cosd(90 - degrees(atan2(y, x)) - (azimuth - rpm_grid_convergence(pg_temp.spot(0, 0))))
		+ (((x * 13 + y * 7 + antenna * 31)::int % 17 + 17) % 17 - 8) * 0.3)::numeric, 2)::float8 $$;
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
SELECT a.antenna_id, ST_Translate(a.geom, x, y), CASE a.antenna_id WHEN 5 THEN -120 ELSE pg_temp.level(x, y, a.antenna_id::int, made.azimuth) END
FROM (VALUES (1, 240), (2, 60), (3, 150), (4, 90), (5, 0), (6, 200)) AS made (antenna_id, azimuth) JOIN rpm.antenna AS a USING (antenna_id),
	generate_series(-400, 400, 20) AS x, generate_series(-400, 400, 20) AS y WHERE x <> 0 OR y <> 0 ORDER BY 1, x, y;
SELECT antenna_id, site_id, azimuth_deg, round(measured_azimuth_deg::numeric) AS measured, round(standard_error_deg::numeric, 1) AS error, round(difference_deg::numeric) AS difference,
	round(amplitude_db::numeric, 1) AS amplitude, block_count FROM rpm_measured_azimuth();
SELECT reason, antenna_id, measurement_id, round(value::numeric) AS value, detail FROM rpm_measurement_problems() ORDER BY 1, 2;
-- Without swapped the two are antennas of a wrong azimuth.
SELECT reason, antenna_id, round(value::numeric) AS measured_deg FROM rpm_measurement_problems(reasons => '{azimuth}') ORDER BY 2;
SELECT reason, antenna_id FROM rpm_measurement_problems(reasons => '{azimuth}', least_azimuth_error_deg => 170) ORDER BY 2;
SELECT reason, antenna_id FROM rpm_measurement_problems(antennas => '{2,3,4}') ORDER BY 2;

-- Bad rows, each by its id.
INSERT INTO rpm.measurement (measurement_id, antenna_id, geom, rsrp_dbm, measured_at) VALUES
	(900001, 4, pg_temp.spot(1100, 0), -150, NULL), (900002, 4, pg_temp.spot(1100, 5), -30, NULL), (900003, 4, pg_temp.spot(2280, 2.5), -100, NULL), (900004, 4, pg_temp.spot(2279.9, 2.5), -100, NULL),
	(900005, 4, ST_SetSRID(ST_MakePoint(0, 0), 32632), -100, NULL), (900006, 4, 'SRID=4326;POINT(11.6 48.2)', -100, NULL), (900007, 4, 'SRID=4326;POINT(11.6 95)', -100, NULL),
	(900008, 77, pg_temp.spot(1100, 10), -100, NULL), (900009, 4, pg_temp.spot(1100, 15), -100, '2026-01-01 12:00Z'), (900010, 4, pg_temp.spot(1100, 15), -101, '2026-01-01 12:00Z'),
	(900011, 4, pg_temp.spot(1100, 15), -101, '2026-01-01 12:01Z'), (900012, 4, pg_temp.spot(1100, 15), -101, NULL), (900013, 4, pg_temp.spot(1100, 15), NULL, '2026-01-01 12:00Z');
SELECT reason, antenna_id, measurement_id, round(value::numeric) AS value, detail FROM rpm_measurement_problems() WHERE measurement_id > 900000 ORDER BY measurement_id, reason;
-- Thresholds.
SELECT measurement_id FROM rpm_measurement_problems(reasons => '{impossible_level}', lowest_dbm => -156, highest_dbm => -31) ORDER BY 1;
SELECT count(*) FROM rpm_measurement_problems(reasons => '{outside_tile}', cell_size_m => 2, columns => 300, rows => 300);
SELECT measurement_id, detail FROM rpm_measurement_problems(reasons => '{far}', far_m => 1000) ORDER BY 1;
SELECT antenna_id FROM rpm_measurement_problems(reasons => '{one_level}', least_rows => 5000);

-- Any relation: without measurement_id, site_id and azimuth_deg, with nulls and what is no point.
CREATE TEMPORARY TABLE bare (antenna_id int, geom geometry, rsrp_dbm float8);
INSERT INTO bare VALUES (1, NULL, -80), (1, 'SRID=32632;POINT EMPTY', -80), (1, 'SRID=32632;LINESTRING(0 0, 1 1)', -80), (NULL, pg_temp.spot(0, 0), -80), (1, 'SRID=32632;POINT(NaN NaN)', -80),
	(1, pg_temp.spot(10, 10), 'NaN'), (1, pg_temp.spot(10, 10), -80);
CREATE TEMPORARY VIEW bare_antenna AS SELECT antenna_id, geom, height_m, frequency_mhz FROM rpm.antenna;
INSERT INTO rpm.scene (name, srid, antenna_relation, measurement_relation) VALUES ('bare', 32632, 'bare_antenna', 'bare');
SELECT * FROM rpm_measurement_problems('bare') ORDER BY 1, 2, 5;
SELECT antenna_id, azimuth_deg, measured_azimuth_deg, block_count FROM rpm_measured_azimuth('bare');
DELETE FROM bare;
SELECT * FROM rpm_measurement_problems('bare');

-- One query, which can be explained.
CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || query; END $$;
SELECT count(*) > 5 AS explained FROM pg_temp.plan(rpm.measurement_problems_query('bare'));

-- What cannot be.
SELECT rpm_measurement_problems('none such');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_measurement_problems(antennas => '{8}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_measurement_problems('bare', antennas => '{}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_measurement_problems('bare', reasons => '{azimuth,weather}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_measurement_problems('bare', reasons => '{}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_measurement_problems('bare', lowest_dbm => -40);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_measurement_problems('bare', far_m => NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_measurement_problems('bare', cell_size_m => 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_measurement_problems('bare', block_m => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_measured_azimuth('bare', nearest_m => -1);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_measured_azimuth('bare', '{99}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_measured_azimuth('bare', '{NULL}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm.azimuth_add('{0}', 1, 1, 1);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
