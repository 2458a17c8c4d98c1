# SPDX-License-Identifier: MIT
"""stress-ng and cyclictest: a guest's work comes out right, also beside another that takes all it can get.

Every stressor checks its own results (--verify). Latencies are printed; their bounds only tell a VM that is slow from
one that is shut out, because QEMU runs on a machine that may have other things to do.
"""

import re

import pytest

import nodes
import vms
from guest import BOOT_SECONDS, Guest

STRESSORS = {
    "cpu": "--cpu 2 --cpu-method all",
    "memory": "--vm 1 --vm-bytes 24M --memcpy 1 --malloc 1 --malloc-bytes 16M --mmap 1 --mmap-bytes 16M",
    "scheduler": "--yield 2 --switch 1 --futex 1 --pipe 1 --context 1",
    "signals": "--signal 1 --sigq 1 --sigpending 1 --sigsuspend 1 --kill 1",
    "timers": "--timer 1 --timerfd 1 --itimer 1 --nanosleep 1 --clock 1",
}
FP = "--fp 1 --vecmath 1 --matrix 1 --trig 1"
WORST_US = 1_000_000


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """An image: the default root, with the two programs and their libraries."""
    return nodes.root(tmp_path_factory.mktemp("root"))


def verified(machine, stressors, seconds=2):
    """Runs stress-ng; every stressor that it was given passed, and none was left out."""
    text = machine.output("stress-ng --verify --oomable --timeout %d %s 2>&1" % (seconds, stressors), 300)
    said_passed(stressors, text)


def said_passed(stressors, text):
    wanted = re.findall(r"--(\w+) (\d+)(?= |$)", stressors)
    assert re.search(r"failed: 0\b", text), text
    assert re.search(r"skipped: 0\b", text), text
    passed = re.search(r"passed: \d+: (.*)", text)
    assert passed, text
    for name, count in wanted:
        assert "%s (%s)" % (name, count) in passed.group(1), text


# ---- one VM with two vCPUs ----


@pytest.fixture(scope="module")
def two_cpus(root):
    vm = Guest("run", "--cpus", "2", "--harts", "2", "--image", root)
    yield vm
    vm.close()


@pytest.mark.parametrize("kind", list(STRESSORS))
def test_stressors(two_cpus, kind):
    verified(two_cpus, STRESSORS[kind])
    assert "Oops" not in two_cpus.output("dmesg")


# ---- two VMs that share one hart ----


@pytest.fixture(scope="module")
def shared_hart(root, tmp_path_factory):
    config = vms.write(
        tmp_path_factory.mktemp("vms"),
        vms.debian("one", memory=320, image=root),
        vms.debian("two", memory=320, cpus=2, image=root),
    )
    machine = vms.Machine(config, "--machine", "k3", "--harts", "1")
    machine.wait_for("one", 2 * BOOT_SECONDS)
    machine.front(2, "two", 2 * BOOT_SECONDS)
    yield machine
    machine.close()


def test_fp_and_vectors_of_two_vms(shared_hart):
    """A register that the other VM could change would make a result wrong."""
    command = "stress-ng --verify --timeout 4 %s" % FP
    shared_hart.output("{ %s > /two 2>&1 & }" % command)
    shared_hart.front(1, "one")
    said_passed(FP, shared_hart.output("%s 2>&1" % command, 300))
    shared_hart.front(2, "two")
    shared_hart.output("wait", 300)
    said_passed(FP, shared_hart.output("cat /two"))


def test_latency_beside_a_vm_that_burns(shared_hart):
    shared_hart.front(2, "two")
    shared_hart.output("stress-ng --cpu 2 --timeout 120 > /burn 2>&1 & echo $! > /pid")
    shared_hart.front(1, "one")
    text = shared_hart.output("cyclictest -q -p 80 -i 5000 -D 5", 300)
    print(text)
    found = re.search(r"C: *(\d+) Min: *\d+ Act: *\d+ Avg: *(\d+) Max: *(\d+)", text)
    assert found, text
    assert int(found.group(1)) > 20
    assert int(found.group(3)) < WORST_US
    shared_hart.front(2, "two")
    assert shared_hart.output("kill -0 $(cat /pid) && echo burning") == "burning\n"
    shared_hart.output("killall stress-ng; wait; true")
