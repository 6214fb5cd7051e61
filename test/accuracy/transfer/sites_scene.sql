-- The scene, with everything that the sites which are not held out measured (public.heard), and the pixels that are judged: 200 of each antenna, and ten
-- others for the rows that know them (own). Tables mast, chosen and pixel are there. Azimuths are from grid north in mast. Variable: windows.
SET client_min_messages = warning;
SET postgis.gdal_enabled_drivers = 'GTiff';
CREATE TABLE environment AS SELECT row_number() OVER () AS rid, ST_SetSRID(ST_FromGDALRaster(pg_read_binary_file(:'windows' || '/' || f)), 32648) AS rast FROM pg_ls_dir(:'windows') AS f;
CREATE INDEX ON environment USING gist (ST_ConvexHull(rast));
ANALYZE environment;
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
INSERT INTO rpm.scene (name, srid, cell_size_m, receiver_height_m, environment_relation, measurement_relation) VALUES ('chengdu', 32648, 5, 1.5, 'public.environment', 'public.heard');
INSERT INTO rpm.site (site_id, name) SELECT DISTINCT site_id, 'site ' || site_id FROM mast JOIN chosen USING (antenna_id);
INSERT INTO rpm.antenna (antenna_id, site_id, name, geom, height_m, frequency_mhz, azimuth_deg, electrical_tilt_deg, mechanical_tilt_deg, rs_power_dbm)
SELECT m.antenna_id, m.site_id, 'area ' || m.area, p, greatest(m.height_m, m.building_m + 1), m.frequency_mhz, m.azimuth_deg + rpm_grid_convergence(p), m.electrical_tilt_deg, m.mechanical_tilt_deg, m.rs_power_dbm
FROM mast AS m JOIN chosen USING (antenna_id), LATERAL (SELECT ST_SetSRID(ST_MakePoint(m.x, m.y), 32648) AS p) AS q;
