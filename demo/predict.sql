-- A simulated drive test: nobody measured anything here. The truth is antenna 4's traced level, 5 dB lower than traced, plus slow fading of 6 dB
-- that no tracer knows (24 cosines of 60 to 300 m, directions and phases drawn by hash); measured are cells along streets, with 3 dB of noise.
-- Below -135 dBm no receiver measures anything: such cells are left out everywhere.
CREATE FUNCTION pg_temp.draw(k bigint) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$ SELECT mod(abs(hashint8extended(k, 4)), 1000003) / 1000003.0 $$;
CREATE TEMPORARY TABLE wave AS
	SELECT 2 * pi() / (60 + 240 * pg_temp.draw(3 * k)) AS number, 2 * pi() * pg_temp.draw(3 * k + 1) AS direction, 2 * pi() * pg_temp.draw(3 * k + 2) AS phase
	FROM generate_series(1, 24) AS k;
CREATE TEMPORARY TABLE whole AS SELECT ST_Union(rast) AS rast FROM munich_rsrp_dbm WHERE antenna_id = 4;
CREATE TEMPORARY TABLE cell AS
	SELECT i, j, geom, x, y, level, level + 3 * sqrt(-2 * ln(1 - pg_temp.draw(1000000 + n))) * cos(2 * pi() * pg_temp.draw(3000000 + n)) AS measured
	FROM (SELECT (p).x AS i, (p).y AS j, (p).geom, ST_X((p).geom) AS x, ST_Y((p).geom) AS y, 1000 * (p).y + (p).x AS n,
			nullif((p).val, -9999) - 5 + 6 * sqrt(2.0 / 24) * fading AS level
		FROM (SELECT ST_PixelAsCentroids(rast, 1, false) AS p FROM whole) AS c,
			LATERAL (SELECT sum(cos(number * (ST_X((p).geom) * cos(direction) + ST_Y((p).geom) * sin(direction)) + phase)) AS fading FROM wave) AS f) AS t
	WHERE level > -135;

INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
SELECT 4, geom, measured FROM cell WHERE mod(x::numeric, 140) < 10 OR mod(y::numeric, 110) < 10;

-- What rpm_predict makes of it: level, deviation, and how far the level is from the truth.
CREATE TABLE drive_test_map (rid integer PRIMARY KEY, name text NOT NULL, rast raster NOT NULL);
WITH predicted AS MATERIALIZED (
	SELECT rpm_predict(4, 'munich', template => rast) AS rast FROM whole
), truth AS (
	SELECT ST_SetValues(ST_AddBand(ST_MakeEmptyRaster(rast), '32BF'::text, -9999, -9999), 1, 1, 1,
		(SELECT array_agg(of_row ORDER BY j) FROM (SELECT j, array_agg(coalesce(level, -9999) ORDER BY i) AS of_row
			FROM generate_series(1, ST_Height(rast)) AS j CROSS JOIN generate_series(1, ST_Width(rast)) AS i LEFT JOIN cell USING (i, j) GROUP BY j) AS r)) AS rast
	FROM whole
)
INSERT INTO drive_test_map
SELECT 1, 'level', ST_Band(rast, 1) FROM predicted
UNION ALL SELECT 2, 'deviation', ST_Band(rast, 2) FROM predicted
UNION ALL SELECT 3, 'error', ST_MapAlgebra(p.rast, 1, t.rast, 1, '[rast1] - [rast2]') FROM predicted AS p, truth AS t;

\pset footer off
\echo
\echo A simulated drive test of antenna 4 (simulated: nobody measured), and the level predicted from it:
SELECT measurements, prior_chosen AS "prior", round(mae_db::numeric, 1) AS "mean error, blocks left out, dB",
	(SELECT string_agg(format('%s %s', c ->> 'prior', round((c ->> 'mae_db')::numeric, 1)), ', ') FROM jsonb_array_elements(candidates) AS c) AS "of each prior"
FROM rpm_predict_report(4, 'munich', template => (SELECT rast FROM whole));
SELECT count(*) AS "cells that were not measured", round(avg(abs(e.val))::numeric, 1) AS "mean error, dB",
	round(100 * avg((abs(e.val + c.level - c.measured) <= 1.645 * d.val)::int), 0) AS "new measurements within 90 % intervals, %"
FROM (SELECT (ST_PixelAsPoints(rast)).* FROM drive_test_map WHERE name = 'error') AS e
	JOIN (SELECT (ST_PixelAsPoints(rast)).* FROM drive_test_map WHERE name = 'deviation') AS d USING (x, y)
	JOIN cell AS c ON c.i = e.x AND c.j = e.y
WHERE NOT EXISTS (SELECT FROM rpm.measurement AS m WHERE m.antenna_id = 4 AND m.geom = c.geom);
