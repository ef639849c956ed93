"""Opening a database: a new one is made, an older one backed up and migrated, a newer one refused."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from adaptest.errors import StoreError
from adaptest.store.database import Database, connect, copy_to

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep, StampStep

REVISIONS = ("0001", "0002", "0003")  # the newest last; a test compares them with migrations/
NEWEST = REVISIONS[-1]
MIGRATIONS = Path(__file__).parent / "migrations"
LOG = logging.getLogger(__name__)


def open_store(location: Path | str, *, create: bool = False) -> Database:
    """Return an open database of the newest revision.

    Parameters
    ----------
    location : path of a SQLite file, or a URL
    create : whether to make it where it is not

    Raises
    ------
    StoreError, where it is not there, damaged, of a newer program, or of another one.
    """
    database = connect(location, create=create)
    try:
        with database.read() as connection:
            revision = revision_of(connection, database.name)
        if revision != NEWEST:
            if revision is not None:
                _back_up_before_migration(database, revision)
            migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def revision_of(connection: Connection, name: str) -> str | None:
    """Return the revision of a database's tables; None where it has none yet.

    Raises
    ------
    StoreError, where the tables are of a newer adaptest or of another program.
    """
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        if tables:
            raise StoreError(
                f"database '{name}': must be one of adaptest; got tables {', '.join(tables[:3])}"
            )
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if revision is not None and revision not in REVISIONS:
        raise StoreError(
            f"database '{name}': was written by a newer adaptest (revision {revision}; this one knows"
            f" {NEWEST}); use that one"
        )
    return str(revision) if revision is not None else None


def migrate(database: Database, target: str = NEWEST) -> None:
    """Bring the tables to a revision, in one transaction; nothing happens where they are there already."""
    from alembic.config import Config  # slow to import, and needed once a release
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)

    def steps(revision: str | tuple[str, ...], _: object) -> list[StampStep | RevisionStep]:
        return script._upgrade_revs(target, revision)  # type: ignore[arg-type,return-value] # noqa: SLF001 (what alembic's own upgrade command calls)

    environment = EnvironmentContext(config, script, fn=steps, destination_rev=target)
    with environment, database.write() as connection:
        environment.configure(connection=connection, transactional_ddl=True)
        environment.run_migrations()
    LOG.info("database %s: tables are of revision %s", database.name, target)


def _back_up_before_migration(database: Database, revision: str) -> None:
    if database.file is None:
        LOG.warning("database %s: is migrated without a backup of ours", database.name)
        return
    at = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    folder = database.file.parent / "backups"
    folder.mkdir(exist_ok=True)
    target = folder / f"{database.file.stem}-revision-{revision}-{at}.db"
    copy_to(database, target)
    LOG.warning(
        "database %s: is of revision %s; backed up to %s, then migrated", database.name, revision, target
    )
