# SPDX-License-Identifier: MIT
"""Small bundles and plain QEMU runs of Vesper, for tests that need no Debian."""

import os
import subprocess

from guest import ROOT, plain

QEMU = "qemu-system-riscv64"
IMAGE = os.path.join(ROOT, "build", "vesper.bin")

GOOD_CONFIG = """/dts-v1/;
/ {
	compatible = "vesper,config";
	test {
		compatible = "vesper,vm";
		memory-mib = <64>;
		cpus = <1>;
		kernel = "kernel";
		console { compatible = "vesper,console"; };
	};
};
"""

FIT = """/dts-v1/;
/ {
	description = "test";
	#address-cells = <1>;
	images {
		config { data = /incbin/("config.dtb"); type = "flat_dt"; arch = "riscv"; compression = "none"; };
		kernel { data = /incbin/("kernel"); type = "kernel"; arch = "riscv"; os = "linux";
			 compression = "none"; load = <0>; entry = <0>; };
	};
	configurations {
		default = "conf";
		conf { fdt = "config"; };
	};
};
"""

# A RISC-V Linux Image that does nothing but `j .`.
IDLE_KERNEL = (
    bytes.fromhex("6f000000 00000000 0000200000000000 0010000000000000 0000000000000000")
    + bytes.fromhex("02000000 00000000 0000000000000000")
    + b"RISCV\0\0\0RSC\x05\0\0\0\0"
    + bytes(4096 - 64)
)


def make(directory, config=GOOD_CONFIG):
    """Writes bundle.fit into `directory`; returns its path."""
    for name, text in (("config.dts", config), ("bundle.its", FIT)):
        with open(os.path.join(directory, name), "w") as f:
            f.write(text)
    with open(os.path.join(directory, "kernel"), "wb") as f:
        f.write(IDLE_KERNEL)
    for command in (
        ["dtc", "-q", "-O", "dtb", "-o", "config.dtb", "config.dts"],
        ["mkimage", "-E", "-B", "1000", "-f", "bundle.its", "bundle.fit"],
    ):
        subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    return os.path.join(directory, "bundle.fit")


def qemu_args(cpu, *boot, memory="512M"):
    return [
        QEMU, "-M", "virt", "-cpu", cpu, "-smp", "1", "-m", memory, "-display", "none",
        "-monitor", "none", "-serial", "stdio", "-kernel", IMAGE, *boot,
    ]


def boot(cpu, *args, memory="512M", seconds=30):
    """Runs Vesper to its end; returns the exit status and what it said after the firmware."""
    try:
        done = subprocess.run(qemu_args(cpu, *args, memory=memory), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
    except subprocess.TimeoutExpired as e:
        tail = (e.stdout or b"").decode(errors="replace")[-2000:]
        raise AssertionError("no end after %d s; the console's tail:\n%s" % (seconds, tail)) from None
    text = plain(done.stdout.decode(errors="replace"))
    return done.returncode, text.split("Boot HART MEDELEG", 1)[-1].partition("\n")[2]
