#!/usr/bin/env bash
# Runs unit programs, one per processor at a time; what each one says is printed whole when it ends.
#
#   run.sh PROGRAM...
# Exit status 1 when one of them failed.
set -u
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
export out
# shellcheck disable=SC2016
printf '%s\0' "$@" | xargs -0 -P "$(nproc)" -I '{}' bash -c '
	name=$(basename "$1")
	"$1" >"$out/$name" 2>&1
	code=$?
	flock "$out" cat "$out/$name"
	if [ $code -gt 128 ]; then echo "not ok $name (signal $(( code - 128 )))"; fi
	[ $code -eq 0 ]' run '{}' || exit 1
