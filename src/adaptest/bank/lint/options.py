"""Rules about options, each item by itself: IW01, IW04 to IW07, IW10 to IW15, IW17."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import combinations, pairwise, takewhile

from adaptest.bank.lint.codes import Severity
from adaptest.bank.lint.context import Context, ItemText
from adaptest.bank.lint.finding import Finding, found, shown

THESE = r"of (?:the above|(?:the|these)(?: other)? (?:options|answers|choices))"
ALONE = r"of (?:them|these|those)\W*$"
ALL = re.compile(
    rf"\b(?:all|both|each|any|every one) {THESE}\b|^(?:all|both|any) {ALONE}|\ball (?:the )?above\b",
    re.IGNORECASE,
)
NONE = re.compile(rf"\b(?:none|neither) {THESE}\b|^(?:none|neither) {ALONE}", re.IGNORECASE)
LETTERS = (
    r"(?:(?:both|options?|answers?|choices?) )*[A-E](?:, ?(?:and |or )?[A-E])*,?"
    r" (?:and|or|&) (?:option |answer )?[A-E]"
)
PART = r"(?:[1-9]|i{1,3}|iv|v)"
NUMBERED = re.compile(
    rf"(?:both )?{PART}(?:, ?(?:and |or )?{PART})*,?(?: (?:and|or|&) {PART}(?: only)?| only)", re.IGNORECASE
)
BOTH = re.compile(rf"{LETTERS}(?: (?:only|above|are (?:right|correct|true)))?", re.IGNORECASE)
ABSOLUTE = re.compile(
    r"\b(?:always|never|only|all|none|every|must|completely|absolutely|impossible|guarantee[sd]?)\b",
    re.IGNORECASE,
)
VAGUE = re.compile(r"\b(?:(?i:usually|often|sometimes|rarely)|may)\b")  # May is a month
ORDERED = re.compile(
    r"\b(?:(?:the|this) (?:first|second|third|fourth|fifth|last|previous|next|other) (?:option|answer|choice)"
    r"|(?:options?|answers?|choices?) (?-i:[A-E])\b|the (?:former|latter)\b"
    r"|(?:options?|answers?|choices?|mentioned|listed|given|named) (?:above|below))",
    re.IGNORECASE,
)
DASH = "[-\u2013\u2212]"
NUMBER = rf"{DASH}?\$?(\d+(?:[.,]\d{{3}})*(?:\.\d+)?)"
UNIT = (
    r"(?:\s*(?:%|percent|years?|months?|weeks?|days?|hours?|minutes?|people|items?|times?|sessions?|dollars?"
    r"|°[CF]?))?"
)
SINGLE = re.compile(rf"(?:in |at |by |on )?(?:about )?{NUMBER}{UNIT}\.?", re.IGNORECASE)
INTERVAL = re.compile(
    rf"(?:from |between )?{NUMBER}{UNIT}\s*(?:{DASH}|to|and|through)\s*{NUMBER}{UNIT}\.?", re.IGNORECASE
)
BELOW = re.compile(rf"(?:less|fewer|under|below|up to|at most)(?: than)? {NUMBER}{UNIT}\.?", re.IGNORECASE)
ABOVE = re.compile(
    rf"(?:more|over|above|at least)(?: than)? {NUMBER}{UNIT}\.?"
    rf"|{NUMBER}{UNIT} (?:or|and) (?:more|above|over)\.?",
    re.IGNORECASE,
)
INFINITE = float("inf")
LONGER_RATIO, LONGER_CHARACTERS, SPREAD = 1.25, 10, 2.0
ALIKE = 0.9
FEWEST, MOST = 3, 5
PREFIX = 3


def stands_for_others(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW01: all, none, both of the above."""
    for letter, option in text.item.options.items():
        plain = option.strip(" .")
        if ALL.search(option) or BOTH.fullmatch(plain) or NUMBERED.fullmatch(plain):
            yield _of(text, "IW01", letter, shown(option))
        elif NONE.search(option):
            yield _of(text, "IW01", letter, shown(option), severity="warning")


def absolute(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW04: absolute words in distractors and not in the key."""
    if not text.keyed or ABSOLUTE.search(text.item.options[text.item.key]):
        return
    for letter in text.distractors:
        if word := ABSOLUTE.search(text.item.options[letter]):
            yield _of(text, "IW04", letter, f"{word[0]!r} in distractor {letter} and in no key")
            return


def vague(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW05: vague frequency words."""
    for letter, option in text.item.options.items():
        if word := VAGUE.search(option):
            yield _of(text, "IW05", letter, f"{word[0]!r} in option {letter}")
            return


def longest_is_key(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW06: the key is much longer than the distractors."""
    if not text.keyed or not text.distractors:
        return
    key, others = text.lengths[text.item.key], [text.lengths[letter] for letter in text.distractors]
    mean = sum(others) / len(others)
    if key > LONGER_RATIO * mean or key > max(others) + LONGER_CHARACTERS:
        got = f"{key} characters against {max(others)} of the longest distractor and {mean:.0f} on average"
        yield _of(text, "IW06", text.item.key, got)


def spread(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW07: one option more than twice as long as another."""
    low, high = min(text.lengths.values()), max(text.lengths.values())
    if high > SPREAD * low:
        yield _of(text, "IW07", None, f"{low} to {high} characters")


def duplicates(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW11: options that are equal, or nearly."""
    plain = {letter: " ".join(said) for letter, said in text.option_words.items()}
    for one, other in combinations(plain, 2):
        if plain[one] == plain[other]:
            yield _of(text, "IW11", other, f"{one} and {other} alike: {shown(text.item.options[other])}")
            continue
        matcher = SequenceMatcher(None, plain[one], plain[other], autojunk=False)
        if min(matcher.real_quick_ratio(), matcher.quick_ratio()) > ALIKE and matcher.ratio() > ALIKE:
            got = f"{one} and {other} alike in {matcher.ratio():.0%} of their characters"
            yield _of(text, "IW11", other, got, severity="warning")


def overlapping(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW12 and IW13: numeric options that overlap, or are out of order."""
    intervals = [interval_of(option) for option in text.item.options.values()]
    known = [one for one in intervals if one is not None]
    if len(known) < len(intervals):
        return
    letters = list(text.item.options)
    for (a, one), (b, other) in combinations(zip(letters, known, strict=True), 2):
        if one[0] <= other[1] and other[0] <= one[1] and (one != other or one[0] != one[1]):
            got = f"{shown(text.item.options[a])} and {shown(text.item.options[b])}"
            yield _of(text, "IW12", b, got)
            return
    if not (_ascending(known) or _ascending(known[::-1])):
        yield _of(text, "IW13", None, ", ".join(shown(option) for option in text.item.options.values()))


def numbers(text: ItemText, context: Context) -> Iterator[Finding]:
    """IW14: the key, and the number of options."""
    n = len(text.item.options)
    if not text.keyed:
        yield found("IW14", f"key {text.item.key!r}", item=text.item.id, place=("key",))
    if not FEWEST <= n <= MOST:
        yield _of(text, "IW14", None, f"{n} options")
    elif n != context.usual_options:
        got = f"{n} options where most items have {context.usual_options}"
        yield _of(text, "IW14", None, got, severity="warning")


def depends_on_order(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW15: text that speaks of options by their place."""
    item = text.item
    places: list[tuple[str, str | None, str]] = [("stem", None, item.stem)]
    places += [("options", letter, option) for letter, option in item.options.items()]
    places += [("rationale", letter, reason) for letter, reason in item.rationale.items()]
    for key, letter, said in places:
        if match := ORDERED.search(said):
            where = key if letter is None else f"{key} {letter}"
            place = (key,) if letter is None else (key, letter)
            yield found("IW15", f"{match[0]!r} in {where}", item=item.id, place=place)
            return


def common_beginning(text: ItemText, _: Context) -> Iterator[Finding]:
    """IW17: what all options begin with."""
    said = list(text.option_words.values())
    shared = [row[0] for row in takewhile(lambda row: len(set(row)) == 1, zip(*said, strict=False))]
    if len(said) > 1 and len(shared) >= PREFIX:
        yield _of(text, "IW17", None, f"{' '.join(shared)!r} at the beginning of all {len(said)}")


def interval_of(option: str) -> tuple[float, float] | None:
    """Return the numbers that an option stands for, as an interval; None if it is no number.

    >>> interval_of("10-20 days"), interval_of("more than 5"), interval_of("In 1990"), interval_of("Go")
    ((10.0, 20.0), (5.000001, inf), (1990.0, 1990.0), None)
    """
    option = option.strip()
    if match := INTERVAL.fullmatch(option):
        return _value(match[1]), _value(match[2])
    if match := BELOW.fullmatch(option):
        at = _value(match[1])
        return -INFINITE, at if re.match("(?i)up to|at most", option) else at - 1e-6
    if match := ABOVE.fullmatch(option):
        at = _value(match[1] or match[2])
        return (at if re.search("(?i)at least| or | and ", option) else at + 1e-6), INFINITE
    if match := SINGLE.fullmatch(option):
        return _value(match[1]), _value(match[1])
    return None


def _value(digits: str) -> float:
    return float(digits.replace(",", ""))


def _ascending(values: Sequence[tuple[float, float]]) -> bool:
    return all(before <= after for before, after in pairwise(values))


def _of(
    text: ItemText, code: str, letter: str | None, got: str, *, severity: Severity | None = None
) -> Finding:
    place = ("options",) if letter is None else ("options", letter)
    return found(code, got, item=text.item.id, place=place, severity=severity)
