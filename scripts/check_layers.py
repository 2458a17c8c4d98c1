#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks who includes whom (docs/architecture.md): check_layers.py [ROOT]

Every quoted include names a file by its path from the root, and a folder may include only
what RULES allows it. A folder without a rule is an error, so that a new one gets one.
Prints file:line and the rule broken; exits 1 where there is any.
"""

import os
import re
import sys

ANYTHING = [""]

# Folder -> path prefixes it may include, next to its own files.
RULES = {
    "include": ["lib/"],
    "lib": ["include/"],
    "boot": ANYTHING,
    "monitor": ANYTHING,
    "core": ["lib/", "include/", "irq/", "sbi/", "config/", "backends/", "drivers/"],
    "sbi": ["include/abi/", "include/status.h", "lib/"],
    "irq": ["include/", "lib/"],
    "devices": ["include/dm.h", "include/vm_spec.h", "include/status.h", "include/abi/", "lib/"],
    "backends": ["include/", "drivers/", "lib/"],
    "drivers": ["include/", "lib/"],
    "config": ["include/", "lib/"],
    "cli": ["include/", "lib/"],
    "guest": ["include/", "lib/"],
}

# Not part of the hypervisor, or nothing of ours.
UNCHECKED = {"tests", "bench", "build", "docs", "scripts"}

INCLUDE = re.compile(r'\s*#\s*include\s*"([^"]+)"')


def sources(root):
    """Paths from the root of all C and assembly files, in order."""
    for folder, folders, files in os.walk(root):
        at_root = os.path.samefile(folder, root)
        folders[:] = sorted(
            f for f in folders if not f.startswith(".") and not (at_root and f in UNCHECKED)
        )
        for name in sorted(files):
            if name.endswith((".c", ".h", ".S")):
                yield os.path.relpath(os.path.join(folder, name), root)


def broken_rule(root, source, target):
    """What is wrong with `source` including `target`; None: nothing."""
    layer = source.split("/")[0]
    if "/" not in source or layer not in RULES:
        return f"no rule for {source}: add its folder to scripts/check_layers.py"
    if os.path.normpath(target) != target or target.startswith(("/", "..")):
        return "an include is a plain path from the root"
    if not os.path.isfile(os.path.join(root, target)):
        return "no such file from the root"
    allowed = [layer + "/"] + RULES[layer]
    if not target.startswith(tuple(allowed)):
        return f"{layer} may include only " + ", ".join(allowed)
    return None


def check(root, source):
    """Prints what `source` breaks; returns how many."""
    broken = 0
    with open(os.path.join(root, source), encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            rule = match and broken_rule(root, source, match.group(1))
            if rule:
                print(f'{source}:{number}: "{match.group(1)}": {rule}')
                broken += 1
    return broken


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "."
    files = list(sources(root))
    if not files:
        sys.exit(f"check_layers: no sources under {root}")
    sys.exit(1 if sum(check(root, source) for source in files) else 0)


if __name__ == "__main__":
    main()
