# SPDX-License-Identifier: MIT
"""The machines that the system tests run on: options of QEMU's -cpu, and of -M where it is not just `virt`."""

DEFAULT = "rv64,h=true"
NO_SSTC = "rv64,h=true,sstc=off"
NO_H = "rv64,h=false"
# SiFive P550 class: no Sstc, no V, Sv48.
P550 = (
    "rv64,h=on,v=off,sstc=off,svadu=off,svade=on,svpbmt=off,sscofpmf=on,sv57=off,sv48=on"
)

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

# ---- what a Debian guest sees of the machines of `vesper run --machine` ----

# The extensions that its device tree has on each, in this order: what the host has and Vesper lets it use.
ISA_DEFAULT = """
    i m a f d c zic64b zicbom zicbop zicboz ziccamoa ziccif zicclsm ziccrse zicntr zicsr zifencei zihintntl zihintpause
    zmmul za64rs zaamo zalrsc zawrs zfa zca zcd zba zbb zbc zbs ssccptr sstc sstvala sstvecd ssu64xl svadu svvptc
"""
ISA_K3 = """
    i m a f d c b v zic64b zicbom zicbop zicboz ziccamoa ziccif zicclsm ziccrse zicntr zicond zicsr zifencei zihintntl
    zihintpause zimop zmmul za64rs zaamo zalrsc zawrs zfa zfhmin zca zcb zcd zcmop zba zbb zbs zkt zvbb zve32f zve32x
    zve64d zve64f zve64x zvfhmin zvkb zvkt ssaia ssccptr sscofpmf ssnpm sstc sstvala sstvecd ssu64xl supm svade svinval svnapot
    svpbmt
"""
# Zicfiss and Ssdbltrp are the firmware's to open, and OpenSBI 1.5 does not.
ISA_ALL = """
    i m a f d c b v zic64b zicbom zicbop zicboz ziccamoa ziccif zicclsm ziccrse zicfilp zicntr zicond zicsr zifencei
    zihintntl zihintpause zimop zmmul za64rs zaamo zabha zacas zalrsc zama16b zawrs zfa zfbfmin zfh zfhmin zca zcb zcd
    zcmop zba zbb zbc zbkb zbkc zbkx zbs zkn zknd zkne zknh zks zksed zksh zkt ztso zvbb zvbc zve32f zve32x zve64d
    zve64f zve64x zvfbfmin zvfbfwma zvfh zvfhmin zvkb zvkg zvkn zvknc zvkned zvkng zvknha zvknhb zvks zvksc zvksed
    zvksg zvksh zvkt ssaia ssccptr sscofpmf ssnpm sstc sstvala sstvecd ssu64xl supm svadu svinval svnapot svpbmt svvptc
"""


def isa(text, **changes):
    return [changes.get(name, name) for name in text.split() if changes.get(name) != ""]


GUEST_SEES = {
    "default": {"isa": isa(ISA_DEFAULT), "mmu": "sv57", "aia": False},
    "p550": {"isa": isa(ISA_DEFAULT, sstc="", svadu="svade"), "mmu": "sv48", "aia": False},
    "k3": {"isa": isa(ISA_K3), "mmu": "sv39", "aia": True},
    "all": {"isa": isa(ISA_ALL), "mmu": "sv57", "aia": True},
}

# Of these Linux says nothing in /proc/cpuinfo: promises about the machine, and sets whose members it names.
LINUX_OMITS = """
    b zic64b ziccamoa ziccif zicclsm zmmul za64rs zama16b zkn zks zvkn zvknc zvkng zvks zvksc zvksg ssccptr sstvala
    sstvecd ssu64xl supm
""".split()

# Machine, vCPUs, harts: each machine on one and two harts, each number of vCPUs on both, in as few boots as can be.
BOOTING = [
    ("default", 1, 1),
    ("default", 4, 2),
    ("p550", 4, 1),
    ("p550", 2, 2),
    ("k3", 2, 1),
    ("k3", 4, 2),
    ("all", 4, 1),
    ("all", 1, 2),
]
