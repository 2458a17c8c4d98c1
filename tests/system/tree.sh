#!/bin/sh
# SPDX-License-Identifier: MIT
# Works on a tree of 5,000 small and some larger files the way users do: writes
# it, moves every file to another directory, hard-links every file and deletes
# the first names. With the kernel's caches dropped, names are counted after each step, and all data is re-read and its
# checksums compared when it is written and when only the links are left. Prints `tree: ok`, or what went wrong.
#
#     tree.sh DIRECTORY [FILES]
set -e

top=$1
files=${2:-5000}
per_dir=100
dirs=$(((files + per_dir - 1) / per_dir))

fail()
{
	echo "tree: $*"
	exit 1
}

# count WHAT TREE: as many files are there as should be.
count()
{
	sync
	echo 3 > /proc/sys/vm/drop_caches
	found=$(find "$top/$2" -type f | wc -l)
	[ "$found" -eq $((files + dirs)) ] || fail "$1: $found files, $((files + dirs)) expected"
	echo "tree: $1"
}

# check WHAT TREE: and each has the name and the content that its sum says.
check()
{
	count "$1" "$2"
	(cd "$top/$2" && md5sum -c "$top/sums" > "$top/result" 2>&1) ||
		fail "$1: $(grep -v ': OK$' "$top/result" | head -n 3)"
	echo "tree: $1, contents too"
}

# The sums are taken from what was meant, not from what the file server says.
write_tree()
{
	mkdir "$top/one" /dev/shm/meant
	i=0
	while [ $i -lt "$files" ]; do
		name=d$((i / per_dir))/f$i
		[ $((i % per_dir)) -ne 0 ] || mkdir "$top/one/${name%/*}" "/dev/shm/meant/${name%/*}"
		text="file $i of $files: $((i * 7919 % 10007))"
		echo "$text" > "$top/one/$name"
		echo "$text" > "/dev/shm/meant/$name"
		i=$((i + 1))
	done
	for dir in /dev/shm/meant/d*; do
		head -c 100000 /dev/urandom > "$dir/large"
		cat "$dir/large" > "$top/one/${dir##*/}/large"
	done
	(cd /dev/shm/meant && find . -type f -exec md5sum {} +) > "$top/sums"
	rm -r /dev/shm/meant
}

move_files()
{
	mkdir "$top/two"
	for dir in "$top"/one/d*; do
		mkdir "$top/two/${dir##*/}"
		mv "$dir"/* "$top/two/${dir##*/}"
		rmdir "$dir"
	done
	rmdir "$top/one"
	mv "$top/two" "$top/three"
}

link_files()
{
	mkdir "$top/links"
	for dir in "$top"/three/d*; do
		mkdir "$top/links/${dir##*/}"
		ln "$dir"/* "$top/links/${dir##*/}"
	done
	[ "$(stat -c %h "$top"/three/d*/large | sort -u)" = 2 ] || fail "linked: not two links"
}

write_tree
check "written" one
move_files
count "moved" three
link_files
rm -r "$top/three"
[ "$(stat -c %h "$top"/links/d*/large | sort -u)" = 1 ] || fail "deleted: not one link"
check "deleted" links
rm -r "$top/links"
[ ! -e "$top/links" ] || fail "the tree is still there"
echo "tree: ok"
