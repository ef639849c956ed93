"""IW21: what an item must say about itself."""

from __future__ import annotations

from collections.abc import Iterator

from adaptest.bank.lint.codes import Severity
from adaptest.bank.lint.context import Context, ItemText
from adaptest.bank.lint.finding import Finding, Place, found
from adaptest.bank.lint.words import words

FEWEST_WORDS = 6  # a reason with fewer repeats a verdict
SEVERITY: dict[str, Severity] = {
    "draft": "info",
    "review": "warning",
    "pretest": "error",
    "operational": "error",
}


def explained(text: ItemText, context: Context) -> Iterator[Finding]:
    """IW21: rationales, reference, concepts, judged difficulty, author."""
    item = text.item
    for place, got in _missing(text, context):
        yield found("IW21", got, item=item.id, place=place, severity=SEVERITY[item.status])


def _missing(text: ItemText, context: Context) -> Iterator[tuple[Place, str]]:
    """Yield place and what is missing there."""
    item = text.item
    missing = [letter for letter in item.options if letter not in item.rationale]
    if missing:
        yield ("rationale",), f"no rationale for {', '.join(missing)}"
    seen: dict[str, str] = {}
    for letter, reason in item.rationale.items():
        if letter not in item.options:
            yield ("rationale", letter), f"a rationale for {letter}, which is no option"
        if len(words(reason)) < FEWEST_WORDS:
            yield ("rationale", letter), f"{len(words(reason))} words as rationale for {letter}"
        if reason in seen:
            yield ("rationale", letter), f"the same rationale for {seen[reason]} and {letter}"
        seen[reason] = letter
    if item.reference is None:
        yield ("reference",), "no reference"
    if not item.concepts:
        yield ("concepts",), "no concepts"
    if item.judged_difficulty is None:
        yield ("judged_difficulty",), "no judged_difficulty"
    if not item.history and context.bank.header.authors is None:
        yield ("history",), "no author, neither in history nor as authors in bank.yaml"
