#!/bin/bash
# Installs what the tests need and this machine lacks. It writes to the package
# system and to the cache folder, never to the tree. What it cannot bring it says,
# and what is skipped for it; on Debian, as root, that is an error.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/tocsin
mkdir -p "$cache/bin" "$cache/peers"
export GOBIN=$cache/bin PATH=$cache/bin:$PATH

has() { command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || compgen -G "$1" >/dev/null; }
skipped() { # what why
	echo "skipped: $1 ($2): tests that need it are skipped too"
}
fail() {
	echo "deploy/ci/install.sh: $*" >&2
	exit 1
}
# again tries a command that needs the network three times.
again() {
	"$@" || { sleep 2; "$@"; } || { sleep 10; "$@"; }
}

# Packages of Debian: the command or file each gives, its name, the services it starts.
commands=()
packages=()
services=()
want() { # command-or-file package [service…]
	has "$1" && return
	commands+=("$1")
	packages+=("$2")
	services+=("${@:3}")
}
# go test -race needs a C compiler and the C library's headers.
want gcc gcc
want /usr/include/stdlib.h libc6-dev
# Modules and node-smpp come by HTTPS.
want /etc/ssl/certs/ca-certificates.crt ca-certificates
# Campaigns name time zones.
want /usr/share/zoneinfo/Asia/Shanghai tzdata
want redis-server redis-server redis-server
want '/usr/lib/postgresql/*/bin/postgres' postgresql postgresql
want bearerbox kannel kannel
want promtool prometheus prometheus prometheus-node-exporter
want tshark tshark
want strace strace
want redis-cli redis-tools
want pkill procps
want jq jq
want node nodejs
want npm npm
want systemd-analyze systemd
if [ ${#packages[@]} -gt 0 ]; then
	if ! has apt-get; then
		skipped "${packages[*]}" "no apt-get here"
	elif [ "$(id -u)" != 0 ]; then
		skipped "${packages[*]}" "not root; run: apt-get install --no-install-recommends ${packages[*]}"
	else
		export DEBIAN_FRONTEND=noninteractive
		echo "apt-get install ${packages[*]}"
		again apt-get update -qq
		again apt-get install -y -qq --no-install-recommends "${packages[@]}" >"$cache/apt.log" 2>&1 ||
			{ tail -20 "$cache/apt.log"; fail "apt-get could not install ${packages[*]}"; }
		# The tests start servers of their own, on loopback, on ports of their own:
		# nothing that came with a package shall run, now or after a reboot.
		for s in "${services[@]}"; do
			service "$s" stop >/dev/null 2>&1 || true
			systemctl disable "$s" >/dev/null 2>&1 || update-rc.d "$s" disable >/dev/null 2>&1 || true
		done
		for c in "${commands[@]}"; do
			has "$c" || fail "$c is not there, although its package was installed"
		done
	fi
fi

# A carrier nobody here wrote. It is there when its last file is.
smpp=0.5.1
if ! grep -qs "\"version\": \"$smpp\"" "$cache/peers/node_modules/smpp/package.json" ||
	! [ -d "$cache/peers/node_modules/iconv-lite" ]; then
	if has npm; then
		echo "npm install smpp@$smpp"
		again npm install --loglevel=error --no-audit --no-fund --prefix "$cache/peers" "smpp@$smpp" ||
			fail "npm could not install smpp@$smpp"
	else
		skipped "smpp@$smpp" "no npm here"
	fi
fi

# A tool is built by the Go of today: staticcheck cannot read code for a newer one.
go=$(go env GOVERSION)
tool() { # command module version
	local info
	info=$(go version -m "$cache/bin/$1" 2>/dev/null || true)
	if ! grep -qF "$3" <<<"$info" || ! head -1 <<<"$info" | grep -qF ": $go"; then
		echo "go install $2@$3"
		# What a caller sets for the program is not for the tools.
		again env -u GOOS -u GOARCH -u GOFLAGS CGO_ENABLED=0 go install "$2@$3" ||
			fail "go could not install $2@$3"
	fi
}
tool gofumpt mvdan.cc/gofumpt v0.12.0
tool staticcheck honnef.co/go/tools/cmd/staticcheck v0.8.2
