# SPDX-License-Identifier: MIT
"""The keys after Ctrl-] and each of the monitor's commands, on a machine with two VMs and one that is not started."""

import os
import re
import time

import pytest

import vms
from guest import BOOT_SECONDS, ROOT

HI = os.path.join(ROOT, "build", "guest", "hi.bin")


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    path = tmp_path_factory.mktemp("monitor")
    config = vms.write(
        path,
        vms.sleeping(path, "web"),
        vms.sleeping(path, "db").replace("cpus = <1>;", "cpus = <2>; weight = <300>;"),
        vms.bare("job", HI, more='start = "manual"; harts = <0>;'),
    )
    up = vms.Machine(config, "--harts", "2")
    up.expect("escape key: then m for the monitor", BOOT_SECONDS)
    both_sleep(up)
    yield up
    up.close()


def both_sleep(machine):
    """The VMs start after the machine says that it is ready, and load their kernels: until they have, numbers change."""
    deadline = time.monotonic() + BOOT_SECONDS
    while machine.monitor("exits").count("SBI call") < 2:
        if time.monotonic() > deadline:
            machine.fail("the VMs did not run within %d s" % BOOT_SECONDS)


@pytest.fixture
def at_prompt(machine):
    """At the monitor's prompt, whatever was before."""
    if machine.failed:
        pytest.fail("an earlier test left the machine in an unknown state")
    machine.key("m")
    machine.expect(vms.MONITOR)
    yield machine
    if machine.failed:
        return
    machine.type("\x15exit\r")
    machine.expect(r"vesper: console \d: \w+\r*\n")


# ---- keys ----


def test_list_of_keys(machine):
    machine.key("?")
    machine.expect(r"after Ctrl-\](?s:.*)Ctrl-\] for the guest\r*\n")
    for key in "?mln":
        assert re.search(r"(?m)^  %s  +\w" % re.escape(key), machine.child.after), key


def test_numbers_and_next(machine):
    for key, console in (("2", "2: db"), ("n", "3: job"), ("n", "1: web"), ("n", "2: db"), ("1", "1: web")):
        machine.key(key)
        machine.expect(r"vesper: console %s\r*\n" % console)


def test_list_of_consoles(machine):
    machine.key("l")
    machine.expect(r" 1 web +running +in front(?s:.*) 2 db +running(?s:.*) 3 job +stopped[^\n]*\n")


def test_keys_that_do_nothing(machine):
    machine.key("9")
    machine.expect("there is no console 9")
    machine.key("z")
    machine.expect(r"no such key: Ctrl-\] \? lists them")


def test_escape_leaves_the_monitor(machine):
    machine.open_monitor()
    machine.type(vms.ESCAPE)
    machine.expect("vesper: console 1: web")


# ---- commands ----


def test_help(at_prompt):
    text = at_prompt.ask("help")
    for command in "vms vm start stop reset console harts memory exits log poweroff help exit".split():
        assert re.search(r"(?m)^  %s +\S" % command, text), command


def test_vms(at_prompt):
    text = at_prompt.ask("vms")
    assert re.search(r"(?m)^ +1 web +running +1 +6 +100 +1", text)
    assert re.search(r"(?m)^ +2 db +running +2 +6 +300 +1", text)
    assert re.search(r"(?m)^ +3 job +stopped +1 +6 +100 +0", text)


def test_vm(at_prompt):
    text = at_prompt.ask("vm db")
    assert text.startswith("db: running, started 1 time\n")
    assert re.search(r"(?m)^  weight +300$", text)
    assert re.search(r"(?m)^  harts +any$", text)
    assert re.search(r"(?m)^ +0 (running|waiting) .*\n +1 off ", text)
    assert re.search(r"(?m)^  harts +0$", at_prompt.ask("vm job"))


def test_harts(at_prompt):
    assert re.search(r"(?m)^ +0 +\d+ % .*\n +1 +\d+ % ", at_prompt.ask("harts"))


def test_memory(at_prompt):
    text = at_prompt.ask("memory")
    assert re.search(r"^[1-9]\d* MiB are free", text)
    assert re.search(r"(?m)^web +4 MiB +6 MiB$", text)
    assert re.search(r"(?m)^job +0 MiB +6 MiB$", text)


def test_exits(at_prompt):
    """Both VMs made one SBI call. What else there is depends on the hart: whoever is alone there waits without an exit."""
    one, every = at_prompt.ask("exits web"), at_prompt.ask("exits")
    assert re.match(r"web: [1-9]\d* exits\n", one), one
    assert re.search(r"(?m)^  SBI call +1 +\d+ %", one), one
    assert re.findall(r"(?m)^(\w+): \d+ exits$", every) == ["web", "db", "job"]


def test_log(at_prompt):
    text = at_prompt.ask("log")
    assert "vesper: starting web: 6 MiB" in text
    assert "vesper: not starting job" in text


def test_start_and_its_news(at_prompt):
    at_prompt.type("start job\r")
    at_prompt.expect(vms.both("job starts", r"job: has ended\r*\n"))
    at_prompt.type("\r")
    at_prompt.expect(vms.MONITOR)
    assert re.search(r"(?m)^ +3 job +\w+ .* 1 has news$", at_prompt.ask("vms"))
    at_prompt.type("console job\r")
    at_prompt.expect(r"vesper: console 3: job(?s:.*)Hi!(?s:.*)PASS hi")
    at_prompt.key("1")
    at_prompt.expect("console 1: web")
    at_prompt.open_monitor()


def test_stop_and_start(at_prompt):
    at_prompt.type("stop db\r")
    at_prompt.expect(vms.both("db stops", r"db: has ended\r*\n"))
    at_prompt.type("\r")
    at_prompt.expect(vms.MONITOR)
    assert re.search(r"(?m)^ +2 db +stopped ", at_prompt.ask("vms"))
    assert re.search(r"(?m)^db +0 MiB +6 MiB$", at_prompt.ask("memory"))
    assert "db is not running" in at_prompt.ask("stop db")
    assert "db is not running" in at_prompt.ask("reset db")
    assert at_prompt.ask("start db").startswith("db starts\n")
    assert re.search(r"(?m)^ +2 db +running .* 2 ?", at_prompt.ask("vms"))


def test_reset(at_prompt):
    at_prompt.type("reset web\r")
    at_prompt.expect(vms.both("web starts over", r"web: reboots\r*\n"))
    at_prompt.type("\r")
    at_prompt.expect(vms.MONITOR)
    deadline = time.monotonic() + 30
    while "web: running, started 2 times" not in at_prompt.ask("vm web"):
        assert time.monotonic() < deadline


MISTAKES = [
    ("nonsense", r'unknown command "nonsense": help lists them all'),
    ("vm wob", r'no VM is called "wob" \(did you mean "web"\?\)'),
    ("stop", r"usage: stop NAME"),
    ("vms web", r"usage: vms"),
    ("start web", r"web is not stopped"),
]


@pytest.mark.parametrize("command,says", MISTAKES)
def test_mistake(at_prompt, command, says):
    assert re.match(says + "\n", at_prompt.ask(command))


def test_editing(at_prompt):
    at_prompt.type("nonsense\x15vmx\x7fs\r")
    at_prompt.expect(r" 1 web +running")
    at_prompt.expect(vms.MONITOR)
    at_prompt.type("stop web\x03")
    at_prompt.expect(r"\^C\r*\n" + vms.MONITOR)
    assert "web: running" in at_prompt.ask("vm web")


def test_power_off(machine):
    """The last test of the file: it ends the machine."""
    machine.open_monitor()
    machine.type("poweroff\r")
    assert machine.wait_end() == 0
