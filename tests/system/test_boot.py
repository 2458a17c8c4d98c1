# SPDX-License-Identifier: MIT
"""Debian's own kernel boots to a shell on each machine, with several CPUs on one hart and on two.

What it finds there is what it should: root, extensions, interrupts, timers, and CPUs that go and come.
"""

import re
import time

from machines import GUEST_SEES, LINUX_OMITS


def test_root_is_virtiofs(booted):
    assert "type virtiofs (rw" in booted.output("mount | grep ' on / '")


def test_kernel_is_debians(booted):
    assert re.search(r"^\d+\.\d+\S*-riscv64$", booted.output("uname -r").strip())
    assert "Debian" in booted.output("cat /proc/version")


def test_number_of_cpus(booted):
    assert int(booted.output("nproc")) == booted.cpus
    assert booted.output("cat /sys/devices/system/cpu/present").strip() == (
        "0-%d" % (booted.cpus - 1) if booted.cpus > 1 else "0"
    )


def test_extensions_in_the_device_tree(booted):
    """On every CPU exactly those that the machine has and a guest may use."""
    want = GUEST_SEES[booted.machine]["isa"]
    text = booted.output("for f in /proc/device-tree/cpus/cpu@*/riscv,isa-extensions; do tr '\\0' ' ' < $f; echo; done")
    assert [line.split() for line in text.splitlines()] == [want] * booted.cpus


def parts(isa):
    """An ISA string without the order of the names behind the letters, which is Linux's own."""
    first, *names = isa.split("_")
    return first, sorted(names)


def test_isa_string(booted):
    """What Linux makes of it."""
    sees = GUEST_SEES[booted.machine]
    names = [name for name in sees["isa"] if name not in LINUX_OMITS]
    letters = "".join(name for name in names if len(name) == 1)
    want = parts("_".join(["rv64" + letters] + [name for name in names if len(name) > 1]))
    text = booted.output("cat /proc/cpuinfo")
    for key in ("isa", "hart isa"):
        assert [parts(isa) for isa in re.findall(r"(?m)^%s\s*: (\S+)$" % key, text)] == [want] * booted.cpus
    assert re.findall(r"(?m)^mmu\s*: (\S+)$", text) == [sees["mmu"]] * booted.cpus


# ---- interrupts ----


def interrupts(text):
    """Of each line of /proc/interrupts: its name, and its count on each CPU that is on line."""
    lines = text.strip("\n").split("\n")
    cpus = len(lines[0].split())
    counts = {}
    for line in lines[1:]:
        words = line.split()
        name = words[-1] if words[0][:-1].isdigit() else words[0][:-1]
        counts[name] = [int(n) for n in words[1 : 1 + cpus]]
    return counts


def test_timer_interrupts_on_every_cpu(booted):
    last = booted.cpus - 1
    text = booted.output("cat /proc/interrupts; for c in $(seq 0 %d); do taskset -c $c sleep 0.2; done; echo; "
                         "cat /proc/interrupts" % last)
    before, after = (interrupts(part)["riscv-timer"] for part in text.split("\n\n"))
    assert len(after) == booted.cpus
    assert all(a > b for a, b in zip(after, before)), (before, after)


def test_interrupt_controller(booted):
    """The best that the host has: AIA if it has it, else a PLIC; the devices' interrupts come that way."""
    text = booted.output("cat /proc/interrupts")
    used = "PCI-MSIX" if GUEST_SEES[booted.machine]["aia"] else "SiFive PLIC"
    for device in ("virtio0", "virtio1"):
        lines = re.findall(r"(?m)^ *\d+: .*\b%s\b.*$" % device, text)
        assert lines and all(used in line for line in lines)
        counts = [line.split()[1 : 1 + booted.cpus] for line in lines]
        assert sum(int(n) for line in counts for n in line) > 0
    messages = booted.output("dmesg")
    assert ("riscv-imsic: imsics@28000000: providing IPIs" in messages) == GUEST_SEES[booted.machine]["aia"]


def test_ipis(booted):
    """IPI1 is "call this function": a CPU's death, and TLB flushes of what ran elsewhere, are such calls."""
    calls = interrupts(booted.output("cat /proc/interrupts"))["IPI1"]
    assert all(count > 0 for count in calls) if booted.cpus > 1 else sum(calls) == 0


# ---- time ----


def test_clock_keeps_time(booted):
    text = booted.output("cat /proc/uptime; sleep 1; cat /proc/uptime")
    start, end = (float(line.split()[0]) for line in text.splitlines())
    assert 0.9 < end - start < 10


def test_clock_tells_the_time(booted):
    """The system clock and the times that the file server keeps are the host's."""
    now, touched = booted.output("touch /clock; date +%s; stat -c %Y /clock").split()
    assert abs(int(now) - time.time()) < 30
    assert abs(int(touched) - time.time()) < 30


def test_uptime_is_sane(booted):
    """A guest's clock starts at 0 with the VM, and its CPUs did not idle longer than it is up."""
    up, idle = (float(x) for x in booted.output("cat /proc/uptime").split())
    assert 0 < up < time.monotonic() - booted.started + 1
    assert idle <= (up + 1) * booted.cpus


# ---- hotplug ----


def online(vm):
    return vm.output("cat /sys/devices/system/cpu/online").strip()


def test_cpu_goes_and_comes(booted):
    """Again and again: the last CPU stops its hart, and is started anew; it takes work afterwards."""
    last = booted.cpus - 1
    if not last:
        return
    cpu = "/sys/devices/system/cpu"
    for _ in range(3):
        off = "echo 0 > %s/cpu%d/online && nproc && cat /proc/interrupts" % (cpu, last)
        count, text = booted.output(off).split("\n", 1)
        assert int(count) == booted.cpus - 1
        assert len(interrupts(text)["riscv-timer"]) == booted.cpus - 1
        work = "taskset -c %d sh -c 'sleep 0.1; md5sum /bin/busybox'" % last
        text = booted.output("echo 1 > %s/cpu%d/online && cat %s/online && %s" % (cpu, last, cpu, work))
        assert text.split("\n")[0] == "0-%d" % last


def test_all_other_cpus_go_and_come(booted):
    if booted.cpus < 3:
        return
    others = " ".join(str(cpu) for cpu in range(1, booted.cpus))
    write = "for c in %s; do echo %%d > /sys/devices/system/cpu/cpu$c/online; done" % others
    booted.output(write % 0)
    assert online(booted) == "0"
    booted.output(write % 1)
    assert online(booted) == "0-%d" % (booted.cpus - 1)
    assert "BUG" not in booted.output("dmesg")


def test_shell_exit_ends_the_run(booted):
    """The last test of the file: it ends the machine."""
    booted.type("exit\r")
    assert booted.wait_end() == 0
