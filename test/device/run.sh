#!/usr/bin/env bash
# run.sh FOLDER: tests the GPU module on a machine that has nvcc and a GPU, and writes report.txt and JSON files into FOLDER.
# Needs make, gcc, g++ and nvcc; Embree, GEOS and xz (for Munich) are used where they are, PostgreSQL is not. Under ten minutes.
# Without a GPU, or with RPM_HOST_DEVICE=1, the kernels compiled as loops for the CPU take its place, on small maps.
# Exit code: 0 passed, 1 failed, 77 no device (and the loops passed).
set -uo pipefail
. "$(dirname "$0")/steps.sh"
command -v nvcc >/dev/null && command -v cuobjdump >/dev/null || export PATH="$PATH:/usr/local/cuda/bin"

{ date -u '+%Y-%m-%d %H:%M UTC'; uname -srm; command -v nvidia-smi >/dev/null && nvidia-smi -L; } 2>&1 | tee -a "$out/report.txt"
build build/unit/test_kernels build/unit/test_device build/unit/test_device_map build/device/compare_maps build/host/rpm_pg_cuda.so || failed=1
say_step "kernels as host C++: hits" timeout 60 build/unit/test_kernels || failed=1
say_step "the device layer" timeout 120 build/unit/test_device || failed=1
say_step "kernels as host C++: maps" timeout 300 build/unit/test_device_map || failed=1

loops()
{
	say_step "maps by the kernels as loops, $1" env RPM_REPORT="$out/maps_loops.json" timeout 300 build/device/compare_maps build/host/rpm_pg_cuda.so 0.02 ||
		failed=1
	say_step "result" echo "$([ $failed -eq 0 ] && echo "passed, without a GPU" || echo FAILED)"
	exit $((failed ? 1 : 77))
}

[ "${RPM_HOST_DEVICE:-0}" != 1 ] || loops "as asked for"
command -v nvcc >/dev/null || loops "for nvcc was not found"
build cuda build/device/compare_hits || failed=1
if command -v cuobjdump >/dev/null; then
	say_step "registers and memory of each kernel" bash -c "cuobjdump -res-usage build/rpm_pg_cuda.so 2>/dev/null | grep -A1 'Function' | grep -v '^--'"
fi

say_step "rays through a city of 1e5 triangles" env RPM_REPORT="$out/city_1e5.json" timeout 120 build/device/compare_hits 1000000 90
code=$?
[ $code -ne 77 ] || loops "for there is no device"
[ $code -eq 0 ] || failed=1
say_step "rays through a city of 1e6 triangles" env RPM_REPORT="$out/city_1e6.json" timeout 120 build/device/compare_hits 1000000 288 || failed=1
say_step "maps, CPU and GPU" env RPM_REPORT="$out/maps.json" timeout 300 build/device/compare_maps build/rpm_pg_cuda.so || failed=1
if command -v compute-sanitizer >/dev/null; then
	for tool in memcheck racecheck; do
		say_step "compute-sanitizer $tool: rays, and a hierarchy by the GPU" timeout 60 compute-sanitizer --tool $tool --error-exitcode 9 \
			build/device/compare_hits 20000 20 || failed=1
		say_step "compute-sanitizer $tool: maps" timeout 90 compute-sanitizer --tool $tool --error-exitcode 9 \
			build/device/compare_maps build/rpm_pg_cuda.so 0.001 || failed=1
	done
else
	say_step "compute-sanitizer" echo "not installed: skipped"
fi
say_step "result" echo "$([ $failed -eq 0 ] && echo passed || echo FAILED)"
exit $failed
