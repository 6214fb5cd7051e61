-- The scene over the windows of the raster, and the antennas chosen. Tables mast and chosen are there. Azimuths are from grid north in mast. Variable: windows.
SET client_min_messages = warning;
SET postgis.gdal_enabled_drivers = 'GTiff';
CREATE TABLE environment AS SELECT row_number() OVER () AS rid, ST_SetSRID(ST_FromGDALRaster(pg_read_binary_file(:'windows' || '/' || f)), 32648) AS rast FROM pg_ls_dir(:'windows') AS f;
CREATE INDEX ON environment USING gist (ST_ConvexHull(rast));
ANALYZE environment;
INSERT INTO rpm.scene (name, srid, cell_size_m, receiver_height_m, environment_relation) VALUES ('chengdu', 32648, 5, 1.5, 'public.environment');
INSERT INTO rpm.site (site_id, name) SELECT DISTINCT site_id, 'site ' || site_id FROM mast JOIN chosen USING (antenna_id);
INSERT INTO rpm.antenna (antenna_id, site_id, name, geom, height_m, frequency_mhz, azimuth_deg, electrical_tilt_deg, mechanical_tilt_deg, rs_power_dbm)
SELECT m.antenna_id, m.site_id, 'area ' || m.area, p, greatest(m.height_m, m.building_m + 1), m.frequency_mhz, m.azimuth_deg + rpm_grid_convergence(p), m.electrical_tilt_deg, m.mechanical_tilt_deg, m.rs_power_dbm
FROM mast AS m JOIN chosen USING (antenna_id), LATERAL (SELECT ST_SetSRID(ST_MakePoint(m.x, m.y), 32648) AS p) AS q;
