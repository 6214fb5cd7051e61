#!/usr/bin/env bash
# run_networks.sh FOLDER: tests networks on a machine that has nvcc, cuDNN, cuBLAS and a GPU, and writes report.txt and JSON files into FOLDER.
# Needs make, gcc, g++ and nvcc; oneDNN, Embree and GEOS are used where they are, PostgreSQL is not.  CUDNN=folder names cuDNN's (include and lib).
# Each step says how it ended, and the next goes on.  Under ten minutes: RPM_ARCHITECTURES picks what nvcc compiles for (default: the GPU at hand).
# Without a GPU, or with RPM_HOST_DEVICE=1, loops on the CPU with stand-ins for the libraries take its place, on small networks.
# Exit code: 0 passed, 1 failed, 77 no device (and the loops passed).
set -uo pipefail
. "$(dirname "$0")/steps.sh"
command -v nvcc >/dev/null || export PATH="$PATH:/usr/local/cuda/bin"
# cuDNN and cuBLAS of a toolkit that the loader does not know.
for folder in "${CUDNN:-}" "$(dirname "$(dirname "$(readlink -f "$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)")")")" /usr/local/cuda; do
	[ -n "$folder" ] || continue
	for lib in "$folder/lib64" "$folder/lib"; do
		[ -d "$lib" ] && export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$lib"
	done
done

# A step that fails is said and counted; 77: there is no device.
step()
{
	say_step "$@"
	code=$?
	[ "$code" -eq 0 ] || [ "$code" -eq 77 ] || { echo "this step FAILED with code $code" | tee -a "$out/report.txt"; failed=1; }
	return "$code"
}

compare()
{
	local seconds=$1 name=$2 share=${3:-1}

	step "$name" env RPM_REPORT="$out/networks_${name/:/_}.json" timeout "$seconds" build/device/compare_networks "$module" "$name" "$share"
}

finish()
{
	step "result" echo "$([ $failed -eq 0 ] && echo "passed$1" || echo FAILED)"
	exit $((failed ? 1 : $2))
}

loops()
{
	module=build/host/rpm_pg_nn_cuda.so
	echo "networks by loops on the CPU, $1" | tee -a "$out/report.txt"
	build "$module" build/unit/test_nn_cuda && step "unit tests" build/unit/test_nn_cuda || failed=1
	for name in layers sizes network training time:2; do
		compare 300 $name 0.01
	done
	finish ", without a GPU" 77
}

{ date -u '+%Y-%m-%d %H:%M UTC'; uname -srm; command -v nvidia-smi >/dev/null && nvidia-smi -L; nvcc --version | tail -2; } 2>&1 | tee -a "$out/report.txt"
build build/device/compare_networks || exit 1
[ "${RPM_HOST_DEVICE:-0}" != 1 ] || loops "as asked for"
command -v nvcc >/dev/null || loops "for nvcc was not found"

# One architecture compiles in a quarter of the time of all.
capability=${RPM_ARCHITECTURES:-$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -1 | tr -d '. ')}
begin=$SECONDS
build nn-cuda ${capability:+"CUDA_GENCODE=-gencode arch=compute_$capability,code=sm_$capability"} || loops "for the module could not be built"
module=build/rpm_pg_nn_cuda.so
[ -f $module ] || loops "for cuDNN or cuBLAS was not found"
echo "the module was built in $((SECONDS - begin)) s" | tee -a "$out/report.txt"
step "device" timeout 60 build/device/compare_networks $module device
[ $? -ne 77 ] || loops "for there is no device"

compare 40 layers
compare 60 sizes
compare 40 network
compare 40 training
for base in 8 16 64; do
	compare 50 time:$base
done
if command -v compute-sanitizer >/dev/null; then
	step "compute-sanitizer memcheck" timeout 60 compute-sanitizer --tool memcheck --error-exitcode 9 build/device/compare_networks $module training 0.01
else
	step "compute-sanitizer" echo "not installed: skipped"
fi
finish "" 0
