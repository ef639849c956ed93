"""One database: connections that keep what they commit. Everything that is SQLite's own is in this module.

PostgreSQL: the other modules use SQLAlchemy Core only; a URL opens such a
database, and its own tools back it up.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError

from adaptest.errors import StoreError
from adaptest.files import why

WAIT_S = 30.0  # for another process that is writing
AGAIN_S = 0.005  # between tries where SQLite itself does not wait
WRITES = "adaptest_writes"
FULL = 2  # PRAGMA synchronous: a commit returns after the log is on the disk
COMPANIONS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Database:
    """An open database.

    Parameters
    ----------
    name : how errors call it: a path, or a URL without its password
    engine : SQLAlchemy's
    file : where it is, if it is a SQLite file
    """

    name: str
    engine: Engine
    file: Path | None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection on one unchanging view of the data; writing through it is an error."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection that holds the right to write; committed at the end, undone on an error."""
        with self.engine.connect() as connection:
            writing = connection.execution_options(**{WRITES: True})
            with writing.begin():
                yield writing

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def connect(location: Path | str, *, create: bool = False) -> Database:
    """Return a database at a path (SQLite) or a URL, whatever revision it is of.

    Raises
    ------
    StoreError, where it is not there (unless `create`), not a database, or does not keep what it commits.
    """
    if isinstance(location, str) and "://" in location:
        return _elsewhere(location)
    path = Path(location)
    if not create and not path.is_file():
        raise StoreError(f"database '{path}': is not there; taking an exam makes it")
    # creator: a path needs no quoting for SQLAlchemy; QueuePool: connections stay open between transactions
    engine = create_engine("sqlite://", creator=lambda: _connection(path, create=create), poolclass=QueuePool)
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", lambda context: _sentence(path, context))
    database = Database(str(path), engine, path)
    with database.read():
        return database


def _elsewhere(location: str) -> Database:
    """Return a database that another system keeps."""
    try:
        url = make_url(location)
        name = url.render_as_string(hide_password=True)
        # a read sees one moment here as well; SQLite knows no other way
        level = {"isolation_level": "REPEATABLE READ"} if url.get_backend_name() == "postgresql" else {}
        engine = create_engine(url, **level)
    except ArgumentError as problem:
        raise StoreError(f"database: must be a path or a URL; {str(problem).lower()}") from None
    except ImportError as problem:
        raise StoreError(f"database '{name}': needs its driver; {problem}; install it") from None

    def sentence(context: ExceptionContext) -> StoreError | None:
        if isinstance(context.sqlalchemy_exception, IntegrityError):
            return None
        return StoreError(
            f"database '{name}': cannot be used ({str(context.original_exception).splitlines()[0]})"
        )

    event.listen(engine, "handle_error", sentence)
    database = Database(name, engine, None)
    with database.read():
        return database


def _connection(path: Path, *, create: bool) -> sqlite3.Connection:
    """Return a SQLite connection that was seen to be durable."""
    uri = f"file:{quote(str(path.absolute()))}?mode={'rwc' if create else 'rw'}"
    try:
        connection = sqlite3.connect(
            uri, uri=True, timeout=WAIT_S, isolation_level=None, check_same_thread=False
        )
        mode, synchronous = _set_up(connection)
    except sqlite3.Error as problem:
        raise StoreError(_what_is_wrong(path, problem)) from None
    if (mode, synchronous) != ("wal", FULL):
        connection.close()
        raise StoreError(
            f"database '{path}': must run with journal_mode wal and synchronous {FULL}; got {mode} and"
            f" {synchronous}; keep it on a local disk"
        )
    return connection


def _set_up(connection: sqlite3.Connection) -> tuple[str, int]:
    """Make a connection durable, and return the journal mode and the synchronous level that it then has.

    SQLite refuses at once, without waiting as it does elsewhere, where another process is turning the same
    new file to a log or the last one to leave is folding the log in; both are over in a moment.
    """
    until = monotonic() + WAIT_S
    while True:
        try:
            mode = _pragma(connection, "journal_mode = wal")
            connection.execute(f"PRAGMA synchronous = {FULL}")
            connection.execute("PRAGMA foreign_keys = 1")
            connection.execute("PRAGMA secure_delete = 1")  # an erased name leaves no trace in the file
            return mode, _pragma(connection, "synchronous")
        except sqlite3.OperationalError as problem:
            busy = (getattr(problem, "sqlite_errorname", "") or "").startswith("SQLITE_BUSY")
            if not busy or monotonic() > until:
                raise
            sleep(AGAIN_S)


def _pragma(connection: sqlite3.Connection, pragma: str) -> Any:
    return connection.execute(f"PRAGMA {pragma}").fetchone()[0]


def _begin(connection: Connection) -> None:
    """Begin as this transaction will go on, so that it is never refused in the middle."""
    writes = bool(connection.get_execution_options().get(WRITES))
    connection.exec_driver_sql(f"PRAGMA query_only = {int(not writes)}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _sentence(path: Path, context: ExceptionContext) -> StoreError | None:
    """Return what SQLite says as a StoreError; a broken rule of a table stays what it is."""
    problem = context.original_exception
    if isinstance(problem, sqlite3.DatabaseError) and not isinstance(problem, sqlite3.IntegrityError):
        return StoreError(_what_is_wrong(path, problem))
    return None


def _what_is_wrong(path: Path, problem: sqlite3.Error) -> str:
    name = getattr(problem, "sqlite_errorname", "") or ""
    said = str(problem).lower()
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")) or "malformed" in said:
        return f"database '{path}': is damaged ({said}); restore a backup with 'adaptest store restore'"
    if name.startswith("SQLITE_BUSY"):
        return f"database '{path}': another process has been writing for {WAIT_S:.0f} s; try again"
    if name.startswith("SQLITE_FULL"):
        return f"database '{path}': the disk is full; nothing of this step was recorded; make room, try again"
    if name.startswith("SQLITE_READONLY") or "readonly" in said:
        return f"database '{path}': must be writable; got a read-only file; check who owns it"
    return f"database '{path}': cannot be used ({said})"


def damage(database: Database) -> tuple[str, ...]:
    """Return what SQLite finds wrong with its own pages; nothing where another system keeps them."""
    if database.file is None:
        return ()
    with database.read() as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    return tuple(str(line) for line in found if line != "ok")


def copy_to(database: Database, target: Path) -> None:
    """Write a consistent copy as one file, while others go on writing; `target` must not exist.

    Raises
    ------
    StoreError, where it cannot be written, or where another system than SQLite keeps the data.
    """
    if database.file is None:
        raise StoreError(f"database '{database.name}': is not SQLite; back it up with its own tools")
    try:
        with (
            closing(_connection(database.file, create=False)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
        single_file(target)
    except sqlite3.Error as problem:
        target.unlink(missing_ok=True)
        raise StoreError(f"'{target}': cannot be written ({str(problem).lower()})") from None


def single_file(path: Path) -> None:
    """Fold the log of a copy that nobody else uses into its file, and see it to the disk."""
    with closing(sqlite3.connect(path)) as connection:
        _pragma(connection, "journal_mode = delete")
    _sync(path)


def replace(path: Path, copy: Path) -> None:
    """Put the database file `copy` in the place of `path`, which `fold` found unused."""
    try:
        for end in COMPANIONS:  # a log of the old file must never be applied to the new one
            path.with_name(path.name + end).unlink(missing_ok=True)
        copy.replace(path)
        _sync(path)
    except OSError as problem:
        raise StoreError(f"database '{path}': cannot be replaced; {why(problem)}") from None


def fold(path: Path) -> None:
    """Fold a database's log into its file, which only the last process that has it open can.

    Raises
    ------
    StoreError, where another process has it open; a damaged one is left as it is.
    """
    try:
        with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as old:
            mode = _pragma(old, "journal_mode = delete")
            if mode == "wal":
                raise StoreError(f"database '{path}': is in use by another process; end it, then restore")
    except sqlite3.Error as problem:
        if (getattr(problem, "sqlite_errorname", "") or "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise StoreError(
                f"database '{path}': is in use by another process; end it, then restore"
            ) from None


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
