#!/bin/sh
# SPDX-License-Identifier: MIT
# check_nofp.sh ELF: outside of core/fp_regs.S the hypervisor contains no floating-point or vector instruction
# and touches none of their CSRs: what a guest left in those registers is still there when it runs again. 32-bit
# instructions are told by their major opcode (the low 7 bits), as the disassembler need not know them.
set -eu

elf=$1
objdump=${OBJDUMP:-riscv64-unknown-elf-objdump}
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT

"$objdump" -d "$elf" >"$tmp"
awk '
	# LOAD-FP, STORE-FP, MADD, MSUB, NMSUB, NMADD, OP-FP, OP-V.
	function opcode_bad(code) {
		return length(code) == 8 && code ~ /([08]7|[2a]7|[4c]3|[4c]7|[4c]b|[4c]f|[5d]3|[5d]7)$/
	}
	function name_bad(name) {
		return name ~ /^(c\.)?f/ && name !~ /^fence/ || name ~ /^v/
	}
	function csr_bad(name, operands) {
		return name ~ /^csr/ && ("," operands ",") ~ csrs
	}
	BEGIN {
		csrs = ",(fflags|frm|fcsr|vstart|vxsat|vxrm|vcsr|vl|vtype|vlenb" \
			"|0x[12389af]|0xc2[012]),"
	}
	/^[0-9a-f]+ <.*>:$/ {
		where = $2
	}
	/^ *[0-9a-f]+:\t/ {
		split($0, field, "\t")
		gsub(/ /, "", field[2])
		total++
		if (where ~ /^<fp_regs_/)
			next
		if (!opcode_bad(field[2]) && !name_bad(field[3]) && !csr_bad(field[3], field[4]))
			next
		if (found++ < 10)
			print where $0
	}
	END {
		if (!total)
			print "check_nofp: no instructions found"
		if (found)
			print "check_nofp: " found " floating-point or vector instructions"
		exit found || !total
	}
' "$tmp"
