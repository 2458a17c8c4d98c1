# SPDX-License-Identifier: MIT
"""Debian's own kernel boots to a shell on each machine, and its root and timer are Vesper's."""

import re
import time


def test_root_is_virtiofs(booted):
    assert "type virtiofs (rw" in booted.output("mount | grep ' on / '")


def test_kernel_is_debians(booted):
    assert re.search(r"^\d+\.\d+\S*-riscv64$", booted.output("uname -r").strip())
    assert "Debian" in booted.output("cat /proc/version")


def test_timer_interrupts_arrive(booted):
    def timer():
        line = booted.output("grep -i timer /proc/interrupts")
        return int(line.split()[1])

    before = timer()
    booted.output("sleep 1")
    assert timer() > before


def test_clock_keeps_time(booted):
    start = float(booted.output("cat /proc/uptime").split()[0])
    booted.output("sleep 2")
    passed = float(booted.output("cat /proc/uptime").split()[0]) - start
    assert 1.9 < passed < 6


def test_clock_tells_the_time(booted):
    """The system clock and the times that the file server keeps are the host's."""
    now, touched = booted.output("touch /clock; date +%s; stat -c %Y /clock").split()
    assert abs(int(now) - time.time()) < 30
    assert abs(int(touched) - time.time()) < 30


def test_shell_exit_ends_the_run(booted):
    """The last test of the file: it ends the machine."""
    booted.type("exit\r")
    assert booted.wait_end() == 0
