-- Where maps are traced, on a machine with or without CUDA: what is the same on both.  test/t/090_devices.pl has the rest.
\pset null -
SELECT rpm_version() IS NOT NULL AS loaded;

SELECT kind, number, usable, reason, memory_mb, processors > 0 AS has_processors FROM rpm_devices() WHERE kind = 'cpu';
SELECT count(*) >= 1 AS has_cuda_row, bool_and(usable OR (reason IS NOT NULL AND hint IS NOT NULL)) AS says_why FROM rpm_devices() WHERE kind = 'cuda';

-- No module: the CPU in silence, or an error.
SET rpm_pg.device_module = '/nowhere/rpm_pg_cuda.so';
SELECT kind, number, name, usable, reason, hint, memory_mb, compute_capability, driver_cuda FROM rpm_devices() WHERE kind = 'cuda';

INSERT INTO rpm.building (name, geom, height_m) VALUES ('devices hall', ST_MakeEnvelope(611100, 5334100, 611160, 5334200, 32632), 15);
INSERT INTO rpm.antenna (antenna_id, name, geom, height_m, frequency_mhz, rs_power_dbm, pattern)
VALUES (9901, 'devices', ST_SetSRID(ST_MakePoint(611120, 5334300), 32632), 10, 2140, 18, 'isotropic');
INSERT INTO rpm.scene (name, srid, extent, cell_size_m) VALUES ('devices', 32632, ST_MakeEnvelope(611000, 5334000, 611400, 5334400, 32632), 20);
CREATE VIEW devices_map AS
SELECT antenna_id, (ST_SummaryStats(rast)).count FROM rpm_trace('devices', antennas => '{9901}', mechanisms => '{line_of_sight}', samples => 0);
SELECT * FROM devices_map;
SET rpm_pg.device = 'cuda';
SELECT * FROM devices_map;
SET rpm_pg.device = 'cpu';
SELECT * FROM devices_map;

-- A file that is no module.
SET rpm_pg.device = 'auto';
SET rpm_pg.device_module = '/etc/passwd';
SELECT kind, usable, reason FROM rpm_devices() WHERE kind = 'cuda';
SELECT * FROM devices_map;
SELECT * FROM devices_map;
SET rpm_pg.device = 'cuda';
SELECT * FROM devices_map;

-- Settings.
SET rpm_pg.device = 'gpu';
SET rpm_pg.device_when_busy = 'never';
SET rpm_pg.network_precision = 'double';
-- (the range is written in another way from version 16 on)
\set VERBOSITY sqlstate
SET rpm_pg.device_memory_mb = -1;
\set VERBOSITY default
SELECT regexp_replace(:'LAST_ERROR_MESSAGE', '(\d) MB( \.\.|\))', '\1\2', 'g') AS message;
SET rpm_pg.device_sessions = 0;
SET rpm_pg.device_numbers = '0, 3';
SET rpm_pg.device_numbers = '1,,2';
SET rpm_pg.device_numbers = '16';
SET rpm_pg.device_numbers = 'first';
CREATE ROLE rpm_test_devices;
SET ROLE rpm_test_devices;
SET rpm_pg.device_module = '/tmp/mine.so';
SET rpm_pg.device_sessions = 60;
SET rpm_pg.device = 'cpu';
SELECT count(*) > 0 AS listed FROM rpm_devices();
RESET ROLE;
DROP ROLE rpm_test_devices;

DROP VIEW devices_map;
DELETE FROM rpm.scene WHERE name = 'devices';
DELETE FROM rpm.antenna WHERE antenna_id = 9901;
DELETE FROM rpm.building WHERE name = 'devices hall';
