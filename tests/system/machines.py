# SPDX-License-Identifier: MIT
"""The machines that the system tests run on: options of QEMU's -cpu, and of -M where it is not just `virt`."""

DEFAULT = "rv64,h=true"
NO_SSTC = "rv64,h=true,sstc=off"
NO_H = "rv64,h=false"
# SiFive P550 class: no Sstc, no V, Sv48.
P550 = (
    "rv64,h=on,v=off,sstc=off,svadu=off,svade=on,svpbmt=off,sscofpmf=on,sv57=off,sv48=on"
)

BOOTING = {"default": DEFAULT, "no-sstc": NO_SSTC, "p550": P550}

# SpacemiT K3 class: AIA with IMSIC guest files, RVA23 with V, Sv39 only.
K3 = "rva23s64,sv39=on,sv48=off,sv57=off,smaia=on,ssaia=on"
K3_MACHINE = "virt,aia=aplic-imsic,aia-guests=7"
# AIA too, but no guest files: each vCPU has a software IMSIC.
NO_GUEST_FILES_MACHINE = "virt,aia=aplic-imsic,aia-guests=0"
EVERYTHING = "max,zicfiss=on,zicfilp=on,ssdbltrp=on,smctr=on,ssctr=on,svadu=on"
EVERYTHING_MACHINE = "virt,aia=aplic-imsic,aia-guests=7,iommu-sys=on"

# For bundles.boot(): cpu and machine of all of them.
ALL = {
    "default": {"cpu": DEFAULT},
    "no-sstc": {"cpu": NO_SSTC},
    "p550": {"cpu": P550},
    "v": {"cpu": DEFAULT + ",v=true,vlen=256"},
    "k3": {"cpu": K3, "machine": K3_MACHINE},
    "no-guest-files": {"cpu": K3, "machine": NO_GUEST_FILES_MACHINE},
    "everything": {"cpu": EVERYTHING, "machine": EVERYTHING_MACHINE},
}
