#!/bin/sh
# SPDX-License-Identifier: MIT
# fs_image.sh OUT [mkfs.erofs options]: makes the image that the file server's tests use.
set -eu

out=$1
shift
mkdir -p "$(dirname "$out")"
tree=$(mktemp -d "$(dirname "$out")/tree.XXXXXX")
trap 'rm -rf "$tree"' EXIT

mkdir -p "$tree/dir/sub" "$tree/many" "$tree/empty"
echo hello >"$tree/hello"
python3 -c '
import sys
sys.stdout.buffer.write(bytes((i * 7 + (i >> 8)) & 255 for i in range(300000)))' >"$tree/big"
echo a >"$tree/dir/a"
echo b >"$tree/dir/b"
echo c >"$tree/dir/sub/c"
echo two names >"$tree/hard1"
ln "$tree/hard1" "$tree/dir/hard2"
ln -s hello "$tree/link"
echo runs >"$tree/suid"
for i in $(seq 100 399); do
	echo "$i" >"$tree/many/file$i"
done
find "$tree" -type d -exec chmod 755 {} +
find "$tree" -type f -exec chmod 644 {} +
chmod 6755 "$tree/suid"
python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.color", b"green")' "$tree/hello"
mkfs.erofs --quiet --all-root -T 1700000000 "$@" "$out" "$tree" >/dev/null
