\echo Use "CREATE EXTENSION rpm_pg" to load this file. \quit

/*
 * The fixed schema of the tables and of what serves them.  The functions for users, rpm_*, go to the schema of CREATE EXTENSION.
 *
 * Functions in PL/pgSQL take SET search_path FROM CURRENT: while this script runs the path is the extension's schema, the schemas of
 * PostGIS and pg_temp, and nothing of it depends on who calls or on pg_restore's empty path.
 */
CREATE SCHEMA rpm;
COMMENT ON SCHEMA rpm IS 'rpm_pg: scenes, buildings, antennas, materials and the catalogue of published coverage';
GRANT USAGE ON SCHEMA rpm TO PUBLIC;

/*
 * The right-hand side of the tables' CHECK constraints: CHECK (what must hold OR rpm.refuse(...)).  Called for bad rows only, so good
 * rows pay for one comparison.  STRICT: a problem that is NULL (the value is NULL) refuses nothing.
 */
CREATE FUNCTION rpm.refuse(relation text, row_key text, problem text, remedy text) RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION USING
		ERRCODE = 'check_violation',
		MESSAGE = format('%s, %s: %s', relation, row_key, problem),
		HINT = remedy,
		SCHEMA = split_part(relation, '.', 1),
		TABLE = split_part(relation, '.', 2);
END
$$;
COMMENT ON FUNCTION rpm.refuse(text, text, text, text) IS
	'raises the error of a CHECK constraint: names relation and row, says the remedy (SQLSTATE 23514)';

/*
 * Rows that come with the extension (builtin) are left out of dumps.  With key columns as arguments: a builtin row that a user changes
 * becomes the user's and is dumped, and a user's row with the key of a builtin row takes its place, so that a restore finds the same.
 * Without arguments: builtin rows cannot be changed.
 */
CREATE FUNCTION rpm.keep_builtin_rows() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	relation text := format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME);
	key_match text;
BEGIN
	IF TG_OP = 'DELETE' THEN
		IF OLD.builtin AND pg_trigger_depth() = 1 THEN
			PERFORM rpm.refuse(relation, to_jsonb(OLD) ->> 'name', 'a row that comes with the extension cannot be deleted',
				'It would be back after a restore; leave it unused.');
		END IF;
		RETURN OLD;
	END IF;

	IF TG_OP = 'INSERT' AND NEW.builtin THEN
		PERFORM rpm.refuse(relation, to_jsonb(NEW) ->> 'name', 'builtin is true in the row of a user',
			'Leave builtin out: rows that come with the extension are not dumped.');
	END IF;

	IF TG_OP = 'UPDATE' THEN
		IF OLD.builtin AND TG_NARGS = 0 THEN
			PERFORM rpm.refuse(relation, to_jsonb(OLD) ->> 'name', 'a row that comes with the extension cannot be changed',
				'Insert your own row under another name and name that one.');
		END IF;
		NEW.builtin := false;
		RETURN NEW;
	END IF;

	IF TG_NARGS > 0 THEN
		SELECT string_agg(format('%1$I = ($1).%1$I', key_column), ' AND ') INTO key_match FROM unnest(TG_ARGV) AS key_column;
		EXECUTE format('DELETE FROM %s WHERE builtin AND %s', relation, key_match) USING NEW;
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION rpm.keep_builtin_rows() IS
	'trigger: builtin rows stay out of dumps, and what users change of them stays in';
