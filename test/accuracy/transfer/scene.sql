-- What is learned from (rpm.measurement) and what is judged: 200 pixels of each antenna, at most. Tables mast, chosen and pixel are there, the scene, too (antennas.sql).
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
SELECT p.antenna_id, ST_SetSRID(ST_MakePoint(p.x, p.y), 32648), p.rsrp_dbm FROM pixel AS p JOIN chosen AS c USING (antenna_id) JOIN mast AS m USING (antenna_id)
WHERE NOT c.judged AND greatest(abs(p.x - m.x), abs(p.y - m.y)) < 1280;
ANALYZE rpm.measurement;
CREATE TABLE truth AS
SELECT antenna_id, geom, level, reach_m FROM (
	SELECT p.antenna_id, ST_SetSRID(ST_MakePoint(p.x, p.y), 32648) AS geom, p.rsrp_dbm AS level, greatest(abs(p.x - m.x), abs(p.y - m.y)) AS reach_m,
		row_number() OVER (PARTITION BY p.antenna_id ORDER BY hashfloat8extended(p.x, 7), hashfloat8extended(p.y, 7)) AS n
	FROM pixel AS p JOIN chosen AS c USING (antenna_id) JOIN mast AS m USING (antenna_id)
	WHERE c.judged AND greatest(abs(p.x - m.x), abs(p.y - m.y)) < 1270) AS q
WHERE n <= 200;
CREATE INDEX ON truth (antenna_id);
ANALYZE truth;
