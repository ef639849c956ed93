"""Zip archives from strangers: no path out of them, no links, no bombs; and archives of equal bytes."""

from __future__ import annotations

import io
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from adaptest.errors import BankFileError

MOST_ENTRIES = 20_000
LARGEST_ENTRY = 64 * 2**20
LARGEST = 256 * 2**20  # bytes of all entries together
RATIO = 200  # of an entry's size to its packed size; XML packs to about 1 in 20
SMALL = 2**20  # below this no ratio is a bomb
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    IndexError,
    OverflowError,
    RuntimeError,  # encrypted
    NotImplementedError,  # packed in an unusual way
)


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """The entries of a zip archive whose names and sizes were checked."""

    where: str
    entries: Mapping[str, zipfile.ZipInfo]
    file: zipfile.ZipFile

    def read(self, name: str) -> bytes:
        """Return one entry.

        Raises
        ------
        BankFileError, where there is none of this name, or it is damaged.
        """
        if name not in self.entries:
            raise BankFileError(f"{self.where}: must hold the file {name!r}; it has no such entry")
        try:
            return self.file.read(self.entries[name])
        except DAMAGE as problem:
            raise BankFileError(
                f"{self.where}: {name}: must be a whole zip entry; {_said(problem)}"
            ) from None


def open_archive(data: bytes, where: str) -> Archive:
    """Return a zip archive.

    Raises
    ------
    BankFileError, where it is none, an entry leads out of it, is a link, is encrypted or stands twice, or
    it would unpack to too much.
    """
    try:
        file = zipfile.ZipFile(io.BytesIO(data))
        infos = file.infolist()
    except DAMAGE as problem:
        raise BankFileError(f"{where}: must be a zip archive; {_said(problem)}") from None
    if len(infos) > MOST_ENTRIES:
        raise BankFileError(f"{where}: must have at most {MOST_ENTRIES} entries; got {len(infos)}")
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        if rule := _broken(info):
            raise BankFileError(f"{where}: entry {info.filename[:80]!r} {rule}")
        if info.filename in entries:
            raise BankFileError(f"{where}: entry {info.filename[:80]!r} must stand once")
        entries[info.filename] = info
    if (total := sum(info.file_size for info in infos)) > LARGEST:
        raise BankFileError(f"{where}: must unpack to at most {LARGEST // 2**20} MiB; got {total // 2**20}")
    return Archive(where, entries, file)


def _broken(info: zipfile.ZipInfo) -> str:
    """Return which rule an entry breaks; "" if none."""
    name = info.filename
    if name.startswith(("/", "\\")) or "\\" in name or ":" in name or ".." in name.split("/") or "\0" in name:
        return "must be a path inside the archive"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "must be a file; got a link"
    if info.flag_bits & 1:
        return "must not be encrypted"
    if info.file_size > LARGEST_ENTRY:
        return f"must unpack to at most {LARGEST_ENTRY // 2**20} MiB; got {info.file_size // 2**20}"
    if info.file_size > SMALL and info.file_size > RATIO * max(info.compress_size, 1):
        return f"must not unpack to more than {RATIO} times its size"
    return ""


def _said(problem: BaseException) -> str:
    return (str(problem).splitlines() or [""])[0].strip().rstrip(".").lower() or type(problem).__name__


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive; the same files always give the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            file.writestr(info, data)
    return out.getvalue()
