#!/bin/bash
# Runs every fuzz target of the tree for a while: deploy/ci/fuzz.sh [TIME], 5s unless told.
set -euo pipefail
cd "$(dirname "$0")/../.."
time=${1:-5s}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Shows how far it is, and everything go said when it fails. On a busy machine go's
# fuzzer may report its own deadline as a failure, having found nothing
# (golang.org/issue/75804). That alone is tried again; an input that fails is written to
# testdata and named, and counts at once.
fuzz() {
	for try in 1 2 3; do
		go test -run '^$' -fuzz "^$1\$" -fuzzminimizetime 10x -fuzztime "$time" "$2" 2>&1 | tee "$log" |
			{ grep --line-buffered '^fuzz:' || true; } && return
		grep -q 'context deadline exceeded' "$log" && ! grep -q 'Failing input' "$log" || break
		echo "fuzz $2 $1: go took its own deadline for a failure, attempt $try of 3"
	done
	cat "$log"
	return 1
}

n=0
while IFS=: read -r file target; do
	dir=$(dirname "$file")
	echo "fuzz $dir $target for $time"
	fuzz "$target" "./$dir"
	n=$((n + 1))
done < <(grep -rhHoE '^func Fuzz[A-Za-z0-9_]*' --include='*_test.go' --exclude-dir=peers . | sed -E 's#^\./##; s#:func #:#' | sort)
echo "fuzz: $n targets"
