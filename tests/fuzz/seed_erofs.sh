#!/bin/sh
# SPDX-License-Identifier: MIT
# seed_erofs.sh OUT: makes small EROFS images for fuzz_erofs in the directory OUT, one for each
# layout: both inode sizes, tail packing, chunk maps and indexes, inline and shared attributes.
set -eu

out=$1
mkdir -p "$out"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

mkdir -p "$tree/dir/sub"
echo hello >"$tree/hello"
head -c 5000 /dev/zero | tr '\0' x >"$tree/tail"
truncate -s 9000 "$tree/sparse"
echo end >>"$tree/sparse"
ln -s hello "$tree/link"
ln "$tree/hello" "$tree/dir/hard"
mkfifo "$tree/dir/fifo"
mknod "$tree/dir/null" c 1 3 2>/dev/null || :
for f in hello tail dir; do
	setfattr -n user.shared -v 0123456789 "$tree/$f" 2>/dev/null ||
		python3 -c 'import os,sys; os.setxattr(sys.argv[1], "user.shared", b"0123456789")' \
			"$tree/$f" || echo "seed_erofs: no user.* attributes here" >&2
done

many=$tree/many
mkdir "$many"
for i in $(seq 1 220); do
	: >"$many/a-name-long-enough-for-two-blocks-$i"
done

make_image()
{
	name=$1
	shift
	mkfs.erofs --quiet "$@" "$out/$name.img" "$tree" >/dev/null 2>&1
}
make_image large -Eforce-inode-extended
rm -r "$many"
make_image compact -Eforce-inode-compact --ignore-mtime
make_image extended -Eforce-inode-extended -x1
make_image plain -Enoinline_data
make_image chunks --chunksize=8192 -x-1
make_image indexes --chunksize=4096 -Eforce-chunk-indexes
make_image lz4 -zlz4 -Elegacy-compress
