# steps.sh: what the runs on a machine with a GPU share: the folder of the report, its steps, and what is built. Sourced with the folder as
# its argument; leaves the shell at the top of the source.
[ $# -eq 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
mkdir -p "$1" || exit 1
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.." || exit 1
: >"$out/report.txt"
: >"$out/build.log"
failed=0

# say_step NAME COMMAND...: what it says goes into the report; its exit status.
say_step()
{
	echo "== $1" | tee -a "$out/report.txt"
	shift
	"$@" 2>&1 | tee -a "$out/report.txt"
	return "${PIPESTATUS[0]}"
}

build()
{
	make -j"$(nproc)" "$@" >>"$out/build.log" 2>&1 && return
	tail -30 "$out/build.log"
	echo "the build of $* failed, see build.log" | tee -a "$out/report.txt"
	return 1
}
