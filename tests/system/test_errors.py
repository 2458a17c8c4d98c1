# SPDX-License-Identifier: MIT
"""What is wrong is said in one line, and the machine is off with a failing status: never a hang."""

import os
import re
import subprocess

import bundles
from machines import DEFAULT, NO_H


def complaint(result, pattern):
    """The one line that Vesper said; it names what is wrong."""
    status, text = result
    assert status != 0, "QEMU ended with 0:\n%s" % text
    lines = [line for line in text.split("\n") if line.strip()]
    assert len(lines) == 1, "not one line:\n%s" % text
    assert re.match(r"vesper: .*(%s)" % pattern, lines[0], re.I), lines[0]
    return lines[0]


def test_no_h_extension(tmp_path):
    complaint(bundles.boot(NO_H, "-initrd", bundles.make(tmp_path)), r"\bH\b|hypervisor extension")


def test_no_bundle():
    complaint(bundles.boot(DEFAULT), r"bundle")


def damaged(tmp_path, change):
    path = bundles.make(tmp_path)
    with open(path, "rb") as f:
        data = f.read()
    with open(path, "wb") as f:
        f.write(change(data))
    return path


def test_truncated_bundle(tmp_path):
    path = damaged(tmp_path, lambda data: data[: len(data) // 2])
    complaint(bundles.boot(DEFAULT, "-initrd", path), r"bundle|FIT")


def test_header_cut_short(tmp_path):
    path = damaged(tmp_path, lambda data: data[:64])
    complaint(bundles.boot(DEFAULT, "-initrd", path), r"bundle|FIT")


def test_garbage_bundle(tmp_path):
    path = damaged(tmp_path, lambda data: bytes((7 * i + 3) & 255 for i in range(len(data))))
    complaint(bundles.boot(DEFAULT, "-initrd", path), r"bundle|FIT")


def test_damaged_tree(tmp_path):
    """The header is right and what follows is not."""
    path = damaged(tmp_path, lambda data: data[:56] + b"\xff" * 400 + data[456:])
    complaint(bundles.boot(DEFAULT, "-initrd", path), r"bundle|FIT")


def test_too_little_memory(tmp_path):
    """A guest larger than the machine."""
    config = bundles.GOOD_CONFIG.replace("<64>", "<2048>")
    path = bundles.make(tmp_path, config)
    complaint(bundles.boot(DEFAULT, "-initrd", path, memory="256M"), r"memory|RAM")


def test_unknown_property(tmp_path):
    config = bundles.GOOD_CONFIG.replace("cpus = <1>;", "cpus = <1>; colour = <3>;")
    line = complaint(bundles.boot(DEFAULT, "-initrd", bundles.make(tmp_path, config)), r"colour")
    assert "test" in line, "the node is not named: %s" % line


def test_unknown_node(tmp_path):
    config = bundles.GOOD_CONFIG.replace("vesper,console", "vesper,teapot")
    complaint(bundles.boot(DEFAULT, "-initrd", bundles.make(tmp_path, config)), r"teapot|console")


def test_missing_image(tmp_path):
    config = bundles.GOOD_CONFIG.replace('kernel = "kernel"', 'kernel = "absent"')
    complaint(bundles.boot(DEFAULT, "-initrd", bundles.make(tmp_path, config)), r"absent")


def test_image_is_small():
    assert os.path.getsize(bundles.IMAGE) < 300_000


def test_no_input_is_said(tmp_path):
    """A UART whose interrupt goes nowhere: the VM runs, without console input."""
    tree = os.path.join(tmp_path, "machine.dtb")
    subprocess.run([bundles.QEMU, "-M", "virt,dumpdtb=" + tree, "-cpu", DEFAULT, "-m", "512M"],
                   check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["fdtput", "-d", tree, "/soc/serial@10000000", "interrupts"], check=True)
    _, text = bundles.boot(DEFAULT, "-dtb", tree, "-initrd", bundles.payload("ecall"))
    assert "the console has no input" in text
    assert "PASS ecall" in text
