"""The page of `verify --format md`: our numbers beside those of others."""

from __future__ import annotations

from adaptest import __version__
from adaptest.programme.verify.case import NOTHING, Checked, Number
from adaptest.programme.verify.run import Report

HEAD = """# Our numbers beside theirs

Printed by `adaptest verify --format md`, {version}: {cases} cases, {passed} agree, {failed} do not,
{skipped} were not compared. Each number was computed now, from the same input, in the setting of its
source. A difference is absolute, or relative where it ends in %; the tolerance is what the source's own
precision allows.
"""


def markdown(report: Report) -> str:
    """Return the page; equal numbers give equal bytes."""
    parts = [
        HEAD.format(
            version=f"adaptest {__version__}",
            cases=len(report.checked),
            passed=report.passed,
            failed=len(report.failed),
            skipped=report.skipped,
        ),
        "## The largest difference, by program and method\n",
        WORST,
    ]
    for one, found in report.worst:
        same = [c for c in report.checked if (c.case.program, c.method) == (one.case.program, one.method)]
        compared = [c for c in same if c.numbers]
        count = sum(n.count for c in compared for n in c.numbers)
        parts.append(
            f"| {one.case.program} | {one.method} | {len(compared)} | {count} | {_text(one.case.id)} | "
            f"{_row(found)} |"
        )
    if report.failed:
        parts += ["\n## What does not agree\n", TABLE]
        parts += [_line(one, n) for one in report.failed for n in one.numbers if not n.close]
    parts += ["\n## Case by case\n", TABLE]
    parts += [_line(one, found) for one in report.checked for found in one.numbers]
    skipped = [one for one in report.checked if one.skipped]
    if skipped:
        parts += ["\n## Not compared\n", "| case | reason |\n|---|---|"]
        parts += [f"| {_text(one.case.id)} | {_text(one.skipped)} |" for one in skipped]
    sources = {one.case.source: one.case.program for one in report.checked if one.case.source}
    parts += ["\n## Sources\n", *(f"- {program}: {_text(s)}" for s, program in sorted(sources.items()))]
    return "\n".join(parts) + "\n"


WORST = (
    "| program | method | cases | numbers | largest: case | what | ours | theirs | difference | tolerance |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)
TABLE = "| case | method | what | ours | theirs | difference | tolerance |\n|---|---|---|---|---|---|---|"


def _line(one: Checked, found: Number) -> str:
    return f"| {_text(one.case.id)} | {one.method} | {_row(found)} |"


def _row(found: Number) -> str:
    many = f" ({found.count})" if found.count > 1 else ""
    unit = 100 if found.relative else 1
    sign = " %" if found.relative else ""
    return (
        f"{_text(found.what)}{many} | {found.ours:.7g} | {found.theirs:.7g} | "
        f"{_size(found.difference * unit)}{sign} | {_allowed(found.tolerance * unit)}{sign}"
    )


def _size(value: float) -> str:
    """Return a difference to one digit: what a reader needs, and the same on every machine."""
    return "< 1e-9" if value < NOTHING else f"{value:.0e}"


def _allowed(value: float) -> str:
    return f"{value:.0e}" if value else "0"


def _text(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")
