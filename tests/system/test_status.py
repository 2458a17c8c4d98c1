# SPDX-License-Identifier: MIT
"""The status of a program in a VM is the status of the command, as of any local one."""

import subprocess

import pytest

from guest import BOOT_SECONDS, VESPER


@pytest.mark.parametrize("status", [0, 7, 255])
def test_status_of_the_program(status):
    done = subprocess.run([VESPER, "run", "--", "sh", "-c", "exit %d" % status], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, timeout=BOOT_SECONDS + 60, check=False)
    assert done.returncode == status, done.stdout.decode(errors="replace")[-1000:]


def test_a_root_without_virtiofs_is_a_failure():
    """The message says what to do, and the status is not 0."""
    done = subprocess.run([VESPER, "run", "--append", "initcall_blacklist=virtio_fs_init", "--", "true"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=BOOT_SECONDS + 60,
                          check=False, text=True, errors="replace")
    assert "the root cannot be mounted over virtio-fs" in done.stdout
    assert done.returncode == 1
