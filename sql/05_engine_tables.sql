-- Tables that the engine holds; the tables of rpm are filled from them.

CREATE FUNCTION @extschema@.rpm_builtin_materials(
	OUT name text, OUT frequency_min_mhz double precision, OUT frequency_max_mhz double precision, OUT edition text,
	OUT a double precision, OUT b double precision, OUT c double precision, OUT d double precision, OUT thickness_m double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rpm_sql_builtin_materials' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20;
COMMENT ON FUNCTION @extschema@.rpm_builtin_materials() IS
	'the materials of Recommendation ITU-R P.2040-3 table 3: relative permittivity a f^b and conductivity c f^d S/m, f in GHz; rpm.material is filled from it';
