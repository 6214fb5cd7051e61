\echo Use "CREATE EXTENSION rpm_pg" to load this file. \quit

/*
 * The fixed schema of the tables and of what serves them.  The functions for users, rpm_*, go to the schema of CREATE EXTENSION.
 *
 * Functions in PL/pgSQL take SET search_path FROM CURRENT: while this script runs the path is the extension's schema, the schemas of
 * PostGIS and pg_temp, and nothing of it depends on who calls or on pg_restore's empty path.
 */
CREATE SCHEMA rpm;
COMMENT ON SCHEMA rpm IS 'rpm_pg: scenes, buildings, antennas, materials and the catalogue of published coverage';
GRANT USAGE ON SCHEMA rpm TO PUBLIC;

/*
 * The right-hand side of the tables' CHECK constraints: CHECK (what must hold OR rpm.refuse(...)).  Called for bad rows only, so good
 * rows pay for one comparison.  STRICT: a problem that is NULL (the value is NULL) refuses nothing.
 */
CREATE FUNCTION rpm.refuse(relation text, row_key text, problem text, remedy text) RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION USING
		ERRCODE = 'check_violation',
		MESSAGE = format('%s, %s: %s', relation, row_key, problem),
		HINT = remedy,
		SCHEMA = split_part(relation, '.', 1),
		TABLE = split_part(relation, '.', 2);
END
$$;
COMMENT ON FUNCTION rpm.refuse(text, text, text, text) IS
	'raises the error of a CHECK constraint: names relation and row, says the remedy (SQLSTATE 23514)';

/*
 * Rows that come with the extension (builtin) are left out of dumps.  With key columns as arguments: a builtin row that a user changes
 * becomes the user's and is dumped, and a user's row with the key of a builtin row takes its place, so that a restore finds the same.
 * Without arguments: builtin rows cannot be changed.
 */
CREATE FUNCTION rpm.keep_builtin_rows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation text := format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME);
	key_match text;
BEGIN
	IF TG_OP = 'DELETE' THEN
		IF OLD.builtin AND pg_trigger_depth() = 1 THEN
			PERFORM rpm.refuse(relation, to_jsonb(OLD) ->> 'name', 'a row that comes with the extension cannot be deleted',
				'It would be back after a restore; leave it unused.');
		END IF;
		RETURN OLD;
	END IF;

	IF TG_OP = 'INSERT' AND NEW.builtin THEN
		PERFORM rpm.refuse(relation, to_jsonb(NEW) ->> 'name', 'builtin is true in the row of a user',
			'Leave builtin out: rows that come with the extension are not dumped.');
	END IF;

	IF TG_OP = 'UPDATE' THEN
		IF OLD.builtin AND TG_NARGS = 0 THEN
			PERFORM rpm.refuse(relation, to_jsonb(OLD) ->> 'name', 'a row that comes with the extension cannot be changed',
				'Insert your own row under another name and name that one.');
		END IF;
		NEW.builtin := false;
		RETURN NEW;
	END IF;

	IF TG_NARGS > 0 THEN
		SELECT string_agg(format('%1$I = ($1).%1$I', key_column), ' AND ') INTO key_match FROM unnest(TG_ARGV) AS key_column;
		EXECUTE format('DELETE FROM %s WHERE builtin AND %s', relation, key_match) USING NEW;
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION rpm.keep_builtin_rows() IS
	'trigger: builtin rows stay out of dumps, and what users change of them stays in';
-- Tables that the engine holds; the tables of rpm are filled from them.

CREATE FUNCTION @extschema@.rpm_builtin_materials(
	OUT name text, OUT frequency_min_mhz double precision, OUT frequency_max_mhz double precision, OUT edition text,
	OUT a double precision, OUT b double precision, OUT c double precision, OUT d double precision, OUT thickness_m double precision)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rpm_sql_builtin_materials' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 20;
COMMENT ON FUNCTION @extschema@.rpm_builtin_materials() IS
	'the materials of Recommendation ITU-R P.2040-3 table 3: relative permittivity a f^b and conductivity c f^d S/m, f in GHz; rpm.material is filled from it';
/*
 * What walls, roofs and ground are made of.
 */
CREATE TABLE rpm.material (
	name text NOT NULL,
	frequency_min_mhz double precision NOT NULL DEFAULT 1,
	frequency_max_mhz double precision NOT NULL DEFAULT 1000000,
	edition text,
	a double precision NOT NULL,
	b double precision NOT NULL DEFAULT 0,
	c double precision NOT NULL DEFAULT 0,
	d double precision NOT NULL DEFAULT 0,
	thickness_m double precision NOT NULL DEFAULT 0.1,
	scattering_coefficient double precision NOT NULL DEFAULT 0,
	cross_polarisation double precision NOT NULL DEFAULT 0,
	scattering_pattern text NOT NULL DEFAULT 'lambertian',
	scattering_alpha_r integer NOT NULL DEFAULT 1,
	scattering_alpha_i integer NOT NULL DEFAULT 1,
	scattering_lambda double precision NOT NULL DEFAULT 1,
	builtin boolean NOT NULL DEFAULT false,
	CONSTRAINT material_pkey PRIMARY KEY (name, frequency_min_mhz),
	CONSTRAINT material_name CHECK (name <> ''
		OR rpm.refuse('rpm.material', 'name ''''', 'the name is empty', 'Give the material a name.')),
	CONSTRAINT material_frequency CHECK (frequency_min_mhz > 0 AND frequency_max_mhz > frequency_min_mhz AND frequency_max_mhz < 'Infinity'
		OR rpm.refuse('rpm.material', 'name ' || name, format('frequency range %s to %s', frequency_min_mhz, frequency_max_mhz),
			'Give both in MHz, positive, the minimum below the maximum.')),
	CONSTRAINT material_a CHECK (a > 0 AND a < 'Infinity'
		OR rpm.refuse('rpm.material', 'name ' || name, 'a is ' || a,
			'The relative permittivity is a f^b (f in GHz): a must be positive; a constant permittivity has b = 0.')),
	CONSTRAINT material_b CHECK (abs(b) <= 10
		OR rpm.refuse('rpm.material', 'name ' || name, 'b is ' || b, 'b is the exponent of the permittivity a f^b, f in GHz: -10 to 10.')),
	CONSTRAINT material_c CHECK (c >= 0 AND c < 'Infinity'
		OR rpm.refuse('rpm.material', 'name ' || name, 'c is ' || c,
			'The conductivity in S/m is c f^d (f in GHz): c must be 0 or more; a constant conductivity has d = 0.')),
	CONSTRAINT material_d CHECK (abs(d) <= 10
		OR rpm.refuse('rpm.material', 'name ' || name, 'd is ' || d, 'd is the exponent of the conductivity c f^d, f in GHz: -10 to 10.')),
	CONSTRAINT material_thickness CHECK (thickness_m BETWEEN 0 AND 100
		OR rpm.refuse('rpm.material', 'name ' || name, 'thickness_m is ' || thickness_m,
			'Give metres from 0 to 100; 0 is a half-space, which transmits nothing.')),
	CONSTRAINT material_scattering CHECK (scattering_coefficient BETWEEN 0 AND 1
		OR rpm.refuse('rpm.material', 'name ' || name, 'scattering_coefficient is ' || scattering_coefficient,
			'Give a share of the field from 0 to 1.')),
	CONSTRAINT material_cross_polarisation CHECK (cross_polarisation BETWEEN 0 AND 1
		OR rpm.refuse('rpm.material', 'name ' || name, 'cross_polarisation is ' || cross_polarisation,
			'Give a share of the diffuse power from 0 to 1.')),
	CONSTRAINT material_pattern CHECK (scattering_pattern IN ('lambertian', 'directive', 'backscattering')
		OR rpm.refuse('rpm.material', 'name ' || name, 'scattering_pattern is ' || scattering_pattern,
			'Use lambertian, directive or backscattering.')),
	CONSTRAINT material_alpha CHECK (scattering_alpha_r BETWEEN 1 AND 100 AND scattering_alpha_i BETWEEN 1 AND 100
		OR rpm.refuse('rpm.material', 'name ' || name,
			format('scattering_alpha_r, scattering_alpha_i are %s, %s', scattering_alpha_r, scattering_alpha_i),
			'The exponents of the lobes are whole numbers from 1 to 100.')),
	CONSTRAINT material_lambda CHECK (scattering_lambda BETWEEN 0 AND 1
		OR rpm.refuse('rpm.material', 'name ' || name, 'scattering_lambda is ' || scattering_lambda,
			'Give the share of the forward lobe from 0 to 1.'))
);
COMMENT ON TABLE rpm.material IS
	'electrical properties of walls, roofs and ground; one row per frequency range (Recommendation ITU-R P.2040-3, table 3, and the user''s own)';
COMMENT ON COLUMN rpm.material.name IS 'what buildings and scenes name';
COMMENT ON COLUMN rpm.material.frequency_min_mhz IS 'lower end of the range of validity, MHz';
COMMENT ON COLUMN rpm.material.frequency_max_mhz IS 'upper end of the range of validity, MHz; outside all ranges the nearest is extrapolated with a NOTICE';
COMMENT ON COLUMN rpm.material.edition IS 'where the numbers come from';
COMMENT ON COLUMN rpm.material.a IS 'relative permittivity = a f^b, f in GHz';
COMMENT ON COLUMN rpm.material.b IS 'exponent of the permittivity; 0: constant';
COMMENT ON COLUMN rpm.material.c IS 'conductivity in S/m = c f^d, f in GHz';
COMMENT ON COLUMN rpm.material.d IS 'exponent of the conductivity; 0: constant';
COMMENT ON COLUMN rpm.material.thickness_m IS 'thickness of the wall as a slab, metres; 0: half-space, transmits nothing';
COMMENT ON COLUMN rpm.material.scattering_coefficient IS 'S, 0 to 1: the share S^2 of the reflected power is diffuse';
COMMENT ON COLUMN rpm.material.cross_polarisation IS 'share of the diffuse power that changes polarisation, 0 to 1';
COMMENT ON COLUMN rpm.material.scattering_pattern IS 'lambertian, directive or backscattering';
COMMENT ON COLUMN rpm.material.scattering_alpha_r IS 'exponent of the forward lobe, 1 to 100 (directive, backscattering)';
COMMENT ON COLUMN rpm.material.scattering_alpha_i IS 'exponent of the backward lobe, 1 to 100 (backscattering)';
COMMENT ON COLUMN rpm.material.scattering_lambda IS 'share of the forward lobe, 0 to 1 (backscattering)';
COMMENT ON COLUMN rpm.material.builtin IS 'true: came with the extension, not dumped';

-- Ground is a half-space: no slab lies over something else.
INSERT INTO rpm.material (name, frequency_min_mhz, frequency_max_mhz, edition, a, b, c, d, thickness_m, builtin)
SELECT m.name, m.frequency_min_mhz, m.frequency_max_mhz, m.edition, m.a, m.b, m.c, m.d,
	CASE WHEN m.name LIKE '%ground' THEN 0 ELSE 0.1 END, true
FROM rpm_builtin_materials() AS m;

CREATE TRIGGER keep_builtin_rows BEFORE INSERT OR UPDATE OR DELETE ON rpm.material
	FOR EACH ROW EXECUTE FUNCTION rpm.keep_builtin_rows('name', 'frequency_min_mhz');

SELECT pg_catalog.pg_extension_config_dump('rpm.material', 'WHERE NOT builtin');
GRANT SELECT ON rpm.material TO PUBLIC;
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
/*
 * Classes of levels: for contours, reports and legends.
 */
CREATE TABLE rpm.class (
	scheme text NOT NULL,
	lower_value double precision NOT NULL,
	upper_value double precision NOT NULL,
	label text NOT NULL,
	colour text NOT NULL,
	builtin boolean NOT NULL DEFAULT false,
	CONSTRAINT class_pkey PRIMARY KEY (scheme, lower_value),
	CONSTRAINT class_range CHECK (lower_value < upper_value AND upper_value <= 'Infinity'
		OR rpm.refuse('rpm.class', 'scheme ' || scheme, format('class from %s to %s', lower_value, upper_value),
			'The lower value (included) must be below the upper one (excluded); ''-Infinity'' and ''Infinity'' leave a class open.')),
	CONSTRAINT class_colour CHECK (colour ~ '^#([0-9a-f]{6}|[0-9a-f]{8})$'
		OR rpm.refuse('rpm.class', 'scheme ' || scheme, format('colour is %s', quote_literal(colour)),
			'Write #rrggbb or #rrggbbaa in small hexadecimal digits.'))
);
COMMENT ON TABLE rpm.class IS 'classes of levels, each from lower_value (included) to upper_value (excluded), with the colour of its legend';
COMMENT ON COLUMN rpm.class.scheme IS 'a product (rsrp_dbm, path_gain_db, path_loss_db, sinr_db) or a name of the user''s own';
COMMENT ON COLUMN rpm.class.lower_value IS 'lower limit, included, in the unit of the product; -Infinity: open';
COMMENT ON COLUMN rpm.class.upper_value IS 'upper limit, excluded, in the unit of the product; Infinity: open';
COMMENT ON COLUMN rpm.class.label IS 'text of the legend';
COMMENT ON COLUMN rpm.class.colour IS '#rrggbb or #rrggbbaa';
COMMENT ON COLUMN rpm.class.builtin IS 'true: came with the extension, not dumped';

INSERT INTO rpm.class (scheme, lower_value, upper_value, label, colour, builtin) VALUES
	('rsrp_dbm', -75, 'Infinity', '-75 dBm and above', '#1a7d2e', true),
	('rsrp_dbm', -85, -75, '-85 to -75 dBm', '#6cbf3b', true),
	('rsrp_dbm', -95, -85, '-95 to -85 dBm', '#ffe54a', true),
	('rsrp_dbm', -105, -95, '-105 to -95 dBm', '#f79a2b', true),
	('rsrp_dbm', -115, -105, '-115 to -105 dBm', '#d7301f', true),
	('rsrp_dbm', '-Infinity', -115, 'below -115 dBm', '#a0a0a0', true),
	('sinr_db', 20, 'Infinity', '20 dB and above', '#1a7d2e', true),
	('sinr_db', 13, 20, '13 to 20 dB', '#6cbf3b', true),
	('sinr_db', 5, 13, '5 to 13 dB', '#ffe54a', true),
	('sinr_db', 0, 5, '0 to 5 dB', '#f79a2b', true),
	('sinr_db', -6, 0, '-6 to 0 dB', '#d7301f', true),
	('sinr_db', '-Infinity', -6, 'below -6 dB', '#a0a0a0', true),
	('path_gain_db', -90, 'Infinity', '-90 dB and above', '#1a7d2e', true),
	('path_gain_db', -110, -90, '-110 to -90 dB', '#6cbf3b', true),
	('path_gain_db', -130, -110, '-130 to -110 dB', '#f79a2b', true),
	('path_gain_db', '-Infinity', -130, 'below -130 dB', '#a0a0a0', true),
	('path_loss_db', '-Infinity', 90, 'below 90 dB', '#1a7d2e', true),
	('path_loss_db', 90, 110, '90 to 110 dB', '#6cbf3b', true),
	('path_loss_db', 110, 130, '110 to 130 dB', '#f79a2b', true),
	('path_loss_db', 130, 'Infinity', '130 dB and above', '#a0a0a0', true);

CREATE TRIGGER keep_builtin_rows BEFORE INSERT OR UPDATE OR DELETE ON rpm.class
	FOR EACH ROW EXECUTE FUNCTION rpm.keep_builtin_rows('scheme', 'lower_value');

SELECT pg_catalog.pg_extension_config_dump('rpm.class', 'WHERE NOT builtin');
GRANT SELECT ON rpm.class TO PUBLIC;
/*
 * Buildings: what the rays meet.
 *
 * PostGIS's geometry_columns parses the text of CHECK constraints: "geometrytype(... = 'X'" declares a type and "srid(... = n" a
 * number, or breaks the view.  Constraints here and in the next files are worded with that in mind.
 */
CREATE TABLE rpm.building (
	building_id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT building_pkey PRIMARY KEY,
	name text,
	geom geometry NOT NULL,
	height_m double precision,
	wall_material text NOT NULL DEFAULT 'concrete',
	roof_material text NOT NULL DEFAULT 'concrete',
	CONSTRAINT building_geom_empty CHECK (NOT ST_IsEmpty(geom)
		OR rpm.refuse('rpm.building', concat('building_id ', building_id, ' (' || name || ')'), 'geom is empty',
			'Give a footprint or a surface, or leave the row out.')),
	CONSTRAINT building_geom_finite CHECK (ST_3DPerimeter(geom) < 'Infinity'
		OR rpm.refuse('rpm.building', concat('building_id ', building_id, ' (' || name || ')'), 'geom has a coordinate that is NaN or infinite',
			'Look at ST_AsText(geom) and mend or leave out the row.')),
	CONSTRAINT building_geom_srid CHECK (ST_SRID(geom) > 0
		OR rpm.refuse('rpm.building', concat('building_id ', building_id, ' (' || name || ')'), 'geom has no SRID',
			'Give it the one it is in: ST_SetSRID(geom, srid).')),
	CONSTRAINT building_geom_type CHECK (
		ARRAY['POLYGON', 'MULTIPOLYGON', 'TIN', 'POLYHEDRALSURFACE', 'TRIANGLE', 'GEOMETRYCOLLECTION'] @> ARRAY[GeometryType(geom)]
			AND ST_Dimension(geom) >= 2
		OR rpm.refuse('rpm.building', concat('building_id ', building_id, ' (' || name || ')'), 'geom is a ' || ST_GeometryType(geom),
			'Use a footprint (Polygon, MultiPolygon) with height_m, or a surface with Z (TIN, PolyhedralSurface, MultiPolygon, Polygon).')),
	CONSTRAINT building_height CHECK (
		CASE WHEN ST_Zmflag(geom) >= 2 THEN height_m IS NULL
			ELSE height_m IS NOT NULL AND ARRAY['POLYGON', 'MULTIPOLYGON'] @> ARRAY[GeometryType(geom)] END
		OR rpm.refuse('rpm.building', concat('building_id ', building_id, ' (' || name || ')'),
			format('height_m is %s and geom is a %s %s Z', coalesce(height_m::text, 'null'), ST_GeometryType(geom),
				CASE WHEN ST_Zmflag(geom) >= 2 THEN 'with' ELSE 'without' END),
			'A footprint (Polygon, MultiPolygon without Z) needs height_m; a surface with Z is used as it is and has none (ST_Force2D, ST_Force3D).')),
	CONSTRAINT building_height_positive CHECK (height_m > 0 AND height_m <= 10000
		OR rpm.refuse('rpm.building', concat('building_id ', building_id, ' (' || name || ')'), 'height_m is ' || height_m,
			'Give the height above ground in metres, above 0, at most 10000.'))
);
COMMENT ON TABLE rpm.building IS
	'buildings: a footprint with its height, or a surface with Z that is used as it is; any table or view with these columns serves as well';
COMMENT ON COLUMN rpm.building.building_id IS 'key; reports and paths name it';
COMMENT ON COLUMN rpm.building.name IS 'for people';
COMMENT ON COLUMN rpm.building.geom IS
	'footprint (Polygon, MultiPolygon without Z) or surface (TIN Z, PolyhedralSurface Z, MultiPolygon Z, Polygon Z); metres in the scene''s SRID';
COMMENT ON COLUMN rpm.building.height_m IS 'height of a footprint above ground, metres; null where geom has Z';
COMMENT ON COLUMN rpm.building.wall_material IS 'a name in rpm.material';
COMMENT ON COLUMN rpm.building.roof_material IS 'a name in rpm.material; of a surface: facets within 45 degrees of level';

CREATE INDEX building_geom_idx ON rpm.building USING gist (geom);

SELECT pg_catalog.pg_extension_config_dump('rpm.building', '');
SELECT pg_catalog.pg_extension_config_dump('rpm.building_building_id_seq', '');
/*
 * Sites and the antennas on them.
 */
CREATE TABLE rpm.site (
	site_id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT site_pkey PRIMARY KEY,
	name text NOT NULL CONSTRAINT site_name_key UNIQUE,
	geom geometry,
	CONSTRAINT site_geom CHECK (geom IS NULL
		OR (geometrytype(geom) = 'POINT' AND ST_XMin(geom) > '-Infinity' AND ST_XMin(geom) < 'Infinity'
			AND ST_YMin(geom) > '-Infinity' AND ST_YMin(geom) < 'Infinity' AND ST_SRID(geom) > 0) IS TRUE
		OR rpm.refuse('rpm.site', concat('site_id ', site_id, ' (', name, ')'), 'geom is ' || left(ST_AsEWKT(geom), 60),
			'Give a point with an SRID and finite coordinates: ST_SetSRID(ST_MakePoint(x, y), srid).'))
);
COMMENT ON TABLE rpm.site IS 'sites: what antennas stand on';
COMMENT ON COLUMN rpm.site.site_id IS 'key';
COMMENT ON COLUMN rpm.site.name IS 'the operator''s name of the site';
COMMENT ON COLUMN rpm.site.geom IS 'point; for maps only, antennas have their own place';

CREATE INDEX site_geom_idx ON rpm.site USING gist (geom);

CREATE TABLE rpm.antenna (
	antenna_id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT antenna_pkey PRIMARY KEY,
	site_id bigint CONSTRAINT antenna_site_fkey REFERENCES rpm.site,
	name text,
	geom geometry NOT NULL,
	height_m double precision NOT NULL,
	frequency_mhz double precision NOT NULL,
	bandwidth_mhz double precision,
	channel integer,
	load double precision NOT NULL DEFAULT 1,
	active boolean NOT NULL DEFAULT true,
	azimuth_deg double precision NOT NULL DEFAULT 0,
	mechanical_tilt_deg double precision NOT NULL DEFAULT 0,
	electrical_tilt_deg double precision NOT NULL DEFAULT 0,
	rs_power_dbm double precision,
	carrier_power_dbm double precision,
	resource_block_count integer,
	losses_db double precision NOT NULL DEFAULT 0,
	pattern text NOT NULL DEFAULT 'tr38901' CONSTRAINT antenna_pattern_fkey REFERENCES rpm.antenna_pattern ON UPDATE CASCADE,
	slant_deg double precision NOT NULL DEFAULT 0,
	CONSTRAINT antenna_geom_type CHECK (geometrytype(geom) = 'POINT'
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'geom is a ' || ST_GeometryType(geom),
			'Give a point: ST_SetSRID(ST_MakePoint(x, y), srid).')),
	CONSTRAINT antenna_geom_finite CHECK (
		(ST_XMin(geom) > '-Infinity' AND ST_XMin(geom) < 'Infinity' AND ST_YMin(geom) > '-Infinity' AND ST_YMin(geom) < 'Infinity') IS TRUE
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'geom is ' || left(ST_AsEWKT(geom), 60),
			'Give finite coordinates.')),
	CONSTRAINT antenna_geom_srid CHECK (ST_SRID(geom) > 0
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'geom has no SRID',
			'Give it the one it is in: ST_SetSRID(geom, srid).')),
	CONSTRAINT antenna_height CHECK (height_m BETWEEN 0 AND 10000
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'height_m is ' || height_m,
			'Give the height above ground in metres, 0 to 10000.')),
	CONSTRAINT antenna_frequency CHECK (frequency_mhz > 0 AND frequency_mhz <= 1000000
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'frequency_mhz is ' || frequency_mhz,
			'Give the carrier frequency in MHz, above 0, at most 1000000.')),
	CONSTRAINT antenna_bandwidth CHECK (bandwidth_mhz > 0 AND bandwidth_mhz <= 100000
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'bandwidth_mhz is ' || bandwidth_mhz,
			'Give the bandwidth in MHz, above 0, or null where it is not known.')),
	CONSTRAINT antenna_load CHECK (load BETWEEN 0 AND 1
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'load is ' || load,
			'Give the share of its resources that the antenna transmits on, 0 to 1.')),
	CONSTRAINT antenna_azimuth CHECK (azimuth_deg BETWEEN -360 AND 360
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'azimuth_deg is ' || azimuth_deg,
			'Give degrees clockwise from true north, 0 to 360.')),
	CONSTRAINT antenna_mechanical_tilt CHECK (mechanical_tilt_deg BETWEEN -90 AND 90
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'mechanical_tilt_deg is ' || mechanical_tilt_deg,
			'Give degrees from -90 to 90, down is positive.')),
	CONSTRAINT antenna_electrical_tilt CHECK (electrical_tilt_deg BETWEEN -90 AND 90
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'electrical_tilt_deg is ' || electrical_tilt_deg,
			'Give degrees from -90 to 90, down is positive.')),
	CONSTRAINT antenna_slant CHECK (slant_deg BETWEEN -90 AND 90
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'slant_deg is ' || slant_deg,
			'Give the polarisation in degrees from vertical, -90 to 90.')),
	CONSTRAINT antenna_losses CHECK (losses_db BETWEEN 0 AND 200
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'losses_db is ' || losses_db,
			'Give cable and other losses in dB, 0 to 200; a gain belongs to the pattern.')),
	CONSTRAINT antenna_power CHECK (num_nonnulls(rs_power_dbm, carrier_power_dbm) = 1
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'),
			CASE WHEN rs_power_dbm IS NULL THEN 'neither rs_power_dbm nor carrier_power_dbm is given'
				ELSE 'both rs_power_dbm and carrier_power_dbm are given' END,
			'Give exactly one: the power of one resource element, or of the whole carrier with resource_block_count.')),
	CONSTRAINT antenna_power_range CHECK (coalesce(rs_power_dbm, carrier_power_dbm) BETWEEN -200 AND 200
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'),
			'the power is ' || coalesce(rs_power_dbm, carrier_power_dbm), 'Give dBm from -200 to 200.')),
	CONSTRAINT antenna_resource_blocks CHECK (carrier_power_dbm IS NULL OR resource_block_count IS NOT NULL
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'carrier_power_dbm without resource_block_count',
			'Give the resource blocks that share the carrier''s power (20 MHz of LTE: 100), or give rs_power_dbm instead.')),
	CONSTRAINT antenna_resource_block_count CHECK (resource_block_count BETWEEN 1 AND 10000
		OR rpm.refuse('rpm.antenna', concat('antenna_id ', antenna_id, ' (' || name || ')'), 'resource_block_count is ' || resource_block_count,
			'Give a whole number from 1 to 10000.'))
);
COMMENT ON TABLE rpm.antenna IS 'transmit antennas: one row per sector and carrier; any table or view with these columns serves as well';
COMMENT ON COLUMN rpm.antenna.antenna_id IS 'key';
COMMENT ON COLUMN rpm.antenna.site_id IS 'the site it stands on';
COMMENT ON COLUMN rpm.antenna.name IS 'for people';
COMMENT ON COLUMN rpm.antenna.geom IS 'point, in the scene''s SRID';
COMMENT ON COLUMN rpm.antenna.height_m IS 'height above ground, metres';
COMMENT ON COLUMN rpm.antenna.frequency_mhz IS 'carrier frequency, MHz';
COMMENT ON COLUMN rpm.antenna.bandwidth_mhz IS 'carrier bandwidth, MHz';
COMMENT ON COLUMN rpm.antenna.channel IS 'antennas of one channel interfere; null: those of one frequency do';
COMMENT ON COLUMN rpm.antenna.load IS 'share of the resources that it transmits on, 0 to 1: its part of the interference';
COMMENT ON COLUMN rpm.antenna.active IS 'false: left out unless named';
COMMENT ON COLUMN rpm.antenna.azimuth_deg IS 'of boresight, degrees clockwise from true north';
COMMENT ON COLUMN rpm.antenna.mechanical_tilt_deg IS 'turns the body of the pattern, degrees, down is positive';
COMMENT ON COLUMN rpm.antenna.electrical_tilt_deg IS 'shifts the vertical cut, degrees, down is positive';
COMMENT ON COLUMN rpm.antenna.rs_power_dbm IS 'transmit power per resource element, dBm; exactly one of this and carrier_power_dbm';
COMMENT ON COLUMN rpm.antenna.carrier_power_dbm IS 'total transmit power of the carrier, dBm: shared by 12 x resource_block_count resource elements';
COMMENT ON COLUMN rpm.antenna.resource_block_count IS 'resource blocks of the carrier';
COMMENT ON COLUMN rpm.antenna.losses_db IS 'losses between transmitter and antenna, dB';
COMMENT ON COLUMN rpm.antenna.pattern IS 'a name in rpm.antenna_pattern';
COMMENT ON COLUMN rpm.antenna.slant_deg IS 'polarisation, degrees from vertical';

CREATE INDEX antenna_geom_idx ON rpm.antenna USING gist (geom);
CREATE INDEX antenna_site_id_idx ON rpm.antenna (site_id);

-- A foreign key alone would not name the antenna.  pg_restore loads with an empty search path: there the keys suffice.
CREATE FUNCTION rpm.check_antenna_references() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM rpm.antenna_pattern AS p WHERE p.name = NEW.pattern) THEN
		RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
			MESSAGE = format('rpm.antenna, antenna_id %s: there is no pattern %L', NEW.antenna_id, NEW.pattern),
			HINT = 'Name one of rpm.antenna_pattern, or add it there first; rpm_import_pattern() reads MSI/Planet text.',
			SCHEMA = 'rpm', TABLE = 'antenna', COLUMN = 'pattern';
	END IF;
	IF NEW.site_id IS NOT NULL AND NOT EXISTS (SELECT FROM rpm.site AS s WHERE s.site_id = NEW.site_id) THEN
		RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation',
			MESSAGE = format('rpm.antenna, antenna_id %s: there is no site %s', NEW.antenna_id, NEW.site_id),
			HINT = 'Add the site to rpm.site first, or leave site_id null.',
			SCHEMA = 'rpm', TABLE = 'antenna', COLUMN = 'site_id';
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION rpm.check_antenna_references() IS 'trigger: refuses an unknown pattern or site with a message that names the antenna';

CREATE TRIGGER check_references BEFORE INSERT OR UPDATE OF pattern, site_id ON rpm.antenna
	FOR EACH ROW WHEN (pg_catalog.current_setting('search_path') <> '') EXECUTE FUNCTION rpm.check_antenna_references();

SELECT pg_catalog.pg_extension_config_dump('rpm.site', '');
SELECT pg_catalog.pg_extension_config_dump('rpm.site_site_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('rpm.antenna', '');
SELECT pg_catalog.pg_extension_config_dump('rpm.antenna_antenna_id_seq', '');
/*
 * What was measured.
 */
CREATE TABLE rpm.measurement (
	measurement_id bigint GENERATED BY DEFAULT AS IDENTITY CONSTRAINT measurement_pkey PRIMARY KEY,
	antenna_id bigint NOT NULL,
	geom geometry NOT NULL,
	measured_at timestamptz,
	rsrp_dbm real,
	sinr_db real,
	indoor boolean,
	position_accuracy_m real,
	CONSTRAINT measurement_geom_type CHECK (geometrytype(geom) = 'POINT'
		OR rpm.refuse('rpm.measurement', 'measurement_id ' || measurement_id, 'geom is a ' || ST_GeometryType(geom),
			'Give a point: ST_SetSRID(ST_MakePoint(x, y), srid).')),
	CONSTRAINT measurement_geom_finite CHECK (
		(ST_XMin(geom) > '-Infinity' AND ST_XMin(geom) < 'Infinity' AND ST_YMin(geom) > '-Infinity' AND ST_YMin(geom) < 'Infinity') IS TRUE
		OR rpm.refuse('rpm.measurement', 'measurement_id ' || measurement_id, 'geom is ' || left(ST_AsEWKT(geom), 60),
			'Give finite coordinates, or leave the row out.')),
	CONSTRAINT measurement_geom_srid CHECK (ST_SRID(geom) > 0
		OR rpm.refuse('rpm.measurement', 'measurement_id ' || measurement_id, 'geom has no SRID',
			'Give it the one it is in: ST_SetSRID(geom, srid).')),
	CONSTRAINT measurement_rsrp CHECK (rsrp_dbm BETWEEN -300 AND 100
		OR rpm.refuse('rpm.measurement', 'measurement_id ' || measurement_id, 'rsrp_dbm is ' || rsrp_dbm,
			'Give dBm from -300 to 100, or null where it was not measured.')),
	CONSTRAINT measurement_sinr CHECK (sinr_db BETWEEN -200 AND 200
		OR rpm.refuse('rpm.measurement', 'measurement_id ' || measurement_id, 'sinr_db is ' || sinr_db,
			'Give dB from -200 to 200, or null where it was not measured.')),
	CONSTRAINT measurement_accuracy CHECK (position_accuracy_m >= 0 AND position_accuracy_m < 'Infinity'
		OR rpm.refuse('rpm.measurement', 'measurement_id ' || measurement_id, 'position_accuracy_m is ' || position_accuracy_m,
			'Give metres, 0 or more, or null where it is not known.'))
);
COMMENT ON TABLE rpm.measurement IS 'measured levels; any table or view with these columns serves as well';
COMMENT ON COLUMN rpm.measurement.measurement_id IS 'key';
COMMENT ON COLUMN rpm.measurement.antenna_id IS 'the antenna that was received; no foreign key, since a scene may name its own relation of antennas';
COMMENT ON COLUMN rpm.measurement.geom IS 'point where it was measured';
COMMENT ON COLUMN rpm.measurement.measured_at IS 'when';
COMMENT ON COLUMN rpm.measurement.rsrp_dbm IS 'received power per resource element, dBm';
COMMENT ON COLUMN rpm.measurement.sinr_db IS 'signal to interference and noise, dB';
COMMENT ON COLUMN rpm.measurement.indoor IS 'measured inside a building; null: not known';
COMMENT ON COLUMN rpm.measurement.position_accuracy_m IS 'standard deviation of the position, metres';

CREATE INDEX measurement_antenna_id_idx ON rpm.measurement (antenna_id);
CREATE INDEX measurement_geom_idx ON rpm.measurement USING gist (geom);

SELECT pg_catalog.pg_extension_config_dump('rpm.measurement', '');
SELECT pg_catalog.pg_extension_config_dump('rpm.measurement_measurement_id_seq', '');
/*
 * Scenes: which relations belong together, on which plane, with which settings.
 */

/* Why a coordinate system cannot carry a scene; null where it can. */
CREATE FUNCTION rpm.srid_problem(srid integer) RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT
AS $$
DECLARE
	definition spatial_ref_sys;
BEGIN
	SELECT s.* INTO definition FROM spatial_ref_sys AS s WHERE s.srid = srid_problem.srid;
	IF NOT FOUND THEN
		RETURN format('srid %s is not in spatial_ref_sys', srid);
	END IF;
	IF definition.proj4text ~ '\+proj=(longlat|latlong|geocent)' OR definition.srtext ~* '^\s*(GEOGCS|GEOGCRS|GEODCRS|GEOCCS)' THEN
		RETURN format('srid %s is in degrees, not a plane', srid);
	END IF;
	IF definition.proj4text ~ '\+units=(?!m\y)' OR definition.proj4text ~ '\+to_meter=(?!1(\.0*)?\y)' THEN
		RETURN format('srid %s is not in metres', srid);
	END IF;
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION rpm.srid_problem(integer) IS 'why a coordinate system cannot carry a scene (unknown, degrees, feet); null where it can';

CREATE TABLE rpm.scene (
	scene_id integer GENERATED BY DEFAULT AS IDENTITY CONSTRAINT scene_pkey PRIMARY KEY,
	name text NOT NULL CONSTRAINT scene_name_key UNIQUE,
	srid integer NOT NULL,
	extent geometry,
	cell_size_m double precision NOT NULL DEFAULT 5,
	receiver_height_m double precision NOT NULL DEFAULT 1.5,
	noise_figure_db double precision NOT NULL DEFAULT 9,
	building_relation regclass NOT NULL DEFAULT 'rpm.building',
	antenna_relation regclass NOT NULL DEFAULT 'rpm.antenna',
	measurement_relation regclass DEFAULT 'rpm.measurement',
	terrain_relation regclass,
	ground_material text NOT NULL DEFAULT 'medium_dry_ground',
	ground_elevation_m double precision NOT NULL DEFAULT 0,
	strict boolean NOT NULL DEFAULT false,
	weld text NOT NULL DEFAULT 'all',
	free_edges boolean NOT NULL DEFAULT false,
	CONSTRAINT scene_name CHECK (name <> ''
		OR rpm.refuse('rpm.scene', 'scene_id ' || scene_id, 'the name is empty', 'Give the scene a name.')),
	CONSTRAINT scene_extent_type CHECK (geometrytype(extent) = 'POLYGON'
		OR rpm.refuse('rpm.scene', 'name ' || name, 'extent is a ' || ST_GeometryType(extent),
			'Give a polygon: ST_MakeEnvelope(xmin, ymin, xmax, ymax, srid).')),
	CONSTRAINT scene_extent_srid CHECK (extent IS NULL OR srid BETWEEN ST_SRID(extent) AND ST_SRID(extent)
		OR rpm.refuse('rpm.scene', 'name ' || name, format('the extent has SRID %s and the scene %s', ST_SRID(extent), srid),
			'Give the extent in the scene''s SRID: ST_Transform(extent, srid).')),
	CONSTRAINT scene_extent_valid CHECK (extent IS NULL OR (ST_Perimeter(extent) < 'Infinity' AND ST_Area(extent) > 0)
		OR rpm.refuse('rpm.scene', 'name ' || name, 'the extent is empty, has no area or a coordinate that is NaN or infinite',
			'Give a polygon with an area: ST_MakeEnvelope(xmin, ymin, xmax, ymax, srid).')),
	CONSTRAINT scene_cell_size CHECK (cell_size_m > 0 AND cell_size_m <= 100000
		OR rpm.refuse('rpm.scene', 'name ' || name, 'cell_size_m is ' || cell_size_m, 'Give metres, above 0; 5 is usual.')),
	CONSTRAINT scene_receiver_height CHECK (receiver_height_m > 0 AND receiver_height_m <= 10000
		OR rpm.refuse('rpm.scene', 'name ' || name, 'receiver_height_m is ' || receiver_height_m,
			'Give metres above ground, above 0; 1.5 is usual.')),
	CONSTRAINT scene_noise_figure CHECK (noise_figure_db BETWEEN 0 AND 100
		OR rpm.refuse('rpm.scene', 'name ' || name, 'noise_figure_db is ' || noise_figure_db, 'Give dB from 0 to 100; 9 is usual.')),
	CONSTRAINT scene_ground_elevation CHECK (ground_elevation_m BETWEEN -12000 AND 10000
		OR rpm.refuse('rpm.scene', 'name ' || name, 'ground_elevation_m is ' || ground_elevation_m,
			'Give the height of the flat ground in the unit and datum of the buildings'' Z, metres.')),
	CONSTRAINT scene_weld CHECK (weld IN ('all', 'row')
		OR rpm.refuse('rpm.scene', 'name ' || name, 'weld is ' || weld,
			'Use all (rows that touch share edges) or row (edges only within one row''s own surface).'))
);
COMMENT ON TABLE rpm.scene IS 'scenes: the relations that belong together, the plane they are in, and how they are traced';
COMMENT ON COLUMN rpm.scene.scene_id IS 'key';
COMMENT ON COLUMN rpm.scene.name IS 'what rpm_trace and the others take';
COMMENT ON COLUMN rpm.scene.srid IS 'a projected coordinate system in metres';
COMMENT ON COLUMN rpm.scene.extent IS 'area of the maps; null: the extent of the buildings';
COMMENT ON COLUMN rpm.scene.cell_size_m IS 'side of a map''s cell, metres';
COMMENT ON COLUMN rpm.scene.receiver_height_m IS 'height of receivers above ground, metres';
COMMENT ON COLUMN rpm.scene.noise_figure_db IS 'noise figure of receivers, dB';
COMMENT ON COLUMN rpm.scene.building_relation IS 'table or view of buildings: building_id, geom and, where wanted, height_m, wall_material, roof_material';
COMMENT ON COLUMN rpm.scene.antenna_relation IS 'table or view of antennas, columns as in rpm.antenna';
COMMENT ON COLUMN rpm.scene.measurement_relation IS 'table or view of measurements, columns as in rpm.measurement';
COMMENT ON COLUMN rpm.scene.terrain_relation IS 'table or view with the ground surface: geom with Z and material; null: flat ground';
COMMENT ON COLUMN rpm.scene.ground_material IS 'a name in rpm.material, for the flat ground';
COMMENT ON COLUMN rpm.scene.ground_elevation_m IS 'Z of the flat ground, metres';
COMMENT ON COLUMN rpm.scene.strict IS 'true: a building that needs repair is an error that names it';
COMMENT ON COLUMN rpm.scene.weld IS 'all: rows that touch share edges; row: edges only within one row''s own surface';
COMMENT ON COLUMN rpm.scene.free_edges IS 'edges with one face diffract as half-planes';

/*
 * What a scene names outside its own row.  pg_restore loads with an empty search path, and there a relation may have gone since: the
 * row must come back as it was, so the trigger stays silent.
 */
CREATE FUNCTION rpm.check_scene_references() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	problem text := rpm.srid_problem(NEW.srid);
	reference record;
	missing text;
BEGIN
	IF problem IS NOT NULL THEN
		PERFORM rpm.refuse('rpm.scene', 'name ' || NEW.name, problem,
			'Choose a projected coordinate system in metres, for example the UTM zone of the place (EPSG:326xx), and ST_Transform the data.');
	END IF;

	FOR reference IN
		SELECT * FROM (VALUES
			('building_relation', NEW.building_relation, ARRAY['building_id', 'geom']),
			('antenna_relation', NEW.antenna_relation, ARRAY['antenna_id', 'geom', 'height_m', 'frequency_mhz']),
			('measurement_relation', NEW.measurement_relation, ARRAY['antenna_id', 'geom', 'rsrp_dbm']),
			('terrain_relation', NEW.terrain_relation, ARRAY['geom', 'material'])) AS v (setting, relation, columns)
		WHERE relation IS NOT NULL
	LOOP
		IF NOT EXISTS (SELECT FROM pg_class WHERE oid = reference.relation AND relkind IN ('r', 'v', 'm', 'f', 'p')) THEN
			PERFORM rpm.refuse('rpm.scene', 'name ' || NEW.name, format('%s %s is no table or view', reference.setting, reference.relation),
				'Name an existing table or view, with its schema.');
		END IF;
		SELECT string_agg(c, ', ') INTO missing
		FROM unnest(reference.columns) AS c
		WHERE NOT EXISTS (
			SELECT FROM pg_attribute
			WHERE attrelid = reference.relation AND attname = c AND attnum > 0 AND NOT attisdropped);
		IF missing IS NOT NULL THEN
			PERFORM rpm.refuse('rpm.scene', 'name ' || NEW.name, format('%s %s has no column %s', reference.setting, reference.relation, missing),
				'Make a view that gives the columns these names, and name the view.');
		END IF;
	END LOOP;

	IF NOT EXISTS (SELECT FROM rpm.material AS m WHERE m.name = NEW.ground_material) THEN
		PERFORM rpm.refuse('rpm.scene', 'name ' || NEW.name, format('there is no material %s', NEW.ground_material),
			'Name one of rpm.material, or add it there first.');
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION rpm.check_scene_references() IS
	'trigger: refuses a scene whose coordinate system, relations or ground material cannot serve';

CREATE TRIGGER check_references BEFORE INSERT OR UPDATE ON rpm.scene
	FOR EACH ROW WHEN (pg_catalog.current_setting('search_path') <> '') EXECUTE FUNCTION rpm.check_scene_references();

SELECT pg_catalog.pg_extension_config_dump('rpm.scene', '');
SELECT pg_catalog.pg_extension_config_dump('rpm.scene_scene_id_seq', '');
/*
 * The catalogue of published products.  Each product is an ordinary table of its user's, no member of the extension, and is named here
 * by schema and name, so that a dump brings back both whatever happened to either.
 */
CREATE TABLE rpm.coverage (
	coverage_id integer GENERATED BY DEFAULT AS IDENTITY CONSTRAINT coverage_pkey PRIMARY KEY,
	name text NOT NULL CONSTRAINT coverage_name_key UNIQUE,
	scene text NOT NULL,
	product text NOT NULL,
	table_schema text NOT NULL,
	table_name text NOT NULL,
	srid integer NOT NULL,
	cell_size_m double precision NOT NULL,
	extent geometry NOT NULL,
	parameters jsonb NOT NULL DEFAULT '{}',
	published_by text NOT NULL DEFAULT current_user,
	published_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT coverage_table_key UNIQUE (table_schema, table_name),
	CONSTRAINT coverage_product CHECK (product IN ('rsrp_dbm', 'path_gain_db', 'path_loss_db', 'best_server', 'strongest', 'sinr_db')
		OR rpm.refuse('rpm.coverage', 'name ' || name, 'product is ' || product,
			'Use rsrp_dbm, path_gain_db, path_loss_db, best_server, strongest or sinr_db; rpm_publish writes these rows.'))
);
COMMENT ON TABLE rpm.coverage IS 'published products, one table each; rpm_publish writes it, rpm_unpublish deletes from it';
COMMENT ON COLUMN rpm.coverage.coverage_id IS 'key';
COMMENT ON COLUMN rpm.coverage.name IS 'what rpm_contours, rpm_coverage_report and rpm_unpublish take';
COMMENT ON COLUMN rpm.coverage.scene IS 'the scene it was traced in; a product outlives its scene';
COMMENT ON COLUMN rpm.coverage.product IS 'rsrp_dbm, path_gain_db, path_loss_db (one map per antenna), best_server, strongest, sinr_db';
COMMENT ON COLUMN rpm.coverage.table_schema IS 'schema of the product''s table';
COMMENT ON COLUMN rpm.coverage.table_name IS 'name of the product''s table';
COMMENT ON COLUMN rpm.coverage.srid IS 'SRID of the rasters';
COMMENT ON COLUMN rpm.coverage.cell_size_m IS 'width of a cell, metres';
COMMENT ON COLUMN rpm.coverage.extent IS 'extent of the rasters, polygon';
COMMENT ON COLUMN rpm.coverage.parameters IS 'arguments of rpm_trace that were given';
COMMENT ON COLUMN rpm.coverage.published_by IS 'role that published it last';
COMMENT ON COLUMN rpm.coverage.published_at IS 'when it was published last, whole or in part';

SELECT pg_catalog.pg_extension_config_dump('rpm.coverage', '');
SELECT pg_catalog.pg_extension_config_dump('rpm.coverage_coverage_id_seq', '');
-- What is installed.

CREATE FUNCTION @extschema@.rpm_version() RETURNS text
	AS 'MODULE_PATHNAME', 'rpm_sql_version' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rpm_version() IS
	'version of the library that the server has loaded; after an update compare with extversion in pg_extension';
-- What a scene looks like once it is built.

CREATE FUNCTION @extschema@.rpm_scene_problems(scene text,
	OUT building_id bigint, OUT action text, OUT problem text, OUT detail text)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rpm_sql_scene_problems' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 20;
COMMENT ON FUNCTION @extschema@.rpm_scene_problems(text) IS
	'rows of a scene''s buildings that had to be repaired or skipped, and why; under strict they are errors instead';

CREATE FUNCTION @extschema@.rpm_scene_summary(scene text,
	OUT building_count bigint, OUT triangle_count bigint, OUT facet_count bigint, OUT wedge_count bigint, OUT memory_bytes bigint,
	OUT problem_count bigint, OUT built boolean, OUT provider text)
	AS 'MODULE_PATHNAME', 'rpm_sql_scene_summary' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000;
COMMENT ON FUNCTION @extschema@.rpm_scene_summary(text) IS
	'size of a scene once built; built is false when this session had kept it from an earlier call; provider is what answers ray queries';

CREATE FUNCTION @extschema@.rpm_scene_release() RETURNS integer
	AS 'MODULE_PATHNAME', 'rpm_sql_scene_release' LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;
COMMENT ON FUNCTION @extschema@.rpm_scene_release() IS
	'drops the scenes that this session keeps between calls (rpm_pg.scene_cache) and returns how many';
-- Radio maps.

CREATE FUNCTION @extschema@.rpm_trace(scene text,
	antennas bigint[] DEFAULT NULL,
	cell_size_m double precision DEFAULT NULL,
	extent geometry DEFAULT NULL,
	template raster DEFAULT NULL,
	receiver_height_m double precision DEFAULT NULL,
	mechanisms text[] DEFAULT '{line_of_sight,reflection,scattering,diffraction}',
	max_depth integer DEFAULT 7,
	samples bigint DEFAULT 1000000,
	target_error_db double precision DEFAULT NULL,
	seed bigint DEFAULT 1,
	quantity text DEFAULT 'rsrp_dbm',
	sum text DEFAULT 'field',
	cell_average text DEFAULT 'outdoor',
	scattering_scale double precision DEFAULT 1,
	diffraction_scale double precision DEFAULT 1,
	standard_error boolean DEFAULT false)
	RETURNS TABLE (antenna_id bigint, rast raster)
	AS 'MODULE_PATHNAME', 'rpm_sql_trace' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 12;
COMMENT ON FUNCTION @extschema@.rpm_trace(text, bigint[], double precision, geometry, raster, double precision, text[], integer,
	bigint, double precision, bigint, text, text, text, double precision, double precision, boolean) IS
	'ray-traced maps of a scene''s antennas: rsrp_dbm, path_gain_db or path_loss_db per cell; 32BF, nodata -9999, tiles of at most 1024 x 1024 cells; with standard_error a second band in dB';
-- Exact paths.

CREATE FUNCTION @extschema@.rpm_paths(antenna_id bigint, point geometry,
	scene text DEFAULT NULL,
	mechanisms text[] DEFAULT '{line_of_sight,reflection,refraction,diffraction}',
	max_depth integer DEFAULT 3,
	transmit_pattern text DEFAULT NULL,
	receive_polarisation text DEFAULT 'both',
	samples bigint DEFAULT 100000,
	seed bigint DEFAULT 1)
	RETURNS TABLE (path_id integer, interactions text, length_m double precision, delay_ns double precision,
		path_gain_db double precision, phase_deg double precision, departure_azimuth_deg double precision,
		departure_elevation_deg double precision, arrival_azimuth_deg double precision, arrival_elevation_deg double precision,
		building_ids bigint[], materials text[], incidence_deg double precision[], geom geometry)
	AS 'MODULE_PATHNAME', 'rpm_sql_paths' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 50;
COMMENT ON FUNCTION @extschema@.rpm_paths(bigint, geometry, text, text[], integer, text, text, bigint, bigint) IS
	'the paths from an antenna to a point, strongest first: S reflection, R refraction, F diffraction in the order of travel; azimuths clockwise from true north, of arrival towards where the path comes from; geom LineStringZ';
-- Calls at work, seen from other sessions.

CREATE FUNCTION rpm.calls_at_work(
	OUT pid integer, OUT datid oid, OUT datname name, OUT usename name, OUT scene_id integer, OUT phase text,
	OUT done bigint, OUT total bigint, OUT antennas_done bigint, OUT antennas_total bigint, OUT started timestamp with time zone)
	RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'rpm_sql_progress' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 10;
COMMENT ON FUNCTION rpm.calls_at_work() IS
	'calls at work that the caller may see: those of its own roles, all of them with the rights of pg_read_all_stats';

CREATE VIEW rpm.progress AS
	SELECT c.pid, c.datname, c.usename, c.phase, c.done, c.total, c.started, s.name AS scene, c.antennas_done, c.antennas_total
	FROM rpm.calls_at_work() AS c
	LEFT JOIN rpm.scene AS s ON s.scene_id = c.scene_id
		AND c.datid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database());
COMMENT ON VIEW rpm.progress IS
	'rpm_trace and the like at work, in the manner of pg_stat_progress_vacuum; needs no shared_preload_libraries';
COMMENT ON COLUMN rpm.progress.pid IS 'process of the session';
COMMENT ON COLUMN rpm.progress.datname IS 'database that it is connected to';
COMMENT ON COLUMN rpm.progress.usename IS 'who called';
COMMENT ON COLUMN rpm.progress.phase IS 'starting, reading, building, tracing or writing';
COMMENT ON COLUMN rpm.progress.done IS 'units of work done in this phase';
COMMENT ON COLUMN rpm.progress.total IS 'of so many; 0 where that is not known';
COMMENT ON COLUMN rpm.progress.started IS 'start of the call';
COMMENT ON COLUMN rpm.progress.scene IS 'name of the scene, when it is one of this database';
COMMENT ON COLUMN rpm.progress.antennas_done IS 'antennas done by this call';
COMMENT ON COLUMN rpm.progress.antennas_total IS 'of so many';
GRANT SELECT ON rpm.progress TO PUBLIC;
/*
 * True north, and antennas as wedges.
 */

/*
 * Direction of the meridian through the point, on the grid: the central difference of 0.001 degrees (111 m) errs by less than
 * 1e-7 degrees in a transverse Mercator zone.
 */
CREATE FUNCTION rpm_grid_convergence(geom geometry) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
BEGIN ATOMIC
	SELECT -degrees(atan2(ST_X(north) - ST_X(south), ST_Y(north) - ST_Y(south)))
	FROM ST_Transform(ST_Centroid(geom), 4326) AS place,
		ST_Transform(ST_SetSRID(ST_MakePoint(ST_X(place), ST_Y(place) + 0.0005), 4326), ST_SRID(geom)) AS north,
		ST_Transform(ST_SetSRID(ST_MakePoint(ST_X(place), ST_Y(place) - 0.0005), 4326), ST_SRID(geom)) AS south;
END;
COMMENT ON FUNCTION rpm_grid_convergence(geometry) IS
	'grid convergence at a place, degrees: grid azimuth = true azimuth - convergence; positive east of the central meridian in the north';

/* Laid out along true azimuths on the ellipsoid, so that it is right in every coordinate system. */
CREATE FUNCTION rpm_sector(geom geometry, azimuth_deg double precision, beamwidth_deg double precision DEFAULT 65,
	radius_m double precision DEFAULT 100) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE COST 5000 SET search_path FROM CURRENT
AS $$
DECLARE
	place geography;
	steps integer;
	rim geometry;
BEGIN
	IF GeometryType(geom) <> 'POINT' OR ST_IsEmpty(geom) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'geom is ' || CASE WHEN ST_IsEmpty(geom) THEN 'empty' ELSE 'a ' || ST_GeometryType(geom) END,
			HINT = 'Give a point, for example the geom of an antenna.';
	ELSIF ST_SRID(geom) = 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'geom has no SRID',
			HINT = 'Give it the one it is in: ST_SetSRID(geom, srid).';
	ELSIF NOT azimuth_deg BETWEEN -360 AND 360 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('azimuth_deg is %s', azimuth_deg),
			HINT = 'Give degrees clockwise from true north, 0 to 360.';
	ELSIF NOT (beamwidth_deg > 0 AND beamwidth_deg <= 360) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('beamwidth_deg is %s', beamwidth_deg),
			HINT = 'Give degrees, above 0; 360 makes a disc.';
	ELSIF NOT (radius_m > 0 AND radius_m <= 1000000) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('radius_m is %s', radius_m),
			HINT = 'Give metres, above 0, at most 1000000.';
	END IF;

	place := ST_Transform(ST_Force2D(geom), 4326)::geography;
	steps := ceil(beamwidth_deg / 5);
	SELECT ST_MakeLine(ST_Project(place, radius_m, radians(azimuth_deg + beamwidth_deg * (i::double precision / steps - 0.5)))::geometry ORDER BY i)
	INTO rim
	FROM generate_series(0, CASE WHEN beamwidth_deg = 360 THEN steps - 1 ELSE steps END) AS i;
	IF beamwidth_deg < 360 THEN
		rim := ST_AddPoint(rim, place::geometry);
	END IF;
	RETURN ST_Transform(ST_MakePolygon(ST_AddPoint(rim, ST_StartPoint(rim))), ST_SRID(geom));
END
$$;
COMMENT ON FUNCTION rpm_sector(geometry, double precision, double precision, double precision) IS
	'wedge of an antenna: from the point along azimuth_deg (clockwise from true north), beamwidth_deg wide, radius_m long; in the SRID of the point';

/* One coordinate system for all scenes, so that the layer has a type: EPSG:4326. */
CREATE VIEW rpm.antenna_sector AS
SELECT a.antenna_id, a.site_id, s.name AS site_name, a.name, a.frequency_mhz, a.channel, a.active, a.height_m, a.azimuth_deg,
	a.mechanical_tilt_deg, a.electrical_tilt_deg, a.pattern,
	CASE WHEN p.kind IN ('tr38901', 'measured') THEN p.horizontal_beamwidth_deg ELSE 360 END AS beamwidth_deg,
	ST_Transform(rpm_sector(a.geom, a.azimuth_deg,
		CASE WHEN p.kind IN ('tr38901', 'measured') THEN p.horizontal_beamwidth_deg ELSE 360 END), 4326)::geometry(Polygon, 4326) AS geom
FROM rpm.antenna AS a
	JOIN rpm.antenna_pattern AS p ON p.name = a.pattern
	LEFT JOIN rpm.site AS s ON s.site_id = a.site_id;
COMMENT ON VIEW rpm.antenna_sector IS 'antennas of rpm.antenna as wedges of 100 m, EPSG:4326, for maps; antenna_id is the key';
COMMENT ON COLUMN rpm.antenna_sector.antenna_id IS 'key';
COMMENT ON COLUMN rpm.antenna_sector.site_id IS 'the site it stands on';
COMMENT ON COLUMN rpm.antenna_sector.site_name IS 'name of the site';
COMMENT ON COLUMN rpm.antenna_sector.name IS 'name of the antenna';
COMMENT ON COLUMN rpm.antenna_sector.frequency_mhz IS 'carrier frequency, MHz';
COMMENT ON COLUMN rpm.antenna_sector.channel IS 'antennas of one channel interfere';
COMMENT ON COLUMN rpm.antenna_sector.active IS 'false: left out unless named';
COMMENT ON COLUMN rpm.antenna_sector.height_m IS 'height above ground, metres';
COMMENT ON COLUMN rpm.antenna_sector.azimuth_deg IS 'of boresight, degrees clockwise from true north';
COMMENT ON COLUMN rpm.antenna_sector.mechanical_tilt_deg IS 'degrees, down is positive';
COMMENT ON COLUMN rpm.antenna_sector.electrical_tilt_deg IS 'degrees, down is positive';
COMMENT ON COLUMN rpm.antenna_sector.pattern IS 'a name in rpm.antenna_pattern';
COMMENT ON COLUMN rpm.antenna_sector.beamwidth_deg IS 'width of the wedge, degrees: half-power beam width, 360 where the pattern has none';
COMMENT ON COLUMN rpm.antenna_sector.geom IS 'wedge, polygon in EPSG:4326';
/*
 * What publishing, reports and layers share: the catalogue's row by name, and classes of levels.
 */

CREATE FUNCTION rpm.coverage_of(coverage text) RETURNS rpm.coverage
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
DECLARE
	published rpm.coverage;
BEGIN
	SELECT c.* INTO published FROM rpm.coverage AS c
	WHERE c.name = coverage_of.coverage OR format('%I.%I', c.table_schema, c.table_name) = coverage_of.coverage
	ORDER BY c.name = coverage_of.coverage DESC
	LIMIT 1;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = format('there is no published coverage %s', coalesce(quote_literal(coverage), 'null')),
			HINT = 'SELECT name FROM rpm.coverage lists them; rpm_publish(scene, product) makes one.';
	ELSIF to_regclass(format('%I.%I', published.table_schema, published.table_name)) IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_table',
			MESSAGE = format('coverage %L: its table %I.%I is gone', published.name, published.table_schema, published.table_name),
			HINT = 'Publish it again with rpm_publish, or take it out of the catalogue with rpm_unpublish.';
	END IF;
	RETURN published;
END
$$;
COMMENT ON FUNCTION rpm.coverage_of(text) IS 'row of rpm.coverage by name or by schema.table; an unknown one is an error';

/* Bands between the levels with an open one at each end, or the classes of the product's scheme; highest first. */
CREATE FUNCTION rpm.classes(product text, levels double precision[])
RETURNS TABLE (class_no integer, lower_value double precision, upper_value double precision, label text, colour text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10 SET search_path FROM CURRENT
AS $$
DECLARE
	scheme_name text := CASE product WHEN 'strongest' THEN 'rsrp_dbm' ELSE product END;
	unit text := CASE scheme_name WHEN 'rsrp_dbm' THEN 'dBm' ELSE 'dB' END;
BEGIN
	IF levels IS NULL THEN
		RETURN QUERY
			SELECT row_number() OVER (ORDER BY c.lower_value DESC)::integer, c.lower_value, c.upper_value, c.label, c.colour
			FROM rpm.class AS c WHERE c.scheme = scheme_name ORDER BY c.lower_value DESC;
		IF NOT FOUND THEN
			RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('rpm.class has no classes for %s', scheme_name),
				HINT = format('Give levels => ARRAY[...], or insert classes of scheme %L.', scheme_name);
		END IF;
		RETURN;
	END IF;

	IF cardinality(levels) NOT BETWEEN 1 AND 200 OR array_ndims(levels) <> 1
		OR EXISTS (SELECT FROM unnest(levels) AS l WHERE l IS NULL OR NOT abs(l) <= 1e6) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('levels are %s', levels),
			HINT = format('Give one to 200 levels in %s, for example ARRAY[-105, -95, -85].', unit);
	END IF;
	RETURN QUERY
		WITH limits AS (
			SELECT DISTINCT l FROM unnest(levels || ARRAY['-Infinity', 'Infinity']::double precision[]) AS l
		), bands AS (
			SELECT l AS low, lead(l) OVER (ORDER BY l) AS high FROM limits
		)
		SELECT row_number() OVER (ORDER BY b.low DESC)::integer, b.low, b.high,
			CASE WHEN b.low = '-Infinity' THEN format('below %s %s', b.high, unit)
				WHEN b.high = 'Infinity' THEN format('%s %s and above', b.low, unit)
				ELSE format('%s to %s %s', b.low, b.high, unit) END,
			NULL::text
		FROM bands AS b WHERE b.high IS NOT NULL ORDER BY b.low DESC;
END
$$;
COMMENT ON FUNCTION rpm.classes(text, double precision[]) IS
	'classes of a product: bands between the levels given, or those of rpm.class; lower limit included, highest first';

/* The classes as ST_Reclass wants them: class_no as the value of a pixel. */
CREATE FUNCTION rpm.reclass_expression(product text, levels double precision[]) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
BEGIN
	RETURN (SELECT string_agg(format('[%s-%s):%s', greatest(c.lower_value, -1e30), least(c.upper_value, 1e30), c.class_no), ',')
		FROM rpm.classes(product, levels) AS c);
END
$$;
COMMENT ON FUNCTION rpm.reclass_expression(text, double precision[]) IS 'the classes as an argument of ST_Reclass';

CREATE FUNCTION rpm_coverage_report(coverage text, levels double precision[] DEFAULT NULL)
RETURNS TABLE (antenna_id bigint, lower_value double precision, upper_value double precision, label text,
	cells bigint, area_m2 double precision, area_km2 double precision, percent double precision)
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 100000 ROWS 100 SET search_path FROM CURRENT SET client_min_messages = warning
AS $$
DECLARE
	published rpm.coverage := rpm.coverage_of(coverage);
	relation text := format('%I.%I', published.table_schema, published.table_name);
	antenna_column text := CASE WHEN published.product IN ('best_server', 'strongest', 'sinr_db') THEN 'NULL::bigint' ELSE 't.antenna_id' END;
BEGIN
	IF published.product = 'best_server' THEN
		RETURN QUERY EXECUTE format($query$
			SELECT c.value::bigint, NULL::double precision, NULL::double precision, 'best server'::text, sum(c.count)::bigint,
				sum(c.count * c.cell_area), sum(c.count * c.cell_area) / 1e6,
				(100.0 * sum(c.count) / sum(sum(c.count)) OVER ())::double precision
			FROM (
				SELECT v.value, v.count, ST_PixelWidth(t.rast) * ST_PixelHeight(t.rast) AS cell_area
				FROM %s AS t, ST_ValueCount(t.rast, 1, true) AS v) AS c
			GROUP BY 1 ORDER BY 1 $query$, relation);
		RETURN;
	END IF;

	RETURN QUERY EXECUTE format($query$
		WITH counted AS (
			SELECT c.antenna_id, c.value, sum(c.count) AS cells, sum(c.count * c.cell_area) AS area
			FROM (
				SELECT %s AS antenna_id, v.value, v.count, ST_PixelWidth(t.rast) * ST_PixelHeight(t.rast) AS cell_area
				FROM %s AS t, ST_ValueCount(ST_Reclass(t.rast, 1, $1, '8BUI', 0), 1, true) AS v) AS c
			GROUP BY 1, 2
		)
		SELECT a.antenna_id, k.lower_value, k.upper_value, k.label, coalesce(c.cells, 0)::bigint, coalesce(c.area, 0),
			coalesce(c.area, 0) / 1e6,
			coalesce(100.0 * c.cells / nullif(sum(c.cells) OVER (PARTITION BY a.antenna_id), 0), 0)::double precision
		FROM (SELECT DISTINCT %s AS antenna_id FROM %s AS t) AS a
			CROSS JOIN rpm.classes($2, $3) AS k
			LEFT JOIN counted AS c ON c.antenna_id IS NOT DISTINCT FROM a.antenna_id AND c.value = k.class_no
		ORDER BY a.antenna_id, k.class_no $query$, antenna_column, relation, antenna_column, relation)
	USING rpm.reclass_expression(published.product, levels), published.product, levels;
END
$$;
COMMENT ON FUNCTION rpm_coverage_report(text, double precision[]) IS
	'area covered per level and antenna: every class, also empty ones; percent of the cells with a value';
/*
 * Tables of published products: how they are made, filled and constrained.  rpm_publish calls these.
 */

/* Runs with messages of PostGIS ("Adding SRID constraint") left out. */
CREATE FUNCTION rpm.constrain_raster(table_schema name, table_name name) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET client_min_messages = warning
AS $$
BEGIN
	PERFORM DropRasterConstraints(table_schema, table_name, 'rast'::name);
	PERFORM AddRasterConstraints(table_schema, table_name, 'rast'::name);
END
$$;
COMMENT ON FUNCTION rpm.constrain_raster(name, name) IS 'sets the raster constraints of a product''s table anew, from what is in it';

CREATE FUNCTION rpm.create_product_table(table_schema name, table_name name, per_antenna boolean) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	relation text := format('%I.%I', table_schema, table_name);
BEGIN
	EXECUTE format('CREATE TABLE %s (rid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, %s rast raster NOT NULL,
		computed_at timestamptz NOT NULL DEFAULT now())', relation, CASE WHEN per_antenna THEN 'antenna_id bigint NOT NULL,' END);
	EXECUTE format('CREATE INDEX ON %s USING gist (ST_ConvexHull(rast))', relation);
	EXECUTE format('COMMENT ON COLUMN %s.rid IS ''key''', relation);
	EXECUTE format('COMMENT ON COLUMN %s.rast IS ''one tile''', relation);
	EXECUTE format('COMMENT ON COLUMN %s.computed_at IS ''when it was published''', relation);
	IF per_antenna THEN
		EXECUTE format('CREATE INDEX ON %s (antenna_id)', relation);
		EXECUTE format('COMMENT ON COLUMN %s.antenna_id IS ''the antenna whose map this is''', relation);
	END IF;
END
$$;
COMMENT ON FUNCTION rpm.create_product_table(name, name, boolean) IS 'table of a published product, with key and spatial index';

CREATE FUNCTION rpm.drop_raster_constraints(table_schema name, table_name name) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET client_min_messages = warning
AS $$
BEGIN
	PERFORM DropRasterConstraints(table_schema, table_name, 'rast'::name);
END
$$;
COMMENT ON FUNCTION rpm.drop_raster_constraints(name, name) IS 'drops the raster constraints of a product''s table';

/* Tiles of at most 256 x 256 cells, of equal size where it divides, of an even one always: halved, they still tile the whole. */
CREATE FUNCTION rpm.cut(rast raster) RETURNS SETOF raster
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10
BEGIN ATOMIC
	SELECT ST_Tile(rast, 2 * ceil(ST_Width(rast) / ceil(ST_Width(rast) / 256.0) / 2)::integer,
		2 * ceil(ST_Height(rast) / ceil(ST_Height(rast) / 256.0) / 2)::integer);
END;
COMMENT ON FUNCTION rpm.cut(raster) IS 'tiles of at most 256 x 256 cells';

/*
 * Adds to pg_temp.rpm_tiles the tiles of overviews 2, 4, 8, ... until the whole fits into one tile, and returns the last factor: nearest
 * cells on the product's own grid, each antenna by itself, every factor from the one before.
 */
CREATE FUNCTION rpm.coarsen_tiles(whole geometry, cell_width double precision, cell_height double precision) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	cells double precision := greatest((ST_XMax(whole) - ST_XMin(whole)) / cell_width, (ST_YMax(whole) - ST_YMin(whole)) / cell_height);
	finer integer := 1;
BEGIN
	LOOP
		INSERT INTO pg_temp.rpm_tiles (factor, antenna_id, rast)
		SELECT finer * 2, c.antenna_id, rpm.cut(c.rast)
		FROM (
			SELECT t.antenna_id,
				ST_Union(ST_Resample(t.rast, cell_width * finer * 2, -cell_height * finer * 2, ST_XMin(whole), ST_YMax(whole))) AS rast
			FROM pg_temp.rpm_tiles AS t WHERE t.factor = finer GROUP BY t.antenna_id) AS c;
		finer := finer * 2;
		EXIT WHEN cells / finer <= 256;
	END LOOP;
	RETURN finer;
END
$$;
COMMENT ON FUNCTION rpm.coarsen_tiles(geometry, double precision, double precision) IS 'makes the tiles of a product''s overviews';

/*
 * Replaces rows by the tiles of one factor in pg_temp.rpm_tiles: all of them, or those of the antennas named.  Deleted and inserted in
 * one transaction: a reader sees the old rows until it ends, and the new ones after.
 */
CREATE FUNCTION rpm.replace_tiles(table_schema name, table_name name, tile_factor integer, antennas bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	relation text := format('%I.%I', table_schema, table_name);
	columns text := CASE WHEN EXISTS (SELECT FROM pg_temp.rpm_tiles AS t WHERE t.antenna_id IS NOT NULL) THEN 'antenna_id, rast' ELSE 'rast' END;
BEGIN
	IF antennas IS NULL THEN
		EXECUTE format('DELETE FROM %s', relation);
	ELSE
		EXECUTE format('DELETE FROM %s WHERE antenna_id = ANY ($1)', relation) USING antennas;
	END IF;
	EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM pg_temp.rpm_tiles WHERE factor = $1', relation, columns) USING tile_factor;
END
$$;
COMMENT ON FUNCTION rpm.replace_tiles(name, name, integer, bigint[]) IS 'replaces a product''s rows, or those of some antennas, by the tiles just made';

/*
 * Makes or refreshes one table of a product.  Where the grid is as before (same_grid), the new rows obey the constraints that are there
 * and no reader waits; otherwise they are set anew, behind a lock that lasts to the end of the transaction.
 */
CREATE FUNCTION rpm.store_tiles(table_schema name, table_name name, tile_factor integer, antennas bigint[], same_grid boolean) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
	IF to_regclass(format('%I.%I', table_schema, table_name)) IS NULL THEN
		PERFORM rpm.create_product_table(table_schema, table_name, EXISTS (SELECT FROM pg_temp.rpm_tiles AS t WHERE t.antenna_id IS NOT NULL));
		PERFORM rpm.replace_tiles(table_schema, table_name, tile_factor, NULL);
		PERFORM rpm.constrain_raster(table_schema, table_name);
		RETURN;
	END IF;

	IF same_grid THEN
		BEGIN
			PERFORM rpm.replace_tiles(table_schema, table_name, tile_factor, antennas);
			RETURN;
		EXCEPTION WHEN check_violation THEN
			NULL;
		END;
	END IF;
	PERFORM rpm.drop_raster_constraints(table_schema, table_name);
	PERFORM rpm.replace_tiles(table_schema, table_name, tile_factor, antennas);
	PERFORM rpm.constrain_raster(table_schema, table_name);
END
$$;
COMMENT ON FUNCTION rpm.store_tiles(name, name, integer, bigint[], boolean) IS 'makes or refreshes one table of a product, with its raster constraints';

CREATE FUNCTION rpm.store_overview(table_schema name, table_name name, tile_factor integer, antennas bigint[], same_grid boolean) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET client_min_messages = warning
AS $$
DECLARE
	overview name := format('o_%s_%s', tile_factor, table_name);
	is_new boolean := to_regclass(format('%I.%I', table_schema, overview)) IS NULL;
BEGIN
	PERFORM rpm.store_tiles(table_schema, overview, tile_factor, antennas, same_grid);
	IF is_new THEN
		PERFORM AddOverviewConstraints(table_schema, overview, 'rast'::name, table_schema, table_name, 'rast'::name, tile_factor);
		EXECUTE format('COMMENT ON TABLE %I.%I IS %L', table_schema, overview, format('overview of %s, factor %s', table_name, tile_factor));
	END IF;
END
$$;
COMMENT ON FUNCTION rpm.store_overview(name, name, integer, bigint[], boolean) IS 'makes or refreshes the overview of one factor';

CREATE FUNCTION rpm.has_overviews(table_schema name, table_name name) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
AS $$
BEGIN
	RETURN EXISTS (SELECT FROM raster_overviews AS o
		WHERE o.r_table_schema = has_overviews.table_schema AND o.r_table_name = has_overviews.table_name
			AND o.o_table_schema = has_overviews.table_schema);
END
$$;
COMMENT ON FUNCTION rpm.has_overviews(name, name) IS 'whether a product''s table has overviews';

/* Overviews coarser than the one named; 0: all of them. */
CREATE FUNCTION rpm.drop_overviews(table_schema name, table_name name, above_factor integer) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	overview name;
BEGIN
	FOR overview IN
		SELECT o.o_table_name FROM raster_overviews AS o
		WHERE o.r_table_schema = drop_overviews.table_schema AND o.r_table_name = drop_overviews.table_name
			AND o.o_table_schema = drop_overviews.table_schema AND o.overview_factor > above_factor
	LOOP
		EXECUTE format('DROP TABLE %I.%I', table_schema, overview);
	END LOOP;
END
$$;
COMMENT ON FUNCTION rpm.drop_overviews(name, name, integer) IS 'drops the overviews of a product''s table above a factor';
/*
 * rpm_publish and rpm_unpublish.
 */

/* Arguments of rpm_trace out of the catalogue's parameters, as SQL text. */
CREATE FUNCTION rpm.trace_arguments(parameters jsonb) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(string_agg(format(', %I => %L', p.key,
		CASE jsonb_typeof(p.value) WHEN 'array' THEN (SELECT array_agg(v.element) FROM jsonb_array_elements_text(p.value) AS v (element))::text
			ELSE p.value #>> '{}' END), '' ORDER BY p.key), '')
	FROM jsonb_each(parameters) AS p;
END;
COMMENT ON FUNCTION rpm.trace_arguments(jsonb) IS 'stored parameters as named arguments of rpm_trace';

/* Traces and cuts: fills pg_temp.rpm_tiles with the maps of the antennas (null: all active ones), in tiles. */
CREATE FUNCTION rpm.trace_tiles(scene text, quantity text, antennas bigint[], parameters jsonb) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
	EXECUTE format('INSERT INTO pg_temp.rpm_tiles (factor, antenna_id, rast)
		SELECT 1, t.antenna_id, rpm.cut(t.rast)
		FROM rpm_trace(scene => $1, antennas => $2, quantity => $3%s) AS t', rpm.trace_arguments(parameters))
	USING scene, antennas, quantity;
	IF NOT EXISTS (SELECT FROM pg_temp.rpm_tiles) THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = format('scene %L gave no map', scene),
			HINT = 'Look whether its antenna relation has active antennas, or name some: antennas => ARRAY[...].';
	END IF;
END
$$;
COMMENT ON FUNCTION rpm.trace_tiles(text, text, bigint[], jsonb) IS 'traces the maps of antennas and cuts them into tiles';

/*
 * The tiles of best_server, strongest or sinr_db: from rsrp_dbm maps of the scene that are published with the same parameters and cover the antennas
 * asked for, else from maps traced now.
 */
CREATE FUNCTION rpm.combine_tiles(scene rpm.scene, product text, antennas bigint[], parameters jsonb) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	antenna_query text := format($query$
		SELECT a.antenna_id, coalesce((j ->> 'channel')::integer, round((j ->> 'frequency_mhz')::double precision * 1000)::integer) AS channel,
			coalesce((j ->> 'load')::double precision, 1) AS load, coalesce((j ->> 'active')::boolean, true) AS active
		FROM %s AS a, to_jsonb(a) AS j $query$, scene.antenna_relation);
	source rpm.coverage;
	source_relation text;
	wanted bigint[];
	present bigint[];
	extents integer;
BEGIN
	SELECT c.* INTO source FROM rpm.coverage AS c
	WHERE c.scene = combine_tiles.scene.name AND c.product = 'rsrp_dbm' AND c.parameters = combine_tiles.parameters
		AND to_regclass(format('%I.%I', c.table_schema, c.table_name)) IS NOT NULL
	ORDER BY c.published_at DESC LIMIT 1;

	IF FOUND THEN
		source_relation := format('%I.%I', source.table_schema, source.table_name);
		EXECUTE format('SELECT array_agg(DISTINCT t.antenna_id), (SELECT count(DISTINCT e.box)::integer FROM (
				SELECT ST_Extent(ST_Envelope(rast))::text AS box FROM %1$s GROUP BY antenna_id) AS e)
			FROM %1$s AS t', source_relation) INTO present, extents;
		EXECUTE format('SELECT array_agg(a.antenna_id) FROM (%s) AS a WHERE CASE WHEN $1 IS NULL THEN a.active ELSE a.antenna_id = ANY ($1) END',
			antenna_query) INTO wanted USING antennas;
	END IF;
	IF present @> wanted AND present @> coalesce(antennas, wanted) AND extents = 1 THEN
		RAISE NOTICE '% is made from the maps published as % at %', product, source.name, source.published_at;
		EXECUTE format('INSERT INTO pg_temp.rpm_tiles (factor, antenna_id, rast)
			SELECT 1, t.antenna_id, t.rast FROM %s AS t WHERE t.antenna_id = ANY ($1)', source_relation) USING wanted;
	ELSE
		PERFORM rpm.trace_tiles(scene.name, 'rsrp_dbm', antennas, parameters);
	END IF;

	EXECUTE format('INSERT INTO pg_temp.rpm_tiles (factor, rast)
		SELECT 1, %s FROM pg_temp.rpm_tiles AS t JOIN (%s) AS a USING (antenna_id)
		GROUP BY ST_UpperLeftX(t.rast), ST_UpperLeftY(t.rast)',
		CASE product
			WHEN 'best_server' THEN 'rpm_best_server(t.rast, t.antenna_id)'
			WHEN 'strongest' THEN 'rpm_strongest(t.rast)'
			ELSE format('rpm_sinr(t.rast, a.channel, a.load, rpm_thermal_noise_dbm(%L))', scene.noise_figure_db)
		END, antenna_query);
	DELETE FROM pg_temp.rpm_tiles AS t WHERE t.antenna_id IS NOT NULL;
END
$$;
COMMENT ON FUNCTION rpm.combine_tiles(rpm.scene, text, bigint[], jsonb) IS 'makes the tiles of best server, strongest level or SINR';

/* Where a product goes: refuses a table that is not rpm_publish's own, or another product's. */
CREATE FUNCTION rpm.check_target(table_schema name, table_name name, scene text, product text) RETURNS rpm.coverage
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	relation text := format('%I.%I', table_schema, table_name);
	existing rpm.coverage;
BEGIN
	IF octet_length(table_name::text) > 50 THEN
		RAISE EXCEPTION USING ERRCODE = 'name_too_long', MESSAGE = format('table name %L is longer than 50 bytes', table_name),
			HINT = 'Give a shorter table_name: overviews and views take its name with something before or after it.';
	ELSIF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = table_schema) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_schema_name', MESSAGE = format('there is no schema %s', coalesce(quote_literal(table_schema), 'to publish into')),
			HINT = 'Create it first, or name another: table_name => ''schema.table''.';
	END IF;

	SELECT c.* INTO existing FROM rpm.coverage AS c
	WHERE c.table_schema = check_target.table_schema AND c.table_name = check_target.table_name;
	IF existing.coverage_id IS NULL AND to_regclass(relation) IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'duplicate_table', MESSAGE = format('relation %s exists and is no published coverage', relation),
			HINT = 'Give another table_name, or drop or rename that relation.';
	ELSIF existing.scene <> scene OR existing.product <> product THEN
		RAISE EXCEPTION USING ERRCODE = 'duplicate_table',
			MESSAGE = format('table %s holds product %s of scene %L', relation, existing.product, existing.scene),
			HINT = format('Give another table_name, or first: SELECT rpm_unpublish(%L).', existing.name);
	END IF;
	IF to_regclass(relation) IS NULL THEN
		existing := NULL;
	END IF;
	RETURN existing;
END
$$;
COMMENT ON FUNCTION rpm.check_target(name, name, text, text) IS 'the catalogue''s row of the table to publish into, null for a new one; refuses one that is taken';

/*
 * An empty raster with the grid of a published table, and the parameters it was published with: the new map of one antenna must lie on
 * the grid of the others.
 */
CREATE FUNCTION rpm.inherited_parameters(existing rpm.coverage, parameters jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
AS $$
DECLARE
	cell_height double precision;
	grid raster;
BEGIN
	IF NOT existing.parameters @> parameters THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('coverage %L was published with other parameters: %s', existing.name, existing.parameters - 'template'),
			HINT = 'Leave them out to replace maps of single antennas, publish the whole (antennas => NULL), or give another table_name.';
	END IF;
	EXECUTE format('SELECT ST_PixelHeight(t.rast) FROM %I.%I AS t LIMIT 1', existing.table_schema, existing.table_name) INTO cell_height;
	grid := ST_MakeEmptyRaster(
		round((ST_XMax(existing.extent) - ST_XMin(existing.extent)) / existing.cell_size_m)::integer,
		round((ST_YMax(existing.extent) - ST_YMin(existing.extent)) / cell_height)::integer,
		ST_XMin(existing.extent), ST_YMax(existing.extent), existing.cell_size_m, -cell_height, 0, 0, existing.srid);
	RETURN existing.parameters - ARRAY['cell_size_m', 'extent'] || jsonb_build_object('template', grid::text);
END
$$;
COMMENT ON FUNCTION rpm.inherited_parameters(rpm.coverage, jsonb) IS 'parameters with which the map of one antenna fits a published product';

CREATE FUNCTION rpm_publish(scene text, product text DEFAULT 'rsrp_dbm', table_name text DEFAULT NULL, antennas bigint[] DEFAULT NULL,
	cell_size_m double precision DEFAULT NULL, extent geometry DEFAULT NULL, template raster DEFAULT NULL,
	receiver_height_m double precision DEFAULT NULL, mechanisms text[] DEFAULT NULL, max_depth integer DEFAULT NULL,
	samples bigint DEFAULT NULL, target_error_db double precision DEFAULT NULL, seed bigint DEFAULT NULL, sum text DEFAULT NULL,
	cell_average text DEFAULT NULL, scattering_scale double precision DEFAULT NULL, diffraction_scale double precision DEFAULT NULL,
	overviews boolean DEFAULT NULL, default_schema name DEFAULT current_schema()) RETURNS regclass
LANGUAGE plpgsql COST 1000000 SET search_path FROM CURRENT
AS $$
DECLARE
	its_scene rpm.scene;
	per_antenna boolean := product IN ('rsrp_dbm', 'path_gain_db', 'path_loss_db');
	parts text[] := parse_ident(coalesce(table_name,
		quote_ident(lower(regexp_replace(scene, '[^[:alnum:]_]+', '_', 'g')) || '_' || product)));
	target_schema name := CASE cardinality(parts) WHEN 2 THEN parts[1] ELSE default_schema END;
	target name := parts[cardinality(parts)];
	given jsonb := jsonb_strip_nulls(jsonb_build_object('cell_size_m', cell_size_m, 'extent', extent::text,
		'template', ST_MakeEmptyRaster(template)::text, 'receiver_height_m', receiver_height_m, 'mechanisms', mechanisms,
		'max_depth', max_depth, 'samples', samples, 'target_error_db', target_error_db, 'seed', seed, 'sum', sum,
		'cell_average', cell_average, 'scattering_scale', scattering_scale, 'diffraction_scale', diffraction_scale));
	existing rpm.coverage;
	partial bigint[];
BEGIN
	IF product IS NULL OR NOT (per_antenna OR product IN ('best_server', 'strongest', 'sinr_db')) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('there is no product %s', coalesce(quote_literal(product), 'null')),
			HINT = 'Use rsrp_dbm, path_gain_db, path_loss_db (one map per antenna), best_server, strongest or sinr_db.';
	ELSIF cardinality(parts) > 2 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_name', MESSAGE = format('table_name is %L', table_name),
			HINT = 'Give table or schema.table; put names with capitals or spaces in double quotes.';
	ELSIF cardinality(antennas) = 0 OR array_position(antennas, NULL) IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('antennas is %s', antennas),
			HINT = 'Give at least one antenna_id and no null, or leave antennas out for all active ones.';
	END IF;
	SELECT s.* INTO its_scene FROM rpm.scene AS s WHERE s.name = rpm_publish.scene;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('scene "%s" does not exist', coalesce(scene, '(null)')),
			HINT = 'SELECT name FROM rpm.scene lists the scenes; INSERT INTO rpm.scene (name, srid) makes one.';
	END IF;

	existing := rpm.check_target(target_schema, target, scene, product);
	IF per_antenna AND existing.coverage_id IS NOT NULL THEN
		partial := antennas;
	END IF;
	IF partial IS NOT NULL AND overviews <> rpm.has_overviews(target_schema, target) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('coverage %L was published %s overviews', existing.name,
				CASE WHEN overviews THEN 'without' ELSE 'with' END),
			HINT = 'Leave overviews out to replace maps of single antennas, or publish the whole (antennas => NULL).';
	END IF;
	IF to_regclass('pg_temp.rpm_tiles') IS NOT NULL THEN
		DROP TABLE pg_temp.rpm_tiles;
	END IF;
	CREATE TEMPORARY TABLE rpm_tiles (factor integer NOT NULL, antenna_id bigint, rast raster NOT NULL) ON COMMIT DROP;
	ALTER TABLE pg_temp.rpm_tiles ALTER rast SET STORAGE EXTERNAL;
	IF partial IS NOT NULL THEN
		PERFORM rpm.trace_tiles(scene, product, antennas, rpm.inherited_parameters(existing, given));
		given := existing.parameters;
	ELSIF per_antenna THEN
		PERFORM rpm.trace_tiles(scene, product, antennas, given);
	ELSE
		PERFORM rpm.combine_tiles(its_scene, product, antennas, given);
	END IF;
	PERFORM rpm.store_product(its_scene.name, product, target_schema, target, given, partial, overviews);
	DROP TABLE pg_temp.rpm_tiles;
	RETURN to_regclass(format('%I.%I', target_schema, target));
END
$$;
COMMENT ON FUNCTION rpm_publish(text, text, text, bigint[], double precision, geometry, raster, double precision, text[], integer,
	bigint, double precision, bigint, text, text, double precision, double precision, boolean, name) IS
	'traces a product of a scene into a table of its own (key, spatial index, raster constraints, vector view, overviews where they serve) and catalogues it in rpm.coverage; named antennas are replaced in a product that exists';

/*
 * Everything after the tracing, behind a lock of the table: the part that another session must not do at the same time.
 *
 * overviews null: what the table has; a new one gets them where the product is one layer to look at.  QGIS (3.22) reads
 * a filtered layer, as of one antenna, from the finest overview instead of the table: with its place, size and values.
 */
CREATE FUNCTION rpm.store_product(scene text, product text, table_schema name, table_name name, parameters jsonb, partial bigint[],
	overviews boolean) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	existing rpm.coverage;
	whole geometry;
	cell_width double precision;
	cell_height double precision;
	same_grid boolean;
	with_overviews boolean;
	last_factor integer := 1;
	factor integer := 2;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended(format('rpm_publish %I.%I', table_schema, table_name), 0));
	existing := rpm.check_target(table_schema, table_name, scene, product);
	SELECT ST_SetSRID(ST_Extent(ST_Envelope(t.rast))::geometry, min(ST_SRID(t.rast))), min(ST_PixelWidth(t.rast)), min(ST_PixelHeight(t.rast))
	INTO whole, cell_width, cell_height
	FROM pg_temp.rpm_tiles AS t;
	same_grid := existing.coverage_id IS NOT NULL AND existing.srid = ST_SRID(whole) AND existing.cell_size_m = cell_width
		AND existing.extent ~= whole;
	IF partial IS NOT NULL AND NOT same_grid THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('the grid of %I.%I was changed by another session while the map was traced', table_schema, table_name),
			HINT = 'Publish again.';
	END IF;

	with_overviews := CASE
		WHEN existing.coverage_id IS NULL THEN coalesce(overviews, product IN ('best_server', 'strongest', 'sinr_db'))
		WHEN partial IS NULL AND overviews IS NOT NULL THEN overviews
		ELSE rpm.has_overviews(table_schema, table_name) END;
	IF with_overviews THEN
		last_factor := rpm.coarsen_tiles(whole, cell_width, cell_height);
	END IF;
	PERFORM rpm.store_tiles(table_schema, table_name, 1, partial, same_grid);
	WHILE factor <= last_factor LOOP
		PERFORM rpm.store_overview(table_schema, table_name, factor, partial, same_grid);
		factor := factor * 2;
	END LOOP;
	PERFORM rpm.drop_overviews(table_schema, table_name, last_factor);

	EXECUTE format('COMMENT ON TABLE %I.%I IS %L', table_schema, table_name, format('%s of scene %s, published by rpm_publish', product, scene));
	INSERT INTO rpm.coverage AS c (name, scene, product, table_schema, table_name, srid, cell_size_m, extent, parameters)
	SELECT CASE WHEN EXISTS (SELECT FROM rpm.coverage AS o WHERE o.name = store_product.table_name)
			THEN format('%I.%I', store_product.table_schema, store_product.table_name) ELSE store_product.table_name END,
		scene, product, store_product.table_schema, store_product.table_name, ST_SRID(whole), cell_width, whole, parameters
	ON CONFLICT ON CONSTRAINT coverage_table_key DO UPDATE
	SET srid = excluded.srid, cell_size_m = excluded.cell_size_m, extent = excluded.extent, parameters = excluded.parameters,
		published_by = current_user, published_at = now();
	PERFORM rpm.create_vector_view(table_schema, table_name, product, ST_SRID(whole));
END
$$;
COMMENT ON FUNCTION rpm.store_product(text, text, name, name, jsonb, bigint[], boolean) IS 'writes the tiles just made into the product''s tables and catalogues it';

CREATE FUNCTION rpm_unpublish(coverage text) RETURNS void
LANGUAGE plpgsql COST 10000 SET search_path FROM CURRENT
AS $$
DECLARE
	published rpm.coverage;
	suffix text;
BEGIN
	SELECT c.* INTO published FROM rpm.coverage AS c
	WHERE c.name = rpm_unpublish.coverage OR format('%I.%I', c.table_schema, c.table_name) = rpm_unpublish.coverage
	ORDER BY c.name = rpm_unpublish.coverage DESC LIMIT 1;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('there is no published coverage %s', coalesce(quote_literal(coverage), 'null')),
			HINT = 'SELECT name FROM rpm.coverage lists them.';
	END IF;
	PERFORM pg_advisory_xact_lock(hashtextextended(format('rpm_publish %I.%I', published.table_schema, published.table_name), 0));

	FOREACH suffix IN ARRAY ARRAY['_contour', '_polygon'] LOOP
		IF to_regclass(format('%I.%I', published.table_schema, published.table_name || suffix)) IS NOT NULL THEN
			EXECUTE format('DROP VIEW %I.%I', published.table_schema, published.table_name || suffix);
		END IF;
	END LOOP;
	PERFORM rpm.drop_overviews(published.table_schema, published.table_name, 0);
	IF to_regclass(format('%I.%I', published.table_schema, published.table_name)) IS NOT NULL THEN
		EXECUTE format('DROP TABLE %I.%I', published.table_schema, published.table_name);
	END IF;
	DELETE FROM rpm.coverage AS c WHERE c.coverage_id = published.coverage_id;
END
$$;
COMMENT ON FUNCTION rpm_unpublish(text) IS 'drops a published product with its overviews and its view, and takes it out of the catalogue';

REVOKE EXECUTE ON FUNCTION rpm_publish(text, text, text, bigint[], double precision, geometry, raster, double precision, text[], integer,
	bigint, double precision, bigint, text, text, double precision, double precision, boolean, name) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION rpm_unpublish(text) FROM PUBLIC;
/*
 * Vector layers of published products.
 */

CREATE FUNCTION rpm_contours(coverage text, levels double precision[] DEFAULT NULL)
RETURNS TABLE (contour_id bigint, antenna_id bigint, lower_value double precision, upper_value double precision, label text, colour text, geom geometry)
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000000 ROWS 100 SET search_path FROM CURRENT SET client_min_messages = warning
AS $$
DECLARE
	published rpm.coverage := rpm.coverage_of(coverage);
BEGIN
	IF published.product = 'best_server' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('coverage %L holds best servers, not levels', published.name),
			HINT = format('Use rpm_best_server_polygons(%L).', published.name);
	END IF;
	RETURN QUERY EXECUTE format($query$
		SELECT coalesce(p.antenna_id, 0) * 1000 + k.class_no, p.antenna_id, k.lower_value, k.upper_value, k.label, k.colour, p.geom
		FROM (
			SELECT d.antenna_id, d.val, ST_Multi(ST_Union(d.geom)) AS geom
			FROM (
				SELECT %s AS antenna_id, q.val, q.geom
				FROM %I.%I AS t, ST_DumpAsPolygons(ST_Reclass(t.rast, 1, $1, '8BUI', 0)) AS q) AS d
			GROUP BY d.antenna_id, d.val) AS p
			JOIN rpm.classes($2, $3) AS k ON k.class_no = p.val
		ORDER BY 1 $query$,
		CASE WHEN published.product IN ('strongest', 'sinr_db') THEN 'NULL::bigint' ELSE 't.antenna_id' END,
		published.table_schema, published.table_name)
	USING rpm.reclass_expression(published.product, levels), published.product, levels;
END
$$;
COMMENT ON FUNCTION rpm_contours(text, double precision[]) IS
	'one MultiPolygon per class (and antenna) of a published product: cells from lower_value to below upper_value';

/* Cells carry the place of an antenna in the tile's own list, since ST_DumpAsPolygons reads whole numbers as 32-bit floats. */
CREATE FUNCTION rpm_best_server_polygons(coverage text) RETURNS TABLE (antenna_id bigint, area_m2 double precision, geom geometry)
LANGUAGE plpgsql STABLE PARALLEL SAFE COST 1000000 ROWS 100 SET search_path FROM CURRENT SET client_min_messages = warning
AS $$
DECLARE
	published rpm.coverage := rpm.coverage_of(coverage);
BEGIN
	IF published.product <> 'best_server' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('coverage %L holds %s, not best servers', published.name, published.product),
			HINT = format('Use rpm_contours(%L), or publish product best_server of scene %L first.', published.name, published.scene);
	END IF;
	RETURN QUERY EXECUTE format($query$
		SELECT q.served, ST_Area(q.geom), q.geom
		FROM (
			SELECT s.ids[d.val::integer] AS served, ST_Multi(ST_Union(d.geom)) AS geom
			FROM (
				SELECT t.rast, array_agg(v.value::bigint ORDER BY v.value) AS ids
				FROM %I.%I AS t, ST_ValueCount(t.rast, 1, true) AS v
				GROUP BY t.rid, t.rast) AS s,
				ST_DumpAsPolygons(ST_Reclass(s.rast, 1,
					(SELECT string_agg(format('[%%s-%%s]:%%s', i.id, i.id, i.place), ',') FROM unnest(s.ids) WITH ORDINALITY AS i (id, place)), '32BUI', 0)) AS d
			GROUP BY 1) AS q
		ORDER BY 1 $query$, published.table_schema, published.table_name);
END
$$;
COMMENT ON FUNCTION rpm_best_server_polygons(text) IS 'the area that each antenna serves best, as one MultiPolygon';

/* The view of a product that QGIS lists: key first, type and SRID declared. */
CREATE FUNCTION rpm.create_vector_view(table_schema name, table_name name, product text, srid integer) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	view_name name := table_name || CASE product WHEN 'best_server' THEN '_polygon' ELSE '_contour' END;
	layer text := format('%I.%I', table_schema, view_name);
	typed_geom text := format('geom::geometry(MultiPolygon, %s) AS geom', srid);
	kind "char" := (SELECT c.relkind FROM pg_class AS c WHERE c.oid = to_regclass(format('%I.%I', table_schema, view_name)));
BEGIN
	IF kind <> 'v' THEN
		RAISE EXCEPTION USING ERRCODE = 'duplicate_table', MESSAGE = format('relation %s exists and is no view', layer),
			HINT = 'Drop or rename it, or give another table_name.';
	ELSIF kind = 'v' AND srid = (SELECT g.srid FROM geometry_columns AS g
			WHERE g.f_table_schema = create_vector_view.table_schema AND g.f_table_name = view_name) THEN
		RETURN;
	ELSIF kind = 'v' THEN
		EXECUTE format('DROP VIEW %s', layer);
	END IF;

	EXECUTE format(CASE product
		WHEN 'best_server' THEN 'CREATE VIEW %s AS SELECT antenna_id, area_m2, %s FROM rpm_best_server_polygons(%L)'
		ELSE 'CREATE VIEW %s AS SELECT contour_id, antenna_id, lower_value, upper_value, label, colour, %s FROM rpm_contours(%L)' END,
		layer, typed_geom, format('%I.%I', table_schema, table_name));
	EXECUTE format('COMMENT ON VIEW %s IS %L', layer, CASE product
		WHEN 'best_server' THEN format('areas of best server of %s; antenna_id is the key', table_name)
		ELSE format('contour polygons of %s, classes of rpm.class; contour_id is the key', table_name) END);
END
$$;
COMMENT ON FUNCTION rpm.create_vector_view(name, name, text, integer) IS 'makes the view of contour or best-server polygons of a product';
-- Aggregates over the aligned rasters of many antennas.

CREATE FUNCTION rpm.fold_level(internal, raster) RETURNS internal
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_level' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_level(internal, raster) IS
	'transition function of rpm_strongest(raster)';

CREATE FUNCTION rpm.fold_level(internal, raster, antenna_id bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_level' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_level(internal, raster, bigint) IS
	'transition function of rpm_best_server(raster, bigint)';

CREATE FUNCTION rpm.fold_interference(internal, raster, channel integer, load double precision, noise_dbm double precision)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_interference' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_interference(internal, raster, integer, double precision, double precision) IS
	'transition function of rpm_sinr(raster, integer, double precision, double precision)';

CREATE FUNCTION rpm.fold_best_server_final(internal) RETURNS raster
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_best_server_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_best_server_final(internal) IS 'final function of rpm_best_server(raster, bigint)';

CREATE FUNCTION rpm.fold_strongest_final(internal) RETURNS raster
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_strongest_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_strongest_final(internal) IS 'final function of rpm_strongest(raster)';

CREATE FUNCTION rpm.fold_sinr_final(internal) RETURNS raster
	AS 'MODULE_PATHNAME', 'rpm_sql_fold_sinr_final' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.fold_sinr_final(internal) IS
	'final function of rpm_sinr(raster, integer, double precision, double precision)';

CREATE AGGREGATE @extschema@.rpm_best_server(rast raster, antenna_id bigint) (
	SFUNC = rpm.fold_level, STYPE = internal, SSPACE = 4000000,
	FINALFUNC = rpm.fold_best_server_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rpm_best_server(raster, bigint) IS
	'antenna_id of the strongest level in each cell, over aligned rasters in dBm; pixel type 32BSI, nodata -2147483648; of equal levels the smaller antenna_id';

CREATE AGGREGATE @extschema@.rpm_strongest(rast raster) (
	SFUNC = rpm.fold_level, STYPE = internal, SSPACE = 4000000,
	FINALFUNC = rpm.fold_strongest_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rpm_strongest(raster) IS
	'strongest level in each cell, over aligned rasters in dBm or dB; pixel type 32BF, nodata -9999';

CREATE AGGREGATE @extschema@.rpm_sinr(rast raster, channel integer, load double precision, noise_dbm double precision) (
	SFUNC = rpm.fold_interference, STYPE = internal, SSPACE = 8000000,
	FINALFUNC = rpm.fold_sinr_final, PARALLEL = SAFE);
COMMENT ON AGGREGATE @extschema@.rpm_sinr(raster, integer, double precision, double precision) IS
	'signal to interference and noise ratio, dB, of the strongest server in each cell: RSRP over the sum of the other co-channel RSRP times load (0 to 1) plus the noise per resource element in dBm';
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
