# SPDX-License-Identifier: MIT
"""`vesper run` as a command: its status, its output, its piped input, the terminal it leaves, a reboot."""

import hashlib
import re
import signal
import subprocess
import time

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


def fed(data, *args):
    """Runs `vesper run` with `data` as its standard input; returns its status and its lines."""
    done = subprocess.run([VESPER, "run", *args], cwd=ROOT, input=data, timeout=BOOT_SECONDS,
                          stdout=subprocess.PIPE, text=True, errors="replace")
    return done.returncode, plain(done.stdout).split("\n")


def test_piped_commands():
    status, lines = fed("echo one\necho two\n")
    assert status == 0
    assert lines.count("one") == 1
    assert lines.count("two") == 1
    assert any(line.startswith("vesper: starting") for line in lines)


def test_no_input():
    status, lines = fed("", "--", "echo", "hello")
    assert status == 0
    assert lines.count("hello") == 1


def test_program_that_only_reads():
    """It is silent until its input ends, so nothing but the VM's own start lets the input in."""
    status, lines = fed("three\nlines\nhere\n", "--", "sh", "-c", "wc -c; exit 7")
    assert status == 7
    assert lines.count("17") == 1


def test_much_input():
    """More than the pipes and the VM's buffers hold, so that everything has to wait for its turn."""
    data = "".join("%d\n" % i for i in range(16000))
    status, lines = fed(data, "--", "sh", "-c", "stty -echo; md5sum")
    assert status == 0
    want = hashlib.md5(data.encode()).hexdigest()
    # The echo may have stopped within a line.
    assert sum(want in line for line in lines) == 1


def test_output_that_nobody_reads():
    """As with `| head -1`: it ends as a program does that SIGPIPE ends, and does not say a word."""
    vm = subprocess.Popen([VESPER, "run", "--verbose"], cwd=ROOT, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        vm.stdout.readline()
        vm.stdout.close()
        assert vm.wait(BOOT_SECONDS) == 128 + signal.SIGPIPE
        assert vm.stderr.read() == b""
    finally:
        vm.kill()
        vm.stdin.close()
        vm.stderr.close()
        vm.wait()


def test_signal_ends_a_fed_machine():
    vm = subprocess.Popen([VESPER, "run"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    try:
        while not vm.stdout.readline().startswith(b"vesper: starting"):
            pass
        vm.terminate()
        vm.stdout.read()
        assert vm.wait(BOOT_SECONDS) == 128 + signal.SIGTERM
    finally:
        vm.kill()
        vm.stdin.close()
        vm.stdout.close()
        vm.wait()


def test_typing_while_it_boots(start):
    vm = start("run", boot=False)
    vm.expect("vesper: starting", BOOT_SECONDS)
    vm.type("echo ear''ly; exit\r")
    assert vm.wait_end(BOOT_SECONDS) == 0
    assert plain(vm.log.getvalue()).split("\n").count("early") == 1


def test_reboot_restarts_the_vm(start):
    """RAM is fresh; what was written to the root stays until the machine is off."""
    vm = start("run")
    vm.output("echo kept > /file; echo lost > /dev/shm/file; sync")
    started = time.monotonic()
    vm.type("reboot -f\r")
    vm.expect(PROMPT, BOOT_SECONDS)
    uptime = float(vm.output("cat /proc/uptime").split()[0])
    assert uptime < time.monotonic() - started
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
