# SPDX-License-Identifier: MIT
"""Fixtures of the system tests: VMs that are always cleaned up; and how the tests are spread over workers."""

import time

import pytest

import debugger
from guest import Guest
from machines import BOOTING, DEFAULT


# ---- workers (pytest-xdist), and what tests/run.py shows of them ----


class Failures:
    """Shows each at once: the whole run may be stopped before its summary."""

    def __init__(self, terminal):
        self.terminal = terminal

    def show(self, report, when):
        if report.failed:
            self.terminal.write_line("---- %s of %s failed" % (when, report.nodeid))
            self.terminal.write_line(report.longreprtext)
            for name, text in report.sections:
                self.terminal.write_line("-- %s\n%s" % (name, text))

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        self.show(report, report.when)

    def pytest_collectreport(self, report):
        self.show(report, "collection")


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.addinivalue_line("markers", "alone: looks at the host's clock, so nothing else may run meanwhile")
    config.addinivalue_line("markers", "soak: takes too long for `make test`; `make soak` runs these")
    terminal = config.pluginmanager.get_plugin("terminalreporter")  # a worker has none
    if terminal and config.option.no_summary:
        config.pluginmanager.register(Failures(terminal))


def shared_by(item):
    """What a test shares with others of its file, which have to run in the same worker: fixtures and their parameters."""
    which = item.callspec.indices if hasattr(item, "callspec") else {}
    fixtures = item._fixtureinfo.name2fixturedefs.items()
    return ["%s-%d" % (name, which.get(name, 0)) for name, found in fixtures if found[-1].scope == "module"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Tests that share are a group, for `--dist loadgroup`. Groups go first: the short ones then fill the workers."""
    for item in items:
        group = "-".join(shared_by(item))
        if group:
            item.add_marker(pytest.mark.xdist_group("%s-%s" % (item.path.stem, group)))
    items.sort(key=lambda item: not shared_by(item))


# ---- machines ----


@pytest.fixture(scope="session")
def symbols():
    """The names in vesper.elf."""
    return debugger.Symbols()


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
