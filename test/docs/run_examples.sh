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

# run_pages DATABASE [ROLE]
run_pages()
{
	run_page README.md "$@"
	for page in docs/*.md; do
		# The roles are made by the first round, and a role cannot make them.
		if grep -q '^ *```sql$' "$page" && { [ $# -eq 1 ] || [ "$page" != docs/rights.md ]; }; then
			psql -X -q -d postgres -c "CREATE DATABASE ${1}_page TEMPLATE $1" || exit 1
			[ $# -eq 1 ] || psql -X -q -d postgres -c "GRANT CREATE ON DATABASE ${1}_page TO $2"
			run_page "$page" "${1}_page" "${@:2}"
			psql -X -q -d postgres -c "DROP DATABASE ${1}_page"
		fi
	done
}

psql -X -q -d postgres -c "CREATE DATABASE $database" || exit 1
run_pages "$database"

planner=${database}_planner
psql -X -q -d postgres -c "CREATE DATABASE $planner" || exit 1
{
	echo "CREATE EXTENSION rpm_pg CASCADE;"
	examples docs/rights.md | sed '/^CREATE ROLE /d'
	echo "DROP SCHEMA maps; GRANT CREATE ON SCHEMA public TO radio_planner;"
} | psql -X -q -v ON_ERROR_STOP=1 -d "$planner" -f - >"$out" 2>&1
ok $? "the rights of docs/rights.md are granted" "$(tail -n 3 "$out")"
run_pages "$planner" radio_planner

check_summary docs
