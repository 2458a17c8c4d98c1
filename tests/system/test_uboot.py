# SPDX-License-Identifier: MIT
"""Debian's S-mode U-Boot, which is linked for QEMU's machine, as a VM's kernel."""

import os
import re

import pytest

import vms
from guest import BOOT_SECONDS

UBOOT = os.path.join(vms.BUILD, "debian", "u-boot.elf")


@pytest.fixture(scope="module", params=["default", "k3"])
def uboot(request, tmp_path_factory):
    """U-Boot at its prompt."""
    config = vms.write(tmp_path_factory.mktemp("uboot"), vms.bare("uboot", UBOOT, memory=128))
    machine = vms.Machine(config, "--machine", request.param)
    reach_prompt(machine)
    yield machine
    machine.close()


def reach_prompt(machine):
    machine.expect("Hit any key", BOOT_SECONDS)
    machine.type("x")
    machine.expect("=> $")


def run(machine, command):
    machine.type(command + "\r")
    return machine.expect(r"(?s)%s\r*\n(.*)=> $" % re.escape(command)).group(1).replace("\r", "")


def test_version(uboot):
    assert re.search(r"(?m)^U-Boot 20\d\d\.\d\d", run(uboot, "version"))


def test_memory(uboot):
    text = run(uboot, "bdinfo")
    assert re.search(r"boot hart += 0x0+\n", text)
    assert re.search(r"-> start += 0x0*80000000\n-> size += 0x0*8000000\n", text)


def test_sbi(uboot):
    text = run(uboot, "sbi")
    assert "SBI 3.0" in text
    for extension in ("Base", "Timer", "IPI", "RFENCE", "Hart State Management", "System Reset"):
        assert extension in text, extension


def test_clock(uboot):
    assert re.search(r"Date: 20\d\d-", run(uboot, "date"))


def test_reset(uboot):
    uboot.type("reset\r")
    uboot.expect("uboot: reboots")
    reach_prompt(uboot)
    assert "U-Boot" in run(uboot, "version")


def test_power_off(uboot):
    """The last test of the file: it ends the machine."""
    uboot.type("poweroff\r")
    assert uboot.wait_end() == 0
