#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Puts Debian's riscv64 kernel, some of its modules, BusyBox, libfdt and U-Boot into
# BUILD/debian, and what the tests load a VM with (a tree to merge into a root) into
# BUILD/debian/extra:
#   scripts/fetch-debian.sh BUILD MIRROR
# apt itself finds, verifies and downloads the packages, with a configuration
# and lists of its own; nothing is installed. The first suite whose index apt
# can verify is taken. Packages stay in a cache (VESPER_CACHE, by default
# ~/.cache/vesper), which also serves when there is no network.

set -euo pipefail
build=$1
mirror=$2
cache=${VESPER_CACHE:-${HOME:-$build}/.cache/vesper}
suites="trixie forky"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
log=$build/setup.log

# Of the kernel's modules, with what each needs: those that a VM loads whenever it boots, and those that it may want,
# which stay compressed.
boot_modules="virtio_mmio virtio_blk virtio_net virtio_rng virtio_balloon vmw_vsock_virtio_transport"
more_modules="ext4 vfat nls_cp437 nls_ascii loop overlay vsock_loopback vsock_diag"

packages="busybox-static libfdt-dev u-boot-qemu stress-ng rt-tests fio iperf3 e2fsprogs socat"
programs="stress-ng cyclictest fio iperf3 mke2fs e2fsck socat1" # of them, for extra/
# Where their libraries are, as far as a suite has these packages; find_libraries tells of one that is missing.
# What apt would take beside them (graphics drivers, Python) is 20 times as much.
libraries="libc6 libgcc-s1 libstdc++6 libacl1 libapparmor1 libbsd0 libmd0 libcpupower1 libcrypt1 libegl1 libgles2
	libglvnd0 libgbm1 libdrm2 libexpat1 libgmp10 libmpfr6 libjpeg62-turbo libjudydebian1 libkmod2 libssl3t64 libzstd1
	liblzma5 libnuma1 libsctp1 libxxhash0 zlib1g libblkid1 libcom-err2 libext2fs2t64 libss2 libuuid1 libiperf0 libwrap0
	libaio1t64 libibverbs1 librdmacm1t64 libnbd0 libnfs14 librados2 librbd1 libgfapi0 libgfrpc0 libgfxdr0 libglusterfs0
	libudev1 libcryptsetup12 libtirpc3t64 libboost-iostreams1.92.0 libboost-thread1.92.0 libboost-iostreams1.83.0
	libboost-thread1.83.0 libatomic1 libnl-3-200 libnl-route-3-200 libgnutls30t64 libxml2-16 libxml2 libicu76
	libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libkeyutils1 libargon2-1 libjson-c5 libdevmapper1.02.1
	libselinux1 libpcre2-8-0 libcap2 libnettle8t64 libhogweed6t64 libidn2-0 libtasn1-6 libp11-kit0 libunistring5 libffi8
	libbz2-1.0"

say() { printf 'setup: %s\n' "$*"; }
fail() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

case $cache in
*[\"\;{}]* | [!/]*) fail "VESPER_CACHE=$cache must be an absolute path without quotes, braces and semicolons" ;;
esac
mkdir -p "$cache/deb" || fail "cannot make the cache $cache: set VESPER_CACHE to a folder that can be written"
exec 9>"$cache/lock"
flock 9

# ---- one suite's apt ----

write_apt_conf() { # SUITE
	local dir=$cache/$1
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	echo "deb [arch=riscv64 target=Packages signed-by=$keyring] $mirror $1 main" >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
		#clear APT::Architectures;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		APT::Architecture "riscv64";
		APT::Architectures { "riscv64"; };
		APT::Sandbox::User "root"; // the cache is the user's own and closed to others
		Acquire::Retries "3";
		Acquire::Languages "none";
		Dir::State "$dir";
		Dir::State::lists "$dir/lists";
		Dir::State::status "/dev/null";
		Dir::Cache "$dir/cache";
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
	END
}

update() { # SUITE: is its index here, verified and of now?
	local output pause
	for pause in 2 10 0; do
		if output=$(apt-get -c "$cache/$1/apt.conf" -q --error-on=any update 2>&1); then
			return 0
		fi
		printf '%s\n' "$output" >>"$log"
		case $output in
		*"unexpected size"* | *"Hash Sum mismatch"* | *"does not have a Release file"*) break ;;
		esac
		[ $pause = 0 ] || sleep $pause
	done
	say "suite $1: apt has no riscv64 index that it can verify ($(grep '^E:' <<<"$output" | head -n 1 |
		sed 's/^E: //; s/[a-z+]*:\/\/[^ ]*\///' | cut -c 1-90)...)"
	return 1
}

# Prints a line "FILE SIZE SHA256 PACKAGE" for each package that is wanted.
resolve() { # SUITE
	local conf=$cache/$1/apt.conf version kernel found
	version=$(apt-cache -c "$conf" depends linux-image-riscv64 |
		sed -n 's/^ *Depends: linux-image-\([0-9].*\)/\1/p' | head -n 1)
	[ -n "$version" ] || return 1
	if apt-cache -c "$conf" show "linux-binary-$version" >/dev/null 2>&1; then
		kernel="linux-binary-$version linux-modules-$version"
	else
		kernel=linux-image-$version
	fi
	found=$(apt-cache -c "$conf" pkgnames | grep -Fx -f <(tr -s ' \t' '\n' <<<"$libraries"))
	apt-get -c "$conf" download --print-uris $kernel $packages $found 2>>"$log" |
		sed -n "s/^'[^']*' \(\([^ _]*\)_[^ ]*\) \([0-9]*\) SHA256:\([0-9a-f]*\)\$/\1 \3 \4 \2/p"
}

# ---- packages ----

cached() { # FILE SHA256
	[ -f "$cache/deb/$1" ] && echo "$2 $cache/deb/$1" | sha256sum --check --status
}

download() { # SUITE, lines of resolve on standard input
	local file size sum package bytes=0 output pause
	local -a missing=() files=()
	while read -r file size sum package; do
		cached "$file" "$sum" && continue
		missing+=("$package") files+=("$file")
		bytes=$((bytes + size))
	done
	[ ${#missing[@]} != 0 ] || return 0
	say "downloading $(((bytes + 999999) / 1000000)) MB: ${missing[*]}"
	(cd "$cache/deb" && rm -f "${files[@]}")
	for pause in 2 10 0; do
		if output=$(cd "$cache/deb" && apt-get -c "$cache/$1/apt.conf" -q download "${missing[@]}" 2>&1); then
			return 0
		fi
		printf '%s\n' "$output" >>"$log"
		[ $pause = 0 ] || sleep $pause
	done
	return 1
}

all_cached() { # lines of resolve on standard input
	local file size sum package
	while read -r file size sum package; do
		cached "$file" "$sum" || return 1
	done
}

# The list of what is in use: "suite NAME", then lines of resolve.
online() {
	local suite
	[ -n "$mirror" ] || return 1
	[ -r "$keyring" ] || fail "$keyring is missing: install debian-archive-keyring"
	for suite in $suites; do
		write_apt_conf "$suite"
		update "$suite" || continue
		resolve "$suite" >"$cache/resolved.new" || continue
		download "$suite" <"$cache/resolved.new" && all_cached <"$cache/resolved.new" || continue
		{
			echo "suite $suite"
			cat "$cache/resolved.new"
		} >"$cache/resolved"
		rm "$cache/resolved.new"
		say "Debian's riscv64 packages are those of $suite"
		return 0
	done
	return 1
}

offline() {
	[ -s "$cache/resolved" ] && tail -n +2 "$cache/resolved" | all_cached || return 1
	say "no suite's index could be had now: taking the packages verified before (of $(sed -n 's/^suite //p' "$cache/resolved"))"
}

# ---- what is needed of them ----

wanted=('./boot/vmlinu[xz]-*' './usr/lib/modules/*/vmlinuz' '*.ko*' './bin/busybox' './usr/bin/busybox'
	'./usr/lib/riscv64-linux-gnu/libfdt.a' './usr/include/*.h'
	'./usr/lib/u-boot/qemu-riscv64_smode/*' '*/lib/*.so.*' '*/lib/riscv64-linux-gnu/*.so.*')
for program in $programs; do
	wanted+=("./usr/bin/$program" "./usr/sbin/$program" "./sbin/$program")
done

place() { # NAME FILES...: the one file that is there becomes $new/NAME
	local name=$1 file
	shift
	for file; do
		if [ -f "$file" ]; then
			cp "$file" "$new/$name"
			return
		fi
	done
	fail "Debian's packages hold no $name where it was expected; scripts/fetch-debian.sh must learn their new layout"
}

extract() {
	local file rest tree=$build/debian.tree
	new=$build/debian.new
	rm -rf "$tree" "$new"
	mkdir -p "$tree" "$new/include"
	while read -r file rest; do
		# tar complains of each pattern that this package has no file for
		dpkg-deb --fsys-tarfile "$cache/deb/$file" |
			tar -x -C "$tree" --wildcards "${wanted[@]}" 2>/dev/null || true
	done < <(tail -n +2 "$cache/resolved")

	place vmlinuz "$tree"/usr/lib/modules/*/vmlinuz "$tree"/boot/vmlinu[xz]-*
	place busybox "$tree"/usr/bin/busybox "$tree"/bin/busybox
	place libfdt.a "$tree"/usr/lib/riscv64-linux-gnu/libfdt.a
	place u-boot.elf "$tree"/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf
	place u-boot.bin "$tree"/usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin
	take_modules
	cp "$tree"/usr/include/*.h "$new/include/"
	for program in $programs; do
		mkdir -p "$new/extra/usr/bin"
		place "extra/usr/bin/$program" "$tree"/{usr/bin,usr/sbin,sbin}/"$program"
		find_libraries "$new/extra/usr/bin/$program"
	done
	ln -s socat1 "$new/extra/usr/bin/socat"
	ln -s mke2fs "$new/extra/usr/bin/mkfs.ext4"
	ln -s e2fsck "$new/extra/usr/bin/fsck.ext4"
	sed -n 's/^.* linux-\(binary\|image\)-\([0-9].*\)$/\2/p' "$cache/resolved" >"$new/kernel-version"
	[ "$(od -An -tx1 -j56 -N4 "$new/vmlinuz" | tr -d ' ')" = 52534305 ] ||
		fail "Debian's kernel is no longer a plain RISC-V Image; scripts/fetch-debian.sh must learn its new form"
	rm -rf "$build/debian" "$tree"
	mv "$new" "$build/debian"
}

# Libraries and the loader go where they are found in a root whose /lib is usr/lib.
find_libraries() { # ELF FILE: what it needs, and what that needs, becomes a part of $new/extra
	local name to
	for name in $(LC_ALL=C readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p'); do
		case $name in
		ld-linux-*) to=extra/usr/lib/$name ;;
		*) to=extra/usr/lib/riscv64-linux-gnu/$name ;;
		esac
		[ ! -e "$new/$to" ] || continue
		mkdir -p "$new/$(dirname "$to")"
		place "$to" "$tree"/{usr/,}lib{/riscv64-linux-gnu{,/ceph},}/"$name"
		find_libraries "$new/$to"
	done
}

# ---- modules: $new/modules is what a VM has as /lib/modules/VERSION ----

take_modules() {
	local name file
	mkdir "$new/modules"
	find "$tree" -name '*.ko*' >"$tree/modules"
	for name in $boot_modules; do
		take_module "$name" unpacked
	done
	for name in $more_modules; do
		take_module "$name" ""
	done
	for file in "$new"/modules/*.ko*; do
		name=$(module_name "$file")
		# As modprobe wants it: all that the module needs, what is to be loaded first at the end.
		echo "$(basename "$file"):$(all_needs "$name" | tac | awk '!seen[$0]++' | tac | sed 's/^/ /' | tr -d '\n')" \
			>>"$new/modules/modules.dep"
		module_info "$file" alias | sed "s/.*/alias & $name/" >>"$new/modules/modules.alias"
	done
}

module_name() { # FILE: as the kernel has it
	basename "$1" | sed 's/\.ko.*//; s/-/_/g'
}

module_info() { # FILE FIELD
	case $1 in
	*.xz) xz -dc "$1" ;;
	*) cat "$1" ;;
	esac | tr '\0' '\n' | LC_ALL=C sed -n "s/^$2=//p"
}

needs_of() { # NAME of a module in $new/modules
	local file
	for file in "$new/modules/$1".ko*; do
		module_info "$file" depends | tr ',-' '\n_'
	done
}

all_needs() { # NAME: the files, the farthest last
	local need
	for need in $(needs_of "$1"); do
		basename "$new/modules/$need".ko*
		all_needs "$need"
	done
}

take_module() { # NAME, and unpacked or not; a kernel that has no such module has it built in
	local file need
	[ -z "$(ls "$new/modules/$1".ko* 2>/dev/null)" ] || return 0
	file=$(grep -m 1 "/${1//_/[-_]}\.ko[^/]*\$" "$tree/modules") || return 0
	need=$new/modules/$1.ko${file##*.ko}
	cp "$file" "$need"
	[ "$2$(sed 's/.*\.//' <<<"$file")" != unpackedxz ] || xz -d "$need"
	for need in $(needs_of "$1"); do
		take_module "$need" "$2"
	done
}

clean_cache() {
	local deb
	for deb in "$cache"/deb/*.deb; do
		grep -q "^$(basename "$deb") " "$cache/resolved" || rm -f "$deb"
	done
}

online || offline ||
	fail "Debian's riscv64 packages cannot be downloaded and $cache does not hold them: check the network (details in $log)"
extract
clean_cache
