# SPDX-License-Identifier: MIT
"""`vesper run` as a command: its status, its output, the terminal it leaves, a reboot in the guest."""

import re
import subprocess

from guest import BOOT_SECONDS, PROMPT, ROOT, VESPER, plain


def test_exit_restores_the_terminal(start):
    script = 'stty -g; "$1" run; echo status=$?; stty -g'
    shell = start("-c", script, "sh", VESPER, program="/bin/sh", boot=False)
    shell.expect(PROMPT, BOOT_SECONDS)
    shell.type("exit\r")
    shell.expect(r"status=0\r*\n")
    assert shell.wait_end() == 0
    settings = re.findall(r"^[0-9a-f]+(?::[0-9a-f]+)+$", plain(shell.log.getvalue()), re.M)
    assert len(settings) == 2
    assert settings[0] == settings[1]


def test_run_one_command(start):
    vm = start("run", "--", "echo", "hello", "world", boot=False)
    assert vm.wait_end(BOOT_SECONDS) == 0
    assert "\nhello world\n" in plain("\n" + vm.log.getvalue())


def test_reboot_restarts_the_vm(start):
    """RAM is fresh; what was written to the root stays until the machine is off."""
    vm = start("run")
    vm.output("echo kept > /file; echo lost > /dev/shm/file; sync; sleep 10")
    before = float(vm.output("cat /proc/uptime").split()[0])
    vm.type("reboot -f\r")
    vm.expect(PROMPT, BOOT_SECONDS)
    assert float(vm.output("cat /proc/uptime").split()[0]) < before
    assert vm.run("ls /dev/shm/file")[0] != 0
    assert vm.output("cat /file") == "kept\n"
    vm.type("exit\r")
    assert vm.wait_end() == 0


def test_append_reaches_the_kernel(start):
    vm = start("run", "--append", "vesper.test=1 quiet", "--memory", "320")
    assert "vesper.test=1" in vm.output("cat /proc/cmdline")
    kib = int(re.search(r"MemTotal: +(\d+) kB", vm.output("cat /proc/meminfo")).group(1))
    assert 200 * 1024 < kib < 320 * 1024


def test_help_is_worth_reading():
    text = subprocess.run([VESPER, "run", "--help"], cwd=ROOT, check=True, timeout=10,
                          stdout=subprocess.PIPE, text=True).stdout
    for option in ("--memory", "--kernel", "--append", "--image", "--cpu"):
        assert option in text


def test_unknown_option_is_one_line():
    done = subprocess.run([VESPER, "run", "--no-such-option"], cwd=ROOT, timeout=10,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode != 0
    assert "--no-such-option" in done.stderr
