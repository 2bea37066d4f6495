#!/bin/bash
# Installs what the tests need and this machine lacks. It writes to the package
# system and to the cache folder, never to the tree, and says what it skipped.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/tocsin
mkdir -p "$cache/bin" "$cache/peers"
export GOBIN=$cache/bin PATH=$cache/bin:$PATH

skipped() { echo "skipped: $1 ($2): tests that need it are skipped too"; }
has() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ]; }

# Packages of Debian: the command each gives, its name, the services it starts.
wanted=()
services=()
want() { # command package [service…]
	has "$1" && return
	wanted+=("$2")
	services+=("${@:3}")
}
want redis-server redis-server redis-server
want bearerbox kannel kannel
want promtool prometheus prometheus prometheus-node-exporter
want tshark tshark
want jq jq
want npm npm
want systemd-analyze systemd
if [ ${#wanted[@]} -gt 0 ]; then
	if ! has apt-get; then
		skipped "${wanted[*]}" "no apt-get here"
	elif [ "$(id -u)" != 0 ]; then
		skipped "${wanted[*]}" "not root; run: apt-get install --no-install-recommends ${wanted[*]}"
	else
		export DEBIAN_FRONTEND=noninteractive
		echo "apt-get install ${wanted[*]}"
		apt-get update -qq
		apt-get install -y -qq --no-install-recommends "${wanted[@]}" >"$cache/apt.log" 2>&1 ||
			{ tail -20 "$cache/apt.log"; exit 1; }
		# The tests start servers of their own, on loopback, on ports of their own.
		for s in "${services[@]}"; do
			service "$s" stop >/dev/null 2>&1 || true
		done
	fi
fi

# A carrier nobody here wrote.
smpp=0.5.1
if ! grep -qs "\"version\": \"$smpp\"" "$cache/peers/node_modules/smpp/package.json"; then
	if has npm; then
		echo "npm install smpp@$smpp"
		npm install --silent --no-audit --no-fund --prefix "$cache/peers" "smpp@$smpp"
	else
		skipped "smpp@$smpp" "no npm here"
	fi
fi

tool() { # command module version
	if ! "$cache/bin/$1" -version 2>/dev/null | grep -qF "$3" &&
		! go version -m "$cache/bin/$1" 2>/dev/null | grep -qF "$3"; then
		echo "go install $2@$3"
		go install "$2@$3"
	fi
}
tool gofumpt mvdan.cc/gofumpt v0.12.0
tool staticcheck honnef.co/go/tools/cmd/staticcheck v0.8.2
