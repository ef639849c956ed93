"""`adaptest monitor`: what each item does between recalibrations, and whether something signals."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from adaptest.cli.output import Format, emit, format_option

NEEDS_A_PERSON = 3
PATH = click.Path(path_type=Path)


@click.command(
    short_help="Watch exposure, residuals and times of a bank's items.",
    epilog="Exit 3: an item signals (easier, harder, faster, slower, overexposed).",
)
@click.argument("bank")
@click.option("--responses", type=PATH, metavar="FILE", help="A long response file (default: the store).")
@click.option("--policy", type=PATH, metavar="FILE", help="Thresholds: its part monitor.")
@click.option(
    "--all", "everything", is_flag=True, help="List items without a signal too (CSV, JSON: always)."
)
@format_option
@click.pass_context
def monitor(
    context: click.Context,
    bank: str,
    *,
    responses: Path | None,
    policy: Path | None,
    everything: bool,
    format_: Format,
) -> None:
    """Watch the items of BANK: exposure, residual CUSUM, response time, pretest counts towards the gate.

    Residuals need a calibrated release: on a judged one they would measure the judges.
    """
    from adaptest.programme.monitor import COLUMNS
    from adaptest.programme.monitor import monitor as watch
    from adaptest.programme.policy import read_policy
    from adaptest.programme.sources import load_task
    from adaptest.workspace import open_workspace

    workspace = open_workspace(context.obj["workspace"])
    task = load_task(workspace, bank, read_policy(policy), responses, datetime.now(UTC))
    found = watch(task)
    rows = [row for row in found.rows if everything or format_ != "table" or row["signals"]]
    emit(rows, COLUMNS, format_)
    if not context.obj["quiet"]:
        judged = (
            "; residuals are not looked at: the release is judged, not calibrated" if task.base.judged else ""
        )
        click.echo(f"{len(found.rows)} items were shown; {len(found.signals)} signals{judged}", err=True)
    if found.signals:
        context.exit(NEEDS_A_PERSON)
