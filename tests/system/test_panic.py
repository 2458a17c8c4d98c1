# SPDX-License-Identifier: MIT
"""A bug in Vesper, made by gdb, ends in registers, a backtrace and a failing status: never a hang."""

import re

import debugger

# Called by the handler of an exit, and calls others.
IN_A_HANDLER = ["break dm_mmio_read", "continue"]
IN_A_STORE = IN_A_HANDLER + ["set $pc=memset", "set $a1=0", "set $a2=64"]


def broken(directory, *commands):
    session = debugger.Session(directory, [*commands, "detach"])
    assert "Breakpoint 1, " in session.gdb, session.gdb
    return session


def register(session, name):
    return int(re.search(r"\b%s ([0-9a-f]{16})\b" % name, session.text()).group(1), 16)


def test_call_of_nothing(tmp_path, symbols):
    """A null function pointer: the caller is in ra only."""
    session = broken(tmp_path, *IN_A_HANDLER, "set $pc=0")
    names = debugger.check_panic(session, "trap in Vesper itself", symbols)
    assert register(session, "sepc") == 0
    assert "scause 12 " in session.text()
    assert "mmio_fault" in names[0], names


def test_store_to_nothing(tmp_path, symbols):
    """A null pointer; every register is shown as it was."""
    values = ["set $s%d=0x5eed%02x" % (i, i) for i in range(1, 12)]
    session = broken(tmp_path, *IN_A_STORE, *values, "set $a0=0")
    names = debugger.check_panic(session, "trap in Vesper itself", symbols)
    assert "memset" in names[0], names
    assert "mmio_fault" in names[1], names
    assert "scause 15 " in session.text()
    assert register(session, "stval") < 4096
    assert [n for n in range(1, 12) if "s%d 00000000005eed%02x" % (n, n) in session.text()] == list(
        range(1, 12)
    ), session.text()


def test_write_to_code(tmp_path, symbols):
    session = broken(tmp_path, *IN_A_STORE, "set $a0=(long)&mmio_fault")
    debugger.check_panic(session, "trap in Vesper itself", symbols)
    assert "scause 15 " in session.text()


def test_jump_into_data(tmp_path, symbols):
    session = broken(tmp_path, *IN_A_HANDLER, "set $pc=(long)&hart_pages")
    debugger.check_panic(session, "trap in Vesper itself", symbols)
    assert "scause 12 " in session.text()
    assert register(session, "sepc") == symbols["hart_pages"]


def test_assertion(tmp_path, symbols):
    """panic() itself, as the stack protector calls it."""
    session = broken(tmp_path, *IN_A_HANDLER, "set $pc=__stack_chk_fail")
    names = debugger.check_panic(session, "stack smashed", symbols)
    assert "panic" in names[0], names
    assert any("__stack_chk_fail" in place for place in names), names
    assert any("mmio_fault" in place for place in names), names


def test_stack_overflow(tmp_path, symbols):
    """The next push is into the guard page."""
    session = broken(tmp_path, *IN_A_HANDLER, "set $sp=(long)&stack_guard+4096")
    names = debugger.check_panic(session, "the stack overflowed", symbols)
    guard = symbols["stack_guard"]
    assert guard <= register(session, "stval") < guard + 4096
    assert guard <= register(session, "sp") < guard + 4096
    assert not {"trap_entry", "trap_from_hypervisor"} & set(names[0]), names


def test_report_is_broken_too(tmp_path):
    """What prints the report faults: it is said through the firmware, and the end is the same."""
    session = broken(tmp_path, *IN_A_HANDLER, "set var *(long *)&sink=8", "set $pc=0")
    assert session.status == 1, session.status
    assert len(re.findall(r"vesper: PANIC: and again .* sepc 8\b", session.text())) == 1


def test_power_off_is_broken_too(tmp_path):
    """Then it is the firmware that ends the machine; OpenSBI may drop the failing status."""
    session = broken(tmp_path, *IN_A_HANDLER, "set var test_finisher=8", "set $pc=0")
    assert session.text().count("vesper: PANIC: ") == 2, session.text()


def test_before_anything_is_set_up(tmp_path, symbols):
    """No translation, no driver, and no way to power off but the firmware's, as above."""
    session = broken(tmp_path, "break machine_parse", "continue", "set $pc=0")
    names = debugger.check_report(session, "trap in Vesper itself", symbols)
    assert "start" in names[0], names
