#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs what `make test` built and counts: cmocka programs, fuzzers for a short while, checks, pytest.

Every argument is KIND:NAME:COMMAND. Of what fails the whole output is shown, of the rest one line. The kind `system`
is pytest with workers and -v: it takes minutes, so each failure is shown when it happens; these run last, one by one.
The last line is 'N passed, N failed', and the exit status is honest.
"""
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import threading
import time

TIMEOUT = {"unit": 120, "sim": 180, "fuzz": 120, "check": 600, "system": 2400}
TOTAL = 3000  # for all of them, on a machine three times as slow: it is here to end what hangs
GRACE = 20  # for one that is told to end, and ends its VMs
NEWS_EVERY = 60
CMOCKA_PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.M)
CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] (\d+) test", re.M)
PYTEST_STARTS = re.compile(r"^(\S+\.py::.*)$")
PYTEST_SAYS = re.compile(r"^\[gw\d+\] \[ *\d+%\] ([A-Z]+) (\S+\.py::.*)$")

begin = time.monotonic()
running = {}  # process: what reads it
total = {"passed": 0, "failed": 0}


class Program:
    """One that prints all at its end, and what it has passed and failed is to be found there."""

    def __init__(self, kind):
        self.kind = kind
        self.output = ""

    def line(self, line):
        self.output += line

    def timed_out(self, seconds):
        self.output += f"\ntimed out after {seconds:.0f} s\n"

    def count(self, status):
        if self.kind in ("unit", "sim"):
            return tuple(sum(int(n) for n in p.findall(self.output)) for p in (CMOCKA_PASSED, CMOCKA_FAILED))
        return (1, 0) if status == 0 else (0, 1)


class Pytest:
    """One whose every line is a test's start or end, or to be shown at once."""

    def __init__(self, name):
        self.name = name
        self.output = ""  # shown already
        self.counts = {}
        self.started = set()
        self.start = self.told = time.monotonic()

    def line(self, line):
        line = line.rstrip()
        starts, says = PYTEST_STARTS.match(line), PYTEST_SAYS.match(line)
        if starts:
            self.started.add(starts[1])
        elif says:
            self.counts[says[1]] = self.counts.get(says[1], 0) + 1
            self.started.discard(says[2])
        if line and not starts and not (says and says[1] == "PASSED"):
            print(line, flush=True)
        self.tell()

    def tell(self):
        now = time.monotonic()
        if now > self.told + NEWS_EVERY:
            self.told = now
            print(f"... {self.name}: {self} after {now - self.start:.0f} s", flush=True)

    def __str__(self):
        return ", ".join(f"{n} {word.lower()}" for word, n in self.counts.items()) or "nothing yet"

    def timed_out(self, seconds):
        print(f"timed out after {seconds:.0f} s; not finished: {', '.join(sorted(self.started))}", flush=True)

    def count(self, _):
        return self.counts.get("PASSED", 0), self.counts.get("FAILED", 0) + self.counts.get("ERROR", 0)


def end(process, sig=signal.SIGTERM):
    """And what it has started. VMs of the system tests end with their terminals."""
    try:
        os.killpg(process.pid, sig)
    except ProcessLookupError:
        pass


def end_all(*_):
    for process, reader in list(running.items()):
        end(process)
        add(*reader.count(-1))
    add(0, 1)
    print("interrupted")
    print_total()
    os._exit(1)


def run(job):
    kind, name, command = job.split(":", 2)
    reader = Pytest(name) if kind == "system" else Program(kind)
    start = time.monotonic()
    seconds = max(10, min(TIMEOUT[kind], begin + TOTAL - start))
    process = subprocess.Popen(command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
    running[process] = reader
    timers = [threading.Timer(seconds, end, [process]),
              threading.Timer(seconds + GRACE, end, [process, signal.SIGKILL])]
    for timer in timers:
        timer.start()
    for line in process.stdout:
        reader.line(line)
    status = process.wait()
    del running[process]
    late = time.monotonic() - start > seconds
    for timer in timers:
        timer.cancel()
    if late:
        reader.timed_out(seconds)
    passed, failed = reader.count(status)
    if late or status != 0 and failed == 0 or passed + failed == 0:
        failed += 1  # it crashed, hung or ran nothing
    return kind, name, passed, failed, reader.output, time.monotonic() - start


def report(result):
    kind, name, passed, failed, output, seconds = result
    verdict = "ok  " if not failed else "FAIL"
    print(f"{verdict} {kind} {name}: {passed} passed, {failed} failed ({seconds:.1f} s)", flush=True)
    if failed and output:
        print(output, flush=True)
    add(passed, failed)


def add(passed, failed):
    total["passed"] += passed
    total["failed"] += failed


def print_total():
    print(f"{total['passed']} passed, {total['failed']} failed", flush=True)


def main():
    for sig in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sig, end_all)
    jobs = sys.argv[1:]
    alone = [j for j in jobs if j.startswith("system:")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in concurrent.futures.as_completed(pool.submit(run, j) for j in jobs if j not in alone):
            report(done.result())
    for job in alone:
        report(run(job))
    print_total()
    return 1 if total["failed"] or not total["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
