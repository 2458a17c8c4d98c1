#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Builds BUILD/root.erofs, the root that a VM has when no --image is given, and
# BUILD/init, what Vesper puts inside each VM to get it there (guest/init):
#   scripts/mkroot.sh BUILD
# The root is BusyBox with a link for each name in cli/applets.txt, and the files
# that a shell needs. The image is uncompressed, so that Vesper serves it in place,
# and equal inputs give equal bytes.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1
busybox=$build/debian/busybox
image=$build/root.erofs
applets=$here/../cli/applets.txt
uuid=76657370-6572-4000-8000-726f6f740000

fail() {
	printf 'mkroot: %s\n' "$*" >&2
	exit 1
}

[ -f "$busybox" ] || fail "$busybox is missing: run scripts/setup.sh $build"

# Foreign binaries do not run here, but the names it knows stand in BusyBox's data.
unknown=$(comm -23 <(LC_ALL=C sort "$applets") \
	<(tr '\0' '\n' <"$busybox" | LC_ALL=C sort -u) | tr '\n' ' ')
[ -z "$unknown" ] || fail "Debian's BusyBox no longer has: ${unknown}(take them out of cli/applets.txt)"

# ---- init ----

version=$(cat "$build/debian/kernel-version")
init=$build/init
rm -rf "$init"
mkdir -p "$init"/{bin,dev,newroot,proc,run,sbin,sys} "$init/lib/modules"
cp "$busybox" "$init/bin/busybox"
cp "$here"/../guest/{init,session,dhcp,modprobe} "$init/"
cp -R "$build/debian/modules" "$init/lib/modules/$version"
ln -s ../init "$init/sbin/init" # where the kernel looks if the root is no initramfs
chmod -R u+rwX,go+rX,go-w "$init"

# ---- the root ----

root=$(mktemp -d)
trap 'rm -rf "$root" "$image.log"' EXIT
umask 022
chmod 755 "$root"
cd "$root"
mkdir -p dev etc home mnt opt proc root run srv sys tmp usr/bin usr/lib usr/local/bin usr/share var/log var/tmp
chmod 700 root
chmod 1777 tmp var/tmp
ln -s usr/bin bin
ln -s usr/bin sbin
ln -s usr/lib lib
ln -s bin usr/sbin
ln -s ../../run/vesper/lib/modules usr/lib/modules # there because of guest/init
ln -s ../run var/run
cd - >/dev/null

cp "$busybox" "$root/usr/bin/busybox"
chmod 755 "$root/usr/bin/busybox"
while read -r applet; do
	ln -s busybox "$root/usr/bin/$applet"
done <"$applets"

write() { # FILE, its text on standard input
	cat >"$root/etc/$1"
}
write passwd <<'END'
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/bin/nologin
END
write group <<'END'
root:x:0:
tty:x:5:
nogroup:x:65534:
END
write hostname <<<vesper
write hosts <<'END'
127.0.0.1	localhost
127.0.1.1	vesper
::1		localhost
END
write shells <<</bin/sh
# What `mount` tries: the kernel has them as modules, which it loads then.
write filesystems <<'END'
ext4
vfat
END
write motd <<'END'
This root is BusyBox on virtio-fs, served by Vesper. What you write lives until the
machine is off. `exit` or Ctrl-D powers it off; Ctrl-A x ends the emulator at once.
END
write profile <<'END'
[ "$PS1" ] || return 0
export PS1='\h:\w# '
alias ll='ls -l'
cat /etc/motd
END

mkfs.erofs --all-root -T0 -U "$uuid" -x-1 --quiet "$image.new" "$root" 2>"$image.log" ||
	fail "mkfs.erofs failed: $(tail -n 1 "$image.log")"
mv "$image.new" "$image"
