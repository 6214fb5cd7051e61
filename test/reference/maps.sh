#!/bin/bash
# maps.sh: the radio map against the reference maps of Munich.  Usage: maps.sh PROGRAM [DATA [NAME...]]
# PROGRAM is compare_maps, built from compare_maps.c and reference_wedge.c (in this order before the engine's library, with
# -Isrc/engine -Itest/reference); DATA (default ../shared/data) holds scenes/munich.csv and reference_maps/*.tif.
# The peer map of the welded scene and its edges are in test/data (peer_map.py made them) and are compared everywhere.
# RPM_COMPARE_KEEP=FOLDER keeps the maps there, for side_by_side.py.  Prints a table and `N passed, N failed, N skipped`; skips with a line where the maps or gdal_translate are missing.
set -u
program=${1:?usage: maps.sh PROGRAM [DATA [NAME...]]}
data=${2:-$(cd "$(dirname "$0")/../.." && pwd)/../shared/data}
shift; shift 2>/dev/null || true
own=$(cd "$(dirname "$0")/../data" && pwd)
names=${*:-specular specular_refraction specular_diffuse specular_diffraction welded_diffraction_peer}
# These lack edges (docs/accuracy.md): shown, not judged.
[ $# -gt 0 ] || [ -z "${RPM_COMPARE_ALL:-}" ] || names="$names welded_diffraction welded_specular_diffraction"

if ! command -v gdal_translate >/dev/null; then
	echo "skipped reference maps: gdal_translate (package gdal-bin) is missing"
	echo "reference maps: 0 passed, 0 failed, 1 skipped"
	exit 0
fi
folder=${RPM_COMPARE_KEEP:-$(mktemp -d)}
[ -n "${RPM_COMPARE_KEEP:-}" ] || trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder"
xz -dc "$own/munich_welded_edges.csv.xz" >"$folder/munich_welded_edges.csv"
xz -dc "$own/munich.csv.xz" >"$folder/munich.csv"
present=
missing=
for name in $names; do
	map=$data/reference_maps/munich_$name.tif
	[ "$name" != welded_diffraction_peer ] || map=$own/munich_$name.tif
	if [ ! -f "$map" ]; then
		missing="$missing $name"
		continue
	fi
	present="$present $name"
	for band in 1 2; do
		gdal_translate -q -of ENVI -b $band "$map" "$folder/$name.$band" || exit 1
	done
done
"$program" "$folder/munich.csv" "$folder" $present >"$folder/out"
result=$?
sed '$d' "$folder/out"
[ -z "$missing" ] || echo "skipped reference maps$missing: not in $data/reference_maps"
tail -n 1 "$folder/out" | sed "s/, 0 skipped/, $(echo "$missing" | wc -w) skipped/"
exit $result
