/*
 * How antennas radiate.
 */
CREATE TABLE rpm.antenna_pattern (
	name text CONSTRAINT antenna_pattern_pkey PRIMARY KEY,
	kind text NOT NULL,
	gain_dbi double precision NOT NULL,
	horizontal_beamwidth_deg double precision NOT NULL DEFAULT 65,
	vertical_beamwidth_deg double precision NOT NULL DEFAULT 65,
	side_lobe_floor_db double precision NOT NULL DEFAULT 30,
	front_to_back_db double precision NOT NULL DEFAULT 30,
	horizontal_attenuation_db real[],
	vertical_attenuation_db real[],
	includes_electrical_tilt boolean NOT NULL DEFAULT false,
	source text,
	builtin boolean NOT NULL DEFAULT false,
	CONSTRAINT antenna_pattern_name CHECK (name <> ''
		OR rpm.refuse('rpm.antenna_pattern', 'name ''''', 'the name is empty', 'Give the pattern a name.')),
	CONSTRAINT antenna_pattern_kind CHECK (kind IN ('isotropic', 'dipole', 'half_wave_dipole', 'tr38901', 'measured')
		OR rpm.refuse('rpm.antenna_pattern', 'name ' || name, 'kind is ' || kind,
			'Use isotropic, dipole, half_wave_dipole, tr38901 or measured.')),
	CONSTRAINT antenna_pattern_gain CHECK (gain_dbi BETWEEN -100 AND 100
		OR rpm.refuse('rpm.antenna_pattern', 'name ' || name, 'gain_dbi is ' || gain_dbi,
			'Give the gain at the peak in dBi, -100 to 100; dBi = dBd + 2.15.')),
	CONSTRAINT antenna_pattern_beamwidth CHECK (horizontal_beamwidth_deg > 0 AND horizontal_beamwidth_deg <= 360
			AND vertical_beamwidth_deg > 0 AND vertical_beamwidth_deg <= 360
		OR rpm.refuse('rpm.antenna_pattern', 'name ' || name,
			format('beam widths are %s by %s degrees', horizontal_beamwidth_deg, vertical_beamwidth_deg),
			'Give the half-power beam widths in degrees, above 0, at most 360.')),
	CONSTRAINT antenna_pattern_floor CHECK (side_lobe_floor_db BETWEEN 0 AND 200 AND front_to_back_db BETWEEN 0 AND 200
		OR rpm.refuse('rpm.antenna_pattern', 'name ' || name,
			format('side_lobe_floor_db, front_to_back_db are %s, %s', side_lobe_floor_db, front_to_back_db),
			'Give attenuations below the peak in dB, 0 to 200.')),
	CONSTRAINT antenna_pattern_cuts CHECK ((kind = 'measured') = (horizontal_attenuation_db IS NOT NULL)
			AND (kind = 'measured') = (vertical_attenuation_db IS NOT NULL)
		OR rpm.refuse('rpm.antenna_pattern', 'name ' || name,
			format('kind %s with %s', kind, CASE kind WHEN 'measured' THEN 'a cut missing' ELSE 'measured cuts' END),
			'A measured pattern has both cuts, any other has none; rpm_import_pattern() reads MSI/Planet text.')),
	CONSTRAINT antenna_pattern_horizontal CHECK (horizontal_attenuation_db IS NULL
		OR (array_ndims(horizontal_attenuation_db) = 1 AND cardinality(horizontal_attenuation_db) = 360
			AND 0 <= ALL (horizontal_attenuation_db) AND 1000 >= ALL (horizontal_attenuation_db)) IS TRUE
		OR rpm.refuse('rpm.antenna_pattern', 'name ' || name,
			format('horizontal_attenuation_db has %s values, or one that is negative, NaN or null', cardinality(horizontal_attenuation_db)),
			'Give 360 values in dB below the peak, 0 or more, one per degree, from boresight clockwise.')),
	CONSTRAINT antenna_pattern_vertical CHECK (vertical_attenuation_db IS NULL
		OR (array_ndims(vertical_attenuation_db) = 1 AND cardinality(vertical_attenuation_db) = 360
			AND 0 <= ALL (vertical_attenuation_db) AND 1000 >= ALL (vertical_attenuation_db)) IS TRUE
		OR rpm.refuse('rpm.antenna_pattern', 'name ' || name,
			format('vertical_attenuation_db has %s values, or one that is negative, NaN or null', cardinality(vertical_attenuation_db)),
			'Give 360 values in dB below the peak, 0 or more, one per degree: 0 horizon ahead, 90 nadir, 180 horizon behind, 270 zenith.'))
);
COMMENT ON TABLE rpm.antenna_pattern IS 'antenna patterns: elements by formula, or two measured cuts';
COMMENT ON COLUMN rpm.antenna_pattern.name IS 'what rpm.antenna.pattern names';
COMMENT ON COLUMN rpm.antenna_pattern.kind IS 'isotropic, dipole, half_wave_dipole, tr38901 (3GPP TR 38.901 table 7.3-1) or measured';
COMMENT ON COLUMN rpm.antenna_pattern.gain_dbi IS 'gain at the peak, dBi';
COMMENT ON COLUMN rpm.antenna_pattern.horizontal_beamwidth_deg IS 'half-power beam width in azimuth, degrees (tr38901)';
COMMENT ON COLUMN rpm.antenna_pattern.vertical_beamwidth_deg IS 'half-power beam width in elevation, degrees (tr38901)';
COMMENT ON COLUMN rpm.antenna_pattern.side_lobe_floor_db IS 'largest attenuation of the vertical cut, dB (tr38901: SLA_V)';
COMMENT ON COLUMN rpm.antenna_pattern.front_to_back_db IS 'largest attenuation, dB (tr38901: A_max)';
COMMENT ON COLUMN rpm.antenna_pattern.horizontal_attenuation_db IS 'measured: 360 values, dB below the peak; 0 boresight, clockwise seen from above';
COMMENT ON COLUMN rpm.antenna_pattern.vertical_attenuation_db IS 'measured: 360 values, dB below the peak; 0 horizon ahead, 90 nadir, 180 horizon behind, 270 zenith';
COMMENT ON COLUMN rpm.antenna_pattern.includes_electrical_tilt IS 'the cuts were measured with their electrical tilt: it is not applied again';
COMMENT ON COLUMN rpm.antenna_pattern.source IS 'where the numbers come from';
COMMENT ON COLUMN rpm.antenna_pattern.builtin IS 'true: came with the extension, not dumped';

INSERT INTO rpm.antenna_pattern (name, kind, gain_dbi, source, builtin) VALUES
	('isotropic', 'isotropic', 0, 'definition', true),
	('dipole', 'dipole', 1.7609125905568124, 'short dipole, directivity 3/2', true),
	('half_wave_dipole', 'half_wave_dipole', 2.1508, 'half-wave dipole, directivity 1.6409', true),
	('tr38901', 'tr38901', 8, '3GPP TR 38.901 table 7.3-1', true);

CREATE TRIGGER keep_builtin_rows BEFORE INSERT OR UPDATE OR DELETE ON rpm.antenna_pattern
	FOR EACH ROW EXECUTE FUNCTION rpm.keep_builtin_rows();

SELECT pg_catalog.pg_extension_config_dump('rpm.antenna_pattern', 'WHERE NOT builtin');
GRANT SELECT ON rpm.antenna_pattern TO PUBLIC;
