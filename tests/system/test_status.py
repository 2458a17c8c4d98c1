# SPDX-License-Identifier: MIT
"""The status of a program in a VM is the status of the command, as of any local one."""

import subprocess

from guest import BOOT_SECONDS, VESPER


def test_status_of_the_program():
    """The largest that there is; test_run.py has 0 and another."""
    done = subprocess.run([VESPER, "run", "--", "sh", "-c", "exit 255"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, timeout=BOOT_SECONDS + 60, check=False)
    assert done.returncode == 255, done.stdout.decode(errors="replace")[-1000:]


def test_a_root_without_virtiofs_is_a_failure():
    """The message says what to do, and the status is not 0."""
    done = subprocess.run([VESPER, "run", "--transport", "mmio", "--append", "initcall_blacklist=virtio_fs_init", "--", "true"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=BOOT_SECONDS + 60,
                          check=False, text=True, errors="replace")
    assert "the root cannot be mounted over virtio-fs" in done.stdout
    assert done.returncode == 1
