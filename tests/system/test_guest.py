# SPDX-License-Identifier: MIT
"""Each payload of tests/guest that needs one vCPU under Vesper, on several machines.

A payload prints `PASS name` and shuts down, but for those that can make no progress after their first fault.
"""

import re

import pexpect
import pytest

import bundles
from guest import plain
from machines import ALL, DEFAULT

# What Vesper has to say of the payloads that never pass (GUEST_ENDLESS).
ENDLESS = {
    "jump_unmapped": r"instruction guest-page fault.*0x0*40000000",
    "satp_root": r"guest-page fault",
}
# What a payload must print besides.
ALSO = {"hi": r"(?m)^Hi!$"}

# With `htinst` ignored, or `htval` too, as hardware may give 0.
NO_HTINST = ("-append", "htinst=off")
NO_HTVAL = ("-append", "htval=off")
MACHINES = {"default": (), "no-sstc": (), "no-htinst": NO_HTINST, "no-htval": NO_HTVAL, "k3": ()}
# Payloads that touch no device, so that nothing is decoded for them; and those that ask for no time.
NO_DEVICE = """
    ecall hi rdtime timer_sbi timer_sstc sbi sbi3 shutdown_legacy pmu hostile_sbi hostile_csr
""".split()
NO_TIME = "ecall hi mmio shutdown_legacy hostile_jump hostile_satp hostile_ring hostile_mmio".split()
LEFT_OUT = {"no-sstc": NO_TIME, "no-htinst": NO_DEVICE, "no-htval": NO_DEVICE}
# Where only a few of them could behave in another way.
SOME = ["rdtime", "timer_sbi", "timer_sstc", "sbi", "pmu", "mmio", "hostile_csr", "hostile_satp"]
SOME_MACHINES = ["p550", "everything"]


def machine_of(name):
    return ALL.get(name, {"cpu": DEFAULT})


@pytest.mark.parametrize("name,machine", [(name, machine) for name in bundles.listed("GUEST_PAYLOADS")
                                          for machine in MACHINES if name not in LEFT_OUT.get(machine, ())])
def test_payload(name, machine):
    text = bundles.passes(name, *MACHINES[machine], **machine_of(machine))
    assert re.search(ALSO.get(name, ""), text), text[-3000:]


@pytest.mark.parametrize("machine", SOME_MACHINES)
@pytest.mark.parametrize("name", SOME)
def test_payload_on(name, machine):
    bundles.passes(name, **machine_of(machine))


WIDER = [(name, mode) for name in ("ecall", "mmio", "hostile_satp") for mode in ("sv48", "sv57")]


@pytest.mark.parametrize("name,mode", [*WIDER, ("hostile_mmio", "sv57")])
def test_payload_with_wider_gstage(name, mode):
    """Vesper itself takes the narrowest mode, so nothing else here uses these."""
    text = bundles.passes(name, "-append", "gstage=" + mode, cpu=DEFAULT)
    assert "S%sx4" % mode[1:] in text


@pytest.mark.parametrize("machine", ["default", "no-sstc", "no-htinst", "no-htval"])
@pytest.mark.parametrize("name", bundles.listed("GUEST_ENDLESS"))
def test_endless_payload(name, machine, start):
    """Vesper says what happened, once and not without end, and lives on."""
    args = bundles.qemu_args(machine_of(machine)["cpu"], "-initrd", bundles.payload(name),
                             *MACHINES[machine])
    vm = start(*args[1:], program=args[0], boot=False)
    vm.expect("vesper: [^\n]*" + ENDLESS[name])
    vm.child.expect([pexpect.TIMEOUT, pexpect.EOF], timeout=1.5)
    text = plain(vm.log.getvalue())
    assert vm.child.isalive() or "panic" not in text, text[-3000:]
    assert text.count("vesper: ") < 100, "too much is said"
