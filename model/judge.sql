-- How good the default model is where it has not learned: table truth (place, scene, antenna_id, geom, level) against rpm_predict of antennas that were never measured.
-- With one offset: after the mean error of each antenna is taken off, as a few measurements of its own would do.
SET rpm_pg.threads = 1;
SET client_min_messages = warning;
CREATE TABLE predicted AS
SELECT a.place, a.antenna_id, rpm_predict(a.antenna_id, a.scene, 'network', cell_size_m => 10, size_cells => 128) AS network,
	rpm_predict(a.antenna_id, a.scene, 'empirical', cell_size_m => 10, size_cells => 128) AS empirical
FROM (SELECT DISTINCT place, scene, antenna_id FROM truth) AS a;
CREATE TABLE judged AS
SELECT place, antenna_id, level, ST_Value(network, 1, geom) AS network, ST_Value(network, 2, geom) AS deviation, ST_Value(empirical, 1, geom) AS empirical
FROM predicted JOIN truth USING (place, antenna_id) WHERE ST_Value(network, 1, geom) IS NOT NULL;
\pset footer off
SELECT place, count(DISTINCT antenna_id) AS antennas, count(*) AS cells, round(avg(abs(e))::numeric, 2) AS "MAE", round(sqrt(avg(e * e))::numeric, 2) AS "RMSE", round(corr(level, network)::numeric, 3) AS "PCC",
	round(avg(abs(e - e0))::numeric, 2) AS "MAE, one offset", round(sqrt(avg((e - e0) ^ 2))::numeric, 2) AS "RMSE, one offset", round(100 * avg((abs(e) < 1.645 * deviation)::int), 1) AS "in 90 % intervals, %",
	round(avg(abs(u))::numeric, 2) AS "UMa: MAE", round(corr(level, empirical)::numeric, 3) AS "PCC of UMa", round(avg(abs(u - u0))::numeric, 2) AS "UMa: MAE, one offset", round(sqrt(avg((u - u0) ^ 2))::numeric, 2) AS "UMa: RMSE, one offset"
FROM (SELECT *, network - level AS e, avg(network - level) OVER (PARTITION BY place, antenna_id) AS e0, empirical - level AS u, avg(empirical - level) OVER (PARTITION BY place, antenna_id) AS u0 FROM judged) AS j
GROUP BY place ORDER BY place;
