-- Calibrations by version, going back, what is stale, calibrated scenes.  The fit itself is another test's: here a stand-in answers at
-- once, in a transaction that is rolled back.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA calibration_town;
CREATE TABLE calibration_town.antenna (LIKE rpm.antenna INCLUDING DEFAULTS INCLUDING IDENTITY);
INSERT INTO rpm.scene (name, srid, extent, antenna_relation)
VALUES ('calibration town', 32632, ST_MakeEnvelope(700000, 5300000, 720000, 5310000, 32632), 'calibration_town.antenna');
INSERT INTO calibration_town.antenna (antenna_id, site_id, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg)
SELECT 9200 + 10 * i + k, 920 + i, ST_SetSRID(ST_MakePoint(700000 + 4000 * i, 5305000), 32632), 30, 2140, 18, 120 * k
FROM generate_series(1, 3) AS i, generate_series(0, 2) AS k;
INSERT INTO rpm.building (building_id, geom, height_m)
SELECT 92000 + i, ST_MakeEnvelope(700050 + 4000 * i, 5305000, 700080 + 4000 * i, 5305030, 32632), 15 FROM generate_series(1, 3) AS i;
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm)
SELECT a.antenna_id, ST_Translate(a.geom, 5 * k, 7 * k), -70 - k FROM calibration_town.antenna AS a, generate_series(1, 20) AS k WHERE a.site_id IN (921, 922);

BEGIN;
CREATE TEMPORARY TABLE answer (mae_db double precision, problem text);
INSERT INTO answer VALUES (5);
DO $do$ BEGIN
EXECUTE format('CREATE OR REPLACE FUNCTION rpm_calibration_fit(%s) LANGUAGE plpgsql STABLE AS %L', pg_get_function_arguments('rpm_calibration_fit'::regproc), $body$
DECLARE
	now_db double precision := (SELECT mae_db FROM answer);
BEGIN
	IF (SELECT problem FROM answer) IS NOT NULL THEN
		RAISE EXCEPTION '%', (SELECT problem FROM answer);
	END IF;
	parameters := jsonb_build_object('mae_db', now_db, 'arguments', concat_ws(' ', method, loss, floor_dbm, split, max_iterations, mechanisms, indoor));
	metrics := jsonb_build_object('held_out', jsonb_build_object('before', jsonb_build_object('mae_db', coalesce((initial ->> 'mae_db')::double precision, 12)),
		'after', jsonb_build_object('mae_db', now_db)));
	data_fingerprint := 'data'; scene_fingerprint := 'scene'; duration_ms := 2;
END $body$);
END $do$;
RESET client_min_messages;

-- the first is compared with the scene as it is, the next with the current one; a worse one is kept
SELECT version, current, compared_with, error_before_db, error_after_db, duration_ms, parameters -> 'mae_db' AS parameters FROM rpm_calibrate(921);
UPDATE answer SET mae_db = 6;
SELECT version, current, compared_with, error_before_db, error_after_db FROM rpm_calibrate(921, 'calibration town', method => 'AM');
SELECT version, current FROM rpm_calibrate(921, method => 'AM', make_current => true);
UPDATE answer SET mae_db = 4;
SELECT version, current, compared_with, error_before_db, error_after_db FROM rpm_calibrate(921, make_current => false);
SELECT version, current, parameters ->> 'arguments' AS given
FROM rpm_calibrate(921, method => 'A', loss => 'student', floor_dbm => -120, max_iterations => 7, mechanisms => '{line_of_sight,reflection}', indoor => true);
UPDATE answer SET mae_db = NULL;
SELECT version, current FROM rpm_calibrate(921);
SELECT version, current, made_current_at IS NOT NULL AS was_current, method, arguments, compared_with, error_before_db, error_after_db, data_fingerprint,
	scene_fingerprint, software_version = rpm_version() AS software, created_by = current_user AS by_me
FROM rpm.calibration WHERE site_id = 921 ORDER BY version;

-- back, version by version; a version that was never current only by name
SELECT * FROM rpm_rollback_calibration(921);
SELECT * FROM rpm_rollback_calibration(921, 'calibration town');
SAVEPOINT s;
SELECT * FROM rpm_rollback_calibration(921);
ROLLBACK TO s;
SELECT * FROM rpm_rollback_calibration(921, version => 4);
SELECT version FROM rpm.calibration WHERE site_id = 921 AND current;
SELECT * FROM rpm_rollback_calibration(921, version => 99);
ROLLBACK TO s;
SELECT * FROM rpm_rollback_calibration(922);
ROLLBACK TO s;

-- one current version for a site, whatever is written
UPDATE rpm.calibration SET current = true, made_current_at = now() WHERE site_id = 921;
ROLLBACK TO s;
UPDATE rpm.calibration SET current = true WHERE site_id = 921 AND version = 2;
ROLLBACK TO s;

-- an error keeps nothing
UPDATE answer SET problem = 'no path reaches a measured cell';
SELECT * FROM rpm_calibrate(921);
ROLLBACK TO s;
SELECT count(*) FROM rpm.calibration WHERE site_id = 921;

-- what is stale: measurements that came, went or changed in place; buildings about the site; antennas; nothing else
UPDATE answer SET mae_db = 3;
SELECT version FROM rpm_calibrate(922);
CREATE FUNCTION pg_temp.look() RETURNS TABLE (site bigint, reason text, measurements bigint, before bigint, urgency_db numeric) LANGUAGE sql AS $$
	SELECT rpm.survey_scene(s) FROM rpm.scene AS s WHERE s.name = 'calibration town';
	SELECT site_id, reason, measurements, attempted_measurements, round(urgency_db::numeric, 2) FROM rpm.stale_site WHERE scene = 'calibration town' ORDER BY 1 $$;
SELECT * FROM pg_temp.look();
SELECT site_id, measurements, attempted_measurements, outcome, error_db FROM rpm.calibration_site WHERE scene = 'calibration town' ORDER BY 1;
SAVEPOINT t;
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) SELECT 9220, 'SRID=32632;POINT(708010 5305010)', -90 FROM generate_series(1, 15);
SELECT * FROM pg_temp.look();
ROLLBACK TO t;
UPDATE rpm.measurement SET rsrp_dbm = rsrp_dbm - 1 WHERE antenna_id = 9221 AND rsrp_dbm = -80;
SELECT * FROM pg_temp.look();
ROLLBACK TO t;
DELETE FROM rpm.measurement WHERE antenna_id = 9210;
SELECT * FROM pg_temp.look();
ROLLBACK TO t;
UPDATE rpm.building SET wall_material = 'brick' WHERE building_id = 92002;
SELECT * FROM pg_temp.look();
ROLLBACK TO t;
UPDATE calibration_town.antenna SET mechanical_tilt_deg = 3 WHERE antenna_id = 9210;
SELECT * FROM pg_temp.look();
ROLLBACK TO t;
UPDATE calibration_town.antenna SET load = 0.5, name = 'other' WHERE antenna_id = 9210;
UPDATE rpm.building SET name = 'other' WHERE building_id = 92002;
SELECT * FROM pg_temp.look();
ROLLBACK TO t;
-- the same through views of one's own
CREATE VIEW calibration_town.level AS SELECT antenna_id::integer, ST_SetSRID(ST_Translate(geom, 0, 0), 32632) AS geom, rsrp_dbm::numeric FROM rpm.measurement;
CREATE VIEW calibration_town.block AS SELECT building_id, geom, height_m FROM rpm.building;
UPDATE rpm.scene SET measurement_relation = 'calibration_town.level', building_relation = 'calibration_town.block' WHERE name = 'calibration town';
SELECT version FROM rpm_calibrate(921);
SELECT version FROM rpm_calibrate(922);
SELECT * FROM pg_temp.look();
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) VALUES (9220, 'SRID=32632;POINT(708010 5305010)', -90);
UPDATE rpm.building SET height_m = 16 WHERE building_id = 92001;
SELECT * FROM pg_temp.look();

-- large relations are read only when they were written to: the mark of a view is that of the tables below
ANALYZE rpm.measurement;
SELECT rpm.relation_mark('calibration_town.level') IS NULL AS small, rpm.relation_mark('calibration_town.level', 1) IS NOT NULL AS marked,
	rpm.relation_mark('calibration_town.level', 1) = rpm.relation_mark('calibration_town.level', 1) AS same;
SELECT count(rpm.survey_scene(s, 1)) FROM rpm.scene AS s WHERE s.name = 'calibration town';
SELECT version FROM rpm_calibrate(922);
-- what this transaction writes is not counted before it commits: so nothing is read, and then it is
INSERT INTO rpm.measurement (antenna_id, geom, rsrp_dbm) VALUES (9220, 'SRID=32632;POINT(708010 5305010)', -91);
SELECT count(rpm.survey_scene(s, 1)) FROM rpm.scene AS s WHERE s.name = 'calibration town';
SELECT count(*) FROM rpm.stale_site WHERE site_id = 922;
SELECT * FROM pg_temp.look() WHERE site = 922;
CREATE OR REPLACE VIEW calibration_town.level AS SELECT antenna_id::integer, ST_SetSRID(ST_Translate(geom, 0, 1), 32632) AS geom, rsrp_dbm::numeric FROM rpm.measurement;
SELECT rpm.relation_mark('calibration_town.level', 1) LIKE '%' || (SELECT xmin FROM pg_rewrite WHERE ev_class = 'calibration_town.level'::regclass) || '%' AS replaced;
CREATE FUNCTION calibration_town.levels() RETURNS SETOF rpm.measurement LANGUAGE sql STABLE AS 'TABLE rpm.measurement';
CREATE VIEW calibration_town.from_function AS SELECT * FROM calibration_town.levels();
SELECT rpm.relation_mark('calibration_town.from_function', 1) IS NULL AS unknown;
CREATE FOREIGN DATA WRAPPER calibration_wrapper;
CREATE SERVER calibration_server FOREIGN DATA WRAPPER calibration_wrapper;
CREATE FOREIGN TABLE calibration_town.remote (antenna_id bigint, geom geometry, rsrp_dbm real) SERVER calibration_server;
SELECT rpm.relation_mark('calibration_town.remote', 1) IS NULL AS unknown;
CREATE TABLE calibration_town.part (LIKE rpm.measurement) PARTITION BY RANGE (measurement_id);
CREATE TABLE calibration_town.part_1 PARTITION OF calibration_town.part FOR VALUES FROM (1) TO (1000000000);
INSERT INTO calibration_town.part SELECT * FROM rpm.measurement;
ANALYZE calibration_town.part;
SELECT rpm.relation_mark('calibration_town.part', 1) LIKE '%' || 'calibration_town.part_1'::regclass::oid || ':%' AS partitions;
ROLLBACK;

-- a calibrated scene: antennas turned and louder, a beam of one's own, materials of the whole and of one building, the ground
BEGIN;
INSERT INTO rpm.calibration (scene, site_id, version, current, made_current_at, method, metrics, parameters) VALUES
	('calibration town', 921, 1, true, now(), 'building', '{}', '{"antennas": [
			{"antenna_id": 9210, "azimuth_deg": {"value": 357, "prior": 0, "standard_error": 1}, "mechanical_tilt_deg": {"value": 2.5, "prior": 0, "standard_error": 1},
				"gain_dbi": {"value": 9, "prior": 8, "standard_error": 1}, "offset_db": {"value": -4, "prior": 0, "standard_error": 1},
				"front_to_back_db": {"value": 30, "prior": 30, "standard_error": 4}},
			{"antenna_id": 9211, "horizontal_beamwidth_deg": {"value": 70, "prior": 65, "standard_error": 1}, "front_to_back_db": {"value": 20, "prior": 30, "standard_error": 1}}],
		"site": [{"model": "tr38901_uma nlos", "indoor_loss_db": {"value": 12, "prior": 15, "standard_error": 1}}],
		"materials": [{"material": "concrete", "frequency_mhz": 2140, "permittivity_factor": {"value": 2, "prior": 1, "standard_error": 0.1},
				"conductivity_factor": {"value": 0.5, "prior": 1, "standard_error": 0.1}, "scattering_coefficient": {"value": 0.2, "prior": 0.1, "standard_error": 0.1}},
			{"material": "medium_dry_ground", "permittivity_factor": {"value": 1.5, "prior": 1, "standard_error": 0.1}},
			{"material": "brick", "permittivity_factor": {"value": 1, "prior": 1, "standard_error": 0.3}}],
		"buildings": [{"building_id": 92001, "permittivity_factor": {"value": 1.25, "prior": 1, "standard_error": 0.1}},
			{"building_id": 92002, "conductivity_factor": {"value": 1, "prior": 1, "standard_error": 0.7}}]}'),
	('calibration town', 922, 1, true, now(), 'M', '{}',
		'{"materials": [{"material": "concrete", "permittivity_factor": {"value": 0.5, "prior": 1, "standard_error": 0.1}}]}');
SELECT * FROM rpm_apply_calibration('calibration town', 'calibration town 921', sites => '{921}', default_schema => 'calibration_town');
SELECT antenna_id, azimuth_deg, mechanical_tilt_deg, rs_power_dbm, carrier_power_dbm, regexp_replace(pattern, '\d+, ', 'N, ') AS pattern
FROM calibration_town.calibration_town_921_antenna ORDER BY 1;
SELECT kind, gain_dbi, horizontal_beamwidth_deg, vertical_beamwidth_deg, side_lobe_floor_db, front_to_back_db FROM rpm.antenna_pattern WHERE name LIKE '%antenna 9211)';
SELECT building_id, regexp_replace(wall_material, '\d+(, |\))', 'N\1') AS wall_material, wall_material = roof_material AS roof
FROM calibration_town.calibration_town_921_building WHERE building_id BETWEEN 92001 AND 92003 ORDER BY 1;
-- eps' - 1 and the conductivity times their factors, at 2.14 GHz
SELECT regexp_replace(c.name, '\d+(, |\))', 'N\1') AS name, round(((c.a * 2.14 ^ c.b - 1) / (m.a * 2.14 ^ m.b - 1))::numeric, 9) AS permittivity,
	round((c.c / m.c)::numeric, 9) AS conductivity, c.thickness_m = m.thickness_m AS thickness, round(c.scattering_coefficient::numeric, 9) AS scattering
FROM rpm.calibrated_material AS f JOIN rpm.material AS c ON c.name = f.calibrated JOIN rpm.material AS m ON m.name = f.material AND m.frequency_min_mhz = c.frequency_min_mhz
WHERE c.frequency_min_mhz <= 2140 AND c.frequency_max_mhz >= 2140 ORDER BY 1;
SELECT s.antenna_relation, s.building_relation, s.measurement_relation, regexp_replace(s.ground_material, '\d+', 'N') AS ground_material, s.srid, c.base_scene, c.sites
FROM rpm.calibrated_scene AS c JOIN rpm.scene AS s ON s.name = c.scene;
-- traced as any scene: the offset is there, the turn and the beam too
CREATE TEMPORARY TABLE level AS
SELECT s.scene, t.antenna_id, ST_Value(t.rast, p.geom) AS dbm, p.place
FROM (VALUES ('calibration town'), ('calibration town 921')) AS s (scene),
	(VALUES ('ahead', 'SRID=32632;POINT(704000.5 5305090.5)'::geometry), ('behind', 'SRID=32632;POINT(704000.5 5304910.5)'::geometry)) AS p (place, geom),
	LATERAL rpm_trace(s.scene, antennas => '{9210}', mechanisms => '{line_of_sight}', cell_size_m => 1, extent => ST_MakeEnvelope(703950, 5304900, 704050, 5305100, 32632)) AS t;
SELECT place, round((max(dbm) FILTER (WHERE scene LIKE '%921') - max(dbm) FILTER (WHERE scene NOT LIKE '%921'))::numeric, 1) AS difference_db FROM level GROUP BY 1 ORDER BY 1;
SELECT facet_count > 0 AS built FROM rpm_scene_summary('calibration town 921');
-- an antenna's measurements are the base's where no scene is named, and the calibrated scene has them, too
SELECT name FROM rpm.measurement_source(NULL, 9210);
SELECT name, measurement_relation FROM rpm.measurement_source('calibration town 921', 9210);
-- again: nothing doubled; of all sites the factors' weighted mean
SELECT * FROM rpm_apply_calibration('calibration town', 'calibration town 921', sites => '{921}', default_schema => 'calibration_town');
SELECT * FROM rpm_apply_calibration('calibration town', default_schema => 'calibration_town');
SELECT count(*) FROM calibration_town.calibration_town_calibrated_antenna;
SELECT round(((c.a - 1) / (m.a - 1))::numeric, 9) AS concrete FROM rpm.calibrated_scene AS d JOIN rpm.scene AS s ON s.name = d.scene
	JOIN rpm.calibrated_material AS f ON f.scene_id = s.scene_id AND f.building_id IS NULL AND f.material = 'concrete'
	JOIN rpm.material AS c ON c.name = f.calibrated JOIN rpm.material AS m ON m.name = f.material AND m.frequency_min_mhz = c.frequency_min_mhz
WHERE d.scene = 'calibration town calibrated' AND c.frequency_min_mhz <= 2140 AND c.frequency_max_mhz >= 2140;
SAVEPOINT s;
SELECT * FROM rpm_calibrate(921, 'calibration town 921');
ROLLBACK TO s;
SELECT * FROM rpm_apply_calibration('calibration town 921');
ROLLBACK TO s;
SELECT * FROM rpm_apply_calibration('calibration town', 'calibration town');
ROLLBACK TO s;
SELECT * FROM rpm_apply_calibration('calibration town', sites => '{923}');
ROLLBACK TO s;
SELECT * FROM rpm_apply_calibration('calibration town', default_schema => 'no_such_schema');
ROLLBACK TO s;
SELECT * FROM rpm_apply_calibration('no such scene');
ROLLBACK;

-- errors
SELECT * FROM rpm_calibrate(NULL);
SELECT * FROM rpm_calibrate(777);
SELECT * FROM rpm_calibrate(921, 'no such scene');
SELECT * FROM rpm_calibrate(777, 'calibration town');
INSERT INTO rpm.scene (name, srid, antenna_relation) VALUES ('calibration town again', 32632, 'calibration_town.antenna');
SELECT * FROM rpm_calibrate(921);
DELETE FROM rpm.scene WHERE name = 'calibration town again';
UPDATE rpm.scene SET measurement_relation = NULL WHERE name = 'calibration town';
SELECT * FROM rpm_calibrate(921, 'calibration town');
SELECT * FROM rpm_rollback_calibration(NULL);
CALL rpm_recalibrate_stale(time_budget => '-1 s');
CALL rpm_recalibrate_stale(time_budget => NULL);
CALL rpm_recalibrate_stale(sessions => 0);
CALL rpm_recalibrate_stale(retry_after => '-1 s');
CALL rpm_recalibrate_stale(new_sites => NULL);
CALL rpm_recalibrate_stale(scene => 'no such scene');
BEGIN;
CALL rpm_recalibrate_stale(scene => 'calibration town');
ROLLBACK;
SELECT proname, provolatile, proparallel FROM pg_proc WHERE proname ~ '^rpm_.*calibrat' AND proname <> 'rpm_calibration_fit' ORDER BY 1;
CREATE ROLE regress_rpm_calibration;
SET ROLE regress_rpm_calibration;
SELECT * FROM rpm_calibrate(921);
SELECT * FROM rpm_rollback_calibration(921);
CALL rpm_recalibrate_stale();
SELECT * FROM rpm_apply_calibration('calibration town');
SELECT count(*) FROM rpm.calibration;
RESET ROLE;
DROP ROLE regress_rpm_calibration;

DELETE FROM rpm.scene WHERE name = 'calibration town';
DELETE FROM rpm.measurement WHERE antenna_id BETWEEN 9210 AND 9232;
DELETE FROM rpm.building WHERE building_id BETWEEN 92001 AND 92003;
DROP SCHEMA calibration_town CASCADE;
