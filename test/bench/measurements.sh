#!/usr/bin/env bash
# Import and rasters of measured cells, against COPY of the same rows into a bare table on the same server, and against one GROUP BY over the loaded rows
# by antenna and cell (mean, count, deviation; no raster comes of it), in sizes: numbers above 1 are times as long.
#
#   bash test/bench/measurements.sh [ROWS ...]     (default: 100000 1000000 10000000; PGHOST, PGPORT and PGUSER name the server; makes and drops a database)
#
# Rows are those of test/reference/load_chengdu.sh where the data are there, else made up: 3000 a antenna on a lattice of 5 m.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
database=rpm_bench_measurements
file=$(mktemp)
trap 'rm -f "$file"; psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $database" 2>/dev/null' EXIT
folder=${RPM_SHARED:-$(dirname "$PWD")/shared}/data/chengdu

rows_of()
{
	if [ -r "$folder/measurement.csv.xz" ]; then
		(xz -dc "$folder/measurement.csv.xz" | head -n $(( $1 + 1 )) || true) | tail -n +2
	else
		awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) { a = int(i / 3000); k = i % 3000; printf "%d,%.1f,%.1f,%.2f\n", a + 1, 400000 + (a % 50) * 800 + (k % 60) * 10 + 2.5,
			3380000 + int(a / 50) * 800 + int(k / 60) * 10 + 2.5, -70 - (i * 7919) % 5000 / 100 } }'
	fi
}

# seconds SQL: how long it took on the server.
seconds()
{
	psql -X -q -t -A -v ON_ERROR_STOP=1 -d "$database" -c '\timing on' -c "$1" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | awk '{ s += $1 } END { print s / 1000 }'
}

echo "rows      COPY, s  load    indexes one by one  GROUP BY  ground truth of all  in power  azimuths  ground truth / GROUP BY"
for rows in "${@:-100000 1000000 10000000}"; do
	for n in $rows; do
		psql -X -q -d postgres -c "SET client_min_messages = error" -c "DROP DATABASE IF EXISTS $database" -c "CREATE DATABASE $database"
		psql -X -q -d "$database" -c "SET client_min_messages = error; CREATE EXTENSION rpm_pg CASCADE" -c "CREATE UNLOGGED TABLE staged (antenna_id bigint, x float8, y float8, rsrp_dbm real)"
		rows_of "$n" >"$file"
		n=$(wc -l <"$file")
		copy=$(psql -X -q -d "$database" -c '\timing on' -c "\\copy staged FROM '$file' (FORMAT csv)" | sed -n 's/^Time: \([0-9.]*\) ms.*/\1/p' | awk '{ print $1 / 1000 }')
		psql -X -q -d "$database" -c "INSERT INTO rpm.antenna (antenna_id, geom, height_m, frequency_mhz, rs_power_dbm)
			SELECT antenna_id, ST_SetSRID(ST_MakePoint(percentile_cont(0.5) WITHIN GROUP (ORDER BY x), percentile_cont(0.5) WITHIN GROUP (ORDER BY y)), 32648), 25, 2600, 9 FROM staged GROUP BY 1"
		one_by_one=-
		if [ "$n" -le 1000000 ]; then
			one_by_one=$(seconds "SELECT sum(row_count) FROM rpm_load_measurements('staged', 32648, rebuild_indexes => false)")
			psql -X -q -d "$database" -c "TRUNCATE rpm.measurement"
		fi
		load=$(seconds "SELECT sum(row_count) FROM rpm_load_measurements('staged', 32648)")
		psql -X -q -d "$database" -c "VACUUM ANALYZE rpm.measurement"
		group_by=$(seconds "SELECT count(*) FROM (SELECT antenna_id, floor(ST_X(geom) / 5), floor(ST_Y(geom) / 5), avg(rsrp_dbm), count(*), stddev(rsrp_dbm)
			FROM rpm.measurement GROUP BY 1, 2, 3) AS s")
		every="SELECT count(*) FROM (SELECT rpm_ground_truth(antenna_id, domain => 'DOMAIN') AS r FROM rpm.antenna OFFSET 0) AS s WHERE r IS NOT NULL"
		db=$(seconds "SET client_min_messages = warning; ${every/DOMAIN/db}")
		power=$(seconds "SET client_min_messages = warning; ${every/DOMAIN/power}")
		azimuths=$(seconds "SELECT count(*) FROM rpm_measured_azimuth()")
		awk -v n="$n" -v c="$copy" -v l="$load" -v o="$one_by_one" -v g="$group_by" -v d="$db" -v p="$power" -v a="$azimuths" 'BEGIN {
			printf "%-9d %-8.2f %-7.2f %-19s %-9.2f %-20.2f %-9.2f %-9.2f %.2f\n", n, c, l / c, (o == "-" ? "-" : sprintf("%.2f", o / c)), g / c, d / c, p / c, a / c, d / g }'
	done
done
