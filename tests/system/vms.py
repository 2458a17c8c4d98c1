# SPDX-License-Identifier: MIT
"""Several VMs on one machine: their configuration, the keys, and the monitor."""

import os
import re

from guest import BOOT_SECONDS, COMMAND_SECONDS, VESPER, Guest, plain

BUILD = os.path.dirname(os.path.abspath(VESPER))
ESCAPE = "\x1d"
MONITOR = r"vesper> $"

DEBIAN = """
	%(name)s {
		compatible = "vesper,vm";
		memory-mib = <%(memory)d>;
		cpus = <%(cpus)d>;
		kernel = "debian";
		initrd = "debian-initramfs";
		bootargs = "console=hvc0 root=root rootfstype=virtiofs rw quiet panic=-1 vesper.hostname=%(name)s";
		%(more)s
		console { compatible = "vesper,console"; };
		root { compatible = "vesper,fs"; tag = "root"; image = "%(image)s"; writable-mib = <64>; };
	};
"""

BARE = """
	%(name)s {
		compatible = "vesper,vm";
		memory-mib = <%(memory)d>;
		cpus = <%(cpus)d>;
		kernel = "%(kernel)s";
		%(more)s
	};
"""

# A RISC-V Linux Image that asks SBI for its version, then waits for an interrupt, again and again, and none comes.
#   j 64; ...; 64: li a7, 0x10; li a6, 0; ecall; 1: wfi; j 1b
SLEEPING_KERNEL = (
    bytes.fromhex("6f000004 00000000 0000200000000000 0010000000000000 0000000000000000")
    + bytes.fromhex("02000000 00000000 0000000000000000")
    + b"RISCV\0\0\0RSC\x05\0\0\0\0"
    + bytes.fromhex("93080001 13080000 73000000 73005010 6ff0dfff")
    + bytes(4096 - 84)
)


def debian(name, memory=256, cpus=1, image="debian-root", more=""):
    """The node of a VM with Debian's kernel; its prompt has its name."""
    return DEBIAN % {"name": name, "memory": memory, "cpus": cpus, "image": image, "more": more}


def bare(name, kernel, memory=6, cpus=1, more=""):
    """The node of a VM that is one small program and has no devices."""
    return BARE % {"name": name, "memory": memory, "cpus": cpus, "kernel": kernel, "more": more}


def sleeping(directory, name="idle"):
    """The node of a VM that does nothing, so that the machine stays on."""
    path = os.path.join(directory, "sleeping")
    with open(path, "wb") as f:
        f.write(SLEEPING_KERNEL)
    return bare(name, path)


def write(directory, *nodes):
    """Writes vms.dts; returns its path."""
    path = os.path.join(directory, "vms.dts")
    with open(path, "w") as f:
        f.write('/dts-v1/;\n/ {\n\tcompatible = "vesper,config";%s};\n' % "".join(nodes))
    return path


def both(one, other):
    """A pattern for two that may come in either order."""
    return r"(?s)^(?=.*%s)(?=.*%s).*" % (one, other)


class Machine(Guest):
    """`vesper up`: the terminal is at one VM's console or at the monitor's prompt."""

    def __init__(self, config, *args, boot=False, **kwargs):
        super().__init__("up", config, *args, boot=boot, **kwargs)

    def key(self, key):
        self.type(ESCAPE + key)

    def wait_for(self, name, seconds=BOOT_SECONDS):
        """Waits for the shell of the VM in front, which is `name`."""
        self.expect(r"%s:[^\n]*# (\x1b\[6n)?$" % name, seconds)

    def front(self, number, name, seconds=BOOT_SECONDS):
        """Goes to a VM's console, and to its shell's prompt."""
        self.key(str(number))
        self.expect(r"vesper: console %d: %s" % (number, name))
        self.type("\r")
        self.wait_for(name, seconds)

    def open_monitor(self):
        self.key("m")
        self.expect(MONITOR)

    def ask(self, command, seconds=COMMAND_SECONDS):
        """Runs a command at the monitor's prompt; returns its answer."""
        self.type(command + "\r")
        self.expect(re.escape(command) + r"\s*\n", seconds)
        return plain(self.expect(r"(?s)^(.*?)" + MONITOR, seconds).group(1))

    def monitor(self, *commands):
        """Answers of the monitor, from a VM's console, where the terminal is afterwards."""
        self.open_monitor()
        answers = [self.ask(command) for command in commands]
        self.type("exit\r")
        self.expect(r"vesper: console \d+: \w+")
        return answers[0] if len(answers) == 1 else answers
