-- A scene's geometry for other tracers: PLY files by material and in one, XML for Mitsuba and Sionna RT, and the errors.
\set VERBOSITY default
\set SHOW_CONTEXT never
BEGIN;
\set ON_ERROR_ROLLBACK on
SET LOCAL client_min_messages = notice;

CREATE TABLE house (building_id bigint, geom geometry, height_m float8, wall_material text, roof_material text);
INSERT INTO house VALUES (1, ST_MakeEnvelope(1000, 2000, 1010, 2020, 32632), 5, 'brick', 'tiles & <felt>'), (2, ST_MakeEnvelope(1050, 2000, 1060, 2010, 32632), 7, 'brick', 'metal');
INSERT INTO rpm.material (name, a, c, scattering_coefficient, cross_polarisation, scattering_pattern, scattering_alpha_r) VALUES ('tiles & <felt>', 4, 0.02, 0.3, 0.1, 'directive', 4);
INSERT INTO rpm.scene (name, srid, building_relation) VALUES ('yard', 32632, 'house');

SELECT * FROM rpm_scene_meshes('yard');
-- The header, and a length that fits what it says: 12 bytes a vertex, 13 a face, 21 where faces have labels.
CREATE FUNCTION pg_temp.header(ply bytea) RETURNS text LANGUAGE sql AS $$ SELECT convert_from(substring(ply FOR position('\x656e645f686561646572'::bytea IN ply) + 10), 'UTF8') $$;
SELECT pg_temp.header(rpm_scene_ply('yard', 'brick'));
SELECT pg_temp.header(rpm_scene_ply('yard'));
SELECT material, length(ply) - length(pg_temp.header(ply)::bytea)
	= 12 * (regexp_match(pg_temp.header(ply), 'element vertex (\d+)'))[1]::int + 13 * triangles AS fits
FROM rpm_scene_meshes('yard'), LATERAL rpm_scene_ply('yard', material) AS ply ORDER BY material;
SELECT sum(triangles) = (SELECT triangle_count FROM rpm_scene_summary('yard')) AS all_of_them FROM rpm_scene_meshes('yard');
SELECT rpm_scene_mitsuba('yard');
SELECT rpm_scene_mitsuba('yard', 3500, 'my "meshes"');
SELECT rpm_scene_mitsuba('yard')::xml IS DOCUMENT AS well_formed;

-- errors
SELECT rpm_scene_ply(NULL);
SELECT rpm_scene_ply('nowhere');
SELECT rpm_scene_ply('yard', 'straw');
SELECT rpm_scene_meshes('nowhere');
SELECT rpm_scene_mitsuba('yard', 0);
SELECT rpm_scene_mitsuba('yard', 3500, NULL);
ROLLBACK;
