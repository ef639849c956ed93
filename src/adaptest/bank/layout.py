"""Laying out a workspace with the shipped bank, and bringing one up to date without touching local edits.

Three states decide about a file: as it was laid out (`.adaptest-shipped.json` keeps its SHA-256), as it
stands in the workspace, and as it is shipped now.

add         shipped now, never laid out, not in the workspace
update      changed by us, not by you
remove      shipped no longer, not changed by you
keep        changed by you as well as by us, or yours under a name that we ship now: needs a person
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from adaptest.bank.problems import json_mapping
from adaptest.bank.shipped import MARK, shipped, shipped_files
from adaptest.errors import FileError, WorkspaceError
from adaptest.files import new_folder, read_bytes, readable_json, why, write_bytes, write_text

MANIFEST = ".adaptest-shipped.json"
FORMAT = "adaptest-shipped/1"

Action = Literal["add", "update", "remove", "keep"]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done about one file, by its path in the workspace."""

    action: Action
    path: str
    reason: str


def lay_out(folder: Path, version: str) -> tuple[str, ...]:
    """Make a workspace in a new or empty folder and return the paths of its files.

    Raises
    ------
    FileError, where the folder is not empty or cannot be written; nothing is left behind then.
    WorkspaceError, where it is a workspace already.
    """
    if (folder / MARK).exists():
        raise WorkspaceError(
            f"folder '{folder}': must not be a workspace yet; bring it up to date with"
            f" adaptest init {folder} --update"
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise WorkspaceError(f"folder '{folder}': must not exist or be empty; name a new folder")
    source = shipped()
    names = tuple(shipped_files(source))
    with new_folder(folder) as new:
        for name in names:
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            (new / name).write_bytes(read_bytes(source / name))
        write_text(new / MANIFEST, _manifest({name: _sha256(new / name) for name in names}, version))
    return names


def changes(folder: Path) -> tuple[Change, ...]:
    """Return what an update would do to a workspace.

    Raises
    ------
    WorkspaceError, where the folder was not laid out by `lay_out`.
    """
    laid = _laid_out(folder)
    source = shipped()
    new = {name: _sha256(source / name) for name in shipped_files(source)}
    found = (_change(name, laid.get(name), _here(folder / name), new.get(name)) for name in {*laid, *new})
    return tuple(sorted((change for change in found if change), key=lambda change: change.path))


def apply(folder: Path, planned: tuple[Change, ...], version: str) -> None:
    """Do what was planned; what is kept stays as it is. A killed update is finished by the next one.

    Raises
    ------
    FileError, where a file cannot be written or removed.
    """
    source = shipped()
    for change in planned:
        path = folder / change.path
        try:
            if change.action in ("add", "update"):
                path.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(path, read_bytes(source / change.path))
            elif change.action == "remove":
                path.unlink(missing_ok=True)
        except OSError as problem:
            raise FileError(f"{path}: cannot be changed; {why(problem)}") from None
    kept = {change.path for change in planned if change.action == "keep"}
    laid = _laid_out(folder)
    now = {name: _sha256(source / name) for name in shipped_files(source) if name not in kept}
    now.update((name, laid[name]) for name in kept if name in laid)
    write_text(folder / MANIFEST, _manifest(now, version))


def _change(name: str, laid: str | None, here: str | None, new: str | None) -> Change | None:
    """Return what is to be done about one file, given its three hashes; None where nothing is."""
    if new in {here, laid}:
        return None  # the same, or unchanged by us: then what stands in the workspace is yours
    if laid is None and here is None:
        return Change("add", name, "new")
    if laid is None:
        return Change("keep", name, "yours, under a name that is shipped now")
    news = "no longer shipped" if new is None else "shipped anew"
    if here == laid:
        return Change("remove" if new is None else "update", name, news)
    yours = "you removed it" if here is None else "you changed it"
    return Change("keep", name, f"{news}; {yours}") if here or new else None


def _laid_out(folder: Path) -> Mapping[str, str]:
    """Return the SHA-256 of each file as it was laid out."""
    path = folder / MANIFEST
    if not path.is_file():
        raise WorkspaceError(
            f"folder '{folder}': must be a workspace that adaptest init laid out; it has no {MANIFEST}"
        )
    manifest = json_mapping(read_bytes(path), str(path))
    files = manifest.get("files")
    if manifest.get("format") != FORMAT or not isinstance(files, dict):
        raise WorkspaceError(
            f"{path}: format must be {FORMAT}; got {manifest.get('format')!r}; use the adaptest that wrote it"
        )
    return files


def _manifest(files: Mapping[str, str], version: str) -> str:
    return readable_json({"format": FORMAT, "version": version, "files": dict(files)})


def _sha256(path: Path) -> str:
    return hashlib.sha256(read_bytes(path)).hexdigest()


def _here(path: Path) -> str | None:
    return _sha256(path) if path.is_file() else None
