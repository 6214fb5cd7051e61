# pieces.sh: the pieces of the tests, each a function that count.sh's `piece` runs. Sourced by test/all.
#
# TOP: the checkout; WORK: the temporary folder; TREE: the copy of the source that is built and tested in it; LOGS: where logs go.

# Any warning is an error; a stack needs lines and no more.
BUILD=(WARNINGS="-Wall -Wextra -Werror" DEBUG=-g1)

clean_up()
{
	stop_beside
	server_stop "$WORK/server" immediate
	if [ "${RPM_TEST_KEEP:-0}" = 1 ]; then echo "kept: $WORK"; else rm -rf "$WORK"; fi
}

# The extension into the private installation, the engine, its unit tests and its benchmark programs; any warning is an error.
build_all()
{
	local jobs
	jobs=$(nproc)
	make -s -C "$TREE" -j"$jobs" "${BUILD[@]}" all engine bench &&
		make -s -C "$TREE" "${BUILD[@]}" install &&
		echo "build: 1 passed, 0 failed, 0 skipped"
}

# As the server's user, in the copy of the source.
in_tree()
{
	(cd "$TREE" && as_server env HOME="$WORK" "$@")
}

unit_tests()
{
	in_tree make -s -k -j"$(nproc)" "${BUILD[@]}" unit
}

sanitizer_tests()
{
	export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
	in_tree make -s -k -j"$(nproc)" "${BUILD[@]}" sanitize
}

# Each fuzzer over its committed corpus, then over a bounded number of mutations of it.
fuzz_tests()
{
	local code=0
	in_tree make -s -j"$(nproc)" "${BUILD[@]}" fuzz || return 1
	for program in "$TREE"/build/fuzz/fuzz_*; do
		[ -f "$program" ] && [ -x "$program" ] || continue
		fuzz_one "$(basename "$program")" || code=1
	done
	return $code
}

fuzz_one()
{
	local name=$1 mutations=${RPM_FUZZ_MUTATIONS:-5000} code=0
	in_tree timeout 120 "build/fuzz/$name" "--mutations=$mutations" "test/fuzz/corpus/${name#fuzz_}" || code=$?
	if [ $code -eq 0 ]; then
		echo "$name: 1 passed, 0 failed, 0 skipped"
	else
		echo "not ok $name (exit status $code)"
		echo "$name: 0 passed, 1 failed, 0 skipped"
		return 1
	fi
}

# test/checks/*.sh: the house rules and what can be read from the source.
source_checks()
{
	local code=0
	for check in "$TREE"/test/checks/*.sh; do
		in_tree bash "test/checks/$(basename "$check")" || code=1
	done
	return $code
}

# The server that regress, gdal, qgis and reference use.
start_server()
{
	as_server mkdir -p "$WORK/server"
	server_start "$WORK/server" "max_connections = 30" "shared_buffers = 256MB" "max_wal_size = 4GB" || return 1
	query -c "CREATE DATABASE check_install" &&
		query -d check_install -c "CREATE EXTENSION rpm_pg CASCADE; SELECT rpm_version()" &&
		echo "server: 1 passed, 0 failed, 0 skipped"
}

regression_tests()
{
	in_tree make -s installcheck
	local code=$?
	if [ $code -ne 0 ] && [ -f "$TREE/regression.diffs" ]; then
		cp "$TREE/regression.diffs" "$LOGS/regression.diffs"
		head -n 200 "$TREE/regression.diffs"
	fi
	return $code
}

# PostgreSQL's own TAP framework; each file starts servers of its own. One file per processor at a time, those that take long first. Those that
# measure how soon something answers do so beside the others: their limits are many times what they take there (a cancel is answered within
# a tenth of 200 ms), and what they hold must hold on a busy machine, too.
LONG_TESTS="030_cancel 070_update 060_progress 040_crash 080_measurements"
tap_tests()
{
	local files=() failed=() file
	for file in $LONG_TESTS; do [ ! -f "$TREE/test/t/$file.pl" ] || files+=("$file"); done
	for file in "$TREE"/test/t/*.pl; do
		file=$(basename "$file" .pl)
		[[ " $LONG_TESTS " == *" $file "* ]] || files+=("$file")
	done
	as_server mkdir -p "$WORK/tap"
	export -f tap_file as_server
	export TREE WORK RPM_SHARED PG_CONFIG
	# shellcheck disable=SC2016
	printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -I '{}' bash -c 'tap_file "$1" >"$WORK/tap/$1.log" 2>&1' tap_file '{}'
	for file in "${files[@]}"; do
		if grep -q '^Result: PASS$' "$WORK/tap/$file.log"; then cat "$WORK/tap/$file.log"; else failed+=("$file"); fi
	done
	# What failed last, where the end of the log is looked at.
	for file in "${failed[@]}"; do cat "$WORK/tap/$file.log"; done
	[ ${#failed[@]} -eq 0 ] && return
	mkdir -p "$LOGS/tap"
	cp -r "$WORK"/tap/tmp_check/log/. "$LOGS/tap/" 2>/dev/null
	return 1
}

tap_file()
{
	local pgxs
	pgxs=$(dirname "$("$PG_CONFIG" --pgxs)")/..
	(cd "$TREE" && unset PGHOST PGUSER PGDATABASE && as_server env HOME="$WORK" TESTDIR="$WORK/tap" TESTDATADIR="$WORK/tap/tmp_check" TESTLOGDIR="$WORK/tap/log" \
		PG_REGRESS="$pgxs/test/regress/pg_regress" PGPORT=65432 RPM_SHARED="$RPM_SHARED" \
		prove --verbose --timer -I "$pgxs/test/perl" -I test/perl "test/t/$1.pl")
}

# A published coverage for other programs to read; made once.
coverage_database()
{
	[ ! -e "$WORK/coverage_made" ] || return 0
	query -c "CREATE DATABASE check_coverage" && in_tree psql -X -q -v ON_ERROR_STOP=1 -d check_coverage -f test/gdal/coverage.sql &&
		touch "$WORK/coverage_made"
}

gdal_check()
{
	coverage_database && in_tree /usr/bin/python3 test/gdal/read_coverage.py check_coverage
}

qgis_check()
{
	coverage_database && in_tree env QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR="$WORK" timeout 300 \
		/usr/bin/python3 test/qgis/read_coverage.py check_coverage
}

# The main job, in a copy of its own: other pieces write into the tree. With what was built there: that a clean copy builds is seen before.
demo_copy()
{
	RPM_COPY_BUILT=1 copy_source "$TREE" "$WORK/demo"
}

demo_check()
{
	(cd "$WORK/demo" && unset PGHOST PGPORT PGUSER PGDATABASE && RPM_COPY_BUILT=1 bash test/demo/check.sh)
}

# Every SQL example of README.md and of the pages.
docs_check()
{
	in_tree bash test/docs/run_examples.sh check_docs
}

# Against the maps of an independent tracer, where the data is; its table is shown. As the caller, who may read the data.
reference_maps()
{
	in_tree make -s "${BUILD[@]}" build/reference/compare_maps &&
		(cd "$TREE" && bash test/reference/maps.sh build/reference/compare_maps "$RPM_SHARED/data") 2>&1 |
		sed -uE '/^(skipped|not ok) |: [0-9]+ passed/!s/^/measured /'
}

# True where QGIS's Python bindings are, or could be installed where that is asked for.
have_qgis()
{
	local missing
	# shellcheck disable=SC2086
	missing=$(missing_packages $QGIS_PACKAGES)
	[ -n "$missing" ] || return 0
	can_be_root || return 1
	if [ "${RPM_TEST_QGIS:-}" = 1 ]; then
		install_packages $QGIS_PACKAGES
	elif [ "${CI:-}" = true ]; then
		# Only the download is cut short: an installation is left to end.
		echo "downloading QGIS's Python bindings, three minutes at most"
		# shellcheck disable=SC2086
		as_root timeout 180 env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends --download-only install \
			$missing >/dev/null 2>&1 </dev/null && install_packages $QGIS_PACKAGES
	else
		return 1
	fi
}
