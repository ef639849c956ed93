"""One process a sitting: a lock of the kernel on a file, freed when its holder ends, however it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adaptest.errors import SittingError, StoreError
from adaptest.files import why


@contextmanager
def sole_use(folder: Path, sitting: str) -> Iterator[None]:
    """Hold a sitting's lock while the block runs.

    Raises
    ------
    SittingError, where another holder (a process, or this one twice) has it.
    """
    descriptor = acquire(folder, sitting)
    try:
        yield
    finally:
        release(folder, sitting, descriptor)


def acquire(folder: Path, sitting: str) -> int:
    """Return the descriptor that holds a sitting's lock; see `sole_use`."""
    path = folder / f"{sitting}.lock"
    try:
        folder.mkdir(exist_ok=True)
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
            if not _lock(descriptor):
                os.close(descriptor)
                raise SittingError(
                    f"sitting {sitting!r}: another process is running it; go on there, or end that one first"
                )
            if _same_file(descriptor, path):
                return descriptor
            os.close(descriptor)  # its holder removed the file between our open and our lock: once more
    except OSError as problem:
        raise StoreError(f"'{path}': a lock cannot be made here; {why(problem)}") from None


def release(folder: Path, sitting: str, descriptor: int) -> None:
    """Give a lock back and remove its file."""
    path = folder / f"{sitting}.lock"
    if sys.platform != "win32":  # there, an open file cannot be removed: it stays, unlocked
        path.unlink(missing_ok=True)
    os.close(descriptor)


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    ours = os.fstat(descriptor)
    return (there.st_ino, there.st_dev) == (ours.st_ino, ours.st_dev)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> bool:
        """Lock the first byte without waiting; say whether it was free."""
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(descriptor: int) -> bool:
        """Lock the whole file without waiting; say whether it was free."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
