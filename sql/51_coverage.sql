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
