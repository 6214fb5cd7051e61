-- Rasters of measured cells: grid, means, weights, other SRIDs, and what is no measurement.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on
INSERT INTO rpm.antenna (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm) VALUES
	(1, ST_SetSRID(ST_MakePoint(691002.5, 5336002.5), 32632), 20, 2585, 10), (2, ST_SetSRID(ST_MakePoint(691502.5, 5336002.5), 32632), 20, 2585, 10),
	(3, ST_SetSRID(ST_MakePoint(691001, 5336004), 32632), 20, 2585, 10);
CREATE FUNCTION pg_temp.spot(x float8, y float8) RETURNS geometry LANGUAGE sql AS $$ SELECT ST_SetSRID(ST_MakePoint(691000 + x, 5336000 + y), 32632) $$;
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm, indoor) VALUES
	(1, pg_temp.spot(11, 11), -80, false), (1, pg_temp.spot(12, 12), -90, true), (1, pg_temp.spot(13, 13), -100, NULL), (1, pg_temp.spot(16, 11), -70, false),
	(1, pg_temp.spot(2000, 0), -60, NULL), (1, pg_temp.spot(30, 15), -50, NULL), (1, pg_temp.spot(11, 11), NULL, NULL);
-- As in the paper: 512 x 512 cells of 5 m, the antenna in the middle; edges on whole cells.
SELECT ST_Width(r), ST_Height(r), ST_NumBands(r), ST_UpperLeftX(r) - 691000 AS west, ST_UpperLeftY(r) - 5336000 AS north, ST_ScaleX(r), ST_ScaleY(r), ST_SRID(r),
	ST_BandPixelType(r, 1), ST_BandNoDataValue(r, 1), ST_BandNoDataValue(r, 3), ST_Count(r, 1) AS level, ST_Count(r, 2) AS count, ST_Count(r, 3) AS spread
FROM rpm_ground_truth(1) AS r;
CREATE FUNCTION pg_temp.show(r raster) RETURNS TABLE (x float8, y float8, level numeric, count numeric, spread numeric) LANGUAGE sql AS $$
	SELECT ST_RasterToWorldCoordX(r, p.x) - 691000, ST_RasterToWorldCoordY(r, p.y) - 5336000, round(p.val::numeric, 4), round(ST_Value(r, 2, p.x, p.y)::numeric, 4), round(ST_Value(r, 3, p.x, p.y)::numeric, 4)
	FROM ST_PixelAsPoints(r, 1) AS p ORDER BY 1, 2 $$;
-- Mean of -80, -90 and -100 dB, of their powers, and the middle one; a point on an edge belongs to the cell east and south.
SELECT 'db' AS domain, * FROM pg_temp.show(rpm_ground_truth(1)) UNION ALL SELECT 'power', * FROM pg_temp.show(rpm_ground_truth(1, domain => 'power'))
UNION ALL SELECT 'median', * FROM pg_temp.show(rpm_ground_truth(1, domain => 'median'));
-- Indoor rows alone, and outdoor ones.
SELECT indoor, s.* FROM (VALUES (true), (false)) AS v (indoor), pg_temp.show(rpm_ground_truth(1, indoor => indoor)) AS s ORDER BY 1, 2;
-- Other sizes, cells, extents and templates.
SELECT ST_Width(r), ST_Height(r), ST_ScaleX(r), ST_UpperLeftX(r) - 691000 AS west, ST_UpperLeftY(r) - 5336000 AS north, ST_Count(r, 1)
FROM (VALUES (rpm_ground_truth(1, cell_size_m => 10, columns => 3, rows => 4)), (rpm_ground_truth(1, extent => ST_Expand(pg_temp.spot(12, 12), 7))),
	(rpm_ground_truth(1, template => ST_AddBand(ST_MakeEmptyRaster(7, 5, 691001, 5336021, 3, -4, 0, 0, 32632), '32BF'::text)))) AS v (r);
SELECT ST_AsText(ST_Translate(rpm_tile(geom, columns => 4, rows => 3), -691000, -5336000)) FROM rpm.antenna WHERE antenna_id IN (1, 3) ORDER BY antenna_id;
SELECT ST_Equals(ST_Envelope(rpm_ground_truth(1)), rpm_tile(geom)) AS same FROM rpm.antenna WHERE antenna_id = 1;
-- It aligns with what rpm_trace makes.
INSERT INTO rpm.scene (name, srid, extent) VALUES ('measured', 32632, ST_MakeEnvelope(690990.5, 5335991, 691103, 5336099, 32632));
SELECT ST_SameAlignment(t.rast, rpm_ground_truth(1)) AS aligned FROM rpm_trace('measured', '{1}', mechanisms => '{line_of_sight}') AS t;

-- Position accuracy as weight: in the middle of a cell of 5 m, (2 Phi(0.5) - 1)^2 = 0.14663 for 5 m.
DELETE FROM rpm.measurement;
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm, position_accuracy_m) VALUES (1, pg_temp.spot(2.5, 2.5), -80, 0), (1, pg_temp.spot(2.5, 2.5), -100, 5), (1, pg_temp.spot(2.5, 2.5), -110, NULL);
SELECT * FROM pg_temp.show(rpm_ground_truth(1, max_accuracy_m => 5));
SELECT round(((-80 - 100 * w) / (1 + w))::numeric, 4) AS by_hand FROM (VALUES (0.3829249225480262 ^ 2)) AS v (w);
SELECT * FROM pg_temp.show(rpm_ground_truth(1, max_accuracy_m => 1));
SELECT * FROM pg_temp.show(rpm_ground_truth(1));
SELECT * FROM pg_temp.show(rpm_ground_truth(1, default_accuracy_m => 5));
SELECT round(((-80 - 210 * w) / (1 + 2 * w))::numeric, 4) AS by_hand FROM (VALUES (0.3829249225480262 ^ 2)) AS v (w);

-- Rows in other SRIDs are transformed; what cannot be is left out and counted, like what is no level, in a relation that does not check.
DELETE FROM rpm.measurement;
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) SELECT 1, ST_Transform(pg_temp.spot(12.5, 12.5), srid), -80 - row_number() OVER () FROM (VALUES (4326), (3857), (32632)) AS v (srid);
SELECT * FROM pg_temp.show(rpm_ground_truth(1));
CREATE TABLE own (antenna_id int, geom geometry, rsrp_dbm float8, position_accuracy_m text);
INSERT INTO own VALUES (1, pg_temp.spot(12.5, 12.5), -80, '3'), (1, NULL, -80, NULL), (1, 'SRID=32632;POINT EMPTY', -80, NULL), (1, 'SRID=32632;LINESTRING(0 0, 1 1)', -80, NULL),
	(1, 'SRID=32632;POINT(NaN 1)', -80, NULL), (1, 'SRID=4326;POINT(11 95)', -80, NULL), (1, 'SRID=4326;POINT(1e300 48)', -80, NULL), (1, 'POINT(691012 5336012)', -80, NULL),
	(1, pg_temp.spot(12.5, 12.5), 'NaN', NULL), (1, pg_temp.spot(12.5, 12.5), 'Infinity', NULL), (1, pg_temp.spot(12.5, 12.5), -80, '-3'), (1, pg_temp.spot(12.5, 12.5), NULL, NULL),
	(1, ST_SetSRID(ST_MakePoint(691012.5, 5336012.5, 30), 32632), -90, 'NaN'), (1, pg_temp.spot(1e9, -1e9), -80, NULL);
UPDATE rpm.scene SET measurement_relation = 'own' WHERE name = 'measured';
SELECT * FROM pg_temp.show(rpm_ground_truth(1, 'measured'));
-- A text that is no number.
INSERT INTO own VALUES (1, pg_temp.spot(12.5, 12.5), -80, 'good');
SELECT rpm_ground_truth(1, 'measured');
\echo :LAST_ERROR_SQLSTATE
UPDATE rpm.scene SET measurement_relation = 'rpm.measurement' WHERE name = 'measured';

-- Nothing measured, or nothing inside: an empty raster, and why.
DELETE FROM rpm.measurement;
SELECT ST_Count(rpm_ground_truth(1, columns => 4, rows => 4), 1);
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) VALUES (1, pg_temp.spot(5000, 0), -80);
SELECT ST_Count(rpm_ground_truth(1), 1);
-- A single point, all in one spot at the floor, contradictory ones, a hundred thousand in one cell.
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) SELECT 1, pg_temp.spot(1, 1), -90 UNION ALL SELECT 1, pg_temp.spot(21, 1), -140 FROM generate_series(1, 50)
	UNION ALL SELECT 1, pg_temp.spot(41, 1), l FROM (VALUES (-44), (-140)) AS v (l) UNION ALL SELECT 1, pg_temp.spot(61, 1), -80 - i % 21 FROM generate_series(0, 104999) AS i;
SELECT * FROM pg_temp.show(rpm_ground_truth(1));
SELECT level FROM pg_temp.show(rpm_ground_truth(1, domain => 'median')) WHERE count > 1000;

-- Many antennas.
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) VALUES (2, pg_temp.spot(501, 1), -77);
SELECT antenna_id, ST_Width(rast), ST_Count(rast, 1) FROM rpm_ground_truths();
SELECT antenna_id, ST_Count(rast, 1), ST_UpperLeftX(rast) - 691000 AS west FROM rpm_ground_truths('measured', columns => 16, rows => 16);
SELECT antenna_id, ST_Count(rast, 1) FROM rpm_ground_truths(antennas => '{3,2}', template => rpm_ground_truth(2, columns => 16, rows => 16));

-- What cannot be.
SELECT rpm_ground_truth(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_ground_truth(7);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_ground_truth(7, 'measured');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_ground_truth(1, 'none such');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM rpm_ground_truths(antennas => '{1,8}');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM rpm_ground_truths(antennas => '{}');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_ground_truth(1, domain => 'mean');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_ground_truth(1, columns => 0);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_ground_truth(1, cell_size_m => 'NaN');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_ground_truth(1, default_accuracy_m => -1);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_ground_truth(1, cell_size_m => 5, template => ST_MakeEmptyRaster(7, 5, 691001, 5336021, 3, -4, 0, 0, 32632));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_ground_truth(1, extent => ST_MakeEnvelope(0, 0, 1, 1, 4326));
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_ground_truth(1, columns => 60000, rows => 60000);
\echo :LAST_ERROR_SQLSTATE
SET LOCAL rpm_pg.max_memory = '64MB';
SELECT rpm_ground_truth(1, columns => 1000, rows => 1000);
\echo :LAST_ERROR_SQLSTATE
RESET rpm_pg.max_memory;
SELECT rpm_tile(pg_temp.spot(0, 0), 0);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_tile('POINT EMPTY');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_tile(pg_temp.spot(0, 0), rows => 70000);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_tile('SRID=32632;POINT(1e308 1)');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_tile('SRID=32632;POINT(1 1)', 1e-300);
\echo :LAST_ERROR_SQLSTATE
UPDATE rpm.antenna SET geom = ST_Transform(geom, 4326) WHERE antenna_id = 3;
SELECT rpm_ground_truth(3);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_ground_truth(3, 'measured');
\echo :LAST_ERROR_SQLSTATE
CREATE ROLE rpm_test_reader;
GRANT SELECT ON rpm.scene TO rpm_test_reader;
SET LOCAL ROLE rpm_test_reader;
SELECT rpm_ground_truth(1);
\echo :LAST_ERROR_SQLSTATE
RESET ROLE;
GRANT SELECT ON rpm.antenna TO rpm_test_reader;
SET LOCAL ROLE rpm_test_reader;
SELECT rpm_ground_truth(1);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_ground_truth(1, 'measured');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
