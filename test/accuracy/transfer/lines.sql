-- The mean and a line in the logarithm of the distance of what learns, at the judged pixels within a reach. Variables: reach, heard (the table of what was measured).
SET client_min_messages = warning;
\pset tuples_only on
\pset format unaligned
CREATE TEMP TABLE law AS
SELECT avg(rsrp_dbm) AS mean, stddev(rsrp_dbm) AS sd, regr_slope(rsrp_dbm, d) AS slope, regr_intercept(rsrp_dbm, d) AS level, sqrt(regr_syy(rsrp_dbm, d) / count(*) * (1 - regr_r2(rsrp_dbm, d))) AS sd_line
FROM (SELECT m.rsrp_dbm, log(greatest(ST_Distance(m.geom, a.geom), 10)) AS d FROM :heard AS m JOIN rpm.antenna AS a USING (antenna_id)
	WHERE abs(ST_X(m.geom) - ST_X(a.geom)) < :reach AND abs(ST_Y(m.geom) - ST_Y(a.geom)) < :reach) AS x;
TRUNCATE forecast;
INSERT INTO forecast SELECT t.antenna_id, t.level, mean, sd FROM truth AS t, law WHERE reach_m < :reach;
SELECT row_of(format('mean, within %s m', :reach));
TRUNCATE forecast;
INSERT INTO forecast SELECT t.antenna_id, t.level, law.level + slope * log(greatest(ST_Distance(t.geom, a.geom), 10)), sd_line FROM truth AS t JOIN rpm.antenna AS a USING (antenna_id), law WHERE reach_m < :reach;
SELECT row_of(format('a + b log d, within %s m', :reach));
