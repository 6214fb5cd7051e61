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
		SELECT a.antenna_id, (j ->> 'channel')::integer AS channel, (j ->> 'frequency_mhz')::double precision AS frequency_mhz,
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
			ELSE format('rpm_sinr(t.rast, a.channel, a.frequency_mhz, a.load, rpm_thermal_noise_dbm(%L))', scene.noise_figure_db)
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
	missing record;
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
		RETURN NULL;
	END IF;
	SELECT w.column_name, w.type INTO missing FROM (VALUES ('rast', 'raster'::regtype), ('antenna_id', 'bigint'::regtype)) AS w (column_name, type)
	WHERE (w.column_name = 'rast' OR product NOT IN ('best_server', 'strongest', 'sinr_db')) AND NOT EXISTS (SELECT FROM pg_attribute AS a
		WHERE a.attrelid = to_regclass(relation) AND a.attname = w.column_name AND a.atttypid = w.type AND NOT a.attisdropped);
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_column', MESSAGE = format('table %s has no column %s of type %s', relation, missing.column_name, missing.type),
			HINT = format('It was published with one: put it back, or publish anew after SELECT rpm_unpublish(%L).', existing.name);
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

/* Schema and name of a product's table. */
CREATE FUNCTION rpm.product_table(scene text, product text, table_name text, default_schema name) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE SET search_path FROM CURRENT
AS $$
DECLARE
	parts text[] := parse_ident(coalesce(table_name,
		quote_ident(lower(regexp_replace(scene, '[^[:alnum:]_]+', '_', 'g')) || '_' || product)));
BEGIN
	IF cardinality(parts) > 2 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_name', MESSAGE = format('table_name is %L', table_name),
			HINT = 'Give table or schema.table; put names with capitals or spaces in double quotes.';
	ELSIF cardinality(parts) = 1 AND default_schema IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_schema_name', MESSAGE = format('there is no schema to create table %I in', parts[1]),
			HINT = 'Name one: table_name => ''schema.table'', or put one into search_path.';
	END IF;
	RETURN CASE cardinality(parts) WHEN 2 THEN parts ELSE ARRAY[default_schema::text, parts[1]] END;
END
$$;
COMMENT ON FUNCTION rpm.product_table(text, text, text, name) IS 'schema and name of the table that a product is published into';

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
	parts text[] := rpm.product_table(scene, product, table_name, default_schema);
	target_schema name := parts[1];
	target name := parts[2];
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
	ELSIF cardinality(antennas) = 0 OR array_position(antennas, NULL) IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('antennas is %s', antennas),
			HINT = 'Give at least one antenna_id and no null, or leave antennas out for all active ones.';
	END IF;
	SELECT s.* INTO its_scene FROM rpm.scene AS s WHERE s.name = rpm_publish.scene;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('scene "%s" does not exist', coalesce(scene, '(null)')),
			HINT = 'SELECT name FROM rpm.scene lists the scenes; INSERT INTO rpm.scene (name, srid) makes one.';
	END IF;

	PERFORM rpm.check_relation(its_scene.name, 'antenna_relation', its_scene.antenna_relation);
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
		RAISE EXCEPTION USING ERRCODE = 'duplicate_table', MESSAGE = 'there is a temporary table rpm_tiles',
			HINT = 'rpm_publish makes one of that name: rename yours, ALTER TABLE pg_temp.rpm_tiles RENAME TO ..., or drop it.';
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
