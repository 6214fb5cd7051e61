# check.sh: the few lines that a check written in shell needs. Sourced; ends with `check_summary NAME`.

check_passed=0
check_failed=0
check_skipped=0

# ok CONDITION-STATUS NAME [WHY]: counts one check, e.g.  [ "$a" = "$b" ]; ok $? "a is b" "a is $a"
ok()
{
	if [ "$1" -eq 0 ]; then
		check_passed=$(( check_passed + 1 ))
	else
		check_failed=$(( check_failed + 1 ))
		echo "not ok $2${3:+: $3}"
	fi
}

# none NAME LINES: passes where LINES is empty, else shows them.
none()
{
	[ -z "$2" ]
	ok $? "$1" "$(echo "$2" | tr '\n' ' ')"
}

skip_check()
{
	check_skipped=$(( check_skipped + 1 ))
	echo "skipped $1: $2"
}

check_summary()
{
	echo "$1: $check_passed passed, $check_failed failed, $check_skipped skipped"
	[ "$check_failed" -eq 0 ]
}
