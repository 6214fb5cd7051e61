#!/usr/bin/env bash
# The rules of the house that can be read from the source.
. test/lib/check.sh

both=$(comm -12 <(ls sql 2>/dev/null | sort) <(ls test/sql 2>/dev/null | sort))
none "no file name stands in both sql and test/sql" "$both"

leaks=$(grep -rnE '#include[ ]*["<](postgres|fmgr|executor/|utils/|access/|catalog/|storage/|libpq)' src/engine kernels include 2>/dev/null)
none "the engine includes no header of PostgreSQL" "$leaks"

flags=$(grep -nE -e '-ffast-math|-Ofast|use_fast_math|march=native' Makefile build.mk)
none "the build asks for no fast-math and no native instructions" "$flags"

long=$(find src kernels include sql test -type f \( -name '*.[ch]' -o -name '*.cu' -o -name '*.cuh' -o -name '*.sql' -o -name '*.py' \
	-o -name '*.sh' -o -name '*.pl' \) ! -name '*--*' -exec wc -l {} + | awk '$2 != "total" && $1 > 650 { print $2 " (" $1 ")" }')
none "no source file has more than 650 lines" "$long"

unfinished=$(grep -rnE '\b(TODO|FIXME|XXX|HACK)\b' src kernels include sql demo Makefile build.mk 2>/dev/null)
none "nothing is marked as unfinished" "$unfinished"

expected=""
for file in test/sql/*.sql; do
	[ -f "$file" ] || continue
	name=$(basename "$file" .sql)
	[ -f "expected/$name.out" ] || [ -f "test/expected/$name.out" ] || expected="$expected $name"
done
none "every regression test has its expected output" "$expected"

check_summary house
