-- Functions that print rows of the table: a line for a name from table truth (antenna_id, geom, level, reach_m) and forecasts of each of its antennas.
SET client_min_messages = warning;
CREATE TABLE forecast (antenna_id bigint, level float8, e float8, s float8);

CREATE FUNCTION row_of(label text) RETURNS text LANGUAGE sql AS $$
	SELECT format('| %s | %s, %s | %s / %s | %s | %s | %s | %s | %s |', label, antennas, (c).cell_count, round((c).mae_db::numeric, 2), round((c).rmse_db::numeric, 2), round((c).pcc::numeric, 3),
		round((c).smape::numeric, 4), round((c).r2::numeric, 3), round(coalesce((c).hole_f1, 0)::numeric, 3), covered)
	FROM (SELECT rpm_compare_points(e, level) AS c, count(DISTINCT antenna_id) AS antennas,
		format('%s %%, %s dB', round(100 * avg((abs(level - e) < 1.645 * s)::int), 1), round(avg(3.29 * s)::numeric, 1)) AS covered FROM forecast WHERE e IS NOT NULL) AS j $$;

-- By the model named, or where it is empty by the published law.
CREATE FUNCTION judged(label text, scene text, model text, cell float8, cells integer) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('rpm_pg.model', model, false);
	TRUNCATE forecast;
	INSERT INTO forecast
	SELECT t.antenna_id, t.level, ST_Value(m.rast, 1, t.geom), ST_Value(m.rast, 2, t.geom)
	FROM (SELECT a.antenna_id, rpm_predict(a.antenna_id, scene, CASE WHEN model = '' THEN 'empirical' ELSE 'network' END, cell_size_m => cell, size_cells => cells) AS rast
		FROM (SELECT DISTINCT antenna_id FROM truth) AS a OFFSET 0) AS m JOIN truth AS t USING (antenna_id)
	WHERE t.reach_m < cell * (cells - 4) / 2;
	RETURN row_of(label);
END $$;

-- What a training took, by the clock.
CREATE FUNCTION took(model text) RETURNS text LANGUAGE sql AS $$
	SELECT format('%s epochs, %s min', count(*), round(sum((h ->> 'seconds')::numeric) / 60, 1)) FROM rpm.model AS m, jsonb_array_elements(m.progress -> 'history') AS h WHERE m.name = model AND m.current $$;
