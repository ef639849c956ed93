"""The exposure section of an exam file becomes Controls, or a sentence that says why it cannot work."""

from __future__ import annotations

import json
from collections.abc import Mapping

from adaptest.engine.definition import Exam
from adaptest.engine.parts import part
from adaptest.engine.tuned import mismatch, tuned_for
from adaptest.exposure import (
    Bands,
    Controls,
    Eligibility,
    Lottery,
    MaximumUse,
    MeanOverlap,
    ProgressiveRestricted,
    RecentOverlap,
    Restricted,
    SympsonHetter,
)
from adaptest.exposure.control import StartRule
from adaptest.pool import Pool

Rule = StartRule | Eligibility | SympsonHetter
EXPOSURE: Mapping[str, type[Rule]] = {
    "sympson_hetter": SympsonHetter,
    "eligibility": Eligibility,
    "restricted": Restricted,
    "progressive_restricted": ProgressiveRestricted,
    "maximum_use": MaximumUse,
    "mean_overlap": MeanOverlap,
    "recent_overlap": RecentOverlap,
}
TUNE = "tune it with 'adaptest exam tune'"


def controls_of(exam: Exam, pool: Pool, artifact: str) -> Controls | None:
    """Return the exposure rules of an exam; None where it has none.

    Parameters
    ----------
    pool : the scored items
    artifact : the whole definition as canonical JSON

    Raises
    ------
    ExamError, where a rule cannot work, with another one or at all, or its tuned file is not for this exam.
    """
    said = exam.spec.exposure
    rules = [part(exam, ("exposure", k), EXPOSURE, options, "rule") for k, options in enumerate(said)]
    names = [str(options["rule"]) for options in said]
    _require_compatible(exam, rules, names)
    rated = [k for k, rule in enumerate(rules) if isinstance(rule, Eligibility | SympsonHetter)]
    tuned = exam.spec.tuned
    if not rated and tuned is not None:
        raise exam.fault(
            ("exposure",),
            f"exposure: has a file tuned for {tuned.rule} beside it, and no such rule; say so, or remove it",
        )
    if not rules:
        return None
    starting = tuple(rule for rule in rules if not isinstance(rule, Eligibility | SympsonHetter))
    if not rated:
        return Controls(starting)
    k = rated[0]
    rule = rules[k]
    if tuned is None:
        if isinstance(rule, SympsonHetter):
            raise exam.fault(("exposure", k), f"exposure.{k}: sympson_hetter needs a tuned file; {TUNE}")
        return Controls(starting, rule)
    why = mismatch(tuned, names[k], rule, tuned_for(json.loads(artifact)), pool)
    if why:
        raise exam.fault(("exposure", k), f"exposure.{k}: the tuned file {why}; {TUNE} again")
    table_of = tuned.table(pool)
    table_of.setflags(write=False)
    if isinstance(rule, SympsonHetter):
        return Controls(starting, lottery=Lottery(Bands(rule.bands), table_of))
    return Controls(starting, rule, table_of)


def _require_compatible(exam: Exam, rules: list[Rule], names: list[str]) -> None:
    """Raise where two rules say the same or the exam cannot follow one."""
    for k, name in enumerate(names):
        if name in names[:k]:
            raise exam.fault(("exposure", k), f"exposure.{k}: must name each rule once; got {name} again")
    limits = [
        k
        for k, rule in enumerate(rules)
        if isinstance(rule, Eligibility | SympsonHetter | Restricted | ProgressiveRestricted)
    ]
    if len(limits) > 1:
        first, second = (names[k] for k in limits[:2])
        raise exam.fault(
            ("exposure", limits[1]),
            f"exposure.{limits[1]}: {second} and {first} both hold items to a rate; keep one of them",
        )
    picker = str(exam.spec.selection.picker.get("name"))
    for k, rule in enumerate(rules):
        if isinstance(rule, ProgressiveRestricted) and picker != "progressive":
            raise exam.fault(
                ("exposure", k),
                f"exposure.{k}: progressive_restricted needs the progressive picker; got {picker}; set"
                " selection.picker: progressive, or use restricted",
            )
    if exam.spec.selection.criterion.get("name") == "fixed_order" and rules:
        raise exam.fault(
            ("exposure",),
            "exposure: a fixed order shows everybody the same items, so there is nothing to control; leave it"
            " out, or choose another selection.criterion",
        )
