"""What a candidate presses, one key at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import click


class Keys(Protocol):
    """Where key presses come from."""

    def press(self) -> str:
        """Return the next key, as upper case; raise KeyboardInterrupt or EOFError where the person leaves."""


class TerminalKeys:
    """Keys of the terminal, as they are pressed."""

    def press(self) -> str:
        """Return the next key."""
        key = click.getchar()
        if key in {"\x04", "\x1a"}:
            raise EOFError
        return key.upper()


def one_of(keys: Keys, letters: Sequence[str]) -> str:
    """Return the first key pressed that is one of the letters; others do nothing."""
    while (key := keys.press()) not in letters:
        pass
    return key


ENTER = ("\r", "\n")
