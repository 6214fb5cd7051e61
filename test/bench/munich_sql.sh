#!/usr/bin/env bash
# rpm_trace through SQL on the grid and the buildings of test/bench/noise.sh (and a ground of concrete), by the clock: the first call of a session, which
# reads the tables and builds scene and hierarchy, and the least of the calls after it, beside the engine's own call (noise.sh, 4 x 4 points).
#
#   bash test/bench/munich_sql.sh [CALLS]     (default 5; PGHOST, PGPORT and PGUSER name the server; makes and drops a database)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
calls=${1:-5}
database=rpm_bench_munich
trap 'psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $database" 2>/dev/null' EXIT

psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $database" -c "CREATE DATABASE $database" 2>/dev/null
{
	cat <<-'SQL'
		CREATE EXTENSION rpm_pg CASCADE;
		CREATE TEMPORARY TABLE surface (name text, material text, wkt text);
		COPY surface FROM STDIN WITH (FORMAT csv, HEADER);
	SQL
	xz -dc test/data/munich.csv.xz
	echo "\\."
	cat <<-'SQL'
		INSERT INTO rpm.building (name, geom, wall_material)
		SELECT name, ST_GeomFromText(replace(wkt, 'TIN Z', 'MULTIPOLYGON Z'), 32632), material FROM surface WHERE name <> 'ground';
		INSERT INTO rpm.scene (name, srid, cell_size_m, receiver_height_m, ground_material) VALUES ('munich', 32632, 5, 1.5, 'concrete');
		INSERT INTO rpm.antenna (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm, azimuth_deg)
		VALUES (1, ST_SetSRID(ST_MakePoint(691704.5, 5334744), 32632), 27, 3500, 0, 90);
		ANALYZE;
		CREATE FUNCTION call_ms(mechanisms text[], rays bigint) RETURNS numeric LANGUAGE plpgsql AS $$
		DECLARE
			begun timestamptz := clock_timestamp();
			grid raster := ST_AddBand(ST_MakeEmptyRaster(296, 242, 690888.14955, 5335242.21725, 5, -5, 0, 0, 32632), '8BUI');
		BEGIN
			PERFORM t.rast FROM rpm_trace('munich', template => grid, mechanisms => mechanisms, max_depth => 5, samples => rays, sum => 'power',
				quantity => 'path_gain_db', cell_average => 'cell') AS t;
			RETURN round((1000 * extract(epoch FROM clock_timestamp() - begun))::numeric, 1);
		END $$;
		\t on
		\pset format unaligned
	SQL
	for mechanisms in line_of_sight,reflection line_of_sight,reflection,diffraction line_of_sight,reflection,refraction; do
		for rays in 100000 1000000; do
			cat <<-SQL
				SELECT rpm_scene_release() \g /dev/null
				SELECT call_ms('{$mechanisms}', $rays) AS first \gset
				SELECT format('%-44s %8s rays: first call %8s ms, then the least of %s %8s ms', '$mechanisms', $rays, :'first', $calls, min(call_ms('{$mechanisms}', $rays)))
				FROM generate_series(1, $calls);
			SQL
		done
	done
} | PGOPTIONS='-c client_min_messages=warning' psql -X -q -v ON_ERROR_STOP=1 -d "$database"
