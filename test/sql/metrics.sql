-- Error metrics of rasters and of rows, against scikit-image, scikit-learn and NumPy (test/data/metrics.csv holds the same maps).
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on

-- The maps of test/data/make_metrics.py, as arrays; null where there is no value.
CREATE FUNCTION pg_temp.predicted(i int, j int, below int DEFAULT 1, modulus int DEFAULT 1) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN (5 * i + j * j) % modulus < below THEN -60 - 0.5 * ((i * 37 + j * 101 + i * j) % 97) END $$;
CREATE FUNCTION pg_temp.measured(i int, j int, below int DEFAULT 1, modulus int DEFAULT 1) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN (i * i + 3 * j + i * j) % modulus < below THEN -60 - 0.5 * ((i * 37 + j * 101 + i * j) % 97) + 0.5 * ((i * 53 + j * 29) % 31 - 15) END $$;
CREATE FUNCTION pg_temp.map(columns int, rows int, what text, below int, modulus int) RETURNS raster LANGUAGE sql IMMUTABLE AS $$
	SELECT ST_SetValues(ST_AddBand(ST_MakeEmptyRaster(columns, rows, 500000, 5000000, 5, -5, 0, 0, 32632), '32BF'::text, -9999, -9999), 1, 1, 1, array_agg(v ORDER BY i))
	FROM (SELECT i, array_agg(coalesce(CASE what WHEN 'predicted' THEN pg_temp.predicted(i, j, below, modulus) ELSE pg_temp.measured(i, j, below, modulus) END, -9999) ORDER BY j) AS v
		FROM generate_series(0, rows - 1) AS i, generate_series(0, columns - 1) AS j GROUP BY i) AS r $$;
CREATE FUNCTION pg_temp.show(c rpm.comparison) RETURNS TABLE (cells bigint, measured_only bigint, predicted_only bigint, rmse numeric, mae numeric, bias numeric, pcc numeric,
	ssim numeric, windows bigint, smape numeric, r2 numeric, holes bigint, "precision" numeric, recall numeric, f1 numeric) LANGUAGE sql AS $$
	SELECT c.cell_count, c.measured_only_count, c.predicted_only_count, round(c.rmse_db::numeric, 10), round(c.mae_db::numeric, 10), round(c.bias_db::numeric, 10), round(c.pcc::numeric, 10),
		round(c.ssim::numeric, 10), c.ssim_window_count, round(c.smape::numeric, 10), round(c.r2::numeric, 10), c.hole_count, round(c.hole_precision::numeric, 10),
		round(c.hole_recall::numeric, 10), round(c.hole_f1::numeric, 10) $$;
CREATE TEMPORARY TABLE fixture (name text, columns int, rows int, modulus int, measured_below int, predicted_below int, window_cells int, least int, threshold float8,
	cells bigint, measured_only bigint, predicted_only bigint, rmse float8, mae float8, bias float8, pcc float8, smape float8, r2 float8, "precision" float8, recall float8,
	f1 float8, ssim float8, windows bigint);
\copy fixture FROM 'test/data/metrics.csv' (FORMAT csv, HEADER)
-- Every figure within 1e-9 of the fixture's.
SELECT f.name, c.cell_count, c.measured_only_count = f.measured_only AND c.predicted_only_count = f.predicted_only AND c.ssim_window_count = f.windows AND c.cell_count = f.cells AS counts,
	(SELECT bool_and(CASE WHEN theirs = 'NaN' THEN ours IS NULL ELSE abs(ours - theirs) < 1e-9 END) FROM (VALUES (c.rmse_db, f.rmse), (c.mae_db, f.mae), (c.bias_db, f.bias), (c.pcc, f.pcc),
		(c.smape, f.smape), (c.r2, f.r2), (c.hole_precision, f.precision), (c.hole_recall, f.recall), (c.hole_f1, f.f1), (c.ssim, f.ssim)) AS v (ours, theirs)) AS figures
FROM fixture AS f, rpm_compare(pg_temp.map(f.columns, f.rows, 'predicted', f.predicted_below, f.modulus), pg_temp.map(f.columns, f.rows, 'measured', f.measured_below, f.modulus),
	threshold_dbm => f.threshold, ssim_window_cells => f.window_cells, ssim_least_cells => f.least) AS c;
-- By default: windows of 7 cells with 25 or more, holes below -103 dBm.
SELECT * FROM pg_temp.show(rpm_compare(pg_temp.map(40, 30, 'predicted', 9, 10), pg_temp.map(40, 30, 'measured', 7, 10)));

-- Rows give the same figures as cells, however they are split, but no SSIM.
CREATE TEMPORARY TABLE pair AS SELECT i, j, pg_temp.predicted(i, j, 9, 10) AS predicted, pg_temp.measured(i, j, 7, 10) AS measured FROM generate_series(0, 29) AS i, generate_series(0, 39) AS j;
SELECT (pg_temp.show(rpm_compare_points(predicted, measured))).* FROM pair;
SELECT (pg_temp.show(rpm_compare_points(predicted, measured, -90))).* FROM pair;
SELECT i % 3 AS part, (c).cell_count, round((c).rmse_db::numeric, 6) AS rmse_db, round((c).mae_db::numeric, 6) AS mae_db FROM (SELECT i % 3 AS i, rpm_compare_points(predicted, measured) AS c FROM pair GROUP BY 1) AS s ORDER BY 1;
SELECT (pg_temp.show(rpm.compare_points_final(rpm.compare_points_merge(a, b)))).*
FROM (SELECT array_agg(x ORDER BY o) FILTER (WHERE true) AS a FROM unnest('{0,0,0,0,0,0,0,0,0,0,0,0,0,0}'::float8[]) WITH ORDINALITY AS u (x, o)) AS s,
	LATERAL (SELECT rpm.compare_points_add(rpm.compare_points_add(a, -80, -90), NULL, -70) AS b) AS t;
-- In parallel.
CREATE TABLE parallel_pair AS SELECT predicted, measured FROM pair, generate_series(1, 50);
ANALYZE parallel_pair;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
EXPLAIN (COSTS OFF) SELECT rpm_compare_points(predicted, measured) FROM parallel_pair;
SELECT (pg_temp.show(rpm_compare_points(predicted, measured))).* FROM parallel_pair;

-- Nothing to compare; NaN and infinities are no values; constants have no correlation.
SELECT (pg_temp.show(rpm_compare_points(p, m))).* FROM (VALUES (NULL::float8, NULL::float8)) AS v (p, m);
SELECT (pg_temp.show(rpm_compare_points(p, m))).* FROM pair, (VALUES (1::float8, 1::float8)) AS v (p, m) WHERE false;
SELECT (pg_temp.show(rpm_compare_points(p, m))).* FROM (VALUES ('NaN'::float8, -80::float8), (-80, 'Infinity'), ('-Infinity', NULL), (-80, -110), (-80, -110)) AS v (p, m);
SELECT rpm_compare(NULL, pg_temp.map(2, 2, 'measured', 1, 1)) IS NULL AS no_raster;
SELECT * FROM pg_temp.show(rpm_compare(pg_temp.map(9, 9, 'predicted', 0, 1), pg_temp.map(9, 9, 'measured', 1, 1)));
-- Rasters that overlap in part, on whole cells, and not at all: what lies outside is counted.
SELECT * FROM pg_temp.show(rpm_compare(ST_SetUpperLeft(pg_temp.map(9, 9, 'predicted', 1, 1), 500010, 5000005), pg_temp.map(9, 9, 'measured', 1, 1)));
SELECT * FROM pg_temp.show(rpm_compare(ST_SetUpperLeft(pg_temp.map(9, 9, 'predicted', 1, 1), 600000, 5000000), pg_temp.map(9, 9, 'measured', 1, 1)));

-- What cannot be.
SELECT rpm_compare(ST_SetUpperLeft(pg_temp.map(9, 9, 'predicted', 1, 1), 500002, 5000000), pg_temp.map(9, 9, 'measured', 1, 1));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_compare(ST_SetScale(pg_temp.map(9, 9, 'predicted', 1, 1), 10, -10), pg_temp.map(9, 9, 'measured', 1, 1));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_compare(ST_SetSRID(pg_temp.map(9, 9, 'predicted', 1, 1), 32633), pg_temp.map(9, 9, 'measured', 1, 1));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_compare(pg_temp.map(9, 9, 'predicted', 1, 1), ST_MakeEmptyRaster(9, 9, 500000, 5000000, 5, -5, 0, 0, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_compare(r, r, ssim_window_cells => 6) FROM pg_temp.map(9, 9, 'predicted', 1, 1) AS r;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_compare(r, r, ssim_least_cells => 50) FROM pg_temp.map(9, 9, 'predicted', 1, 1) AS r;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_compare(r, r, ssim_range_db => 0) FROM pg_temp.map(9, 9, 'predicted', 1, 1) AS r;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_compare(r, r, threshold_dbm => 'NaN') FROM pg_temp.map(9, 9, 'predicted', 1, 1) AS r;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_compare_points(predicted, measured, NULL) FROM pair;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm.compare_points_add('{1,2}', -80, -80);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm.compare_points_final('{1,2,3,4,5,6,7,8,9,10,11,12,13,NULL}');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
