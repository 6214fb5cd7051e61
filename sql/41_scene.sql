-- What a scene looks like once it is built.

CREATE FUNCTION @extschema@.rpm_scene_problems(scene text,
	OUT building_id bigint, OUT action text, OUT problem text, OUT detail text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rpm_sql_scene_problems' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 20;
COMMENT ON FUNCTION @extschema@.rpm_scene_problems(text) IS
	'rows of a scene''s buildings that had to be repaired or skipped, and why; under strict they are errors instead';

CREATE FUNCTION @extschema@.rpm_scene_summary(scene text,
	OUT building_count bigint, OUT triangle_count bigint, OUT facet_count bigint, OUT wedge_count bigint, OUT memory_bytes bigint,
	OUT problem_count bigint, OUT built boolean, OUT provider text)
	AS 'MODULE_PATHNAME', 'rpm_sql_scene_summary' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION @extschema@.rpm_scene_summary(text) IS
	'size of a scene once built; built is false when this session had kept it from an earlier call; provider is what answers ray queries';

CREATE FUNCTION @extschema@.rpm_scene_release() RETURNS integer
	AS 'MODULE_PATHNAME', 'rpm_sql_scene_release' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.rpm_scene_release() IS
	'drops the scenes that this session keeps between calls (rpm_pg.scene_cache) and returns how many';
