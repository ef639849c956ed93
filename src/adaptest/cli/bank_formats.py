"""`adaptest bank import` and `export`: items in the formats that other people have."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adaptest.cli.output import Format as Printed
from adaptest.cli.output import emit
from adaptest.errors import BankFileError, OptionError
from adaptest.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from adaptest.bank.contents import Bank
    from adaptest.bank.formats import Format
    from adaptest.bank.formats.record import Contents, Remark

NEEDS_A_PERSON = 3
NAMES = (
    "csv",
    "xlsx",
    "json",
    "qti3",
    "qti22",
    "moodle",
    "gift",
    "aiken",
    "canvas",
)  # FORMATS; a test compares

report_option = click.option(
    "--report",
    "printed",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="How to print what was not kept.",
)
kind_option = click.option(
    "--format", "kind", type=click.Choice(NAMES), help="The file's format (default: by its name's ending)."
)


@click.command("export", short_help="Write items as CSV, XLSX, JSON, QTI, Moodle, GIFT, Aiken, Canvas.")
@click.argument("name", metavar="BANK")
@click.option("--out", "out", required=True, type=click.Path(path_type=Path), help="The file to write.")
@kind_option
@click.option("--item", "items", multiple=True, metavar="ID", help="Only this item (repeatable).")
@click.option("--competency", multiple=True, help="Only items of this competency (repeatable).")
@click.option("--status", multiple=True, help="Only items of this status (repeatable).")
@click.option("--exam", metavar="EXAM", help="qti3: add this exam as a test with an adaptive section.")
@click.option("--without-keys", is_flag=True, help="Leave out keys, rationales and parameters.")
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@report_option
@click.pass_context
def export_command(
    context: click.Context,
    name: str,
    out: Path,
    kind: str | None,
    items: tuple[str, ...],
    competency: tuple[str, ...],
    status: tuple[str, ...],
    exam: str | None,
    printed: Printed,
    *,
    without_keys: bool,
    force: bool,
) -> None:
    """Write the items of BANK to a file for another program.

    What the format cannot hold is listed, item by item. Exit 3 if an item had to be left out.
    """
    from adaptest.bank.files import bank_named
    from adaptest.bank.formats import export
    from adaptest.files import require_new, write_bytes

    workspace = open_workspace(context.obj["workspace"])
    format_ = _format(kind, out)
    if exam is not None and format_.name != "qti3":
        raise OptionError(f"--exam: only a qti3 package has a place for an exam; got --format {format_.name}")
    require_new(out, force=force)
    bank = bank_named(workspace.bank, name)
    chosen = [
        item
        for item in bank.items
        if (not items or item.id in items)
        and (not competency or item.competency in competency)
        and (not status or item.status in status)
    ]
    for item in items:
        bank.item(item)
    if not chosen:
        raise BankFileError(f"bank {name!r}: must have an item to export; none is as the options say")
    contents = _contents(workspace, bank, [item.id for item in chosen], exam, keys=not without_keys)
    written = export(contents, format_)
    write_bytes(out, written.data)
    left_out = _report(written.remarks, printed)
    kept = len(chosen) - left_out
    click.echo(f"{out}: {_count(kept)} as {format_.title}{_but(left_out)}", err=True)
    context.exit(NEEDS_A_PERSON if left_out else 0)


@click.command("import", short_help="Add items from CSV, XLSX, JSON, QTI, Moodle, GIFT, Aiken, Canvas files.")
@click.argument("name", metavar="BANK")
@click.argument("file", type=click.Path(path_type=Path))
@kind_option
@click.option("--competency", default="", help="Of items whose file does not say.")
@click.option("--domain", default="", help="Of items whose file does not say (default: the competency's).")
@click.option("--level", default="", help="Of items whose file does not say (default: application).")
@click.option("--replace", is_flag=True, help="Put items of the file in the place of those of the same id.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option(
    "--parameters", type=click.Path(path_type=Path), help="Write item parameters of a qti3 file here."
)
@report_option
@click.pass_context
def import_command(
    context: click.Context,
    name: str,
    file: Path,
    kind: str | None,
    competency: str,
    domain: str,
    level: str,
    parameters: Path | None,
    printed: Printed,
    *,
    replace: bool,
    dry_run: bool,
) -> None:
    """Add the items of FILE to BANK, all of them or none.

    An item that lacks a rationale or a reference comes in as a draft. What is not taken over is listed,
    item by item. Exit 3 if a question had to be left out.
    """
    from adaptest.bank.files import bank_named
    from adaptest.bank.formats import read_file
    from adaptest.bank.formats.completion import Defaults
    from adaptest.bank.formats.merge import apply_import, plan_import
    from adaptest.files import require_new
    from adaptest.parameters.files import write_parameter_table

    workspace = open_workspace(context.obj["workspace"])
    format_ = _format(kind, file)
    if parameters is not None:
        require_new(parameters)
    bank = bank_named(workspace.bank, name)
    imported = read_file(file, format_)
    plan = plan_import(bank, imported, Defaults(competency, domain, level), replace=replace)
    if parameters is not None and imported.parameters is None:
        raise BankFileError(f"{file}: must hold item parameters of ours for --parameters; it has none")
    if not dry_run:
        apply_import(bank, plan)
    left_out = _report(plan.remarks, printed)
    counts = {action: [step.item.id for step in plan.steps if step.action == action] for action in ACTIONS}
    done = ", ".join(f"{ACTIONS[action]} {len(ids)}" for action, ids in counts.items() if ids)
    would = "would be: " if dry_run else ""
    click.echo(f"{file}: {_count(len(plan.steps))}: {would}{done}{_but(left_out)}", err=True)
    if parameters is not None and imported.parameters is not None and not dry_run:
        write_parameter_table(parameters, imported.parameters)
        click.echo(f"{parameters}: parameters of {_count(len(imported.parameters))}", err=True)
    elif imported.parameters is not None:
        count = _count(len(imported.parameters))
        click.echo(f"{file}: parameters of {count} were not used; --parameters FILE writes them", err=True)
    context.exit(NEEDS_A_PERSON if left_out else 0)


ACTIONS = {"add": "added", "replace": "replaced", "unchanged": "unchanged"}


def _format(kind: str | None, path: Path) -> Format:
    """Return the format that was named, or the one that a file's ending can mean."""
    from adaptest.bank.formats import FORMATS

    if kind is not None:
        return FORMATS[kind]
    fitting = [format_ for format_ in FORMATS.values() if format_.suffix == path.suffix.lower()]
    if len(fitting) != 1:
        names = ", ".join(format_.name for format_ in fitting or FORMATS.values())
        raise OptionError(
            f"{path}: its ending does not say which format it has; give --format, one of {names}"
        )
    return fitting[0]


def _contents(workspace: Workspace, bank: Bank, ids: list[str], exam: str | None, *, keys: bool) -> Contents:
    """Return what is to be written: items, published parameters, an exam and the items it may use."""
    from adaptest.bank.formats.record import Contents, record_of
    from adaptest.bank.overview import published
    from adaptest.engine.spec import build, read_exam

    snapshot = published(bank, workspace.calibration, datetime.now(UTC))
    used: tuple[str, ...] = ()
    file = None
    if exam is not None:
        file = bank.exam(exam.removeprefix(f"{bank.name}/"))
        if snapshot is None:
            raise BankFileError(
                f"bank {bank.name!r}: needs published parameters before an exam can be exported"
            )
        used = build(read_exam(file.text, file.path, file.tuned, file.tables), snapshot.pool).pool.ids
        used = tuple(item for item in used if item in ids)
    return Contents(
        name=bank.name,
        title=bank.header.title,
        language=bank.header.language,
        records=tuple(record_of(bank.item(item)) for item in ids),
        keys=keys,
        parameters=snapshot.table if snapshot is not None else None,
        exam=file,
        exam_items=used,
        sets={item: held for item in ids if (held := bank.item(item).set) is not None},
    )


def _report(remarks: Iterable[Remark], printed: Printed) -> int:
    """Print remarks, an item a row; return how many items were left out."""
    from adaptest.bank.formats.record import WHOLE

    rows: dict[tuple[str, str], list[str]] = {}
    left_out: set[str] = set()
    for remark in remarks:
        rows.setdefault((remark.item, remark.what), []).append(remark.field)
        if remark.field == WHOLE:
            left_out.add(remark.item)
    lines = [
        {"item": item, "fields": ", ".join(fields), "what": what} for (item, what), fields in rows.items()
    ]
    if lines or printed != "table":
        emit(lines, ["item", "fields", "what"], printed)
    return len(left_out)


def _count(count: int) -> str:
    return f"{count} item{'' if count == 1 else 's'}"


def _but(left_out: int) -> str:
    return f"; {left_out} left out" if left_out else ""
