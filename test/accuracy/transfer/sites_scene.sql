-- Everything that the sites which are not held out measured (public.heard), and the pixels that are judged: 200 of each antenna, and ten others for the rows that know
-- them (own). Tables mast, chosen and pixel are there, the scene, too (antennas.sql).
CREATE TABLE heard AS
SELECT p.antenna_id, ST_SetSRID(ST_MakePoint(p.x, p.y), 32648) AS geom, p.rsrp_dbm FROM pixel AS p JOIN chosen AS c USING (antenna_id)
WHERE NOT c.held_out AND greatest(abs(p.x - c.x), abs(p.y - c.y)) < 1280;
CREATE INDEX ON heard (antenna_id);
CREATE INDEX ON heard USING gist (geom);
CREATE TEMP TABLE drawn AS
SELECT p.antenna_id, ST_SetSRID(ST_MakePoint(p.x, p.y), 32648) AS geom, p.rsrp_dbm, greatest(abs(p.x - c.x), abs(p.y - c.y)) AS reach_m,
	row_number() OVER (PARTITION BY p.antenna_id ORDER BY hashfloat8extended(p.x, 7), hashfloat8extended(p.y, 7)) AS n
FROM pixel AS p JOIN chosen AS c USING (antenna_id) WHERE c.judged AND greatest(abs(p.x - c.x), abs(p.y - c.y)) < 1280;
CREATE TABLE truth AS SELECT antenna_id, geom, rsrp_dbm AS level, reach_m FROM drawn WHERE n <= 200;
CREATE INDEX ON truth (antenna_id);
CREATE TABLE own AS SELECT antenna_id, geom, rsrp_dbm FROM drawn WHERE n BETWEEN 201 AND 210;
ANALYZE heard;
ANALYZE truth;
UPDATE rpm.scene SET measurement_relation = 'public.heard';
