# SPDX-License-Identifier: MIT
"""Small bundles and plain QEMU runs of Vesper, for tests that need no Debian."""

import os
import re
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


def make(directory, config=GOOD_CONFIG, kernel=IDLE_KERNEL):
    """Writes bundle.fit into `directory`; returns its path."""
    for name, text in (("config.dts", config), ("bundle.its", FIT)):
        with open(os.path.join(directory, name), "w") as f:
            f.write(text)
    with open(os.path.join(directory, "kernel"), "wb") as f:
        f.write(kernel)
    for command in (
        ["dtc", "-q", "-O", "dtb", "-o", "config.dtb", "config.dts"],
        ["mkimage", "-E", "-B", "1000", "-f", "bundle.its", "bundle.fit"],
    ):
        subprocess.run(command, cwd=directory, check=True, stdout=subprocess.DEVNULL)
    return os.path.join(directory, "bundle.fit")


def qemu_args(cpu, *boot, memory="512M", harts=1, machine="virt"):
    return [
        QEMU, "-M", machine, "-cpu", cpu, "-smp", str(harts), "-m", memory, "-display", "none",
        "-monitor", "none", "-serial", "stdio", "-kernel", IMAGE, *boot,
    ]


def boot(cpu, *args, seconds=120, **machine):
    """Runs Vesper to its end; returns the exit status and what it said after the firmware.

    `machine`: memory, harts and machine, as qemu_args() has them.
    """
    try:
        done = subprocess.run(qemu_args(cpu, *args, **machine), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
    except subprocess.TimeoutExpired as e:
        tail = (e.stdout or b"").decode(errors="replace")[-2000:]
        raise AssertionError("no end after %d s; the console's tail:\n%s" % (seconds, tail)) from None
    text = plain(done.stdout.decode(errors="replace"))
    return done.returncode, text.split("Boot HART MEDELEG", 1)[-1].partition("\n")[2]


def payload(name):
    """The bundle of a payload, or another of tests/guest/guest.mk."""
    bundle = os.path.join(ROOT, "build", "guest", name + ".fit")
    assert os.path.exists(bundle), "%s is not built: make guest-payloads" % bundle
    return bundle


def listed(variable):
    """The words that tests/guest/guest.mk gives to a variable."""
    with open(os.path.join(ROOT, "tests", "guest", "guest.mk")) as f:
        text = f.read().replace("\\\n", " ")
    words = []
    for value in re.findall(r"^%s\s*[:+]?=(.*)$" % variable, text, re.M):
        words += value.split("#")[0].split()
    assert words
    return words


def passes(name, *args, payload_name=None, cpu, **kwargs):
    """Runs the bundle `name`, whose first VM must pass and whose machine must end well; returns the text."""
    status, text = boot(cpu, "-initrd", payload(name), *args, **kwargs)
    assert re.search(r"(?m)^PASS %s$" % re.escape(payload_name or name), text), text[-3000:]
    assert "FAIL" not in text, text[-3000:]
    assert status == 0, "QEMU ended with %d:\n%s" % (status, text[-3000:])
    return text
