# SPDX-License-Identifier: MIT
"""Each payload of tests/guest under Vesper, on three machines.

A payload prints `PASS name` and shuts down, but for those that can make no progress after their first fault.
"""

import os
import re

import pexpect
import pytest

import bundles
from guest import ROOT, plain
from machines import DEFAULT, NO_SSTC

# What Vesper has to say of the payloads that never pass (GUEST_ENDLESS).
ENDLESS = {
    "jump_unmapped": r"instruction guest-page fault.*0x0*40000000",
    "satp_root": r"guest-page fault",
}
# What a payload must print besides.
ALSO = {"hi": r"(?m)^Hi!$"}

MACHINES = {
    "default": (DEFAULT, []),
    "no-sstc": (NO_SSTC, []),
    "no-htinst": (DEFAULT, ["-append", "htinst=off"]),
}


def payloads(variable):
    """The names that tests/guest/guest.mk gives to a variable."""
    with open(os.path.join(ROOT, "tests", "guest", "guest.mk")) as f:
        text = f.read().replace("\\\n", " ")
    names = []
    for words in re.findall(r"^%s\s*[:+]?=(.*)$" % variable, text, re.M):
        names += words.split("#")[0].split()
    assert names
    return names


def bundle_of(name):
    bundle = os.path.join(ROOT, "build", "guest", name + ".fit")
    assert os.path.exists(bundle), "%s is not built: make guest-payloads" % bundle
    return bundle


@pytest.mark.parametrize("machine", list(MACHINES))
@pytest.mark.parametrize("name", payloads("GUEST_PAYLOADS"))
def test_payload(name, machine):
    cpu, options = MACHINES[machine]
    status, text = bundles.boot(cpu, "-initrd", bundle_of(name), *options)
    assert re.search(r"(?m)^PASS %s$" % re.escape(name), text), text[-3000:]
    assert re.search(ALSO.get(name, ""), text), text[-3000:]
    assert "FAIL" not in text, text[-3000:]
    assert status == 0, "QEMU ended with %d:\n%s" % (status, text[-3000:])


@pytest.mark.parametrize("machine", list(MACHINES))
@pytest.mark.parametrize("name", payloads("GUEST_ENDLESS"))
def test_endless_payload(name, machine, start):
    """Vesper says what happened, once and not without end, and lives on."""
    cpu, options = MACHINES[machine]
    args = bundles.qemu_args(cpu, "-initrd", bundle_of(name), *options)
    vm = start(*args[1:], program=args[0], boot=False)
    vm.expect("vesper: [^\n]*" + ENDLESS[name], 20)
    vm.child.expect([pexpect.TIMEOUT, pexpect.EOF], timeout=1.5)
    text = plain(vm.log.getvalue())
    assert vm.child.isalive() or "panic" not in text, text[-3000:]
    assert text.count("vesper: ") < 100, "too much is said"
