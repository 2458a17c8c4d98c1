# SPDX-License-Identifier: MIT
"""Several vCPUs, several VMs, one or two harts: the payloads of tests/guest for that.

What is measured is measured with QEMU counting instructions (-icount): its clock then advances with what
the machine does, and how busy the host is does not matter.
"""

import re

import pytest

import bundles
from machines import ALL

SMP = bundles.listed("GUEST_SMP_PAYLOADS")
PAYLOAD_OF = dict(b.split("=") for b in bundles.listed("GUEST_BUNDLES"))

# 8 ns an instruction.
COUNTED = ("-icount", "shift=3,sleep=off")

# The harts are fewer than the vCPUs, which are 4.
HARTS = [1, 2]
# Where timers, interrupts or registers go another way, for those that look at them.
ELSEWHERE = [("no-sstc", 2), ("p550", 1), ("no-guest-files", 2), ("everything", 2)]
SOME = ["smp_ipi", "smp_timer", "fp_state"]
ON_K3 = SOME + ["smp_hsm", "smp_wfi", "smp_plic", "restart", "hostile_smp_ipi", "hostile_smp_hsm"]


def run(bundle, machine, harts, *args):
    payload = PAYLOAD_OF.get(bundle, bundle).split("+")[0]
    return bundles.passes(bundle, *args, payload_name=payload, harts=harts, **ALL[machine])


@pytest.mark.parametrize("harts", HARTS)
@pytest.mark.parametrize("name", SMP)
def test_payload(name, harts):
    run(name, "default", harts)


@pytest.mark.parametrize("name", ON_K3)
def test_payload_with_aia(name):
    run(name, "k3", 2)


@pytest.mark.parametrize("machine,harts", ELSEWHERE)
@pytest.mark.parametrize("name", SOME)
def test_payload_on(name, machine, harts):
    run(name, machine, harts)


@pytest.mark.parametrize("bundle", ["smp_ipi_64", "smp_hsm_16", "smp_rfence_16"])
def test_many_vcpus(bundle):
    run(bundle, "default", 2)


def test_a_hart_for_each_vcpu():
    run("smp_rfence", "default", 4)
    run("smp_ipi", "default", 4)


# ---- two VMs ----


@pytest.mark.parametrize("machine,harts", [("v", 1), ("v", 2), ("k3", 2), ("p550", 1)])
def test_registers_of_two_vms(machine, harts):
    run("two_fp", machine, harts)


@pytest.mark.parametrize("machine", ["default", "p550", "k3"])
def test_counters_of_two_vms(machine):
    """Each VM's counters count its own, also where they share a hart; the payload has the bounds."""
    run("two_pmu", machine, 1)


@pytest.mark.parametrize("bundle", ["two_fp", "two_restart"])
@pytest.mark.parametrize("harts", [1, 2])
def test_without_vmids(bundle, harts):
    """The VMs of one hart share VMID 0, so their translations must go at each switch."""
    run(bundle, "default", harts, "-append", "vmid=off")


def test_restarts_beside_another():
    run("two_restart", "default", 1)
    run("two_restart", "k3", 2)


def test_failure_beside_another():
    """A VM that ends badly is said so, makes the machine's status a failing one and leaves the other alone."""
    status, text = bundles.boot(ALL["default"]["cpu"], "-initrd", bundles.payload("two_fails"), harts=2)
    assert re.search(r"(?m)^PASS latency$", text), text[-3000:]
    assert re.search(r"(?m)^vesper: peer: ended with status [1-9]\d*$", text), text[-3000:]
    assert "vesper: payload: ended with status" not in text, text[-3000:]
    assert status != 0


def test_start_at_wild_addresses_beside_another():
    """vCPUs that can only fault end their VM, which is told, and the other one does not notice."""
    status, text = bundles.boot(ALL["default"]["cpu"], "-initrd", bundles.payload("latency_wild"), harts=2)
    assert re.search(r"(?m)^PASS latency$", text), text[-3000:]
    assert re.search(r"(?m)^vesper: peer: stopped: .*trap handler", text), text[-3000:]
    assert status != 0


# ---- shares ----


@pytest.mark.parametrize("bundle", ["share_equal", "share_weight"])
def test_share(bundle):
    """The payload fails if it gets less than its share, or more; guest.mk has the bounds."""
    run(bundle, "default", 1, *COUNTED)


def measure(bundle, harts, *args):
    text = run(bundle, "default", harts, *args)
    found = re.search(r"timers (\d+), worst-us (\d+), mean-us (\d+), share-percent (\d+)", text)
    assert found, text[-3000:]
    print(bundle, harts, "harts:", found.group())
    return [int(n) for n in found.groups()]


# What a VM with one vCPU gets of the only hart beside another VM with 2 or 4 that does its worst: no deadline is
# missed by more us than this, and it computes for this many per cent of the time. A heavy VM that hardly sleeps is now and
# then ahead of its share, and waits for a slice of another: 2 ms.
BOUNDS = {
    "latency_burner": (200, 45),
    "latency_weight": (2500, 80),
    "latency_fence": (500, 45),
    "latency_ipi": (500, 45),
    "latency_hsm": (1000, 45),
    "latency_ring": (5000, 45),
}


@pytest.mark.parametrize("bundle", list(BOUNDS))
def test_latency(bundle):
    worst_us, share = BOUNDS[bundle]
    timers, worst, _, percent = measure(bundle, 1, *COUNTED)
    assert timers > 500
    assert worst <= worst_us
    assert percent >= share


@pytest.mark.alone
@pytest.mark.parametrize("bundle", ["latency_burner", "latency_dedicated", "latency_fence", "latency_hsm"])
def test_latency_with_two_harts(bundle):
    """On the host's clock, and as late as the host runs QEMU's threads: this shows a VM that is shut out, no more."""
    timers, _, mean, percent = measure(bundle, 2)
    assert timers > 10
    assert mean < 100_000
    assert percent >= 2
