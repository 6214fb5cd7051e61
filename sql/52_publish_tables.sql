/*
 * Tables of published products: how they are made, filled and constrained.  rpm_publish calls these.
 */

/* Runs with messages of PostGIS ("Adding SRID constraint") left out. */
CREATE FUNCTION rpm.constrain_raster(table_schema name, table_name name) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET client_min_messages = warning
AS $$
BEGIN
	PERFORM DropRasterConstraints(table_schema, table_name, 'rast'::name);
	PERFORM AddRasterConstraints(table_schema, table_name, 'rast'::name);
END
$$;
COMMENT ON FUNCTION rpm.constrain_raster(name, name) IS 'sets the raster constraints of a product''s table anew, from what is in it';

CREATE FUNCTION rpm.create_product_table(table_schema name, table_name name, per_antenna boolean) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	relation text := format('%I.%I', table_schema, table_name);
BEGIN
	EXECUTE format('CREATE TABLE %s (rid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, %s rast raster NOT NULL,
		computed_at timestamptz NOT NULL DEFAULT now())', relation, CASE WHEN per_antenna THEN 'antenna_id bigint NOT NULL,' END);
	EXECUTE format('CREATE INDEX ON %s USING gist (ST_ConvexHull(rast))', relation);
	EXECUTE format('COMMENT ON COLUMN %s.rid IS ''key''', relation);
	EXECUTE format('COMMENT ON COLUMN %s.rast IS ''one tile''', relation);
	EXECUTE format('COMMENT ON COLUMN %s.computed_at IS ''when it was published''', relation);
	IF per_antenna THEN
		EXECUTE format('CREATE INDEX ON %s (antenna_id)', relation);
		EXECUTE format('COMMENT ON COLUMN %s.antenna_id IS ''the antenna whose map this is''', relation);
	END IF;
END
$$;
COMMENT ON FUNCTION rpm.create_product_table(name, name, boolean) IS 'table of a published product, with key and spatial index';

CREATE FUNCTION rpm.drop_raster_constraints(table_schema name, table_name name) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET client_min_messages = warning
AS $$
BEGIN
	PERFORM DropRasterConstraints(table_schema, table_name, 'rast'::name);
END
$$;
COMMENT ON FUNCTION rpm.drop_raster_constraints(name, name) IS 'drops the raster constraints of a product''s table';

/* Tiles of at most 256 x 256 cells, of equal size where it divides, of an even one always: halved, they still tile the whole. */
CREATE FUNCTION rpm.cut(rast raster) RETURNS SETOF raster
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10
BEGIN ATOMIC
	SELECT ST_Tile(rast, 2 * ceil(ST_Width(rast) / ceil(ST_Width(rast) / 256.0) / 2)::integer,
		2 * ceil(ST_Height(rast) / ceil(ST_Height(rast) / 256.0) / 2)::integer);
END;
COMMENT ON FUNCTION rpm.cut(raster) IS 'tiles of at most 256 x 256 cells';

/*
 * Adds to pg_temp.rpm_tiles the tiles of overviews 2, 4, 8, ... until the whole fits into one tile, and returns the last factor: nearest
 * cells on the product's own grid, each antenna by itself, every factor from the one before.
 */
CREATE FUNCTION rpm.coarsen_tiles(whole geometry, cell_width double precision, cell_height double precision) RETURNS integer
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	cells double precision := greatest((ST_XMax(whole) - ST_XMin(whole)) / cell_width, (ST_YMax(whole) - ST_YMin(whole)) / cell_height);
	finer integer := 1;
BEGIN
	LOOP
		INSERT INTO pg_temp.rpm_tiles (factor, antenna_id, rast)
		SELECT finer * 2, c.antenna_id, rpm.cut(c.rast)
		FROM (
			SELECT t.antenna_id,
				ST_Union(ST_Resample(t.rast, cell_width * finer * 2, -cell_height * finer * 2, ST_XMin(whole), ST_YMax(whole))) AS rast
			FROM pg_temp.rpm_tiles AS t WHERE t.factor = finer GROUP BY t.antenna_id) AS c;
		finer := finer * 2;
		EXIT WHEN cells / finer <= 256;
	END LOOP;
	RETURN finer;
END
$$;
COMMENT ON FUNCTION rpm.coarsen_tiles(geometry, double precision, double precision) IS 'makes the tiles of a product''s overviews';

/*
 * Replaces rows by the tiles of one factor in pg_temp.rpm_tiles: all of them, or those of the antennas named.  Deleted and inserted in
 * one transaction: a reader sees the old rows until it ends, and the new ones after.
 */
CREATE FUNCTION rpm.replace_tiles(table_schema name, table_name name, tile_factor integer, antennas bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	relation text := format('%I.%I', table_schema, table_name);
	columns text := CASE WHEN EXISTS (SELECT FROM pg_temp.rpm_tiles AS t WHERE t.antenna_id IS NOT NULL) THEN 'antenna_id, rast' ELSE 'rast' END;
BEGIN
	IF antennas IS NULL THEN
		EXECUTE format('DELETE FROM %s', relation);
	ELSE
		EXECUTE format('DELETE FROM %s WHERE antenna_id = ANY ($1)', relation) USING antennas;
	END IF;
	EXECUTE format('INSERT INTO %1$s (%2$s) SELECT %2$s FROM pg_temp.rpm_tiles WHERE factor = $1', relation, columns) USING tile_factor;
END
$$;
COMMENT ON FUNCTION rpm.replace_tiles(name, name, integer, bigint[]) IS 'replaces a product''s rows, or those of some antennas, by the tiles just made';

/*
 * Makes or refreshes one table of a product.  Where the grid is as before (same_grid), the new rows obey the constraints that are there
 * and no reader waits; otherwise they are set anew, behind a lock that lasts to the end of the transaction.
 */
CREATE FUNCTION rpm.store_tiles(table_schema name, table_name name, tile_factor integer, antennas bigint[], same_grid boolean) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
BEGIN
	IF to_regclass(format('%I.%I', table_schema, table_name)) IS NULL THEN
		PERFORM rpm.create_product_table(table_schema, table_name, EXISTS (SELECT FROM pg_temp.rpm_tiles AS t WHERE t.antenna_id IS NOT NULL));
		PERFORM rpm.replace_tiles(table_schema, table_name, tile_factor, NULL);
		PERFORM rpm.constrain_raster(table_schema, table_name);
		RETURN;
	END IF;

	IF same_grid THEN
		BEGIN
			PERFORM rpm.replace_tiles(table_schema, table_name, tile_factor, antennas);
			RETURN;
		EXCEPTION WHEN check_violation THEN
			NULL;
		END;
	END IF;
	PERFORM rpm.drop_raster_constraints(table_schema, table_name);
	PERFORM rpm.replace_tiles(table_schema, table_name, tile_factor, antennas);
	PERFORM rpm.constrain_raster(table_schema, table_name);
END
$$;
COMMENT ON FUNCTION rpm.store_tiles(name, name, integer, bigint[], boolean) IS 'makes or refreshes one table of a product, with its raster constraints';

CREATE FUNCTION rpm.store_overview(table_schema name, table_name name, tile_factor integer, antennas bigint[], same_grid boolean) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT SET client_min_messages = warning
AS $$
DECLARE
	overview name := format('o_%s_%s', tile_factor, table_name);
	is_new boolean := to_regclass(format('%I.%I', table_schema, overview)) IS NULL;
BEGIN
	PERFORM rpm.store_tiles(table_schema, overview, tile_factor, antennas, same_grid);
	IF is_new THEN
		PERFORM AddOverviewConstraints(table_schema, overview, 'rast'::name, table_schema, table_name, 'rast'::name, tile_factor);
		EXECUTE format('COMMENT ON TABLE %I.%I IS %L', table_schema, overview, format('overview of %s, factor %s', table_name, tile_factor));
	END IF;
END
$$;
COMMENT ON FUNCTION rpm.store_overview(name, name, integer, bigint[], boolean) IS 'makes or refreshes the overview of one factor';

CREATE FUNCTION rpm.has_overviews(table_schema name, table_name name) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT
AS $$
BEGIN
	RETURN EXISTS (SELECT FROM raster_overviews AS o
		WHERE o.r_table_schema = has_overviews.table_schema AND o.r_table_name = has_overviews.table_name
			AND o.o_table_schema = has_overviews.table_schema);
END
$$;
COMMENT ON FUNCTION rpm.has_overviews(name, name) IS 'whether a product''s table has overviews';

/* Overviews coarser than the one named; 0: all of them. */
CREATE FUNCTION rpm.drop_overviews(table_schema name, table_name name, above_factor integer) RETURNS void
LANGUAGE plpgsql SET search_path FROM CURRENT
AS $$
DECLARE
	overview name;
BEGIN
	FOR overview IN
		SELECT o.o_table_name FROM raster_overviews AS o
		WHERE o.r_table_schema = drop_overviews.table_schema AND o.r_table_name = drop_overviews.table_name
			AND o.o_table_schema = drop_overviews.table_schema AND o.overview_factor > above_factor
	LOOP
		EXECUTE format('DROP TABLE %I.%I', table_schema, overview);
	END LOOP;
END
$$;
COMMENT ON FUNCTION rpm.drop_overviews(name, name, integer) IS 'drops the overviews of a product''s table above a factor';
