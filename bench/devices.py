# SPDX-License-Identifier: MIT
"""Disk and network: what a request costs in a VM, as a ratio to the native kernel.

Both run bench/requests.c as PID 1 of Debian's kernel on the same QEMU machine with the same two
devices, virtio-blk-pci and virtio-net-pci; natively they are the kernel's own, else Vesper's, whose VM
has a virtio disk and interface on PCI. The disk is QEMU's null-co, which answers at once, and the
network ends in this script. The clock runs on while the guest waits for them (sleep=on), and each
figure is the best of several rounds, so that a host that is busy elsewhere does not show.
"""

import os
import socket
import subprocess
import tempfile
import threading

QEMU = "qemu-system-riscv64"
MODULES = ("failover", "net_failover", "virtio_blk", "virtio_net")
ARGUMENTS = "quiet loglevel=0 cryptomgr.notests panic=-1"
MEMORY_MIB = 640
LAST_MARK = 211

# name, what it says in the table, marker of its start, requests between the markers, the goal: times native's instructions
ROWS = [
    ("blk_4k_1", "virtio-blk 4 KiB random read, depth 1", 200, 1000, 1.15),
    ("blk_4k_32", "virtio-blk 4 KiB random read, depth 32", 202, 4096, 1.05),
    ("blk_1m", "virtio-blk 1 MiB sequential read", 204, 64, 1.02),
    ("net_ping", "virtio-net round trip of a UDP datagram", 206, 500, 1.3),
    ("net_in", "virtio-net, a MiB received over TCP", 208, 8, 1.1),
    ("net_out", "virtio-net, a MiB sent over TCP", 210, 8, 1.1),
]
# How Vesper and its guest get interrupts: -M, -cpu
MACHINES = {
    "plic": ("virt", "rv64,h=true"),
    "msi": ("virt,aia=aplic-imsic,aia-guests=7", "rv64,h=true,smaia=on,ssaia=on"),
}

CONFIG = """/dts-v1/;
/ {
	compatible = "vesper,config";
	bench {
		compatible = "vesper,vm";
		memory-mib = <%d>;
		cpus = <1>;
		kernel = "debian";
		initrd = "requests.cpio";
		bootargs = "console=hvc0 %s";
		console { compatible = "vesper,console"; };
		disk { compatible = "vesper,disk"; disk = "disk0"; };
		net { compatible = "vesper,net"; };
	};
};
"""


# ---- what runs ----

def cpio(entries):
    """An archive of (name, mode, device number, data) in the form `newc`."""
    out = b""
    for inode, (name, mode, device, data) in enumerate([*entries, ("TRAILER!!!", 0, (0, 0), b"")], 1):
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return out


def read(path):
    with open(path, "rb") as f:
        return f.read()


def build(out, debian):
    """The initramfs, beside the program `requests`."""
    entries = [("dev", 0o40755, (0, 0), b""), ("dev/console", 0o20600, (5, 1), b""),
               ("init", 0o100755, (0, 0), read(os.path.join(out, "requests")))]
    for name in MODULES:
        entries.append((name + ".ko", 0o100644, (0, 0), read(os.path.join(debian, "modules", name + ".ko"))))
    with open(os.path.join(out, "requests.cpio"), "wb") as f:
        f.write(cpio(entries))


# ---- the host's end of the network ----

def echo(sock):
    while True:
        data, sender = sock.recvfrom(2048)
        sock.sendto(data, sender)


def source(sock):
    peer, _ = sock.accept()
    data = bytes(1 << 20)
    try:
        while True:
            peer.sendall(data)
    except OSError:
        peer.close()


def sink(sock):
    """Answers each MiB with a byte."""
    peer, _ = sock.accept()
    got = 0
    try:
        while data := peer.recv(1 << 20):
            if (got + len(data)) >> 20 > got >> 20:
                peer.sendall(b"x")
            got += len(data)
    except OSError:
        pass
    peer.close()


def serve():
    """Starts all three; returns the program's arguments: their ports."""
    ports = []
    for kind, function in ((socket.SOCK_DGRAM, echo), (socket.SOCK_STREAM, source), (socket.SOCK_STREAM, sink)):
        sock = socket.socket(socket.AF_INET, kind)
        sock.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            sock.listen()
        threading.Thread(target=function, args=(sock,), daemon=True).start()
        ports.append(str(sock.getsockname()[1]))
    return "%s -- %s" % (ARGUMENTS, " ".join(ports))


# ---- runs ----

def run(name, memory_mib, plugin, options, *boot):
    """Returns the plugin's lines; incomplete, and the console's tail is printed, where something goes wrong."""
    board, cpu = MACHINES[name]
    with tempfile.TemporaryDirectory() as tmp:
        events = os.path.join(tmp, "counts")
        args = [QEMU, "-nodefaults", "-no-reboot", "-M", board, "-cpu", cpu, "-smp", "1", "-m", "%dM" % memory_mib,
                "-display", "none", "-serial", "stdio", "-icount", "shift=0,sleep=on",
                "-plugin", "%s,out=%s%s" % (plugin, events, options),
                "-drive", "if=none,id=disk0,driver=null-co,size=256M,read-zeroes=on",
                "-device", "virtio-blk-pci,drive=disk0,disable-legacy=on",
                "-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0,romfile=,disable-legacy=on", *boot]
        try:
            output = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, timeout=180).stdout
        except subprocess.TimeoutExpired as e:
            output = e.stdout or b""
        text = read(events).decode() if os.path.exists(events) else ""
        if "mark %d " % LAST_MARK not in text:
            print("%s\nthe program did not finish; the console's tail:\n%s"
                  % (" ".join(args), output.decode(errors="replace")[-1500:]))
        return text


def native(name, out, debian, plugin):
    return run(name, MEMORY_MIB, plugin, "", "-kernel", os.path.join(debian, "vmlinuz"),
               "-initrd", os.path.join(out, "requests.cpio"), "-append", "console=ttyS0 " + serve())


def guest(name, out, vesper, plugin, image, entry):
    config, bundle = os.path.join(out, "requests.dts"), os.path.join(out, "requests.fit")
    with open(config, "w") as f:
        f.write(CONFIG % (MEMORY_MIB, serve()))
    subprocess.run([vesper, "bundle", config, bundle], check=True, stdout=subprocess.DEVNULL)
    return run(name, 2 * MEMORY_MIB, plugin, ",entry=%x" % entry, "-kernel", image, "-initrd", bundle)


# ---- figures ----

def parse(text):
    """{(kind, marker): [counters at its first time, at its second, ...]}"""
    events = {}
    for line in text.splitlines():
        kind, marker, *counters = line.split()
        events.setdefault((kind, marker), []).append({k: int(v) for k, v in (c.split("=") for c in counters)})
    return events


def rounds(events, kind, start):
    """What was counted between each `start` and the marker behind it."""
    pairs = zip(events.get((kind, str(start)), []), events.get((kind, str(start + 1)), []))
    return [{k: n - before.get(k, 0) for k, n in after.items()} for before, after in pairs]


def costs(text):
    """{name: (instructions by mode, exits by cause)}, each for one request, of its best round."""
    events, result = parse(text), {}
    for name, _, start, requests, _ in ROWS:
        counted, exits = rounds(events, "mark", start), rounds(events, "exits", start)
        if not counted:
            continue
        best = min(range(len(counted)), key=lambda i: sum(counted[i].values()))
        result[name] = tuple({k: n / requests for k, n in counters.items() if n}
                             for counters in (counted[best], exits[best] if exits else {}))
    return result
