"""A terminal that types into a real program, as a person does."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

ESC, ENTER, DELETE = "\x1b", "\r", "\x04"
CTRL = {letter: chr(ord(letter) & 0x1F) for letter in "abcdefghijklmnopqrstuvwxyz"}

_QUIET = 0.15
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|.)")


class Terminal:
    """One program in a pseudo-terminal of 100 by 40. Leaving the context kills it."""

    def __init__(self, command: Sequence[str], *, home: Path) -> None:
        self._main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        self._seen = ""
        self._heard = time.monotonic()
        # setsid makes the pseudo-terminal the controlling one; forking here, beside threads, is not safe.
        self._process = subprocess.Popen(
            ["setsid", "--ctty", "--wait", *command],
            stdin=side,
            stdout=side,
            stderr=side,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm", "LANG": "C.UTF-8"},
        )
        os.close(side)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._main, 65536)
            except OSError:  # the program has ended
                return
            if not data:
                return
            self._seen += data.decode(errors="replace")
            self._heard = time.monotonic()

    @property
    def screen(self) -> str:
        """All that was shown so far, without escape sequences."""
        return _ESCAPES.sub("", self._seen)

    def ready(self, text: str = "", seconds: float = 10.0) -> None:
        """Wait until `text` was shown, and then until the program has nothing more to show."""
        ends = time.monotonic() + seconds
        while text not in self.screen or not self._seen or time.monotonic() < self._heard + _QUIET:
            assert time.monotonic() < ends, f"no {text!r} on the screen:\n{self.screen[-2000:]}"
            time.sleep(0.01)

    def type(self, *keys: str) -> None:
        """Press keys."""
        for key in keys:
            os.write(self._main, key.encode())

    def ended(self, seconds: float = 10.0) -> int:
        """Wait for the program's end and return its exit status."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it did not end:\n{self.screen[-2000:]}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._main)
        self._reader.join(2)
