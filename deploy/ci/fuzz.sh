#!/bin/bash
# Runs every fuzz target of the tree for a while: deploy/ci/fuzz.sh [TIME], 5s unless told.
set -euo pipefail
cd "$(dirname "$0")/../.."
time=${1:-5s}
n=0
while IFS=: read -r file target; do
	dir=$(dirname "$file")
	echo "fuzz $dir $target for $time"
	go test -run '^$' -fuzz "^$target\$" -fuzzminimizetime 10x -fuzztime "$time" "./$dir"
	n=$((n + 1))
done < <(grep -rhHoE '^func Fuzz[A-Za-z0-9_]*' --include='*_test.go' --exclude-dir=peers . | sed -E 's#^\./##; s#:func #:#' | sort)
echo "fuzz: $n targets"
