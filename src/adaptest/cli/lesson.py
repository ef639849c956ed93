"""`adaptest lesson`: read a study lesson."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from adaptest.cli.output import Format, emit, format_option
from adaptest.errors import BankFileError
from adaptest.workspace import open_workspace


@click.command(short_help="Read a study lesson.")
@click.argument("name", required=False)
@format_option
@click.pass_obj
def lesson(settings: dict[str, Any], name: str | None, format_: Format) -> None:
    """Show the lesson NAME (a competency, or bank/competency); without NAME, list the lessons."""
    from adaptest.bank.contents import Bank, Lesson
    from adaptest.bank.files import load_bank

    folder = open_workspace(settings["workspace"]).bank
    banks: dict[str, Bank] = {path.name: load_bank(path) for path in _folders(folder)}
    found: dict[str, Lesson] = {
        f"{bank}/{key}": one for bank in banks for key, one in banks[bank].lessons.items()
    }
    if name is None:
        rows = [{"lesson": key, "title": one.title} for key, one in found.items()]
        emit(rows, ["lesson", "title"], format_)
        return
    chosen = [one for key, one in found.items() if name in (key, key.partition("/")[2])]
    if len(chosen) != 1:
        ambiguous = [key for key in found if key.endswith(f"/{name}")]
        rule = (
            f"must name its bank: {', '.join(ambiguous)}"
            if chosen
            else "must be one that 'adaptest lesson' lists"
        )
        raise BankFileError(f"lesson {name!r}: {rule}")
    _show(chosen[0].text)


def _show(text: str) -> None:
    """Print a lesson: laid out on a terminal, as it was written elsewhere."""
    if not sys.stdout.isatty():
        click.echo(text, nl=not text.endswith("\n"))
        return
    from adaptest.cli.terminal_screens import console, lesson

    console(terminal=True).print(lesson(text))


def _folders(folder: Path) -> list[Path]:
    """Return the folders of the banks."""
    if not folder.is_dir():
        raise BankFileError(f"folder '{folder}': must hold the item banks; got no such folder")
    return sorted(path for path in folder.iterdir() if (path / "bank.yaml").is_file())
