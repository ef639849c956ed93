"""Why an item was chosen, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adaptest.constraints.assured import PROVEN
from adaptest.constraints.blueprint import BROKEN, NEEDED, ORDERED, ROOM, SET_GOES_ON
from adaptest.engine.deciding import OTHER_STRATUM
from adaptest.engine.design import Design
from adaptest.engine.events import Decision, Estimated
from adaptest.engine.exposing import ELIGIBILITY, LOTTERY
from adaptest.engine.opening import START_BAND

if TYPE_CHECKING:
    from adaptest.engine.audit import Ranked

IN_WORDS = {
    "administered": "already given",
    "excluded": "excluded for this person",
    "ineligible": "barred by exposure control",
    "withdrawn": "withdrawn while the sitting ran",
    "drawn_out": "chosen, but failed its exposure draw",
    "not_planned": "not in the test that was planned, or due later in it",
    ORDERED: "its item set was left, or others come before it in order",
    SET_GOES_ON: "outside the item set that was begun and goes on",
    BROKEN: "after which no rest of the exam would keep every rule",
    "ineligible_here": "not eligible at this theta, by exposure control",
    "enemy": "enemy of an item given, or of a pretest item of this sitting",
    ROOM: "its content area is full until the next possible end",
    OTHER_STRATUM: "of a stratum that is for other questions",
    START_BAND: "outside the difficulties that an exam begins with",
    NEEDED: "content areas that still lack items need the room",
}


def sentences_of(
    number: int,
    item: str,
    decision: Decision,
    ranking: tuple[Ranked, ...],
    design: Design,
    *,
    agrees: bool,
) -> tuple[str, ...]:
    """Return an explanation in words."""
    estimate = decision.estimate
    mine = next((one for one in ranking if one.item == item), None)
    candidates = len(decision.shortlist) + decision.more
    told = [
        f"item {number} is {item}, chosen at {in_numbers(estimate)} ({estimate.method})",
        f"items are compared by {design.criterion.words}",
        (
            f"{decision.eligible} of {len(ranking)} items could come next; chance chose among the best"
            f" {candidates}, with the draws {decision.choice:.6f} (rank) and {decision.tie:.6f} (ties)"
        ),
    ]
    if mine is not None and mine.rank is not None and mine.criterion is not None:
        ties = sum(one.rank == mine.rank for one in ranking) - 1
        shared = f", with {ties} others" if ties else ""
        told.append(f"it ranked {mine.rank}{shared}, with criterion {mine.criterion:.6f}")
    told += _content_sentences(decision)
    told += _exposure_sentences(decision)
    told += decision.notes
    told += [f"ruled out, {IN_WORDS[reason]}: {count}" for reason, count in decision.ruled_out]
    told.append(f"the sitting may next end at {decision.next_stop} scored items")
    if not agrees:
        told.append("decided again, the step comes out otherwise: this log does not follow from its design")
    return tuple(told)


def _content_sentences(decision: Decision) -> list[str]:
    """Return what the content method did before a choice, in words."""
    planned = decision.content
    if planned is None:
        return []
    told = []
    if planned.test:
        told.append(
            f"it is of a shadow test of {len(planned.test)} items, assembled anew: {planned.objective:.6f} by"
            f" the criterion, and no test exceeds {planned.bound:.6f} ({planned.status})"
        )
    elif planned.status == "kept":
        told.append("it is of the shadow test assembled before, which goes on")
    elif planned.status == PROVEN:
        told.append(
            "whatever could come next leaves an exam that keeps every rule: each is in an assembled one"
        )
    else:
        told.append(f"criteria were weighed by content ({planned.method})")
    return told + [f"the soft target {rule} is missed by {by:g}" for rule, by in planned.missed]


def in_numbers(one: Estimated) -> str:
    """Return an estimate in words and numbers."""
    if one.theta is None:
        return f"no estimate ({one.outcome.replace('_', ' ')})"
    sem = "unknown" if one.sem is None else f"{one.sem:.3f}"
    return f"theta {one.theta:+.3f}, SEM {sem}"


def _exposure_sentences(decision: Decision) -> list[str]:
    """Return what exposure control did at a choice, in words."""
    told = []
    if decision.passed_over:
        n = len(decision.passed_over)
        names = ", ".join(decision.passed_over)
        told.append(f"chosen before it, but failed the exposure draw ({n}): {names}")
    if decision.waived == LOTTERY:
        told.append("it is shown although it failed its exposure draw: the exam could not go on without it")
    if decision.waived == ELIGIBILITY:
        told.append("no item that may come next was eligible at this theta: eligibility was set aside")
    return told
