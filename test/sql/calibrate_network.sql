-- rpm_calibrate(site, method => 'network'): a model fine-tuned to a site, which rpm_predict then takes for that site's antennas.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET rpm_pg.threads = 1;
INSERT INTO rpm.scene (name, srid, cell_size_m, receiver_height_m) VALUES ('tuned town', 32632, 10, 1.5);
INSERT INTO rpm.site (site_id, name) VALUES (8801, 'tuned'), (8802, 'not measured');
INSERT INTO rpm.building (name, geom, height_m) SELECT 'tuned ' || i, ST_MakeEnvelope(720000 + 50 * i, 5400000, 720030 + 50 * i, 5400030, 32632), 12 FROM generate_series(-6, 6) AS i;
INSERT INTO rpm.antenna (antenna_id, site_id, name, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg)
SELECT 8800 + i, CASE i WHEN 4 THEN 8802 ELSE 8801 END, 'tuned', 'SRID=32632;POINT(720000 5400100)', 25, 2600, 15, 100 * i - 90 FROM generate_series(1, 4) AS i;
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
SELECT a, ST_SetSRID(ST_MakePoint(720000 + dx, 5400100 + dy), 32632), -75 - 25 * log(greatest(sqrt(dx * dx + dy * dy), 20) / 100)
FROM generate_series(8801, 8803) AS a, generate_series(-305, 305, 30) AS dx, generate_series(-305, 305, 30) AS dy;
CREATE TEMP TABLE before AS SELECT rpm_predict(8804, 'tuned town', 'network', size_cells => 32) AS other_site, rpm_predict(jsonb_populate_record(NULL::rpm.antenna, '{"site_id": 8801, "geom": "SRID=32632;POINT(720000 5400100)", "height_m": 25, "frequency_mhz": 2600, "rs_power_dbm": 15}'), 'tuned town', 'network', size_cells => 32) AS same_site;
SELECT calibration_id, version, current, compared_with, error_after_db < 0.9 * error_before_db AS better, parameters, (metrics ->> 'cells_held_out')::int > 50 AS held_out
FROM rpm_calibrate(8801, 'tuned town', 'network', max_iterations => 20);
SELECT m.name, m.version, m.current, m.training ->> 'start' AS start, m.channels = d.channels AS channels, m.target_shift_dbm = d.target_shift_dbm AS scales, m.weights <> d.weights AS learned
FROM rpm.model AS m, rpm.default_model AS d WHERE m.name LIKE 'default, site%';
-- the site's antennas take it, planned ones among them; others keep the model itself
CREATE TEMP TABLE after AS SELECT rpm_predict(8804, 'tuned town', 'network', size_cells => 32) AS other_site, rpm_predict(jsonb_populate_record(NULL::rpm.antenna, '{"site_id": 8801, "geom": "SRID=32632;POINT(720000 5400100)", "height_m": 25, "frequency_mhz": 2600, "rs_power_dbm": 15}'), 'tuned town', 'network', size_cells => 32) AS same_site;
SELECT ST_AsBinary(a.other_site) = ST_AsBinary(b.other_site) AS other_site_kept, ST_AsBinary(a.same_site) <> ST_AsBinary(b.same_site) AS site_is_tuned FROM after AS a, before AS b;
-- a second one is kept and not current where that is asked for; back by version
SELECT version, current FROM rpm_calibrate(8801, 'tuned town', 'network', make_current => false, max_iterations => 1);
SELECT version, current FROM rpm.model WHERE name = 'default, site 8801' ORDER BY version;
SELECT rpm_rollback_model('default, site 8801', 2);
SELECT version, current FROM rpm.model WHERE name = 'default, site 8801' ORDER BY version;
-- nothing to learn from, no such model
SELECT version FROM rpm_calibrate(8802, 'tuned town', 'network');
SELECT version FROM rpm_calibrate(8801, 'tuned town', 'wonder');
SET rpm_pg.model = 'nobody';
SELECT version FROM rpm_calibrate(8801, 'tuned town', 'network');
RESET rpm_pg.model;

DELETE FROM rpm.model WHERE name LIKE 'default, site%';
DELETE FROM rpm.measurement WHERE antenna_id BETWEEN 8801 AND 8804;
DELETE FROM rpm.antenna WHERE antenna_id BETWEEN 8801 AND 8804;
DELETE FROM rpm.building WHERE name LIKE 'tuned %';
DELETE FROM rpm.site WHERE site_id IN (8801, 8802);
DELETE FROM rpm.scene WHERE name = 'tuned town';
