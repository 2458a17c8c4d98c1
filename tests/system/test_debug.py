# SPDX-License-Identifier: MIT
"""`vesper debug`: a debugger on both worlds."""

import re
import time

from guest import BOOT_SECONDS, plain

GDB_PROMPT = r"\(gdb\) "


def ask(gdb, command, seconds=60):
    """What gdb answers to one command."""
    gdb.type(command + "\r")
    match = gdb.expect(r"(?s)\r\n(.*?)" + GDB_PROMPT, seconds)
    return plain(match.group(1))


def test_debug_both_worlds(start):
    gdb = start("debug", boot=False)
    gdb.expect(GDB_PROMPT, BOOT_SECONDS)
    ask(gdb, "set pagination off")
    assert "Breakpoint 1" in ask(gdb, "break sbi_call")
    assert "sbi_call" in ask(gdb, "continue", BOOT_SECONDS)
    assert "HS-mode" in ask(gdb, "vesper world")
    assert re.search(r"vsepc.*hgatp", ask(gdb, "vesper vm"))

    # Without the breakpoint the guest's kernel boots; in its idle loop or on the way there it is the one that is met.
    ask(gdb, "delete")
    for _ in range(30):
        gdb.type("continue\r")
        time.sleep(2)
        gdb.type("\x03")
        gdb.expect(GDB_PROMPT)
        if re.search(r"V[SU]-mode", ask(gdb, "vesper world")):
            break
    else:
        gdb.fail("the guest was never met")
    vm = ask(gdb, "vesper vm")
    assert re.search(r"last exit that was no ecall: \S+", vm)
    assert re.search(r"scause +0*1[4567]", vm)
    gdb.type("kill\r")
    gdb.expect(GDB_PROMPT)
    gdb.type("quit\r")
    assert gdb.wait_end() == 0
