"""A database keeps what it commits, is migrated forward and never backward, and survives its backups."""

import io
import sqlite3
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_mock_engine, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from adaptest.errors import FileError, StoreError
from adaptest.store import artifacts
from adaptest.store.backup import backup, restore
from adaptest.store.database import connect
from adaptest.store.opening import MIGRATIONS, NEWEST, REVISIONS, migrate, open_store
from adaptest.store.tables import METADATA
from adaptest.store.verify import verify


@pytest.fixture
def path(tmp_path):
    return tmp_path / "adaptest.db"


@pytest.fixture
def database(path):
    database = open_store(path, create=True)
    yield database
    database.close()


def filled(database, value="kept"):
    with database.write() as connection:
        artifacts.put(connection, "x", {"value": value})


def stored(database):
    with database.read() as connection:
        return connection.execute(text("SELECT body FROM artifacts ORDER BY body")).scalars().all()


def sentence(error, call, *arguments, **options):
    with pytest.raises(error) as caught:
        call(*arguments, **options)
    return str(caught.value)


def test_every_connection_is_durable(database):
    with database.read() as one, database.read() as two:
        for connection in (one, two):
            assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
            assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1


def test_a_write_begins_by_taking_the_right_to_write(database, path):
    with database.write(), closing(sqlite3.connect(path, timeout=0)) as other:
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        assert other.execute("SELECT count(*) FROM artifacts").fetchone() == (0,)


def test_reading_cannot_write(database):
    with database.read() as connection:
        call = sentence(StoreError, connection.execute, text("DELETE FROM artifacts"))
    assert call == f"database '{database.name}': must be writable; got a read-only file; check who owns it"


def test_an_error_undoes_the_whole_transaction(database):
    with pytest.raises(ValueError, match="JSON compliant"), database.write() as connection:
        _ = artifacts.put(connection, "x", {}), artifacts.put(connection, "x", float("nan"))
    assert stored(database) == []


def test_a_reader_sees_one_moment(database):
    with database.read() as connection:
        before = connection.execute(text("SELECT count(*) FROM artifacts")).scalar()
        filled(database)
        assert connection.execute(text("SELECT count(*) FROM artifacts")).scalar() == before == 0


def test_a_database_that_is_not_there_is_not_made_unasked(path):
    assert (
        sentence(StoreError, open_store, path) == f"database '{path}': is not there; taking an exam makes it"
    )
    assert not path.exists()


def test_a_folder_that_is_not_there_gets_a_sentence(tmp_path):
    path = tmp_path / "none" / "adaptest.db"
    got = sentence(StoreError, open_store, path, create=True)
    assert got == f"database '{path}': cannot be used (unable to open database file)"


@pytest.mark.parametrize("junk", [b"not a database at all, but long enough to be read as one" * 20])
def test_a_file_that_is_no_database_gets_a_sentence(path, junk):
    path.write_bytes(junk)
    assert sentence(StoreError, open_store, path) == (
        f"database '{path}': is damaged (file is not a database); restore a backup with"
        " 'adaptest store restore'"
    )
    assert path.read_bytes() == junk


def test_a_page_that_was_overwritten_gets_a_sentence(database, path):
    for n in range(200):
        filled(database, "x" * 400 + str(n))
    database.close()
    data = bytearray(path.read_bytes())
    data[len(data) // 2 :] = b"\xff" * (len(data) - len(data) // 2)
    path.write_bytes(data)
    damaged = connect(path)
    found = verify_or_sentence(damaged)
    damaged.close()
    assert found.startswith(f"database '{path}': ")


def verify_or_sentence(database):
    try:
        return verify(database).problems[0]
    except StoreError as error:
        return str(error)


def test_a_database_of_another_program_is_refused(path):
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE recipes (name TEXT)")
    got = sentence(StoreError, open_store, path)
    assert got == f"database '{path}': must be one of adaptest; got tables recipes"


def test_a_database_of_a_newer_adaptest_is_refused(database, path):
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert sentence(StoreError, open_store, path) == (
        f"database '{path}': was written by a newer adaptest (revision 9999; this one knows {NEWEST});"
        " use that one"
    )


def test_the_revisions_are_those_of_the_migrations():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    assert tuple(reversed([step.revision for step in script.walk_revisions()])) == REVISIONS


def test_migrating_from_nothing_makes_the_tables_that_the_code_expects(database):
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_tables_can_be_made_on_postgresql_too():
    for table in METADATA.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))
    statements = []
    engine = create_mock_engine("postgresql://", lambda sql, *_: statements.append(sql))
    METADATA.create_all(engine, checkfirst=False)
    assert len(statements) >= len(METADATA.tables)


def test_the_first_revision_can_be_written_as_sql_for_postgresql():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    out = io.StringIO()
    environment = EnvironmentContext(
        config,
        script,
        fn=lambda revision, _: script._upgrade_revs("0001", revision),  # noqa: SLF001 (as the program does)
        as_sql=True,
        destination_rev="0001",
    )
    with environment:
        environment.configure(dialect_name="postgresql", output_buffer=out)
        environment.run_migrations()
    assert "CREATE TABLE events" in out.getvalue()


def test_an_older_database_is_backed_up_then_migrated(path, tmp_path):
    old = connect(path, create=True)
    migrate(old, "0001")
    filled(old)
    old.close()
    new = open_store(path)
    assert stored(new) == ['{"value":"kept"}']
    assert verify(new).problems == ()
    new.close()
    (copy,) = (tmp_path / "backups").iterdir()
    with closing(sqlite3.connect(copy)) as before:
        assert before.execute("SELECT version_num FROM alembic_version").fetchone() == ("0001",)
        assert before.execute("SELECT count(*) FROM artifacts").fetchone() == (1,)


def test_opening_the_newest_migrates_nothing(database, tmp_path):
    open_store(database.file).close()
    assert not (tmp_path / "backups").exists()


def test_a_backup_is_one_file_that_opens(database, tmp_path):
    filled(database)
    checked = backup(database, tmp_path / "copy.db")
    assert checked == verify(database)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith((".", "copy"))) == ["copy.db"]
    copy = open_store(tmp_path / "copy.db")
    assert stored(copy) == ['{"value":"kept"}']
    copy.close()


def test_a_backup_replaces_nothing_unasked(database, tmp_path):
    target = tmp_path / "copy.db"
    target.write_text("mine", encoding="utf-8")
    got = sentence(FileError, backup, database, target)
    assert got == f"{target}: must not exist; give another file, or --force to replace it"
    backup(database, target, force=True)
    assert target.read_bytes().startswith(b"SQLite format 3")


def test_a_backup_into_a_folder_that_is_not_there_gets_a_sentence(database, tmp_path):
    target = tmp_path / "none" / "copy.db"
    with pytest.raises((FileError, StoreError)) as caught:
        backup(database, target)
    assert "cannot be written" in str(caught.value)


def test_a_damaged_database_is_not_backed_up_as_if_it_were_whole(database, tmp_path):
    filled(database)
    with database.write() as connection:
        connection.execute(text("UPDATE artifacts SET body = '{}'"))
    got = sentence(StoreError, backup, database, tmp_path / "copy.db")
    assert got.startswith(f"the copy of '{database.name}': does not verify; artifact ")
    assert not (tmp_path / "copy.db").exists()


def test_restoring_brings_back_what_was_backed_up_and_keeps_what_stood_there(database, path, tmp_path):
    filled(database, "old")
    backup(database, tmp_path / "copy.db")
    filled(database, "new")
    assert sentence(StoreError, restore, tmp_path / "copy.db", path) == (
        f"database '{path}': exists; add --force to replace it (a copy of it is kept)"
    )
    assert sentence(StoreError, restore, tmp_path / "copy.db", path, force=True) == (
        f"database '{path}': is in use by another process; end it, then restore"
    )
    database.close()
    restore(tmp_path / "copy.db", path, force=True)
    for name, values in ((path, ["old"]), (tmp_path / "adaptest.db.replaced", ["new", "old"])):
        opened = open_store(name)
        assert stored(opened) == [f'{{"value":"{value}"}}' for value in values]
        opened.close()


def test_a_damaged_database_can_be_replaced(database, path, tmp_path):
    filled(database)
    backup(database, tmp_path / "copy.db")
    database.close()
    path.write_bytes(b"damaged" * 1000)
    (tmp_path / "adaptest.db-wal").write_bytes(b"a log that must not be applied")
    restore(tmp_path / "copy.db", path, force=True)
    opened = open_store(path)
    assert stored(opened) == ['{"value":"kept"}']
    opened.close()


def test_a_restore_makes_the_database_where_there_is_none(database, tmp_path):
    filled(database)
    backup(database, tmp_path / "copy.db")
    other = tmp_path / "other.db"
    restore(tmp_path / "copy.db", other)
    assert other.is_file()


def test_an_older_backup_is_migrated_on_the_way(path, tmp_path):
    source = tmp_path / "old.db"
    old = connect(source, create=True)
    migrate(old, "0001")
    filled(old)
    old.close()
    restore(source, path)
    opened = open_store(path)
    assert stored(opened) == ['{"value":"kept"}']
    opened.close()


@pytest.mark.parametrize(
    ("content", "rest"),
    [
        (
            b"junk" * 500,
            "is damaged (file is not a database); restore a backup with 'adaptest store restore'",
        ),
        (b"", "must be a database of adaptest; got one without tables"),
    ],
)
def test_a_backup_that_is_none_is_refused_and_leaves_everything_as_it_was(path, tmp_path, content, rest):
    source = tmp_path / "backup.db"
    source.write_bytes(content)
    assert sentence(StoreError, restore, source, path).endswith(rest)
    assert [p.name for p in tmp_path.iterdir()] == ["backup.db"]


def test_a_backup_that_is_missing_gets_a_sentence(path, tmp_path):
    assert sentence(FileError, restore, tmp_path / "none.db", path) == f"{tmp_path / 'none.db'}: no such file"


@pytest.mark.parametrize(
    ("url", "sentence_of"),
    [
        (
            "nothing://host/adaptest",
            "database: must be a path or a URL; can't load plugin: sqlalchemy.dialects:nothing",
        ),
        ("://", "database: must be a path or a URL; could not parse sqlalchemy url from given url string"),
    ],
)
def test_a_url_of_no_system_gets_a_sentence(url, sentence_of):
    assert sentence(StoreError, connect, url) == sentence_of


def test_what_another_system_says_is_one_sentence():
    database = connect("sqlite+pysqlite:///:memory:")
    with database.read() as connection:
        said = sentence(StoreError, connection.execute, text("SELECT * FROM nowhere"))
    assert said == f"database '{database.name}': cannot be used (no such table: nowhere)"
    database.close()


def test_a_url_opens_another_system_and_its_tools_back_it_up(tmp_path):
    database = connect("sqlite+pysqlite:///:memory:")
    migrate(database)
    filled(database)
    assert verify(database).problems == ()
    got = sentence(StoreError, backup, database, tmp_path / "copy.db")
    assert got == f"database '{database.name}': is not SQLite; back it up with its own tools"
    database.close()
