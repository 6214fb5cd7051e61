# count.sh: runs the pieces of the tests, counts their lines, and ends with the sum. Sourced by test/all.
#
# A piece writes any of
#   NAME: N passed, N failed, N skipped       (unit programs and checks; before it `not ok NAME` and `skipped NAME: reason`)
#   test NAME ... ok | FAILED                 (pg_regress)
#   ok N - NAME | not ok N - NAME | # SKIP    (TAP)
# A piece that exits with an error and counted no failure is one failure; so is a piece that counted nothing.

total_passed=0
total_failed=0
total_skipped=0
failed_names=()
skipped_names=()
declare -A beside=()

# piece NAME COMMAND...: runs it with its output in $LOGS/NAME.log.
piece()
{
	local name=$1 began=$SECONDS code=0
	shift
	echo "== $name"
	"$@" >"$LOGS/$name.log" 2>&1 </dev/null || code=$?
	count_piece "$name" $code $(( SECONDS - began ))
}

# piece_beside NAME COMMAND...: runs it beside the pieces that follow, in a shell of its own, until piece_ends NAME waits for it and counts it.
piece_beside()
{
	local name=$1
	shift
	# A process group of its own, so that stop_beside reaches all of it.
	set -m
	(
		began=$SECONDS code=0
		"$@" >"$LOGS/$name.log" 2>&1 </dev/null || code=$?
		echo "$code $(( SECONDS - began ))" >"$LOGS/$name.end"
	) &
	beside[$name]=$!
	set +m
}

# Ends what still runs beside, where the tests are broken off.
stop_beside()
{
	local process
	for process in "${beside[@]}"; do
		kill -TERM -- "-$process" 2>/dev/null
		wait "$process"
	done
}

piece_ends()
{
	local code=1 seconds=0
	[ -n "${beside[$1]:-}" ] || return 0
	wait "${beside[$1]}"
	unset "beside[$1]"
	echo "== $1, beside the others"
	[ ! -f "$LOGS/$1.end" ] || read -r code seconds <"$LOGS/$1.end"
	rm -f "$LOGS/$1.end"
	count_piece "$1" "$code" "$seconds"
}

# count_piece NAME STATUS SECONDS: adds up what its log says.
count_piece()
{
	local name=$1 code=$2 log=$LOGS/$1.log passed failed skipped line
	read -r passed failed skipped < <(count_lines "$log")
	if [ "$failed" -eq 0 ] && { [ "$code" -ne 0 ] || [ $(( passed + skipped )) -eq 0 ]; }; then
		failed=1
		failed_names+=("$name (exit status $code, $passed passed)")
	else
		while read -r line; do failed_names+=("$name: $line"); done < <(failed_lines "$log")
	fi
	while read -r line; do skipped_names+=("$name: $line"); done < <(skipped_lines "$log")
	total_passed=$(( total_passed + passed ))
	total_failed=$(( total_failed + failed ))
	total_skipped=$(( total_skipped + skipped ))
	if [ "$failed" -gt 0 ]; then
		echo "-- the end of ${log#"$TOP"/}:"
		tail -n "${RPM_TEST_TAIL:-40}" "$log" | sed 's/^/   | /'
	else
		grep -E '^measured ' "$log" | sed 's/^/   /' || true
	fi
	echo "   $passed passed, $failed failed, $skipped skipped, $3 s"
}

# skip_piece NAME REASON: what cannot be run here.
skip_piece()
{
	echo "== $1"
	echo "   skipped: $2"
	skipped_names+=("$1: $2")
	total_skipped=$(( total_skipped + 1 ))
}

# "passed failed skipped" of a log.
count_lines()
{
	awk '
		/^[^ ].*: [0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ {
			for (i = 2; i <= NF; i++) {
				if ($i ~ /^passed/) passed += $(i - 1)
				if ($i ~ /^failed/) failed += $(i - 1)
				if ($i ~ /^skipped/) skipped += $(i - 1)
			}
			next
		}
		/^test +[^ ]+ +\.\.\. ok/ { passed++; next }
		/^test +[^ ]+ +\.\.\. FAILED/ { failed++; next }
		/^(ok [0-9]+|1\.\.0).*# [Ss][Kk][Ii][Pp]/ { skipped++; next }
		/^ok [0-9]+/ { passed++; next }
		/^not ok [0-9]+/ { failed++ }
		END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

failed_lines()
{
	sed -nE 's/^not ok ([0-9]+ - )?/\1/p; s/^test +([^ ]+) +\.\.\. FAILED.*/\1/p' "$1"
}

skipped_lines()
{
	sed -nE 's/^skipped //p; s/^ok [0-9]+ (- .*)?# SKIP:? */\1/Ip; s/^1\.\.0 # SKIP:? *//Ip' "$1"
}

# The names of what was skipped and what failed, then the sum: the last line of the tests.
finish()
{
	echo
	if [ ${#skipped_names[@]} -gt 0 ]; then
		echo "Skipped:"
		printf '  %s\n' "${skipped_names[@]}"
	fi
	if [ ${#failed_names[@]} -gt 0 ]; then
		echo "Failed:"
		printf '  %s\n' "${failed_names[@]}"
	fi
	echo "elapsed $SECONDS s; logs in ${LOGS#"$TOP"/}"
	echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
	[ "$total_failed" -eq 0 ] && [ "$total_passed" -gt 0 ]
}
