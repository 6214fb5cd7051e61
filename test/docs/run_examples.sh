#!/usr/bin/env bash
# Runs the SQL examples of the pages: those of README.md in a new database, those of every other page in a copy of what README.md left.
# Only blocks marked ```sql are run, and what a page needs before them: comments that begin with <!-- sql. Each page must run to its end
# without an error. First as a superuser, then once more as a role with the rights that docs/rights.md gives to a planner, and no others
# (CREATE in schema public and in the database, for the examples' own tables and schemas).
#
#   run_examples.sh DATABASE      (PGHOST, PGPORT and PGUSER name the server)
. test/lib/check.sh

database=$1
out=$(mktemp)
trap 'rm -f "$out"' EXIT

# The blocks of a page, one after the other, each announced by its place so that an error can be found.
examples()
{
	awk -v page="$1" '
		/^ *```sql$/ { code = 1; printf "\\echo %s, line %d\n", page, NR + 1; next }
		/^<!-- sql$/ { code = 1; next }
		/^ *```$/ || /^-->$/ { if (code) print ";"; code = 0; next }
		code { print }' "$1"
}

# run_page PAGE DATABASE [ROLE]: what only the owner of the extension may do is left out for a role.
run_page()
{
	{
		if [ $# -gt 2 ]; then
			echo "SET SESSION AUTHORIZATION $3;"
			examples "$1" | sed '/^ALTER EXTENSION /d'
		else
			examples "$1"
		fi
	} | psql -X -q -v ON_ERROR_STOP=1 -d "$2" -f - >"$out" 2>&1
	ok $? "the examples of $1 run${3:+ as $3}" "$(grep -B 1 -A 3 -m 1 ERROR "$out" || tail -n 3 "$out")"
}

# run_copy PAGE DATABASE [ROLE]: in a copy of what README.md left.
run_copy()
{
	psql -X -q -d postgres -c "CREATE DATABASE ${2}_page TEMPLATE $2" || exit 1
	[ $# -eq 2 ] || psql -X -q -d postgres -c "GRANT CREATE ON DATABASE ${2}_page TO $3"
	run_page "$1" "${2}_page" "${@:3}"
	psql -X -q -d postgres -c "DROP DATABASE ${2}_page"
}

# run_pages DATABASE [ROLE]: every page but docs/rights.md, which makes roles.
run_pages()
{
	for page in docs/*.md; do
		if [ "$page" != docs/rights.md ] && grep -q '^ *```sql$' "$page"; then run_copy "$page" "$@"; fi
	done
}

# The rights of docs/rights.md in a database of its own, then README.md and the pages.
run_as_planner()
{
	psql -X -q -d postgres -c "CREATE DATABASE $1" || exit 1
	{
		echo "CREATE EXTENSION rpm_pg CASCADE;"
		examples docs/rights.md | sed '/^CREATE ROLE /d'
		echo "DROP SCHEMA maps; GRANT CREATE ON SCHEMA public TO radio_planner;"
	} | psql -X -q -v ON_ERROR_STOP=1 -d "$1" -f - >"$out" 2>&1
	ok $? "the rights of docs/rights.md are granted" "$(tail -n 3 "$out")"
	run_page README.md "$1" radio_planner
	run_pages "$1" radio_planner
}

psql -X -q -d postgres -c "CREATE DATABASE $database" || exit 1
run_page README.md "$database"
run_copy docs/rights.md "$database"

# Both rounds at once: most of a page's time is one processor's.
planner_says=$(mktemp)
(out=$(mktemp) check_passed=0 check_failed=0; run_as_planner "${database}_planner"; rm -f "$out"; check_summary docs_as_planner) >"$planner_says" 2>&1 &
run_pages "$database"
wait $!
planner_code=$?
cat "$planner_says"
rm -f "$planner_says"
check_summary docs && [ $planner_code -eq 0 ]
