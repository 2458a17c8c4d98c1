# SPDX-License-Identifier: MIT
"""Networks: an address by DHCP, VMs that reach each other and nobody who takes another's place, ports of this computer.

Three VMs are on one network, `lan`: `one` (virtio-pci, a PLIC; also on the network that leads out), `two` (virtio-mmio,
an AIA, two vCPUs), and `three`, which misbehaves.
"""

import hashlib
import re
import socket
import subprocess
import time
import urllib.request

import pytest

import nodes
import vms
from guest import BOOT_SECONDS, COMMAND_SECONDS, ROOT, VESPER, plain

NUMBER = {"one": 1, "two": 2, "three": 3}
LAN = nodes.device("net", 'network = "lan"; mac = [52 54 00 11 00 %02x];', "lan")
ADDRESS = "10.1.0.%d"


@pytest.fixture(scope="module", params=["k3", pytest.param("default", marks=pytest.mark.soak)])
def machine(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("net")
    root = nodes.root(path)
    config = vms.write(
        path,
        nodes.network("lan"),
        nodes.debian("one", LAN % 1, nodes.device("net"), image=root, arguments="vesper.ip=eth0:10.1.0.1/24",
                     more='interrupt-controller = "plic";'),
        nodes.debian("two", LAN % 2, image=root, cpus=2, transport="mmio", arguments="vesper.ip=eth0:10.1.0.2/24"),
        nodes.debian("three", LAN % 3, image=root, arguments="vesper.ip=eth0:10.1.0.3/24"),
    )
    up = vms.Machine(config, "--machine", request.param, "--harts", "2")
    nodes.boots(up, *NUMBER)
    yield up
    up.close()


def at(machine, name):
    if machine.failed:
        pytest.fail("an earlier test left the machine in an unknown state")
    machine.front(NUMBER[name], name)
    return machine


def counters(machine, name, network="lan"):
    """Frames that the VM sent, received, lost, and sent by another's name."""
    text = machine.monitor("networks")
    found = re.search(r"(?m)^  %s +%s +[0-9a-f:]{17} +(\d+) +(\d+) +(\d+) +(\d+)$" % (name, network), text)
    assert found, text
    return dict(zip(("sent", "received", "dropped", "spoofed"), map(int, found.groups())))


def pings(machine, name, count=3, options=""):
    """How many of that many answers come."""
    text = machine.run("ping -c %d -W 20 %s %s" % (count, options, ADDRESS % NUMBER[name]), 180)[1]
    return int(re.search(r"(\d+) packets received", text).group(1))


# ---- addresses and reach ----


def test_dhcp(machine):
    """QEMU's network gives the address; the router answers."""
    at(machine, "one")
    machine.output("until ip -4 address show eth1 | grep -q 'inet 10.0.2.15/24'; do sleep 1; done", BOOT_SECONDS)
    assert "default via 10.0.2.2 dev eth1" in machine.output("ip route")
    assert machine.output("ping -c 2 -W 10 10.0.2.2 > /dev/null; echo $?") == "0\n"


def test_ping(machine):
    for name, others in (("one", ("two", "three")), ("two", ("one", "three")), ("three", ("one", "two"))):
        at(machine, name)
        for other in others:
            assert pings(machine, other) == 3


def test_large_frames(machine):
    """Larger than a frame, so fragmented; and the largest without."""
    at(machine, "two")
    assert pings(machine, "one", options="-s 8000") == 3
    assert pings(machine, "one", options="-s 1472") == 3


def throughput(machine, seconds=3, options=""):
    """Mbit/s between `one`, where the terminal is, and `two`, whose server listens again a moment after each run."""
    run = "iperf3 -c %s -t %d -f m %s 2>&1" % (ADDRESS % 2, seconds, options)
    text = machine.output("for i in 1 2 3 4 5; do %s && break; sleep 2; done" % run, 240)
    assert "receiver" in text, text
    return float(re.search(r"([\d.]+) Mbits/sec +receiver", text).group(1))


def test_iperf(machine):
    """Many segments at once, both ways; every byte arrives."""
    at(machine, "two")
    machine.output("iperf3 -s -D && until netstat -ltn | grep -q :5201; do sleep 1; done")
    at(machine, "one")
    for options in ("", "-R"):
        rate = throughput(machine, options=options)
        print("iperf3 %s: %.0f Mbit/s" % (options, rate))
        assert rate > 1
    machine.output("dd if=/dev/urandom of=/sent bs=1k count=2000 2>/dev/null")
    at(machine, "two").output("{ nc -l -p 7000 > /got & } && until netstat -ltn | grep -q :7000; do sleep 1; done")
    sent = at(machine, "one").output("md5sum < /sent; nc -w 30 %s 7000 < /sent" % (ADDRESS % 2), 180)
    assert at(machine, "two").output("wait; md5sum < /got", 180) == sent


# ---- isolation ----


def test_frames_of_others_are_not_seen(machine):
    """Once the switch knows who is where; not even with an interface that would take all."""
    at(machine, "three").output("ip link set eth0 promisc on")
    at(machine, "one")
    assert pings(machine, "two") == 3
    before = counters(machine, "three")["received"]
    assert pings(machine, "two", 40, "-i 0.1") == 40
    assert counters(machine, "three")["received"] - before < 10
    at(machine, "three").output("ip link set eth0 promisc off")


def send_frame(machine, source, count):
    """Frames for all, past the kernel's own choice of the source."""
    frame = bytes.fromhex("ff" * 6 + source.replace(":", "") + "88b5") + b"whoever" * 10
    text = "".join("\\%03o" % byte for byte in frame)
    machine.output("printf '%s' > /frame; for i in $(seq %d); do socat -u OPEN:/frame INTERFACE:eth0; done" % (text, count))


def test_address_of_another(machine):
    """A VM that sends as another one is not heard, and does not get what is for that one."""
    at(machine, "three")
    assert machine.output("cat /sys/class/net/eth0/address") == "52:54:00:11:00:03\n"
    for source in ("52:54:00:11:00:01", "52:54:00:99:99:99"):
        before, heard = counters(machine, "three"), counters(machine, "two")
        send_frame(machine, source, 5)
        assert counters(machine, "three")["spoofed"] == before["spoofed"] + 5
        assert counters(machine, "two")["received"] - heard["received"] < 5
    at(machine, "two")
    assert pings(machine, "one") == 3
    # Its own address is heard; another one is not given to it.
    at(machine, "three")
    before = counters(machine, "two")["received"]
    send_frame(machine, "52:54:00:11:00:03", 5)
    assert counters(machine, "two")["received"] >= before + 5
    machine.run("ip link set eth0 down; ip link set eth0 address 52:54:00:11:00:01")
    assert machine.output("cat /sys/class/net/eth0/address") == "52:54:00:11:00:03\n"
    machine.output("ip link set eth0 up; ip address add 10.1.0.3/24 dev eth0 2>/dev/null; true")
    assert pings(machine, "two") == 3


def test_broadcast_storm(machine):
    """One VM fills the network with frames for all; two others keep a part of it."""
    at(machine, "one")
    quiet = throughput(machine)
    at(machine, "three").output(
        "{ for i in 1 2; do socat -u -b 1400 /dev/zero UDP4-DATAGRAM:10.1.0.255:9,broadcast & echo $! >> /storm; done; }"
        " 2>/dev/null")
    before = counters(machine, "three")["sent"]
    at(machine, "one")
    stormy = throughput(machine)
    assert pings(machine, "two") >= 2
    after = counters(machine, "three")["sent"]
    at(machine, "three").output("kill $(cat /storm); rm /storm")
    print("iperf3: %.0f Mbit/s, in a storm of %d frames %.0f" % (quiet, after - before, stormy))
    assert after - before > 200
    assert stormy > quiet / 20
    assert pings(machine, "one") == 3


# ---- ports of this computer ----


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fetch(url):
    deadline = time.monotonic() + COMMAND_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return answer.read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)


@pytest.mark.parametrize("transport", ["pci", pytest.param("mmio", marks=pytest.mark.soak)])
def test_file_over_http(start, transport):
    """A file of the VM, fetched from outside; and what the port says to a second command."""
    port = free_port()
    vm = start("run", "-p", "%d:80" % port, "--transport", transport)
    vm.output("mkdir /www && dd if=/dev/urandom of=/www/file bs=1k count=1500 2>/dev/null")
    want = vm.output("md5sum < /www/file").split()[0]
    vm.output("httpd -h /www")
    vm.output("until ip -4 address show eth0 | grep -q 10.0.2.15; do sleep 1; done", BOOT_SECONDS)
    for _ in range(2):
        assert hashlib.md5(fetch("http://127.0.0.1:%d/file" % port)).hexdigest() == want
    assert "port %d of this computer is in use: choose another, such as -p " % port in one_line(
        "run", "-p", "%d:80" % port)
    assert vm.output("wget -q -O - http://127.0.0.1/file | md5sum").split()[0] == want


def one_line(*command):
    done = subprocess.run([VESPER, *command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=BOOT_SECONDS)
    text = plain(done.stdout.decode(errors="replace"))
    lines = [line for line in text.split("\n") if re.match(r"vesper: (.*vms\.dts|the configuration:|-p)", line)]
    assert done.returncode == 1, text[-3000:]
    assert len(lines) == 1, text[-3000:]
    return lines[0]


def net(properties, name="net"):
    return nodes.device("net", properties, name)


MISTAKES = {
    "same address": (
        net("mac = [52 54 00 00 00 01];") + net("mac = [52 54 00 00 00 01];", "net2"),
        r"/web/net2: mac = \[52 54 00 00 00 01\] is also /web/net's: give one of them another",
    ),
    "group address": (net("mac = [01 00 5e 00 00 01];"), r"/web/net: mac = .*"),
    "no such network": (net('network = "lan";'), r'/web/net: network = "lan" is unknown: add a node lan'),
}


@pytest.mark.parametrize("mistake", list(MISTAKES))
def test_mistake(tmp_path, mistake):
    devices, pattern = MISTAKES[mistake]
    vms.sleeping(tmp_path)
    config = vms.write(tmp_path, vms.bare("web", tmp_path / "sleeping", more=devices))
    line = one_line("up", config, "--harts", "1")
    assert re.search(r"vms\.dts: " + pattern, line), line


def test_no_such_uplink(tmp_path):
    vms.sleeping(tmp_path)
    config = vms.write(tmp_path, nodes.network("lan", 'uplink = "nic7";'),
                       vms.bare("web", tmp_path / "sleeping", more=net('network = "lan";')))
    line = one_line("up", config, "--harts", "1")
    assert re.search(r'network lan: uplink = "nic7": the machine has 1 such interface', line), line
