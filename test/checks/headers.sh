#!/usr/bin/env bash
# Each header of the engine compiles alone, as C11 and as C++17, without warnings: what C, C++ and CUDA share stays in their common subset.
. test/lib/check.sh

out=$(mktemp)
trap 'rm -f "$out"' EXIT
for header in include/*.h; do
	gcc -std=gnu11 -Wall -Wextra -Werror -Iinclude -fsyntax-only -x c "$header" 2>"$out"
	ok $? "$header compiles as C11" "$(head -n 3 "$out")"
	g++ -std=c++17 -Wall -Wextra -Werror -Iinclude -fsyntax-only -x c++ "$header" 2>"$out"
	ok $? "$header compiles as C++17" "$(head -n 3 "$out")"
done

check_summary headers
