"""Reading and writing files whole: one sentence when it fails, nothing half-written."""

from __future__ import annotations

import gzip
import json
import os
import secrets
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from adaptest.errors import FileError

StrPath = str | os.PathLike[str]


def read_bytes(path: StrPath, *, error: type[FileError] = FileError) -> bytes:
    """Return a file's bytes, unpacked where its name ends in .gz.

    Raises
    ------
    FileError (or `error`), where it is missing, a directory, unreadable or a damaged gzip.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as problem:
        raise error(f"{path}: {why(problem)}") from None
    if not str(path).endswith(".gz"):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as problem:
        raise error(f"{path}: must be a whole gzip file; {str(problem).lower().rstrip('.')}") from None


def read_text(path: StrPath, *, error: type[FileError] = FileError) -> str:
    """Return a UTF-8 file's text without a byte-order mark; newlines stay as they are.

    Raises
    ------
    FileError (or `error`), as `read_bytes`, and where a byte is not UTF-8.
    """
    data = read_bytes(path, error=error)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        byte = data[problem.start]
        raise error(f"{path}:{line}: must be UTF-8 text; got byte 0x{byte:02x}; save it as UTF-8") from None


def require_new(path: StrPath, *, force: bool = False) -> None:
    """Raise unless a file can be written here: before long work, not after it.

    Raises
    ------
    FileError, where it is a folder, a file that is not empty (unless `force`), or in a folder that is none.
    """
    path = Path(path)
    if path.is_dir():
        raise FileError(f"{path}: must be a file to write to; got a directory")
    if not path.parent.is_dir():
        raise FileError(f"{path}: must be in a folder that is there; '{path.parent}' is not")
    if path.is_file() and path.stat().st_size and not force:
        raise FileError(f"{path}: must not exist or be empty; give another name, or --force to replace it")


def write_bytes(path: StrPath, data: bytes) -> None:
    """Write a file whole: a temporary name beside it, fsync of file and folder, rename.

    A device or pipe (/dev/stdout) is written to; a file of its name would take its place otherwise.

    Raises
    ------
    FileError, where it cannot be written; what stood at `path` before is untouched then.
    """
    path = Path(path)
    if path.is_dir():
        raise FileError(f"{path}: must be a file to write to; got a directory")
    if path.exists() and not path.is_file():
        _write_through(path, data)
        return
    temporary = _beside(path)
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as problem:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise FileError(f"{path}: cannot be written; {why(problem)}") from None
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: StrPath, text: str) -> None:
    """Write UTF-8 text whole, newlines as they are; see `write_bytes`."""
    write_bytes(path, text.encode("utf-8"))


@contextmanager
def new_folder(path: StrPath, *, force: bool = False) -> Iterator[Path]:
    """Give a temporary folder that becomes `path` when the block ends well, and is gone when it does not.

    Raises
    ------
    FileError, where `path` is a file, is a folder that is not empty (unless `force`), or cannot be made.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise FileError(f"{path}: must be a folder to write to; got a file")
    if path.is_dir() and not force and any(path.iterdir()):
        raise FileError(f"{path}: must not exist or be empty; give another folder, or --force to replace it")
    temporary = _beside(path)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        for file in temporary.rglob("*"):
            if file.is_file():
                _sync_file(file)
        _put_in_place(temporary, path)
    except OSError as problem:
        raise FileError(f"{path}: cannot be written; {why(problem)}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def canonical_json(value: Any) -> str:
    """Return the one spelling of a JSON value: sorted keys, no spaces, ASCII, no nan."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def readable_json(value: Any) -> str:
    """Return JSON for people and diffs: sorted keys, two spaces, UTF-8, a last newline, no nan."""
    return json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def why(problem: OSError) -> str:
    """Return what the system said, as the end of a sentence."""
    match problem:
        case FileNotFoundError():
            return "no such file"
        case IsADirectoryError():
            return "must be a file; got a directory"
        case PermissionError():
            return "permission denied"
    return (problem.strerror or str(problem) or type(problem).__name__).lower()


def _write_through(path: Path, data: bytes) -> None:
    try:
        with path.open("wb") as device:
            device.write(data)
    except OSError as problem:
        raise FileError(f"{path}: cannot be written; {why(problem)}") from None


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")


def _put_in_place(temporary: Path, path: Path) -> None:
    """Rename a folder over another: the old one stays until the new one stands."""
    if path.is_dir() and any(path.iterdir()):
        old = _beside(path)
        path.replace(old)
        try:
            temporary.replace(path)
        except BaseException:
            old.replace(path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    else:
        temporary.replace(path)
    _sync_folder(path.parent)


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Make a rename last; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
