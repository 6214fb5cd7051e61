#!/usr/bin/env bash
# Error over time against the reference maps of Munich, ours and Sionna RT's in one run.
#
#   bash test/bench/noise.sh [DATA]     (after `make bench`; DATA, default ../shared/data, holds reference_maps/*.tif)
#
# RPM_NOISE_LIMIT=1 prints instead what the chains take where they are given for free (bench_limit; 2e7 rays find them, some 30 s of a processor).
# RPM_SIONNA_PYTHON names a python that has sionna-rt 2.2.0 (and DRJIT_LIBLLVM_PATH LLVM 19); without it ours are shown alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
data=${1:-../shared/data}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

if ! command -v gdal_translate >/dev/null || [ ! -f "$data/reference_maps/munich_specular.tif" ]; then
	echo "skipped: gdal_translate (package gdal-bin) or the reference maps in $data/reference_maps are missing"
	exit 0
fi
xz -dc test/data/munich.csv.xz >"$folder/munich.csv"
for name in specular specular_diffraction specular_diffuse specular_refraction; do
	for band in 1 2; do
		gdal_translate -q -of ENVI -b $band "$data/reference_maps/munich_$name.tif" "$folder/$name.$band"
	done
done
if [ -n "${RPM_NOISE_LIMIT:-}" ]; then
	build/bench/bench_limit "$folder/munich.csv" "$folder"
	exit
fi
peers=()
if [ -z "${RPM_SIONNA_PYTHON:-}" ]; then
	echo "Sionna RT is left out: RPM_SIONNA_PYTHON does not name a python that has it"
elif ! "$RPM_SIONNA_PYTHON" -c "import sionna.rt" 2>/dev/null; then
	echo "Sionna RT is left out: $RPM_SIONNA_PYTHON cannot import it"
else
	mapfile -t peers < <("$RPM_SIONNA_PYTHON" test/bench/noise_peer.py "$folder")
fi
echo "machine: $(nproc) cores, $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)"
build/bench/bench_noise "$folder/munich.csv" "$folder" "${peers[@]}"
