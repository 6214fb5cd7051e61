-- What was traced, as tables. The variables name rows of rpm.coverage: per_antenna, best_server, strongest, sinr.
\pset footer off
\pset null ''

\echo
\echo Area by level of the strongest antenna (outdoor cells, per resource element):
SELECT label AS "level", round(area_km2::numeric, 3) AS "km2", round(percent::numeric, 1) AS "%"
FROM rpm_coverage_report(:'strongest')
ORDER BY lower_value DESC;

\echo
\echo Area by level of each antenna, km2:
SELECT format('%s  %s', lpad(antenna_id::text, 2), a.name) AS "antenna", label, round(area_km2::numeric, 3)
FROM rpm_coverage_report(:'per_antenna') JOIN rpm.antenna AS a USING (antenna_id)
ORDER BY antenna_id, lower_value DESC
\crosstabview

\echo
\echo Area where each antenna is the best server:
SELECT antenna_id AS "id", a.name AS "antenna", round(area_km2::numeric, 3) AS "km2", round(percent::numeric, 1) AS "%"
FROM rpm_coverage_report(:'best_server') JOIN rpm.antenna AS a USING (antenna_id)
ORDER BY antenna_id;

\echo
\echo Area by SINR of the best server, all antennas on one channel at half load:
SELECT label AS "SINR", round(area_km2::numeric, 3) AS "km2", round(percent::numeric, 1) AS "%"
FROM rpm_coverage_report(:'sinr')
ORDER BY lower_value DESC;
