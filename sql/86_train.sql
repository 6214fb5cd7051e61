/*
 * Training of networks: rpm_train, which commits after every epoch, and the steps that it is made of.
 *
 * A procedure that commits cannot fix its search path, so rpm_train does nothing but call these functions, which do.
 */
CREATE FUNCTION @extschema@.rpm_network_unet(inputs integer, base integer DEFAULT 8, stages integer DEFAULT 4, kernel integer DEFAULT 3,
	outputs integer DEFAULT 2) RETURNS text
	AS 'MODULE_PATHNAME', 'rpm_sql_network_unet' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION @extschema@.rpm_network_unet(integer, integer, integer, integer, integer) IS
	'the declaration of a U-Net: channels in, width of the first stage, stages down and up, kernel, and 1 (level) or 2 (level and deviation) channels out';

CREATE FUNCTION rpm.train_load(antennas bigint[], antenna_folds integer[], features text, scene text, channels text[],
	cell_size_m double precision, size_cells integer, split text, folds integer, block_m double precision, seed bigint,
	OUT tiles integer, OUT cells bigint, OUT fingerprint text, OUT bytes bigint)
	AS 'MODULE_PATHNAME', 'rpm_sql_train_load' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION rpm.train_load(bigint[], integer[], text, text, text[], double precision, integer, text, integer, double precision, bigint) IS
	'reads what a training learns from into the session''s memory; part of rpm_train';

CREATE FUNCTION rpm.train_run(declaration text, held_out integer, epochs integer, batch integer, crop_cells integer,
	learning_rate double precision, weight_decay double precision, patience integer, augment boolean, seed bigint, checkpoint bytea, weights bytea,
	start_shift double precision[], start_scale double precision[], start_target_shift_dbm double precision, start_target_scale_db double precision,
	OUT parameters bigint, OUT channel_shift double precision[], OUT channel_scale double precision[],
	OUT target_shift_dbm double precision, OUT target_scale_db double precision, OUT held_out_cells bigint)
	AS 'MODULE_PATHNAME', 'rpm_sql_train_run' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION rpm.train_run(text, integer, integer, integer, integer, double precision, double precision, integer, boolean, bigint, bytea, bytea,
	double precision[], double precision[], double precision, double precision) IS
	'begins a run over the tiles that are loaded, all but one fold (-1: all), anew or from another network''s weights and scales, or goes on from a checkpoint; part of rpm_train';

CREATE FUNCTION rpm.train_epoch(OUT epoch integer, OUT training_loss double precision, OUT cells bigint, OUT rmse_db double precision,
	OUT mae_db double precision, OUT bias_db double precision, OUT pcc double precision, OUT smape double precision, OUT r2 double precision,
	OUT hole_f1 double precision, OUT ratio double precision[], OUT best boolean, OUT last boolean, OUT weights bytea, OUT checkpoint bytea)
	AS 'MODULE_PATHNAME', 'rpm_sql_train_epoch' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION rpm.train_epoch() IS 'one epoch of the run that was begun; part of rpm_train';

CREATE FUNCTION rpm.train_close() RETURNS void
	AS 'MODULE_PATHNAME', 'rpm_sql_train_close' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION rpm.train_close() IS 'gives back the memory of a training; part of rpm_train';

CREATE FUNCTION rpm.train_interval(ratio double precision[], wanted double precision DEFAULT NULL, OUT factor double precision, OUT coverage double precision)
	AS 'MODULE_PATHNAME', 'rpm_sql_train_interval' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.train_interval(double precision[], double precision) IS
	'the factor on standard deviations that makes 90 % intervals cover 90 % (or the one wanted), and what share they cover with it';

/* Runs the caller's query under the caller's path: it must not fix one of its own. */
CREATE FUNCTION rpm.train_antennas(query text, OUT antenna_id bigint, OUT site_id bigint, OUT area text) RETURNS SETOF record
LANGUAGE plpgsql STABLE
AS $$
BEGIN
	RETURN QUERY EXECUTE pg_catalog.format('SELECT (pg_catalog.to_jsonb(q) OPERATOR(pg_catalog.->>) ''antenna_id'')::pg_catalog.int8,
		(pg_catalog.to_jsonb(q) OPERATOR(pg_catalog.->>) ''site_id'')::pg_catalog.int8, pg_catalog.to_jsonb(q) OPERATOR(pg_catalog.->>) ''area''
		FROM (%s) AS q', query);
END
$$;
COMMENT ON FUNCTION rpm.train_antennas(text) IS 'the antennas of a query of the caller''s: its columns antenna_id and, where it has them, site_id and area';

/* The antennas of a scene that were measured, as a query. */
CREATE FUNCTION rpm.train_scene_query(scene text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	named rpm.scene := (SELECT s FROM rpm.scene AS s WHERE s.name = scene);
BEGIN
	IF named.measurement_relation IS NULL THEN
		RAISE EXCEPTION USING
			ERRCODE = CASE WHEN scene IS NULL THEN 'invalid_parameter_value' ELSE 'undefined_object' END,
			MESSAGE = CASE WHEN scene IS NULL THEN 'neither antennas nor a scene is named' ELSE format('there is no scene "%s" with measurements', scene) END,
			HINT = 'Name a scene of rpm.scene, or give a query: antennas => ''SELECT antenna_id, site_id FROM ...''.';
	END IF;
	PERFORM rpm.check_relation(scene, 'antenna_relation', named.antenna_relation), rpm.check_relation(scene, 'measurement_relation', named.measurement_relation);
	RETURN format('SELECT a.* FROM %s AS a WHERE EXISTS (SELECT FROM %s AS m WHERE m.antenna_id = a.antenna_id)', named.antenna_relation, named.measurement_relation);
END
$$;
COMMENT ON FUNCTION rpm.train_scene_query(text) IS 'a query of the antennas of a scene that were measured';

/* Whole areas are dealt to the fold that has fewest antennas, the largest areas first; whole sites by rpm_split. */
CREATE FUNCTION rpm.train_folds(site_ids bigint[], areas text[], split text, folds integer, seed bigint) RETURNS integer[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	filled bigint[] := array_fill(0, ARRAY[folds]);
	fold_of_area jsonb := '{}';
	part record;
	fold integer;
BEGIN
	IF split = 'site' THEN
		RETURN (SELECT array_agg(floor(rpm.split_number('site', s, NULL, NULL, NULL, seed, NULL, NULL) * folds)::integer ORDER BY n)
			FROM unnest(site_ids) WITH ORDINALITY AS u (s, n));
	END IF;
	IF array_position(areas, NULL) IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'an antenna has no area',
			HINT = 'Give a query with a column "area", or split by site, block or pixel.';
	END IF;
	FOR part IN SELECT a, count(*) AS n FROM unnest(areas) AS a GROUP BY a ORDER BY count(*) DESC, a COLLATE "C" LOOP
		SELECT u.i INTO fold FROM unnest(filled) WITH ORDINALITY AS u (n, i) ORDER BY u.n, u.i LIMIT 1;
		filled[fold] := filled[fold] + part.n;
		fold_of_area := fold_of_area || jsonb_build_object(part.a, fold - 1);
	END LOOP;
	RETURN (SELECT array_agg((fold_of_area ->> a)::integer ORDER BY n) FROM unnest(areas) WITH ORDINALITY AS u (a, n));
END
$$;
COMMENT ON FUNCTION rpm.train_folds(bigint[], text[], text, integer, bigint) IS 'the fold, from 0, of each antenna in a split by area or site';

/* Process numbers come again: the session's start tells one from another where it may be seen. A session that waits for its client, or asks this, trains nothing: an error ended it. */
CREATE FUNCTION rpm.train_at_work(progress jsonb) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.pid = (progress ->> 'pid')::integer AND a.pid <> pg_backend_pid()
	AND (a.backend_start IS NULL OR a.backend_start = (progress ->> 'backend_start')::timestamptz) AND (a.state IS NULL OR NOT starts_with(a.state, 'idle')));
COMMENT ON FUNCTION rpm.train_at_work(jsonb) IS 'whether the session that a row''s progress names is another, still there and busy';

CREATE FUNCTION rpm.train_elsewhere(model text) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
RETURN EXISTS (SELECT FROM rpm.model AS m WHERE m.name = model AND m.state = 'training' AND rpm.train_at_work(m.progress));
COMMENT ON FUNCTION rpm.train_elsewhere(text) IS 'whether another session trains a model of this name';

/* One training of a name at a time: a lock that every transaction of rpm_train takes anew, and the process in the row. */
CREATE FUNCTION rpm.train_lock(model text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	refused boolean := rpm.train_elsewhere(model);
BEGIN
	-- The rows first: who is refused by them never holds the lock that the training at work takes for its next epoch.
	IF NOT refused THEN
		refused := NOT pg_try_advisory_xact_lock(hashtextextended('rpm.train ' || model, 0));
	END IF;
	IF refused OR rpm.train_elsewhere(model) THEN
		RAISE EXCEPTION USING ERRCODE = 'object_in_use', MESSAGE = format('model "%s" is in training in another session', model),
			HINT = 'rpm.training shows how far it is; wait, cancel it, or train under another name.';
	END IF;
END
$$;
COMMENT ON FUNCTION rpm.train_lock(text) IS 'refuses a second training of a name; the lock ends with the transaction';

CREATE FUNCTION rpm.train_own(id integer) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
	UPDATE rpm.model AS m SET progress = m.progress - '{settings,message}'::text[] || jsonb_build_object('pid', pg_backend_pid(), 'backend_start',
		(SELECT a.backend_start FROM pg_stat_activity AS a WHERE a.pid = pg_backend_pid())) WHERE m.model_id = id
$$;
COMMENT ON FUNCTION rpm.train_own(integer) IS 'notes this process as the one that trains; part of rpm_train';

CREATE FUNCTION rpm.train_begin(model text, settings jsonb, resume boolean) RETURNS integer
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	new_row rpm.model;
BEGIN
	IF coalesce(model, '') = '' THEN
		RAISE EXCEPTION USING ERRCODE = CASE WHEN model IS NULL THEN 'null_value_not_allowed' ELSE 'invalid_parameter_value' END,
			MESSAGE = 'the model has no name', HINT = 'Give the model a name.';
	END IF;
	PERFORM rpm.train_lock(model);
	IF resume THEN
		SELECT m.* INTO new_row FROM rpm.model AS m WHERE m.name = model AND m.state = 'training' ORDER BY m.version DESC LIMIT 1;
		IF NOT FOUND THEN
			RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('no training of model "%s" was stopped before its end', model),
				HINT = 'Leave out resume to begin one; rpm.model lists models and versions.';
		END IF;
	ELSE
		INSERT INTO rpm.model (name, version, state, declaration, parameters, channels, channel_shift, channel_scale, cell_size_m, size_cells, training, software_version)
		SELECT model, rpm.model_next_version(model), 'training', settings ->> 'network', 0, c.channels, array_fill(0, ARRAY[c.n]), array_fill(1, ARRAY[c.n]),
			(settings ->> 'cell_size_m')::double precision, (settings ->> 'size_cells')::integer, settings - '{network,cell_size_m,size_cells}'::text[], rpm.software_version()
		FROM (SELECT array_agg(channel ORDER BY number) AS channels, count(*)::integer AS n
			FROM jsonb_array_elements_text(settings -> 'channels') WITH ORDINALITY AS u (channel, number)) AS c
		RETURNING * INTO new_row;
	END IF;
	PERFORM rpm.train_own(new_row.model_id);
	RETURN new_row.model_id;
END
$$;
COMMENT ON FUNCTION rpm.train_begin(text, jsonb, boolean) IS 'a new version of a model, or the one that was stopped; part of rpm_train';

CREATE FUNCTION rpm.train_source(id integer, OUT antennas bigint[], OUT antenna_folds integer[], OUT features text, OUT scene text, OUT channels text[],
	OUT cell_size_m double precision, OUT size_cells integer, OUT split text, OUT folds integer, OUT block_m double precision, OUT seed bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY(SELECT jsonb_array_elements_text(m.training -> 'antennas')::bigint), ARRAY(SELECT jsonb_array_elements_text(m.training -> 'antenna_folds')::integer),
		m.training ->> 'features', m.training ->> 'scene', m.channels, m.cell_size_m, m.size_cells,
		CASE WHEN m.training ->> 'split' IN ('area', 'site') THEN 'antenna' ELSE m.training ->> 'split' END, (m.training ->> 'folds')::integer,
		(m.training ->> 'block_m')::double precision, (m.training ->> 'seed')::bigint
	FROM rpm.model AS m WHERE m.model_id = id
$$;
COMMENT ON FUNCTION rpm.train_source(integer) IS 'what a training reads; part of rpm_train';

CREATE FUNCTION rpm.train_accept(id integer, tiles integer, cells bigint, fingerprint text, bytes bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	m rpm.model;
BEGIN
	SELECT * INTO STRICT m FROM rpm.model WHERE model_id = id;
	IF fingerprint <> m.data_fingerprint THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('what version %s of model "%s" learned from has changed since', m.version, m.name),
			HINT = 'Begin a training anew: leave out resume.';
	END IF;
	UPDATE rpm.model SET data_fingerprint = fingerprint, progress = progress || jsonb_build_object('tiles', tiles, 'cells', cells, 'data_bytes', bytes)
	WHERE model_id = id;
END
$$;
COMMENT ON FUNCTION rpm.train_accept(integer, integer, bigint, text, bigint) IS 'notes what was read; refuses to go on with other data; part of rpm_train';

/* Calls a function of the caller's, under the caller's path: it must not fix one of its own. */
CREATE FUNCTION rpm.train_read(id integer) RETURNS void
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
	PERFORM rpm.train_accept(id, l.tiles, l.cells, l.fingerprint, l.bytes)
	FROM rpm.train_source(id) AS s, LATERAL rpm.train_load(s.antennas, s.antenna_folds, s.features, s.scene, s.channels, s.cell_size_m, s.size_cells, s.split, s.folds,
		s.block_m, s.seed) AS l;
	PERFORM rpm.train_next_run(id);
END
$$;
COMMENT ON FUNCTION rpm.train_read(integer) IS 'reads the data of a training and begins the run that is due; part of rpm_train';

/* Runs 1 to `runs` hold out a fold each; where there are several, one more learns from everything for as many epochs as they took at their best. */
CREATE FUNCTION rpm.train_next_run(id integer) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	m rpm.model;
	s jsonb;
	run integer;
	whole boolean;
	begun record;
	start rpm.model;
BEGIN
	SELECT * INTO STRICT m FROM rpm.model WHERE model_id = id;
	s := m.training;
	IF s ? 'start' THEN
		start := rpm.model_row(s ->> 'start', (s ->> 'start_version')::integer);
	END IF;
	run := coalesce(jsonb_array_length(m.progress -> 'runs'), 0) + 1;
	whole := run > (s ->> 'runs')::integer;
	begun := rpm.train_run(m.declaration, CASE WHEN whole THEN -1 ELSE run - 1 END,
		CASE WHEN whole THEN (SELECT round(avg((r ->> 'best_epoch')::integer))::integer FROM jsonb_array_elements(m.progress -> 'runs') AS r) ELSE (s ->> 'epochs')::integer END,
		(s ->> 'batch')::integer, (s ->> 'crop_cells')::integer, (s ->> 'learning_rate')::double precision, (s ->> 'weight_decay')::double precision,
		CASE WHEN whole THEN 0 ELSE (s ->> 'patience')::integer END, (s ->> 'augment')::boolean, (s ->> 'seed')::bigint, m.checkpoint, CASE WHEN m.checkpoint IS NULL THEN start.weights ELSE m.weights END,
		start.channel_shift, start.channel_scale, start.target_shift_dbm, start.target_scale_db);
	UPDATE rpm.model SET parameters = begun.parameters, channel_shift = begun.channel_shift, channel_scale = begun.channel_scale,
		target_shift_dbm = begun.target_shift_dbm, target_scale_db = begun.target_scale_db,
		progress = progress || jsonb_build_object('run', run, 'whole', whole, 'held_out_cells', begun.held_out_cells)
	WHERE model_id = id;
END
$$;
COMMENT ON FUNCTION rpm.train_next_run(integer) IS 'begins the run that is due, from the checkpoint where there is one; part of rpm_train';

/* One epoch; true when the model is ready. */
CREATE FUNCTION rpm.train_step(id integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	m rpm.model;
	e record;
	began timestamptz := clock_timestamp();
	entry jsonb;
	history jsonb;
	epochs_left bigint;
BEGIN
	SELECT * INTO m FROM rpm.model WHERE model_id = id AND state = 'training' AND (progress ->> 'pid')::integer = pg_backend_pid();
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = 'the row of the model that is in training was taken away or changed',
			HINT = 'Leave rows of rpm.model alone whose state is training.';
	END IF;
	PERFORM rpm.train_lock(m.name);
	e := rpm.train_epoch();
	entry := jsonb_strip_nulls(jsonb_build_object('run', m.progress -> 'run', 'epoch', e.epoch, 'training_loss', e.training_loss, 'mae_db', e.mae_db, 'rmse_db', e.rmse_db,
		'seconds', extract(epoch FROM clock_timestamp() - began)));
	history := coalesce(m.progress -> 'history', '[]') || entry;
	epochs_left := CASE WHEN e.last THEN 0 ELSE (m.training ->> 'epochs')::bigint - e.epoch END
		+ (m.training ->> 'epochs')::bigint * greatest((m.training ->> 'runs')::bigint - (m.progress ->> 'run')::bigint, 0);
	UPDATE rpm.model SET checkpoint = e.checkpoint, weights = coalesce(e.weights, weights),
		progress = progress || jsonb_build_object('epoch', e.epoch, 'history', history, 'seconds_left',
				round(epochs_left * (SELECT avg((h ->> 'seconds')::numeric) FROM jsonb_array_elements(history) AS h), 1))
			|| CASE WHEN e.best THEN jsonb_build_object('best', jsonb_strip_nulls(jsonb_build_object('best_epoch', e.epoch, 'cells', e.cells, 'mae_db', e.mae_db, 'rmse_db', e.rmse_db,
				'bias_db', e.bias_db, 'pcc', e.pcc, 'smape', e.smape, 'r2', e.r2, 'f1_below_103_dbm', e.hole_f1)) || jsonb_build_object('ratio', e.ratio)) ELSE '{}' END
	WHERE model_id = id;
	RETURN e.last AND rpm.train_end_run(id);
END
$$;
COMMENT ON FUNCTION rpm.train_step(integer) IS 'one epoch of a training, written down; true when the model is ready; part of rpm_train';

/* The end of a run: the next one, or the model's figures; true in that case. */
CREATE FUNCTION rpm.train_end_run(id integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	m rpm.model;
	runs jsonb;
	wanted integer;
	error_db double precision;
BEGIN
	SELECT * INTO STRICT m FROM rpm.model WHERE model_id = id;
	wanted := (m.training ->> 'runs')::integer;
	runs := coalesce(m.progress -> 'runs', '[]');
	IF NOT (m.progress ->> 'whole')::boolean THEN
		runs := runs || ((m.progress -> 'best') || jsonb_build_object('fold', (m.progress ->> 'run')::integer));
	END IF;
	IF jsonb_array_length(runs) < wanted OR (wanted > 1 AND NOT (m.progress ->> 'whole')::boolean) THEN
		UPDATE rpm.model SET checkpoint = NULL, progress = progress - 'best' || jsonb_build_object('runs', runs, 'epoch', 0) WHERE model_id = id;
		PERFORM rpm.train_next_run(id);
		RETURN false;
	END IF;
	UPDATE rpm.model SET state = 'ready', checkpoint = NULL, progress = jsonb_build_object('history', progress -> 'history'),
		metrics = rpm.train_metrics(runs) || jsonb_build_object('tiles', progress -> 'tiles', 'cells', progress -> 'cells'),
		deviation_factor = (rpm.train_interval(rpm.train_ratio(runs, NULL))).factor
	WHERE model_id = id RETURNING (metrics ->> 'mae_db')::double precision INTO error_db;
	-- A mean of what was learned from errs by less than one of these scales.
	IF error_db < 5 * m.target_scale_db THEN
		PERFORM rpm.model_make_current(m.name, m.version);
	ELSE
		RAISE WARNING USING MESSAGE = format('version %s of model "%s" is not made current: at what was held out it errs by %s dB', m.version, m.name, round(error_db::numeric)),
			HINT = 'The training diverged: lower learning_rate. rpm_rollback_model makes a version current all the same.';
	END IF;
	PERFORM rpm.train_close();
	RETURN true;
END
$$;
COMMENT ON FUNCTION rpm.train_end_run(integer) IS 'what follows the last epoch of a run; true when the model is ready; part of rpm_train';

CREATE FUNCTION rpm.train_ratio(runs jsonb, but_fold integer) RETURNS double precision[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN (SELECT array_agg(n ORDER BY i) FROM (
	SELECT sum(v.value::double precision) AS n, v.i FROM jsonb_array_elements(runs) AS r, jsonb_array_elements_text(r -> 'ratio') WITH ORDINALITY AS v (value, i)
	WHERE but_fold IS NULL OR (r ->> 'fold')::integer <> but_fold GROUP BY v.i) AS bins);
COMMENT ON FUNCTION rpm.train_ratio(jsonb, integer) IS 'errors in units of their deviations, all folds but one; part of rpm_train';

/* Coverage is that of 90 % intervals whose factor comes from the other folds; with one fold there is no other, and it says nothing. */
CREATE FUNCTION rpm.train_metrics(runs jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
RETURN (SELECT jsonb_build_object('cells_held_out', sum((r ->> 'cells')::bigint),
		'mae_db', sum((r ->> 'cells')::bigint * (r ->> 'mae_db')::double precision) / sum((r ->> 'cells')::bigint),
		'rmse_db', sqrt(sum((r ->> 'cells')::bigint * (r ->> 'rmse_db')::double precision ^ 2) / sum((r ->> 'cells')::bigint)),
		'folds', jsonb_agg(r - 'ratio' || CASE WHEN jsonb_array_length(runs) > 1 THEN jsonb_build_object('coverage_90', (rpm.train_interval(
			ARRAY(SELECT v::double precision FROM jsonb_array_elements_text(r -> 'ratio') AS v),
			(rpm.train_interval(rpm.train_ratio(runs, (r ->> 'fold')::integer))).factor)).coverage) ELSE '{}' END ORDER BY (r ->> 'fold')::integer))
	FROM jsonb_array_elements(runs) AS r);
COMMENT ON FUNCTION rpm.train_metrics(jsonb) IS 'figures of a model from those of its runs; part of rpm_train';

CREATE FUNCTION rpm.train_launch(id integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'rpm_sql_train_launch' LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION rpm.train_launch(integer) IS 'starts a background worker, which goes on with a training when this transaction has ended; its process; part of rpm_train';

CREATE FUNCTION rpm.train_launched() RETURNS boolean
	AS 'MODULE_PATHNAME', 'rpm_sql_train_launched' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION rpm.train_launched() IS 'whether the background worker that this session started last is still there; part of rpm_train';

/* The worker has the caller's settings that say what is read and how much is taken. */
CREATE FUNCTION rpm.train_hand_over(id integer, path text) RETURNS integer
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- A session that has called nothing of the library's yet sees no settings of its.
	PERFORM rpm.train_launched();
	UPDATE rpm.model SET progress = progress || jsonb_build_object('settings', jsonb_build_object('search_path', path)
		|| (SELECT jsonb_object_agg(s.name, s.setting) FROM pg_settings AS s WHERE s.name LIKE 'rpm\_pg.%' AND s.context = 'user'))
	WHERE model_id = id;
	RETURN rpm.train_launch(id);
END
$$;
COMMENT ON FUNCTION rpm.train_hand_over(integer, text) IS 'leaves a training to a background worker; its process; part of rpm_train';

CREATE FUNCTION rpm.train_waits(id integer) RETURNS boolean
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
RETURN rpm.train_launched() AND EXISTS (SELECT FROM rpm.model AS m WHERE m.model_id = id AND (m.progress ->> 'pid')::integer = pg_backend_pid());
COMMENT ON FUNCTION rpm.train_waits(integer) IS 'whether the background worker has still to take a training over; part of rpm_train';

CREATE FUNCTION rpm.train_handed_over(id integer, worker integer) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	UPDATE rpm.model SET progress = progress - '{pid,backend_start,settings}'::text[] || jsonb_build_object('message', 'the background worker ended before it began')
	WHERE model_id = id AND (progress ->> 'pid')::integer = pg_backend_pid();
	IF FOUND THEN
		RETURN false;
	END IF;
	RAISE NOTICE USING MESSAGE = (SELECT format('version %s of model "%s" is in training in the background, process %s', m.version, m.name, worker) FROM rpm.model AS m WHERE m.model_id = id),
		HINT = 'rpm.training shows how far it is; pg_cancel_backend stops it.';
	RETURN true;
END
$$;
COMMENT ON FUNCTION rpm.train_handed_over(integer, integer) IS 'whether the background worker took a training over, with a notice; part of rpm_train';

CREATE FUNCTION rpm.train_take_over(id integer, launcher integer) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	model text;
BEGIN
	SELECT m.name INTO model FROM rpm.model AS m WHERE m.model_id = id AND m.state = 'training' AND (m.progress ->> 'pid')::integer = launcher FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = 'the training was called off before it began', HINT = 'rpm_train begins one.';
	END IF;
	PERFORM rpm.train_own(id);
	PERFORM rpm.train_lock(model);
END
$$;
COMMENT ON FUNCTION rpm.train_take_over(integer, integer) IS 'what a background worker does first; part of rpm_train';

CREATE FUNCTION rpm.train_failed(id integer, message text) RETURNS void
LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
	UPDATE rpm.model AS m SET progress = m.progress - '{pid,backend_start}'::text[] || jsonb_build_object('message', message)
	WHERE m.model_id = id AND m.state = 'training' AND (m.progress ->> 'pid')::integer = pg_backend_pid()
$$;
COMMENT ON FUNCTION rpm.train_failed(integer, text) IS 'why a background worker stopped; part of rpm_train';

CREATE FUNCTION rpm.software_version() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
RETURN (SELECT extversion::text FROM pg_extension WHERE extname = 'rpm_pg');
COMMENT ON FUNCTION rpm.software_version() IS 'the version of the extension';

CREATE FUNCTION rpm.train_check(network text, channels integer, tiles integer, size_cells integer, crop_cells integer, batch integer) RETURNS void
	AS 'MODULE_PATHNAME', 'rpm_sql_train_check' LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.train_check(text, integer, integer, integer, integer, integer) IS
	'refuses, before anything is read, a network that cannot learn from such tiles or needs more than rpm_pg.max_memory; part of rpm_train';

CREATE FUNCTION rpm.train_settings(scene text, antennas bigint[], site_ids bigint[], areas text[], channels text[], network text, cell_size_m double precision,
	size_cells integer, split text, folds integer, runs integer, epochs integer, batch integer, crop_cells integer, learning_rate double precision,
	weight_decay double precision, patience integer, augment boolean, block_m double precision, seed bigint, features regproc, start text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	papers CONSTANT text[] := '{building_height_m,land_use,road,free_space_dbm,known}';
	begins rpm.model;
BEGIN
	IF start IS NOT NULL THEN
		begins := rpm.model_row(start, NULL);
		IF begins.channels IS NULL OR begins.target_scale_db IS NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = format('model "%s" does not say its channels and scales', start),
				HINT = 'Start from one that rpm_train made, or that was imported with settings.';
		END IF;
		IF network <> begins.declaration OR channels <> begins.channels THEN
			RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('model "%s" has %s of its own, and other ones are given', start,
					CASE WHEN network <> begins.declaration THEN 'layers' ELSE 'channels' END),
				HINT = 'Leave out network and channels, or start.';
		END IF;
		channels := begins.channels;
		network := begins.declaration;
		cell_size_m := coalesce(cell_size_m, begins.cell_size_m);
	END IF;
	channels := coalesce(channels, papers);
	IF split IS NULL OR split NOT IN ('area', 'site', 'block', 'pixel') THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = format('split is %s', coalesce(split, 'null')), HINT = 'Use area, site, block or pixel.';
	ELSIF (runs BETWEEN 1 AND folds AND folds BETWEEN 2 AND 100) IS NOT TRUE THEN
		RAISE EXCEPTION USING ERRCODE = 'numeric_value_out_of_range', MESSAGE = format('there cannot be %s runs with %s folds', coalesce(runs::text, 'null'), coalesce(folds::text, 'null')),
			HINT = 'Give 2 to 100 folds, and as many runs or fewer: each run holds out one of them.';
	ELSIF coalesce(cardinality(antennas), 0) = 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'there is no antenna to learn from', HINT = 'Look at what the query of the antennas returns.';
	ELSIF array_position(antennas, NULL) IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed', MESSAGE = 'a row of the query has no antenna_id', HINT = 'Give a query with a column antenna_id without nulls.';
	ELSIF (SELECT count(DISTINCT a) FROM unnest(antennas) AS a) < cardinality(antennas) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'the query returns an antenna twice', HINT = 'Each antenna once: SELECT DISTINCT.';
	ELSIF coalesce(cardinality(channels), 0) = 0 OR array_position(channels, NULL) IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'there are no channels, or one is null', HINT = 'Name those of rpm_features.';
	ELSIF (epochs > 0 AND batch > 0) IS NOT TRUE THEN
		RAISE EXCEPTION USING ERRCODE = 'numeric_value_out_of_range', MESSAGE = format('there cannot be %s epochs of batches of %s', coalesce(epochs::text, 'null'), coalesce(batch::text, 'null')),
			HINT = 'Give whole numbers above 0.';
	END IF;
	network := coalesce(network, @extschema@.rpm_network_unet(cardinality(channels)));
	PERFORM rpm.train_check(network, cardinality(channels), cardinality(antennas), size_cells, crop_cells, batch);
	cell_size_m := coalesce(cell_size_m, (SELECT s.cell_size_m FROM rpm.scene AS s WHERE s.name = train_settings.scene), 5);
	RETURN jsonb_build_object('scene', scene, 'antennas', antennas, 'channels', channels,
		'network', network, 'cell_size_m', cell_size_m, 'size_cells', size_cells,
		'split', split, 'folds', folds, 'runs', runs, 'epochs', epochs, 'batch', batch, 'crop_cells', crop_cells, 'learning_rate', learning_rate,
		'weight_decay', weight_decay, 'patience', patience, 'augment', augment, 'block_m', block_m, 'seed', seed, 'features', features::text)
		|| CASE WHEN start IS NOT NULL THEN jsonb_build_object('start', begins.name, 'start_version', begins.version) ELSE '{}' END || CASE WHEN split IN ('area', 'site') THEN jsonb_build_object('antenna_folds', rpm.train_folds(
			ARRAY(SELECT coalesce(u.s, u.a) FROM unnest(site_ids, antennas) WITH ORDINALITY AS u (s, a, n) ORDER BY u.n), areas, split, folds, seed)) ELSE '{}' END;
END
$$;
COMMENT ON FUNCTION rpm.train_settings(text, bigint[], bigint[], text[], text[], text, double precision, integer, text, integer, integer, integer, integer, integer,
	double precision, double precision, integer, boolean, double precision, bigint, regproc, text) IS 'the arguments of rpm_train, checked, as they are kept in rpm.model; part of rpm_train';

CREATE PROCEDURE @extschema@.rpm_train(model text, scene text DEFAULT NULL, antennas text DEFAULT NULL,
	channels text[] DEFAULT NULL, network text DEFAULT NULL,
	cell_size_m double precision DEFAULT NULL, size_cells integer DEFAULT 128,
	split text DEFAULT 'site', folds integer DEFAULT 5, runs integer DEFAULT 1,
	epochs integer DEFAULT 20, batch integer DEFAULT 4, crop_cells integer DEFAULT 0,
	learning_rate double precision DEFAULT 0.002, weight_decay double precision DEFAULT 0.01, patience integer DEFAULT 0, augment boolean DEFAULT true,
	block_m double precision DEFAULT 100, seed bigint DEFAULT 1, features regproc DEFAULT NULL, resume boolean DEFAULT false,
	start text DEFAULT NULL, background boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
	id integer;
	worker integer;
	settings pg_catalog.jsonb;
BEGIN
	-- Refused at once inside a transaction, which could not be committed.
	COMMIT;
	resume := coalesce(resume, false);
	IF NOT resume THEN
		SELECT rpm.train_settings(scene, pg_catalog.array_agg(a.antenna_id), pg_catalog.array_agg(a.site_id), pg_catalog.array_agg(a.area), channels, network, cell_size_m,
			size_cells, split, folds, runs, epochs, batch, crop_cells, learning_rate, weight_decay, patience, augment, block_m, seed, features, start)
		INTO settings
		FROM (SELECT * FROM rpm.train_antennas(coalesce(antennas, rpm.train_scene_query(scene))) AS t ORDER BY t.antenna_id) AS a;
	END IF;
	id := rpm.train_begin(model, settings, resume);
	IF background THEN
		worker := rpm.train_hand_over(id, pg_catalog.current_setting('search_path'));
		COMMIT;
		WHILE rpm.train_waits(id) LOOP
			COMMIT;
			PERFORM pg_catalog.pg_sleep(0.01);
		END LOOP;
		IF NOT rpm.train_handed_over(id, worker) THEN
			COMMIT;
			RAISE EXCEPTION USING ERRCODE = 'insufficient_resources', MESSAGE = 'the background worker ended before it began', HINT = 'The server''s log says why.';
		END IF;
		RETURN;
	END IF;
	PERFORM rpm.train_read(id);
	COMMIT;
	WHILE NOT rpm.train_step(id) LOOP
		COMMIT;
	END LOOP;
END
$$;
COMMENT ON PROCEDURE @extschema@.rpm_train(text, text, text, text[], text, double precision, integer, text, integer, integer, integer, integer, integer,
	double precision, double precision, integer, boolean, double precision, bigint, regproc, boolean, text, boolean) IS
	'trains a network on measured cells, anew or from another model''s weights, as a new version of a model, commits a checkpoint after every epoch, goes on from it with resume; in a background worker when asked';

CREATE VIEW rpm.training AS
	SELECT m.model_id, m.name, m.version, rpm.train_at_work(m.progress) AS at_work, (m.progress ->> 'pid')::integer AS pid,
		(m.progress ->> 'run')::integer AS run, (m.training ->> 'runs')::integer AS runs, (m.progress ->> 'epoch')::integer AS epoch,
		(m.training ->> 'epochs')::integer AS epochs, (m.progress #>> '{history,-1,training_loss}')::double precision AS training_loss,
		(m.progress #>> '{history,-1,mae_db}')::double precision AS mae_db, (m.progress #>> '{best,mae_db}')::double precision AS best_mae_db,
		(m.progress ->> 'seconds_left')::double precision AS seconds_left, p.phase, p.done, p.total,
		m.progress ->> 'message' AS message
	FROM rpm.model AS m
	LEFT JOIN rpm.progress AS p ON p.pid = (m.progress ->> 'pid')::integer
	WHERE m.state = 'training';
COMMENT ON VIEW rpm.training IS 'trainings at work, and those that were stopped and can go on (rpm_train with resume); as of the last epoch';
COMMENT ON COLUMN rpm.training.model_id IS 'row of rpm.model';
COMMENT ON COLUMN rpm.training.name IS 'model';
COMMENT ON COLUMN rpm.training.version IS 'its version';
COMMENT ON COLUMN rpm.training.at_work IS 'false: it was stopped';
COMMENT ON COLUMN rpm.training.pid IS 'process that trains: a session, or a background worker';
COMMENT ON COLUMN rpm.training.run IS 'the run at work: each holds out a fold; the last of several learns from everything';
COMMENT ON COLUMN rpm.training.runs IS 'runs that hold out a fold';
COMMENT ON COLUMN rpm.training.epoch IS 'epochs of the run that have ended';
COMMENT ON COLUMN rpm.training.epochs IS 'of so many at most';
COMMENT ON COLUMN rpm.training.training_loss IS 'mean loss of the last epoch, in units of the target''s scale';
COMMENT ON COLUMN rpm.training.mae_db IS 'mean absolute error of the cells held out, after the last epoch, dB';
COMMENT ON COLUMN rpm.training.best_mae_db IS 'the least of them in this run, dB';
COMMENT ON COLUMN rpm.training.seconds_left IS 'at the mean time of an epoch so far; a run over everything not counted';
COMMENT ON COLUMN rpm.training.phase IS 'as in rpm.progress';
COMMENT ON COLUMN rpm.training.done IS 'batches and maps done in the epoch at work';
COMMENT ON COLUMN rpm.training.total IS 'of so many';
COMMENT ON COLUMN rpm.training.message IS 'why a background worker stopped';

REVOKE EXECUTE ON PROCEDURE @extschema@.rpm_train(text, text, text, text[], text, double precision, integer, text, integer, integer, integer, integer, integer,
	double precision, double precision, integer, boolean, double precision, bigint, regproc, boolean, text, boolean) FROM PUBLIC;
