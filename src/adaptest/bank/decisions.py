"""What people decided about an item: its statuses, waivers, and what a change of its content means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from typing import Literal

from adaptest.bank.lifecycle import FOLLOWS, STATUSES, may_follow
from adaptest.bank.lint.codes import CODES
from adaptest.bank.schema import Item

Standing = Literal["same", "minor_edit", "new_item", "undecided"]

REASON_WORDS = 4  # a waiver with fewer does not say why


def standing(item: Item, published: str) -> Standing:
    """Return what became of the content that parameters were published for.

    The decisions are followed from the published fingerprint; they count only where they end at the item
    as it is, so that a decision never covers a later change.

    same       the content is that of the parameters
    minor_edit changed, and every change was decided to be one: the parameters stay
    new_item   changed, and decided to be another question: the parameters do not hold
    undecided  changed, and nobody has said which
    """
    if item.fingerprint == published:
        return "same"
    position, minor = published, True
    for decision in item.content_decisions:
        if _equal(decision.was, position):
            position, minor = decision.now, minor and decision.decision == "minor_edit"
    if position == published or not _equal(position, item.fingerprint):
        return "undecided"
    return "minor_edit" if minor else "new_item"


def history_problems(item: Item) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield place and sentence of each step of an item's history that cannot be."""
    steps, decisions = (step.at for step in item.history), (one.at for one in item.content_decisions)
    for name, days in (("history", steps), ("content_decisions", decisions)):
        for row, day in enumerate(days):
            try:
                datetime.fromisoformat(day)
            except ValueError:
                yield (name, row, "at"), f"{name}.{row}.at must be a day of the calendar; got {day!r}"
    if not item.history:
        return
    first, last = item.history[0], item.history[-1]
    if first.status != STATUSES[0]:
        yield ("history", 0, "status"), f"history must begin with status {STATUSES[0]}; got {first.status!r}"
    for row, (before, after) in enumerate(pairwise(item.history), start=1):
        if not may_follow(before.status, after.status):
            allowed = ", ".join(FOLLOWS[before.status]) or "nothing"
            sentence = f"status {before.status!r} must be followed by {allowed}; got {after.status!r}"
            yield ("history", row, "status"), f"history.{row}: {sentence}"
        if after.at < before.at[: len(after.at)]:
            yield ("history", row, "at"), f"history.{row}.at must not be before {before.at}; got {after.at}"
    if last.status != item.status:
        row = len(item.history) - 1
        sentence = f"history must end with the item's status {item.status!r}; got {last.status!r}"
        yield ("history", row, "status"), f"{sentence}; add the step"


def waiver_problems(waivers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield code and sentence of each waiver that no rule knows, or that gives no reason."""
    for code, reason in waivers.items():
        if code not in CODES:
            yield code, f"waiver {code!r}: must be a code of adaptest bank check; got one that is not known"
        elif len(reason.split()) < REASON_WORDS:
            yield (
                code,
                f"waiver {code!r}: must say why, in {REASON_WORDS} words or more; got {reason!r}",
            )


def _equal(one: str, other: str) -> bool:
    """Whether two fingerprints, each perhaps shortened, are the same."""
    return one.startswith(other) or other.startswith(one)
