#!/bin/sh
# SPDX-License-Identifier: MIT
# seed_config.sh OUT: seeds for fuzz_bundle, fuzz_vm_config and fuzz_machine in the directory OUT:
# a small bundle, the examples' configurations, and QEMU's machines (behind a byte for the boot hart).
set -eu

out=$1
here=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for name in debian vms disks; do
	dtc -q -O dtb -o "$out/config-$name" "$here/config/examples/$name.dts"
done

cd "$work"
cat >bundle.its <<'EOF'
/dts-v1/;
/ {
	description = "seed";
	#address-cells = <1>;
	images {
		config { data = "tree"; type = "flat_dt"; arch = "riscv"; compression = "none"; };
		kernel { data = "kernel"; type = "kernel"; arch = "riscv"; os = "linux";
			 compression = "none"; load = <0>; entry = <0>; };
	};
	configurations {
		default = "conf";
		conf { fdt = "config"; };
	};
};
EOF
mkimage -E -B 8 -f bundle.its "$out/bundle-offset" >/dev/null
mkimage -E -B 8 -p 800 -f bundle.its "$out/bundle-position" >/dev/null

machine()
{
	qemu-system-riscv64 -M "virt$2,dumpdtb=tree" -cpu rv64,h=true -smp 2,sockets=2 -m 1G \
		-object memory-backend-ram,size=512M,id=a -object memory-backend-ram,size=512M,id=b \
		-numa node,memdev=a,cpus=0 -numa node,memdev=b,cpus=1 2>/dev/null
	# Without the padding that QEMU leaves for the firmware.
	dtc -q -I dtb -O dtb -o packed tree
	{
		printf '\0'
		cat packed
	} >"$out/$1"
}
machine machine-plic ""
machine machine-aia ,aia=aplic-imsic,aia-guests=3
machine machine-aplic ,aia=aplic
