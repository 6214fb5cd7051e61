-- The extension's own objects: explained, labelled, with the rights that docs/rights.md states.
\set SHOW_CONTEXT never

CREATE TEMPORARY VIEW member_function AS
SELECT p.* FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
	JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'rpm_pg';
CREATE TEMPORARY VIEW member_relation AS
SELECT c.* FROM pg_class AS c JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
	JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'rpm_pg';

-- without a comment
SELECT oid::regprocedure FROM member_function WHERE obj_description(oid, 'pg_proc') IS NULL;
SELECT oid::regclass FROM member_relation WHERE relkind IN ('r', 'v') AND obj_description(oid, 'pg_class') IS NULL;
SELECT a.attrelid::regclass, a.attname FROM member_relation AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped AND col_description(c.oid, a.attnum) IS NULL;

-- nothing runs with its owner's rights
SELECT oid::regprocedure FROM member_function WHERE prosecdef;
-- PL/pgSQL resolves names on a path of its own; procedures that commit cannot have one, and name the schemas; two run a caller's own query
SELECT oid::regprocedure FROM member_function
WHERE prokind <> 'p' AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'plpgsql') AND NOT coalesce(array_to_string(proconfig, ' '), '') ~ 'search_path=';
-- functions for users start with rpm_, those in schema rpm do not
SELECT oid::regprocedure FROM member_function
WHERE (pronamespace = 'rpm'::regnamespace) = starts_with(proname, 'rpm_');
-- triggers aside, all that writes is volatile and unsafe in parallel
SELECT proname, provolatile, proparallel FROM member_function WHERE proname IN ('rpm_publish', 'rpm_unpublish') ORDER BY 1;
SELECT proname, provolatile, proparallel FROM member_function
WHERE proname IN ('rpm_grid_convergence', 'rpm_sector', 'rpm_contours', 'rpm_best_server_polygons', 'rpm_coverage_report') ORDER BY 1;

-- tables whose rows are dumped, and the filter; every identity sequence goes with its table
SELECT c.relname, conf.filter
FROM pg_extension AS e, unnest(e.extconfig, e.extcondition) AS conf (relation, filter) JOIN pg_class AS c ON c.oid = conf.relation
WHERE e.extname = 'rpm_pg' AND c.relkind = 'r' AND c.relname IN
	('material', 'antenna_pattern', 'class', 'building', 'site', 'antenna', 'measurement', 'scene', 'coverage')
ORDER BY 1;
SELECT c.relname FROM member_relation AS c
WHERE c.relkind IN ('r', 'S') AND NOT EXISTS (SELECT FROM pg_extension AS e WHERE e.extname = 'rpm_pg' AND c.oid = ANY (e.extconfig));

-- rights of everybody
SELECT c.relname, a.privilege_type FROM member_relation AS c, aclexplode(c.relacl) AS a WHERE a.grantee = 0
	AND c.relname IN ('material', 'antenna_pattern', 'class', 'building', 'site', 'antenna', 'measurement', 'scene', 'coverage') ORDER BY 1, 2;
SELECT nspname, a.privilege_type FROM pg_namespace, aclexplode(nspacl) AS a WHERE nspname = 'rpm' AND a.grantee = 0;
SELECT proname FROM member_function AS f
WHERE NOT EXISTS (SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS a WHERE a.grantee = 0) AND starts_with(proname, 'rpm_') ORDER BY 1;

-- PostGIS parses the text of constraints: its views must survive ours
SELECT f_table_name, type, srid FROM geometry_columns WHERE f_table_schema = 'rpm'
	AND f_table_name IN ('building', 'site', 'antenna', 'measurement', 'scene', 'antenna_sector') ORDER BY 1;
SELECT count(*) FROM raster_columns WHERE r_table_schema = 'rpm';

-- a function that a role may not run, a table that it may not read
CREATE ROLE regress_rpm_nobody;
SET ROLE regress_rpm_nobody;
SELECT count(*) > 0 AS materials FROM rpm.material;
SELECT count(*) FROM rpm.building;
SELECT rpm_publish('some scene');
RESET ROLE;
DROP ROLE regress_rpm_nobody;
