# SPDX-License-Identifier: MIT
"""A machine and a VM larger than Sv39 holds: memory that nobody touches costs the host of the test nothing."""

import bundles
from machines import DEFAULT

LARGE = "600G"
BACKEND = ("-object", "memory-backend-ram,id=ram,size=%s,reserve=off" % LARGE)


# Stores at the end of 300 GiB of RAM, then switches itself off:
#   li t0, 0x4b8; slli t0, t0, 28; sd zero, -8(t0); li a7, 8; ecall; j .
CODE = bytes.fromhex("9302804b 9392c201 23bc02fe 93088000 73000000 6f000000")
KERNEL = bytes.fromhex("6f000004") + bundles.IDLE_KERNEL[4:64] + CODE + bytes(4096 - 64 - len(CODE))


def boot(tmp_path, mib):
    config = bundles.GOOD_CONFIG.replace("<64>", "<%d>" % mib)
    return bundles.boot(DEFAULT, *BACKEND, "-initrd", bundles.make(tmp_path, config, KERNEL),
                        memory=LARGE, machine="virt,memory-backend=ram")


def test_vm_of_300_gib(tmp_path):
    status, text = boot(tmp_path, 300 << 10)
    assert status == 0, text
    assert "614400 MiB RAM" in text and "starting test: 307200 MiB" in text, text


def test_vm_larger_than_the_machine(tmp_path):
    status, text = boot(tmp_path, 700 << 10)
    assert status != 0
    assert "needs 7" in text and "has 61" in text, text
