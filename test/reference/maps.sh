#!/bin/bash
# maps.sh: the radio map against the reference maps of Munich.  Usage: maps.sh PROGRAM [DATA [NAME...]]
# PROGRAM is compare_maps, built from compare_maps.c and reference_wedge.c (in this order before the engine's library, with
# -Isrc/engine -Itest/reference); DATA (default ../shared/data) holds scenes/munich.csv and reference_maps/*.tif.
# Prints a table and `N passed, N failed, N skipped`; skips with a line where the maps or gdal_translate are missing.
set -u
program=${1:?usage: maps.sh PROGRAM [DATA [NAME...]]}
data=${2:-$(cd "$(dirname "$0")/../.." && pwd)/../shared/data}
shift; shift 2>/dev/null || true
names=${*:-specular specular_refraction specular_diffuse specular_diffraction welded_diffraction welded_specular_diffraction}

if [ ! -f "$data/scenes/munich.csv" ] || [ ! -d "$data/reference_maps" ]; then
	echo "skipped reference maps: no $data/scenes/munich.csv or $data/reference_maps"
	echo "reference maps: 0 passed, 0 failed, 1 skipped"
	exit 0
fi
if ! command -v gdal_translate >/dev/null; then
	echo "skipped reference maps: gdal_translate (package gdal-bin) is missing"
	echo "reference maps: 0 passed, 0 failed, 1 skipped"
	exit 0
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for name in $names; do
	for band in 1 2; do
		gdal_translate -q -of ENVI -b $band "$data/reference_maps/munich_$name.tif" "$folder/$name.$band" || exit 1
	done
done
"$program" "$data/scenes/munich.csv" "$folder" $names
