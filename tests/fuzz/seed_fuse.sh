#!/bin/sh
# SPDX-License-Identifier: MIT
# seed_fuse.sh OUT: request sequences for fuzz_fuse that get past the first checks.
set -eu

mkdir -p "$1"
python3 - "$1" <<'END'
import random, struct, sys

ARG = {1: 0, 3: 16, 4: 88, 5: 0, 6: 0, 8: 16, 9: 8, 10: 0, 11: 0, 12: 8, 13: 8, 14: 8, 15: 40, 16: 40,
       17: 0, 18: 24, 20: 16, 21: 8, 22: 8, 23: 8, 24: 0, 25: 24, 27: 8, 28: 40, 29: 24, 34: 8, 35: 16,
       43: 32, 44: 40, 45: 16, 46: 24, 2: 8, 42: 8}
NAMES = {1: 1, 6: 2, 8: 1, 9: 1, 10: 1, 11: 1, 12: 2, 13: 1, 21: 1, 22: 1, 24: 1, 35: 1, 45: 2}
FH = {15, 16, 18, 20, 25, 28, 29, 43, 44, 46}
ID = {12, 13, 45}
rng = random.Random(1)


def args(op):
    arg = bytearray(ARG[op])
    if op in (15, 28, 44):
        struct.pack_into("<QQI", arg, 0, 0, rng.choice([0, 2, 4096, 1 << 62]), rng.choice([512, 4096, 40000]))
    elif op == 16:
        struct.pack_into("<QQI", arg, 0, 0, rng.choice([0, 5, 4096, 300000, 1 << 33]), 2000)
    elif op == 43:
        struct.pack_into("<QQQI", arg, 0, 0, rng.choice([0, 100, 8192]), rng.choice([1, 5000, 99999]), rng.choice([0, 1, 3, 16]))
    elif op in (14, 35):
        struct.pack_into("<I", arg, 0, rng.choice([0, 1, 2, 0o1002]))
    elif op in (8, 9):
        struct.pack_into("<I", arg, 0, rng.choice([0o100644, 0o755, 0o020600]))
    elif op == 4:
        struct.pack_into("<IIQQ", arg, 0, rng.choice([1, 8, 6, 0xfff]), 0, 0, rng.choice([0, 777, 10000, 1 << 30]))
    elif op == 46:
        struct.pack_into("<QQI", arg, 0, 0, rng.choice([0, 5000]), rng.choice([3, 4]))
    elif op == 21:
        struct.pack_into("<II", arg, 0, rng.choice([0, 20]), 0)
    elif op in (22, 23):
        struct.pack_into("<I", arg, 0, rng.choice([0, 64]))
    elif op == 45:
        struct.pack_into("<QI", arg, 0, 0, rng.choice([0, 1, 2]))
    return bytes(arg)


for n in range(60):
    data = bytearray()
    for _ in range(rng.choice([5, 40, 150])):
        op = rng.choice(list(ARG))
        patch = (1 if op in FH | ID else 0) | (2 if op in FH else 0) | NAMES.get(op, 0) << 2
        patch |= rng.choice([0, 32]) | (16 if op in (16, 21) else 0)
        data += bytes([op, patch, rng.randrange(256), ARG[op]]) + args(op)
        data += bytes(rng.randrange(16) for _ in range(NAMES.get(op, 0)))
        if patch & 16:
            data.append(64)
        data.append(rng.choice([1, 16, 255]))
    open(f"{sys.argv[1]}/seq{n}", "wb").write(data)
END
