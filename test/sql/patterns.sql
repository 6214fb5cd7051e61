-- Antenna patterns from MSI/Planet text.
\set VERBOSITY default
\set SHOW_CONTEXT never

CREATE TEMPORARY TABLE msi AS
SELECT E'NAME Test panel\nMAKE Nobody\nFREQUENCY 1900\nGAIN 15.85 dBd\nTILT ELECTRICAL 4\nHORIZONTAL 360\n'
	|| string_agg(format(E'%s %s\n', a, round((least(12 * (least(a, 360 - a) / 65.0) ^ 2, 30))::numeric, 3)), '' ORDER BY a)
	|| E'VERTICAL 360\n'
	|| string_agg(format(E'%s %s\n', a, round((least(12 * (least(abs(a - 4), 360 - abs(a - 4)) / 10.0) ^ 2, 30))::numeric, 3)), '' ORDER BY a)
	AS content
FROM generate_series(0, 359) AS a;

SELECT rpm_import_pattern(content) FROM msi;
SELECT name, kind, gain_dbi, includes_electrical_tilt, horizontal_attenuation_db[1] AS ahead, horizontal_attenuation_db[66] AS at_65,
	vertical_attenuation_db[5] AS at_tilt, builtin, source
FROM rpm.antenna_pattern WHERE name = 'Test panel';

-- Again under a name of one's own; a second import replaces the first.
SELECT rpm_import_pattern(content, name => 'panel 4 degrees') FROM msi;
SELECT rpm_import_pattern(replace(content, '15.85 dBd', '17 dBi'), name => 'panel 4 degrees') FROM msi;
SELECT name, gain_dbi FROM rpm.antenna_pattern WHERE name LIKE 'panel%';

-- A gain without unit is dBd.
SELECT gain_dbi FROM msi, rpm.parse_pattern(replace(content, '15.85 dBd', '10'));

-- What cannot be.
SELECT rpm_import_pattern(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_import_pattern('');
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_import_pattern(replace(content, 'NAME Test panel', 'COMMENT none')) FROM msi;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_import_pattern(replace(content, E'\n17 ', E'\nseventeen ')) FROM msi;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_import_pattern(split_part(content, 'VERTICAL', 1)) FROM msi;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_import_pattern(replace(content, 'GAIN 15.85 dBd', 'GAIN plenty')) FROM msi;
\echo :LAST_ERROR_SQLSTATE

-- a pattern that comes with the extension stays as it is
SELECT rpm_import_pattern(content, name => 'tr38901') FROM msi;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_import_pattern(content, name => '') FROM msi;
\echo :LAST_ERROR_SQLSTATE
SELECT rpm_import_pattern(repeat(E'COMMENT\n', 1000000));
\echo :LAST_ERROR_SQLSTATE

DELETE FROM rpm.antenna_pattern WHERE NOT builtin;
DROP TABLE msi;
