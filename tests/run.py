#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs what `make test` built and counts: cmocka programs, fuzzers for a short while, checks, pytest.

Every argument is KIND:NAME:COMMAND. The output of what fails is shown whole, of the rest one line.
The last line is 'N passed, N failed', and the exit status is honest.
"""
import concurrent.futures
import os
import re
import subprocess
import sys
import time

TIMEOUT = {"unit": 120, "sim": 180, "fuzz": 120, "check": 600, "system": 840}
CMOCKA_PASSED = re.compile(r"^\[  PASSED  \] (\d+) test", re.M)
CMOCKA_FAILED = re.compile(r"^\[  FAILED  \] (\d+) test", re.M)
PYTEST = re.compile(r"(\d+) (passed|failed|error)")


def total(pattern, text):
    return sum(int(n) for n in pattern.findall(text))


def count(kind, status, output):
    """(passed, failed) of one command."""
    if kind in ("unit", "sim"):
        passed, failed = total(CMOCKA_PASSED, output), total(CMOCKA_FAILED, output)
    elif kind == "system":
        last = output.strip().splitlines()[-1] if output.strip() else ""
        found = {word: int(n) for n, word in PYTEST.findall(last)}
        passed, failed = found.get("passed", 0), found.get("failed", 0) + found.get("error", 0)
    else:
        passed, failed = (1, 0) if status == 0 else (0, 1)
    if status != 0 and failed == 0 or passed + failed == 0:
        failed += 1  # it crashed, hung or ran nothing
    return passed, failed


def run(job):
    kind, name, command = job.split(":", 2)
    start = time.monotonic()
    try:
        done = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT[kind], text=True, errors="replace")
        status, output = done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        status, output = -1, (error.stdout or b"").decode(errors="replace") + f"\ntimed out after {TIMEOUT[kind]} s"
    passed, failed = count(kind, status, output)
    return kind, name, passed, failed, output, time.monotonic() - start


def report(result):
    kind, name, passed, failed, output, seconds = result
    verdict = "ok  " if not failed else "FAIL"
    print(f"{verdict} {kind} {name}: {passed} passed, {failed} failed ({seconds:.1f} s)", flush=True)
    if failed:
        print(output, flush=True)
    elif kind == "system":
        print(output.strip().splitlines()[-1], flush=True)
    return passed, failed


def main():
    jobs = sys.argv[1:]
    alone = [j for j in jobs if j.startswith("system:")]  # these watch clocks
    together = [j for j in jobs if not j.startswith("system:")]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for result in pool.map(run, together):
            p, f = report(result)
            passed, failed = passed + p, failed + f
    for job in alone:
        p, f = report(run(job))
        passed, failed = passed + p, failed + f
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
