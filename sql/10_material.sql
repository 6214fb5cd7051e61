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
