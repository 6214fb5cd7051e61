#!/usr/bin/env bash
# Makes docs/pictures/over_roofs.png: one antenna's path gain in Munich without and with what comes over the roofs.
#
# Needs Debian's packages xz-utils, python3-numpy, python3-pil and fonts-dejavu-core.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
make -s build/bench/bench_over_roofs
build/bench/bench_over_roofs "$folder"
/usr/bin/python3 docs/pictures/over_roofs_picture.py "$folder" "${1:-docs/pictures/over_roofs.png}"
