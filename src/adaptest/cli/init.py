"""`adaptest init`: a workspace with the shipped bank, and newer shipped banks without losing local edits."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adaptest import __version__

if TYPE_CHECKING:
    from adaptest.bank.layout import Change

NEEDS_A_PERSON = 3
SIGNS = {"add": "+", "update": "~", "remove": "-", "keep": "!"}


@click.command(short_help="Lay out a workspace with the shipped bank, or update one.")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--update", is_flag=True, help="Bring DIR up to date with the shipped bank; what you edited is kept."
)
@click.option("--dry-run", is_flag=True, help="With --update: show what would change, and change nothing.")
@click.pass_context
def init(context: click.Context, directory: Path, *, update: bool, dry_run: bool) -> None:
    """Lay out a new workspace in DIR: the shipped item bank, its calibration and adaptest.toml.

    With --update, show what is newer in the shipped bank and apply it. A file that you edited
    is never overwritten: it is kept and named, and the exit code is 3.
    """
    from adaptest.bank.layout import apply, changes, lay_out

    if dry_run and not update:
        raise click.UsageError("--dry-run needs --update")
    if not update:
        lay_out(directory, __version__)
        _welcome(directory)
        return
    planned = changes(directory)
    _show(directory, planned)
    if not dry_run:
        apply(directory, planned, __version__)
    kept = sum(one.action == "keep" for one in planned)
    if planned:
        done = "would be changed" if dry_run else "changed"
        click.echo(f"{_files(len(planned) - kept)} {done}; {_files(kept)} kept as you left them", err=True)
    if kept:
        context.exit(NEEDS_A_PERSON)


def _welcome(directory: Path) -> None:
    """Say what was laid out, and what to do first."""
    from adaptest.bank.files import load_bank
    from adaptest.bank.releases import read_releases

    first = ""
    for folder in sorted(path for path in (directory / "itembank").iterdir() if path.is_dir()):
        bank = load_bank(folder)
        click.echo(
            f"{directory} is a workspace now. Bank {bank.name}: {len(bank.items)} items in"
            f" {len(bank.competencies)} competencies, {len(bank.lessons)} lessons, {len(bank.exams)} exams."
        )
        if read_releases(directory / "calibration" / bank.name)[-1].provisional:
            click.echo(
                "Its parameters are PROVISIONAL: difficulties are judged, no candidate has answered yet."
            )
        first = first or f"{bank.name}/{bank.header.default_exam}"
    go = f"cd {shlex.quote(str(directory))}\n  " if directory != Path() else ""
    click.echo(f"\nTake an exam:\n  {go}adaptest exam take {first}")


def _show(directory: Path, planned: tuple[Change, ...]) -> None:
    """List what is newer, one line a file: + new, ~ changed, - gone, ! yours."""
    if not planned:
        click.echo(f"{directory}: up to date with the bank of adaptest {__version__}")
    for one in planned:
        click.echo(f"{SIGNS[one.action]} {one.path}  ({one.reason})")


def _files(n: int) -> str:
    return f"{n} file{'' if n == 1 else 's'}"
