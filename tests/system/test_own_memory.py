# SPDX-License-Identifier: MIT
"""Vesper's own page table, as QEMU walks it: W^X, and nothing where nothing belongs."""

import re

import pytest

import debugger

PAGE = 4096
# Before a guest runs, and in the first exit of one.
MOMENTS = {"start": ["break vm_start_at_boot"], "exit": ["break trap_other"]}


class Memory:
    """[(first address, first one after, rights)] as `info mem` lists them, and where the bundle is."""

    def __init__(self, directory, commands):
        said = debugger.Session(
            directory,
            [*commands, "continue", "monitor info mem",
             "printf \"bundle %#lx %#lx\\n\", machine.bundle.base, machine.bundle.size"],
        ).gdb
        assert "Breakpoint 1, " in said, said
        lines = re.findall(r"(?m)^([0-9a-f]{16}) [0-9a-f]{16} ([0-9a-f]{16}) ([a-z-]{7})$", said)
        self.maps = [(int(at, 16), int(at, 16) + int(size, 16), attributes[:4])
                     for at, size, attributes in lines]
        assert self.maps, said
        found = re.search(r"bundle (0x[0-9a-f]+) (0x[0-9a-f]+)", said)
        self.bundle = [int(number, 16) for number in found.groups()]

    def rights(self, first, end):
        """What the pages from `first` to `end` allow: a set of "rwxu" strings, "" for a page not mapped."""
        found = set()
        for page in range(first & -PAGE, end, PAGE):
            hit = [rights for at, after, rights in self.maps if at <= page < after]
            found.add(hit[0] if hit else "")
        return found


@pytest.fixture(scope="module", params=list(MOMENTS))
def memory(request, tmp_path_factory):
    return Memory(tmp_path_factory.mktemp("memory"), MOMENTS[request.param])


def test_never_writable_and_executable(memory):
    assert all(rights in ("rw--", "r---", "r-x-") for _, _, rights in memory.maps), memory.maps


def test_only_the_code_is_executable(memory, symbols):
    executable = [(at, end) for at, end, rights in memory.maps if "x" in rights]
    assert executable == [(symbols["image_start"], symbols["text_end"])]


def test_page_0_is_not_there(memory):
    assert memory.rights(0, PAGE) == {""}


def test_guard_page(memory, symbols):
    guard = symbols["stack_guard"]
    assert memory.rights(guard, guard + PAGE) == {""}
    assert memory.rights(guard - PAGE, guard) == {"rw--"}
    assert memory.rights(guard + PAGE, symbols["stack_top"]) == {"rw--"}


def test_sections(memory, symbols):
    assert memory.rights(symbols["image_start"], symbols["text_end"]) == {"r-x-"}
    assert memory.rights(symbols["text_end"], symbols["rodata_end"]) == {"r---"}
    assert memory.rights(symbols["rodata_end"], symbols["stack_guard"]) == {"rw--"}
    assert symbols["text_end"] < symbols["rodata_end"] < symbols["stack_guard"]


def test_bundle_is_readonly(memory):
    base, size = memory.bundle
    assert size > PAGE
    assert memory.rights(base, base + size) == {"r---"}
