"""`adaptest store`: is the log as it was written, keep a copy, bring it back, forget a name."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from adaptest.errors import StoreError
from adaptest.workspace import Workspace, open_workspace

OUT = click.Path(path_type=Path)


@click.group(short_help="Verify, back up and restore the database.")
def store() -> None:
    """Verify, back up and restore the database of sittings."""


@store.command(short_help="Check that everything is as it was written.")
@click.pass_obj
def verify(settings: dict[str, Any]) -> None:
    """Check every page, hash and stored text, and say what that proves."""
    from adaptest.store.opening import open_store
    from adaptest.store.verify import DOES_NOT, PROVES, verify

    database = open_store(open_workspace(settings["workspace"]).database)
    try:
        found = verify(database)
    finally:
        database.close()
    counted = f"{found.sittings} sittings, {found.events} events, {found.artifacts} stored texts"
    if found.problems:
        for problem in found.problems:
            click.echo(f"wrong: {problem}")
        n = len(found.problems)
        raise StoreError(
            f"database '{database.name}': must be as it was written; got {n} problem{'s' * (n > 1)} in"
            f" {counted}; restore a backup with 'adaptest store restore'"
        )
    click.echo(f"verified: {counted}; everything is as it was written")
    click.echo(f"fingerprint: {found.fingerprint}")
    click.echo(f"this proves: {PROVES}")
    click.echo(f"it does not prove: {DOES_NOT}")


@store.command(short_help="Write a verified copy of the database.")
@click.argument("file", type=OUT)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.pass_obj
def backup(settings: dict[str, Any], file: Path, *, force: bool) -> None:
    """Write a verified copy of the database to FILE; exams may go on meanwhile."""
    from adaptest.store.backup import backup
    from adaptest.store.opening import open_store

    database = open_store(open_workspace(settings["workspace"]).database)
    try:
        found = backup(database, file, force=force)
    finally:
        database.close()
    click.echo(f"{file}: {found.sittings} sittings, {found.events} events; verified")
    click.echo(f"fingerprint: {found.fingerprint}")


@store.command(short_help="Bring a verified backup back.")
@click.argument("file", type=OUT)
@click.option("--force", is_flag=True, help="Replace the database that is there; a copy of it is kept.")
@click.pass_obj
def restore(settings: dict[str, Any], file: Path, *, force: bool) -> None:
    """Verify the backup FILE and put it in the place of the database."""
    from adaptest.store.backup import restore

    path = _file(open_workspace(settings["workspace"]))
    replaced = path.exists()
    found = restore(file, path, force=force)
    click.echo(f"{path}: {found.sittings} sittings, {found.events} events; verified and restored")
    if replaced:
        click.echo(f"what stood there is kept as {path}.replaced")


@store.command(short_help="Forget a candidate's name.")
@click.argument("candidate")
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be done.")
@click.pass_obj
def erase(settings: dict[str, Any], candidate: str, *, yes: bool) -> None:
    """Forget the name CANDIDATE; the sittings stay, under a pseudonym."""
    from adaptest.store.candidates import erase, pseudonym_of
    from adaptest.store.opening import open_store

    database = open_store(open_workspace(settings["workspace"]).database)
    try:
        if not yes:
            with database.read() as connection:
                pseudonym = pseudonym_of(connection, candidate)
            click.echo(f"candidate {candidate!r} would be known as {pseudonym} only; add --yes to do it")
            return
        with database.write() as connection:
            pseudonym = erase(connection, candidate, datetime.now(UTC).isoformat())
    finally:
        database.close()
    click.echo(f"the name is gone from the database; the sittings are those of {pseudonym}")
    click.echo("backups made before still hold the name: make a new one and remove those", err=True)


def _file(workspace: Workspace) -> Path:
    """Return where the database is, if it is a file."""
    if isinstance(workspace.database, Path):
        return workspace.database
    raise StoreError(f"database '{workspace.database}': is not SQLite; restore it with its own tools")
