/*
 * Antennas and measurements from staging tables, and which relations hold the measurements of an antenna.
 */

/* A point in another SRID; null where there is none (unknown SRID, outside the projection's domain), which one row may not fail for. */
CREATE FUNCTION rpm.point_in_srid(geom geometry, srid integer) RETURNS geometry
LANGUAGE plpgsql STABLE STRICT PARALLEL RESTRICTED COST 500 SET search_path FROM CURRENT
AS $$
BEGIN
	RETURN ST_Transform(geom, srid);
EXCEPTION WHEN internal_error OR invalid_parameter_value OR data_exception THEN
	RETURN NULL;
END
$$;
COMMENT ON FUNCTION rpm.point_in_srid(geometry, integer) IS 'ST_Transform that gives null where a point cannot be transformed';

/* What a scene names may have been dropped since: the same words as of the functions in C. */
CREATE FUNCTION rpm.check_relation(scene text, setting text, relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = relation) THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_table', MESSAGE = format('%s of scene "%s" names a relation that does not exist (it had OID %s)', setting, scene, relation::oid),
			HINT = format('It was dropped: UPDATE rpm.scene SET %s = ''schema.name'' WHERE name = %L.', setting, scene);
	END IF;
END
$$;
COMMENT ON FUNCTION rpm.check_relation(text, text, regclass) IS 'refuses a relation of a scene that was dropped';

/* One row: what a scene says of measurements; or, without a scene's name, the one that an antenna belongs to. */
CREATE FUNCTION rpm.measurement_source(scene text, antenna_id bigint,
	OUT scene_id integer, OUT name text, OUT srid integer, OUT cell_size_m double precision, OUT antenna_relation regclass,
	OUT measurement_relation regclass)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path FROM CURRENT
AS $$
DECLARE
	candidate rpm.scene;
	holds boolean;
	names text[] := '{}';
	sources text[] := '{}';
BEGIN
	FOR candidate IN SELECT s.* FROM rpm.scene AS s
		WHERE CASE WHEN scene IS NULL THEN s.measurement_relation IS NOT NULL ELSE s.name = scene END ORDER BY s.name
	LOOP
		CONTINUE WHEN scene IS NULL AND rpm.is_calibrated_scene(candidate.name);
		holds := true;
		IF scene IS NULL AND antenna_id IS NOT NULL THEN
			/* A relation that is gone, or that holds no antennas, is told of where its scene is named. */
			CONTINUE WHEN (SELECT count(*) < 2 FROM pg_attribute AS c WHERE c.attrelid = candidate.antenna_relation AND NOT c.attisdropped
					AND (c.attname = 'antenna_id' OR c.attname = 'geom'
						AND EXISTS (SELECT FROM pg_type AS t WHERE t.oid = c.atttypid AND 'geometry'::regtype IN (t.oid, t.typbasetype))))
				OR NOT has_any_column_privilege(candidate.antenna_relation, 'SELECT');
			EXECUTE format('SELECT EXISTS (SELECT FROM %s AS r WHERE r.antenna_id = $1 AND ST_SRID(r.geom) = $2'
				' AND ($3 IS NULL OR ST_Intersects(r.geom, $3)))', candidate.antenna_relation)
			INTO holds USING antenna_id, candidate.srid, candidate.extent;
		END IF;
		CONTINUE WHEN NOT holds;
		names := names || candidate.name;
		sources := sources || concat_ws(' ', candidate.srid, candidate.cell_size_m, candidate.antenna_relation::oid, candidate.measurement_relation::oid);
		IF cardinality(names) = 1 THEN
			scene_id := candidate.scene_id;
			name := candidate.name;
			srid := candidate.srid;
			cell_size_m := candidate.cell_size_m;
			antenna_relation := candidate.antenna_relation;
			measurement_relation := candidate.measurement_relation;
		END IF;
	END LOOP;

	IF (SELECT count(DISTINCT s) FROM unnest(sources) AS s) > 1 THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = concat(cardinality(names), ' scenes ', 'hold antenna ' || antenna_id, CASE WHEN antenna_id IS NULL THEN 'have measurements' END),
			DETAIL = format('They are %s.', (SELECT string_agg(quote_literal(n), ', ') FROM unnest(names[1:10]) AS n)),
			HINT = 'Name the scene: scene => ''name''.';
	ELSIF scene IS NOT NULL AND name IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('scene "%s" does not exist', scene),
			HINT = 'SELECT name FROM rpm.scene lists the scenes; INSERT INTO rpm.scene (name, srid) makes one.';
	ELSIF name IS NOT NULL AND measurement_relation IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('scene "%s" names no measurement_relation', name),
			HINT = format('UPDATE rpm.scene SET measurement_relation = ''rpm.measurement'' WHERE name = %L.', name);
	ELSIF name IS NULL THEN
		SELECT d.srid, d.cell_size_m INTO srid, cell_size_m FROM rpm.measurement_default(measurement_source.antenna_id) AS d;
		antenna_relation := 'rpm.antenna';
		measurement_relation := 'rpm.measurement';
	ELSE
		PERFORM rpm.check_relation(name, 'antenna_relation', antenna_relation), rpm.check_relation(name, 'measurement_relation', measurement_relation);
	END IF;
END
$$;
COMMENT ON FUNCTION rpm.measurement_source(text, bigint) IS
	'relations, SRID and cell size for the measurements of a scene, or of the scene that an antenna belongs to; without one those of rpm.antenna and rpm.measurement';

/* Without a scene: the antennas' own SRID, and cells as of a scene that says nothing else. */
CREATE FUNCTION rpm.measurement_default(antenna_id bigint, OUT srid integer, OUT cell_size_m double precision)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path FROM CURRENT
AS $$
DECLARE
	found_srids integer[];
BEGIN
	IF NOT has_any_column_privilege('rpm.antenna'::regclass, 'SELECT') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'permission denied for rpm.antenna',
			HINT = format('GRANT SELECT ON rpm.antenna TO %I, or name a scene whose relations you may read.', current_user);
	END IF;
	SELECT array_agg(DISTINCT ST_SRID(a.geom)) INTO found_srids FROM rpm.antenna AS a
	WHERE measurement_default.antenna_id IS NULL OR a.antenna_id = measurement_default.antenna_id;
	IF found_srids IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = CASE WHEN antenna_id IS NULL THEN 'there is neither a scene with measurements nor an antenna in rpm.antenna'
				ELSE format('no scene holds antenna %s, and rpm.antenna has none of that id', antenna_id) END,
			HINT = 'SELECT antenna_id FROM rpm.antenna lists the antennas; those of another relation are found through a scene.';
	ELSIF cardinality(found_srids) > 1 THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('antennas in several SRIDs: %s', array_to_string(found_srids, ', ')),
			HINT = 'Name the scene: scene => ''name''.';
	ELSIF rpm.srid_problem(found_srids[1]) IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = concat('antenna ' || antenna_id || ': ', rpm.srid_problem(found_srids[1])),
			HINT = 'Cells need a projected coordinate system in metres: make a scene in one, with antennas in it (ST_Transform).';
	END IF;
	srid := found_srids[1];
	cell_size_m := 5;
END
$$;
COMMENT ON FUNCTION rpm.measurement_default(bigint) IS 'SRID and cell size where no scene gives them: those of rpm.antenna''s points, 5 m';

/* "s.column::type", or null where an optional column is missing; a missing required one is an error. */
CREATE FUNCTION rpm.staged_column(source regclass, column_name text, type text, required boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = source AND attname = column_name AND attnum > 0 AND NOT attisdropped) THEN
		RETURN format('s.%I::%s', column_name, type);
	ELSIF required THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_column', MESSAGE = format('%s has no column %s', source, column_name),
			HINT = 'Make a view that gives the columns these names, and name the view.';
	END IF;
	RETURN format('null::%s', type);
END
$$;
COMMENT ON FUNCTION rpm.staged_column(regclass, text, text, boolean) IS 'a column of a staging table for the text of a query, null where it has none';

CREATE FUNCTION rpm.check_staging(source regclass, srid integer) RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
BEGIN
	IF source IS NULL OR srid IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = CASE WHEN source IS NULL THEN 'source is null' ELSE 'srid is null' END,
			HINT = 'Name the staging table and the SRID of its x and y.';
	ELSIF NOT EXISTS (SELECT FROM spatial_ref_sys AS r WHERE r.srid = check_staging.srid) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('srid %s is not in spatial_ref_sys', srid),
			HINT = 'Give the SRID that x and y are in, for example 32648 for UTM zone 48 north.';
	END IF;
END
$$;
COMMENT ON FUNCTION rpm.check_staging(regclass, integer) IS 'refuses a staging table or SRID that is not there';

/* The rows of a staging table of antennas with what is wrong with each: the text of a query. */
CREATE FUNCTION rpm.staged_antennas(source regclass, srid integer, azimuth text) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
BEGIN
	RETURN format($query$
		SELECT p.*, CASE WHEN p.reason IS NULL THEN ST_SetSRID(ST_MakePoint(p.x, p.y), %1$s) END AS geom,
			CASE WHEN p.reason IS NULL THEN mod((p.stated_azimuth_deg + %2$s + 720)::numeric, 360)::double precision END AS azimuth_deg
		FROM (SELECT q.*, CASE
				WHEN q.antenna_id IS NULL THEN 'antenna_id is null'
				WHEN q.place_in_key > 1 THEN 'antenna_id stands there twice'
				WHEN q.x IS NULL OR q.y IS NULL THEN 'x or y is null'
				WHEN NOT (abs(q.x) < 'Infinity' AND abs(q.y) < 'Infinity') THEN 'x or y is not finite'
				WHEN (q.height_m BETWEEN 0 AND 10000) IS NOT TRUE THEN 'height_m is null or outside 0 to 10000 m'
				WHEN (q.frequency_mhz > 0 AND q.frequency_mhz <= 1000000) IS NOT TRUE THEN 'frequency_mhz is null or outside 0 to 1000000 MHz'
				WHEN (q.rs_power_dbm BETWEEN -200 AND 200) IS NOT TRUE THEN 'rs_power_dbm is null or outside -200 to 200 dBm'
				WHEN (q.stated_azimuth_deg BETWEEN -360 AND 360) IS NOT TRUE THEN 'azimuth_deg is null or outside -360 to 360 degrees'
				WHEN NOT (q.mechanical_tilt_deg BETWEEN -90 AND 90) OR NOT (q.electrical_tilt_deg BETWEEN -90 AND 90) THEN 'a tilt is outside -90 to 90 degrees'
				WHEN NOT (q.losses_db BETWEEN 0 AND 200) THEN 'losses_db is outside 0 to 200 dB'
				END AS reason
			FROM (SELECT %3$s AS antenna_id, %4$s AS site_id, %5$s AS name, %6$s AS x, %7$s AS y, %8$s AS height_m, %9$s AS stated_azimuth_deg,
					coalesce(%10$s, 0) AS mechanical_tilt_deg, coalesce(%11$s, 0) AS electrical_tilt_deg, %12$s AS frequency_mhz, %13$s AS rs_power_dbm,
					coalesce(%14$s, 0) AS losses_db, row_number() OVER (PARTITION BY %3$s) AS place_in_key
				FROM %15$s AS s) AS q) AS p $query$,
		srid,
		CASE azimuth WHEN 'grid' THEN format('rpm_grid_convergence(ST_SetSRID(ST_MakePoint(p.x, p.y), %s))', srid) ELSE '0' END,
		rpm.staged_column(source, 'antenna_id', 'bigint', true), rpm.staged_column(source, 'site_id', 'bigint'),
		rpm.staged_column(source, 'name', 'text'), rpm.staged_column(source, 'x', 'double precision', true),
		rpm.staged_column(source, 'y', 'double precision', true), rpm.staged_column(source, 'height_m', 'double precision', true),
		rpm.staged_column(source, 'azimuth_deg', 'double precision', true), rpm.staged_column(source, 'mechanical_tilt_deg', 'double precision'),
		rpm.staged_column(source, 'electrical_tilt_deg', 'double precision'), rpm.staged_column(source, 'frequency_mhz', 'double precision', true),
		rpm.staged_column(source, 'rs_power_dbm', 'double precision', true), rpm.staged_column(source, 'losses_db', 'double precision'), source);
END
$$;
COMMENT ON FUNCTION rpm.staged_antennas(regclass, integer, text) IS 'text of the query that rpm_load_antennas reads its rows with: each with the reason why it cannot be loaded';

CREATE FUNCTION rpm_load_antennas(source regclass, srid integer, azimuth text DEFAULT 'grid', pattern text DEFAULT 'tr38901',
	replace boolean DEFAULT false)
RETURNS TABLE (result text, row_count bigint)
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT
AS $$
DECLARE
	staged text;
BEGIN
	PERFORM rpm.check_staging(source, srid);
	IF azimuth IS NULL OR azimuth NOT IN ('grid', 'true') THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('azimuth is %s', coalesce(quote_literal(azimuth), 'null')),
			HINT = 'Use grid (clockwise from the north of the grid: the convergence is added) or true (clockwise from true north).';
	ELSIF NOT EXISTS (SELECT FROM rpm.antenna_pattern AS p WHERE p.name = rpm_load_antennas.pattern) THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('there is no pattern %s', coalesce(quote_literal(pattern), 'null')),
			HINT = 'Name one of rpm.antenna_pattern, or add it there first; rpm_import_pattern() reads MSI/Planet text.';
	END IF;

	staged := rpm.staged_antennas(source, srid, azimuth);
	EXECUTE format('INSERT INTO rpm.site (site_id, name, geom) SELECT q.site_id, q.site_id::text, ST_Centroid(ST_Collect(q.geom)) FROM (%s) AS q'
		' WHERE q.reason IS NULL AND q.site_id IS NOT NULL GROUP BY q.site_id ON CONFLICT (site_id) DO NOTHING', staged);
	RETURN QUERY EXECUTE format($query$
		WITH staged AS MATERIALIZED (
			SELECT q.*, q.reason IS NULL AND NOT $1 AND EXISTS (SELECT FROM rpm.antenna AS a WHERE a.antenna_id = q.antenna_id) AS is_there FROM (%s) AS q
		), loaded AS (
			INSERT INTO rpm.antenna AS a (antenna_id, site_id, name, geom, height_m, frequency_mhz, azimuth_deg, mechanical_tilt_deg,
				electrical_tilt_deg, rs_power_dbm, losses_db, pattern)
			SELECT antenna_id, site_id, name, geom, height_m, frequency_mhz, azimuth_deg, mechanical_tilt_deg, electrical_tilt_deg,
				rs_power_dbm, losses_db, $2
			FROM staged WHERE reason IS NULL AND NOT is_there
			ON CONFLICT (antenna_id) DO UPDATE SET site_id = excluded.site_id, name = excluded.name, geom = excluded.geom, height_m = excluded.height_m,
				frequency_mhz = excluded.frequency_mhz, azimuth_deg = excluded.azimuth_deg, mechanical_tilt_deg = excluded.mechanical_tilt_deg,
				electrical_tilt_deg = excluded.electrical_tilt_deg, rs_power_dbm = excluded.rs_power_dbm, carrier_power_dbm = NULL,
				losses_db = excluded.losses_db, pattern = excluded.pattern
			RETURNING 1
		)
		SELECT 'loaded', (SELECT count(*) FROM loaded)
		UNION ALL SELECT * FROM (SELECT 'rejected: ' || CASE WHEN is_there THEN 'rpm.antenna has this antenna_id already' ELSE reason END, count(*)
			FROM staged WHERE reason IS NOT NULL OR is_there GROUP BY 1 ORDER BY 2 DESC, 1) AS r
		UNION ALL SELECT 'loaded, but height_m is 0', count(*) FROM staged WHERE reason IS NULL AND NOT is_there AND height_m = 0 HAVING count(*) > 0
		$query$, staged)
	USING replace, pattern;
	PERFORM rpm.advance_key('rpm.site', 'site_id'), rpm.advance_key('rpm.antenna', 'antenna_id');
END
$$;
COMMENT ON FUNCTION rpm_load_antennas(regclass, integer, text, text, boolean) IS
	'loads rpm.antenna and rpm.site from a staging table with x, y and grid or true azimuths; counts what was loaded and, by reason, what was not';

/* The next key that the table gives by itself comes after those that were given. */
CREATE FUNCTION rpm.advance_key(relation regclass, column_name text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT
AS $$
DECLARE
	sequence_name text := pg_get_serial_sequence(relation::text, column_name);
	largest bigint;
BEGIN
	EXECUTE format('SELECT max(%I) FROM %s', column_name, relation) INTO largest;
	IF largest > 0 AND has_sequence_privilege(sequence_name, 'UPDATE') AND has_sequence_privilege(sequence_name, 'SELECT') THEN
		EXECUTE format('SELECT setval(%L, greatest($1, (SELECT last_value FROM %s)))', sequence_name, sequence_name) USING largest;
	END IF;
END
$$;
COMMENT ON FUNCTION rpm.advance_key(regclass, text) IS 'moves the sequence of a key past the keys that were given, where the caller may';

/* The rows of a staging table of measurements with what is wrong with each: the text of a query. */
CREATE FUNCTION rpm.staged_measurements(source regclass, require_antenna boolean) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path FROM CURRENT
AS $$
BEGIN
	RETURN format($query$
		SELECT q.*, CASE
			WHEN q.antenna_id IS NULL THEN 'antenna_id is null'
			WHEN q.x IS NULL OR q.y IS NULL THEN 'x or y is null'
			WHEN NOT (abs(q.x) < 'Infinity' AND abs(q.y) < 'Infinity') THEN 'x or y is not finite'
			WHEN q.rsrp_dbm IS NULL AND q.sinr_db IS NULL THEN 'rsrp_dbm and sinr_db are null'
			WHEN NOT (q.rsrp_dbm BETWEEN -300 AND 100) THEN 'rsrp_dbm is outside -300 to 100 dBm'
			WHEN NOT (q.sinr_db BETWEEN -200 AND 200) THEN 'sinr_db is outside -200 to 200 dB'
			WHEN NOT (q.position_accuracy_m >= 0 AND q.position_accuracy_m <= 3e38) THEN 'position_accuracy_m is negative or not finite'
			%s END AS reason
		FROM (SELECT %s AS antenna_id, %s AS x, %s AS y, %s AS rsrp_dbm, %s AS sinr_db, %s AS measured_at, %s AS indoor, %s AS position_accuracy_m
			FROM %s AS s) AS q $query$,
		CASE WHEN require_antenna THEN 'WHEN q.antenna_id NOT IN (SELECT a.antenna_id FROM rpm.antenna AS a) THEN ''antenna_id is not in rpm.antenna''' END,
		rpm.staged_column(source, 'antenna_id', 'bigint', true), rpm.staged_column(source, 'x', 'double precision', true),
		rpm.staged_column(source, 'y', 'double precision', true), rpm.staged_column(source, 'rsrp_dbm', 'double precision', true),
		rpm.staged_column(source, 'sinr_db', 'double precision'), rpm.staged_column(source, 'measured_at', 'timestamptz'),
		rpm.staged_column(source, 'indoor', 'boolean'), rpm.staged_column(source, 'position_accuracy_m', 'double precision'), source);
END
$$;
COMMENT ON FUNCTION rpm.staged_measurements(regclass, boolean) IS 'text of the query that rpm_load_measurements reads its rows with: each with the reason why it cannot be loaded';

/*
 * What a row's place must be, with one look at each of its coordinates where a box was made for each of four: half the time of all constraints.
 */
ALTER TABLE rpm.measurement DROP CONSTRAINT measurement_geom_type, DROP CONSTRAINT measurement_geom_finite,
	ADD CONSTRAINT measurement_geom_point CHECK (
		CASE WHEN geometrytype(geom) = 'POINT' THEN
			(abs(ST_X(geom)) < 'Infinity' AND abs(ST_Y(geom)) < 'Infinity') IS TRUE
			OR rpm.refuse('rpm.measurement', 'measurement_id ' || measurement_id, 'geom is ' || left(ST_AsEWKT(geom), 60),
				'Give finite coordinates, or leave the row out.')
		ELSE rpm.refuse('rpm.measurement', 'measurement_id ' || measurement_id, 'geom is a ' || ST_GeometryType(geom),
			'Give a point: ST_SetSRID(ST_MakePoint(x, y), srid).') END);

/*
 * The definitions of the indexes and of the key, which are dropped: building them at the end is several times faster.  What other objects need
 * (a foreign key that refers to the key) stays.
 */
CREATE FUNCTION rpm.drop_measurement_indexes() RETURNS text[]
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT
AS $$
DECLARE
	definitions text[] := '{}';
	own record;
BEGIN
	FOR own IN
		SELECT i.indexrelid::regclass AS index_name, c.conname, CASE WHEN c.oid IS NULL THEN pg_get_indexdef(i.indexrelid)
			ELSE format('ALTER TABLE rpm.measurement ADD CONSTRAINT %I %s', c.conname, pg_get_constraintdef(c.oid)) END AS definition
		FROM pg_index AS i LEFT JOIN pg_constraint AS c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
		WHERE i.indrelid = 'rpm.measurement'::regclass AND (c.oid IS NULL OR c.contype = 'p') AND NOT i.indisreplident AND NOT i.indisclustered
		ORDER BY i.indexrelid
	LOOP
		BEGIN
			IF own.conname IS NULL THEN
				EXECUTE format('DROP INDEX %s', own.index_name);
			ELSE
				EXECUTE format('ALTER TABLE rpm.measurement DROP CONSTRAINT %I', own.conname);
			END IF;
			definitions := definitions || own.definition;
		EXCEPTION WHEN dependent_objects_still_exist THEN
			NULL;
		END;
	END LOOP;
	RETURN definitions;
END
$$;
COMMENT ON FUNCTION rpm.drop_measurement_indexes() IS
	'drops the indexes and the key of rpm.measurement that nothing else needs and gives back their definitions, for rpm.build_measurement_indexes';

CREATE FUNCTION rpm.build_measurement_indexes(definitions text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT
AS $$
DECLARE
	definition text;
BEGIN
	FOREACH definition IN ARRAY definitions LOOP
		EXECUTE definition;
	END LOOP;
END
$$;
COMMENT ON FUNCTION rpm.build_measurement_indexes(text[]) IS 'builds what rpm.drop_measurement_indexes dropped, in the same transaction';

CREATE FUNCTION rpm_load_measurements(source regclass, srid integer, require_antenna boolean DEFAULT true, rebuild_indexes boolean DEFAULT NULL)
RETURNS TABLE (result text, row_count bigint)
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT
AS $$
DECLARE
	staged text;
	is_owner boolean := (SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class AS c WHERE c.oid = 'rpm.measurement'::regclass);
	indexes text[] := '{}';
	staged_count bigint;
BEGIN
	PERFORM rpm.check_staging(source, srid);
	IF require_antenna IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'require_antenna is null', HINT = 'Leave it out for its default.';
	ELSIF rebuild_indexes AND NOT is_owner THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege', MESSAGE = 'rebuild_indexes is true, and rpm.measurement belongs to another role',
			HINT = 'Leave it out: rows are then added to the indexes one by one.';
	END IF;

	staged := rpm.staged_measurements(source, require_antenna);
	IF rebuild_indexes IS NULL AND is_owner THEN
		rebuild_indexes := NOT EXISTS (SELECT FROM rpm.measurement);
	END IF;
	IF rebuild_indexes THEN
		indexes := rpm.drop_measurement_indexes();
	END IF;
	EXECUTE format('INSERT INTO rpm.measurement (antenna_id, geom, measured_at, rsrp_dbm, sinr_db, indoor, position_accuracy_m)'
		' SELECT q.antenna_id, ST_SetSRID(ST_MakePoint(q.x, q.y), $1), q.measured_at, q.rsrp_dbm, q.sinr_db, q.indoor, q.position_accuracy_m'
		' FROM (%s) AS q WHERE q.reason IS NULL', staged) USING srid;
	GET DIAGNOSTICS row_count = ROW_COUNT;
	PERFORM rpm.build_measurement_indexes(indexes);
	result := 'loaded';
	RETURN NEXT;
	EXECUTE format('SELECT count(*) FROM %s', source) INTO staged_count;
	IF staged_count = row_count THEN
		RETURN;
	END IF;
	RETURN QUERY EXECUTE format('SELECT ''rejected: '' || q.reason, count(*) FROM (%s) AS q WHERE q.reason IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1', staged);
END
$$;
COMMENT ON FUNCTION rpm_load_measurements(regclass, integer, boolean, boolean) IS
	'loads rpm.measurement from a staging table with x and y; counts what was loaded and, by reason, what was not; an empty table''s indexes are built at the end';
