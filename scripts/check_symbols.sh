#!/bin/sh
# SPDX-License-Identifier: MIT
# check_symbols.sh ARCHIVE: the device model may call the host_* functions of include/dm.h, the C
# library's mem* and str*, the compiler's stack protector and bit counts, nothing else. Lists what else it needs.
set -eu

archive=$1
nm=${NM:-riscv64-unknown-elf-nm}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$nm" -A "$archive" >"$tmp/all"
awk '$(NF-1) ~ /^[A-TV-Z]$/ { print $NF }' "$tmp/all" | sort -u >"$tmp/defined"
awk '$(NF-1) ~ /^[Uwv]$/ { print $NF }' "$tmp/all" | sort -u >"$tmp/undefined"

if ! [ -s "$tmp/defined" ]; then
	echo "check_symbols: $archive defines nothing" >&2
	exit 1
fi
comm -23 "$tmp/undefined" "$tmp/defined" |
	grep -vE '^(host_[a-z0-9_]+|mem[a-z]+|str[a-z]+|__stack_chk_(fail|guard)|__c[lt]z[sd]i2)$' >"$tmp/bad" || :
while read -r symbol; do
	user=$(grep -m1 " [Uwv] $symbol\$" "$tmp/all" | sed 's/:[^:]*$//')
	echo "$user: needs $symbol: the device model may need only host_*, mem* and str*"
done <"$tmp/bad"
! [ -s "$tmp/bad" ]
