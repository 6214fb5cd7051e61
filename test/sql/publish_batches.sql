-- Many antennas, batch by batch: each batch is committed, what has a map is left.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA regress_batches;
SET search_path = regress_batches, public;

CREATE TABLE antenna AS
SELECT i::bigint AS antenna_id, ST_SetSRID(ST_MakePoint(691020 + 60 * i, 5334100), 32632) AS geom, 25.0::float8 AS height_m, 2140.0::float8 AS frequency_mhz,
	18.0::float8 AS rs_power_dbm, 'isotropic' AS pattern, i <> 5 AS active
FROM generate_series(1, 5) AS i;
CREATE TABLE house AS SELECT 1::bigint AS building_id, ST_MakeEnvelope(691190, 5334090, 691210, 5334110, 32632) AS geom, 15.0::float8 AS height_m;
INSERT INTO rpm.scene (name, srid, extent, cell_size_m, building_relation, antenna_relation)
VALUES ('regress batches', 32632, ST_MakeEnvelope(691000, 5334000, 691400, 5334200, 32632), 10, 'house', 'antenna');

-- two at a time: all active ones, one grid, one set of parameters
SET client_min_messages = notice;
CALL rpm_publish_batches('regress batches', batch_size => 2, mechanisms => '{line_of_sight}');
SELECT antenna_id, sum(ST_Width(rast) * ST_Height(rast)) AS cells FROM regress_batches_rsrp_dbm GROUP BY 1 ORDER BY 1;
SELECT product, parameters FROM rpm.coverage WHERE scene = 'regress batches';

-- a job that was stopped goes on: maps that there are stay, the one that is missing comes
CREATE TABLE before AS SELECT rid FROM regress_batches_rsrp_dbm WHERE antenna_id <> 2;
DELETE FROM regress_batches_rsrp_dbm WHERE antenna_id = 2;
CALL rpm_publish_batches('regress batches', mechanisms => '{line_of_sight}');
SELECT antenna_id, b.rid IS NOT NULL AS kept FROM regress_batches_rsrp_dbm AS t LEFT JOIN before AS b USING (rid) ORDER BY 1;
-- nothing is left to do
CALL rpm_publish_batches('regress batches');
-- all anew
CALL rpm_publish_batches('regress batches', newer_than => clock_timestamp(), batch_size => 3);
SELECT count(*) AS kept FROM regress_batches_rsrp_dbm JOIN before USING (rid);
-- the same as all at once
SELECT count(*) AS maps, count(*) FILTER (WHERE ST_AsBinary(a.rast) <> ST_AsBinary(b.rast)) AS differ
FROM regress_batches_rsrp_dbm AS a JOIN rpm_trace('regress batches', mechanisms => '{line_of_sight}') AS b USING (antenna_id);

-- an antenna inside a building is left out and named, the others are published
UPDATE antenna SET height_m = 5 WHERE antenna_id = 3;
CALL rpm_publish_batches('regress batches', newer_than => clock_timestamp());
SELECT count(DISTINCT antenna_id) FROM regress_batches_rsrp_dbm;
-- where it is the only one, its error is the job's
CALL rpm_publish_batches('regress batches', newer_than => clock_timestamp(), antennas => '{3}');
-- antennas by name, switched off or not
CALL rpm_publish_batches('regress batches', table_name => 'two', antennas => '{5,1}', mechanisms => '{line_of_sight}');
SELECT DISTINCT antenna_id FROM two ORDER BY 1;

-- refused before any work
CALL rpm_publish_batches('regress batches', product => 'best_server');
CALL rpm_publish_batches('regress batches', batch_size => 0);
CALL rpm_publish_batches('regress batches', antennas => '{}');
CALL rpm_publish_batches('regress batches', antennas => '{1,NULL}');
CALL rpm_publish_batches('no such scene');
CALL rpm_publish_batches(NULL);
CALL rpm_publish_batches('regress batches', table_name => 'a.b.c');
CALL rpm_publish_batches('regress batches', newer_than => clock_timestamp(), max_depth => 99);
CALL rpm_publish_batches('regress batches', newer_than => clock_timestamp(), antennas => '{77}');
BEGIN;
CALL rpm_publish_batches('regress batches', newer_than => clock_timestamp());
ROLLBACK;
UPDATE antenna SET active = false;
CALL rpm_publish_batches('regress batches');

SET client_min_messages = warning;
SELECT rpm_unpublish(name) FROM rpm.coverage WHERE scene = 'regress batches';
DELETE FROM rpm.scene WHERE name = 'regress batches';
DROP SCHEMA regress_batches CASCADE;
