#!/usr/bin/env bash
# rpm_features and rpm_predict by a network through SQL, by the clock: milliseconds, the least and the median of calls of one session after the first,
# over a town of 8000 made-up buildings in cells of 5 m; and the default model's network alone (bench_default_model), of which a prediction is a multiple.
#
#   bash test/bench/features.sh [CALLS]     (after `make bench`; default 40; PGHOST, PGPORT and PGUSER name the server; makes and drops a database)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
calls=${1:-40}
database=rpm_bench_features
trap 'psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $database" 2>/dev/null' EXIT

sql()
{
	psql -X -q -t -A -v ON_ERROR_STOP=1 -d "$database" "$@"
}

psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $database" -c "CREATE DATABASE $database" 2>/dev/null
PGOPTIONS='-c client_min_messages=warning' sql -v calls="$calls" <<-'SQL'
	CREATE EXTENSION rpm_pg CASCADE;
	INSERT INTO rpm.building (geom, height_m)
	SELECT ST_SetSRID(ST_MakeEnvelope(x, y, x + 10 + 20 * width, y + 10 + 20 * depth), 32632), 5 + 25 * height
	FROM (SELECT setseed(0.3)) AS seed, LATERAL (SELECT 691000 + 2560 * random() AS x, 5336000 + 2560 * random() AS y, random() AS width, random() AS depth,
		random() AS height FROM generate_series(1, 8000)) AS b;
	INSERT INTO rpm.antenna (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg)
	VALUES (1, ST_SetSRID(ST_MakePoint(692280, 5337280), 32632), 25, 2600, 15, 0);
	INSERT INTO rpm.scene (name, srid, cell_size_m) VALUES ('town', 32632, 5);
	ANALYZE;
	CREATE FUNCTION took(what text, query text, calls integer) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		begun timestamptz;
		ms float8[] := '{}';
	BEGIN
		FOR i IN 0 .. calls LOOP
			begun := clock_timestamp();
			EXECUTE query;
			IF i > 0 THEN
				ms := ms || 1000 * extract(epoch FROM clock_timestamp() - begun)::float8;
			END IF;
		END LOOP;
		RETURN (SELECT format('%-40s least %s median %s ms', what, round(min(m)::numeric, 1), round((percentile_cont(0.5) WITHIN GROUP (ORDER BY m))::numeric, 1)) FROM unnest(ms) AS m);
	END $$;
	SELECT took('features, default channels', 'SELECT ST_NumBands(rpm_features(1))', :calls);
	SELECT took('features, all that need no measurements', $$SELECT ST_NumBands(rpm_features(1, channels => '{building_height_m,land_use,road,known,ground_m,free_space_dbm,distance_m,
		azimuth_off_deg,elevation_off_deg,empirical_dbm,line_of_sight,obstructed_m,obstructions,knife_edge_db}'))$$, :calls);
	SET rpm_pg.threads = 1;
	SELECT took(format('%s cells, one thread: features of the model', side), format('SELECT ST_NumBands(rpm_features(1, channels => %L, size_cells => %s, cell_size_m => 10))', channels, side), :calls) || E'\n' ||
		took(format('%s cells, one thread: rpm_predict', side), format('SELECT ST_NumBands(rpm_predict(1, method => %L, cell_size_m => 10, extent => ST_MakeEnvelope(%s, %s, %s, %s, 32632)))', 'network',
			692280 - 5 * side, 5337280 - 5 * side, 692280 + 5 * side, 5337280 + 5 * side), :calls)
	FROM (VALUES (128), (256), (512)) AS s (side), (SELECT channels FROM rpm.model WHERE name = 'default') AS m;
SQL
build/bench/bench_default_model
