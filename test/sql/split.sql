-- rpm_split: golden values of its definition (a second implementation made them), equal shares, errors.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET extra_float_digits = 0;

SELECT rpm_split('site', 7) AS site, rpm_split('site', 7, seed => 2) AS other_seed, rpm_split('site', -7) AS negative_id;
SELECT rpm_split('block', NULL, 388767.5, 3394837.5) AS block_of_all, rpm_split('block', 108401, 390222.5, 3394632.5) AS block,
	rpm_split('pixel', 108401, 390222.5, 3394632.5) AS pixel, rpm_split('pixel', NULL, -2.5, -2.5) AS below_zero;
SELECT rpm_split('block', 108401, ST_SetSRID(ST_MakePoint(390222.5, 3394632.5), 32648)) = rpm_split('block', 108401, 390222.5, 3394632.5)
	AND rpm_split('pixel', 108401, ST_MakePoint(390222.5, 3394632.5, 7)) = rpm_split('pixel', 108401, 390222.5, 3394632.5) AS point_as_numbers;
-- the edges of units: south and west belong to them
SELECT rpm_split('block', 1, 300, 300) = rpm_split('block', 1, 399.999, 399.999) AS inside, rpm_split('block', 1, 300, 300) = rpm_split('block', 1, 400, 300) AS next,
	rpm_split('block', 1, 300, 300, block_m => 50) = rpm_split('block', 1, 349, 349, block_m => 50) AS half,
	rpm_split('pixel', 1, 0, 0, cell_m => 10) = rpm_split('pixel', 1, 9, 9, cell_m => 10) AS ten_metres;
-- seven tenths of 10,000 pixels, within 4 standard deviations of 0.46 %
SELECT abs(avg((rpm_split('pixel', 5, x, y) < 0.7)::int) - 0.7) < 0.0184 AS share
FROM generate_series(0, 495, 5) AS x, generate_series(0, 495, 5) AS y;
SELECT provolatile, proparallel FROM pg_proc WHERE proname IN ('rpm_split', 'split_number');

-- errors
SELECT rpm_split('cell', 1, 0, 0);
SELECT rpm_split(NULL, 1, 0, 0);
SELECT rpm_split('site', NULL);
SELECT rpm_split('block', 1);
SELECT rpm_split('block', 1, 'NaN', 0);
SELECT rpm_split('block', 1, 0, '-Infinity');
SELECT rpm_split('block', 1, 0, 0, block_m => 0);
SELECT rpm_split('pixel', 1, 0, 0, cell_m => NULL);
SELECT rpm_split('pixel', 1, 1e300, 0);
SELECT rpm_split('pixel', 1, 0, 0, seed => NULL);
SELECT rpm_split('block', 1, 'POINT EMPTY'::geometry);
SELECT rpm_split('block', 1, 'LINESTRING(0 0, 1 1)'::geometry);
SELECT rpm_split('block', 1, 'SRID=4326;POINT(104.06 30.67)'::geometry);
