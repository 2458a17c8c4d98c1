# SPDX-License-Identifier: MIT
"""The console is a good terminal: jobs, Ctrl-C, and a paste that loses nothing."""

import hashlib
import re

from guest import PROMPT


def test_echo_and_pipes(guest):
    assert guest.output("echo one two | tr a-z A-Z") == "ONE TWO\n"
    assert guest.output("seq 1 1000 | grep 7 | wc -l").strip() == "271"


def test_status_of_commands(guest):
    assert guest.run("false")[0] == 1
    assert guest.run("sh -c 'exit 42'")[0] == 42


def sleep(guest):
    """Starts a program that takes longer than any test waits, in the foreground."""
    guest.type("sh -c 'echo as''leep; exec sleep 1000'\r")
    guest.expect(r"asleep\r*\n")


def test_ctrl_c_interrupts(guest):
    sleep(guest)
    guest.type("\x03")
    guest.expect(PROMPT)
    assert guest.output("echo alive") == "alive\n"


def test_job_control(guest):
    sleep(guest)
    guest.type("\x1a")
    guest.expect("Stopped")
    guest.expect(PROMPT)
    assert "Stopped" in guest.output("jobs")
    guest.run("bg")
    assert "Running" in guest.output("jobs")
    guest.output("kill %1; wait; true")
    assert guest.output("jobs").strip() == ""


def test_editing_and_history(guest):
    guest.type("echo abd\x7fc\r")
    guest.expect(r"\nabc\r+\n")
    guest.expect(PROMPT)
    guest.type("\x1b[A\r")
    guest.expect(r"\nabc\r+\n")
    guest.expect(PROMPT)


def lines_of(size):
    """`size` characters in lines of 80, no two alike."""
    text = "".join("%06d %s\n" % (i, "abcdefghijklmnopqrstuvwxyz.,;/" * 2 + "0123456789ab") for i in range(200))
    return text[: size - 1] + "\n"


def test_paste_loses_nothing(guest):
    text = lines_of(10000)
    guest.type("echo REA''DY; cat > /pasted; echo PAS''TED\r")
    guest.expect("READY")
    guest.paste(text + "\x04")
    guest.expect("PASTED", 180)
    guest.expect(PROMPT)
    assert guest.output("wc -c < /pasted").strip() == "10000"
    want = hashlib.md5(text.encode()).hexdigest()
    assert guest.output("md5sum < /pasted").split()[0] == want


def test_paste_into_the_shell(guest):
    """A here-document goes through the shell's own line editor, character by character."""
    text = "\n".join(line[:78].strip() for line in lines_of(10000).split("\n")).strip() + "\n"
    guest.paste("cat > /doc <<'E'\n" + text + "E\necho PAS''TED\n")
    guest.expect("PASTED", 180)
    guest.expect(PROMPT)
    want = hashlib.md5(text.encode()).hexdigest()
    assert guest.output("md5sum < /doc").split()[0] == want


def test_much_output(guest):
    text = guest.output("seq 1 3000", 180)
    assert text == "".join("%d\n" % i for i in range(1, 3001))


def test_devices_are_there(guest):
    devices = guest.output("cat /proc/interrupts")
    assert re.search(r"PLIC.*virtio", devices)
    assert guest.output("wc -c < /dev/null").strip() == "0"
    assert guest.output("head -c 16 /dev/urandom | wc -c").strip() == "16"
