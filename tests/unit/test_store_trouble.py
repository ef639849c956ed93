"""What a database says when the system lets it down."""

import sqlite3
from pathlib import Path

import pytest

from adaptest.errors import FileError, StoreError
from adaptest.store import artifacts, database
from adaptest.store.backup import backup, restore
from adaptest.store.opening import open_store


@pytest.fixture
def path(tmp_path):
    open_store(tmp_path / "adaptest.db", create=True).close()
    return tmp_path / "adaptest.db"


def sentence(call, *arguments, **options):
    with pytest.raises((StoreError, FileError)) as caught:
        call(*arguments, **options)
    return str(caught.value)


def write(opened, size=1):
    with opened.write() as connection:
        artifacts.put(connection, "x", "y" * size)


def test_a_writer_who_waits_too_long_says_so(path, monkeypatch):
    monkeypatch.setattr(database, "WAIT_S", 0.05)
    opened, other = open_store(path), sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    assert sentence(write, opened) == (
        f"database '{path}': another process has been writing for 0 s; try again"
    )
    other.rollback()
    other.close()
    write(opened)
    opened.close()


def test_a_database_that_others_are_just_making_is_waited_for(tmp_path, monkeypatch):
    honest, refusals = database._pragma, iter(range(3))  # noqa: SLF001 (what is tested)

    def locked_at_first(connection, what):
        if what.startswith("journal_mode") and next(refusals, None) is not None:
            other = sqlite3.connect(tmp_path / "adaptest.db", isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
            try:  # what SQLite does at once where two turn a new file to a log
                return sqlite3.connect(tmp_path / "adaptest.db", timeout=0).execute("BEGIN IMMEDIATE")
            finally:
                other.close()
        return honest(connection, what)

    monkeypatch.setattr(database, "_pragma", locked_at_first)
    open_store(tmp_path / "adaptest.db", create=True).close()
    assert next(refusals, None) is None


def test_a_full_disk_loses_nothing_that_was_committed(path):
    opened = open_store(path)
    write(opened)
    with opened.write() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 40")
    assert sentence(write, opened, 4096 * 100) == (
        f"database '{path}': the disk is full; nothing of this step was recorded; make room, try again"
    )
    with opened.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM artifacts").scalar() == 1
    opened.close()


def test_a_disk_that_cannot_keep_a_log_is_refused(path, monkeypatch):
    honest = database._pragma  # noqa: SLF001 (what is tested)
    monkeypatch.setattr(
        database, "_pragma", lambda c, what: "delete" if what.startswith("journal_mode") else honest(c, what)
    )
    assert sentence(open_store, path) == (
        f"database '{path}': must run with journal_mode wal and synchronous 2; got delete and 2; keep it on a"
        " local disk"
    )


def test_a_file_that_may_not_be_replaced_stays(path, tmp_path, monkeypatch):
    opened = open_store(path)
    backup(opened, tmp_path / "copy.db")
    write(opened)
    opened.close()

    def refuse(self, target):
        raise PermissionError(13, "permission denied", str(self), None, str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    assert sentence(restore, tmp_path / "copy.db", path, force=True) == (
        f"database '{path}': cannot be replaced; permission denied"
    )
    monkeypatch.undo()
    kept = open_store(path)
    with kept.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM artifacts").scalar() == 1
    kept.close()
    assert not [p for p in tmp_path.iterdir() if p.name.endswith(".tmp")]


def test_a_backup_that_cannot_be_written_leaves_nothing(path, tmp_path):
    opened = open_store(path)
    assert sentence(database.copy_to, opened, tmp_path / "none" / "copy.db") == (
        f"'{tmp_path / 'none' / 'copy.db'}': cannot be written (unable to open database file)"
    )
    opened.close()


def test_other_trouble_is_told_in_sqlites_words(path):
    opened = open_store(path)
    with opened.read() as connection:
        said = sentence(connection.exec_driver_sql, "SELECT * FROM nowhere")
    assert said == f"database '{path}': cannot be used (no such table: nowhere)"
    opened.close()
