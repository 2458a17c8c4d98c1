# SPDX-License-Identifier: MIT
"""`vesper debug`: a debugger on both worlds."""

import re

from guest import plain

GDB_PROMPT = r"\(gdb\) "


def ask(gdb, command, seconds=60):
    """What gdb answers to one command."""
    gdb.type(command + "\r")
    match = gdb.expect(r"(?s)\r\n(.*?)" + GDB_PROMPT, seconds)
    return plain(match.group(1))


def test_debug_both_worlds(start):
    gdb = start("debug", boot=False)
    gdb.expect(GDB_PROMPT, 90)
    ask(gdb, "set pagination off")
    ask(gdb, "set confirm off")
    assert "reakpoint 1" in ask(gdb, "break sbi_call")
    assert re.search(r"sbi_call", ask(gdb, "continue", 120))
    assert re.search(r"HS|[Vv]esper", ask(gdb, "vesper world"))
    vm = ask(gdb, "vesper vm")
    assert re.search(r"sepc|pc", vm)
    assert re.search(r"scause|exit", vm)
    gdb.type("kill\r")
    gdb.expect(GDB_PROMPT)
    gdb.type("quit\r")
    gdb.wait_end()
