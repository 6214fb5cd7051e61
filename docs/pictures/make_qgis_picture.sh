#!/usr/bin/env bash
# Makes docs/pictures/qgis.png: QGIS's window with the demo's published coverage opened by its own PostGIS raster provider.
#
# The demo's server must be running (bash demo/run). Needs Debian's packages qgis, python3-qgis, xvfb and xauth.
set -euo pipefail
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
state=$TOP/demo/output/server
[ -f "$state" ] || { echo "the demo's server is not running: bash demo/run" >&2; exit 1; }
folder=$(sed -n 1p "$state")
export PGHOST=$folder/server/socket PGPORT PGUSER=planner PGDATABASE=munich
PGPORT=$(sed -n 2p "$state")
export RPM_PICTURE=${1:-$TOP/docs/pictures/qgis.png}

profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
export XDG_RUNTIME_DIR=$profile HOME=$profile
timeout 180 xvfb-run -a -s "-screen 0 1400x900x24" \
	qgis --nologo --noversioncheck --noplugins --profiles-path "$profile" --code "$TOP/docs/pictures/qgis_window.py" >"$profile/log" 2>&1 ||
	{ tail -n 20 "$profile/log" >&2; exit 1; }
[ -s "$RPM_PICTURE" ] || { tail -n 20 "$profile/log" >&2; exit 1; }
echo "$RPM_PICTURE"
