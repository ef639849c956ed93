"""What comes with the package: the shipped bank, its calibration and a workspace's adaptest.toml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adaptest.errors import FileError

FOLDERS = ("itembank", "calibration")
MARK = "adaptest.toml"
STUDIES = "calibration/studies/"  # scripts of our own studies: no part of anybody's workspace


def shipped() -> Path:
    """Return the folder that holds what is shipped: inside the installed package, else the checkout's root.

    Raises
    ------
    FileError, where neither holds it.
    """
    package = Path(__file__).parents[1]
    for folder in (package / "shipped", package.parents[1]):
        if (folder / MARK).is_file() and (folder / FOLDERS[0]).is_dir():
            return folder
    raise FileError(f"{package}: must hold the shipped item bank; got none; install adaptest again")


def shipped_files(folder: Path) -> Iterator[str]:
    """Yield the shipped files by their path in a workspace, sorted; hidden files are not shipped."""
    names = [MARK]
    for top in FOLDERS:
        names += (path.relative_to(folder).as_posix() for path in (folder / top).rglob("*") if path.is_file())
    yield from sorted(
        name
        for name in names
        if not name.startswith(STUDIES) and not any(part.startswith(".") for part in name.split("/"))
    )
