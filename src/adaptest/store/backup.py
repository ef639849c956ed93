"""A copy that was read before it counts, and the way back."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adaptest.errors import FileError, StoreError
from adaptest.files import why
from adaptest.store.database import COMPANIONS, Database, connect, copy_to, fold, replace, single_file
from adaptest.store.opening import NEWEST, migrate, revision_of
from adaptest.store.verify import Verification, verify


def backup(database: Database, target: Path, *, force: bool = False) -> Verification:
    """Write a verified copy of the database to `target`, while sittings go on, and return what was checked.

    Raises
    ------
    FileError, where `target` exists (unless `force`) or cannot be written.
    StoreError, where the copy does not verify.
    """
    if target.is_dir() or (target.exists() and not force):
        raise FileError(f"{target}: must not exist; give another file, or --force to replace it")
    with _temporary(target) as copy:
        copy_to(database, copy)
        checked = _checked(copy, f"the copy of '{database.name}'")
        replace(target, copy)
    return checked


def restore(source: Path, path: Path, *, force: bool = False) -> Verification:
    """Put a verified copy of the backup `source` in the place of the database, and return what was checked.

    An older backup is migrated on the way. The database that stood there is
    kept beside the new one, with `.replaced` after its name.

    Raises
    ------
    StoreError, where the backup does not verify, is of a newer program, or the database exists (unless
    `force`) or is in use.
    """
    if path.exists() and not force:
        raise StoreError(f"database '{path}': exists; add --force to replace it (a copy of it is kept)")
    if not source.is_file():
        raise FileError(f"{source}: no such file")
    with _temporary(path) as copy:
        shutil.copyfile(source, copy)
        checked = _checked(copy, f"backup '{source}'")
        if path.exists():
            fold(path)
            kept = path.with_name(path.name + ".replaced")
            for end in ("", *COMPANIONS):
                old = path.with_name(path.name + end)
                if old.exists():
                    shutil.copyfile(old, kept.with_name(kept.name + end))
        replace(path, copy)
    return checked


def _checked(copy: Path, name: str) -> Verification:
    """Return what verifying a copy found; raise StoreError where that is a problem."""
    database = connect(copy)
    try:
        with database.read() as connection:
            revision = revision_of(connection, str(copy))
        if revision is None:
            raise StoreError(f"{name}: must be a database of adaptest; got one without tables")
        if revision != NEWEST:
            migrate(database)
        checked = verify(database)
    finally:
        database.close()
    if checked.problems:
        more = f" (and {len(checked.problems) - 1} more problems)" if len(checked.problems) > 1 else ""
        raise StoreError(f"{name}: does not verify; {checked.problems[0]}{more}")
    single_file(copy)
    return checked


@contextmanager
def _temporary(target: Path) -> Iterator[Path]:
    """Give a name beside `target`; whatever is left under it at the end is removed."""
    path = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield path
    except OSError as problem:
        raise FileError(f"{target}: cannot be written; {why(problem)}") from None
    finally:
        for end in ("", *COMPANIONS):
            path.with_name(path.name + end).unlink(missing_ok=True)
