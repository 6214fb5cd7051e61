-- What the engine says of itself: its version and the materials that it holds.

-- the library that the server loaded is the version that the control file offers
SELECT rpm_version() = default_version AS same_version FROM pg_available_extensions WHERE name = 'rpm_pg';
SELECT rpm_version() = extversion AS same_version FROM pg_extension WHERE extname = 'rpm_pg';

-- Recommendation ITU-R P.2040-3 table 3
SELECT count(*) AS rows, count(DISTINCT name) AS materials, count(DISTINCT edition) AS editions, min(edition) AS edition FROM rpm_builtin_materials();
SELECT name, frequency_min_mhz, frequency_max_mhz, a, b, c, d FROM rpm_builtin_materials() WHERE name IN ('concrete', 'brick') ORDER BY 1, 2;
-- the one whose permittivity falls most with frequency, and the one that is no dielectric
SELECT name, frequency_min_mhz, frequency_max_mhz, a, b, c, d FROM rpm_builtin_materials() WHERE name IN ('wet_ground', 'metal') ORDER BY 1, 2;

-- rpm.material was filled from it
SELECT count(*) AS missing
FROM rpm_builtin_materials() AS e
WHERE NOT EXISTS (SELECT FROM rpm.material AS m WHERE m.builtin AND (m.name, m.frequency_min_mhz, m.frequency_max_mhz, m.a, m.b, m.c, m.d)
	= (e.name, e.frequency_min_mhz, e.frequency_max_mhz, e.a, e.b, e.c, e.d));
SELECT count(*) AS more FROM rpm.material AS m WHERE m.builtin AND NOT EXISTS (SELECT FROM rpm_builtin_materials() AS e WHERE e.name = m.name);
