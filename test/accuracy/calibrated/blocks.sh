#!/usr/bin/env bash
# blocks.sh RASTER WEST SOUTH EAST NORTH OUTPUT: the heights in a box of band 1 as polygons of one height, one "wkt",height a line.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
gdal_translate -q -b 1 -projwin "$2" "$5" "$4" "$3" "$1" "$folder/tile.tif"
/usr/bin/python3 "$(command -v gdal_polygonize.py)" -q "$folder/tile.tif" -b 1 -f GPKG "$folder/blocks.gpkg" blocks height >/dev/null
ogr2ogr -f CSV -lco GEOMETRY=AS_WKT -where "height > 2" "$folder/blocks.csv" "$folder/blocks.gpkg"
tail -n +2 "$folder/blocks.csv" >"$6"
