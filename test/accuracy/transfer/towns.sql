-- R2R: the default model on simulated towns that it has not learned from, as they were traced: 200 cells of each map.
SET rpm_pg.threads = 1;
SET client_min_messages = warning;
\pset tuples_only on
\pset format unaligned
CREATE TABLE truth AS
SELECT antenna_id, geom, val AS level, reach_m FROM (SELECT t.antenna_id, (p).geom, (p).val, greatest(abs(ST_X((p).geom) - ST_X(a.geom)), abs(ST_Y((p).geom) - ST_Y(a.geom))) AS reach_m,
	row_number() OVER (PARTITION BY t.antenna_id ORDER BY hashint8extended((p).x * 1000 + (p).y, 7)) AS n
	FROM traced AS t JOIN rpm.antenna AS a USING (antenna_id), LATERAL ST_PixelAsCentroids(t.rast) AS p WHERE (p).val > -150) AS q WHERE n <= 200;
SELECT judged('published law, at traced levels', 'towns', '', 10, 128);
SELECT judged('R2R: the default model, towns that it has not seen', 'towns', 'default', 10, 128);
