# SPDX-License-Identifier: MIT
"""A VM's console on a pseudo-terminal: typing, pasting, running shell lines, and cleaning up.

Every wait has a deadline; when it passes, the test fails and shows the console's tail.
"""

import errno
import fcntl
import io
import os
import re
import select
import signal
import time

import pexpect

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VESPER = os.environ.get("VESPER", os.path.join(ROOT, "build", "vesper"))

# Some ten times what it takes where nothing else runs.
BOOT_SECONDS = 180
COMMAND_SECONDS = 60
# BusyBox asks where the cursor is after each prompt; a terminal would answer.
PROMPT = r"# (\x1b\[6n)?$"


class Guest:
    """A program on a terminal, usually `vesper run`."""

    def __init__(self, *args, program=VESPER, boot=True):
        self.log = io.StringIO()
        self.failed = False
        self.child = pexpect.spawn(
            program,
            list(args),
            cwd=ROOT,
            encoding="utf-8",
            codec_errors="replace",
            dimensions=(24, 200),
            timeout=COMMAND_SECONDS,
        )
        self.child.logfile_read = self.log
        self.child.delaybeforesend = None
        if boot:
            try:
                self.wait_for_shell()
            except BaseException:
                self.close()
                raise

    def tail(self):
        return plain(self.log.getvalue())[-3000:]

    def fail(self, what):
        self.failed = True
        raise AssertionError("%s; the console's tail:\n%s" % (what, self.tail()))

    def expect(self, pattern, seconds=COMMAND_SECONDS):
        """Waits for a regular expression; returns the match."""
        found = self.child.expect([pattern, pexpect.TIMEOUT, pexpect.EOF], timeout=seconds)
        if found == 1:
            self.fail("no %r within %d s" % (pattern, seconds))
        if found == 2:
            self.fail("it ended before %r" % pattern)
        return self.child.match

    def wait_for_shell(self):
        self.expect(PROMPT, BOOT_SECONDS)

    def type(self, text):
        self.child.send(text)

    def run(self, line, seconds=COMMAND_SECONDS):
        """Runs one shell line; returns its status and its output."""
        # The quotes keep the echo of the line from looking like its output.
        self.type("echo BEG''IN; %s; echo EN''D $?\r" % line)
        match = self.expect(r"BEGIN\r+\n(?s:(.*?))END (\d+)\r+\n", seconds)
        self.expect(PROMPT)
        return int(match.group(2)), match.group(1).replace("\r", "")

    def output(self, line, seconds=COMMAND_SECONDS):
        """Runs one shell line that must succeed; returns its output."""
        status, text = self.run(line, seconds)
        assert status == 0, "`%s` ended with %d:\n%s" % (line, status, text)
        return text

    def paste(self, text, seconds=180):
        """Sends all of `text` as fast as it is taken, and reads what comes back meanwhile."""
        data = text.encode()
        fd = self.child.child_fd
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
        end = time.monotonic() + seconds
        fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        try:
            while data:
                if time.monotonic() > end:
                    self.fail("%d pasted bytes were not taken" % len(data))
                readable, writable, _ = select.select([fd], [fd], [], 1)
                if readable:
                    self.log.write(os.read(fd, 65536).decode(errors="replace"))
                if writable:
                    data = data[self._write_some(fd, data) :]
        finally:
            fcntl.fcntl(fd, fcntl.F_SETFL, flags)

    @staticmethod
    def _write_some(fd, data):
        try:
            return os.write(fd, data)
        except OSError as e:
            if e.errno != errno.EAGAIN:
                raise
            return 0

    def wait_end(self, seconds=COMMAND_SECONDS):
        """Waits for the program's end; returns its exit status."""
        if self.child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=seconds):
            self.fail("it did not end within %d s" % seconds)
        self.child.wait()
        if self.child.signalstatus is not None:
            self.fail("it was ended by signal %d" % self.child.signalstatus)
        return self.child.exitstatus

    def close(self):
        """Ends the program and whatever it started."""
        if self.child.isalive():
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.close(force=True)


def plain(text):
    """Console output without carriage returns and escape sequences."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.replace("\r", ""))
