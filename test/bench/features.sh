#!/usr/bin/env bash
# rpm_features and rpm_predict by a network through SQL, over a town of 8000 made-up buildings in cells of 5 m: rpm_features by the clock, the least and the
# median of calls of one session after the first; then the default model's network alone (bench_default_model), and what rpm_predict takes above it where its
# features must be computed (first call) and where they are kept (later calls): the least of all rounds, in which they take turns.
#
#   bash test/bench/features.sh [CALLS [ROUNDS [THREADS]]]
#
# After `make bench`; default 40 3 '1 2'; PGHOST, PGPORT and PGUSER, a superuser, name the server; makes and drops a database.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
calls=${1:-40}
rounds=${2:-3}
thread_counts=${3:-1 2}
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
SQL

# Calls of one side, with nothing of the features kept and then with them: a line for each, KIND processor-ms clock-ms, of all that the statement takes.
calls_of()
{
	local side=$1 threads=$2 half=$((5 * $1)) call i
	call="SELECT ST_Width(rpm_predict(1, method => 'network', cell_size_m => 10, extent => ST_MakeEnvelope($((692280 - half)), $((5337280 - half)), $((692280 + half)), $((5337280 + half)), 32632)));"
	{
		echo "SET client_min_messages = warning; SET rpm_pg.threads = $threads; SET rpm_pg.feature_cache = 0;"
		echo "$call"
		echo "SET client_min_messages = log;"
		for kind in first later; do
			echo "SET log_statement_stats = on;"
			for ((i = 0; i < calls; i++)); do printf '\\warn %s\n%s\n' "$kind" "$call"; done
			echo "SET log_statement_stats = off; RESET rpm_pg.feature_cache;"
			echo "$call"
		done
	} | sql 2>&1 | awk -v OFS=' ' '
		$1 == "first" || $1 == "later" { kind = $1 }
		kind != "" && /s user,/ && !/\[/ { sub(/^!/, ""); print kind, 1000 * ($1 + $4), 1000 * $7; kind = "" }'
}

# Network and calls in turn, so that all see the same busy machine.
for threads in $thread_counts; do
	for side in 128 256 512; do
		for ((round = 0; round < rounds; round++)); do
			build/bench/bench_default_model "$threads" 10 | awk -v side="$side" '$1 == side { print "network", $5, $10 }'
			calls_of "$side" "$threads"
		done | awk -v side="$side" -v threads="$threads" '
			!($1 in cpu) || $2 < cpu[$1] { cpu[$1] = $2 }
			!($1 in clock) || $3 < clock[$1] { clock[$1] = $3 }
			function above(times, kind) { return sprintf("%.1f ms (%+.0f %%)", times[kind], 100 * (times[kind] / times["network"] - 1)) }
			END {
				printf "%d cells, %d thread(s), processor: network %.1f ms, first call %s, later calls %s\n", side, threads, cpu["network"], above(cpu, "first"), above(cpu, "later")
				printf "%d cells, %d thread(s), clock:     network %.1f ms, first call %s, later calls %s\n", side, threads, clock["network"], above(clock, "first"), above(clock, "later")
			}'
	done
done
