# SPDX-License-Identifier: MIT
"""VMs with the devices of a test, Debian's kernel without an initramfs where the transport allows it."""

import os
import shutil
import subprocess

import vms
from guest import BOOT_SECONDS, Guest

VM = """
	%(name)s {
		compatible = "vesper,vm";
		memory-mib = <%(memory)d>;
		cpus = <%(cpus)d>;
		transport = "%(transport)s";
		kernel = "debian";
		%(initrd)s
		bootargs = "console=hvc0 %(root)s quiet loglevel=3 panic=-1 vesper.hostname=%(name)s %(arguments)s";
		%(more)s
		console { compatible = "vesper,console"; };
		%(init)s
		root { compatible = "vesper,fs"; tag = "root"; image = "%(image)s"; writable-mib = <64>; };
		%(devices)s
	};
"""
INIT = 'init { compatible = "vesper,fs"; tag = "vesper"; image = "debian-init"; writable-mib = <1>; };'


def debian(name, *devices, memory=256, cpus=1, transport="pci", image="debian-root", arguments="", more=""):
    """The node of a VM; virtio-mmio is a module of Debian's kernel, so there it boots from an initramfs."""
    pci = transport == "pci"
    return VM % {
        "name": name,
        "memory": memory,
        "cpus": cpus,
        "transport": transport,
        "image": image,
        "arguments": arguments,
        "more": more,
        "devices": "\n\t\t".join(devices),
        "initrd": "" if pci else 'initrd = "debian-initramfs";',
        "root": "root=vesper rootfstype=virtiofs" if pci else "",
        "init": INIT if pci else "",
    }


def device(kind, properties="", name=None):
    """device("disk", 'disk = "disk0";') is a node for debian()."""
    return '%s { compatible = "vesper,%s"; %s };' % (name or kind, kind, properties)


def network(name, properties=""):
    return '\n\t%s { compatible = "vesper,network"; %s };' % (name, properties)


def root(directory, **programs):
    """Makes an image: the default root, the programs of build/debian/extra and their libraries, and shell scripts."""
    tree, image = os.path.join(directory, "tree"), os.path.join(directory, "extra.erofs")
    default = os.path.join(vms.BUILD, "root.erofs")
    subprocess.run(["fsck.erofs", "--extract=%s" % tree, default], check=True, stdout=subprocess.DEVNULL)
    extra = os.path.join(vms.BUILD, "debian", "extra")
    subprocess.run(["cp", "-a", "--remove-destination", extra + "/.", tree], check=True)
    for name, text in programs.items():
        path = os.path.join(tree, "usr", "bin", name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o755)
    subprocess.run(["mkfs.erofs", "--all-root", "--quiet", image, tree], check=True, stderr=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return image


class Run(vms.Machine):
    """`vesper run` with the keys and the monitor of a Machine."""

    def __init__(self, *args, boot=True, **kwargs):
        Guest.__init__(self, "run", *args, boot=boot, **kwargs)


def boots(machine, *names):
    """Waits until each of the VMs gives its prompt; the last one is in front then."""
    machine.wait_for(names[0], 2 * BOOT_SECONDS)
    for number, name in enumerate(names[1:], 2):
        machine.front(number, name, 2 * BOOT_SECONDS)
