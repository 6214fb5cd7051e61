/*
 * A scene's geometry for other tracers.
 */
CREATE FUNCTION @extschema@.rpm_scene_ply(scene text, material text DEFAULT NULL) RETURNS bytea
	AS 'MODULE_PATHNAME', 'rpm_sql_scene_ply' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION @extschema@.rpm_scene_ply(text, text) IS
	'the triangles of a scene as a PLY file (binary, little endian): of one material, or of all with the material and the building of each face';

CREATE FUNCTION @extschema@.rpm_scene_meshes(scene text, OUT material text, OUT file text, OUT triangles bigint)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rpm_sql_scene_meshes' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 5;
COMMENT ON FUNCTION @extschema@.rpm_scene_meshes(text) IS
	'the materials of a scene''s triangles, and the file in which rpm_scene_mitsuba expects rpm_scene_ply(scene, material)';

CREATE FUNCTION @extschema@.rpm_scene_mitsuba(scene text, frequency_mhz double precision DEFAULT NULL, folder text DEFAULT 'meshes') RETURNS text
	AS 'MODULE_PATHNAME', 'rpm_sql_scene_mitsuba' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION @extschema@.rpm_scene_mitsuba(text, double precision, text) IS
	'a scene as XML of Mitsuba 3 that names one PLY file for each material in a folder; with a frequency the materials are those of Sionna RT, else plain colours';
