"""What must hold beyond the shape of one file: inside an item, and between items, lessons and exams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from adaptest.bank.decisions import history_problems, waiver_problems
from adaptest.bank.problems import Problem, Source
from adaptest.bank.schema import Header, Item

LESSON = "lesson "  # how a reference names a lesson


class Placed(NamedTuple):
    """An item and where it stands."""

    item: Item
    source: Source
    row: int

    def problem(self, sentence: str, *place: str | int) -> Problem:
        """Return a problem of this item, at one of its values."""
        return self.source.problem(("items", self.row, *place), self.item.id, sentence)


@dataclass(frozen=True, slots=True)
class Known:
    """What an item may refer to."""

    domains: frozenset[str]
    competencies: Mapping[str, frozenset[str]]  # -> domains its items may be of
    concepts: frozenset[str]
    lessons: frozenset[str]
    sets: frozenset[str]
    items: Mapping[str, Placed]


def header_problems(header: Header, source: Source, exams: Sequence[str], folder: str) -> Iterator[Problem]:
    """Yield what does not hold in bank.yaml."""
    if header.id != folder:
        yield source.problem(("id",), None, f"id must be the folder's name {folder!r}; got {header.id!r}")
    codes = {domain.code for domain in header.domains}
    lists: dict[str, list[str]] = {
        "domains": [domain.code for domain in header.domains],
        "competencies": [competency.id for competency in header.competencies],
        "concepts": [concept.id for concept in header.concepts],
        "sets": [one.id for one in header.sets],
    }
    for name, ids in lists.items():
        for row, repeated in _repeated(ids):
            yield source.problem((name, row), None, f"{name} must be listed once; got {repeated!r} again")
    for row, competency in enumerate(header.competencies):
        for domain in (competency.domain, *competency.secondary_domains):
            if domain not in codes:
                rule = f"competency {competency.id!r}: domain must be one of {_list(codes)}; got {domain!r}"
                yield source.problem(("competencies", row, "domain"), None, rule)
    for code, sentence in waiver_problems(header.waivers):
        yield source.problem(("waivers", code), None, sentence)
    if header.default_exam not in exams:
        rule = f"default_exam must be a file of exams/, {_list(exams)}; got {header.default_exam!r}"
        yield source.problem(("default_exam",), None, rule)


def file_problems(source: Source, competency: str, stem: str, header: Header) -> Iterator[Problem]:
    """Yield what does not hold between an item file and its name."""
    if competency != stem:
        yield source.problem(
            ("competency",), None, f"competency must be the file's name {stem!r}; got {competency!r}"
        )
    if competency not in {known.id for known in header.competencies}:
        rule = f"competency must be one that bank.yaml lists; got {competency!r}"
        yield source.problem(("competency",), None, rule)


def item_problems(placed: Placed, file_competency: str, known: Known) -> Iterator[Problem]:
    """Yield what does not hold in one item."""
    for rule in RULES:
        yield from rule(placed, known)
    if placed.item.competency != file_competency:
        sentence = f"competency must be its file's {file_competency!r}; got {placed.item.competency!r}"
        yield placed.problem(sentence, "competency")


def known_to(header: Header, lessons: Sequence[str], placed: Sequence[Placed]) -> Known:
    """Return what the items of a bank may refer to."""
    domains = {one.id: frozenset({one.domain, *one.secondary_domains}) for one in header.competencies}
    return Known(
        frozenset(domain.code for domain in header.domains),
        domains,
        frozenset(concept.id for concept in header.concepts),
        frozenset(lessons),
        frozenset(one.id for one in header.sets),
        {one.item.id: one for one in reversed(placed)},  # the first of two with one id
    )


def _unique(placed: Placed, known: Known) -> Iterator[Problem]:
    first = known.items[placed.item.id]
    if first is not placed:
        line = first.source.mark(("items", first.row)).line
        sentence = f"id must be unique; it is also in {first.source.path}:{line}"
        yield placed.problem(sentence, "id")


def _belongs(placed: Placed, known: Known) -> Iterator[Problem]:
    item = placed.item
    if item.domain not in known.domains:
        sentence = f"domain must be one of {_list(known.domains)}; got {item.domain!r}"
        yield placed.problem(sentence, "domain")
    elif item.domain not in (allowed := known.competencies.get(item.competency, known.domains)):
        sentence = f"domain must be that of {item.competency!r}, {_list(allowed)}; got {item.domain!r}"
        yield placed.problem(sentence, "domain")


def _options(placed: Placed, known: Known) -> Iterator[Problem]:  # noqa: ARG001 (one signature for all rules)
    item = placed.item
    letters = "".join(item.options)
    if letters != "ABCDEFGHIJ"[: len(letters)]:
        sentence = f"options must be lettered A, B, C and so on, in order; got {', '.join(letters)}"
        yield placed.problem(sentence, "options")
    for row, text in _repeated(list(item.options.values())):
        twin = next(letter for letter, other in item.options.items() if other == text)
        sentence = f"options must differ; {letters[row]} repeats {twin}"
        yield placed.problem(sentence, "options", letters[row])
    if item.key not in item.options:
        yield placed.problem(f"key must be one of {', '.join(letters)}; got {item.key!r}", "key")


def _explained(placed: Placed, known: Known) -> Iterator[Problem]:  # noqa: ARG001 (one signature for all rules)
    item = placed.item
    for letter in item.rationale:
        if letter not in item.options:
            yield placed.problem(f"rationale {letter} has no option {letter}", "rationale", letter)
    missing = [letter for letter in item.options if letter not in item.rationale]
    if missing and item.status != "draft":
        sentence = (
            f"rationale must be given for every option; got none for {', '.join(missing)};"
            " write why, or set status: draft"
        )
        yield placed.problem(sentence, "rationale")


def _referred(placed: Placed, known: Known) -> Iterator[Problem]:
    item = placed.item
    if item.reference is None:
        if item.status != "draft":
            sentence = f"reference is missing; write reference: {LESSON}{item.competency}"
            yield placed.problem(sentence)
    elif item.reference.startswith(LESSON) and item.reference.removeprefix(LESSON) not in known.lessons:
        sentence = f"reference must be a lesson of this bank; got {item.reference!r}"
        yield placed.problem(sentence, "reference")
    for row, concept in enumerate(item.concepts):
        if known.concepts and concept not in known.concepts:
            sentence = f"concept must be one that bank.yaml lists; got {concept!r}"
            yield placed.problem(sentence, "concepts", row)
    for name in ("concepts", "tags", "enemies"):
        for row, repeated in _repeated(getattr(item, name)):
            yield placed.problem(f"{name} must be listed once; got {repeated!r} again", name, row)


def _set(placed: Placed, known: Known) -> Iterator[Problem]:
    name = placed.item.set
    if name is not None and name not in known.sets:
        yield placed.problem(f"set must be one of bank.yaml's: {_list(known.sets)}; got {name!r}", "set")


def _enemies(placed: Placed, known: Known) -> Iterator[Problem]:
    item = placed.item
    for row, enemy in enumerate(item.enemies):
        other = known.items.get(enemy)
        sentence = ""
        if other is None:
            sentence = f"enemy must be an item of this bank; got {enemy!r}"
        elif enemy == item.id:
            sentence = "enemy must be another item; got the item itself"
        elif item.id not in other.item.enemies:
            line = other.source.mark(("items", other.row)).line
            sentence = (
                f"enemy {enemy!r} must name {item.id!r} as its enemy too;"
                f" add it in {other.source.path}:{line}"
            )
        if sentence:
            yield placed.problem(sentence, "enemies", row)


def _decided(placed: Placed, known: Known) -> Iterator[Problem]:  # noqa: ARG001 (one signature for all rules)
    for code, sentence in waiver_problems(placed.item.waivers):
        yield placed.problem(sentence, "waivers", code)
    for place, sentence in history_problems(placed.item):
        yield placed.problem(sentence, *place)


RULES: tuple[Callable[[Placed, Known], Iterator[Problem]], ...] = (
    _unique,
    _belongs,
    _options,
    _explained,
    _referred,
    _enemies,
    _set,
    _decided,
)


def _repeated(values: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield row and value of each value that came before."""
    seen: set[str] = set()
    for row, value in enumerate(values):
        if value in seen:
            yield row, value
        seen.add(value)


def _list(names: Sequence[str] | frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
