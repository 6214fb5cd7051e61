#!/usr/bin/env bash
# Loads the measurements of Chengdu (../shared/data/chengdu, not in this repository) into a database: rpm.antenna, rpm.site, rpm.measurement and the
# scene "chengdu".  Makes the database where there is none.
#
#   bash test/reference/load_chengdu.sh DATABASE [ROWS]      (PGHOST, PGPORT and PGUSER name the server; ROWS: only the first so many)
#
# RPM_SHARED=DIR    where the data are (default: ../shared beside the checkout)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
database=${1:?name the database}
rows=${2:-999999999}
folder=${RPM_SHARED:-$(dirname "$PWD")/shared}/data/chengdu

if [ ! -r "$folder/antenna.csv" ] || [ ! -r "$folder/measurement.csv.xz" ]; then
	echo "skipped load_chengdu: $folder has no antenna.csv and measurement.csv.xz; set RPM_SHARED"
	exit 0
fi

query()
{
	psql -X -q -v ON_ERROR_STOP=1 -d "$database" "$@"
}

if ! psql -X -q -d "$database" -c "SELECT 1" >/dev/null 2>&1; then
	psql -X -q -v ON_ERROR_STOP=1 -d postgres -c "CREATE DATABASE \"$database\""
fi
query -c "SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS rpm_pg CASCADE" -c "DROP SCHEMA IF EXISTS staging CASCADE" -c "CREATE SCHEMA staging" \
	-c "CREATE UNLOGGED TABLE staging.antenna (antenna_id bigint, site_id bigint, area integer, x float8, y float8, height_m float8, azimuth_deg float8,
		electrical_tilt_deg float8, mechanical_tilt_deg float8, frequency_mhz float8, rs_power_dbm float8, ground_m_amsl float8, building_height_m float8, clutter integer)" \
	-c "CREATE UNLOGGED TABLE staging.measurement (antenna_id bigint, x float8, y float8, rsrp_dbm real)"
query -c "COPY staging.antenna FROM STDIN (FORMAT csv, HEADER)" <"$folder/antenna.csv"
echo "measurements into staging:"
(xz -dc "$folder/measurement.csv.xz" | head -n $(( rows + 1 )) || true) | query -c '\timing on' -c "COPY staging.measurement FROM STDIN (FORMAT csv, HEADER)"
query <<'SQL'
\timing on
SELECT * FROM rpm_load_antennas('staging.antenna', 32648, azimuth => 'grid');
SELECT * FROM rpm_load_measurements('staging.measurement', 32648);
ANALYZE rpm.antenna;
ANALYZE rpm.measurement;
INSERT INTO rpm.scene (name, srid) VALUES ('chengdu', 32648) ON CONFLICT (name) DO NOTHING;
SQL
