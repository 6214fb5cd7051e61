-- rpm.model: files in and out, versions, rollback; files that are wrong.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = warning;

-- A safetensors file made here: length of the header, header, numbers; little endian.
CREATE FUNCTION pg_temp.backwards(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT string_agg(substr($1, i, 1), '' ORDER BY i DESC) FROM generate_series(1, length($1)) AS i $$;
CREATE FUNCTION pg_temp.floats(real[]) RETURNS bytea LANGUAGE sql AS $$ SELECT string_agg(pg_temp.backwards(float4send(f)), '' ORDER BY i) FROM unnest($1) WITH ORDINALITY AS u (f, i) $$;
CREATE FUNCTION pg_temp.safetensors(header text, numbers bytea) RETURNS bytea LANGUAGE sql AS $$
	SELECT pg_temp.backwards(int8send(length(convert_to(header, 'UTF8')))) || convert_to(header, 'UTF8') || numbers $$;
CREATE TEMP TABLE file AS SELECT
	E'map input channels=2\nhead conv map out=2 kernel=1\nprediction output head\n' AS declaration,
	pg_temp.safetensors('{"head.weight":{"dtype":"F32","shape":[2,2,1,1],"data_offsets":[0,16]},"head.bias":{"dtype":"F32","shape":[2],"data_offsets":[16,24]}}',
		pg_temp.floats('{1,2,3,4,0.5,-0.5}')) AS weights,
	'{"channels": ["free_space", "building_height"], "channel_shift": [-90, 3], "channel_scale": [20, 8], "target_shift_dbm": -95, "target_scale_db": 10, "deviation_factor": 1.1, "cell_size_m": 10, "size_cells": 128}'::jsonb AS settings;

SELECT rpm_model_import('line', declaration, weights, settings) FROM file;
SELECT name, version, current, state, parameters, channels, channel_shift, channel_scale, target_shift_dbm, target_scale_db, deviation_factor, cell_size_m, size_cells,
	software_version, checkpoint IS NULL AS no_checkpoint FROM rpm.model WHERE NOT builtin;
-- out, and in again from the file alone
SELECT rpm_model_import('copy', NULL, rpm_model_export('line'));
SELECT c.declaration = l.declaration AS declaration, c.weights = l.weights AS weights, c.channels = l.channels AS channels, c.channel_scale = l.channel_scale AS scale,
	c.deviation_factor = l.deviation_factor AS factor, rpm_model_export('copy') = rpm_model_export('line') AS same_file
FROM rpm.model AS c, rpm.model AS l WHERE c.name = 'copy' AND l.name = 'line';
-- a text in the settings that JSON must escape comes back
SELECT rpm_model_import('letters', declaration, weights, '{"training": {"note": "a \"b\" \\ ü\n"}}') FROM file;
SELECT rpm_model_import('letters', NULL, rpm_model_export('letters'));
SELECT version, current, training FROM rpm.model WHERE name = 'letters' ORDER BY version;
-- weights of half the precision are taken as numbers
SELECT rpm_model_import('half', declaration, pg_temp.safetensors('{"head.weight":{"dtype":"BF16","shape":[2,2,1,1],"data_offsets":[0,8]},"head.bias":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]}}',
	'\x803f004040408040003f00bf')) FROM file;
SELECT h.weights = l.weights AS same FROM rpm.model AS h, rpm.model AS l WHERE h.name = 'half' AND l.name = 'line';

-- versions and rollback
SELECT rpm_model_import('line', declaration, weights, make_current => false) FROM file;
SELECT rpm_model_import('line', declaration, weights) FROM file;
SELECT version, current FROM rpm.model WHERE name = 'line' ORDER BY version;
SELECT rpm_rollback_model('line');
SELECT rpm_rollback_model('line');
SELECT rpm_rollback_model('line');
SELECT rpm_rollback_model('line', 3);
SELECT version, current FROM rpm.model WHERE name = 'line' ORDER BY version;
SELECT length(rpm_model_export('line', 1)) > length(rpm_model_export('line', 2)) AS settings_are_in_the_file;

-- unknown
SELECT rpm_model_export('nobody');
SELECT rpm_model_export('line', 9);
SELECT rpm_rollback_model('nobody');
SELECT rpm_rollback_model(NULL);
UPDATE rpm.model SET current = false WHERE name = 'half';
SELECT rpm_model_export('half');
-- files that are wrong
SELECT rpm_model_import('bad', declaration, NULL) FROM file;
SELECT rpm_model_import(NULL, declaration, weights) FROM file;
SELECT rpm_model_import('', declaration, weights) FROM file;
SELECT rpm_model_import('bad', NULL, weights) FROM file;
SELECT rpm_model_import('bad', declaration, substr(weights, 1, length(weights) - 1)) FROM file;
SELECT rpm_model_import('bad', declaration, substr(weights, 1, 60)) FROM file;
SELECT rpm_model_import('bad', declaration, '') FROM file;
SELECT rpm_model_import('bad', declaration, '\xffffffffffffff7f7b7d') FROM file;
SELECT rpm_model_import('bad', declaration, pg_temp.safetensors('{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}', '')) FROM file;
SELECT rpm_model_import('bad', E'map input channels=2\nhead conv map out=2 kernel=3 pad=1\nprediction output head\n', weights) FROM file;
SELECT rpm_model_import('bad', E'map input channels=2\nlast conv map out=2 kernel=1\nprediction output last\n', weights) FROM file;
SELECT rpm_model_import('bad', E'map input channels=2\nhead wonder map\nprediction output head\n', weights) FROM file;
SELECT rpm_model_import('bad', E'map input channels=2\na conv b out=2 kernel=1\nb conv a out=2 kernel=1\nprediction output a\n', weights) FROM file;
SELECT rpm_model_import('bad', E'map input channels=65536\na conv map out=65536 kernel=15\nprediction output a\n', weights) FROM file;
SELECT rpm_model_import('bad', declaration, pg_temp.safetensors('{"head.weight":{"dtype":"F32","shape":[2,2,1,1],"data_offsets":[0,16]},"head.bias":{"dtype":"F32","shape":[2],"data_offsets":[16,24]}}',
	pg_temp.floats('{1,2,NaN,4,0.5,-0.5}'))) FROM file;
SELECT rpm_model_import('bad', declaration, weights, '[]') FROM file;
SELECT rpm_model_import('bad', declaration, weights, '{"colour": 1}') FROM file;
SELECT rpm_model_import('bad', declaration, weights, '{"channels": ["free_space"]}') FROM file;
SELECT rpm_model_import('bad', declaration, weights, settings - 'channel_scale') FROM file;
SELECT rpm_model_import('bad', declaration, weights, settings || '{"target_scale_db": 0}') FROM file;
-- nothing of them stays
SELECT count(*) FROM rpm.model WHERE name = 'bad';
-- rows by hand
UPDATE rpm.model SET weights = NULL WHERE name = 'line' AND version = 1;
UPDATE rpm.model SET state = 'resting' WHERE name = 'line' AND version = 1;
UPDATE rpm.model SET state = 'training' WHERE name = 'line' AND version = 3;

-- rights: reading is granted by the owner, so is bringing in
CREATE ROLE regress_model_reader;
SET ROLE regress_model_reader;
SELECT rpm_model_export('line');
SELECT rpm_model_import('line', 'x', '');
SELECT rpm_rollback_model('line');
RESET ROLE;
GRANT SELECT ON rpm.model TO regress_model_reader;
SET ROLE regress_model_reader;
SELECT length(rpm_model_export('line')) > 0 AS may_read;
RESET ROLE;
REVOKE SELECT ON rpm.model FROM regress_model_reader;
DROP ROLE regress_model_reader;
DELETE FROM rpm.model WHERE name IN ('line', 'copy', 'letters', 'half');
