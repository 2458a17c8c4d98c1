# SPDX-License-Identifier: MIT
"""Vesper runs wherever a boot loader puts it, not only where it was linked."""

import re
import struct

import pytest

import bundles
import debugger
from machines import DEFAULT

LINKED = 0x80200000
# 2 MiB aligned as the Image header asks, at a page that is not, and below where the bundle is.
PLACES = [0x90800000, 0x8F123000, 0x80400000]


def elsewhere(directory, address):
    """Options that load the image at `address`; what is entered in its stead is one jump there."""
    jump = directory / "jump"
    # auipc t0, 0; ld t0, 16(t0); jr t0; nop; .dword address
    jump.write_bytes(struct.pack("<IIIIQ", 0x00000297, 0x0102B283, 0x00028067, 0x13, address))
    return ["-kernel", str(jump),
            "-device", "loader,file=%s,addr=%#x,force-raw=on" % (bundles.IMAGE, address)]


@pytest.mark.parametrize("address", PLACES, ids=hex)
def test_runs(address, tmp_path):
    bundle = debugger.payload("mmio")
    status, text = bundles.boot(DEFAULT, "-initrd", bundle, *elsewhere(tmp_path, address))
    assert re.search(r"(?m)^PASS mmio$", text), text
    assert status == 0, "QEMU ended with %d:\n%s" % (status, text)


def test_panic_names_the_same_places(tmp_path):
    """The backtrace is in addresses of the ELF file."""
    symbols = debugger.Symbols()
    address = PLACES[0]
    there = symbols["dm_mmio_read"] - LINKED + address
    session = debugger.Session(
        tmp_path, ["break *%#x" % there, "continue", "set $pc=0", "detach"],
        boot=elsewhere(tmp_path, address))
    names = debugger.check_panic(session, "trap in Vesper itself", symbols)
    assert "loaded at %x, which is %x in vesper.elf" % (address, LINKED) in session.text()
    assert "mmio_fault" in names[0], names
