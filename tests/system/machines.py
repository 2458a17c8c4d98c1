# SPDX-License-Identifier: MIT
"""The machines that the system tests run on: options of QEMU's -cpu (-M virt everywhere)."""

DEFAULT = "rv64,h=true"
NO_SSTC = "rv64,h=true,sstc=off"
NO_H = "rv64,h=false"
# SiFive P550 class: no Sstc, no V, Sv48.
P550 = (
    "rv64,h=on,v=off,sstc=off,svadu=off,svade=on,svpbmt=off,sscofpmf=on,sv57=off,sv48=on"
)

BOOTING = {"default": DEFAULT, "no-sstc": NO_SSTC, "p550": P550}
