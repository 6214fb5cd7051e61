-- rpm.clutter_residual: made from measurements, kept up to date, read back without a site; its errors.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;

INSERT INTO rpm.scene (name, srid) VALUES ('clutter town', 32632);
INSERT INTO rpm.site (site_id, name, geom) SELECT i, 'clutter site ' || i, ST_SetSRID(ST_MakePoint(600000 + 400 * i, 5300000), 32632)
FROM generate_series(901, 904) AS i;
INSERT INTO rpm.antenna (antenna_id, site_id, name, geom, height_m, frequency_mhz, azimuth_deg, rs_power_dbm)
SELECT 9000 + 10 * s + k, 900 + s, 'clutter', ST_SetSRID(ST_MakePoint(600000 + 400 * s, 5300000), 32632), 30, 2600, 180 * k, 15
FROM generate_series(1, 4) AS s, generate_series(0, 1) AS k;

SELECT * FROM rpm_refresh_clutter_residual('clutter town');
SELECT * FROM rpm_clutter_residual('clutter town', ARRAY['SRID=32632;POINT(601000 5300000)'::geometry]);

-- A town measured every 25 m in which a courtyard of 100 m weakens everybody by 12 dB; a wave stands for noise.
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
SELECT a.antenna_id, ST_SetSRID(ST_MakePoint(x, y), 32632),
	-60 - 15 * log(greatest(sqrt((x - ST_X(a.geom)) ^ 2 + (y - ST_Y(a.geom)) ^ 2), 5)) + 3 * sin(x * 12.9898 + y * 78.233 + a.antenna_id)
	- CASE WHEN abs(x - 601000) < 50 AND abs(y - 5300100) < 50 THEN 12 ELSE 0 END
FROM rpm.antenna AS a, generate_series(600402.5, 601602.5, 25) AS x, generate_series(5299702.5, 5300302.5, 25) AS y
WHERE a.antenna_id BETWEEN 9010 AND 9041;

SELECT * FROM rpm_refresh_clutter_residual('clutter town');
SELECT array_length(coefficients, 1) AS terms, residual_sd_db < 4 AS small, gains[2] + gains[3] + gains[4] + gains[5] > 0.5 AS tells
FROM rpm.clutter_model JOIN rpm.scene USING (scene_id) WHERE name = 'clutter town';
-- the courtyard, seen by sites other than 901
SELECT point, clutter_db < -6 AS courtyard, round(residual_db[3]) AS residual_50_m, weight[3] > 100 AS weight
FROM rpm_clutter_residual('clutter town', ARRAY['SRID=32632;POINT(601000 5300100)', 'SRID=32632;POINT(600700 5299900)',
	'SRID=32632;POINT(900000 5300000)']::geometry[], 901) ORDER BY point;
-- far from everything there is no residual and no weight
SELECT clutter_db = (SELECT gains[1] FROM rpm.clutter_model JOIN rpm.scene USING (scene_id) WHERE name = 'clutter town') AS constant, residual_db, weight
FROM rpm_clutter_residual('clutter town', ARRAY['SRID=32632;POINT(900000 5300000)']::geometry[]);
-- an antenna goes with its site; two of eight antennas are a quarter of the weight
SELECT round((one.weight[4] / every.weight[4])::numeric, 3) AS antenna, round((site.weight[4] / every.weight[4])::numeric, 3) AS site
FROM rpm_clutter_residual('clutter town', ARRAY['SRID=32632;POINT(601000 5300000)']::geometry[]) AS every,
	rpm_clutter_residual('clutter town', ARRAY['SRID=32632;POINT(601000 5300000)']::geometry[], exclude_antenna_id => 9020) AS one,
	rpm_clutter_residual('clutter town', ARRAY['SRID=32632;POINT(601000 5300000)']::geometry[], exclude_site_id => 902) AS site;
-- smoothed sums against the same sums in SQL
WITH cell AS (
	SELECT 320 * r.tile_column + 5 * (c.cell % 64) + 2.5 AS x, 320 * r.tile_row + 5 * (c.cell / 64) + 2.5 AS y, c.sum_db / c.count AS residual
	FROM rpm.clutter_residual AS r, unnest(r.cells, r.sum_db, r.count) AS c (cell, sum_db, count)
	WHERE r.site_id <> 903 AND r.scene_id = (SELECT scene_id FROM rpm.scene WHERE name = 'clutter town')
), weighed AS (
	SELECT residual, exp(-((x - 601002.5) ^ 2 + (y - 5300002.5) ^ 2) / (2 * 50 ^ 2)) AS w FROM cell
	WHERE abs(x - 601002.5) <= 150 AND abs(y - 5300002.5) <= 150
)
SELECT abs(sum(w * residual) / sum(w) - l.residual_db[3]) < 1e-4 AS residual, abs(sum(w) / l.weight[3] - 1) < 1e-5 AS weight
FROM weighed, rpm_clutter_residual('clutter town', ARRAY['SRID=32632;POINT(601001 5300001)']::geometry[], 903) AS l GROUP BY l.residual_db, l.weight;
-- the map says the same as the points
SELECT ST_NumBands(m) AS bands, ST_Width(m) AS width, ST_Height(m) AS height, count(*) AS cells, max(abs(ST_Value(m, 1, p.geom) - r.clutter_db)) < 1e-5 AS same
FROM rpm_clutter_residual_map('clutter town', ST_MakeEnvelope(600900, 5300000, 601000, 5300050, 32632), 903) AS m,
	LATERAL (SELECT array_agg(ST_SetSRID(ST_MakePoint(x, y), 32632) ORDER BY x, y) AS points
		FROM generate_series(600902.5, 601000, 20) AS x, generate_series(5300002.5, 5300050, 20) AS y) AS s,
	LATERAL unnest(s.points) WITH ORDINALITY AS p (geom, number),
	LATERAL rpm_clutter_residual('clutter town', s.points, 903) AS r
WHERE r.point = p.number GROUP BY m;

-- nothing changed: nothing is done; a row, an antenna, a site: only theirs
SELECT * FROM rpm_refresh_clutter_residual('clutter town');
UPDATE rpm.measurement SET rsrp_dbm = rsrp_dbm - 1 WHERE measurement_id = (SELECT min(measurement_id) FROM rpm.measurement WHERE antenna_id = 9011);
SELECT * FROM rpm_refresh_clutter_residual('clutter town');
UPDATE rpm.antenna SET azimuth_deg = 90 WHERE antenna_id = 9021;
DELETE FROM rpm.measurement WHERE antenna_id = 9041;
SELECT * FROM rpm_refresh_clutter_residual('clutter town');
SELECT antenna_id, site_id, measurements FROM rpm.clutter_antenna WHERE antenna_id BETWEEN 9010 AND 9041 ORDER BY 1;
SELECT count(*) FROM rpm.clutter_residual WHERE antenna_id = 9041;
-- the same whether made step by step or at once
CREATE TEMPORARY TABLE before AS SELECT * FROM rpm.clutter_residual;
DELETE FROM rpm.clutter_antenna;
DELETE FROM rpm.clutter_residual;
SELECT * FROM rpm_refresh_clutter_residual('clutter town');
SELECT count(*) AS different FROM ((TABLE before EXCEPT TABLE rpm.clutter_residual) UNION ALL (TABLE rpm.clutter_residual EXCEPT TABLE before)) AS d;
SELECT antennas, refitted FROM rpm_refresh_clutter_residual('clutter town', refit => true);
SELECT * FROM rpm_refresh_clutter_residual('clutter town', radius_m => 500);

-- rpm_predict tries it as a prior; an antenna that was never measured takes it, and sees the courtyard
SELECT r.prior_chosen = ANY (ARRAY['site_mean', 'log_distance', 'log_distance_pattern', 'network_clutter']) AS chosen, r.candidates::text LIKE '%network_clutter%' AS tried
FROM rpm_predict_report(9010, scene => 'clutter town', size_cells => 64, sharing => 'all') AS r;
SELECT r.prior_chosen, r.measurements FROM rpm_predict_report(9041, scene => 'clutter town', size_cells => 64, sharing => 'all') AS r;
SELECT round((ST_Value(m, 1, 'SRID=32632;POINT(601002 5300090)'::geometry) - ST_Value(m, 1, 'SRID=32632;POINT(601200 5300090)'::geometry))::numeric) < -5 AS courtyard
FROM rpm_predict(9041, scene => 'clutter town', extent => ST_MakeEnvelope(600950, 5300000, 601250, 5300150, 32632), sharing => 'all') AS m;
SELECT r.candidates::text LIKE '%network_clutter%' AS tried FROM rpm_predict_report(9010, scene => 'clutter town', size_cells => 64, sharing => 'site') AS r;

-- rows that say nothing are left out: no level, another SRID, another antenna; thousands in one cell count as one voice
RESET client_min_messages;
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) VALUES (9010, 'SRID=32632;POINT(600500 5300000)', NULL),
	(9010, 'SRID=4326;POINT(10 48)', -80), (77777, 'SRID=32632;POINT(600500 5300000)', -80);
SELECT * FROM rpm_refresh_clutter_residual('clutter town', radius_m => 500);
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) SELECT 9010, 'SRID=32632;POINT(600601 5299951)', -90 FROM generate_series(1, 5000);
SELECT refreshed FROM rpm_refresh_clutter_residual('clutter town', radius_m => 500);
SELECT max(c) FROM rpm.clutter_residual, unnest(count) AS c;

-- errors
SELECT * FROM rpm_refresh_clutter_residual('no such scene');
SELECT * FROM rpm_refresh_clutter_residual(NULL);
SELECT * FROM rpm_refresh_clutter_residual('clutter town', radius_m => 0);
SELECT * FROM rpm_refresh_clutter_residual('clutter town', radius_m => 'NaN');
SELECT * FROM rpm_refresh_clutter_residual('clutter town', radius_m => 1);
SELECT * FROM rpm_clutter_residual('no such scene', ARRAY[]::geometry[]);
SELECT * FROM rpm_clutter_residual('clutter town', NULL);
SELECT * FROM rpm_clutter_residual('clutter town', ARRAY[]::geometry[]);
SELECT * FROM rpm_clutter_residual('clutter town', ARRAY['SRID=32632;POINT(1 1)', 'SRID=32632;POINT(1 NaN)']::geometry[]);
SELECT * FROM rpm_clutter_residual('clutter town', ARRAY[NULL]::geometry[]);
SELECT * FROM rpm_clutter_residual('clutter town', ARRAY['SRID=4326;POINT(10 48)']::geometry[]);
SELECT rpm_clutter_residual_map('clutter town', NULL);
SELECT rpm_clutter_residual_map('clutter town', 'SRID=32632;POINT(1 1)');
SELECT rpm_clutter_residual_map('clutter town', ST_MakeEnvelope(0, 0, 1e7, 1e7, 32632));
-- levels that a view holds as text are numbers, too
CREATE VIEW clutter_text AS SELECT antenna_id, geom, rsrp_dbm::text AS rsrp_dbm FROM rpm.measurement;
UPDATE rpm.scene SET measurement_relation = 'clutter_text' WHERE name = 'clutter town';
SELECT refreshed > 0 AS refreshed, measurements > 0 AS measured FROM rpm_refresh_clutter_residual('clutter town');
UPDATE rpm.scene SET measurement_relation = NULL WHERE name = 'clutter town';
DROP VIEW clutter_text;
SELECT * FROM rpm_refresh_clutter_residual('clutter town');
SELECT proname, provolatile, proparallel FROM pg_proc WHERE proname LIKE 'rpm\_%clutter\_residual%' ORDER BY 1;
CREATE ROLE regress_rpm_clutter;
SET ROLE regress_rpm_clutter;
SELECT * FROM rpm_refresh_clutter_residual('clutter town');
SELECT * FROM rpm_clutter_residual('clutter town', ARRAY[]::geometry[]);
RESET ROLE;
DROP ROLE regress_rpm_clutter;

DELETE FROM rpm.scene WHERE name = 'clutter town';
SELECT count(*) FROM rpm.clutter_residual;
DELETE FROM rpm.measurement WHERE antenna_id BETWEEN 9010 AND 9041 OR antenna_id = 77777;
DELETE FROM rpm.antenna WHERE antenna_id BETWEEN 9010 AND 9041;
DELETE FROM rpm.site WHERE site_id BETWEEN 901 AND 904;
