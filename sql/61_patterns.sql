-- Measured antenna patterns, and the noise that a receiver adds.

CREATE FUNCTION rpm.parse_pattern(msi text,
	OUT name text, OUT make text, OUT frequency_mhz double precision, OUT gain_dbi double precision, OUT tilt_deg double precision,
	OUT polarisation text, OUT includes_electrical_tilt boolean, OUT horizontal_attenuation_db real[], OUT vertical_attenuation_db real[])
	AS 'MODULE_PATHNAME', 'rpm_sql_parse_pattern' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rpm.parse_pattern(text) IS
	'the text of an MSI/Planet antenna file as one row; a gain without unit is dBd, as the format says';

CREATE FUNCTION @extschema@.rpm_import_pattern(msi text, name text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	pattern record;
	key text;
BEGIN
	IF msi IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'the text of the antenna file is null',
			HINT = 'Give the content of an MSI or Planet file, for example pg_read_file(''antenna.msi'').';
	END IF;
	SELECT * INTO pattern FROM rpm.parse_pattern(rpm_import_pattern.msi);
	key := coalesce(rpm_import_pattern.name, pattern.name);
	IF key IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'the antenna file has no NAME',
			HINT = 'Name the pattern: rpm_import_pattern(msi, name => ''...'').';
	END IF;
	INSERT INTO rpm.antenna_pattern AS p (name, kind, gain_dbi, horizontal_attenuation_db, vertical_attenuation_db,
			includes_electrical_tilt, source)
		VALUES (key, 'measured', pattern.gain_dbi, pattern.horizontal_attenuation_db, pattern.vertical_attenuation_db,
			pattern.includes_electrical_tilt, concat_ws(', ', 'MSI/Planet file', pattern.name, pattern.make,
				pattern.frequency_mhz || ' MHz', 'tilt ' || pattern.tilt_deg || ' degrees'))
		ON CONFLICT ON CONSTRAINT antenna_pattern_pkey DO UPDATE SET kind = EXCLUDED.kind, gain_dbi = EXCLUDED.gain_dbi,
			horizontal_attenuation_db = EXCLUDED.horizontal_attenuation_db,
			vertical_attenuation_db = EXCLUDED.vertical_attenuation_db,
			includes_electrical_tilt = EXCLUDED.includes_electrical_tilt, source = EXCLUDED.source;
	RETURN key;
END
$$;
COMMENT ON FUNCTION @extschema@.rpm_import_pattern(text, text) IS
	'reads the text of an MSI/Planet antenna file into rpm.antenna_pattern, under its own NAME unless name is given, replacing a pattern of that name; returns the name';

CREATE FUNCTION @extschema@.rpm_thermal_noise_dbm(noise_figure_db double precision DEFAULT 9,
	bandwidth_hz double precision DEFAULT 15000, temperature_k double precision DEFAULT 290) RETURNS double precision
	AS 'MODULE_PATHNAME', 'rpm_sql_thermal_noise_dbm' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rpm_thermal_noise_dbm(double precision, double precision, double precision) IS
	'thermal noise k T B plus the noise figure, dBm; by default per resource element of 15 kHz at 290 K';
