# SPDX-License-Identifier: MIT
"""Helps gdb with two worlds on one hart: `vesper world` and `vesper vm`.

Loaded by `vesper debug`. QEMU's gdb server shows the privilege level as $priv but
not the virtualisation mode, which `monitor info registers` has.
"""

import contextlib
import re

import gdb

WORLDS = {
    (0, 0): "U-mode of the host",
    (1, 0): "HS-mode: Vesper itself",
    (3, 0): "M-mode: the firmware",
    (0, 1): "VU-mode: a program of the guest",
    (1, 1): "VS-mode: the guest's kernel",
}

CAUSES = {
    0: "instruction address misaligned", 1: "instruction access fault", 2: "illegal instruction",
    3: "breakpoint", 4: "load address misaligned", 5: "load access fault",
    6: "store address misaligned", 7: "store access fault", 8: "ecall from VU-mode",
    9: "ecall from HS-mode", 10: "ecall from VS-mode", 12: "instruction page fault",
    13: "load page fault", 15: "store page fault", 20: "instruction guest-page fault",
    21: "load guest-page fault", 22: "virtual instruction", 23: "store guest-page fault",
}
INTERRUPTS = {1: "software interrupt", 5: "timer interrupt", 9: "external interrupt",
              2: "VS software interrupt", 6: "VS timer interrupt", 10: "VS external interrupt",
              12: "guest external interrupt"}

REGISTERS = ("zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 "
             "s11 t3 t4 t5 t6").split()
VS_CSRS = "vsstatus vsepc vscause vstval vstvec vsatp hgatp hvip".split()


def number(expression):
    return int(gdb.parse_and_eval(expression)) & (1 << 64) - 1


def virtualised():
    """The hart's V bit; None where the gdb server does not tell."""
    try:
        text = gdb.execute("monitor info registers", to_string=True)
    except gdb.error:
        return None
    found = re.search(r"^\s*V\s*=\s*(\d)", text, re.M)
    return int(found.group(1)) if found else None


def world():
    """(privilege, V) of the hart."""
    return number("$priv") & 3, virtualised()


def place(address):
    """` <function+offset>` where gdb knows one."""
    text = gdb.execute("info symbol 0x%x" % address, to_string=True)
    name = text.split(" in section", 1)[0]
    return "" if text.startswith("No symbol") else " <%s>" % name.replace(" + ", "+")


def cause_text(scause):
    code = scause & (1 << 63) - 1
    names = INTERRUPTS if scause >> 63 else CAUSES
    return names.get(code, "cause %d" % code)


def print_registers(values):
    for first in range(1, 32, 4):
        print("  " + "  ".join("%-4s %016x" % (REGISTERS[i], values[i])
                               for i in range(first, min(first + 4, 32))))


def find_vcpu():
    """The vCPU that is loaded on the selected hart; a gdb.error says why there is none.

    With vesper_memory(). QEMU's threads are the harts in the order of the device tree.
    """
    hart = gdb.parse_and_eval("hart_pages[%d]" % (gdb.selected_thread().num - 1))
    if not hart:
        raise gdb.error("the harts have not been started yet")
    vcpu = hart.dereference()["vcpu"]
    if not vcpu or not vcpu.dereference()["hart"]:
        raise gdb.error("this hart has none")
    return vcpu.dereference()


@contextlib.contextmanager
def vesper_memory():
    """While the guest runs, its address space is the hart's: read Vesper's memory by physical address.

    That is enough, since vCPUs and the pages of harts lie in memory that Vesper maps as it is.
    """
    gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
    try:
        yield
    finally:
        gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)


def field(value, name):
    """A field as a number; None where this Vesper has none of that name."""
    if name not in [f.name for f in value.type.strip_typedefs().fields()]:
        return None
    return int(value[name]) & (1 << 64) - 1


class Vesper(gdb.Command):
    """Commands for Vesper: `vesper world`, `vesper vm`."""

    def __init__(self):
        super().__init__("vesper", gdb.COMMAND_STATUS, prefix=True)


class World(gdb.Command):
    """vesper world: which world the hart is in."""

    def __init__(self):
        super().__init__("vesper world", gdb.COMMAND_STATUS)

    def invoke(self, _argument, _from_tty):
        privilege, v = world()
        pc = number("$pc")
        if v is None:
            print("privilege level %d; this gdb server does not tell the virtualisation mode" %
                  privilege)
        else:
            print(WORLDS.get((privilege, v), "privilege level %d, V=%d" % (privilege, v)))
        # Vesper's symbols mean nothing at a guest's addresses, unless --symbols gave more.
        print("pc %#x%s" % (pc, place(pc)))


class Vm(gdb.Command):
    """vesper vm: the VM's registers and what its last exit was."""

    def __init__(self):
        super().__init__("vesper vm", gdb.COMMAND_STATUS)

    def invoke(self, _argument, _from_tty):
        _privilege, v = world()
        if v:
            print("the guest is running; its registers are the hart's:")
            print_registers([0] + [number("$x%d" % i) for i in range(1, 32)])
            print("  pc   %016x%s" % (number("$pc"), place(number("$pc"))))
        print_csrs()
        try:
            with vesper_memory():
                vcpu = find_vcpu()
                print("vCPU %d" % vcpu["id"])
                if not v:
                    print("saved at the exit (an ecall leaves s0-s11, gp and tp in the hart):")
                    print_registers([int(vcpu["regs"][i]) & (1 << 64) - 1 for i in range(32)])
                print_last_exit(vcpu)
        except gdb.error as why:
            print("no vCPU to show: %s" % why)


def print_csrs():
    parts = []
    for name in VS_CSRS:
        value = gdb.parse_and_eval("$" + name)
        if value.type.code != gdb.TYPE_CODE_VOID:
            parts.append("%s %x" % (name, int(value) & (1 << 64) - 1))
    print("  " + "  ".join(parts))


def print_last_exit(vcpu):
    info = vcpu["last_exit"]
    scause = field(info, "scause")
    if not scause:
        print("no exit but ecalls so far")
        return
    print("last exit that was no ecall: %s" % cause_text(scause))
    for name in ("scause", "sepc", "stval", "htval", "htinst"):
        value = field(info, name)
        if value is None:
            continue
        more = " (guest-physical %#x)" % (value << 2) if name == "htval" and value else ""
        print("  %-6s %016x%s" % (name, value, more))


Vesper()
World()
Vm()
