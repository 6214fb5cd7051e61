/*
 * Suspicious measurements, and what the levels say of an antenna's azimuth.
 *
 * The relations differ from scene to scene, so each function makes the text of one query and runs it; rpm.*_query give the text, for EXPLAIN.
 */

CREATE TYPE rpm.azimuth_estimate AS (
	row_count bigint,
	azimuth_deg double precision,
	standard_error_deg double precision,
	amplitude_db double precision,
	amplitude_error_db double precision,
	residual_db double precision);
COMMENT ON TYPE rpm.azimuth_estimate IS 'direction in which levels are highest, from the fit level = a + b log10(d) + c cos(bearing - azimuth); null where there is no fit';
COMMENT ON COLUMN rpm.azimuth_estimate.row_count IS 'rows of the fit';
COMMENT ON COLUMN rpm.azimuth_estimate.azimuth_deg IS 'clockwise from the north that the offsets are in, 0 to 360';
COMMENT ON COLUMN rpm.azimuth_estimate.standard_error_deg IS 'its standard error, rows taken as independent';
COMMENT ON COLUMN rpm.azimuth_estimate.amplitude_db IS 'c: half of front to back';
COMMENT ON COLUMN rpm.azimuth_estimate.amplitude_error_db IS 'its standard error';
COMMENT ON COLUMN rpm.azimuth_estimate.residual_db IS 'standard deviation of what remains';

CREATE FUNCTION rpm.azimuth_add(state double precision[], east_m double precision, north_m double precision, level_dbm double precision)
	RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'rpm_sql_azimuth_add' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION rpm.azimuth_add(double precision[], double precision, double precision, double precision) IS 'transition function of rpm.azimuth_fit';

CREATE FUNCTION rpm.azimuth_merge(state double precision[], other double precision[]) RETURNS double precision[]
	AS 'MODULE_PATHNAME', 'rpm_sql_azimuth_merge' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rpm.azimuth_merge(double precision[], double precision[]) IS 'combine function of rpm.azimuth_fit';

CREATE FUNCTION rpm.azimuth_final(state double precision[]) RETURNS rpm.azimuth_estimate
	AS 'MODULE_PATHNAME', 'rpm_sql_azimuth_final' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rpm.azimuth_final(double precision[]) IS 'final function of rpm.azimuth_fit';

CREATE AGGREGATE rpm.azimuth_fit(east_m double precision, north_m double precision, level_dbm double precision) (
	SFUNC = rpm.azimuth_add, STYPE = double precision[], COMBINEFUNC = rpm.azimuth_merge, FINALFUNC = rpm.azimuth_final,
	INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}', PARALLEL = SAFE);
COMMENT ON AGGREGATE rpm.azimuth_fit(double precision, double precision, double precision) IS
	'azimuth in which levels are highest, from offsets to an antenna and levels; give means over blocks, since neighbours are shadowed alike';

/* Angles from -180 to 180 degrees. */
CREATE FUNCTION rpm.angle_between(a_deg double precision, b_deg double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT (a_deg - b_deg) - 360 * floor((a_deg - b_deg + 180) / 360);
END;
COMMENT ON FUNCTION rpm.angle_between(double precision, double precision) IS 'a - b as an angle from -180 to below 180 degrees';

/* The two tables that the queries start from: antennas with their tile, and rows with their place in the scene's SRID. */
CREATE FUNCTION rpm.measurement_tables(source record, antennas bigint[], cell_size_m double precision, columns integer, rows integer) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path FROM CURRENT
AS $$
DECLARE
	cell double precision := coalesce(cell_size_m, source.cell_size_m);
	wanted text := CASE WHEN antennas IS NULL THEN 'true' ELSE format('s.antenna_id = ANY (%L::bigint[])', antennas) END;
BEGIN
	RETURN format($query$
		WITH antenna AS MATERIALIZED (
			SELECT s.antenna_id::bigint, %1$s AS site_id, %2$s AS azimuth_deg, s.geom, ST_X(s.geom) AS x, ST_Y(s.geom) AS y,
				rpm.tile_first_cell(ST_X(s.geom), %3$s, %4$s) * %3$s AS west, rpm.tile_first_cell(ST_Y(s.geom), %3$s, %5$s) * %3$s AS south
			FROM %6$s AS s
			WHERE CASE WHEN GeometryType(s.geom) = 'POINT' AND ST_SRID(s.geom) = %7$s THEN abs(ST_X(s.geom)) < 'Infinity' AND abs(ST_Y(s.geom)) < 'Infinity' END AND %8$s
		), measured AS (
			SELECT q.measurement_id, q.antenna_id, q.level_dbm, q.measured_at, ST_X(q.geom) AS x, ST_Y(q.geom) AS y
			FROM (SELECT %9$s AS measurement_id, s.antenna_id::bigint, s.rsrp_dbm::double precision AS level_dbm, %10$s AS measured_at,
					CASE WHEN GeometryType(s.geom) NOT IN ('POINT', 'POINTM') THEN NULL WHEN ST_SRID(s.geom) = %7$s THEN s.geom ELSE rpm.point_in_srid(s.geom, %7$s) END AS geom
				FROM %11$s AS s WHERE %8$s) AS q)
		$query$, rpm.staged_column(source.antenna_relation, 'site_id', 'bigint'), rpm.staged_column(source.antenna_relation, 'azimuth_deg', 'double precision'),
		cell, columns, rows, source.antenna_relation, source.srid, wanted, rpm.staged_column(source.measurement_relation, 'measurement_id', 'bigint'),
		rpm.staged_column(source.measurement_relation, 'measured_at', 'timestamptz'), source.measurement_relation);
END
$$;
COMMENT ON FUNCTION rpm.measurement_tables(record, bigint[], double precision, integer, integer) IS
	'the WITH clause of the queries on measurements: antennas with their tiles, measurements with their places';

/* Tables that follow: means over blocks inside the tile, which neighbouring antennas share; the fit of each antenna and of pairs of one site. */
CREATE FUNCTION rpm.azimuth_tables(cell_size_m double precision, columns integer, rows integer, block_m double precision, nearest_m double precision) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE SET search_path FROM CURRENT
BEGIN ATOMIC
	SELECT format($query$, block AS MATERIALIZED (
			SELECT m.antenna_id, floor(m.x / %1$s) AS block_x, floor(m.y / %1$s) AS block_y, avg(m.x - a.x) AS east, avg(m.y - a.y) AS north, avg(m.level_dbm) AS level_dbm
			FROM measured AS m JOIN antenna AS a USING (antenna_id)
			WHERE m.x >= a.west AND m.x < a.west + %2$s AND m.y > a.south AND m.y <= a.south + %3$s AND m.level_dbm BETWEEN -300 AND 100
				AND (m.x - a.x) * (m.x - a.x) + (m.y - a.y) * (m.y - a.y) > %4$s
			GROUP BY 1, 2, 3
		), azimuth AS MATERIALIZED (
			SELECT f.*, rpm.angle_between(f.measured_azimuth_deg, f.azimuth_deg) AS difference_deg
			FROM (SELECT a.antenna_id, a.site_id, a.azimuth_deg, mod(((e.fit).azimuth_deg + c.convergence + 360)::numeric, 360)::double precision AS measured_azimuth_deg,
					(e.fit).standard_error_deg, (e.fit).amplitude_db, (e.fit).row_count AS block_count, c.convergence
				FROM antenna AS a JOIN (SELECT b.antenna_id, rpm.azimuth_fit(b.east, b.north, b.level_dbm) AS fit FROM block AS b GROUP BY 1) AS e USING (antenna_id),
					LATERAL (SELECT rpm_grid_convergence(a.geom) AS convergence) AS c) AS f)
		$query$, block_m, columns * cell_size_m, rows * cell_size_m, nearest_m * nearest_m);
END;
COMMENT ON FUNCTION rpm.azimuth_tables(double precision, integer, integer, double precision, double precision) IS 'the rest of that WITH clause where azimuths are estimated';

CREATE FUNCTION rpm.check_problem_arguments(antennas bigint[], cell_size_m double precision, columns integer, rows integer, block_m double precision) RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	problem text := CASE
		WHEN cardinality(antennas) = 0 THEN 'antennas is an empty array'
		WHEN array_position(antennas, NULL) IS NOT NULL THEN 'antennas has a null'
		WHEN NOT (cell_size_m >= 0.01 AND cell_size_m <= 100000) THEN 'cell_size_m is ' || cell_size_m
		WHEN (columns BETWEEN 1 AND 65535 AND rows BETWEEN 1 AND 65535) IS NOT TRUE THEN format('columns x rows is %s x %s', columns, rows)
		WHEN (block_m >= 1 AND block_m <= 100000) IS NOT TRUE THEN 'block_m is ' || coalesce(block_m::text, 'null') END;
BEGIN
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = problem,
			HINT = 'Leave it out for its default; tiles have 1 to 65535 cells each way, of 0.01 m to 100 km, blocks 1 m to 100 km.';
	END IF;
END
$$;
COMMENT ON FUNCTION rpm.check_problem_arguments(bigint[], double precision, integer, integer, double precision) IS 'refuses what no tile or block can be';

CREATE FUNCTION rpm_measured_azimuth(scene text DEFAULT NULL, antennas bigint[] DEFAULT NULL,
	block_m double precision DEFAULT 50,
	nearest_m double precision DEFAULT 20,
	cell_size_m double precision DEFAULT NULL,
	columns integer DEFAULT 512,
	rows integer DEFAULT 512)
RETURNS TABLE (antenna_id bigint, site_id bigint, azimuth_deg double precision, measured_azimuth_deg double precision, standard_error_deg double precision,
	difference_deg double precision, amplitude_db double precision, block_count bigint)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000000 ROWS 100 SET search_path FROM CURRENT SET jit = off
AS $$
DECLARE
	source record;
	unknown bigint;
BEGIN
	PERFORM rpm.check_problem_arguments(antennas, cell_size_m, columns, rows, block_m);
	IF (nearest_m >= 0 AND nearest_m <= 100000) IS NOT TRUE THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'nearest_m is ' || coalesce(nearest_m::text, 'null'), HINT = 'Give metres, 0 or more.';
	END IF;
	SELECT * INTO source FROM rpm.measurement_source(scene, antennas[1]);
	EXECUTE format('SELECT i FROM unnest($1) AS i WHERE NOT EXISTS (SELECT FROM %s AS a WHERE a.antenna_id = i) LIMIT 1', source.antenna_relation) INTO unknown USING antennas;
	IF unknown IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object', MESSAGE = format('%s has no antenna %s', source.antenna_relation, unknown),
			HINT = format('SELECT antenna_id FROM %s lists the antennas that you may see.', source.antenna_relation);
	END IF;
	RETURN QUERY EXECUTE concat(rpm.measurement_tables(source, antennas, cell_size_m, columns, rows),
		rpm.azimuth_tables(coalesce(cell_size_m, source.cell_size_m), columns, rows, block_m, nearest_m),
		'SELECT antenna_id, site_id, azimuth_deg, measured_azimuth_deg, standard_error_deg, difference_deg, amplitude_db, block_count FROM azimuth ORDER BY 1');
END
$$;
COMMENT ON FUNCTION rpm_measured_azimuth(text, bigint[], double precision, double precision, double precision, integer, integer) IS
	'azimuth of each antenna as its measured levels tell it (clockwise from true north), with its standard error, beside the declared one';

/* The text of the query of rpm_measurement_problems: one part for each reason asked for. */
CREATE FUNCTION rpm.measurement_problems_query(scene text DEFAULT NULL, antennas bigint[] DEFAULT NULL, reasons text[] DEFAULT NULL,
	cell_size_m double precision DEFAULT NULL, columns integer DEFAULT 512, rows integer DEFAULT 512,
	lowest_dbm double precision DEFAULT -140, highest_dbm double precision DEFAULT -44, far_m double precision DEFAULT 10000,
	least_rows integer DEFAULT 30, block_m double precision DEFAULT 50, least_azimuth_error_deg double precision DEFAULT 90, sigmas double precision DEFAULT 4)
RETURNS text
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SET search_path FROM CURRENT
AS $$
DECLARE
	known CONSTANT text[] := '{position,unknown_antenna,impossible_level,outside_tile,far,duplicate,one_level,azimuth,swapped}';
	wanted text[] := coalesce(reasons, known);
	unknown text := (SELECT string_agg(coalesce(r, 'null'), ', ') FROM unnest(reasons) AS r WHERE r IS NULL OR r <> ALL (known));
	source record;
	cell double precision;
	parts text[] := '{}';
BEGIN
	PERFORM rpm.check_problem_arguments(antennas, cell_size_m, columns, rows, block_m);
	IF unknown IS NOT NULL OR cardinality(wanted) = 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = concat('reasons ', CASE WHEN unknown IS NULL THEN 'is an empty array' ELSE 'has ' || unknown END),
			HINT = format('Use %s.', array_to_string(known, ', '));
	ELSIF (lowest_dbm < highest_dbm AND far_m > 0 AND least_rows >= 2 AND least_azimuth_error_deg BETWEEN 0 AND 180 AND sigmas > 0) IS NOT TRUE THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = concat('a threshold cannot be: ', concat_ws(', ', 'lowest_dbm ' || lowest_dbm, 'highest_dbm ' || highest_dbm, 'far_m ' || far_m,
				'least_rows ' || least_rows, 'least_azimuth_error_deg ' || least_azimuth_error_deg, 'sigmas ' || sigmas)),
			HINT = 'lowest_dbm lies below highest_dbm, far_m and sigmas are above 0, least_rows is 2 or more, least_azimuth_error_deg 0 to 180; none is null.';
	END IF;
	SELECT * INTO source FROM rpm.measurement_source(scene, antennas[1]);
	cell := coalesce(cell_size_m, source.cell_size_m);

	IF wanted && '{position,unknown_antenna,impossible_level,outside_tile,far}' THEN
		parts := parts || format($query$
			SELECT p.reason, m.antenna_id, m.measurement_id, p.value, p.detail
			FROM (SELECT m.*, CASE WHEN a.antenna_id IS NULL THEN (m.antenna_id NOT IN (SELECT s.antenna_id FROM %1$s AS s WHERE s.antenna_id IS NOT NULL)) IS NOT FALSE ELSE false END AS is_unknown,
					abs(m.x) < 'Infinity' AND abs(m.y) < 'Infinity' AS has_place,
					NOT (m.level_dbm BETWEEN %2$s AND %3$s) AS is_impossible,
					NOT (m.x >= a.west AND m.x < a.west + %4$s AND m.y > a.south AND m.y <= a.south + %5$s) AS is_outside,
					sqrt((m.x - a.x) * (m.x - a.x) + (m.y - a.y) * (m.y - a.y)) AS distance_m
				FROM measured AS m LEFT JOIN antenna AS a USING (antenna_id)) AS m,
				LATERAL (VALUES
					('position', m.has_place IS NOT TRUE, NULL::double precision, 'no point with finite coordinates that the scene''s SRID can hold'),
					('unknown_antenna', m.is_unknown, NULL, %6$L),
					('impossible_level', m.is_impossible, m.level_dbm, format('%%s dBm, outside %2$s to %3$s', round(m.level_dbm::numeric, 1))),
					('outside_tile', m.has_place AND m.is_outside, m.distance_m, format('%%s m from the antenna', round(m.distance_m))),
					('far', m.has_place AND (m.distance_m > %7$s OR m.distance_m IS NULL) AND CASE WHEN m.has_place THEN NOT EXISTS (
						SELECT FROM %1$s AS s WHERE ST_DWithin(s.geom, ST_SetSRID(ST_MakePoint(m.x, m.y), %8$s), %7$s)) END,
						m.distance_m, 'no antenna within %7$s m')) AS p (reason, is_so, value, detail)
			WHERE (m.has_place IS NOT TRUE OR m.is_unknown OR m.is_impossible OR m.is_outside) AND p.is_so AND p.reason = ANY (%9$L) $query$,
			source.antenna_relation, lowest_dbm, highest_dbm, columns * cell, rows * cell, source.antenna_relation || ' has no such antenna', far_m, source.srid, wanted);
	END IF;
	IF 'duplicate' = ANY (wanted) THEN
		parts := parts || $query$
			SELECT 'duplicate', m.antenna_id, m.measurement_id, d.row_count, concat('same antenna, place and time', ' as measurement_id ' || d.first_id)
			FROM measured AS m JOIN (
				SELECT antenna_id, x, y, coalesce(measured_at, '-infinity') AS at, min(measurement_id) AS first_id, count(*)::double precision AS row_count
				FROM measured WHERE x IS NOT NULL GROUP BY 1, 2, 3, 4 HAVING count(*) > 1) AS d
				ON d.antenna_id = m.antenna_id AND d.x = m.x AND d.y = m.y AND d.at = coalesce(m.measured_at, '-infinity')
			WHERE m.measurement_id > d.first_id OR d.first_id IS NULL $query$::text;
	END IF;
	IF 'one_level' = ANY (wanted) THEN
		parts := parts || format($query$
			SELECT 'one_level', antenna_id, NULL::bigint, min(level_dbm), format('all %%s rows are at %%s dBm', count(*), min(level_dbm))
			FROM measured WHERE level_dbm IS NOT NULL GROUP BY antenna_id HAVING count(*) >= %s AND min(level_dbm) = max(level_dbm) $query$, least_rows);
	END IF;
	IF wanted && '{azimuth,swapped}' THEN
		parts := parts || rpm.azimuth_problems_query(wanted, least_azimuth_error_deg, sigmas);
	END IF;
	RETURN concat(rpm.measurement_tables(source, antennas, cell_size_m, columns, rows),
		CASE WHEN wanted && '{azimuth,swapped}' THEN rpm.azimuth_tables(cell, columns, rows, block_m, 20) || rpm.swapped_table(sigmas) END,
		'SELECT * FROM (', array_to_string(parts, ' UNION ALL '), ') AS p (reason, antenna_id, measurement_id, value, detail)');
END
$$;
COMMENT ON FUNCTION rpm.measurement_problems_query(text, bigint[], text[], double precision, integer, integer, double precision, double precision, double precision,
	integer, double precision, double precision, double precision) IS 'text of the query of rpm_measurement_problems, for EXPLAIN';

/*
 * Pairs of one site whose levels differ, over the blocks where both were measured, against the way in which their azimuths say: what shadows
 * both alike has gone from the difference.  And each one's own levels fit the other's azimuth better.
 */
CREATE FUNCTION rpm.swapped_table(sigmas double precision) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT
BEGIN ATOMIC
	SELECT format($query$, at_site AS (
			SELECT b.*, a.site_id FROM block AS b JOIN antenna AS a USING (antenna_id) WHERE a.site_id IS NOT NULL
		), pair AS (
			SELECT b.antenna_id AS first_id, c.antenna_id AS second_id, rpm.azimuth_fit(b.east, b.north, b.level_dbm - c.level_dbm) AS fit
			FROM at_site AS b JOIN at_site AS c ON c.site_id = b.site_id AND c.block_x = b.block_x AND c.block_y = b.block_y AND c.antenna_id > b.antenna_id
			GROUP BY 1, 2
		), swapped AS MATERIALIZED (
			SELECT q.*
			FROM (SELECT p.*, i.azimuth_deg AS first_deg, j.azimuth_deg AS second_deg, i.measured_azimuth_deg AS first_measured_deg,
					j.measured_azimuth_deg AS second_measured_deg,
					abs(rpm.angle_between((p.fit).azimuth_deg + i.convergence, degrees(atan2(sind(i.azimuth_deg) - sind(j.azimuth_deg),
						cosd(i.azimuth_deg) - cosd(j.azimuth_deg))))) AS apart_deg
				FROM pair AS p JOIN azimuth AS i ON i.antenna_id = p.first_id JOIN azimuth AS j ON j.antenna_id = p.second_id
				WHERE abs(rpm.angle_between(i.azimuth_deg, j.azimuth_deg)) >= 30) AS q
			WHERE q.apart_deg >= 135 AND q.apart_deg - %1$s * (q.fit).standard_error_deg > 90
				AND abs(rpm.angle_between(q.first_measured_deg, q.second_deg)) < abs(rpm.angle_between(q.first_measured_deg, q.first_deg))
				AND abs(rpm.angle_between(q.second_measured_deg, q.first_deg)) < abs(rpm.angle_between(q.second_measured_deg, q.second_deg)))
		$query$, sigmas);
END;
COMMENT ON FUNCTION rpm.swapped_table(double precision) IS 'the last tables of that WITH clause: pairs of antennas of one site that are swapped';

CREATE FUNCTION rpm.azimuth_problems_query(wanted text[], least_azimuth_error_deg double precision, sigmas double precision) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT
BEGIN ATOMIC
	SELECT format($query$
		SELECT 'swapped', p.antenna_id, NULL::bigint, p.measured_azimuth_deg,
			format('with antenna %%s of its site: azimuth_deg is %%s, the levels say %%s, the other''s is %%s', p.other_id, p.azimuth_deg, round(p.measured_azimuth_deg), p.other_deg)
		FROM (SELECT first_id AS antenna_id, first_deg AS azimuth_deg, first_measured_deg AS measured_azimuth_deg, second_id AS other_id, second_deg AS other_deg FROM swapped
			UNION ALL SELECT second_id, second_deg, second_measured_deg, first_id, first_deg FROM swapped) AS p
		WHERE 'swapped' = ANY (%1$L)
		UNION ALL
		SELECT 'azimuth', a.antenna_id, NULL, a.measured_azimuth_deg,
			format('azimuth_deg is %%s, the levels say %%s +- %%s', a.azimuth_deg, round(a.measured_azimuth_deg), round(a.standard_error_deg))
		FROM azimuth AS a
		WHERE 'azimuth' = ANY (%1$L) AND abs(a.difference_deg) >= %2$s AND abs(a.difference_deg) > %3$s * a.standard_error_deg
			AND NOT ('swapped' = ANY (%1$L) AND EXISTS (SELECT FROM swapped AS s WHERE a.antenna_id IN (s.first_id, s.second_id)))
		$query$, wanted, least_azimuth_error_deg, sigmas);
END;
COMMENT ON FUNCTION rpm.azimuth_problems_query(text[], double precision, double precision) IS 'the part of rpm_measurement_problems about azimuths';

CREATE FUNCTION rpm_measurement_problems(scene text DEFAULT NULL, antennas bigint[] DEFAULT NULL, reasons text[] DEFAULT NULL,
	cell_size_m double precision DEFAULT NULL, columns integer DEFAULT 512, rows integer DEFAULT 512,
	lowest_dbm double precision DEFAULT -140, highest_dbm double precision DEFAULT -44, far_m double precision DEFAULT 10000,
	least_rows integer DEFAULT 30, block_m double precision DEFAULT 50, least_azimuth_error_deg double precision DEFAULT 90, sigmas double precision DEFAULT 4)
RETURNS TABLE (reason text, antenna_id bigint, measurement_id bigint, value double precision, detail text)
LANGUAGE plpgsql STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000 SET search_path FROM CURRENT SET jit = off
AS $$
BEGIN
	RETURN QUERY EXECUTE rpm.measurement_problems_query(scene, antennas, reasons, cell_size_m, columns, rows, lowest_dbm, highest_dbm, far_m,
		least_rows, block_m, least_azimuth_error_deg, sigmas);
END
$$;
COMMENT ON FUNCTION rpm_measurement_problems(text, bigint[], text[], double precision, integer, integer, double precision, double precision, double precision,
	integer, double precision, double precision, double precision) IS
	'suspicious measurements by id, and suspicious antennas, each with a reason: position, unknown_antenna, impossible_level, outside_tile, far, duplicate, one_level, azimuth, swapped';
