#!/bin/sh
# SPDX-License-Identifier: MIT
# seed_elf.sh OUT: seeds for fuzz_elf in the directory OUT: linked programs of a few bytes, one with
# text, data and bss apart, one linked for virtual addresses.
set -eu

out=$1
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/a.S" <<'EOF2'
	.globl	_start
_start:	j	_start
	.data
	.dword	1
	.bss
	.skip	4096
EOF2
riscv64-unknown-elf-gcc -c -o "$work/a.o" "$work/a.S"
riscv64-unknown-elf-ld --no-warn-rwx-segments -N -Ttext=0x80200000 -o "$work/flat" "$work/a.o"
riscv64-unknown-elf-ld --no-warn-rwx-segments -Ttext=0x80200000 -Tdata=0x80300000 -o "$work/apart" "$work/a.o"
cat >"$work/virtual.ld" <<'EOF2'
SECTIONS {
	. = 0xffffffc000000000;
	.text : AT(0x80200000) { *(.text) }
	.data : AT(0x80201000) { *(.data) *(.bss) }
}
EOF2
riscv64-unknown-elf-ld --no-warn-rwx-segments -N -T "$work/virtual.ld" -o "$work/virtual" "$work/a.o"
for file in flat apart virtual; do
	riscv64-unknown-elf-strip -o "$out/elf-$file" "$work/$file"
done
