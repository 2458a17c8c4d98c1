# SPDX-License-Identifier: MIT
"""Drivers that do what none would, with the machine's disks and interfaces behind them; and another VM beside that keeps its share."""

import re

import pytest

import bundles
from machines import ALL

PAYLOAD_OF = dict(b.split("=") for b in bundles.listed("GUEST_BUNDLES"))
COUNTED = ("-icount", "shift=3,sleep=off")
NIC = ("-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0,romfile=,disable-legacy=on")


@pytest.fixture
def disk(tmp_path):
    """QEMU's options for a disk so slow that requests are in flight when its driver goes away."""
    image = tmp_path / "disk.img"
    with open(image, "wb") as f:
        f.truncate(64 << 20)

    def options(device="virtio-blk-pci"):
        return ("-drive", "if=none,id=disk0,format=raw,file=%s,throttling.iops-total=500" % image,
                "-device", device + ",drive=disk0")

    return options


def run(bundle, machine, harts, *args):
    payload = PAYLOAD_OF.get(bundle, bundle).split("+")[0]
    return bundles.passes(bundle, *args, payload_name=payload, harts=harts, **ALL[machine])


@pytest.mark.parametrize("machine,harts", [("default", 1), ("default", 4), ("p550", 2), ("k3", 2)])
def test_disk(machine, harts, disk):
    """Requests of any kind, resets and reboots with requests in flight, reads into memory that goes: the payload looks for what
    is written when nothing may be, and after five reboots the disk is as it was left."""
    text = run("hostile_blk", machine, harts, *disk())
    starts = [int(n) for n in re.findall(r"(?m)^earlier starts: (\d+)$", text)]
    assert starts == list(range(6)), text[-3000:]


def test_disk_on_mmio(disk):
    run("hostile_blk", "default", 2, "-global", "virtio-mmio.force-legacy=false", *disk("virtio-blk-device"))


@pytest.mark.parametrize("uplink", [(), NIC], ids=["alone", "uplink"])
@pytest.mark.parametrize("bundle", ["hostile_net", "two_net"])
def test_network(bundle, uplink):
    """Of two VMs one sends anything; the other hears only what it may, from the one who may send it."""
    run(bundle, "default", 2, *uplink)


@pytest.mark.parametrize("machine", ["default", "k3", "no-guest-files"])
def test_pci(machine, disk):
    run("hostile_pci", machine, 2, *disk())


@pytest.mark.parametrize("bundle", ["hostile_balloon", "two_balloon"])
@pytest.mark.parametrize("harts", [1, 2])
def test_balloon(bundle, harts):
    run(bundle, "default", harts)


# As in test_smp.py: us that no deadline is missed by, and per cent of the only hart.
BOUNDS = {
    "latency_blk": (6000, 45),
    "latency_net": (1000, 45),
    "latency_balloon": (2500, 40),
}


@pytest.mark.parametrize("bundle", list(BOUNDS))
def test_latency(bundle, disk):
    worst_us, share = BOUNDS[bundle]
    text = run(bundle, "default", 1, *COUNTED, *disk())
    found = re.search(r"timers (\d+), worst-us (\d+), mean-us (\d+), share-percent (\d+)", text)
    assert found, text[-3000:]
    timers, worst, _, percent = map(int, found.groups())
    assert timers > 200
    assert worst <= worst_us
    assert percent >= share
