# SPDX-License-Identifier: MIT
"""Vesper and a payload of tests/guest under gdb: what the tests do to Vesper itself from outside."""

import bisect
import os
import re
import subprocess

import bundles
from guest import ROOT, plain
from machines import DEFAULT

ELF = os.path.join(ROOT, "build", "vesper.elf")


def payload(name):
    bundle = os.path.join(ROOT, "build", "guest", name + ".fit")
    assert os.path.exists(bundle), "%s is not built: make guest-payloads" % bundle
    return bundle


class Symbols:
    """The names in vesper.elf."""

    def __init__(self):
        lines = subprocess.check_output(["riscv64-unknown-elf-nm", "-n", ELF], text=True)
        found = re.findall(r"(?m)^([0-9a-f]+) [a-zA-Z] (\S+)$", lines)
        self.sorted = [(int(address, 16), name) for address, name in found]
        self.addresses = {name: address for address, name in self.sorted}

    def __getitem__(self, name):
        return self.addresses[name]

    def all_at(self, address):
        """The names that begin at the nearest symbol at or below an address of the code."""
        if not self["image_start"] <= address < self["text_end"]:
            return []
        at = self.sorted[bisect.bisect(self.sorted, (address, "\x7f")) - 1][0]
        return [name for a, name in self.sorted if a == at]


class Session:
    """One run of Vesper with gdb's commands done to it."""

    def __init__(self, directory, commands, bundle="mmio", boot=(), seconds=120):
        """After `detach` as the last command the machine goes on to its end; else it is killed."""
        self.socket = os.path.join(directory, "gdb.socket")
        self.console = os.path.join(directory, "console")
        self.seconds = seconds
        args = bundles.qemu_args(DEFAULT, "-initrd", payload(bundle), *boot)
        args[args.index("stdio")] = "file:" + self.console
        args += ["-S", "-chardev", "socket,id=gdb,server=on,wait=on,path=" + self.socket,
                 "-gdb", "chardev:gdb"]
        qemu = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)
        try:
            self.gdb = self._run_gdb(qemu, commands)
            qemu.wait(seconds)
        except subprocess.TimeoutExpired as e:
            said = (e.output or b"").decode(errors="replace")
            raise AssertionError("no end after %d s; gdb said:\n%s\nthe console:\n%s" % (
                seconds, said, self.text())) from None
        finally:
            qemu.kill()
            qemu.wait()
            qemu.stderr.close()
        self.status = qemu.returncode

    def _run_gdb(self, qemu, commands):
        assert "QEMU waiting" in qemu.stderr.readline(), "QEMU did not start"
        args = ["gdb-multiarch", "-q", "-nx", "-batch", "-ex", "set confirm off",
                "-ex", "target remote " + self.socket]
        for command in commands:
            args += ["-ex", command]
        done = subprocess.run(args + [ELF], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=self.seconds)
        return plain(done.stdout.decode(errors="replace"))

    def text(self):
        with open(self.console, "rb") as f:
            return plain(f.read().decode(errors="replace"))


def check_panic(session, why, symbols):
    """The report of a bug of Vesper's, and a failing end; returns the names in its backtrace."""
    assert session.status == 1, "QEMU ended with %d:\n%s" % (session.status, session.text()[-3000:])
    return check_report(session, why, symbols)


def check_report(session, why, symbols):
    text = session.text()
    assert len(re.findall(r"(?m)^vesper: PANIC: ", text)) == 1, text[-3000:]
    report = text[text.index("vesper: PANIC: ") :]
    assert report.startswith("vesper: PANIC: " + why), report
    assert re.search(r"(?m)^vesper:   scause \d+  stval [0-9a-f]{16}  sepc [0-9a-f]{16}", report)
    registers = re.findall(r"\b(ra|[sgt]p|[ast]\d+) [0-9a-f]{16}\b", report)
    assert len(set(registers)) == 31, report
    backtrace = report[report.index("vesper: backtrace") :]
    places = re.findall(r"(?m)^vesper:   ([0-9a-f]{16})$", backtrace)
    names = [symbols.all_at(int(place, 16)) for place in places]
    assert len(names) >= 2 and all(names), report
    return names
