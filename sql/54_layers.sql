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
