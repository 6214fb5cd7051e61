#!/usr/bin/env bash
# Exports a scene with rpm_scene_ply and rpm_scene_mitsuba, opens it in Mitsuba 3 and in Sionna RT, and holds every triangle that they have
# against the files, and the files' walls and roofs against what PostGIS says of the footprints.
#
#   bash test/reference/mesh_export.sh       (PGHOST, PGPORT and PGUSER name a server with rpm_pg; the database rpm_mesh_export is made anew)
#
# PYTHON    a Python with the packages mitsuba 3, sionna-rt and numpy (default: python3; without them the comparison is skipped).
#           Mitsuba needs LLVM: DRJIT_LIBLLVM_PATH names the library.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python=${PYTHON:-python3}
"$python" -c "import mitsuba, sionna.rt, numpy" 2>/dev/null || { echo "skipped mesh_export: $python has no mitsuba and sionna-rt"; exit 0; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
database=rpm_mesh_export

query()
{
	psql -X -q -At -v ON_ERROR_STOP=1 -d "$database" "$@"
}

psql -X -q -d postgres -c "DROP DATABASE IF EXISTS $database" -c "CREATE DATABASE $database" 2>/dev/null
query -c "SET client_min_messages = warning; CREATE EXTENSION rpm_pg CASCADE"
query <<'SQL'
CREATE TABLE block (building_id bigint, geom geometry, height_m float8, wall_material text, roof_material text);
INSERT INTO block
SELECT 100 * i + j, ST_Rotate(ST_MakeEnvelope(5000 + 60 * i, 7000 + 60 * j, 5030 + 60 * i, 7020 + 60 * j + i, 32632), 0.1 * (i + j), 5015 + 60 * i, 7010 + 60 * j),
	5 + (7 * i + 3 * j) % 20, (ARRAY['brick', 'concrete', 'glass'])[1 + (i + j) % 3], 'metal'
FROM generate_series(0, 9) AS i, generate_series(0, 9) AS j;
INSERT INTO rpm.scene (name, srid, building_relation) VALUES ('blocks', 32632, 'block');
SQL

mkdir "$folder/meshes"
query -F ' ' -c "SELECT material, file FROM rpm_scene_meshes('blocks')" | while read -r material file; do
	query -v material="$material" <<<"SELECT encode(rpm_scene_ply('blocks', :'material'), 'hex')" | xxd -r -p >"$folder/meshes/$file"
done
query -c "SELECT rpm_scene_mitsuba('blocks')" >"$folder/plain.xml"
query -c "SELECT rpm_scene_mitsuba('blocks', 3500)" >"$folder/radio.xml"
# By PostGIS: the area of each block's walls and of its roof.
query -F ' ' -c "SELECT wall_material, round((ST_Perimeter(geom) * height_m)::numeric, 6), round(ST_Area(geom)::numeric, 6), height_m FROM block" >"$folder/solids"
"$python" test/reference/mesh_export.py "$folder"
psql -X -q -d postgres -c "DROP DATABASE $database"
