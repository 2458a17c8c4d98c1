# SPDX-License-Identifier: MIT
"""The guest's APLIC and IMSIC, with guest interrupt files, with too few of them, and without."""

import re

import pytest

import bundles
from machines import ALL, DEFAULT

ONE_FILE = dict(ALL["k3"], machine="virt,aia=aplic-imsic,aia-guests=1")
MACHINES = {"k3": ALL["k3"], "one-file": ONE_FILE, "no-guest-files": ALL["no-guest-files"],
            "everything": ALL["everything"]}
DIRECT = dict(ALL["k3"], machine="virt,aia=aplic")


@pytest.mark.parametrize("harts", [1, 2])
@pytest.mark.parametrize("machine", list(MACHINES))
@pytest.mark.parametrize("name", bundles.listed("GUEST_AIA_PAYLOADS"))
def test_more_vcpus_than_harts(name, machine, harts):
    bundles.passes(name, harts=harts, **MACHINES[machine])


@pytest.mark.parametrize("machine", list(MACHINES))
def test_a_hart_for_each_vcpu(machine):
    bundles.passes("aia_2", payload_name="aia", harts=2, **MACHINES[machine])


@pytest.mark.parametrize("machine", ["k3", "one-file"])
def test_files_come_and_go(machine):
    """Beside a VM whose vCPUs start and stop all the time."""
    bundles.passes("aia_hsm", payload_name="aia", harts=2, **MACHINES[machine])


@pytest.mark.parametrize("machine", [{"cpu": DEFAULT}, DIRECT])
def test_a_host_without_it(machine):
    cpu = machine["cpu"]
    status, text = bundles.boot(cpu, "-initrd", bundles.payload("aia"),
                                machine=machine.get("machine", "virt"))
    assert status != 0
    assert re.search(r'payload: interrupt-controller = "aia" needs a machine whose harts', text), text


@pytest.mark.parametrize("name", ["smp_ipi", "plic", "smp_plic"])
def test_aplic_without_imsic(name):
    """The host's interrupts come directly, and its guests have a PLIC."""
    bundles.passes(name, harts=2, **DIRECT)


def exits(vm, what):
    """The monitor's count of exits of one kind."""
    vm.type("\x1dm")
    vm.expect("vesper> ")
    vm.type("exits\r")
    text = vm.expect(r"exits\r+\n((?s:.*?))vesper> ").group(1)
    vm.type("exit\r")
    found = re.search(r"^\s+%s\s+(\d+) " % what, text, re.M)
    return int(found.group(1)) if found else 0


def interrupts(vm, what):
    return [line for line in vm.output("cat /proc/interrupts").splitlines() if re.search(what, line)]


def test_linux(start):
    """Devices send messages, wires go through the APLIC; IPIs and MSIs cause no exit where there is a file for each vCPU."""
    vm = start("run", "--machine", "k3", "--cpus", "2")
    assert interrupts(vm, r"PCI-MSIX.*virtio0")
    assert interrupts(vm, r"APLIC-MSI.*rtc")
    assert not interrupts(vm, "SiFive PLIC")
    before = sum(map(int, interrupts(vm, "IPI1")[0].split()[1:3]))
    vm.run("for i in 1 2 3; do cat /proc/cpuinfo & true; done >/dev/null; wait")
    assert sum(map(int, interrupts(vm, "IPI1")[0].split()[1:3])) > before
    assert exits(vm, "control register") == 0
