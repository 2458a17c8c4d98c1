# SPDX-License-Identifier: MIT
"""Disks: whole, parts and images of them; what is synced is there after the power is cut; a disk that goes away.

The disks are files of QEMU's, so what a VM has written can be looked at from outside.
"""

import hashlib
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
import uuid
import zlib

import pexpect
import pytest

import nodes
import vms
from guest import BOOT_SECONDS, ROOT, VESPER, plain
from machines import DEFAULT

MIB = 1 << 20
SECTOR = 512
FIO = ("fio --name=x --filename=%s --size=%dM --rw=randrw --bsrange=512-128k --ioengine=libaio --iodepth=16 --direct=1"
       " --verify=crc32c --do_verify=1 --verify_fatal=1 --fsync=64 --output=/fio.log; s=$?; cat /fio.log; (exit $s)")


# ---- disks of the machine ----


def crc(data):
    return zlib.crc32(data) & 0xFFFFFFFF


def make_gpt(path, mib, partitions):
    """A disk with (name, first MiB, MiB) partitions (UEFI 2.10, 5.3)."""
    sectors, kind = mib * MIB // SECTOR, uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4").bytes_le
    entries = b""
    for name, first, size in partitions:
        begin = first * MIB // SECTOR
        entries += struct.pack("<16s16sQQQ72s", kind, uuid.uuid4().bytes_le, begin, begin + size * MIB // SECTOR - 1, 0,
                               name.encode("utf-16-le"))
    entries = entries.ljust(128 * 128, b"\0")
    disk = uuid.uuid4().bytes_le

    def header(here, other, table):
        head = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, here, other, 34, sectors - 34, disk,
                           table, 128, 128, crc(entries))
        return (head[:16] + struct.pack("<I", crc(head)) + head[20:]).ljust(SECTOR, b"\0")

    protective = bytes(446) + struct.pack("<B3sB3sII", 0, b"\0\2\0", 0xEE, b"\xff" * 3, 1, sectors - 1)
    with open(path, "wb") as f:
        f.truncate(mib * MIB)
        f.write(protective.ljust(510, b"\0") + b"\x55\xaa" + header(1, sectors - 1, 2) + entries)
        f.seek((sectors - 33) * SECTOR)
        f.write(entries + header(sectors - 1, 1, sectors - 33))


def pattern(i):
    """A MiB that tells which one it is."""
    return struct.pack("<Q", i) * (MIB // 8)


def make_pattern(path, mib):
    with open(path, "wb") as f:
        for i in range(mib):
            f.write(pattern(i))


def mib_of(path, i):
    with open(path, "rb") as f:
        f.seek(i * MIB)
        return f.read(MIB)


def blocks_of(path):
    return os.stat(path).st_blocks


DISKS = [
    nodes.device("disk", 'disk = "disk0"; partition = "data"; serial = "tables";', "data"),
    nodes.device("disk", 'disk = "disk0"; partition-number = <2>;', "second"),
    nodes.device("disk", 'disk = "disk1"; offset-mib = <8>; size-mib = <16>;', "range"),
    nodes.device("disk", 'image = "trial.img"; writable-mib = <8>;', "trial"),
    nodes.device("disk", 'disk = "fixed.img"; read-only;', "fixed"),
]
DATA, SECOND, RANGE, TRIAL, FIXED = ("/dev/vd" + letter for letter in "abcde")


# Machine, transport, vCPUs: the default has a PLIC, the k3 an AIA.
@pytest.fixture(scope="module", params=[
    ("default", "pci", 1),
    ("k3", "mmio", 2),
    pytest.param(("default", "mmio", 2), marks=pytest.mark.soak),
    pytest.param(("k3", "pci", 2), marks=pytest.mark.soak),
    pytest.param(("p550", "pci", 1), marks=pytest.mark.soak),
], ids=lambda p: "%s-%s-%d" % p)
def vm(request, image, tmp_path_factory):
    machine, transport, cpus = request.param
    path = tmp_path_factory.mktemp("disks")
    make_gpt(path / "parts.img", 240, [("data", 1, 96), ("root", 100, 128)])
    make_pattern(path / "range.img", 32)
    make_pattern(path / "fixed.img", 8)
    make_pattern(path / "trial.img", 16)
    config = vms.write(path, nodes.debian("disks", *DISKS, transport=transport, cpus=cpus, image=image))
    files = [str(path / name) for name in ("parts.img", "range.img", "fixed.img")]
    up = vms.Machine(config, "--machine", machine, "--harts", str(cpus), "--disk", files[0], "--disk", files[1],
                     "--disk", files[2] + ",ro")
    up.path = path
    up.wait_for("disks")
    yield up
    up.close()


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The root of these VMs."""
    return nodes.root(tmp_path_factory.mktemp("root"), records=RECORDS)


def kib(vm, disk):
    return int(vm.output("cat /sys/block/%s/size" % os.path.basename(disk))) // 2


def test_sizes(vm):
    assert [kib(vm, disk) // 1024 for disk in (DATA, SECOND, RANGE, TRIAL, FIXED)] == [96, 128, 16, 16, 8]


def test_serials(vm):
    serials = [vm.output("cat /sys/block/%s/serial; echo" % os.path.basename(disk)).strip() for disk in (DATA, FIXED)]
    assert serials[0] == "tables"
    disks = vm.monitor("disks")
    assert disks.startswith("3 disks\n")
    for name, size, more in (("disk0", 240, ", serial parts.img"), ("disk1", 32, ", serial range.img"),
                             ("disk2", 8, ", read-only, serial fixed.img")):
        assert re.search(r"(?m)^  %s +%d MiB, blocks of 512%s$" % (name, size, more), disks), disks


def test_read_only(vm):
    """Reading is right, writing is refused, and the file is as it was."""
    assert vm.output("cat /sys/block/vde/ro") == "1\n"
    assert vm.run("dd if=/dev/zero of=%s bs=4k count=1 oflag=direct" % FIXED)[0] != 0
    want = subprocess.run(["md5sum"], stdin=open(vm.path / "fixed.img", "rb"), stdout=subprocess.PIPE, check=True)
    assert vm.output("md5sum < %s" % FIXED).split()[0] == want.stdout.decode().split()[0]
    assert mib_of(vm.path / "fixed.img", 0) == pattern(0)


def first_word(vm, disk, mib):
    """The number of the pattern that is there."""
    text = vm.output("dd if=%s bs=1M skip=%d count=1 iflag=direct 2>/dev/null | xxd -p -l 8" % (disk, mib))
    return int.from_bytes(bytes.fromhex(text.strip()), "little")


def test_range(vm):
    """Its first MiB is the disk's ninth; nothing outside of it is written."""
    assert [first_word(vm, RANGE, mib) for mib in (0, 15)] == [8, 23]
    assert vm.run("dd if=%s bs=1M skip=16 count=1 iflag=direct 2>/dev/null | wc -c" % RANGE) == (0, "0\n")
    vm.output("dd if=/dev/zero of=%s bs=1M oflag=direct 2>/dev/null; sync; true" % RANGE, 180)
    image = vm.path / "range.img"
    assert [mib_of(image, i) == pattern(i) for i in (7, 24)] == [True, True]
    assert [mib_of(image, i) == bytes(MIB) for i in (8, 23)] == [True, True]


def test_long_requests(vm):
    """Of more pieces than Vesper hands on at once: the buffer of a MiB is seldom contiguous, and less so each time."""
    make_pattern(vm.path / "range.img", 32)
    for _ in range(3):
        text = vm.output("for i in $(seq 0 15); do dd if=%s bs=1M skip=$i count=1 iflag=direct 2>/dev/null | md5sum; done"
                         % RANGE, 180)
        want = [hashlib.md5(pattern(i)).hexdigest() for i in range(8, 24)]
        assert [line.split()[0] for line in text.splitlines()] == want


def test_image_with_a_layer(vm):
    """What is written is read again and the image's file is not touched; a full layer is an error, not the VM's end."""
    vm.output("dd if=/dev/zero of=%s bs=1M seek=2 count=4 oflag=direct 2>/dev/null" % TRIAL)
    assert [first_word(vm, TRIAL, mib) for mib in (1, 2, 5, 6)] == [1, 0, 0, 6]
    assert mib_of(vm.path / "trial.img", 2) == pattern(2)
    assert vm.run("dd if=/dev/zero of=%s bs=1M count=16 oflag=direct" % TRIAL)[0] != 0
    assert first_word(vm, TRIAL, 15) == 15


# ---- file systems ----


def test_ext4_and_fio(vm):
    """Every block that fio reads again is what it wrote, through a file system that is clean in the end."""
    vm.output("mkfs.ext4 -q %s && mkdir -p /mnt/data && mount -t ext4 %s /mnt/data" % (DATA, DATA), 180)
    text = vm.output(FIO % ("/mnt/data/file", 16), 300)
    assert re.search(r"err= 0", text), text
    vm.output("umount /mnt/data")
    assert vm.run("e2fsck -f -n %s" % DATA, 180)[0] == 0


def test_fio_on_the_disk_itself(vm):
    text = vm.output(FIO % (SECOND, 16), 300)
    assert re.search(r"err= 0", text), text


def test_discard(vm):
    """What is discarded takes no room on this computer, and is zero."""
    file = vm.path / "parts.img"
    vm.output("dd if=/dev/urandom of=%s bs=1M count=24 oflag=direct 2>/dev/null" % SECOND, 180)
    full = blocks_of(file)
    vm.output("blkdiscard %s" % SECOND)
    assert blocks_of(file) <= full - 20 * MIB // SECTOR
    assert vm.output("dd if=%s bs=1M count=24 iflag=direct 2>/dev/null | tr -d '\\0' | wc -c" % SECOND) == "0\n"


def test_trim_of_a_file_system(vm):
    vm.output("mkfs.ext4 -q %s; mkdir -p /mnt/root && mount -t ext4 %s /mnt/root" % (SECOND, SECOND), 180)
    vm.output("dd if=/dev/urandom of=/mnt/root/file bs=1M count=24 2>/dev/null; sync", 180)
    full = blocks_of(vm.path / "parts.img")
    vm.output("rm /mnt/root/file; sync; fstrim /mnt/root", 180)
    assert blocks_of(vm.path / "parts.img") <= full - 20 * MIB // SECTOR
    vm.output("umount /mnt/root")


def test_write_zeroes(vm):
    for disk in (DATA, SECOND, RANGE):
        assert int(vm.output("cat /sys/block/%s/queue/write_zeroes_max_bytes" % os.path.basename(disk))) > 0


def test_root_on_a_disk(vm, start, tmp_path):
    """The one that docs/running.md describes: a copy of this VM's root becomes another's."""
    vm.output("mkfs.ext4 -q -F %s; mkdir -p /mnt/root && mount -t ext4 %s /mnt/root" % (SECOND, SECOND), 180)
    vm.output("mkdir /mnt/root/dev /mnt/root/proc /mnt/root/sys /mnt/root/run /mnt/root/root /mnt/root/usr /mnt/root/usr/bin"
              " && cp -a /bin /sbin /lib /etc /mnt/root/ && cp /usr/bin/busybox /mnt/root/usr/bin/", 180)
    vm.output("for a in sh mount cat grep touch sync; do ln -s busybox /mnt/root/usr/bin/$a; done")
    vm.output("umount /mnt/root && sync", 180)
    copy = str(tmp_path / "debian.img")
    shutil.copyfile(vm.path / "parts.img", copy)
    disk = start("run", "--disk", copy, "--append", "vesper.root=/dev/vda2")
    assert disk.output("grep ' / ' /proc/mounts").startswith("/dev/vda2 / ext4 rw")
    disk.output("echo kept > /file")
    disk.type("exit\r")
    assert disk.wait_end(BOOT_SECONDS) == 0
    with open(copy, "rb") as f:
        assert b"kept\n" in f.read()


# ---- power cuts ----

# RECORD's number, once it is said, has to be in the log after whatever happens, and so has the rename before it.
RECORDS = """#!/bin/sh
n=$1
while n=$((n + 1)); do
	echo $n > /mnt/new && mv /mnt/new /mnt/name$n && rm -f /mnt/name$((n - 16)) || exit
	echo "record $n of $((n * 7919))" | dd of=/mnt/log oflag=append conv=notrunc,fsync 2>/dev/null || exit
	echo "ACK $n."
done
"""
HOST_DEVICES = {
    "pci": ("virtio-blk-pci,disable-legacy=on", []),
    "mmio": ("virtio-blk-device", ["-global", "virtio-mmio.force-legacy=false"]),
}


@pytest.fixture(scope="module")
def bundle(image, tmp_path_factory):
    """One VM with one disk."""
    path = tmp_path_factory.mktemp("bundle")
    config = vms.write(path, nodes.debian("db", nodes.device("disk", 'disk = "disk0";'), image=image))
    subprocess.run([VESPER, "bundle", config, str(path / "vms.fit")], check=True, stdout=subprocess.DEVNULL)
    return str(path / "vms.fit")


def qemu(start, bundle, disk, transport, *more, boot=True):
    """The machine with that bundle, and a disk that its own driver has to find on that transport."""
    device, also = HOST_DEVICES[transport]
    return start("-nodefaults", "-M", "virt", "-cpu", DEFAULT, "-m", "1G", "-display", "none", "-kernel",
                 os.path.join(vms.BUILD, "vesper.bin"), "-initrd", bundle, "-chardev", "stdio,id=c,signal=off",
                 "-serial", "chardev:c", "-drive", "if=none,id=disk,format=raw,file=%s" % disk, *also,
                 "-device", device + ",drive=disk", *more, program="qemu-system-riscv64", boot=boot)


def acknowledged(vm):
    """The highest number that was said, also at the very end."""
    vm.child.expect(pexpect.EOF, timeout=30)
    found = re.findall(r"ACK (\d+)\.", vm.log.getvalue())
    return int(found[-1]) if found else 0


def check_records(vm, said):
    """After the journal's replay, by e2fsck or by the kernel. Returns the last record's number."""
    text = vm.output("cat /mnt/log")
    lines = text.split("\n")[:-1]
    assert lines == ["record %d of %d" % (i, i * 7919) for i in range(1, len(lines) + 1)]
    assert len(lines) >= said, "record %d was acknowledged, and %d are there" % (said, len(lines))
    if said > 0:
        vm.output("ls /mnt/name%d" % said)
    return len(lines)


def power_cuts(start, bundle, disk, transport, cuts, seed):
    draw = random.Random(seed)
    with open(disk, "wb") as f:
        f.truncate(64 * MIB)
    said, last = 0, 0
    for cut in range(cuts + 1):
        vm = qemu(start, bundle, disk, transport)
        if cut == 0:
            vm.output("mkfs.ext4 -q /dev/vda", 120)
        elif cut % 2:
            assert vm.run("e2fsck -f -p /dev/vda", 120)[0] in (0, 1)
            assert vm.run("e2fsck -f -n /dev/vda", 120)[0] == 0
        vm.output("mount -t ext4 /dev/vda /mnt && touch /mnt/log", 120)
        last = check_records(vm, said)
        print("after cut %d: %d records were acknowledged, %d are there" % (cut, said, last))
        if cut == cuts:
            vm.output("umount /mnt")
            status, text = vm.run("e2fsck -f -n /dev/vda", 120)
            assert status == 0, text
            vm.close()
            return last
        vm.type("records %d\r" % last)
        vm.expect(r"ACK %d\." % (last + draw.randint(1, 12)), 120)
        time.sleep(draw.uniform(0, 0.4))
        os.kill(vm.child.pid, signal.SIGKILL)
        said = max(acknowledged(vm), last)
        vm.close()
    return last


@pytest.mark.parametrize("transport,cuts", [("pci", 2), ("mmio", 1)])
def test_power_cuts(start, bundle, tmp_path, transport, cuts):
    """What was acknowledged is there after QEMU was killed at any moment, and the file system is clean."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    assert power_cuts(start, bundle, str(tmp_path / "db.img"), transport, cuts, seed) > 1


@pytest.mark.soak
@pytest.mark.parametrize("transport", list(HOST_DEVICES))
def test_fifty_power_cuts(start, bundle, tmp_path, transport):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    assert power_cuts(start, bundle, str(tmp_path / "db.img"), transport, 25, seed) > 25


# ---- a disk that goes away ----


def hmp(path, command):
    """Has QEMU's own monitor do something."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        s.connect(path)
        text = b""
        for line in (command, "info version"):
            s.sendall(line.encode() + b"\n")
        while not re.search(rb"info version\b(?s:.*)\(qemu\) $", text):
            text += s.recv(4096)
    return text.decode(errors="replace")


def test_disk_that_goes_away(start, bundle, tmp_path):
    """Requests end with an error, also those that are under way; the VM goes on."""
    disk, monitor = str(tmp_path / "db.img"), str(tmp_path / "monitor")
    with open(disk, "wb") as f:
        f.truncate(64 * MIB)
    vm = qemu(start, bundle, disk, "pci", "-monitor", "unix:%s,server=on,wait=off" % monitor)
    vm.output("{ while dd if=/dev/vda of=/dev/null bs=64k iflag=direct 2>/dev/null; do :; done; echo ended > /reader; } & true")
    hmp(monitor, "drive_del disk")
    vm.output("wait", 120)
    assert vm.output("cat /reader") == "ended\n"
    for command in ("if=/dev/vda of=/dev/null iflag=direct", "if=/dev/zero of=/dev/vda oflag=direct"):
        status, text = vm.run("dd %s bs=4k count=1" % command)
        assert status != 0 and "Input/output error" in text
    assert vm.output("echo alive; cat /etc/hostname") == "alive\nvesper\n"


# ---- mistakes ----


def says(*command, status=1):
    """The one line of Vesper's or of the command's."""
    done = subprocess.run([VESPER, *command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=BOOT_SECONDS)
    text = plain(done.stdout.decode(errors="replace"))
    lines = [line for line in text.split("\n") if re.match(r"vesper: (.*vms\.dts|--disk)", line)]
    assert done.returncode == status, text[-3000:]
    assert len(lines) == 1, text[-3000:]
    return lines[0]


# What the disks are; what the line says. Some of it is only known when the machine's disks are.
MISTAKES = {
    "no such disk": (['disk = "disk7";'], r'/web: disk = "disk7": no such disk: use disk0 \(serial "parts.img"\)$'),
    "no such partition": (
        ['disk = "disk0"; partition = "dta";'],
        r'/web: disk = "disk0", partition = "dta": no such partition: use 1 "data"$',
    ),
    "no such number": (['disk = "disk0"; partition-number = <9>;'], r'/web: .*partition 9: no such partition: use 1 "data"$'),
    "beyond the end": (['disk = "disk0"; offset-mib = <4>; size-mib = <60>;'], r"/web: .*the disk has 33554432 bytes"),
    "twice": (['disk = "disk0";', 'disk = "disk0";'], r"/web/disk1: .*the same data is /web/disk0's"),
    "name and number": (
        ['disk = "disk0"; partition = "data";', 'disk = "disk0"; partition-number = <1>;'],
        r'/web: .*partition 1: already open in VM "web": give each VM its own',
    ),
    "place and serial": (['disk = "disk0";', 'disk = "parts.img";'], r'/web: disk = "parts.img": already open in VM "web"'),
    "no room to write": (['image = "trial.img";'], r"/web/disk0: image needs writable-mib"),
}


@pytest.mark.parametrize("mistake", list(MISTAKES))
def test_mistake(tmp_path, mistake):
    make_gpt(tmp_path / "parts.img", 32, [("data", 1, 16)])
    make_pattern(tmp_path / "trial.img", 1)
    disks, pattern_of = MISTAKES[mistake]
    more = " ".join(nodes.device("disk", text, "disk%d" % i) for i, text in enumerate(disks))
    vms.sleeping(tmp_path)
    config = vms.write(tmp_path, vms.bare("web", tmp_path / "sleeping", more=more))
    line = says("up", config, "--harts", "1", "--disk", str(tmp_path / "parts.img"))
    assert re.search(r"vms\.dts: " + pattern_of, line), line


def test_disk_in_use(start, tmp_path):
    """Of another QEMU, and of the same command."""
    path = str(tmp_path / "a.img")
    with open(path, "wb") as f:
        f.truncate(MIB)
    holder = start("-M", "virt", "-S", "-display", "none", "-nodefaults", "-monitor", "stdio", "-drive",
                   "if=none,id=disk,format=raw,file=%s" % path, "-device", "virtio-blk-device,drive=disk",
                   program="qemu-system-riscv64", boot=False)
    holder.expect(r"\(qemu\)", BOOT_SECONDS)
    assert re.search(r"--disk %s: another QEMU has it open: end that one" % path, says("run", "--disk", path))
    holder.close()
    assert "the same file as" in says("run", "--disk", path, "--disk", path)


def test_missing_and_odd_files(tmp_path):
    path = str(tmp_path / "a.img")
    assert re.search(r"there is no such file: `truncate -s 1G %s`" % path, says("run", "--disk", path))
    with open(path, "wb") as f:
        f.write(b"x" * 700)
    assert "it has 700 bytes, and a disk a multiple of 512" in says("run", "--disk", path)
