"""What every command prints alike: tables, CSV, JSON on standard output, progress on standard error."""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

import click

Format = Literal["table", "csv", "json"]
AFTER_S = 2.0  # work shorter than this shows no progress
EVERY_S = 0.2

format_option = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How to print.",
)


def emit(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], format_: Format) -> None:
    """Print rows on standard output; a table rounds for the eye, CSV and JSON keep every digit."""
    if format_ == "json":
        click.echo(json.dumps([dict(row) for row in rows], indent=2, ensure_ascii=False, default=str))
    elif format_ == "csv":
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(columns)
        table.writerows([_plain(row.get(name)) for name in columns] for row in rows)
        click.echo(text.getvalue(), nl=False)
    else:
        _table(rows, columns)


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    from rich import box  # only a table needs it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        numeric = all(isinstance(row.get(name), int | float | None) for row in rows)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_short(row.get(name))) for name in columns))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200, highlight=False).print(table)


def _short(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else _plain(value)


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return " ".join(map(str, value))
    return str(value)


@contextmanager
def progress(label: str, *, quiet: bool = False) -> Iterator[Callable[[str], None]]:
    """Give a function that shows how far work is: on a terminal, after two seconds, on one line."""
    shown = False
    began = last = time.monotonic()
    on = sys.stderr.isatty() and not quiet

    def show(state: str) -> None:
        nonlocal shown, last
        now = time.monotonic()
        if on and now - began > AFTER_S and now - last > EVERY_S:
            last, shown = now, True
            click.echo(f"\r\x1b[K{label}: {state}", err=True, nl=False)

    try:
        yield show
    finally:
        if shown:
            click.echo("\r\x1b[K", err=True, nl=False)
