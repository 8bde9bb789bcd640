# test_faults.sh: the driver of `make faults` finds each mistake that tests/faults/planted.c can make, and nothing in a
# program without one.
. "$TACET_SOURCE/tests/cli.sh"
planted="$TACET_BUILD/faults/faults_of_planted"
[ -x "$planted" ] || exit 77 # not built with sanitizers or for coverage

runs 0 "$planted" --only none
hasnt out FOUND
has out '^0 found$'

# finds MISTAKE TEXT
finds() {
    runs 1 "$planted" --only "$1" --seconds 2
    has out "^FOUND $1: $2"
}
finds careless 'exit code 0, but copy.json differs .*--class write --errno ENOSPC'
finds answer 'exit code 0, but copy.json differs .*--class read --errno EIO'
finds half 'copy.json is not JSON'
finds half 'copy.json is neither as before nor complete'
finds left 'copy.json.tmp is left over'
finds code 'exit code 3'
finds silent 'says nothing'
finds nameless 'does not name the file'
finds untrue "does not say 'Stale file handle'"
finds crash 'ends by signal 11'
finds hang 'hangs'

# A finding can be repeated, and shows what the program said.
runs 1 "$planted" --only untrue --class read --errno EIO --at 1
has out 'planted: number.txt: it is empty'
finish
