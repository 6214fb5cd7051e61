/*
 * Many antennas, batch by batch: each batch is committed, so that a job that was stopped goes on where its maps end.
 */

/* The antennas to publish: those named, else the active ones of the scene. */
CREATE FUNCTION rpm.antennas_to_publish(scene text, antennas bigint[]) RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
AS $$
DECLARE
	relation regclass;
	active bigint[];
BEGIN
	SELECT s.antenna_relation INTO relation FROM rpm.scene AS s WHERE s.name = antennas_to_publish.scene;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('scene "%s" does not exist', coalesce(scene, '(null)')),
			HINT = 'SELECT name FROM rpm.scene lists the scenes; INSERT INTO rpm.scene (name, srid) makes one.';
	ELSIF antennas IS NOT NULL THEN
		RETURN antennas;
	END IF;
	PERFORM rpm.check_relation(scene, 'antenna_relation', relation);
	EXECUTE format('SELECT array_agg(a.antenna_id ORDER BY a.antenna_id) FROM %s AS a, to_jsonb(a) AS j
		WHERE coalesce((j ->> ''active'')::boolean, true)', relation) INTO active;
	IF active IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = format('antenna relation %s of scene %L has no active antenna', relation, scene),
			HINT = 'Switch some on, or name them: antennas => ARRAY[...].';
	END IF;
	RETURN active;
END
$$;
COMMENT ON FUNCTION rpm.antennas_to_publish(text, bigint[]) IS 'the antennas that a job publishes: those named, else the active ones of the scene';

/*
 * The next antennas that have no map yet (none computed after newer_than) and that no other session is at; they are this transaction's until
 * its end. While there is no table one session alone makes it, with its first batch; the others wait.
 */
CREATE FUNCTION rpm.next_batch(table_schema text, table_name text, wanted bigint[], newer_than timestamptz, batch_size integer) RETURNS bigint[]
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	relation text := format('%I.%I', table_schema, table_name);
	left_over bigint[] := wanted;
	batch bigint[] := '{}';
	antenna bigint;
BEGIN
	IF to_regclass(relation) IS NULL THEN
		PERFORM pg_advisory_xact_lock(hashtextextended('rpm_publish_batches ' || relation, 0));
	END IF;
	IF to_regclass(relation) IS NOT NULL THEN
		EXECUTE format('SELECT array_agg(w.antenna_id ORDER BY w.place) FROM unnest($1) WITH ORDINALITY AS w (antenna_id, place)
			WHERE NOT EXISTS (SELECT FROM %s AS t WHERE t.antenna_id = w.antenna_id AND ($2 IS NULL OR t.computed_at > $2))', relation)
		INTO left_over USING wanted, newer_than;
	END IF;
	FOREACH antenna IN ARRAY coalesce(left_over, '{}') LOOP
		EXIT WHEN cardinality(batch) = batch_size;
		IF pg_try_advisory_xact_lock(hashtextextended(format('rpm_publish_batches %s %s', relation, antenna), 0)) THEN
			batch := batch || antenna;
		END IF;
	END LOOP;
	RETURN batch;
END
$$;
COMMENT ON FUNCTION rpm.next_batch(text, text, bigint[], timestamptz, integer) IS 'antennas without a map that no other session is at, locked until the end of the transaction';

/*
 * It commits, so it cannot have a search_path of its own: names of the extension say their schema.  A batch with an antenna that cannot be traced is
 * published antenna by antenna; when no antenna of the first batch can be, the reason is the job's.
 */
CREATE PROCEDURE rpm_publish_batches(scene text, product text DEFAULT 'rsrp_dbm', table_name text DEFAULT NULL, antennas bigint[] DEFAULT NULL,
	newer_than timestamptz DEFAULT NULL, batch_size integer DEFAULT 32,
	cell_size_m double precision DEFAULT NULL, extent geometry DEFAULT NULL, template raster DEFAULT NULL,
	receiver_height_m double precision DEFAULT NULL, mechanisms text[] DEFAULT NULL, max_depth integer DEFAULT NULL,
	samples bigint DEFAULT NULL, target_error_db double precision DEFAULT NULL, seed bigint DEFAULT NULL, sum text DEFAULT NULL,
	cell_average text DEFAULT NULL, scattering_scale double precision DEFAULT NULL, diffraction_scale double precision DEFAULT NULL,
	default_schema name DEFAULT current_schema())
LANGUAGE plpgsql
AS $$
DECLARE
	target text[];
	wanted bigint[];
	batch bigint[];
	part bigint[];
	failed bigint[] := '{}';
	published integer := 0;
	state text;
	message text;
	hint text;
BEGIN
	IF product IS NULL OR product NOT IN ('rsrp_dbm', 'path_gain_db', 'path_loss_db') THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('product %L has no map per antenna', product),
			HINT = 'Publish rsrp_dbm, path_gain_db or path_loss_db in batches; rpm_publish makes best_server, strongest and sinr_db of rsrp_dbm.';
	ELSIF batch_size IS NULL OR batch_size NOT BETWEEN 1 AND 10000 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('batch_size is %s', batch_size), HINT = 'Give 1 to 10000 antennas.';
	ELSIF cardinality(antennas) = 0 OR array_position(antennas, NULL) IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('antennas is %s', antennas),
			HINT = 'Give at least one antenna_id and no null, or leave antennas out for all active ones.';
	END IF;
	wanted := rpm.antennas_to_publish(scene, antennas);
	target := rpm.product_table(scene, product, table_name, default_schema);
	-- Within a transaction block this fails, before any work.
	COMMIT;
	LOOP
		batch := rpm.next_batch(target[1], target[2], wanted, newer_than, batch_size);
		EXIT WHEN cardinality(batch) = 0;
		part := batch;
		FOR i IN 0 .. cardinality(batch) LOOP
			-- 0: the whole batch; then, where that fails, one by one.
			IF i > 0 THEN
				part := ARRAY[batch[i]];
			END IF;
			BEGIN
				PERFORM @extschema@.rpm_publish(scene, product, format('%I.%I', target[1], target[2]), part, cell_size_m, extent, template,
					receiver_height_m, mechanisms, max_depth, samples, target_error_db, seed, sum, cell_average, scattering_scale, diffraction_scale);
				published := published + cardinality(part);
				EXIT WHEN i = 0;
			EXCEPTION WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
				IF i > 0 THEN
					failed := failed || part;
					RAISE WARNING USING MESSAGE = format('antenna %s is left out: %s', batch[i], message), HINT = hint;
				END IF;
			END;
		END LOOP;
		IF published = 0 THEN
			RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message, HINT = hint;
		END IF;
		RAISE NOTICE '% antennas published, % left out', published, cardinality(failed);
		COMMIT;
		wanted := ARRAY(SELECT w.antenna_id FROM unnest(wanted) WITH ORDINALITY AS w (antenna_id, place)
			WHERE NOT w.antenna_id = ANY (batch) ORDER BY w.place);
	END LOOP;
END
$$;
COMMENT ON PROCEDURE rpm_publish_batches(text, text, text, bigint[], timestamptz, integer, double precision, geometry, raster, double precision, text[],
	integer, bigint, double precision, bigint, text, text, double precision, double precision, name) IS
	'publishes a product per antenna batch by batch, each committed; antennas that have a map (newer than newer_than) are left, so that a job that was stopped goes on; several sessions share the work';
REVOKE EXECUTE ON PROCEDURE rpm_publish_batches(text, text, text, bigint[], timestamptz, integer, double precision, geometry, raster, double precision, text[],
	integer, bigint, double precision, bigint, text, text, double precision, double precision, name) FROM PUBLIC;
