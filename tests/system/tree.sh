#!/bin/sh
# SPDX-License-Identifier: MIT
# Works on a tree of 5,000 files the way users do: writes, renames, hard-links,
# deletes, and after each step re-reads everything with the kernel's caches
# dropped and compares checksums. Prints `tree: ok`, or what went wrong.
#
#     tree.sh DIRECTORY [FILES]
set -e

top=$1
files=${2:-5000}
per_dir=100

fail()
{
	echo "tree: $*"
	exit 1
}

drop_caches()
{
	sync
	echo 3 > /proc/sys/vm/drop_caches
}

# check WHAT COUNT: as many regular files as expected, with the content their sums say.
check()
{
	drop_caches
	found=$(find "$top/tree" -type f | wc -l)
	[ "$found" -eq "$2" ] || fail "$1: $found files, $2 expected"
	(cd "$top/tree" && md5sum -c "$top/sums" > "$top/result" 2>&1) ||
		fail "$1: $(grep -v ': OK$' "$top/result" | head -n 3)"
}

write_tree()
{
	mkdir "$top/tree"
	i=0
	while [ $i -lt "$files" ]; do
		dir=$top/tree/d$((i / per_dir))
		[ $((i % per_dir)) -ne 0 ] || mkdir "$dir"
		echo "file $i of $files: $((i * 7919 % 10007))" > "$dir/f$i"
		i=$((i + 1))
	done
	# One large file a directory, so that data of many pages is moved too.
	for dir in "$top"/tree/d*; do
		head -c 100000 /dev/urandom > "$dir/large"
	done
}

sum_tree()
{
	(cd "$top/tree" && find . -type f -exec md5sum {} +) > "$top/sums"
}

# Moves every directory: the sums' paths follow.
rename_tree()
{
	for dir in "$top"/tree/d*; do
		mv "$dir" "$top/tree/moved-${dir##*/}"
	done
	sed -i 's,\./d,./moved-d,' "$top/sums"
}

# Renames the files of one directory in ten.
rename_files()
{
	for dir in "$top"/tree/moved-d*0; do
		for f in "$dir"/f*; do
			mv "$f" "$dir/r${f##*/f}"
		done
	done
	sed -i 's,\(\./moved-d[0-9]*0/\)f,\1r,' "$top/sums"
}

link_tree()
{
	mkdir "$top/links"
	for dir in "$top"/tree/moved-d*; do
		ln "$dir/large" "$top/links/${dir##*/}"
		[ "$(stat -c %h "$dir/large")" -eq 2 ] || fail "link: not two links"
	done
}

# Deletes the first name of each large file; the second still has the data.
delete_first_names()
{
	for dir in "$top"/tree/moved-d*; do
		link=$top/links/${dir##*/}
		want=$(md5sum < "$dir/large")
		rm "$dir/large"
		[ "$(stat -c %h "$link")" -eq 1 ] || fail "unlink: not one link"
		[ "$(md5sum < "$link")" = "$want" ] || fail "unlink: data lost"
	done
	sed -i '/large$/d' "$top/sums"
}

dirs=$(((files + per_dir - 1) / per_dir))
write_tree
sum_tree
check "written" $((files + dirs))
rename_tree
check "directories renamed" $((files + dirs))
rename_files
check "files renamed" $((files + dirs))
link_tree
delete_first_names
check "deleted" "$files"
rm -r "$top/tree" "$top/links"
[ ! -e "$top/tree" ] || fail "rm: the tree is still there"
echo "tree: ok"
