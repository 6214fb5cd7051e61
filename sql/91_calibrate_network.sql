/*
 * Fine-tuning a network to one site: rpm_calibrate(site, method => 'network').
 */
CREATE FUNCTION rpm.train_error() RETURNS double precision
	AS 'MODULE_PATHNAME', 'rpm_sql_train_error' LANGUAGE C VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION rpm.train_error() IS 'mean absolute error, dB, at what the run at work holds out, by its weights as they are; part of rpm_train';

CREATE FUNCTION rpm.model_of_site(model text, site bigint) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN format('%s, site %s', model, site);
COMMENT ON FUNCTION rpm.model_of_site(text, bigint) IS 'the name under which a model fine-tuned to a site is kept, and rpm_predict finds it';

/* In one transaction: what rpm_train does, from the model's weights and over the site's antennas, a fifth of the blocks of 100 m held out. */
CREATE FUNCTION rpm.calibrate_network(scene rpm.scene, site bigint, make_current boolean, max_iterations integer,
	OUT version integer, OUT current boolean, OUT compared_with integer, OUT error_before_db double precision, OUT error_after_db double precision,
	OUT duration_ms double precision, OUT parameters jsonb, OUT metrics jsonb)
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	began timestamptz := clock_timestamp();
	base rpm.model := rpm.model_row(coalesce(nullif(current_setting('rpm_pg.model', true), ''), 'default'), NULL);
	tuned text := rpm.model_of_site(base.name, site);
	standing integer := (SELECT m.version FROM rpm.model AS m WHERE m.name = rpm.model_of_site(base.name, site) AND m.current);
	antennas bigint[];
	id integer;
BEGIN
	EXECUTE format('SELECT array_agg(a.antenna_id ORDER BY a.antenna_id) FROM %s AS a WHERE a.site_id = $1 AND EXISTS (SELECT FROM %s AS m WHERE m.antenna_id = a.antenna_id)',
		scene.antenna_relation, scene.measurement_relation) INTO antennas USING site;
	IF antennas IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found', MESSAGE = format('site %s of scene "%s" has no measurement', site, scene.name),
			HINT = 'Fine-tuning learns from measurements of the site''s antennas.';
	END IF;
	id := rpm.train_begin(tuned, rpm.train_settings(scene.name, antennas, NULL, NULL, base.channels, base.declaration, base.cell_size_m, base.size_cells, 'block', 5, 1,
		coalesce(max_iterations, 30), 4, 0, 0.0005, 0.01, 0, false, 100, 1, (base.training ->> 'features')::regproc, base.name), false);
	PERFORM rpm.train_read(id);
	error_before_db := rpm.train_error();
	WHILE NOT rpm.train_step(id) LOOP
	END LOOP;
	SELECT m.version, m.metrics INTO version, metrics FROM rpm.model AS m WHERE m.model_id = id;
	error_after_db := (metrics ->> 'mae_db')::double precision;
	compared_with := base.version;
	current := coalesce(make_current, error_after_db < error_before_db, false);
	IF current THEN
		PERFORM rpm.model_make_current(tuned, version);
	ELSE
		UPDATE rpm.model AS m SET current = false WHERE m.model_id = id;
		UPDATE rpm.model AS m SET current = true WHERE m.name = tuned AND m.version = standing;
	END IF;
	parameters := jsonb_build_object('model', tuned, 'version', version, 'start', base.name, 'start_version', base.version);
	duration_ms := 1000 * extract(epoch FROM clock_timestamp() - began);
END
$$;
COMMENT ON FUNCTION rpm.calibrate_network(rpm.scene, bigint, boolean, integer) IS 'rpm_calibrate with method network';
