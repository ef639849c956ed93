"""`adaptest verify`: reference cases computed now, with differences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from adaptest.cli.output import progress


@click.command(
    short_help="Compute reference cases now: our numbers beside others'.",
    epilog="Exit 1: a number is further off than its source's own precision allows.",
)
@click.option(
    "--cases", "folder", metavar="DIR", help="Also the cases in DIR/*.json; data paths are from above DIR."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["md", "json"]),
    default="md",
    show_default=True,
    help="A page in Markdown, or cases, passed, skipped, worst and every number.",
)
@click.pass_obj
def verify(settings: dict[str, Any], *, folder: str | None, format_: str) -> int:
    """Compute numbers that publications and other programs print, and say how far ours are from theirs.

    Built in are cases on probability, information, theta, calibration, fit, linking and equating, with their
    sources; the page on standard output shows the largest difference of each program and method first.
    """
    from adaptest.programme.verify import markdown
    from adaptest.programme.verify import verify as compute

    with progress("verifying", quiet=settings["quiet"]) as show:
        report = compute(None if folder is None else Path(folder), show)
    if format_ == "json":
        click.echo(json.dumps(report.to_json(), indent=2, ensure_ascii=False, allow_nan=False))
    else:
        click.echo(markdown(report), nl=False)
    if not settings["quiet"]:
        click.echo(
            f"{len(report.checked)} cases: {report.passed} agree, {len(report.failed)} do not, "
            f"{report.skipped} not compared",
            err=True,
        )
    for one in report.failed:
        click.echo(f"flag: {one.case.id} ({one.case.program}, {one.method}) does not agree", err=True)
    return 1 if report.failed else 0
