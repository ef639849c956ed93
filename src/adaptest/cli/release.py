"""`adaptest release`: what a bank's exams run on: list, show, diff, approve, publish, roll back, revoke."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adaptest.cli.output import Format, emit, format_option
from adaptest.errors import AdaptestError, OptionError
from adaptest.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from adaptest.bank.releases import Release

NEEDS_A_PERSON = 3
NAMED = 12  # items that a sentence names
PATH = click.Path(path_type=Path)
COLUMNS = (
    "number", "action", "run", "scale_id", "provisional", "effective", "in_effect", "by", "why", "approvals",
)  # fmt: skip
DIFFERENCES = (
    "item_id",
    "change",
    "discrimination_from",
    "discrimination_to",
    "difficulty_from",
    "difficulty_to",
)


@click.group(short_help="List, approve, publish, roll back and revoke releases.")
def release() -> None:
    """Say what a bank's exams run on, and change it; the list of releases only grows."""


def _workspace(context: click.Context) -> Workspace:
    return open_workspace(context.obj["workspace"])


def _row(one: Release, current: int) -> dict[str, Any]:
    from adaptest.bank.releases import utc

    return {
        "number": one.number,
        "action": one.action,
        "run": one.run,
        "scale_id": one.scale_id,
        "provisional": one.provisional,
        "effective": utc(one.effective),
        "in_effect": one.number == current,
        "by": one.by,
        "why": one.why,
        "approvals": [f"{given.name} ({given.account})" for given in one.approvals],
    }


def _releases(workspace: Workspace, bank: str) -> tuple[tuple[Release, ...], int]:
    """Return a bank's releases and the number of the one in effect; 0 where none is."""
    from adaptest.bank.files import bank_folder
    from adaptest.bank.releases import current_release, read_releases

    bank_folder(workspace.bank, bank)
    releases, at = read_releases(workspace.calibration / bank), datetime.now(UTC)
    begun = [one for one in releases if one.effective <= at]
    return releases, current_release(releases, at, bank=bank).number if begun else 0


@release.command("list", short_help="List a bank's releases.")
@click.argument("bank")
@format_option
@click.pass_context
def list_(context: click.Context, bank: str, format_: Format) -> None:
    """List the releases of BANK, the oldest first; the chain of hashes is verified."""
    releases, current = _releases(_workspace(context), bank)
    emit([_row(one, current) for one in releases], COLUMNS, format_)


@release.command(short_help="Show one release or candidate.")
@click.argument("bank")
@click.argument("which", metavar="[NUMBER|RUN]", required=False)
@format_option
@click.pass_context
def show(context: click.Context, bank: str, which: str | None, format_: Format) -> None:
    """Show a release of BANK (the one in effect without NUMBER), or a candidate folder RUN."""
    workspace = _workspace(context)
    releases, current = _releases(workspace, bank)
    if which is None or which.isdecimal():
        number = current if which is None else int(which)
        if not 1 <= number <= len(releases):
            raise OptionError(f"release {number}: must be a release of {bank!r}, 1 to {len(releases)}")
        facts = _of_release(workspace, bank, releases[number - 1], current)
    else:
        facts = _of_candidate(workspace, bank, which)
    rows = [{"what": name, "value": value} for name, value in facts.items()]
    emit([facts] if format_ == "json" else rows, ("what", "value"), format_)


def _of_release(workspace: Workspace, bank: str, one: Release, current: int) -> dict[str, Any]:
    from adaptest.bank.releases import read_run
    from adaptest.bank.snapshot import read_parameters_of

    run = read_run(workspace.calibration / bank, one)
    table = read_parameters_of(run)
    facts = _row(one, current)
    return facts | {
        "items": len(table.items),
        "method": run.record.get("method"),
        "n_responses": run.record.get("n_responses"),
        "decisions": run.record.get("decisions"),
        "hash": one.hash,
        "files": dict(one.files),
    }


def _of_candidate(workspace: Workspace, bank: str, which: str) -> dict[str, Any]:
    from adaptest.programme.approvals import read_approvals, valid_approvals
    from adaptest.programme.candidate import run_fingerprint
    from adaptest.programme.release import find_run

    _, folder = find_run(workspace, bank, which)
    from adaptest.programme.candidate import read_record

    record = read_record(folder)
    good = valid_approvals(folder)
    return {
        "run": folder.name,
        "method": record["method"],
        "base": record["base"]["run"],
        "scale_id": record["scale_id"],
        "items": record["n_items"],
        "decisions": record["decisions"],
        "edited": sorted(record["edited"]),
        "scale_event": record["scale_event"],
        "fingerprint": run_fingerprint(folder),
        "approvals": [f"{one.name} ({one.account})" for one in good],
        "void_approvals": len(read_approvals(folder)) - len(good),
        "approvals_needed": record["policy"]["approvals"]["needed"],
    }


@release.command(short_help="What changed from one release, or candidate, to another.")
@click.argument("bank")
@click.argument("old", metavar="FROM")
@click.argument("new", metavar="TO")
@format_option
@click.pass_context
def diff(context: click.Context, bank: str, old: str, new: str, format_: Format) -> None:
    """List the items of BANK whose parameters differ between FROM and TO: release numbers, or candidates."""
    from adaptest.programme.difference import difference

    workspace = _workspace(context)
    _releases(workspace, bank)
    rows = difference(workspace, bank, old, new)
    emit(rows, DIFFERENCES, format_)


def _two(words: tuple[str, ...]) -> tuple[str | None, str]:
    """Return the bank, where it is named, and the run."""
    if len(words) not in {1, 2}:
        raise click.UsageError("give [BANK] RUN")
    return (words[0] if len(words) == 2 else None), words[-1]  # noqa: PLR2004 (bank and run)


@release.command(short_help="Approve a candidate as it is.")
@click.argument("words", metavar="[BANK] RUN", nargs=-1, required=True)
@click.option(
    "--as", "name", required=True, metavar="NAME", help="Who approves; your account is recorded too."
)
@click.pass_context
def approve(context: click.Context, words: tuple[str, ...], name: str) -> None:
    """Approve the candidate RUN, a folder that `adaptest recalibrate` wrote, exactly as it is.

    decisions.csv is validated; where you decided otherwise, parameters, impact and report are made again
    first. Any later edit voids the approval.
    """
    from adaptest.programme import release as programme

    workspace = _workspace(context)
    bank, folder = programme.find_run(workspace, *_two(words))
    done = programme.approve(workspace, bank, folder, name, datetime.now(UTC))
    if done.edited:
        named = ", ".join(done.edited[:8])
        click.echo(f"decided otherwise: {named}; parameters, impact and report were made again")
        for row in done.record["impact"]:
            click.echo(
                f"exam {row['exam'] or '(not named)'}: {row['fail_to_pass']} fail to pass,"
                f" {row['pass_to_fail']} pass to fail"
            )
    given = done.approval
    click.echo(f"approved by {given.name} (account {given.account}): fingerprint {given.fingerprint[:12]}")


@release.command(short_help="Publish an approved candidate.")
@click.argument("words", metavar="[BANK] RUN", nargs=-1, required=True)
@click.option("--name", metavar="NAME", help="Of the run (default: the candidate's folder name).")
@click.option("--as", "by", metavar="NAME", help="Who publishes (default: your account).")
@click.option("--why", metavar="TEXT", help="Kept with the release.")
@click.option("--effective", metavar="TIME", help="Since when exams use it, UTC (default: now).")
@click.pass_context
def publish(
    context: click.Context,
    words: tuple[str, ...],
    *,
    name: str | None,
    by: str | None,
    why: str | None,
    effective: str | None,
) -> None:
    """Publish the approved candidate RUN: sittings that begin from now on use it, running ones do not."""
    from adaptest.programme import release as programme
    from adaptest.programme.candidate import read_record

    workspace = _workspace(context)
    bank, folder = programme.find_run(workspace, *_two(words))
    record = read_record(folder)
    done = programme.publish_run(
        workspace,
        bank,
        folder,
        name=name,
        by=by,
        why=why or record["method"],
        effective=_time(effective),
        at=datetime.now(UTC),
    )
    sound = _published(workspace, bank, done)
    if record["new_scale"]:
        click.echo(
            f"new scale {done.scale_id}: set the cuts of {bank} anew; theta under earlier releases is not"
            " comparable"
        )
    if record["new_scale"] or not sound:
        context.exit(NEEDS_A_PERSON)


@release.command(short_help="Go back to an earlier release.")
@click.argument("bank")
@click.option("--to", "number", type=int, required=True, metavar="NUMBER", help="The release to go back to.")
@click.option("--as", "by", metavar="NAME", help="Who rolls back (default: your account).")
@click.option("--why", required=True, metavar="TEXT", help="Kept with the release.")
@click.option("--effective", metavar="TIME", help="Since when exams use it, UTC (default: now).")
@click.pass_context
def rollback(
    context: click.Context, bank: str, *, number: int, by: str | None, why: str, effective: str | None
) -> None:
    """Publish an earlier release of BANK again; nothing is deleted."""
    from adaptest.programme import release as programme

    workspace = _workspace(context)
    _releases(workspace, bank)
    done = programme.roll_back(
        workspace, bank, number, by=by, why=why, effective=_time(effective), at=datetime.now(UTC)
    )
    if not _published(workspace, bank, done):
        context.exit(NEEDS_A_PERSON)


@release.command(short_help="Take an item out: wrong key or leak.")
@click.argument("bank")
@click.argument("item")
@click.option(
    "--how",
    type=click.Choice(["drop", "accept_keys", "credit"]),
    required=True,
    help="What a past response to it counts as: nothing, right for several keys, right for all.",
)
@click.option("--keys", metavar="A,B", help="With accept_keys: the letters that earn the point.")
@click.option("--since", metavar="TIME", help="Only sittings that began then or later, UTC (a leak).")
@click.option("--why", required=True, metavar="TEXT", help="Kept with the candidate.")
@click.option("--responses", type=PATH, metavar="FILE", help="A long response file (default: the store).")
@click.option("--policy", type=PATH, metavar="FILE", help="Which sittings count, approvals needed.")
@click.option("--out", type=PATH, required=True, metavar="DIR", help="The candidate without the item.")
@click.option("--force", is_flag=True, help="Replace DIR if it is there.")
@click.pass_context
def revoke(
    context: click.Context,
    bank: str,
    item: str,
    *,
    how: Any,
    keys: str | None,
    since: str | None,
    why: str,
    responses: Path | None,
    policy: Path | None,
    out: Path,
    force: bool,
) -> None:
    """Propose to take ITEM out of BANK: a candidate without it, and every past sitting old and new.

    Nothing is applied: approve and publish the candidate, and decide about the listed sittings.
    """
    from adaptest.programme.revoke import UNCHECKED
    from adaptest.programme.revoke import revoke as propose

    found = propose(
        _workspace(context),
        bank,
        item,
        how,
        out,
        keys=tuple(keys.split(",")) if keys else (),
        since=since,
        why=why,
        responses=responses,
        policy=policy,
        force=force,
        now=lambda: datetime.now(UTC),
    )
    click.echo(
        f"item {found.item}: {found.had_it} scored responses to it, {found.otherwise} would count otherwise"
        f" ({how})"
    )
    for name, sittings in (
        ("fail to pass", found.fail_to_pass),
        ("pass to fail", found.pass_to_fail),
        ("unsupported", found.unsupported),
    ):
        named = f": {', '.join(sittings[:20])}" if sittings else ""
        click.echo(f"{name}: {len(sittings)}{named}")
    for exam, reason in found.unchecked.items():
        click.echo(f"exam {exam or '(not named)'}: {UNCHECKED}: {reason}")
    click.echo(f"proposed, not applied; candidate written to {out}")
    context.exit(NEEDS_A_PERSON)


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise OptionError(f"--effective must be a time like 2026-12-01T00:00:00Z; got {text!r}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _published(workspace: Workspace, bank: str, done: Release) -> bool:
    """Say what was published and what it means; return whether every exam of the bank can run on it."""
    from adaptest.bank.releases import utc
    from adaptest.programme.published import meaning

    agreed = ", ".join(f"{one.name} ({one.account})" for one in done.approvals) or "nobody was asked"
    click.echo(
        f"release {done.number}: {done.action} of {done.run}, effective {utc(done.effective)};"
        f" approved by {agreed}"
    )
    click.echo("sittings that are running stay on the release they began with")
    try:
        found = meaning(workspace, bank, done)
    except AdaptestError as error:
        click.echo(f"the release stands, but the bank's exams could not be tried on it: {error}")
        return False
    if found.ready:
        more = f" (and {len(found.ready) - NAMED} more)" if len(found.ready) > NAMED else ""
        click.echo(
            f"calibrated, and still of status pretest: {', '.join(found.ready[:NAMED])}{more}; an exam scores"
            " them when their file says operational"
        )
    for exam, why in found.cannot_run:
        click.echo(f"exam {exam!r} cannot run on this release: {why}")
    return not found.cannot_run
