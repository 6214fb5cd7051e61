#!/usr/bin/env bash
# Runs the SQL examples of the pages: those of README.md in a new database, those of every other page in a copy of what README.md left.
# Only blocks marked ```sql are run, and what a page needs before them: comments that begin with <!-- sql. Each page must run to its end
# without an error.
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

# run_page PAGE DATABASE
run_page()
{
	examples "$1" | psql -X -q -v ON_ERROR_STOP=1 -d "$2" -f - >"$out" 2>&1
	ok $? "the examples of $1 run" "$(grep -B 1 -A 3 -m 1 ERROR "$out" || tail -n 3 "$out")"
}

psql -X -q -d postgres -c "CREATE DATABASE $database" || exit 1
run_page README.md "$database"
for page in docs/*.md; do
	if grep -q '^ *```sql$' "$page"; then
		psql -X -q -d postgres -c "CREATE DATABASE ${database}_page TEMPLATE $database" || exit 1
		run_page "$page" "${database}_page"
		psql -X -q -d postgres -c "DROP DATABASE ${database}_page"
	fi
done

check_summary docs
