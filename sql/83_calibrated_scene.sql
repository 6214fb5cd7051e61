/*
 * Scenes that show calibrations: views over the base scene's antennas and buildings with what the current versions say, and the
 * materials and patterns that these name.
 */
CREATE TABLE rpm.calibrated_antenna (
	scene_id integer CONSTRAINT calibrated_antenna_scene_fkey REFERENCES rpm.scene ON DELETE CASCADE,
	antenna_id bigint,
	azimuth_deg double precision NOT NULL,
	mechanical_tilt_deg double precision NOT NULL,
	level_db double precision NOT NULL,
	pattern text,
	CONSTRAINT calibrated_antenna_pkey PRIMARY KEY (scene_id, antenna_id)
);
COMMENT ON TABLE rpm.calibrated_antenna IS 'what the antennas of a calibrated scene have beside their rows; rpm_apply_calibration writes it';
COMMENT ON COLUMN rpm.calibrated_antenna.scene_id IS 'the calibrated scene';
COMMENT ON COLUMN rpm.calibrated_antenna.antenna_id IS 'the antenna';
COMMENT ON COLUMN rpm.calibrated_antenna.azimuth_deg IS 'added to its azimuth, degrees';
COMMENT ON COLUMN rpm.calibrated_antenna.mechanical_tilt_deg IS 'added to its tilt, degrees';
COMMENT ON COLUMN rpm.calibrated_antenna.level_db IS 'added to its power: gain and offset, dB';
COMMENT ON COLUMN rpm.calibrated_antenna.pattern IS 'a name in rpm.antenna_pattern; null: its own';

CREATE TABLE rpm.calibrated_material (
	scene_id integer CONSTRAINT calibrated_material_scene_fkey REFERENCES rpm.scene ON DELETE CASCADE,
	material text NOT NULL,
	building_id bigint,
	calibrated text NOT NULL
);
CREATE UNIQUE INDEX calibrated_material_idx ON rpm.calibrated_material (scene_id, building_id, material) WHERE building_id IS NOT NULL;
CREATE UNIQUE INDEX calibrated_material_scene_idx ON rpm.calibrated_material (scene_id, material) WHERE building_id IS NULL;
COMMENT ON TABLE rpm.calibrated_material IS 'what stands for a material in a calibrated scene; rpm_apply_calibration writes it';
COMMENT ON COLUMN rpm.calibrated_material.scene_id IS 'the calibrated scene';
COMMENT ON COLUMN rpm.calibrated_material.material IS 'material of the base scene';
COMMENT ON COLUMN rpm.calibrated_material.building_id IS 'the building it counts for; null: all that have none of their own';
COMMENT ON COLUMN rpm.calibrated_material.calibrated IS 'a name in rpm.material';

SELECT pg_catalog.pg_extension_config_dump('rpm.calibrated_antenna', '');
SELECT pg_catalog.pg_extension_config_dump('rpm.calibrated_material', '');

/* Who asks for the measurements of an antenna without naming a scene means the base.  Whoever may not read the table is not held up by it. */
CREATE FUNCTION rpm.is_calibrated_scene(scene text) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF has_table_privilege('rpm.calibrated_scene', 'SELECT') THEN
		RETURN EXISTS (SELECT FROM rpm.calibrated_scene AS c WHERE c.scene = is_calibrated_scene.scene);
	END IF;
	RETURN false;
END
$$;
COMMENT ON FUNCTION rpm.is_calibrated_scene(text) IS 'whether rpm_apply_calibration made a scene';

/* The parameters of rpm_calibration_fit as rows: those that learned something. */
CREATE FUNCTION rpm.calibrated_values(parameters jsonb)
RETURNS TABLE (kind text, antenna_id bigint, building_id bigint, material text, value double precision, prior double precision, standard_error double precision)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 100 SET search_path = pg_catalog, pg_temp
AS $$
	SELECT p.key, (o ->> 'antenna_id')::bigint, (o ->> 'building_id')::bigint, o ->> 'material', v.value, v.prior, v.standard_error
	FROM (VALUES ('antennas'), ('materials'), ('buildings')) AS f (family), jsonb_array_elements(parameters -> f.family) AS o, jsonb_each(o) AS p,
		jsonb_to_record(CASE jsonb_typeof(p.value) WHEN 'object' THEN p.value ELSE '{}' END)
			AS v (value double precision, prior double precision, standard_error double precision)
	WHERE v.value <> v.prior
$$;
COMMENT ON FUNCTION rpm.calibrated_values(jsonb) IS 'the parameters of a calibration that differ from their priors, as rows';

/* The parameters of the current versions of sites (null: all). */
CREATE FUNCTION rpm.current_values(scene text, sites bigint[])
RETURNS TABLE (site_id bigint, kind text, antenna_id bigint, building_id bigint, material text, value double precision, prior double precision, weight double precision)
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT c.site_id, v.kind, v.antenna_id, v.building_id, v.material, v.value, v.prior,
		CASE WHEN v.standard_error > 0 AND v.standard_error < 'Infinity' THEN v.standard_error ^ -2 ELSE 1 END
	FROM rpm.calibration AS c, rpm.calibrated_values(c.parameters) AS v
	WHERE c.current AND c.scene = current_values.scene AND (sites IS NULL OR c.site_id = ANY (sites))
$$;
COMMENT ON FUNCTION rpm.current_values(text, bigint[]) IS 'the fitted parameters of the current calibrations of sites, weighted by 1 / standard error squared';

/* Patterns of TR 38.901 with the beam that was fitted; a gain goes to the level. */
CREATE FUNCTION rpm.write_calibrated_antennas(calibrated rpm.scene, base rpm.scene, sites bigint[]) RETURNS bigint
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	written bigint;
BEGIN
	DELETE FROM rpm.calibrated_antenna AS c WHERE c.scene_id = calibrated.scene_id;
	INSERT INTO rpm.calibrated_antenna (scene_id, antenna_id, azimuth_deg, mechanical_tilt_deg, level_db)
	SELECT calibrated.scene_id, v.antenna_id, coalesce(sum(v.value - v.prior - 360 * round((v.value - v.prior) / 360)) FILTER (WHERE v.kind = 'azimuth_deg'), 0),
		coalesce(sum(v.value - v.prior) FILTER (WHERE v.kind = 'mechanical_tilt_deg'), 0), coalesce(sum(v.value - v.prior) FILTER (WHERE v.kind IN ('gain_dbi', 'offset_db')), 0)
	FROM rpm.current_values(base.name, sites) AS v WHERE v.antenna_id IS NOT NULL GROUP BY v.antenna_id;
	GET DIAGNOSTICS written = ROW_COUNT;

	DELETE FROM rpm.antenna_pattern AS p WHERE p.name LIKE format('%% (calibrated %s, antenna %%)', calibrated.scene_id) AND NOT EXISTS (
		SELECT FROM rpm.antenna AS a WHERE a.pattern = p.name);
	EXECUTE format($query$
		WITH beam AS (
			SELECT v.antenna_id, max(v.value) FILTER (WHERE v.kind = 'horizontal_beamwidth_deg') AS horizontal,
				max(v.value) FILTER (WHERE v.kind = 'vertical_beamwidth_deg') AS vertical,
				max(v.value) FILTER (WHERE v.kind = 'side_lobe_floor_db') AS floor, max(v.value) FILTER (WHERE v.kind = 'front_to_back_db') AS back
			FROM rpm.current_values($1, $2) AS v WHERE v.kind LIKE '%%beamwidth_deg' OR v.kind IN ('side_lobe_floor_db', 'front_to_back_db') GROUP BY 1
		), made AS (
			INSERT INTO rpm.antenna_pattern AS o (name, kind, gain_dbi, horizontal_beamwidth_deg, vertical_beamwidth_deg, side_lobe_floor_db, front_to_back_db, source)
			SELECT format('%%s (calibrated %%s, antenna %%s)', p.name, $3, b.antenna_id), p.kind, p.gain_dbi, coalesce(b.horizontal, p.horizontal_beamwidth_deg),
				coalesce(b.vertical, p.vertical_beamwidth_deg), coalesce(b.floor, p.side_lobe_floor_db), coalesce(b.back, p.front_to_back_db), 'rpm_apply_calibration'
			FROM beam AS b JOIN %1$s AS s ON s.antenna_id = b.antenna_id
				JOIN rpm.antenna_pattern AS p ON p.name = coalesce(%2$s, 'tr38901') AND p.kind = 'tr38901'
			ON CONFLICT ON CONSTRAINT antenna_pattern_pkey DO UPDATE SET horizontal_beamwidth_deg = excluded.horizontal_beamwidth_deg,
				vertical_beamwidth_deg = excluded.vertical_beamwidth_deg, side_lobe_floor_db = excluded.side_lobe_floor_db, front_to_back_db = excluded.front_to_back_db
			RETURNING o.name
		)
		UPDATE rpm.calibrated_antenna AS c SET pattern = m.name FROM made AS m
		WHERE c.scene_id = $3 AND m.name LIKE format('%%%% (calibrated %%s, antenna %%s)', $3, c.antenna_id) $query$,
		base.antenna_relation, rpm.staged_column(base.antenna_relation, 'pattern', 'text'))
	USING base.name, sites, calibrated.scene_id;
	RETURN written;
END
$$;
COMMENT ON FUNCTION rpm.write_calibrated_antennas(rpm.scene, rpm.scene, bigint[]) IS 'corrections and patterns of the antennas of a calibrated scene; how many';

/*
 * Several sites may see one wall: factors are averaged in the logarithm, scattering as it is, weighted by their standard errors.  The factor
 * of the permittivity is one of eps' - 1: a is chosen so that it holds exactly at the sites' mean frequency.
 */
CREATE FUNCTION rpm.write_calibrated_materials(calibrated rpm.scene, base rpm.scene, sites bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	frequency_ghz double precision;
BEGIN
	EXECUTE format('SELECT avg(s.frequency_mhz) / 1000 FROM %s AS s JOIN rpm.current_values($1, $2) AS v ON v.antenna_id = s.antenna_id', base.antenna_relation)
	INTO frequency_ghz USING base.name, sites;
	DELETE FROM rpm.calibrated_material AS m WHERE m.scene_id = calibrated.scene_id;
	DELETE FROM rpm.material AS m WHERE m.name LIKE format('%% (calibrated %s)', calibrated.scene_id)
		OR m.name LIKE format('%% (calibrated %s, building %%)', calibrated.scene_id);

	EXECUTE format($query$
		CREATE TEMPORARY TABLE rpm_factor ON COMMIT DROP AS
		WITH mean AS (
			SELECT v.material, v.building_id, v.kind,
				CASE WHEN v.kind = 'scattering_coefficient' THEN sum(v.weight * v.value) / sum(v.weight) ELSE exp(sum(v.weight * ln(v.value)) / sum(v.weight)) END AS value
			FROM rpm.current_values($1, $2) AS v WHERE v.material IS NOT NULL OR v.building_id IS NOT NULL GROUP BY 1, 2, 3
		), of_material AS (
			SELECT m.material, NULL::bigint AS building_id, max(m.value) FILTER (WHERE m.kind = 'permittivity_factor') AS permittivity,
				max(m.value) FILTER (WHERE m.kind = 'conductivity_factor') AS conductivity, max(m.value) FILTER (WHERE m.kind = 'thickness_factor') AS thickness,
				max(m.value) FILTER (WHERE m.kind = 'scattering_coefficient') AS scattering
			FROM mean AS m WHERE m.building_id IS NULL GROUP BY 1
		), of_building AS (
			SELECT m.building_id, max(m.value) FILTER (WHERE m.kind = 'permittivity_factor') AS permittivity, max(m.value) FILTER (WHERE m.kind = 'conductivity_factor') AS conductivity
			FROM mean AS m WHERE m.building_id IS NOT NULL GROUP BY 1
		)
		TABLE of_material
		UNION ALL
		SELECT w.material, b.building_id, coalesce(m.permittivity, 1) * coalesce(b.permittivity, 1), coalesce(m.conductivity, 1) * coalesce(b.conductivity, 1),
			m.thickness, m.scattering
		FROM of_building AS b JOIN %1$s AS s ON s.building_id = b.building_id,
			LATERAL (SELECT DISTINCT x.material FROM (VALUES (coalesce(%2$s, 'concrete')), (coalesce(%3$s, 'concrete'))) AS x (material)) AS w
			LEFT JOIN of_material AS m ON m.material = w.material $query$,
		base.building_relation, rpm.staged_column(base.building_relation, 'wall_material', 'text'), rpm.staged_column(base.building_relation, 'roof_material', 'text'))
	USING base.name, sites;

	INSERT INTO rpm.material (name, frequency_min_mhz, frequency_max_mhz, edition, a, b, c, d, thickness_m, scattering_coefficient, cross_polarisation,
		scattering_pattern, scattering_alpha_r, scattering_alpha_i, scattering_lambda)
	SELECT rpm.calibrated_name(f.material, calibrated.scene_id, f.building_id), m.frequency_min_mhz, m.frequency_max_mhz, 'rpm_apply_calibration',
		(1 + coalesce(f.permittivity, 1) * (m.a * frequency_ghz ^ m.b - 1)) / frequency_ghz ^ m.b, m.b, m.c * coalesce(f.conductivity, 1), m.d,
		m.thickness_m * coalesce(f.thickness, 1), coalesce(f.scattering, m.scattering_coefficient), m.cross_polarisation, m.scattering_pattern,
		m.scattering_alpha_r, m.scattering_alpha_i, m.scattering_lambda
	FROM pg_temp.rpm_factor AS f JOIN rpm.material AS m ON m.name = f.material;
	INSERT INTO rpm.calibrated_material (scene_id, material, building_id, calibrated)
	SELECT calibrated.scene_id, f.material, f.building_id, rpm.calibrated_name(f.material, calibrated.scene_id, f.building_id)
	FROM pg_temp.rpm_factor AS f WHERE EXISTS (SELECT FROM rpm.material AS m WHERE m.name = f.material);
	DROP TABLE pg_temp.rpm_factor;
	UPDATE rpm.scene AS s SET ground_material = coalesce((SELECT m.calibrated FROM rpm.calibrated_material AS m
		WHERE m.scene_id = s.scene_id AND m.building_id IS NULL AND m.material = base.ground_material), base.ground_material)
	WHERE s.scene_id = calibrated.scene_id;
END
$$;
COMMENT ON FUNCTION rpm.write_calibrated_materials(rpm.scene, rpm.scene, bigint[]) IS 'materials of a calibrated scene: of the whole, of single buildings, of the ground';

CREATE FUNCTION rpm.calibrated_name(material text, scene_id integer, building_id bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
RETURN concat(material, ' (calibrated ', scene_id, ', building ' || building_id, ')');
COMMENT ON FUNCTION rpm.calibrated_name(text, integer, bigint) IS 'name of a material in a calibrated scene';

/* The columns of a relation but some, for a query from it as s. */
CREATE FUNCTION rpm.columns_but(relation regclass, others text[]) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT string_agg('s.' || quote_ident(a.attname), ', ' ORDER BY a.attnum)
	FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (others)
$$;
COMMENT ON FUNCTION rpm.columns_but(regclass, text[]) IS 'the text of a select list: all columns of a relation but those named';

CREATE FUNCTION rpm.create_calibrated_views(calibrated rpm.scene, base rpm.scene, sites bigint[], antenna_view text, building_view text) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
	EXECUTE format('CREATE OR REPLACE VIEW %1$s AS SELECT %2$s, a.azimuth_deg - 360 * floor(a.azimuth_deg / 360) AS azimuth_deg,
			%3$s + coalesce(c.level_db, 0) AS rs_power_dbm, %4$s + coalesce(c.level_db, 0) AS carrier_power_dbm,
			coalesce(%5$s, 0) + coalesce(c.mechanical_tilt_deg, 0) AS mechanical_tilt_deg, coalesce(c.pattern, %6$s, ''tr38901'') AS pattern
		FROM %7$s AS s LEFT JOIN rpm.calibrated_antenna AS c ON c.scene_id = %8$s AND c.antenna_id = s.antenna_id,
			LATERAL (SELECT coalesce(%9$s, 0) + coalesce(c.azimuth_deg, 0) AS azimuth_deg) AS a%10$s',
		antenna_view, rpm.columns_but(base.antenna_relation, '{azimuth_deg,mechanical_tilt_deg,rs_power_dbm,carrier_power_dbm,pattern}'),
		rpm.staged_column(base.antenna_relation, 'rs_power_dbm', 'double precision'),
		rpm.staged_column(base.antenna_relation, 'carrier_power_dbm', 'double precision'),
		rpm.staged_column(base.antenna_relation, 'mechanical_tilt_deg', 'double precision'), rpm.staged_column(base.antenna_relation, 'pattern', 'text'),
		base.antenna_relation, calibrated.scene_id, rpm.staged_column(base.antenna_relation, 'azimuth_deg', 'double precision'),
		CASE WHEN sites IS NOT NULL THEN format(' WHERE s.site_id = ANY (%L::bigint[])', sites) END);
	EXECUTE format('CREATE OR REPLACE VIEW %1$s AS SELECT %2$s, coalesce(wo.calibrated, w.calibrated, n.wall) AS wall_material,
			coalesce(ro.calibrated, r.calibrated, n.roof) AS roof_material
		FROM %3$s AS s CROSS JOIN LATERAL (SELECT coalesce(%4$s, ''concrete'') AS wall, coalesce(%5$s, ''concrete'') AS roof) AS n
			LEFT JOIN rpm.calibrated_material AS wo ON wo.scene_id = %6$s AND wo.building_id = s.building_id AND wo.material = n.wall
			LEFT JOIN rpm.calibrated_material AS ro ON ro.scene_id = %6$s AND ro.building_id = s.building_id AND ro.material = n.roof
			LEFT JOIN rpm.calibrated_material AS w ON w.scene_id = %6$s AND w.building_id IS NULL AND w.material = n.wall
			LEFT JOIN rpm.calibrated_material AS r ON r.scene_id = %6$s AND r.building_id IS NULL AND r.material = n.roof',
		building_view, rpm.columns_but(base.building_relation, '{wall_material,roof_material}'), base.building_relation,
		rpm.staged_column(base.building_relation, 'wall_material', 'text'), rpm.staged_column(base.building_relation, 'roof_material', 'text'),
		calibrated.scene_id);
	EXECUTE format('COMMENT ON VIEW %s IS %L', antenna_view, format('antennas of scene %s as calibrated', base.name));
	EXECUTE format('COMMENT ON VIEW %s IS %L', building_view, format('buildings of scene %s, materials as calibrated', base.name));
END
$$;
COMMENT ON FUNCTION rpm.create_calibrated_views(rpm.scene, rpm.scene, bigint[], text, text) IS 'makes the views of antennas and buildings of a calibrated scene';

/* The scene to write to: one made before of the same base, or a new row; refuses any other of that name. */
CREATE FUNCTION rpm.calibrated_target(base rpm.scene, new_scene text) RETURNS rpm.scene
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	target rpm.scene;
	settings text;
BEGIN
	SELECT s.* INTO target FROM rpm.scene AS s WHERE s.name = new_scene;
	IF NOT FOUND THEN
		SELECT string_agg(quote_ident(a.attname), ', ') INTO settings FROM pg_attribute AS a
		WHERE a.attrelid = 'rpm.scene'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname NOT IN ('scene_id', 'name');
		EXECUTE format('INSERT INTO rpm.scene AS s (name, %1$s) SELECT $1, %1$s FROM rpm.scene AS b WHERE b.scene_id = $2 RETURNING s.*', settings)
		INTO target USING new_scene, base.scene_id;
		INSERT INTO rpm.calibrated_scene (scene, base_scene) VALUES (new_scene, base.name);
	ELSIF NOT EXISTS (SELECT FROM rpm.calibrated_scene AS c WHERE c.scene = new_scene AND c.base_scene = base.name) THEN
		RAISE EXCEPTION USING ERRCODE = 'duplicate_object', MESSAGE = format('scene "%s" exists and is no calibrated scene of "%s"', new_scene, base.name),
			HINT = 'Give another name: new_scene => ''...''.';
	END IF;
	RETURN target;
END
$$;
COMMENT ON FUNCTION rpm.calibrated_target(rpm.scene, text) IS 'the row of a calibrated scene, made where there is none';

CREATE FUNCTION rpm_apply_calibration(scene text, new_scene text DEFAULT NULL, sites bigint[] DEFAULT NULL, default_schema name DEFAULT current_schema(),
	OUT calibrated_scene text, OUT site_count bigint, OUT antenna_count bigint, OUT material_count bigint, OUT building_count bigint)
LANGUAGE plpgsql SET search_path FROM CURRENT SET client_min_messages = warning
AS $$
DECLARE
	base rpm.scene;
	target rpm.scene;
	prefix text;
BEGIN
	SELECT s.* INTO base FROM rpm.scene AS s WHERE s.name = rpm_apply_calibration.scene;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('scene %s does not exist', coalesce('"' || scene || '"', 'null')),
			HINT = 'SELECT name FROM rpm.scene lists the scenes.';
	END IF;
	SELECT count(*) INTO site_count FROM rpm.calibration AS c
	WHERE c.scene = base.name AND c.current AND (rpm_apply_calibration.sites IS NULL OR c.site_id = ANY (rpm_apply_calibration.sites));
	IF site_count = 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = format('scene "%s" has no current calibration%s', base.name, CASE WHEN sites IS NOT NULL THEN ' of these sites' END),
			HINT = 'SELECT * FROM rpm_calibrate(site) makes one.';
	END IF;
	PERFORM rpm.check_relations(base);
	calibrated_scene := coalesce(new_scene, base.name || ' calibrated');
	PERFORM pg_advisory_xact_lock(hashtextextended('rpm_apply_calibration ' || calibrated_scene, 0));
	target := rpm.calibrated_target(base, calibrated_scene);
	UPDATE rpm.calibrated_scene AS c SET sites = rpm_apply_calibration.sites WHERE c.scene = calibrated_scene;

	antenna_count := rpm.write_calibrated_antennas(target, base, sites);
	PERFORM rpm.write_calibrated_materials(target, base, sites);
	IF default_schema IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_schema_name', MESSAGE = 'there is no schema to create the views in',
			HINT = 'Name one: default_schema => ''...''.';
	END IF;
	prefix := coalesce(nullif(left(trim(BOTH '_' FROM regexp_replace(lower(calibrated_scene), '\W+', '_', 'g')), 40), ''), 'scene');
	PERFORM rpm.create_calibrated_views(target, base, sites, format('%I.%I', default_schema, prefix || '_antenna'),
		format('%I.%I', default_schema, prefix || '_building'));
	UPDATE rpm.scene AS s SET antenna_relation = format('%I.%I', default_schema, prefix || '_antenna')::regclass,
		building_relation = format('%I.%I', default_schema, prefix || '_building')::regclass WHERE s.scene_id = target.scene_id;
	SELECT count(*) FILTER (WHERE m.building_id IS NULL), count(DISTINCT m.building_id) INTO material_count, building_count
	FROM rpm.calibrated_material AS m WHERE m.scene_id = target.scene_id;
END
$$;
COMMENT ON FUNCTION rpm_apply_calibration(text, text, bigint[], name) IS
	'makes a scene that shows the current calibrations of another, or brings it up to date: views of its antennas and buildings with what was fitted; rpm_trace and the others take it as any scene';

REVOKE EXECUTE ON FUNCTION rpm_apply_calibration(text, text, bigint[], name) FROM PUBLIC;

/*
 * Which prior serves the antennas of a site: rpm_predict's own validation, in the scene that shows the calibration where there is one, kept
 * with the calibration that it was done with.
 */
CREATE FUNCTION rpm_choose_priors(site bigint, scene text DEFAULT NULL, sharing text DEFAULT 'site', size_cells integer DEFAULT 512,
	OUT antenna_id bigint, OUT prior text, OUT mae_db double precision, OUT candidates jsonb) RETURNS SETOF record
LANGUAGE plpgsql ROWS 10 COST 1000000 SET search_path FROM CURRENT
AS $$
DECLARE
	base text := coalesce(scene, rpm.scene_of_calibrations(site));
	shown rpm.scene;
	kept jsonb := '{}';
BEGIN
	IF NOT EXISTS (SELECT FROM rpm.calibration AS c WHERE c.scene = base AND c.site_id = site AND c.current) THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = format('site %s of scene "%s" has no current calibration', coalesce(site::text, 'null'), base),
			HINT = 'SELECT * FROM rpm_calibrate(site) makes one.';
	END IF;
	SELECT s.* INTO shown FROM rpm.scene AS s LEFT JOIN rpm.calibrated_scene AS c ON c.scene = s.name
	WHERE s.name = base OR (c.base_scene = base AND (c.sites IS NULL OR site = ANY (c.sites)))
	ORDER BY c.scene IS NULL, cardinality(c.sites) NULLS LAST, s.name LIMIT 1;
	FOR antenna_id IN EXECUTE format('SELECT r.antenna_id FROM %s AS r WHERE r.site_id = $1 ORDER BY r.antenna_id', shown.antenna_relation) USING site
	LOOP
		SELECT r.prior_chosen, r.mae_db, r.candidates INTO prior, mae_db, candidates
		FROM rpm_predict_report(rpm_choose_priors.antenna_id, shown.name, size_cells => rpm_choose_priors.size_cells, sharing => rpm_choose_priors.sharing) AS r;
		kept := kept || jsonb_build_object(antenna_id, jsonb_build_object('prior', prior, 'mae_db', mae_db, 'scene', shown.name, 'candidates', candidates));
		RETURN NEXT;
	END LOOP;
	UPDATE rpm.calibration AS c SET priors = kept WHERE c.scene = base AND c.site_id = site AND c.current;
END
$$;
COMMENT ON FUNCTION rpm_choose_priors(bigint, text, text, integer) IS
	'validates every prior of rpm_predict on blocks for each antenna of a calibrated site, returns the best and keeps it with the current calibration';

REVOKE EXECUTE ON FUNCTION rpm_choose_priors(bigint, text, text, integer) FROM PUBLIC;
