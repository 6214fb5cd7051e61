-- Grid convergence and antenna sectors: true north on the grid.
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on

-- reference values: Munich +1.92 degrees, Chengdu (UTM zone 48) -0.48; none on the central meridian, none in degrees
SELECT round(rpm_grid_convergence('SRID=32632;POINT(691704.5 5334744)')::numeric, 2) AS munich,
	round(rpm_grid_convergence(ST_Transform('SRID=4326;POINT(104.06 30.67)'::geometry, 32648))::numeric, 2) AS chengdu,
	abs(rpm_grid_convergence('SRID=32632;POINT(500000 5334744)')) < 1e-6 AS meridian,
	rpm_grid_convergence('SRID=4326;POINT(11.6 48.1)') = 0 AS degrees,
	rpm_grid_convergence(NULL) IS NULL AS none;
-- against the formula of the sphere, tan(convergence) = tan(longitude from the meridian) sin(latitude): the ellipsoid differs by less than 0.001
SELECT abs(rpm_grid_convergence(ST_Transform('SRID=4326;POINT(11.5760 48.1375)'::geometry, 32632)) - degrees(atan(tan(radians(2.5760)) * sin(radians(48.1375))))) < 0.001 AS sphere;
SELECT rpm_grid_convergence('POINT(0 0)');

-- boresight along the grid's east at the reference transmitter is azimuth 91.92
SELECT round(degrees(ST_Azimuth(p, ST_PointN(ST_ExteriorRing(s), 8)) + ST_Azimuth(p, ST_PointN(ST_ExteriorRing(s), 7)))::numeric / 2, 1) AS grid_azimuth,
	round(ST_Distance(p, ST_PointN(ST_ExteriorRing(s), 1))::numeric, 1) AS radius_m,
	round(ST_Area(s)::numeric, 0) AS area_m2, round((pi() * 100 ^ 2 * 65 / 360)::numeric, 0) AS area_of_the_wedge_m2,
	ST_SRID(s) AS srid, ST_IsValid(s) AS valid, ST_NPoints(s) AS points
FROM (SELECT 'SRID=32632;POINT(691704.5 5334744)'::geometry AS p) AS place, rpm_sector(p, 91.92 + 2.5) AS s;
SELECT ST_NPoints(s) AS points, round(ST_Area(s)::numeric, -1) AS area_m2, ST_IsValid(s) AS valid
FROM rpm_sector('SRID=32632;POINT(691704.5 5334744)', 0, 360, 50) AS s;
SELECT round(ST_YMax(s)::numeric, 4) AS north, ST_SRID(s) AS srid FROM rpm_sector('SRID=4326;POINT(11.6 48.1)', 0, 65, 1000) AS s;

SELECT rpm_sector('SRID=32632;LINESTRING(0 0, 1 1)', 0);
SELECT rpm_sector('SRID=32632;POINT EMPTY', 0);
SELECT rpm_sector('POINT(0 0)', 0);
SELECT rpm_sector('SRID=32632;POINT(691704.5 5334744)', 400);
SELECT rpm_sector('SRID=32632;POINT(691704.5 5334744)', 0, 0);
SELECT rpm_sector('SRID=32632;POINT(691704.5 5334744)', 0, beamwidth_deg => 'NaN');
SELECT rpm_sector('SRID=32632;POINT(691704.5 5334744)', 0, radius_m => -1);
\echo :LAST_ERROR_SQLSTATE

-- the layer: key first, typed
DELETE FROM rpm.antenna;
INSERT INTO rpm.site (site_id, name) VALUES (5, 'north');
INSERT INTO rpm.antenna (antenna_id, site_id, name, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg, pattern) VALUES
	(1, 5, 'a', 'SRID=32632;POINT(691704.5 5334744)', 27, 3500, 18, 120, 'tr38901'),
	(2, NULL, 'b', 'SRID=4326;POINT(11.6 48.1)', 27, 3500, 18, 0, 'isotropic');
SELECT antenna_id, site_name, name, azimuth_deg, beamwidth_deg, ST_SRID(geom) AS srid, round(ST_Area(geom::geography)::numeric, -2) AS area_m2
FROM rpm.antenna_sector ORDER BY antenna_id;
SELECT attname FROM pg_attribute WHERE attrelid = 'rpm.antenna_sector'::regclass AND attnum = 1;
SELECT srid, type FROM geometry_columns WHERE f_table_schema = 'rpm' AND f_table_name = 'antenna_sector';
ROLLBACK;
