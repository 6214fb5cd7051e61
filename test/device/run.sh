#!/usr/bin/env bash
# run.sh FOLDER: tests the GPU module on a machine that has nvcc and a GPU, and writes report.txt and JSON files into FOLDER.
# Needs make, gcc, g++ and nvcc; Embree, GEOS and PostgreSQL are used where they are.  Exit code: 0 passed, 1 failed, 77 no device.
set -uo pipefail
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
mkdir -p "$1" || exit 1
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.." || exit 1
command -v nvcc >/dev/null || export PATH="$PATH:/usr/local/cuda/bin"
command -v nvcc >/dev/null || { echo "nvcc was not found: put CUDA's bin folder on PATH" | tee "$out/report.txt"; exit 1; }

make -j"$(nproc)" cuda build/device/compare_hits build/unit/test_kernels >"$out/build.log" 2>&1 ||
	{ tail -30 "$out/build.log"; echo "the build failed, see build.log" | tee "$out/report.txt"; exit 1; }

: >"$out/report.txt"
failed=0
step()
{
	echo "== $1" | tee -a "$out/report.txt"
	shift
	"$@" 2>&1 | tee -a "$out/report.txt"
	return "${PIPESTATUS[0]}"
}

step "kernels as host C++" build/unit/test_kernels || failed=1
step "city of 1e5 triangles" env RPM_REPORT="$out/city_1e5.json" build/device/compare_hits 1000000 90
code=$?
[ $code -eq 77 ] && exit $((failed ? 1 : 77))
[ $code -eq 0 ] || failed=1
step "city of 1e6 triangles" env RPM_REPORT="$out/city_1e6.json" build/device/compare_hits 1000000 288 || failed=1
if command -v compute-sanitizer >/dev/null; then
	for tool in memcheck initcheck racecheck; do
		step "compute-sanitizer $tool" compute-sanitizer --tool $tool --error-exitcode 9 build/device/compare_hits 20000 20 || failed=1
	done
else
	step "compute-sanitizer" echo "not installed: skipped"
fi
step "result" echo "$([ $failed -eq 0 ] && echo passed || echo FAILED)"
exit $failed
