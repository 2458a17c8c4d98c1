#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Makes a Debian 12 or 13 machine ready to build, run and test Vesper:
#   scripts/setup.sh [BUILD]      (default: build)
# Installs Debian packages (as root or with sudo), then has fetch-debian.sh
# put the guest's parts into BUILD/debian. It does nothing where BUILD/.setup
# says that this very script was here before. The system's apt sources stay as
# they are: what Debian 12 lacks (QEMU 10) comes through a private source list.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-build}
mkdir -p "$build"
stamp=$build/.setup
log=$build/setup.log

say() { printf 'setup: %s\n' "$*"; }
fail() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

key=$(cat "$here/setup.sh" "$here/fetch-debian.sh" | sha256sum)
[ "$(cat "$stamp" 2>/dev/null)" != "$key" ] || exit 0
: >"$log"

# ---- which Debian ----

release=$(. /etc/os-release && echo "${ID:-}-${VERSION_ID:-}")
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
case $release in
debian-12) clang_runtime=libclang-rt-14-dev ;;
debian-13) clang_runtime=libclang-rt-19-dev ;;
*) fail "this is $release, and only Debian 12 and 13 are known here: install what scripts/setup.sh lists by hand" ;;
esac

packages=(
	gcc libc6-dev make git xz-utils debian-archive-keyring
	clang clang-format clang-tidy "$clang_runtime"
	gcc-riscv64-unknown-elf binutils-riscv64-unknown-elf picolibc-riscv64-unknown-elf
	binutils-riscv64-linux-gnu # its ld makes static PIEs, which the bare-metal one does not
	device-tree-compiler u-boot-tools erofs-utils libfdt-dev libcmocka-dev
	python3 python3-pytest python3-pytest-xdist python3-pexpect gdb-multiarch
)
emulator=(qemu-system-riscv opensbi)
emulator_version=10 # 7.2 of Debian 12 never fills in htinst, among other things

# ---- apt ----

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo

need_root() { # WHAT is to be installed
	[ -z "$sudo" ] || command -v sudo >/dev/null ||
		fail "this machine lacks $1: run scripts/setup.sh once as root, or install sudo"
}

# One line that is rewritten on a terminal; elsewhere only the log has it.
progress() {
	if [ -t 1 ]; then
		tee -a "$log" | awk '
			/^Get:/ { printf "\r\033[Ksetup:   download %d", ++n; fflush() }
			/^(Unpacking|Setting up) / { printf "\r\033[Ksetup:   %.70s", $0; fflush() }
			END { printf "\r\033[K" }'
	else
		cat >>"$log"
	fi
}

apt() {
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 \
		-o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" </dev/null 2>&1 | progress
}

try_apt() { # a mirror may be busy for a moment
	local pause
	for pause in 2 10 0; do
		apt "$@" && return
		[ $pause = 0 ] || sleep $pause
	done
	return 1
}

apt_fail() {
	grep '^E:' "$log" | tail -n 3 >&2
	fail "$1 failed; all of apt's words are in $log"
}

updated=
update_once() {
	[ -z "$updated" ] || return 0
	say "reading the package lists"
	# One broken third-party source must not matter; a missing package is noticed later.
	try_apt update || say "not all package lists could be read; going on with those there are"
	updated=yes
}

missing() { # of the packages given, those not installed
	local p
	for p; do
		dpkg-query -W -f '${db:Status-Abbrev}' "$p" 2>/dev/null | grep -q '^.i' || echo "$p"
	done
}

# The main archive's address, as this machine's apt has it.
archive() {
	apt-get indextargets --format '$(LABEL) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
		awk -v c="$codename" '$1 == "Debian" && $2 == c && $3 !~ /^cdrom:/ { print $3; exit }'
}

# ---- the steps ----

install_packages() {
	local need
	mapfile -t need < <(missing "${packages[@]}")
	[ ${#need[@]} != 0 ] || return 0
	need_root "${need[*]}"
	update_once
	say "installing ${#need[@]} packages (minutes on a fresh machine): ${need[*]}"
	try_apt install --no-install-recommends "${need[@]}" || apt_fail "installing packages"
}

emulator_is_new_enough() {
	local version
	version=$(qemu-system-riscv64 --version 2>/dev/null | sed -n '1s/.*version \([0-9]*\).*/\1/p')
	[ "${version:-0}" -ge $emulator_version ] && [ -z "$(missing opensbi)" ]
}

# The system's sources and one line more, with lists of their own.
install_emulator_from_backports() {
	local dir mirror
	update_once
	mirror=$(archive)
	[ -n "$mirror" ] || fail "apt's sources do not name Debian's main archive ($codename)"
	dir=$(mktemp -d)
	mkdir -p "$dir/lists/partial"
	chmod -R a+rX "$dir"
	{
		cat /etc/apt/sources.list 2>/dev/null || true
		echo "deb [target=Packages signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $codename-backports main"
	} >"$dir/sources.list"
	local options=(-o "Dir::Etc::sourcelist=$dir/sources.list" -o "Dir::State::lists=$dir/lists"
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
	say "installing QEMU from $codename-backports (this release's own is too old)"
	try_apt "${options[@]}" update || true
	try_apt "${options[@]}" -t "$codename-backports" install --no-install-recommends \
		"${emulator[@]}" || apt_fail "installing QEMU"
	$sudo rm -rf "$dir"
}

install_emulator() {
	emulator_is_new_enough && return
	need_root "${emulator[*]} (QEMU $emulator_version or later)"
	if [ "$release" = debian-12 ]; then
		install_emulator_from_backports
	else
		update_once
		say "installing QEMU"
		try_apt install --no-install-recommends "${emulator[@]}" || apt_fail "installing QEMU"
	fi
	emulator_is_new_enough ||
		fail "qemu-system-riscv64 is older than $emulator_version even now: is another one first in PATH?"
}

install_packages
install_emulator
[ -n "$(archive)" ] || { [ -n "$sudo" ] && ! command -v sudo >/dev/null; } || update_once
"$here/fetch-debian.sh" "$build" "$(archive)"
printf '%s\n' "$key" >"$stamp"
say "ready"
