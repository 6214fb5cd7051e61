-- Calls at work, seen from other sessions.

CREATE FUNCTION rpm.calls_at_work(
	OUT pid integer, OUT datid oid, OUT datname name, OUT usename name, OUT scene_id integer, OUT phase text,
	OUT done bigint, OUT total bigint, OUT antennas_done bigint, OUT antennas_total bigint, OUT started timestamp with time zone)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rpm_sql_progress' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION rpm.calls_at_work() IS
	'calls at work that the caller may see: those of its own roles, all of them with the rights of pg_read_all_stats';

CREATE VIEW rpm.progress AS
	SELECT c.pid, c.datname, c.usename, c.phase, c.done, c.total, c.started, s.name AS scene, c.antennas_done, c.antennas_total
	FROM rpm.calls_at_work() AS c
	LEFT JOIN rpm.scene AS s ON s.scene_id = c.scene_id
		AND c.datid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database());
COMMENT ON VIEW rpm.progress IS
	'rpm_trace and the like at work, in the manner of pg_stat_progress_vacuum; needs no shared_preload_libraries';
COMMENT ON COLUMN rpm.progress.pid IS 'process of the session';
COMMENT ON COLUMN rpm.progress.datname IS 'database that it is connected to';
COMMENT ON COLUMN rpm.progress.usename IS 'who called';
COMMENT ON COLUMN rpm.progress.phase IS 'starting, reading, building, tracing or writing';
COMMENT ON COLUMN rpm.progress.done IS 'units of work done in this phase';
COMMENT ON COLUMN rpm.progress.total IS 'of so many; 0 where that is not known';
COMMENT ON COLUMN rpm.progress.started IS 'start of the call';
COMMENT ON COLUMN rpm.progress.scene IS 'name of the scene, when it is one of this database';
COMMENT ON COLUMN rpm.progress.antennas_done IS 'antennas done by this call';
COMMENT ON COLUMN rpm.progress.antennas_total IS 'of so many';
GRANT SELECT ON rpm.progress TO PUBLIC;
