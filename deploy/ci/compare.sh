#!/bin/bash
# Compares the CPU time of this tree's program with that of another commit:
#
#   deploy/ci/compare.sh COMMIT [PAIRS] [COUNT]
#
# Both programs send the same campaigns of COUNT recipients to the same simulated carrier, in
# turn, PAIRS times. The program is bound to one CPU and the carrier to another, so that they
# do not slow each other. Printed are, for each campaign, the medians of CPU µs a recipient
# and the ratio of the pairs (median and quartiles); above 1, this tree is dearer. On a machine
# that is shared the quartiles may lie 15 % apart: a ratio within them says little.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
commit=${1:?which commit to compare with} pairs=${2:-25} count=${3:-450000}

work=$(mktemp -d)
carrier=
finish() {
	[ -z "$carrier" ] || kill "$carrier" 2>/dev/null || true
	git -C "$root" worktree remove --force "$work/tree" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT

git worktree add --quiet --detach "$work/tree" "$commit"
go build -trimpath -o "$work/this" ./cmd/tocsin
(cd "$work/tree" && go build -trimpath -o "$work/other" ./cmd/tocsin)

last=$(($(nproc) - 1))
cd "$work"
taskset -c "$last" ./this carrier --listen 127.0.0.1:0 2>carrier.txt &
carrier=$!
for _ in $(seq 100); do
	address=$(sed -n 's/^tocsin carrier: listening on //p' carrier.txt)
	[ -z "$address" ] || break
	sleep 0.1
done
[ -n "$address" ] || { cat carrier.txt >&2; exit 1; }
./this audience generate --count "$count" --out audience.csv
./this audience generate --count "$count" --dirty 0.1 --encoding gb18030 --out dirty.csv
(umask 077 && echo secret >password)

# settings NAME CONNECTIONS WINDOW BATCH TEXT FILE
settings() {
	mkdir "$1"
	cat >"$1/tocsin.yaml" <<-END
		data: ./data
		admin: "off"
		providers:
		  - name: mobile
		    protocol: smpp
		    address: "$address"
		    system_id: tocsin
		    password: {file: ../password}
		    connections: $2
		    window: $3
		    batch: $4
		routes:
		  - {prefix: "86", to: [mobile]}
	END
	cat >"$1/campaign.yaml" <<-END
		key: compare
		title: Compare
		class: routine
		text: "$5"
		audience:
		  files: [../$6]
		  columns: {number: number, name: name}
		receipts: {wanted: true, wait: 60s}
	END
}
one=【县反诈中心】凡自称贷款客服要求先转账验证的都是诈骗，请勿转账，拨打96110核实。
more=近期还有人冒充公检法、冒充领导、冒充熟人，以涉嫌洗钱、急需用钱为由要求转账；凡索要验证码、要求共享屏幕的一律挂断。
settings one 2 10 100 "$one" audience.csv
settings personal 4 128 1 "【县反诈中心】((name))您好，要求先转账验证的都是诈骗，请拨打96110核实。" audience.csv
settings segments 2 10 100 "$one$more" audience.csv
settings plan 2 10 100 "$one" dirty.csv

# cpu PROGRAM CASE: seconds of CPU
cpu() {
	local verb=run
	[ "$2" != plan ] || verb=plan
	cd "$2"
	rm -rf data
	TIMEFORMAT='%U %S'
	{ time taskset -c 0 "../$1" $verb campaign.yaml >out.txt 2>err.txt; } 2>time.txt ||
		{ cat out.txt err.txt >&2; exit 1; }
	awk '{ print $1 + $2 }' time.txt
	cd ..
}
for case in one personal segments plan; do
	for pair in $(seq "$pairs"); do
		if [ $((pair % 2)) = 0 ]; then
			this=$(cpu this $case)
			other=$(cpu other $case)
		else
			other=$(cpu other $case)
			this=$(cpu this $case)
		fi
		echo "$this $other"
	done | awk -v name=$case -v count="$count" '
		function sort(list, n,  i, j, x) {
			for (i = 2; i <= n; i++) {
				x = list[i]
				for (j = i - 1; j > 0 && list[j] > x; j--) list[j + 1] = list[j]
				list[j + 1] = x
			}
		}
		function at(list, n, share) { return list[int(1 + share * (n - 1) + 0.5)] }
		{ this[NR] = $1; other[NR] = $2; ratio[NR] = $1 / $2 }
		END {
			n = NR
			sort(this, n); sort(other, n); sort(ratio, n)
			us = 1e6 / count
			printf "%-9s %5.2f µs, was %5.2f µs: ratio %.3f, half of the %d pairs from %.3f to %.3f\n", name,
				at(this, n, 0.5) * us, at(other, n, 0.5) * us, at(ratio, n, 0.5), n, at(ratio, n, 0.25), at(ratio, n, 0.75)
		}'
done
