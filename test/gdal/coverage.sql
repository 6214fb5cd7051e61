-- A small scene whose published coverage other programs read: three blocks along a street, two antennas. Its 401 x 301 cells make several
-- tiles, not all of one size.
CREATE EXTENSION rpm_pg CASCADE;

INSERT INTO rpm.scene (name, srid, cell_size_m, extent) VALUES
	('street', 32632, 1, ST_MakeEnvelope(691600, 5334600, 692001, 5334901, 32632));
INSERT INTO rpm.building (name, geom, height_m) VALUES
	('north', ST_MakeEnvelope(691650, 5334780, 691900, 5334800, 32632), 18),
	('south', ST_MakeEnvelope(691650, 5334720, 691780, 5334740, 32632), 24),
	('east', ST_MakeEnvelope(691820, 5334700, 691850, 5334745, 32632), 30);
INSERT INTO rpm.site (name, geom) VALUES ('mast', ST_SetSRID(ST_MakePoint(691705, 5334761), 32632));
INSERT INTO rpm.antenna (name, site_id, geom, height_m, frequency_mhz, bandwidth_mhz, channel, azimuth_deg, electrical_tilt_deg, rs_power_dbm)
SELECT 'mast ' || azimuth_deg, site_id, geom, 22, 3500, 20, 1, azimuth_deg, 4, 12
FROM rpm.site, (VALUES (90), (270)) AS sector (azimuth_deg) WHERE name = 'mast';

SELECT rpm_publish('street', 'rsrp_dbm', mechanisms => ARRAY['line_of_sight', 'reflection'], samples => 100000, max_depth => 2);
SELECT rpm_publish('street', 'strongest', mechanisms => ARRAY['line_of_sight', 'reflection'], samples => 100000, max_depth => 2);
SELECT rpm_publish('street', 'best_server', mechanisms => ARRAY['line_of_sight', 'reflection'], samples => 100000, max_depth => 2);
