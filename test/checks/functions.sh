#!/usr/bin/env bash
# Every function of the SQL face has a comment, a place in the reference with an example, and a test.
. test/lib/check.sh

functions=$(cat sql/[0-9][0-9]_*.sql | grep -oiE 'CREATE( OR REPLACE)? (FUNCTION|PROCEDURE|AGGREGATE) [a-z0-9_.@]+' |
	awk '{ print tolower($NF) }' | sed 's/.*\.//' | grep '^rpm_' | sort -u)
[ -n "$functions" ]
ok $? "functions are found in sql/"

for function in $functions; do
	grep -qiE "COMMENT ON (FUNCTION|PROCEDURE|AGGREGATE) [^ ]*\b$function\b" sql/[0-9][0-9]_*.sql
	ok $? "$function has a comment"
	grep -qw "$function" test/sql/*.sql test/t/*.pl 2>/dev/null
	ok $? "$function is tested"
	grep -qE "^#+ .*\b$function\b" docs/reference.md
	ok $? "$function has a heading in docs/reference.md"
	awk -v name="$function" '
		/^```/ { code = !code; next }
		code && index($0, name) { found = 1 }
		END { exit !found }' docs/reference.md
	ok $? "$function has an example in docs/reference.md"
done

check_summary functions
