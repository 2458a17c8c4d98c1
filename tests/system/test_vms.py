# SPDX-License-Identifier: MIT
"""`vesper up`: VMs with Debian beside each other on one and on two harts; what one does is not the other's affair."""

import os
import re
import subprocess

import pytest

import vms
from guest import BOOT_SECONDS, PROMPT, ROOT, VESPER, plain

CYCLES = 1000
HI = os.path.join(ROOT, "build", "guest", "hi.bin")


def pair(tmp_path_factory, harts):
    path = tmp_path_factory.mktemp("vms")
    config = vms.write(path, vms.debian("one", cpus=2), vms.debian("two"))
    return vms.Machine(config, "--harts", str(harts))


@pytest.fixture(scope="module")
def one_hart(tmp_path_factory):
    machine = pair(tmp_path_factory, 1)
    yield machine
    machine.close()


@pytest.fixture(scope="module")
def two_harts(tmp_path_factory):
    machine = pair(tmp_path_factory, 2)
    yield machine
    machine.close()


def boot_id(machine):
    """Linux draws another one each time that it boots."""
    return machine.output("cat /proc/sys/kernel/random/boot_id")


def both_boot(machine):
    """The first VM is in front, and then the second one's kept output shows."""
    machine.wait_for("one", 2 * BOOT_SECONDS)
    assert machine.output("nproc") == "2\n"
    machine.front(2, "two", 2 * BOOT_SECONDS)
    assert machine.output("nproc") == "1\n"
    machine.front(1, "one")


class Undisturbed:
    """The VM `one`, at whose console the terminal is: in the `with`, whatever happens to the other VM."""

    def __init__(self, machine):
        self.machine = machine

    def __enter__(self):
        self.machine.output("echo here > /dev/shm/file; echo there > /file; sleep 1000 & echo $! > /dev/shm/pid")
        self.boot_id = boot_id(self.machine)

    def __exit__(self, kind, *_):
        if kind:
            return
        machine = self.machine
        assert boot_id(machine) == self.boot_id
        assert machine.output("cat /dev/shm/file /file") == "here\nthere\n"
        machine.output("kill $(cat /dev/shm/pid); wait")
        assert "one" in machine.output("hostname")


# ---- on one hart ----


def test_both_boot_on_one_hart(one_hart):
    both_boot(one_hart)


def test_console_in_the_background(one_hart):
    """What a VM says while another one is in front is shown when it comes back."""
    one_hart.type("(sleep 3; echo la''ter) &\r")
    one_hart.expect(PROMPT)
    one_hart.front(2, "two")
    one_hart.output("sleep 5")
    one_hart.key("n")
    one_hart.expect(r"console 1: one(?s:.*)later")
    one_hart.type("\r")
    one_hart.wait_for("one")


def test_crash_of_one(one_hart):
    """Its kernel panics and reboots; its memory is fresh, what it wrote to its root is there."""
    with Undisturbed(one_hart):
        one_hart.front(2, "two")
        one_hart.output("echo kept > /file; echo lost > /dev/shm/file; sync")
        one_hart.type("echo c > /proc/sysrq-trigger\r")
        one_hart.expect("Kernel panic", BOOT_SECONDS)
        one_hart.expect("two: reboots", BOOT_SECONDS)
        one_hart.wait_for("two")
        assert one_hart.output("cat /file") == "kept\n"
        assert one_hart.run("ls /dev/shm/file")[0] != 0
        one_hart.front(1, "one")


def test_power_off_of_one(one_hart):
    """The other one comes to the front, and the machine is off when the last VM is."""
    with Undisturbed(one_hart):
        one_hart.front(2, "two")
        one_hart.type("exit\r")
        one_hart.expect("two: has ended", BOOT_SECONDS)
        one_hart.expect("console 1: one")
        one_hart.type("\r")
        one_hart.wait_for("one")
    one_hart.type("exit\r")
    assert one_hart.wait_end(BOOT_SECONDS) == 0


# ---- on two harts ----


def test_both_boot_on_two_harts(two_harts):
    both_boot(two_harts)


def memory_of(answer, name):
    return int(re.search(r"(?m)^%s +(\d+) MiB" % name, answer).group(1))


def test_stop_and_start(two_harts):
    """A VM that is stopped gives its memory back and starts with a new root."""
    with Undisturbed(two_harts):
        two_harts.front(2, "two")
        two_harts.output("echo gone > /file; sync")
        two_harts.front(1, "one")
        two_harts.open_monitor()
        assert memory_of(two_harts.ask("memory"), "two") > 0
        two_harts.type("stop two\r")
        two_harts.expect("two: has ended")
        two_harts.type("\r")
        two_harts.expect(vms.MONITOR)
        assert re.search(r"(?m)^ +2 two +stopped ", two_harts.ask("vms"))
        assert memory_of(two_harts.ask("memory"), "two") == 0
        assert "two is not running" in two_harts.ask("stop two")
        assert "two starts" in two_harts.ask("start two")
        two_harts.type("console two\r")
        two_harts.wait_for("two")
        assert two_harts.run("ls /file")[0] != 0
        two_harts.front(1, "one")


def test_reset(two_harts):
    with Undisturbed(two_harts):
        two_harts.front(2, "two")
        two_harts.output("echo kept > /file; sync")
        before = boot_id(two_harts)
        two_harts.open_monitor()
        two_harts.type("reset two\r")
        two_harts.expect("two: reboots")
        two_harts.type("console two\r")
        two_harts.expect("console 2: two")
        two_harts.wait_for("two")
        assert boot_id(two_harts) != before
        assert two_harts.output("cat /file") == "kept\n"
        two_harts.front(1, "one")


def test_status_of_one_is_the_status(two_harts):
    with Undisturbed(two_harts):
        two_harts.front(2, "two")
        two_harts.type("devmem 0x100000 32 0x73333\r")
        two_harts.expect("two: ended with status 7", BOOT_SECONDS)
        two_harts.expect("console 1: one")
        two_harts.type("\r")
        two_harts.wait_for("one")
    two_harts.type("exit\r")
    assert two_harts.wait_end(BOOT_SECONDS) == 7


# ---- without Debian ----


def free_mib(machine):
    return re.search(r"(\d+) MiB are free.*tables take (\d+) MiB", machine.ask("memory")).groups()


@pytest.mark.parametrize("harts", [1, 2])
def test_start_and_end_many_times(tmp_path, start, harts):
    """A leak of a single page would be 4 MiB in the end."""
    config = vms.write(tmp_path, vms.sleeping(tmp_path), vms.bare("hi", HI, more='start = "manual";'))
    machine = start(config, "--harts", str(harts), kind=vms.Machine)
    machine.expect("escape key", BOOT_SECONDS)
    machine.open_monitor()
    before = free_mib(machine)
    for _ in range(CYCLES):
        machine.type("start hi\r")
        machine.expect("hi: has ended\r*\n")
    machine.type("\r")
    machine.expect(vms.MONITOR)
    assert free_mib(machine) == before
    assert "started %d times" % CYCLES in machine.ask("vm hi")
    machine.type("console hi\r")
    machine.expect("PASS hi")


# A whole VM, and what to change in it; what the one line says after the file's name.
MISTAKES = {
    "unknown property": ("memory-mib = <6>;", "memroy-mib = <6>;", '/web: unknown property "memroy-mib"'),
    "no memory": ("memory-mib = <6>;", "", "/web: .*memory-mib"),
    "odd memory": ("memory-mib = <6>;", "memory-mib = <7>;", "/web: memory-mib = <7>"),
    "no CPU": ("cpus = <1>;", "cpus = <0>;", "/web: cpus = <0>"),
    "too many CPUs": ("cpus = <1>;", "cpus = <65>;", "/web: cpus = <65>"),
    "weight": ("cpus = <1>;", "cpus = <1>; weight = <0>;", "/web: weight = <0>"),
    "hart": ("cpus = <1>;", "cpus = <1>; harts = <0 77>;", "/web: .*harts.*77"),
    "start": ("cpus = <1>;", 'cpus = <1>; start = "later";', '/web: start = "later"'),
    "controller": ("cpus = <1>;", 'cpus = <1>; interrupt-controller = "aia";', "/web: interrupt-controller"),
    "device": ("\t\n", 'disk { compatible = "vesper,dsk"; };\n', '/web/disk: unknown compatible "vesper,dsk"'),
}


@pytest.mark.parametrize("mistake", list(MISTAKES))
def test_mistake_in_the_configuration(tmp_path, mistake):
    """One line with the file, the node and the property, and a failing status."""
    right, wrong, says = MISTAKES[mistake]
    node = vms.sleeping(tmp_path, "web")
    assert node.count(right) == 1
    config = vms.write(tmp_path, node.replace(right, wrong))
    done = subprocess.run([VESPER, "up", config, "--harts", "1"], cwd=ROOT, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=BOOT_SECONDS)
    text = plain(done.stdout.decode(errors="replace"))
    lines = re.findall(r"(?m)^vesper: .*vms\.dts.*$", text)
    assert len(lines) == 1, text[-3000:]
    assert re.search(r"vms\.dts: %s" % says, lines[0]), lines[0]
    assert done.returncode == 1


def test_missing_file_in_the_configuration(tmp_path):
    config = vms.write(tmp_path, vms.bare("web", "nothing"))
    done = subprocess.run([VESPER, "up", config], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=30)
    text = done.stdout.decode()
    assert re.search(r'^vesper: \S*vms\.dts: /web: kernel = "nothing": there is no such file', text), text
    assert text.count("\n") == 1
    assert done.returncode == 1
