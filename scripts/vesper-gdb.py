# SPDX-License-Identifier: MIT
"""Helps gdb with two worlds on one hart: `vesper world` and `vesper vm`.

Loaded by `vesper debug`. QEMU's gdb server shows the privilege level as $priv but
not the virtualisation mode, which `monitor info registers` has.
"""

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
    """The first VM's vCPU 0 in Vesper's memory; a gdb.error says why there is none."""
    gdb.lookup_type("struct vcpu")
    for expression in ("vm", "vm_current", "current_vm"):
        symbol = gdb.lookup_static_symbol(expression) or gdb.lookup_global_symbol(expression)
        if not symbol:
            continue
        value = symbol.value()
        if value.type.strip_typedefs().code == gdb.TYPE_CODE_PTR:
            if not int(value):
                raise gdb.error("the VM has not been created yet")
            value = value.dereference()
        vcpu = value["vcpu"]
        return vcpu[0] if vcpu.type.code == gdb.TYPE_CODE_ARRAY else vcpu
    raise gdb.error("vesper.elf has no VM that is known here")


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
        vcpu = self.saved(quiet=bool(v))
        self.csrs()
        if vcpu is not None:
            self.last_exit(vcpu)

    def saved(self, quiet):
        try:
            vcpu = find_vcpu()
            if not quiet:
                print("saved at the exit (live ones may still be in the hart):")
                print_registers([int(vcpu["regs"][i]) & (1 << 64) - 1 for i in range(32)])
            return vcpu
        except gdb.error as why:
            print("no saved registers: %s" % why)
            return None

    def csrs(self):
        parts = []
        for name in VS_CSRS:
            value = gdb.parse_and_eval("$" + name)
            if value.type.code != gdb.TYPE_CODE_VOID:
                parts.append("%s %x" % (name, int(value) & (1 << 64) - 1))
        print("  " + "  ".join(parts))

    def last_exit(self, vcpu):
        try:
            info = vcpu["last_exit"]
        except gdb.error:
            print("this Vesper does not record the last exit")
            return
        scause = field(info, "scause")
        if not scause:
            print("no exit has been recorded yet")
            return
        print("last exit: %s" % cause_text(scause))
        for name in ("scause", "sepc", "stval", "htval", "htinst"):
            value = field(info, name)
            if value is None:
                continue
            more = " (guest-physical %#x)" % (value << 2) if name == "htval" and value else ""
            print("  %-6s %016x%s" % (name, value, more))


Vesper()
World()
Vm()
