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

# (machine, harts) for all of them; the harts are fewer than the vCPUs, which are 4.
EVERYWHERE = [("default", 1), ("default", 2), ("k3", 2)]
# Where timers, interrupts or registers go another way, for those that look at them.
ELSEWHERE = [("no-sstc", 2), ("p550", 1), ("no-guest-files", 2), ("everything", 2), ("v", 1)]
SOME = ["smp_ipi", "smp_timer", "smp_wfi", "fp_state"]


def run(bundle, machine, harts, *args, seconds=60):
    payload = PAYLOAD_OF.get(bundle, bundle).split("+")[0]
    return bundles.passes(bundle, *args, payload_name=payload, harts=harts, seconds=seconds,
                          **ALL[machine])


@pytest.mark.parametrize("machine,harts", EVERYWHERE)
@pytest.mark.parametrize("name", SMP)
def test_payload(name, machine, harts):
    run(name, machine, harts)


@pytest.mark.parametrize("machine,harts", ELSEWHERE)
@pytest.mark.parametrize("name", SOME)
def test_payload_on(name, machine, harts):
    run(name, machine, harts)


@pytest.mark.parametrize("bundle", ["smp_ipi_64", "smp_hsm_64", "smp_rfence_16"])
def test_many_vcpus(bundle):
    run(bundle, "default", 2, seconds=90)


def test_a_hart_for_each_vcpu():
    run("smp_rfence", "default", 4)
    run("smp_ipi", "default", 4)


# ---- two VMs ----


@pytest.mark.parametrize("machine,harts", [("v", 1), ("v", 2), ("k3", 2), ("p550", 1)])
def test_registers_of_two_vms(machine, harts):
    run("two_fp", machine, harts)


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


# ---- shares ----


@pytest.mark.parametrize("bundle,harts", [("share_equal", 1), ("share_weight", 1), ("share_harts", 2)])
def test_share(bundle, harts):
    """The payload fails if it gets less than its share, or more; guest.mk has the bounds."""
    run(bundle, "default", harts, *COUNTED)


# What a VM with one vCPU, of the same weight as the other, must get of one hart beside it. (bundle, harts):
# worst latency in us, least share in per cent.
BOUNDS = {
    ("latency", 1): (100, 97),
    ("latency_burner", 1): (10_000, 40),
    ("latency_burner", 2): (10_000, 45),
    ("latency_weight", 1): (10_000, 80),
    ("latency_dedicated", 2): (100, 97),
    ("latency_fence", 1): (10_000, 40),
    ("latency_fence", 2): (10_000, 45),
    ("latency_ipi", 1): (10_000, 40),
    ("latency_ipi", 2): (10_000, 45),
    ("latency_hsm", 1): (10_000, 40),
    ("latency_hsm", 2): (10_000, 45),
    ("latency_ring", 1): (10_000, 40),
}


@pytest.mark.parametrize("bundle,harts", list(BOUNDS))
def test_latency(bundle, harts):
    worst, share = BOUNDS[bundle, harts]
    text = run(bundle, "default", harts, *COUNTED, seconds=90)
    found = re.search(r"worst-us (\d+), mean-us (\d+), share-percent (\d+)", text)
    assert found, text[-3000:]
    print(bundle, harts, "harts:", found.group())
    assert int(found.group(1)) <= worst, found.group()
    assert int(found.group(3)) >= share, found.group()
