"""What a candidate presses, one key at a time; what is typed ahead is kept."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

ENTER = ("\r", "\n")
LEFT = ("\x04", "\x1a")  # Ctrl-D, and Ctrl-Z as Windows ends an input
TOO_LATE = ""  # no key: the time to wait was over
INTERRUPT = "\x03"
# an arrow or function key sends several characters, the last of which can be a letter
SEQUENCE = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?", re.DOTALL)


class Keys(Protocol):
    """Where key presses come from."""

    def press(self, wait_s: float | None = None) -> str:
        """Return the next key, as upper case; raise KeyboardInterrupt or EOFError where the person leaves.

        Parameters
        ----------
        wait_s : seconds after which TOO_LATE comes back where no key was pressed; None waits for ever
        """


def split(typed: str) -> list[str]:
    r"""Return the keys of what was typed: a letter each, an arrow or function key as one.

    >>> split("a\x1b[Ab")
    ['A', '\x1b[A', 'B']
    """
    keys: list[str] = []
    while typed:
        sequence = SEQUENCE.match(typed)
        key = sequence.group() if sequence else typed[0]
        keys.append(key if sequence else key.upper())
        typed = typed[len(key) :]
    return keys


def one_of(keys: Keys, letters: Sequence[str]) -> str:
    """Return the first key pressed that is one of the letters; others do nothing."""
    while (key := keys.press()) not in letters:
        pass
    return key


def _told(key: str) -> str:
    """Return a key, or raise what it stands for."""
    if key == INTERRUPT:
        raise KeyboardInterrupt
    if key in LEFT:
        raise EOFError
    return key


if sys.platform == "win32":
    import msvcrt

    TICK_S = 0.05

    class TerminalKeys:
        """Keys of the terminal, as they are pressed."""

        def press(self, wait_s: float | None = None) -> str:
            """Return the next key; see Keys."""
            end = None if wait_s is None else time.monotonic() + wait_s
            while end is not None and not msvcrt.kbhit():
                if time.monotonic() >= end:
                    return TOO_LATE
                time.sleep(TICK_S)
            key = msvcrt.getwch()
            if key in {"\x00", "\xe0"}:  # an arrow or function key: what follows says which
                return "\x1b" + msvcrt.getwch()
            return _told(key.upper())

    @contextmanager
    def terminal_keys() -> Iterator[Keys]:
        """Give the keys of the terminal."""
        yield TerminalKeys()

else:
    import select
    import termios
    import tty

    class TerminalKeys:
        """Keys of the terminal, as they are pressed.

        Parameters
        ----------
        descriptor : of the terminal
        """

        def __init__(self, descriptor: int) -> None:
            self._descriptor = descriptor
            self._waiting: list[str] = []

        def press(self, wait_s: float | None = None) -> str:
            """Return the next key; see Keys."""
            end = None if wait_s is None else time.monotonic() + wait_s
            while not self._waiting:
                left = None if end is None else max(end - time.monotonic(), 0.0)
                if not select.select([self._descriptor], [], [], left)[0]:
                    return TOO_LATE
                tty.setcbreak(self._descriptor, termios.TCSADRAIN)  # anew: a shell may have changed it
                if not (typed := os.read(self._descriptor, 1024)):
                    raise EOFError
                self._waiting = split(typed.decode("utf-8", "replace"))
            return _told(self._waiting.pop(0))

    @contextmanager
    def terminal_keys() -> Iterator[Keys]:
        """Give the keys of the terminal, unechoed; it is as it was at the end."""
        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
        tty.setcbreak(descriptor, termios.TCSADRAIN)
        try:
            yield TerminalKeys(descriptor)
        finally:
            termios.tcsetattr(descriptor, termios.TCSADRAIN, before)
