"""Whether a bank's exams can run, and keep the rules of stakes and sharing: EX01 to EX05, IW15 by exam.

EX05 asks for upper count / exposure limit items behind each bound of the blueprint: with a limit of .25, four
times the upper count at the maximum length (EXAM_DOMAIN 1.7). It is necessary and not sufficient.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil

from adaptest.bank.contents import Bank
from adaptest.bank.lint.context import Context
from adaptest.bank.lint.distribution import key_letters
from adaptest.bank.lint.finding import Finding, Measure, found
from adaptest.bank.snapshot import Snapshot
from adaptest.engine.design import Design
from adaptest.engine.schema import ExamSpec
from adaptest.engine.spec import build, read_exam
from adaptest.errors import AdaptestError

EXPOSURE_LIMIT = 0.25  # where the exam sets none
NAMED = 6  # lengths that a sentence names one by one
PLACE = re.compile(r"(?P<path>[^:]+)(?::(?P<line>[0-9]+))?: (?P<sentence>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class _Built:
    """An exam that was read, and its design where it can run."""

    name: str
    spec: ExamSpec
    design: Design


def exam_findings(bank: Bank, snapshot: Snapshot | None) -> Iterator[Finding | Measure]:
    """Yield what is wrong with a bank's exams, and how large the tightest pool is.

    Parameters
    ----------
    snapshot : the release in effect; without one no exam can run, and nothing but the files is checked
    """
    built: list[_Built] = []
    for name in sorted(bank.exams):
        try:
            file = bank.exam(name)
            exam = read_exam(file.text, file.path, file.tuned, file.tables)
            if snapshot is not None:
                built.append(_Built(name, exam.spec, build(exam, snapshot.pool)))
        except AdaptestError as error:
            yield _broken(name, bank, str(error))
    for exam_built in built:
        yield from _lengths(exam_built)
        yield from _adequacy(exam_built)
        yield from _letters(exam_built, bank)
        if snapshot is not None:
            yield from _provisional(exam_built, snapshot)
    yield from _sharing(built)


def _broken(name: str, bank: Bank, error: str) -> Finding:
    """EX01: the sentence that building the exam ended with."""
    match = PLACE.fullmatch(error)
    path = bank.exams[name].path
    if match is None or match["path"] != path:
        return Finding("EX01", "error", "", error, exam=name, path=path)
    line = int(match["line"]) if match["line"] else None
    return Finding("EX01", "error", "", match["sentence"], exam=name, path=path, line=line)


def _lengths(exam: _Built) -> Iterator[Finding]:
    """EX02: lengths between minimum and maximum at which the exam cannot stop."""
    design = exam.design
    if design.maximum is None or design.reach is None:
        return
    closed = sorted(set(range(design.minimum, design.maximum + 1)) - set(design.reach.stops))
    if closed:
        more = f" and {len(closed) - NAMED} more" if len(closed) > NAMED else ""
        got = f"no way to stop at {', '.join(map(str, closed[:NAMED]))}{more}"
        yield found("EX02", got, exam=exam.name)


def _adequacy(exam: _Built) -> Iterator[Finding | Measure]:
    """EX05: items behind each bound against items needed at the exposure limit."""
    design = exam.design
    if design.maximum is None or exam.spec.selection.criterion.get("name") == "fixed_order":
        return
    bounded = [one for one in design.blueprint.rules if one.of is None]
    needs = [("all", design.maximum, len(design.pool))]
    needs += [(one.name, one.most(design.maximum), int(one.what.sum())) for one in bounded]
    short = [(name, ceil(most / EXPOSURE_LIMIT), n) for name, most, n in needs if n * EXPOSURE_LIMIT < most]
    times = 1 / EXPOSURE_LIMIT
    note = f"{exam.name}: at its tightest bound; an exposure of {EXPOSURE_LIMIT} needs {times:g}"
    ratio = min(n / max(most, 1) for _, most, n in needs)
    yield Measure("EX05", "items for each one shown", ratio, len(design.pool), note=note)
    if short:
        got = ", ".join(f"{name}: {n} of {needed}" for name, needed, n in short)
        rule = f"the pool must have {times:g} items for each that the longest exam can show"
        yield found("EX05", got, exam=exam.name, rule=rule)


def _letters(exam: _Built, bank: Bank) -> Iterator[Finding]:
    """IW15 for an exam that shows options in the bank's order."""
    if exam.spec.options.shuffle:
        return
    used = frozenset(exam.design.pool.ids)
    part = replace(bank, items=tuple(item for item in bank.items if item.id in used))
    for one in key_letters(Context.of(part)):
        if isinstance(one, Finding):
            yield replace(one, exam=exam.name, sentence=f"{one.sentence}, or set options: {{shuffle: true}}")


def _provisional(exam: _Built, snapshot: Snapshot) -> Iterator[Finding]:
    """EX04: a decision about people on judged difficulties."""
    if exam.spec.stakes == "certification" and not exam.spec.demo and snapshot.pool.provisional:
        yield found("EX04", f"release {snapshot.release.number} ({snapshot.release.run})", exam=exam.name)


def _asked(exam: _Built) -> frozenset[str]:
    """Return every item that an exam may show, pretest ones among them."""
    pool = exam.design.pool
    return frozenset(pool.ids) | frozenset(pool.unscored.ids)


def _sharing(exams: list[_Built]) -> Iterator[Finding]:
    """EX03: items that an exam explains and a certification exam asks."""
    certification: Mapping[str, frozenset[str]] = {
        exam.name: _asked(exam)
        for exam in exams
        if exam.spec.stakes == "certification" and not exam.spec.demo
    }
    for exam in exams:
        if exam.spec.feedback.explanation == "none":
            continue
        for name, items in certification.items():
            shared = sorted(items & _asked(exam))
            if shared and name != exam.name:  # its own keys it may not show at all: building it says so
                rule = f"exam {exam.name!r}, which shows keys, must share no item with {name!r}"
                got = f"{len(shared)} items, {shared[0]} the first"
                yield found("EX03", got, exam=exam.name, rule=rule)
