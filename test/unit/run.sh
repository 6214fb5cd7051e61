#!/usr/bin/env bash
# Runs unit programs, one per processor at a time; what each one says is printed whole when it ends.
#
#   run.sh PROGRAM...
# Exit status 1 when one of them failed.
set -u
# Those that take long first, so that no processor is without work at the end.
long="test_scene_stop test_device_map test_map test_calibrate test_nn_onednn test_learn"
programs=()
for program in "$@"; do [[ " $long " != *" ${program##*/} "* ]] || programs+=("$program"); done
for program in "$@"; do [[ " $long " == *" ${program##*/} "* ]] || programs+=("$program"); done
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export out
# shellcheck disable=SC2016
printf '%s\0' "${programs[@]}" | xargs -0 -P "$(nproc)" -I '{}' bash -c '
	name=$(basename "$1")
	"$1" >"$out/$name" 2>&1
	code=$?
	flock "$out" cat "$out/$name"
	if [ $code -gt 128 ]; then echo "not ok $name (signal $(( code - 128 )))"; fi
	[ $code -eq 0 ]' run '{}' || exit 1
