"""`adaptest bank`: look into the item bank."""

from __future__ import annotations

import json
import textwrap
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from adaptest.cli.bank_check import check
from adaptest.cli.bank_formats import export_command, import_command
from adaptest.cli.bank_parameters import parameters as parameters_command
from adaptest.cli.output import Format, emit, format_option
from adaptest.workspace import open_workspace

if TYPE_CHECKING:
    from adaptest.bank.contents import Bank
    from adaptest.bank.snapshot import Snapshot

BANDS = {"very_easy": "v.easy", "easy": "easy", "medium": "medium", "hard": "hard", "very_hard": "v.hard"}
WIDTH = 78


@click.group(short_help="Show the item bank.")
def bank() -> None:
    """Look into the item bank."""


bank.add_command(check)
bank.add_command(export_command)
bank.add_command(import_command)
bank.add_command(parameters_command)


@bank.command(short_help="Show what a bank holds, or one item.")
@click.argument("name", metavar="BANK")
@click.argument("item", required=False)
@format_option
@click.pass_context
def show(context: click.Context, name: str, item: str | None, format_: Format) -> None:
    """Show what BANK holds and which parameters are in effect; with ITEM, that item with key and rationale.

    CSV lists the items, one a row; JSON says everything.
    """
    from adaptest.bank.files import bank_named
    from adaptest.bank.overview import items, published

    workspace = open_workspace(context.obj["workspace"])
    shown = bank_named(workspace.bank, name)
    snapshot = published(shown, workspace.calibration, datetime.now(UTC))
    if item is not None:
        _item(shown, item, snapshot, format_)
    elif format_ == "csv":
        rows = items(shown, snapshot)
        emit(rows, list(rows[0]), "csv")
    elif format_ == "json":
        click.echo(json.dumps(_everything(shown, snapshot), indent=2, ensure_ascii=False))
    else:
        _summary(shown, snapshot)


def _everything(shown: Bank, snapshot: Snapshot | None) -> dict[str, Any]:
    from adaptest.bank.overview import competencies, counts, items, release_facts, statuses

    header = shown.header
    return {
        "bank": shown.name,
        "title": header.title,
        "language": header.language,
        "licence": header.licence,
        "disclaimer": header.disclaimer,
        "default_exam": header.default_exam,
        "release": release_facts(snapshot),
        "statuses": statuses(shown),
        "counts": counts(shown, snapshot),
        "competencies": competencies(shown),
        "exams": sorted(shown.exams),
        "items": items(shown, snapshot),
    }


def _summary(shown: Bank, snapshot: Snapshot | None) -> None:
    """Print the bank for a person: what, under which parameters, how many of each kind."""
    from adaptest.bank.overview import competencies, counts, statuses

    header = shown.header
    by_status = ", ".join(f"{n} {status}" for status, n in statuses(shown).items())
    click.echo(_filled(f"{header.title} ({shown.name}): {len(shown.items)} items, {by_status}."))
    _release(shown, snapshot)
    _counts(counts(shown, snapshot))
    legend = ", ".join(f"{code} {title}" for code, title in shown.domains.items())
    click.echo(_filled(legend))
    rows = [{**row, "lesson": row["lesson"] is not None} for row in competencies(shown)]
    emit(rows, ["domain", "competency", "items", "lesson"], "table")
    names = ", ".join(sorted(shown.exams, key=lambda exam: (exam != shown.header.default_exam, exam)))
    click.echo(_filled(f"Exams: {names}") + "\n")
    click.echo(_filled(f"{header.disclaimer} Licence: {header.licence}."))


def _release(shown: Bank, snapshot: Snapshot | None) -> None:
    """Print which parameters are in effect, what they are worth, and what they do not cover."""
    if snapshot is None:
        click.echo("\nNo parameters are published: its exams cannot run yet.")
        return
    release = snapshot.release
    sentence = f"Parameters: release {release.number} of {release.at:%Y-%m-%d}, run {release.run}"
    click.echo(_filled(f"{sentence}, scale {release.scale_id}.") + "\n")
    if snapshot.pool.provisional:
        note = shown.header.provisional_note or "Difficulties are judged; no candidate has answered yet."
        click.echo(_filled(f"PROVISIONAL. {note}"))
    reasons: dict[str, list[str]] = {}
    for one in snapshot.left_out:
        reasons.setdefault(one.reason, []).append(one.item)
    for reason, left_out in reasons.items():
        n = f"{len(left_out)} item{'' if len(left_out) == 1 else 's'}"
        click.echo("\n" + _filled(f"Not used in exams: {n} ({', '.join(left_out)}): {reason}.", hang=2))


def _counts(rows: list[dict[str, Any]]) -> None:
    """Print items by domain, level and difficulty; a cell of none stays empty."""
    bands = {**BANDS, "unknown": "unknown"} if any(row["unknown"] for row in rows) else BANDS
    table: list[dict[str, Any]] = []
    for k, row in enumerate(rows):
        first = k == 0 or rows[k - 1]["domain"] != row["domain"]
        cells = {short: row[band] or None for band, short in bands.items()}
        name = row["domain"] if first else ""
        table.append({"domain": name, "level": row["level"], **cells, "items": row["items"]})
    total = {short: sum(row[band] for row in rows) for band, short in bands.items()}
    table.append({"domain": "all", "level": "", **total, "items": sum(row["items"] for row in rows)})
    emit(table, ["domain", "level", *bands.values(), "items"], "table")


def _item(shown: Bank, name: str, snapshot: Snapshot | None, format_: Format) -> None:
    """Print everything about one item."""
    from adaptest.bank.overview import items, parameters
    from adaptest.bank.snapshot import item_text

    item = shown.item(name)
    facts = next(row for row in items(shown, snapshot) if row["item"] == name)
    if format_ == "csv":
        emit([facts], list(facts), "csv")
        return
    values = parameters(snapshot).get(name, {})
    if format_ == "json":
        body = {**item_text(item), **facts, "parameters": values or None}
        click.echo(json.dumps(body, indent=2, ensure_ascii=False))
        return
    click.echo(f"{item.id}  {shown.domains[item.domain]} / {shown.competencies[item.competency].title}")
    click.echo(f"{item.status}, {item.level}, judged {(item.judged_difficulty or 'not').replace('_', ' ')}\n")
    click.echo(_filled(item.stem))
    for letter, text in item.options.items():
        sign = "*" if letter == item.key else " "
        click.echo("\n" + _filled(f"{sign} {letter}  {text}", hang=5))
        if letter in item.rationale:
            click.echo(_filled(item.rationale[letter], indent=5))
    click.echo("\n  * the key\n")
    for label, words in (("concepts", item.concepts), ("tags", item.tags), ("enemies", item.enemies)):
        if words:
            click.echo(_filled(f"{label:11}{', '.join(words)}", hang=11))
    click.echo(f"{'reference':11}{item.reference or 'none'}")
    click.echo(_filled(f"{'parameters':11}{_spelled(values, facts, snapshot)}", hang=11))
    click.echo(f"{'content':11}{item.fingerprint[:12]}")


def _spelled(values: dict[str, Any], facts: dict[str, Any], snapshot: Snapshot | None) -> str:
    """Return an item's parameters as one line, with what they rest on."""
    if not values or snapshot is None:
        return facts["left_out"] or "none published"
    numbers = [f"{key} {value:.3g}" for key, value in values.items() if isinstance(value, float)]
    release = f"release {snapshot.release.number}" + (", PROVISIONAL" if snapshot.pool.provisional else "")
    left_out = f"; not used: {facts['left_out']}" if facts["left_out"] else ""
    return (
        f"{values['model']}: {', '.join(numbers)}; {values['basis']}, n = {values['n']} ({release}){left_out}"
    )


def _filled(text: str, *, indent: int = 0, hang: int | None = None) -> str:
    """Return text in lines of at most WIDTH characters."""
    later = " " * (indent if hang is None else hang)
    return textwrap.fill(
        text, WIDTH, initial_indent=" " * indent, subsequent_indent=later, break_on_hyphens=False
    )
