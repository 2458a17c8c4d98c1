# SPDX-License-Identifier: MIT
"""Fixtures of the system tests: VMs that are always cleaned up."""

import time

import pytest

from guest import Guest
from machines import BOOTING, DEFAULT


@pytest.fixture(scope="module")
def guests():
    """The machine that the tests of one file share; at most one is running."""
    running = []
    yield running
    for vm in running:
        vm.close()


@pytest.fixture
def guest(guests):
    """A Debian shell on the default machine: a new one after a test left it in an unknown state."""
    if guests and guests[0].failed:
        guests.pop().close()
    if not guests:
        guests.append(Guest("run", "--cpu", DEFAULT))
    return guests[0]


@pytest.fixture
def start():
    """Starts programs on terminals of their own: start("run", "--append", "quiet")."""
    started = []

    def starter(*args, kind=Guest, **kwargs):
        vm = kind(*args, **kwargs)
        started.append(vm)
        return vm

    yield starter
    for vm in started:
        vm.close()


@pytest.fixture(scope="module", params=BOOTING, ids=lambda p: "%s-%dx%d" % p)
def booted(request):
    """A Debian shell on each of the machines in turn; it knows how it was started."""
    machine, cpus, harts = request.param
    started = time.monotonic()
    vm = Guest("run", "--machine", machine, "--cpus", str(cpus), "--harts", str(harts))
    vm.machine, vm.cpus, vm.harts = request.param
    vm.started = started
    yield vm
    vm.close()
