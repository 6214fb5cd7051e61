-- A scene over the rasters, the antennas of the sample, and their measured pixels outdoors as table truth of model/judge.sql. Azimuths are from grid north there.
SET client_min_messages = warning;
SET postgis.gdal_enabled_drivers = 'GTiff';
CREATE TABLE environment AS SELECT row_number() OVER () AS rid, ST_SetSRID(ST_FromGDALRaster(pg_read_binary_file(:'windows' || '/' || f)), 32648) AS rast FROM pg_ls_dir(:'windows') AS f;
CREATE INDEX ON environment USING gist (ST_ConvexHull(rast));
INSERT INTO rpm.scene (name, srid, cell_size_m, receiver_height_m, environment_relation) VALUES ('chengdu', 32648, 10, 1.5, 'public.environment');
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, azimuth_deg, electrical_tilt_deg, mechanical_tilt_deg, rs_power_dbm)
SELECT m.antenna_id, 'area ' || m.area, p, greatest(m.height_m, m.building_m + 1), m.frequency_mhz, m.azimuth_deg + rpm_grid_convergence(p), m.electrical_tilt_deg, m.mechanical_tilt_deg, m.rs_power_dbm
FROM mast AS m, LATERAL (SELECT ST_SetSRID(ST_MakePoint(m.x, m.y), 32648) AS p) AS q WHERE EXISTS (SELECT FROM pixel WHERE pixel.antenna_id = m.antenna_id);
CREATE TABLE truth AS
SELECT CASE WHEN e.height > 0 THEN 'Chengdu, pixels with a building' ELSE 'Chengdu, outdoors' END AS place, 'chengdu' AS scene, x.antenna_id, x.geom, x.rsrp_dbm AS level
FROM (SELECT p.antenna_id, p.rsrp_dbm, ST_SetSRID(ST_MakePoint(p.x, p.y), 32648) AS geom FROM pixel AS p JOIN mast AS m USING (antenna_id) WHERE greatest(abs(p.x - m.x), abs(p.y - m.y)) < 640) AS x,
	LATERAL (SELECT ST_Value(r.rast, 1, x.geom) AS height FROM environment AS r WHERE ST_Intersects(r.rast, x.geom) LIMIT 1) AS e;
