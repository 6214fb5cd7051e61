-- Prediction: a simulated drive test (seeded, no measured data), the map, its deviation, the report, sites that help, and every error.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on
SET LOCAL client_min_messages = notice;

-- Three sectors of a site at (691000, 5336000) and one antenna 400 m east of it. Truth: a law of distance, and a field that all sectors share,
-- made of 40 cosines whose wave numbers, directions and phases come from a fixed sequence (a spectral simulation; deviation 6 dB).
CREATE TABLE mast (LIKE rpm.antenna INCLUDING DEFAULTS);
INSERT INTO mast (antenna_id, site_id, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg) VALUES
	(1, 7, ST_SetSRID(ST_MakePoint(691000, 5336000), 32632), 25, 2600, 15, 0),
	(2, 7, ST_SetSRID(ST_MakePoint(691000, 5336000), 32632), 25, 2600, 15, 120),
	(3, 7, ST_SetSRID(ST_MakePoint(691000, 5336000), 32632), 25, 2600, 15, 240),
	(4, NULL, ST_SetSRID(ST_MakePoint(691400, 5336000), 32632), 25, 2600, 15, 0);
CREATE TABLE drive (antenna_id bigint, geom geometry, rsrp_dbm float8, position_accuracy_m float8);
INSERT INTO rpm.scene (name, srid, cell_size_m, antenna_relation, measurement_relation)
VALUES ('town', 32632, 10, 'mast', 'drive');

-- A number between 0 and 1 that belongs to k.
CREATE FUNCTION pg_temp.draw(k bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT mod(abs(hashint8extended(k, 42)), 1000003) / 1000003.0 $$;
CREATE FUNCTION pg_temp.truth(x float8, y float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT -75 - 35 * log(greatest(sqrt(x * x + y * y), 20) / 100) + 6 * sqrt(2.0 / 40) * sum(
		cos((x * cos(2 * pi() * pg_temp.draw(3 * k)) + y * sin(2 * pi() * pg_temp.draw(3 * k))) * 2 * pi() / (60 + 300 * pg_temp.draw(3 * k + 1))
			+ 2 * pi() * pg_temp.draw(3 * k + 2)))
	FROM generate_series(1, 40) AS k
$$;
CREATE TEMPORARY TABLE truth AS
	SELECT i * 64 + j AS cell, -395 + 10 * i AS x, -395 + 10 * j AS y, pg_temp.truth(-395 + 10 * i, -395 + 10 * j) AS level
	FROM generate_series(0, 63) AS i, generate_series(0, 63) AS j;
-- Antenna 1 was measured in 500 cells along streets and squares, 2 dB of noise.
INSERT INTO drive
	SELECT 1, ST_SetSRID(ST_MakePoint(691000 + x, 5336000 + y), 32632), level + 2 * sqrt(-2 * ln(1 - pg_temp.draw(5000000 + cell))) * cos(2 * pi() * pg_temp.draw(6000000 + cell))
	FROM truth WHERE pg_temp.draw(4000000 + cell) < 0.12;

CREATE FUNCTION pg_temp.errors(map raster) RETURNS TABLE (cells bigint, mae_db numeric, covered numeric) LANGUAGE sql AS $$
	SELECT count(*), round(avg(abs(level - m))::numeric, 1), round(avg((abs(level - m) <= 1.645 * sd)::int)::numeric, 1)
	FROM truth, LATERAL (SELECT ST_SetSRID(ST_MakePoint(691000 + x, 5336000 + y), 32632) AS geom) AS p,
		LATERAL (SELECT ST_Value(map, 1, p.geom) AS m, ST_Value(map, 2, p.geom) AS sd) AS v
	WHERE m IS NOT NULL
$$;

-- The map: two bands, aligned to the cell size, centred; a law of distance alone leaves more than 4 dB, with the field it is below 2.
CREATE TEMPORARY TABLE map AS SELECT rpm_predict(1, 'town', size_cells => 100) AS rast;
SELECT ST_NumBands(rast), ST_BandPixelType(rast, 1), ST_BandPixelType(rast, 2), ST_BandNoDataValue(rast, 1), ST_Width(rast), ST_Height(rast), ST_SRID(rast),
	ST_UpperLeftX(rast) AS x, ST_UpperLeftY(rast) AS y, ST_ScaleX(rast) AS dx, ST_ScaleY(rast) AS dy FROM map;
SELECT cells, mae_db < 2 AS close, covered FROM map, pg_temp.errors(rast);
-- The deviation is small where it was measured, large far from it, and never below the noise of one measurement.
SELECT min(ST_Value(rast, 2, geom)) > 0.5 AS noise_is_in_it, avg(ST_Value(rast, 2, geom)) < avg(ST_Value(rast, 2, ST_SetSRID(ST_MakePoint(690520, 5335520), 32632))) AS grows
FROM map, drive;
-- The same twice, with one thread and with two, and whatever the order of the rows.
SET LOCAL rpm_pg.threads = 1;
SELECT ST_AsBinary(rast) = ST_AsBinary(rpm_predict(1, 'town', size_cells => 100)) AS one_thread FROM map;
SET LOCAL rpm_pg.threads = 2;
CREATE TEMPORARY TABLE kept AS SELECT * FROM drive;
TRUNCATE drive;
INSERT INTO drive SELECT * FROM kept ORDER BY ST_X(geom) DESC, rsrp_dbm;
SELECT ST_AsBinary(rast) = ST_AsBinary(rpm_predict(1, 'town', size_cells => 100)) AS another_order FROM map;
RESET rpm_pg.threads;
-- The grid by extent, by cell size, by template; the scene found by the antenna.
SELECT ST_Width(r), ST_Height(r), ST_UpperLeftX(r), ST_UpperLeftY(r) FROM rpm_predict(1, 'town', extent => ST_MakeEnvelope(691003, 5336003, 691027, 5336017, 32632)) AS r;
SELECT ST_Width(r), ST_ScaleX(r) FROM rpm_predict(1, cell_size_m => 20, size_cells => 16) AS r;
SELECT ST_Width(r), ST_Height(r), ST_UpperLeftX(r), ST_ScaleX(r), ST_ScaleY(r)
FROM rpm_predict(1, 'town', template => ST_MakeEmptyRaster(30, 20, 690901, 5336099, 7, -9, 0, 0, 32632)) AS r;
-- A part of a map is that part: what a cell gets does not depend on which others are asked for.
SELECT bool_and(ST_Value(part, 1, p.geom) = ST_Value(rast, 1, p.geom) AND ST_Value(part, 2, p.geom) = ST_Value(rast, 2, p.geom)) AS part_of_it
FROM map, rpm_predict(1, 'town', template => ST_Clip(ST_AddBand(ST_MakeEmptyRaster(rast), '8BUI'::text), ST_MakeEnvelope(690500, 5335500, 691500, 5336500, 32632))) AS part,
	LATERAL (SELECT (ST_PixelAsCentroids(part)).geom) AS p;

-- What it rests on.
SELECT prior_chosen, prior_source, measurements, measurements_outside, measurements_unusable, cells, site_cells, other_cells, validation_points,
	mae_db < 4 AS validates, (candidates -> 1 ->> 'mae_db_without_field')::float8 > 4 AS law_alone, jsonb_array_length(candidates) AS candidates, jsonb_path_query_array(candidates, '$[*].prior') AS names,
	covariance_source, covariance_reason, array_length(coefficients, 1) AS coefficients
FROM rpm_predict_report(1, 'town', size_cells => 100);
SELECT noise_sd_db BETWEEN 0.5 AND 4 AS noise, sqrt(short_sd_db ^ 2 + long_sd_db ^ 2) BETWEEN 3 AND 10 AS field, coverage_near BETWEEN 0.8 AND 1 AS near, coverage_far BETWEEN 0.7 AND 1 AS far,
	scale_near BETWEEN 0.7 AND 1.4 AS scale_near, scale_far BETWEEN 0.7 AND 1.5 AS scale_far
FROM rpm_predict_report(1, 'town', size_cells => 100);
SELECT prior_chosen, jsonb_array_length(candidates) AS candidates FROM rpm_predict_report(1, 'town', prior => 'site_mean', size_cells => 100);
SELECT prior_chosen = (SELECT c ->> 'prior' FROM jsonb_array_elements(candidates) AS c ORDER BY (c ->> 'mae_db')::float8 LIMIT 1) AS the_best_of_them
FROM rpm_predict_report(1, 'town', size_cells => 100);

-- A published map as a prior: the truth 4 dB too high, with holes at a ninth of its cells. It validates best; an antenna without a map does not have it.
CREATE TABLE traced_map (rid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, antenna_id bigint, rast raster);
INSERT INTO traced_map (antenna_id, rast)
	SELECT 1, ST_SetValues(ST_AddBand(ST_MakeEmptyRaster(64, 64, 690600, 5336240, 10, -10, 0, 0, 32632), '32BF'::text, -9999, -9999), 1, 1, 1, array_agg(of_row ORDER BY y DESC))
	FROM (SELECT y, array_agg(CASE WHEN cell % 9 = 0 THEN -9999 ELSE level + 4 END ORDER BY x) AS of_row FROM truth GROUP BY y) AS t;
INSERT INTO rpm.coverage (name, scene, product, table_schema, table_name, srid, cell_size_m, extent)
VALUES ('town map', 'town', 'rsrp_dbm', 'public', 'traced_map', 32632, 10, ST_MakeEnvelope(690600, 5335600, 691240, 5336240, 32632));
SELECT prior_chosen, jsonb_array_length(candidates) AS candidates, mae_db < 3 AS close, round(coefficients[1]::numeric / 4) * 4 AS offset_db FROM rpm_predict_report(1, 'town', size_cells => 100);
SELECT cells, mae_db < 1.2 AS close FROM pg_temp.errors((SELECT rpm_predict(1, 'town', size_cells => 100)));
SELECT prior_chosen FROM rpm_predict_report(1, 'town', size_cells => 100, prior => 'log_distance');
SELECT rpm_predict(2, 'town', size_cells => 100, prior => 'traced');
-- by method: this map and no other; the calibrated one is that of a scene that rpm_apply_calibration made
SELECT prior_chosen, jsonb_array_length(candidates) AS candidates FROM rpm_predict_report(1, 'town', 'traced', size_cells => 100);
SELECT rpm_predict(2, 'town', 'traced', size_cells => 100);
SELECT rpm_predict(1, 'town', 'traced', size_cells => 100, prior => 'site_mean');
SELECT rpm_predict(1, 'town', 'calibrated', size_cells => 100);
INSERT INTO rpm.scene (name, srid, cell_size_m, antenna_relation, measurement_relation) SELECT 'town calibrated', srid, cell_size_m, antenna_relation, measurement_relation FROM rpm.scene WHERE name = 'town';
INSERT INTO rpm.calibrated_scene (scene, base_scene) VALUES ('town calibrated', 'town');
UPDATE rpm.coverage SET scene = 'town calibrated' WHERE name = 'town map';
SELECT prior_chosen FROM rpm_predict_report(1, 'town', 'calibrated', size_cells => 100);
SELECT prior_chosen FROM rpm_predict_report(1, 'town calibrated', 'calibrated', size_cells => 100);
SELECT rpm_predict(1, 'town', 'traced', size_cells => 100);
UPDATE rpm.coverage SET scene = 'town' WHERE name = 'town map';
DELETE FROM rpm.scene WHERE name = 'town calibrated';
-- A map of less than half of what was measured is none, nor is one whose table is gone.
UPDATE traced_map SET rast = ST_Clip(rast, ST_MakeEnvelope(690600, 5335600, 690800, 5336240, 32632));
SELECT jsonb_array_length(candidates) AS candidates FROM rpm_predict_report(1, 'town', size_cells => 100);
DROP TABLE traced_map;
SELECT jsonb_array_length(candidates) AS candidates FROM rpm_predict_report(1, 'town', size_cells => 100);
DELETE FROM rpm.coverage WHERE scene = 'town';

-- No measurements: the published model, with its deviation; then the other sectors, then their measurements, tell more.
TRUNCATE drive;
SELECT round(ST_Value(r, 1, 1, 1)::numeric) BETWEEN -130 AND -80 AS level, ST_Value(r, 2, 1, 1) > 10 AS uncertain FROM rpm_predict(2, 'town', size_cells => 100) AS r;
SELECT prior_chosen, prior_source, measurements, validation_points, mae_db, covariance_source, covariance_reason, scale_far, coverage_far FROM rpm_predict_report(2, 'town', size_cells => 100);
INSERT INTO drive SELECT * FROM kept;
SELECT cells, mae_db < 5 AS close FROM pg_temp.errors((SELECT rpm_predict(2, 'town', size_cells => 100)));
SELECT prior_source, site_cells, covariance_source FROM rpm_predict_report(2, 'town', size_cells => 100);
SELECT prior_source, site_cells, other_cells FROM rpm_predict_report(2, 'town', size_cells => 100, sharing => 'none');
SELECT prior_source, site_cells, other_cells > 0 AS others FROM rpm_predict_report(4, 'town', size_cells => 100, sharing => 'all');

-- Few, one, all in one spot, contradictory, all at one level: a map, and the report says that the covariance was not learned.
CREATE FUNCTION pg_temp.case_of(what text) RETURNS TABLE (name text, measurements bigint, cells bigint, covariance_source text, covariance_reason text, level numeric, finite boolean) LANGUAGE sql AS $$
	SELECT what, p.measurements, p.cells, p.covariance_source, p.covariance_reason, round(ST_Value(r, 1, 51, 41)::numeric / 5) * 5, (ST_SummaryStats(r, 2)).max < 40
	FROM rpm_predict_report(1, 'town', size_cells => 100, sharing => 'none') AS p, rpm_predict(1, 'town', size_cells => 100, sharing => 'none') AS r
$$;
TRUNCATE drive;
INSERT INTO drive VALUES (1, ST_SetSRID(ST_MakePoint(691005, 5336095), 32632), -80);
SELECT * FROM pg_temp.case_of('one');
INSERT INTO drive SELECT 1, ST_SetSRID(ST_MakePoint(691005, 5336095), 32632), -80 FROM generate_series(2, 20000);
SELECT * FROM pg_temp.case_of('one spot');
INSERT INTO drive SELECT 1, ST_SetSRID(ST_MakePoint(691005, 5336095), 32632), -120 FROM generate_series(1, 20000);
SELECT * FROM pg_temp.case_of('contradictory');
TRUNCATE drive;
INSERT INTO drive SELECT 1, geom, -140 FROM kept;
SELECT * FROM pg_temp.case_of('at the floor');
-- Rows far outside, without a point or level, in another SRID, and with uncertain positions.
TRUNCATE drive;
INSERT INTO drive SELECT * FROM kept LIMIT 100;
INSERT INTO drive VALUES (1, ST_SetSRID(ST_MakePoint(9e8, 1e9), 32632), -80), (1, NULL, -80), (1, ST_SetSRID(ST_MakePoint(691000, 5336000), 32632), 'NaN'),
	(1, ST_SetSRID(ST_MakePoint(691000, 5336000), 32632), NULL), (1, ST_Transform(ST_SetSRID(ST_MakePoint(691015, 5336015), 32632), 4326), -70), (1, ST_SetSRID('LINESTRING(691000 5336000, 691001 5336000)'::geometry, 32632), -80);
UPDATE drive SET position_accuracy_m = 40 WHERE rsrp_dbm < -90;
INSERT INTO drive (antenna_id, geom, rsrp_dbm, position_accuracy_m) SELECT 1, ST_SetSRID(ST_MakePoint(691010, 5336010), 32632), l, a
FROM (VALUES (1e30, NULL), (-80, 'Infinity'::float8), (-80, -1)) AS v (l, a);
SELECT measurements, measurements_outside, measurements_unusable, cells FROM rpm_predict_report(1, 'town', size_cells => 100);
SELECT ST_Width(rpm_predict(1, 'town', size_cells => 100));

-- Errors.
SELECT rpm_predict(NULL::bigint);
SELECT rpm_predict(99, 'town');
SELECT rpm_predict(99);
SELECT rpm_predict(1, 'nowhere');
SELECT rpm_predict(1, 'town', prior => 'oracle');
SELECT rpm_predict(1, 'town', sharing => 'everything');
SELECT rpm_predict(1, 'town', cell_size_m => 0);
SELECT rpm_predict(1, 'town', size_cells => 0);
SELECT rpm_predict(1, 'town', size_cells => 65535);
SELECT rpm_predict(1, 'town', extent => ST_MakeEnvelope(0, 0, 1, 1, 4326));
SELECT rpm_predict(1, 'town', extent => ST_MakeEnvelope(691000, 5336000, 691000, 5336000, 32632));
SELECT rpm_predict(1, 'town', template => ST_MakeEmptyRaster(3, 3, 0, 0, 1, -1, 0, 0, 4326));
SELECT rpm_predict(1, 'town', cell_size_m => 5, template => ST_MakeEmptyRaster(3, 3, 691000, 5336000, 10, -10, 0, 0, 32632));
UPDATE mast SET frequency_mhz = -1 WHERE antenna_id = 1;
SELECT rpm_predict(1, 'town');
UPDATE mast SET frequency_mhz = 2600, geom = ST_Transform(geom, 25832) WHERE antenna_id = 1;
SELECT rpm_predict(1, 'town');
ROLLBACK;

-- Rights: a role without SELECT on the measurements.
CREATE ROLE rpm_predict_reader;
GRANT SELECT ON rpm.scene, rpm.antenna, rpm.antenna_pattern TO rpm_predict_reader;
INSERT INTO rpm.antenna (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm) VALUES (999999, ST_SetSRID(ST_MakePoint(691000, 5336000), 32632), 25, 2600, 15);
SET ROLE rpm_predict_reader;
SELECT rpm_predict(999999);
RESET ROLE;
DELETE FROM rpm.antenna WHERE antenna_id = 999999;
DROP OWNED BY rpm_predict_reader;
DROP ROLE rpm_predict_reader;
