# SPDX-License-Identifier: MIT
"""Random numbers, the clock, memory that comes back, sockets between VMs and to the monitor: over PCI and over MMIO.

VM `one` is on virtio-pci, has no initramfs, two vCPUs and the right to use the monitor; `two` is on virtio-mmio.
"""

import calendar
import re
import time

import pytest

import nodes
import vms
from guest import BOOT_SECONDS

DEVICES = [nodes.device(kind) for kind in ("net", "rng", "balloon")]
NAMES = {"one": 1, "two": 2}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    path = tmp_path_factory.mktemp("devices")
    root = nodes.root(path)
    config = vms.write(
        path,
        nodes.debian("one", *DEVICES, nodes.device("vsock", "monitor;"), cpus=2, image=root),
        nodes.debian("two", *DEVICES, nodes.device("vsock"), transport="mmio", image=root),
        vms.sleeping(path),
    )
    machine = vms.Machine(config, "--harts", "2")
    nodes.boots(machine, "one", "two")
    yield machine
    machine.close()


@pytest.fixture(params=list(NAMES))
def vm(pair, request):
    """The machine, with one of the VMs in front."""
    pair.front(NAMES[request.param], request.param)
    pair.name = request.param
    return pair


def test_root_without_initramfs(pair):
    pair.front(1, "one")
    assert "root=vesper rootfstype=virtiofs" in pair.output("cat /proc/cmdline")
    assert pair.run("ls /proc/device-tree/chosen/linux,initrd-start")[0] != 0
    assert re.search(r"VFS: Mounted root \(virtiofs filesystem\)", pair.output("dmesg"))
    assert pair.output("grep ' / ' /proc/mounts").startswith("root / virtiofs rw")


def test_clock(vm):
    text = vm.output("hwclock -u -r")
    found = re.match(r"\w+ (\w+ +\d+ [\d:]+ \d+) ", text)
    assert found, text
    clock = calendar.timegm(time.strptime(found.group(1), "%b %d %H:%M:%S %Y"))
    assert abs(clock - time.time()) < 60


# ---- random numbers ----


def test_random_source(vm):
    assert vm.output("cat /sys/class/misc/hw_random/rng_current").startswith("virtio_rng")


def random_blocks(machine):
    text = machine.output("dd if=/dev/hwrng bs=512 count=8 iflag=fullblock 2>/dev/null | xxd -p -c 16")
    blocks = text.split()
    assert len(blocks) == 256
    return blocks


def test_no_random_number_comes_twice(pair):
    """Neither to one VM nor to two."""
    blocks = []
    for name, number in NAMES.items():
        pair.front(number, name)
        blocks += random_blocks(pair) + random_blocks(pair)
    assert len(set(blocks)) == len(blocks) == 1024
    bits = sum(bin(int(block, 16)).count("1") for block in blocks) / (len(blocks) * 128)
    assert 0.48 < bits < 0.52


# ---- memory ----


def memory(machine):
    """MiB given out, MiB in the balloon."""
    text = machine.monitor("vm %s" % machine.name)
    found = re.search(r"MiB, (\d+) MiB of it given out, (\d+) MiB in its balloon", text)
    assert found, text
    return tuple(int(n) for n in found.groups())


def wait_memory(machine, wanted, what):
    """Waits until wanted(given out, ballooned)."""
    deadline = time.monotonic() + BOOT_SECONDS
    while not wanted(*memory(machine)):
        assert time.monotonic() < deadline, "%s: %d MiB are given out, %d in the balloon" % (what, *memory(machine))
        time.sleep(0.5)


def free_mib(machine):
    return int(re.search(r"Mem: +(?:\d+ +){2}(\d+)", machine.output("free -m")).group(1))


def test_balloon(vm):
    free = free_mib(vm)
    assert vm.monitor("balloon %s 64" % vm.name) == "%s is asked for 64 MiB\n" % vm.name
    wait_memory(vm, lambda _, ballooned: ballooned == 64, "the balloon does not grow")
    assert free_mib(vm) < free - 48
    vm.monitor("balloon %s 0" % vm.name)
    wait_memory(vm, lambda _, ballooned: ballooned == 0, "the balloon does not shrink")
    assert free_mib(vm) > free - 32
    # What came back is memory again.
    vm.output("dd if=/dev/zero of=/dev/shm/file bs=1M count=80 2>/dev/null && rm /dev/shm/file")


def test_free_memory_is_reported(vm):
    """Of 80 MiB that a file took at least 40 come back: the guest reports free pages of 4 MiB after some seconds."""
    vm.output("dd if=/dev/urandom of=/dev/shm/mib bs=1M count=1 2>/dev/null; for i in $(seq 80); do cat /dev/shm/mib; done > /dev/shm/file")
    full, _ = memory(vm)
    assert full >= 80
    vm.output("rm /dev/shm/file")
    wait_memory(vm, lambda given, _: given <= full - 40, "freed memory is not given back")
    assert vm.output("dd if=/dev/zero of=/dev/shm/file bs=1M count=80 2>/dev/null; tr -d '\\0' < /dev/shm/file | wc -c") == "0\n"
    assert memory(vm)[0] > full - 40
    vm.output("rm /dev/shm/file")


def test_balloon_mistakes(pair):
    pair.front(1, "one")
    none, much, usage, word = pair.monitor("balloon idle 3", "balloon one 100000", "balloon one", "balloon one x")
    assert none.startswith("idle has no balloon: add a device")
    assert much == "one is asked for 256 MiB\n"
    assert usage == word == "usage: balloon NAME MIB\n"
    pair.monitor("balloon one 0")
    pair.name = "one"
    wait_memory(pair, lambda _, ballooned: ballooned == 0, "the balloon does not shrink")
    pair.output("echo alive")


# ---- vsock ----

ONE_CID, TWO_CID, MONITOR = 3, 4, "VSOCK-CONNECT:2:1"


@pytest.mark.parametrize("sender,receiver,cid", [("one", "two", TWO_CID), ("two", "one", ONE_CID)])
def test_vsock_between_vms(pair, sender, receiver, cid):
    pair.front(NAMES[receiver], receiver)
    pair.output("rm -f /got; { socat -u VSOCK-LISTEN:5000 CREATE:/got > /socat 2>&1 & }")
    pair.front(NAMES[sender], sender)
    sent = pair.output(
        "dd if=/dev/urandom of=/sent bs=1k count=600 2>/dev/null; md5sum < /sent;"
        "until socat -u OPEN:/sent VSOCK-CONNECT:%d:5000 2>/sent.log; do sleep 1; done" % cid, 180)
    pair.front(NAMES[receiver], receiver)
    assert pair.output("wait; md5sum < /got", 180) == sent


def test_vsock_to_nobody(pair):
    pair.front(1, "one")
    assert pair.run("socat -u OPEN:/etc/passwd VSOCK-CONNECT:77:5000 2>&1")[0] != 0
    assert pair.run("socat -u OPEN:/etc/passwd VSOCK-CONNECT:%d:5999 2>&1" % TWO_CID)[0] != 0


def test_monitor_over_vsock(pair):
    pair.front(1, "one")
    text = pair.output("printf 'vms\\nnonsense\\n' | socat -t 30 - %s" % MONITOR)
    assert re.search(r"(?m)^ +2 two +running ", text), text
    assert 'unknown command "nonsense"' in text
    assert "that is for the terminal" in pair.output("echo 'console two' | socat -t 30 - %s" % MONITOR)
    # Who may, may do all: another VM's start and stop.
    assert "idle stops" in pair.output("echo 'stop idle' | socat -t 30 - %s" % MONITOR)
    assert re.search(r"(?m)^ +3 idle +stopped ", pair.monitor("vms"))


def test_monitor_is_for_those_who_may(pair):
    pair.front(2, "two")
    status, text = pair.run("echo 'stop one' | socat -t 30 - %s 2>&1" % MONITOR)
    assert status != 0
    assert "stops" not in text
    assert re.search(r"(?m)^ +1 one +running ", pair.monitor("vms"))


# ---- the monitor's own commands ----


def test_disks_and_networks(pair):
    pair.front(1, "one")
    disks, networks = pair.monitor("disks", "networks")
    assert disks == "0 disks\n"
    assert re.search(r"(?m)^  nic0 +52:54:00:12:34:56, MTU 1500$", networks)
    for name in NAMES:
        assert re.search(r"(?m)^  %s +default +52:54:00:80:0\d:0\d +[1-9]\d* +[1-9]\d* +\d+ +0$" % name, networks), networks
