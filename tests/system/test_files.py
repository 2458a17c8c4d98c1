# SPDX-License-Identifier: MIT
"""The file server: a tree of 5,000 files, names and links as POSIX has them, and a full arena."""

import os

from guest import PROMPT

HERE = os.path.dirname(os.path.abspath(__file__))


def put(guest, path, text):
    """Makes a text file in the guest by pasting it."""
    guest.type("stty -echo; echo REA''DY; cat > %s; stty echo; echo PU''T\r" % path)
    guest.expect("READY")
    guest.paste(text + "\x04")
    guest.expect("PUT")
    guest.expect(PROMPT)


def test_tree_of_5000_files(guest):
    with open(os.path.join(HERE, "tree.sh")) as f:
        put(guest, "/tree.sh", f.read())
    guest.output("mkdir /t")
    assert guest.output("sh /tree.sh /t 5000", 600).endswith("tree: ok\n")


def test_unlinked_open_file_lives(guest):
    guest.output("echo still here > /u; exec 3< /u; rm /u")
    assert guest.run("ls /u")[0] != 0
    assert guest.output("cat <&3") == "still here\n"
    guest.output("exec 3<&-")


def test_unlinked_open_file_is_writable(guest):
    guest.output("exec 4<> /v; rm /v; echo later >&4")
    assert guest.output("cat /proc/self/fd/4") == "later\n"
    guest.output("exec 4>&-")


def test_image_files_change_by_copy(guest):
    """A file of the image is written without losing what the image holds of it."""
    want = guest.output("cat /etc/passwd")
    guest.output("echo me::1:1::/:/bin/sh >> /etc/passwd; echo 3 > /proc/sys/vm/drop_caches")
    assert guest.output("cat /etc/passwd") == want + "me::1:1::/:/bin/sh\n"
    guest.output("mv /etc/passwd /etc/moved; echo 3 > /proc/sys/vm/drop_caches")
    assert guest.output("head -n 1 /etc/moved") == want.split("\n")[0] + "\n"
    guest.output("grep -v ^me: /etc/moved > /etc/passwd; rm /etc/moved")
    assert guest.output("cat /etc/passwd") == want


def test_names_and_modes(guest):
    guest.output("mkdir -p /n/a/b; echo x > /n/a/b/f; ln -s b/f /n/a/s; chmod 4750 /n/a/b/f")
    assert guest.output("stat -c %a /n/a/b/f").strip() == "4750"
    assert guest.output("readlink /n/a/s").strip() == "b/f"
    assert guest.output("cat /n/a/s") == "x\n"
    assert guest.run("rmdir /n/a")[0] != 0
    assert guest.run("mkdir /n/a")[0] != 0
    guest.output("mkfifo /n/p; mknod /n/null c 1 3; echo gone > /n/null")
    guest.output("touch -d '2001-02-03 04:05:06' /n/a/b/f; chown 12:34 /n/a/b/f")
    assert guest.output("stat -c '%u %g %Y' /n/a/b/f").strip() == "12 34 981173106"
    guest.output("touch \"/n/$(printf 'x%.0s' $(seq 255))\"")
    assert guest.run("touch \"/n/$(printf 'x%.0s' $(seq 256))\"")[0] != 0
    guest.output("rm -r /n")
    assert guest.run("ls -d /n")[0] != 0


def test_sparse_and_truncate(guest):
    guest.output("printf abc > /s; truncate -s 1M /s; printf end >> /s")
    assert guest.output("wc -c < /s").strip() == str((1 << 20) + 3)
    assert guest.output("head -c 3 /s; tail -c 3 /s") == "abcend"
    guest.output("truncate -s 2 /s; truncate -s 4 /s")
    assert guest.output("od -An -tx1 /s").split() == ["61", "62", "00", "00"]
    guest.output("rm /s")


def test_full_arena_recovers(guest):
    """ENOSPC is an error like any other: what was written stays, and room comes back."""
    guest.output("seq 1 10000 > /kept; sync")
    want = guest.output("md5sum < /kept")
    status, text = guest.run("dd if=/dev/zero of=/full bs=1M; sync", 120)
    assert "No space left on device" in text, text
    guest.output("echo 3 > /proc/sys/vm/drop_caches")
    assert guest.output("md5sum < /kept") == want
    guest.output("rm /full; sync")
    guest.output("dd if=/dev/zero of=/again bs=1M count=4 && sync && rm /again")
    assert guest.output("md5sum < /kept") == want
    assert guest.output("echo alive") == "alive\n"
