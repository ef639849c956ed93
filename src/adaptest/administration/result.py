"""What a log comes to: its status, the final estimate, the decision and a band per content area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from adaptest.administration.about import Cut
from adaptest.administration.answers import final_answers
from adaptest.administration.views import DomainFeedback, Result
from adaptest.engine.events import (
    Estimated,
    Event,
    ResponseGiven,
    SittingEnded,
    SittingHeld,
    SittingReleased,
    SittingVoided,
)
from adaptest.scoring.mode import Mode
from adaptest.scoring.wle import WeightedLikelihood

if TYPE_CHECKING:
    from adaptest.administration.exam import Exam

Z = 1.959964  # of a two-sided 95 % interval
BAND_ITEMS = 6  # fewer say too little about a content area


def status_of(events: Sequence[Event]) -> str:
    """Return "unfinished", "finished", "held", "released" or "void"."""
    status = "unfinished"
    for event in events:
        match event:
            case SittingEnded():
                status = "finished"
            case SittingHeld():
                status = "held"
            case SittingReleased():
                status = "released"
            case SittingVoided():
                return "void"
    return status


def result_of(exam: Exam, sitting: str, candidate: str, events: Sequence[Event]) -> Result:
    """Return what a log comes to; without an end, what can be said so far: no estimate, no decision."""
    about = exam.about
    end = next((event for event in events if isinstance(event, SittingEnded)), None)
    final = end.estimate if end else None
    theta, sem = (final.theta, final.sem) if final else (None, None)
    given = [answer for shown, answer in final_answers(events) if shown.role == "scored"]
    scale = about.scale

    def scaled(value: float | None) -> float | None:
        return None if value is None or scale is None else scale.score(value)

    return Result(
        sitting=sitting,
        candidate=candidate,
        exam=about.exam,
        title=about.title,
        stakes=about.stakes,
        status=status_of(events),
        theta=theta,
        sem=sem,
        method=final.method if final else "",
        outcome=final.outcome if final else "",
        scale_score=scaled(theta),
        scale_low=None if theta is None or sem is None else scaled(theta - Z * sem),
        scale_high=None if theta is None or sem is None else scaled(theta + Z * sem),
        cut=about.cut.theta if about.cut else None,
        cut_score=scaled(about.cut.theta) if about.cut else None,
        cut_label=about.cut.label if about.cut else "",
        decision=(end.decision if end else "") or _decision(final, about.cut),
        domains=_domains(exam, given) if end else (),
        n_items=len(given),
        reason=end.reason if end else "",
        release=about.release,
        provisional=about.provisional,
        started_at=events[0].at,
        ended_at=end.at if end else "",
        level=None if about.levels is None or theta is None else about.levels.of(theta),
    )


def as_row(result: Result) -> dict[str, Any]:
    """Return a result as listings have it, the names of INTERFACES first; a level where there is one."""
    names = (
        "sitting",
        "candidate",
        "exam",
        "status",
        "theta",
        "sem",
        "scale_score",
        "cut",
        "decision",
        "bands",
        "n_items",
        "reason",
        "release",
        "provisional",
        "method",
        "outcome",
        "scale_low",
        "scale_high",
        "cut_score",
        "cut_label",
        "stakes",
        "started_at",
        "ended_at",
    )
    row = {name: getattr(result, name) for name in names}
    return row if result.level is None else {**row, "level": result.level}


def as_page(result: Result) -> dict[str, Any]:
    """Return a result by field name, as the page for a candidate takes it."""
    return asdict(result)


def _decision(final: Estimated | None, cut: Cut | None) -> str | None:
    """Return "pass" at or above the cut, unrounded, else "fail"; None where there is no estimate or no cut.

    An estimate that is infinite stands in the log by its outcome alone.
    """
    if final is None or cut is None:
        return None
    if final.theta is None:
        return {"all_correct": "pass", "all_incorrect": "fail"}.get(final.outcome)
    return "pass" if final.theta >= cut.theta else "fail"


def _domains(exam: Exam, given: Sequence[ResponseGiven]) -> tuple[DomainFeedback, ...]:
    """Return how each content area went, those that had questions."""
    by_domain: dict[str, list[ResponseGiven]] = {code: [] for code in exam.about.domains}
    for event in given:
        by_domain.setdefault(exam.texts[event.item]["domain"], []).append(event)
    return tuple(
        DomainFeedback(
            code=code,
            title=exam.about.domains.get(code, code),
            correct=sum(event.response == exam.texts[event.item]["key"] for event in events),
            answered=len(events),
            band=_band(exam, events),
        )
        for code, events in by_domain.items()
        if events
    )


def _band(exam: Exam, events: Sequence[ResponseGiven]) -> str:
    """Return where an area's own estimate (Warm's) lies: clear of the cut by its SEM, or near it."""
    if exam.about.cut is None or len(events) < BAND_ITEMS:
        return "not enough items"
    pool = exam.design.pool
    rows = np.array([[pool.row[event.item] for event in events]], dtype=np.intp)
    scores = np.array([[event.score for event in events]], dtype=np.intp)
    one = Mode.of(pool.parameters, WeightedLikelihood())(rows, scores)
    theta, sem, cut = float(one.theta[0]), float(one.sem[0]), exam.about.cut.theta
    clear = sem if np.isfinite(sem) else 0.0  # an infinite estimate is clear of every cut
    if theta - clear > cut:
        return "above"
    return "below" if theta + clear < cut else "near"
