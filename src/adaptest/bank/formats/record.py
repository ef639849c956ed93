"""What every format reads into and writes from: one item as text, and remarks on what a file cannot hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from adaptest.bank.contents import ExamFile
from adaptest.bank.schema import Item
from adaptest.parameters.table import ParameterTable

LETTERS = "ABCDEFGHIJ"
WORDS = ("competency", "domain", "level", "status", "reference", "judged_difficulty")  # "" where unknown
LISTS = ("concepts", "enemies", "tags")
OWN = ("history", "content_decisions", "waivers")  # what only a bank itself keeps books of
FIELDS = (*WORDS, *LISTS, "rationale", *OWN)  # what a format may or may not hold beside stem, options and key
ALL = frozenset(FIELDS)
SHARED = ALL - frozenset(OWN)  # what most formats have a place for
WHITE = " \t\n\r"  # what stands around a text in a file; the bank itself strips any other white space
WHOLE = "item"  # the field of a remark on an item that is left out


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """One item as a file holds it; "" and () where the file does not say.

    Attributes
    ----------
    options : in the order of the bank's letters
    key : the best option's letter
    rationale : letter -> why it is best or worse
    place : where it stands in its file, for sentences: "items.csv:7"
    """

    id: str
    stem: str
    options: tuple[str, ...]
    key: str = ""
    rationale: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    competency: str = ""
    domain: str = ""
    level: str = ""
    status: str = ""
    reference: str = ""
    judged_difficulty: str = ""
    concepts: tuple[str, ...] = ()
    enemies: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    history: tuple[Mapping[str, str], ...] = ()
    content_decisions: tuple[Mapping[str, str], ...] = ()
    waivers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    place: str = field(default="", compare=False)

    @property
    def name(self) -> str:
        """What a sentence calls the item: its id, else its place."""
        return self.id or self.place


@dataclass(frozen=True, slots=True)
class Remark:
    """What was not kept of one item, or what is to be known about it."""

    item: str
    field: str
    what: str

    def __str__(self) -> str:
        return f"item {self.item!r}: {self.field}: {self.what}"


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """What is to be written.

    Attributes
    ----------
    keys : False where keys, rationales and parameters stay at home
    exam : a definition to go with the items, where the format has a place for it
    exam_items : ids of the items it may use
    sets : item -> the set whose text is read with it, for which no format has a place
    """

    name: str
    title: str
    language: str
    records: tuple[ItemRecord, ...]
    keys: bool = True
    parameters: ParameterTable | None = None
    exam: ExamFile | None = None
    exam_items: tuple[str, ...] = ()
    sets: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Written:
    """A file's bytes, and what it does not hold."""

    data: bytes
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """A file's items, and what was not taken over."""

    records: tuple[ItemRecord, ...]
    remarks: tuple[Remark, ...] = ()
    parameters: ParameterTable | None = None


def record_of(item: Item) -> ItemRecord:
    """Return a bank's item as a record."""
    return ItemRecord(
        id=item.id,
        stem=item.stem,
        options=tuple(item.options.values()),
        key=item.key,
        rationale=MappingProxyType(dict(item.rationale)),
        competency=item.competency,
        domain=item.domain,
        level=item.level,
        status=item.status,
        reference=item.reference or "",
        judged_difficulty=item.judged_difficulty or "",
        concepts=item.concepts,
        enemies=item.enemies,
        tags=item.tags,
        history=tuple(one.model_dump() for one in item.history),
        content_decisions=tuple(one.model_dump() for one in item.content_decisions),
        waivers=MappingProxyType(dict(item.waivers)),
    )


def with_facts(
    record: ItemRecord, words: Mapping[str, str], lists: Mapping[str, Sequence[str]]
) -> ItemRecord:
    """Return a record with these of `WORDS` and `LISTS`; what is not given stays as it is."""
    return replace(
        record,
        competency=words.get("competency", record.competency),
        domain=words.get("domain", record.domain),
        level=words.get("level", record.level),
        status=words.get("status", record.status),
        reference=words.get("reference", record.reference),
        judged_difficulty=words.get("judged_difficulty", record.judged_difficulty),
        concepts=tuple(lists.get("concepts", record.concepts)),
        enemies=tuple(lists.get("enemies", record.enemies)),
        tags=tuple(lists.get("tags", record.tags)),
    )


def without_key(record: ItemRecord) -> ItemRecord:
    """Return a record without what tells the key: key, rationales, judged difficulty."""
    return replace(record, key="", rationale=MappingProxyType({}), judged_difficulty="")


def not_held(record: ItemRecord, holds: frozenset[str]) -> Iterator[Remark]:
    """Yield a remark for each field that has a value and no place in the format."""
    for name in FIELDS:
        if name not in holds and getattr(record, name):
            yield Remark(record.name, name, "the format has no place for it")


def reduced(record: ItemRecord, holds: frozenset[str]) -> ItemRecord:
    """Return a record without the fields that the format has no place for."""
    words = {name: "" for name in WORDS if name not in holds}
    lists: dict[str, tuple[str, ...]] = {name: () for name in LISTS if name not in holds}
    nothing: Mapping[str, str] = MappingProxyType({})
    return replace(
        with_facts(record, words, lists),
        rationale=record.rationale if "rationale" in holds else nothing,
        history=record.history if "history" in holds else (),
        content_decisions=record.content_decisions if "content_decisions" in holds else (),
        waivers=record.waivers if "waivers" in holds else nothing,
    )


def texts(record: ItemRecord) -> Iterator[tuple[str, str]]:
    """Yield every text of a record that people write, with the name of its field."""
    yield "stem", record.stem
    for letter, text in zip(LETTERS, record.options, strict=False):
        yield f"option {letter}", text
    for letter, text in record.rationale.items():
        yield f"rationale {letter}", text
    if record.reference:
        yield "reference", record.reference


def changed(
    record: ItemRecord, change: Callable[[str], str], what: str
) -> tuple[ItemRecord, tuple[Remark, ...]]:
    """Return a record with every text changed as the format demands, and a remark on each that differs."""
    remarks = tuple(Remark(record.name, name, what) for name, text in texts(record) if change(text) != text)
    if not remarks:
        return record, ()
    new = replace(
        record,
        stem=change(record.stem),
        options=tuple(map(change, record.options)),
        rationale=MappingProxyType({letter: change(text) for letter, text in record.rationale.items()}),
        reference=change(record.reference),
    )
    return new, remarks
