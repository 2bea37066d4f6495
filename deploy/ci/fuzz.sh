#!/bin/bash
# Runs every fuzz target of the tree for a while: deploy/ci/fuzz.sh [TIME], 5s unless told.
set -euo pipefail
cd "$(dirname "$0")/../.."
time=${1:-5s}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
corpus=$(go env GOCACHE)/fuzz # what earlier runs found worth keeping, as go test keeps it

# Shows how far it is, and everything go said when it fails. On a busy machine go's
# fuzzer may report its own deadline as a failure, having found nothing
# (golang.org/issue/75804). That alone is tried again; an input that fails is written to
# testdata and named, and counts at once.
fuzz() { # directory target
	for try in 1 2 3; do
		(cd "$1" && "$work/fuzz.test" -test.run '^$' -test.fuzz "^$2\$" -test.fuzzminimizetime 10x -test.fuzztime "$time" \
			-test.fuzzcachedir "$corpus/$(go list)") 2>&1 | tee "$work/log" | { grep --line-buffered '^fuzz:' || true; } && return
		grep -q 'context deadline exceeded' "$work/log" && ! grep -q 'Failing input' "$work/log" || break
		echo "fuzz $1 $2: go took its own deadline for a failure, attempt $try of 3"
	done
	cat "$work/log"
	return 1
}

n=0 built=
while IFS=: read -r file target; do
	dir=$(dirname "$file")
	if [ "$dir" != "$built" ]; then # one program for all targets of a package
		go test -c -fuzz "^$target\$" -o "$work/fuzz.test" "./$dir"
		built=$dir
	fi
	echo "fuzz $dir $target for $time"
	fuzz "./$dir" "$target"
	n=$((n + 1))
done < <(grep -rhHoE '^func Fuzz[A-Za-z0-9_]*' --include='*_test.go' --exclude-dir=peers . | sed -E 's#^\./##; s#:func #:#' | sort)
echo "fuzz: $n targets"
