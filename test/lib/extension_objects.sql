-- What the extension rpm_pg consists of, one line for each property of each object, in an order of its own: two databases in which it was
-- installed the same way give the same lines.  Owners are left out: whoever creates an extension owns it.

CREATE TEMPORARY VIEW member AS
SELECT d.classid, d.objid, i.type, i.identity
FROM pg_depend AS d
	JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'rpm_pg',
	pg_identify_object(d.classid, d.objid, d.objsubid) AS i
WHERE d.deptype = 'e';

CREATE TEMPORARY VIEW rights AS
SELECT m.classid, m.objid, m.identity, 0 AS objsubid, x.acl FROM member AS m JOIN (
	SELECT 'pg_proc'::regclass AS classid, oid, coalesce(proacl, acldefault('f', proowner)) AS acl FROM pg_proc
	UNION ALL SELECT 'pg_class'::regclass, oid, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)) FROM pg_class
	UNION ALL SELECT 'pg_namespace'::regclass, oid, coalesce(nspacl, acldefault('n', nspowner)) FROM pg_namespace
	UNION ALL SELECT 'pg_type'::regclass, oid, coalesce(typacl, acldefault('T', typowner)) FROM pg_type) AS x ON x.classid = m.classid AND x.oid = m.objid
UNION ALL
SELECT m.classid, m.objid, m.identity || '.' || a.attname, a.attnum, a.attacl FROM member AS m
	JOIN pg_attribute AS a ON m.classid = 'pg_class'::regclass AND a.attrelid = m.objid AND a.attacl IS NOT NULL AND NOT a.attisdropped;

CREATE TEMPORARY VIEW member_relation AS
SELECT c.*, m.identity FROM member AS m JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid;

CREATE TEMPORARY VIEW property AS
SELECT format('%s %s: member', type, identity) AS line FROM member
UNION ALL
SELECT format('%s %s: comment %s', type, identity, coalesce(obj_description(objid, classid::regclass::name), 'none')) FROM member
UNION ALL
SELECT format('rights on %s: %s to %s%s', r.identity, a.privilege_type,
	CASE a.grantee WHEN 0 THEN 'PUBLIC' WHEN a.grantor THEN 'the owner' ELSE a.grantee::regrole::text END, CASE WHEN a.is_grantable THEN ' with grant option' END)
FROM rights AS r, aclexplode(r.acl) AS a
UNION ALL		-- what pg_dump takes for the extension's own rights
SELECT format('rights as installed on %s %s: %s to %s', m.identity, p.objsubid, a.privilege_type,
	CASE a.grantee WHEN 0 THEN 'PUBLIC' WHEN a.grantor THEN 'the owner' ELSE a.grantee::regrole::text END)
FROM member AS m JOIN pg_init_privs AS p ON p.classoid = m.classid AND p.objoid = m.objid, aclexplode(p.initprivs) AS a
UNION ALL
SELECT format('function %s: %s', m.identity, pg_get_functiondef(p.oid))
FROM member AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid AND p.prokind <> 'a'
UNION ALL
SELECT format('function %s: cost %s, rows %s, volatility %s, parallel %s, strict %s, security definer %s, leakproof %s, settings %s, library %s %s', m.identity,
	p.procost, p.prorows, p.provolatile, p.proparallel, p.proisstrict, p.prosecdef, p.proleakproof, p.proconfig, p.probin,
	CASE WHEN p.probin IS NOT NULL THEN p.prosrc END)
FROM member AS m JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
UNION ALL
SELECT format('aggregate %s (%s): %s', m.identity, pg_get_function_arguments(a.aggfnoid), to_jsonb(a) - 'aggfnoid'
	|| jsonb_build_object('result', pg_get_function_result(a.aggfnoid), 'aggtranstype', a.aggtranstype::regtype, 'aggmtranstype', a.aggmtranstype::regtype,
		'aggtransfn', a.aggtransfn::regprocedure, 'aggfinalfn', a.aggfinalfn::regprocedure, 'aggcombinefn', a.aggcombinefn::regprocedure,
		'aggserialfn', a.aggserialfn::regprocedure, 'aggdeserialfn', a.aggdeserialfn::regprocedure, 'aggmtransfn', a.aggmtransfn::regprocedure,
		'aggminvtransfn', a.aggminvtransfn::regprocedure, 'aggmfinalfn', a.aggmfinalfn::regprocedure))
FROM member AS m JOIN pg_aggregate AS a ON m.classid = 'pg_proc'::regclass AND a.aggfnoid = m.objid
UNION ALL
SELECT format('type %s: %s %s, not null %s, default %s, of %s, values %s', t.oid::regtype, t.typtype, t.typcategory, t.typnotnull, t.typdefault,
	format_type(t.typbasetype, t.typtypmod),
	(SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid))
FROM member AS m JOIN pg_type AS t ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
UNION ALL
SELECT format('domain %s: constraint %s %s', m.identity, c.conname, pg_get_constraintdef(c.oid))
FROM member AS m JOIN pg_constraint AS c ON m.classid = 'pg_type'::regclass AND c.contypid = m.objid
UNION ALL
SELECT format('relation %s: kind %s, persistence %s, options %s, row security %s %s, replica identity %s, view %s', identity, relkind, relpersistence,
	reloptions, relrowsecurity, relforcerowsecurity, relreplident, CASE WHEN relkind IN ('v', 'm') THEN pg_get_viewdef(oid) END)
FROM member_relation
UNION ALL		-- columns in their order: rows are dumped and restored by it
SELECT format('column %s.%s: place %s, %s, not null %s, default %s, identity %s, generated %s, storage %s, collation %s, comment %s', c.identity, a.attname,
	row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid),
	a.attidentity, a.attgenerated, a.attstorage, a.attcollation::regcollation, coalesce(col_description(c.oid, a.attnum), 'none'))
FROM member_relation AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relkind <> 'S'
UNION ALL
SELECT format('constraint %s of %s: %s, valid %s, comment %s', n.conname, c.identity, pg_get_constraintdef(n.oid), n.convalidated,
	coalesce(obj_description(n.oid, 'pg_constraint'), 'none'))
FROM member_relation AS c JOIN pg_constraint AS n ON n.conrelid = c.oid
UNION ALL
SELECT format('index of %s: %s, valid %s, clustered %s, comment %s', c.identity, pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisclustered,
	coalesce(obj_description(i.indexrelid, 'pg_class'), 'none'))
FROM member_relation AS c JOIN pg_index AS i ON i.indrelid = c.oid
UNION ALL
SELECT format('trigger of %s: %s, enabled %s, comment %s', c.identity, pg_get_triggerdef(t.oid), t.tgenabled, coalesce(obj_description(t.oid, 'pg_trigger'), 'none'))
FROM member_relation AS c JOIN pg_trigger AS t ON t.tgrelid = c.oid AND NOT t.tgisinternal
UNION ALL
SELECT format('rule of %s: %s', c.identity, pg_get_ruledef(r.oid)) FROM member_relation AS c JOIN pg_rewrite AS r ON r.ev_class = c.oid AND r.rulename <> '_RETURN'
UNION ALL
SELECT format('policy of %s: %s', c.identity, to_jsonb(p) - 'oid' - 'polrelid' - 'polqual' - 'polwithcheck'
	|| jsonb_build_object('using', pg_get_expr(p.polqual, c.oid), 'check', pg_get_expr(p.polwithcheck, c.oid)))
FROM member_relation AS c JOIN pg_policy AS p ON p.polrelid = c.oid
UNION ALL
SELECT format('statistics of %s: %s', c.identity, pg_get_statisticsobjdef(s.oid)) FROM member_relation AS c JOIN pg_statistic_ext AS s ON s.stxrelid = c.oid
UNION ALL
SELECT format('sequence %s: %s, owned by %s', c.identity, to_jsonb(s) - 'seqrelid' - 'seqtypid' || jsonb_build_object('type', s.seqtypid::regtype),
	(SELECT format('%s.%s %s', d.refobjid::regclass, a.attname, d.deptype) FROM pg_depend AS d JOIN pg_attribute AS a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
		WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))
FROM member_relation AS c JOIN pg_sequence AS s ON s.seqrelid = c.oid
UNION ALL		-- the order in which pg_dump puts rows back is that of the foreign keys, not of this list
SELECT format('configuration %s: %s', conf.relation::regclass, conf.filter)
FROM pg_extension AS e, unnest(e.extconfig, e.extcondition) AS conf (relation, filter) WHERE e.extname = 'rpm_pg'
UNION ALL
SELECT format('extension: version %s, schema %s, relocatable %s, comment %s', e.extversion, e.extnamespace::regnamespace, e.extrelocatable,
	obj_description(e.oid, 'pg_extension')) FROM pg_extension AS e WHERE e.extname = 'rpm_pg'
UNION ALL		-- of these catalogues every property is above; a member of another one asks for more lines here
SELECT format('not compared: %s %s', type, identity) FROM member
WHERE classid NOT IN ('pg_proc'::regclass, 'pg_class'::regclass, 'pg_type'::regclass, 'pg_namespace'::regclass);

SELECT replace(line, E'\n', ' | ') FROM property ORDER BY line COLLATE "C";
