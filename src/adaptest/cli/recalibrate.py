"""`adaptest recalibrate`: from sittings to a candidate release with its consequences known."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adaptest.cli.output import progress

if TYPE_CHECKING:
    from adaptest.programme.recalibrate import Outcome

NEEDS_A_PERSON = 3
LISTED = 8  # items of one kind named on standard output; decisions.csv has all
PATH = click.Path(path_type=Path)


@click.command(
    short_help="Make a candidate release from sittings.",
    epilog="Exit 3: written, but something needs a person: drift, a doubtful key, decisions that would"
    " change, a new scale; a scale event is never released. A run that was killed goes on where it was when"
    " it is started again with the same words.",
)
@click.argument("bank", required=False)
@click.option(
    "--responses", type=PATH, metavar="FILE", help="A long response file (default: the store's sittings)."
)
@click.option("--policy", type=PATH, metavar="FILE", help="Thresholds (default: those of --show-policy).")
@click.option(
    "--show-policy", is_flag=True, help="Print the default policy file, with the defaults' sources."
)
@click.option(
    "--out", type=PATH, metavar="DIR", help="The candidate: parameters.csv, run.json, decisions.csv, …."
)
@click.option("--force", is_flag=True, help="Replace DIR if it is there.")
@click.pass_context
def recalibrate(
    context: click.Context,
    bank: str | None,
    *,
    responses: Path | None,
    policy: Path | None,
    show_policy: bool,
    out: Path | None,
    force: bool,
) -> None:
    """Recalibrate BANK from its sittings, steps 0 to 9, and write a candidate release to DIR.

    Nothing is published: read report.html, edit decisions.csv where you decide otherwise, then
    `adaptest release approve` and `adaptest release publish`.
    """
    from adaptest.programme.policy import DEFAULTS

    if show_policy:
        click.echo(DEFAULTS.read_text(encoding="utf-8"), nl=False)
        return
    if bank is None or out is None:
        missing = "argument 'BANK'" if bank is None else "option '--out'"
        raise click.UsageError(f"missing {missing}", context)
    from adaptest.programme.make import make_candidate
    from adaptest.workspace import open_workspace

    with progress("recalibrating", quiet=bool(context.obj["quiet"])) as show:
        made = make_candidate(
            open_workspace(context.obj["workspace"]),
            bank,
            out,
            responses=responses,
            policy=policy,
            force=force,
            now=lambda: datetime.now(UTC),
            tell=lambda step: show(f"step {step}"),
        )
    outcome = made.outcome
    _say(outcome, out)
    for row in made.exposure:
        if row["problem"]:
            click.echo(f"exam {row['exam']}: {row['problem']}")
    if outcome.needs_attention or any(row["problem"] for row in made.exposure):
        context.exit(NEEDS_A_PERSON)


def _say(outcome: Outcome, out: Path) -> None:
    """Print what was collected, what is proposed, and whose result would change."""
    from adaptest.programme.impact import summary

    task, collection, moved = outcome.task, outcome.collection, outcome.moved
    log = collection.log
    sittings = len({*log.sitting[collection.used].tolist()})
    times = len(collection.administrations)
    what = "base calibration" if task.base.judged else "fixed-parameter calibration"
    click.echo(
        f"{what} of {task.bank} from release {task.base.number} ({task.base.run}):"
        f" {int(collection.used.sum())} responses of {sittings} sittings, {times} administrations"
    )
    aside = "; ".join(f"{n} {kind}" for kind, n in collection.set_aside.items() if n)
    click.echo(f"set aside: {aside or 'nothing'}")
    by_word: dict[str, list[str]] = {}
    for one in outcome.decisions:
        by_word.setdefault(one.decision, []).append(f"{one.item} ({one.reason})")
    for word, items in by_word.items():
        named = ""
        if word in {"replace", "reject", "key-fix", "retire"}:
            more = f", and {len(items) - LISTED} more" if len(items) > LISTED else ""
            named = f": {', '.join(items[:LISTED])}{more}"
        click.echo(f"{word}: {len(items)}{named}")
    for event in moved.scale_event:
        click.echo(f"scale event, no release: {event}")
    for row in summary(task, collection, outcome.impacts):
        if row["comparable"]:
            click.echo(
                f"exam {row['exam'] or '(not named)'}: {row['sittings']} sittings,"
                f" {row['fail_to_pass']} fail to pass, {row['pass_to_fail']} pass to fail"
            )
    if task.base.judged:
        click.echo(f"new scale {outcome.scale_id}: cuts must be set anew; old thetas are not comparable")
    for flag in outcome.checked.flags[:LISTED]:
        click.echo(f"flag: {flag}")
    if outcome.taken:
        click.echo(f"went on after {outcome.taken[-1]}, which was there already", err=True)
    click.echo(f"candidate written to {out}; read {out}/report.html")
