"""`adaptest bank check`: item-writing rules, guessability, exams, content against parameters."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from adaptest.bank.lint.codes import CODES, SOURCES
from adaptest.cli.output import emit
from adaptest.workspace import open_workspace

if TYPE_CHECKING:
    from adaptest.bank.lint.check import Report
    from adaptest.bank.lint.finding import Finding

WIDTH = 78
NEEDS_A_PERSON = 3
GITHUB = {"error": "error", "warning": "warning", "info": "notice"}
COLUMNS = (
    *("code", "severity", "path", "line", "item", "exam", "sentence", "others", "p", "waived"),
    *("value", "limit", "n"),  # of bank-level numbers
)


@click.command("check", short_help="Check items, exams and content.", epilog=f"Codes: {', '.join(CODES)}.")
@click.argument("name", metavar="BANK", required=False)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "csv", "github"]),
    default="text",
    show_default=True,
    help="How to print; github: annotations for a workflow's log.",
)
@click.option("--explain", metavar="CODE", help="Say what CODE means, how it is looked for, and the source.")
@click.option("--strict", is_flag=True, help="Warnings that nobody waived count as errors.")
@click.pass_context
def check(
    context: click.Context, name: str | None, format_: str, explain: str | None, *, strict: bool
) -> None:
    """Check BANK: item-writing rules, whether keys can be guessed, exams, content against parameters.

    Errors must be mended. A warning is mended, or waived beside the item with a reason:
    `waivers: {IW07: "why it is right here"}`. Exit 3 if there are errors.
    """
    if explain is not None:
        click.echo(_explained(explain))
        return
    if name is None:
        raise click.UsageError("missing argument 'BANK'", context)
    from adaptest.programme.bank_check import check_bank

    report = check_bank(open_workspace(context.obj["workspace"]), name, datetime.now(UTC))
    PRINTERS[format_](report)
    if report.count("error") or (strict and report.count("warning")):
        context.exit(NEEDS_A_PERSON)


def _explained(code: str) -> str:
    """Return what a code means, for reading."""
    rule = CODES.get(code.upper())
    if rule is None:
        raise click.BadParameter(f"must be one of {', '.join(CODES)}; got {code!r}", param_hint="'--explain'")
    lines = [
        f"{code.upper()} ({' or '.join(rule.severities)}): {rule.rule}",
        f"Remedy: {rule.remedy}.",
        rule.why,
    ]
    lines += [f"{short}: {source}." for short, source in SOURCES.items() if short in rule.why]
    return "\n\n".join(_filled(line) for line in lines)


def _text(report: Report) -> None:
    """Print findings, bank-level numbers and a summary."""
    for one in report.findings:
        if not one.waived:
            about = f"item {one.item!r}: " if one.item else ""
            click.echo(f"{one.where}: {one.severity} {one.code}: {about}{one.sentence}")
    if report.findings:
        click.echo()
    rows = [
        {
            "code": one.code,
            "measure": one.name,
            "value": f"{one.value:.3g}",
            "limit": "" if one.limit is None else f"{one.limit:g}",
            "p": "" if one.p is None else f"{one.p:.2g}",
            "n": one.n,
        }
        for one in report.measures
    ]
    if rows:
        emit(rows, list(rows[0]), "table")
    for measure in report.measures:
        if measure.note:
            click.echo(_filled(f"{measure.code}: {measure.note}", hang=6))
    for group in report.left_out:
        click.echo(_filled(f"Not checked: {group}.", hang=2))
    click.echo("\n" + _filled(_summary(report)))


def _summary(report: Report) -> str:
    counts = ", ".join(
        f"{n} {word}{'' if n == 1 else 's'}"
        for n, word in (
            (report.count("error"), "error"),
            (report.count("warning"), "warning"),
            (report.count("info"), "note"),
        )
    )
    waived = Counter(one.code for one in report.findings if one.waived)
    items = max(report.n_items, 1)
    by_code = ", ".join(f"{code} {n} ({n / items:.1%} of items)" for code, n in sorted(waived.items()))
    said = f"; false alarms, waived with a reason: {by_code}" if waived else ""
    return f"{report.bank}: {report.n_items} items, {counts}{said}."


def _json(report: Report) -> None:
    """Print everything, waived findings with their reasons."""
    body = {
        "bank": report.bank,
        "items": report.n_items,
        "errors": report.count("error"),
        "warnings": report.count("warning"),
        "notes": report.count("info"),
        "waived": sum(bool(one.waived) for one in report.findings),
        "not_checked": list(report.left_out),
        "measures": [asdict(one) for one in report.measures],
        "findings": [_row(one) for one in report.findings],
    }
    click.echo(json.dumps(body, indent=2, ensure_ascii=False))


def _csv(report: Report) -> None:
    """Print one row a finding, and one a bank-level number."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    for one in report.findings:
        table.writerow({**_row(one), "others": " ".join(one.others)})
    for measure in report.measures:
        values = {"value": measure.value, "limit": measure.limit, "n": measure.n, "p": measure.p}
        sentence = f"{measure.name}; {measure.note}" if measure.note else measure.name
        table.writerow({"code": measure.code, "severity": "measure", "sentence": sentence, **values})
    click.echo(text.getvalue(), nl=False)


def _github(report: Report) -> None:
    """Print annotations; what is waived is not shown."""
    for one in report.findings:
        if one.waived:
            continue
        place = [f"file={_property(one.path)}"] + ([] if one.line is None else [f"line={one.line}"])
        about = f"item {one.item!r}: " if one.item else ""
        title = _property(f"{one.code} {one.item}".strip())
        click.echo(f"::{GITHUB[one.severity]} {','.join(place)},title={title}::{_data(about + one.sentence)}")
    click.echo(f"::notice title=adaptest bank check::{_data(_summary(report))}")


def _row(one: Finding) -> dict[str, Any]:
    """Return a finding as plain values."""
    return {
        "code": one.code,
        "severity": one.severity,
        "path": one.path,
        "line": one.line,
        "item": one.item,
        "exam": one.exam,
        "sentence": one.sentence,
        "others": list(one.others),
        "p": one.p,
        "waived": one.waived,
    }


def _data(text: str) -> str:
    """Return text as an annotation's message may hold it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return text as an annotation's property may hold it."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _filled(text: str, *, hang: int = 0) -> str:
    return textwrap.fill(text, WIDTH, subsequent_indent=" " * hang, break_on_hyphens=False)


PRINTERS = {"text": _text, "json": _json, "csv": _csv, "github": _github}
