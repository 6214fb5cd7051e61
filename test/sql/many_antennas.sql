-- Many antennas by one call: what the process holds does not grow with them (Linux tells how much that was at most).
\set SHOW_CONTEXT never
BEGIN;
CREATE TEMPORARY TABLE mast (LIKE rpm.antenna INCLUDING DEFAULTS);
CREATE TEMPORARY TABLE house AS
SELECT n AS building_id, ST_MakeEnvelope(691000 + 30 * n, 5336020, 691020 + 30 * n, 5336180, 32632) AS geom, 12.0 AS height_m FROM generate_series(1, 6) AS n;
INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation, antenna_relation)
VALUES ('many', 32632, ST_MakeEnvelope(691000, 5336000, 691240, 5336200, 32632), 20, 'house', 'mast');
INSERT INTO mast (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, pattern)
SELECT n, ST_SetSRID(ST_MakePoint(691000 + 0.5 * n, 5336010), 32632), 20, 3500, 15, 'isotropic' FROM generate_series(1, 300) AS n;
CREATE FUNCTION pg_temp.most_kb() RETURNS bigint LANGUAGE sql AS $$
	SELECT substring(pg_read_file('/proc/' || pg_backend_pid() || '/status') FROM 'VmHWM:\s+(\d+)')::bigint
$$;
CREATE FUNCTION pg_temp.maps(most bigint) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM rpm_trace('many', antennas => (SELECT array_agg(antenna_id) FROM mast WHERE antenna_id <= most), mechanisms => '{line_of_sight,over_roofs}',
		max_depth => 1, samples => 0) AS t WHERE ST_Count(t.rast) > 0
$$;
SELECT pg_temp.maps(20);
SELECT pg_temp.most_kb() AS before \gset
SELECT pg_temp.maps(300);
SELECT pg_temp.most_kb() - :before < 4096 AS bounded;
ROLLBACK;
