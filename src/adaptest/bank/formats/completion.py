"""What a file does not say of an item is completed or named: competency, level, id, status, references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from adaptest.bank.contents import Bank
from adaptest.bank.formats.record import LETTERS, ItemRecord, Remark, record_of, with_facts
from adaptest.bank.problems import Problem, Source
from adaptest.bank.rules import Placed, item_problems, known_to
from adaptest.bank.schema import ITEMS_FORMAT, LEVELS, Item, ItemsFile

LEVEL = LEVELS[1]  # application: where neither the file nor an option says
DRAFT = "draft"
DIGITS = 3  # of a number that an item without an id gets


@dataclass(frozen=True, slots=True)
class Defaults:
    """What items get where their file does not say; "" where nothing is given."""

    competency: str = ""
    domain: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Completed:
    """Items as the bank can hold them, and what was changed for that."""

    placed: tuple[Placed, ...]
    remarks: tuple[Remark, ...]


def complete(
    records: Sequence[ItemRecord], bank: Bank, defaults: Defaults
) -> tuple[Completed, list[Problem]]:
    """Return the records as items of a bank, and everything that is wrong with them."""
    problems: list[Problem] = []
    remarks: list[Remark] = []
    named = _with_ids(records, bank, defaults, remarks)
    ids = {record.id: record for record in reversed(named)}  # the first of two of one id
    placed: list[Placed] = []
    for record in named:
        if ids[record.id] is not record:
            rule = f"id must stand once in the file; it stands at {ids[record.id].place} too"
            problems.append(Problem(record.place or "import", None, record.id, rule))
            continue
        if wrong := _wrong_place(record, bank, defaults):
            problems.append(wrong)
            continue
        whole = _settled(record, bank, defaults, ids, remarks)
        source = Source(record.place or record.id, "", _file(whole))
        file, broken = source.validated(ItemsFile)
        problems += (replace(problem, line=None) for problem in broken)
        if file is not None:
            placed.append(Placed(file.items[0], source, 0))
    if not problems:
        problems += _rules(placed, bank)
    return Completed(tuple(placed), tuple(remarks)), problems


def _rules(placed: Sequence[Placed], bank: Bank) -> list[Problem]:
    """Return what does not hold in the items and between them and the bank's others."""
    new = {one.item.id for one in placed}
    here = Source(f"bank {bank.name}", "", None)
    others = [Placed(item, here, 0) for item in bank.items if item.id not in new]
    known = known_to(bank.header, tuple(bank.lessons), [*placed, *others])
    found = [problem for one in placed for problem in item_problems(one, one.item.competency, known)]
    return [replace(problem, line=None) for problem in found]


def _with_ids(
    records: Sequence[ItemRecord], bank: Bank, defaults: Defaults, remarks: list[Remark]
) -> list[ItemRecord]:
    """Return the records with a new id each where the file has none: domain and the next free number."""
    taken = {item.id for item in bank.items} | {record.id for record in records}
    number: dict[str, int] = {}
    named: list[ItemRecord] = []
    for record in records:
        if record.id:
            named.append(record)
            continue
        prefix = _domain(record, bank, defaults) or "NEW"
        k = number.get(prefix, 0) + 1
        while (new := f"{prefix}-{k:0{DIGITS}d}") in taken:
            k += 1
        number[prefix] = k
        taken.add(new)
        remarks.append(Remark(new, "id", f"new; the file gives none ({record.place})"))
        named.append(replace(record, id=new))
    return named


def _domain(record: ItemRecord, bank: Bank, defaults: Defaults) -> str:
    competency = bank.competencies.get(record.competency or defaults.competency)
    return record.domain or defaults.domain or (competency.domain if competency else "")


def _wrong_place(record: ItemRecord, bank: Bank, defaults: Defaults) -> Problem | None:
    """Return what is wrong with an item's competency or key, None if nothing."""
    competency = record.competency or defaults.competency
    known = ", ".join(bank.competencies)
    if not competency:
        rule = f"competency must be given, in the file or with --competency; one of {known}"
    elif competency not in bank.competencies:
        rule = f"competency must be one of {known}; got {competency[:60]!r}"
    elif not record.key:
        rule = "key must be given; the file does not say which option is best"
    else:
        return None
    return Problem(record.place or "import", None, record.id, rule)


def _settled(
    record: ItemRecord, bank: Bank, defaults: Defaults, ids: Mapping[str, ItemRecord], remarks: list[Remark]
) -> ItemRecord:
    """Return a record with everything that an item needs; a remark says what was set or dropped."""
    level = record.level or defaults.level
    if not level:
        remarks.append(Remark(record.id, "level", f"not in the file; set to {LEVEL}"))
    record = _with_books(record, bank)
    words = {
        "competency": record.competency or defaults.competency,
        "domain": _domain(record, bank, defaults),
        "level": level or LEVEL,
        "reference": _reference(record, bank, remarks),
    }
    lists = {"concepts": _concepts(record, bank, remarks), "enemies": _enemies(record, bank, ids, remarks)}
    whole = with_facts(record, words, lists)
    missing = _missing(whole)
    status = record.status or DRAFT
    if missing and status != DRAFT:
        remarks.append(Remark(record.id, "status", f"draft in place of {status}: it has no {missing}"))
        status = DRAFT
    return with_facts(whole, {"status": status}, {})


def _with_books(record: ItemRecord, bank: Bank) -> ItemRecord:
    """Return a record with what only the bank keeps of the item, where its file has no place for it."""
    old = next((item for item in bank.items if item.id == record.id), None)
    if old is None or record.history or record.content_decisions or record.waivers:
        return record
    kept = record_of(old)
    return replace(
        record, history=kept.history, content_decisions=kept.content_decisions, waivers=kept.waivers
    )


def _missing(record: ItemRecord) -> str:
    """Return what an item lacks to be more than a draft."""
    letters = LETTERS[: len(record.options)]
    without = [letter for letter in letters if letter not in record.rationale]
    parts = [f"rationale for {', '.join(without)}"] if without else []
    return " and no ".join(parts if record.reference else [*parts, "reference"])


def _reference(record: ItemRecord, bank: Bank, remarks: list[Remark]) -> str:
    lesson = record.reference.removeprefix("lesson ")
    if record.reference.startswith("lesson ") and lesson not in bank.lessons:
        remarks.append(Remark(record.id, "reference", f"dropped: the bank has no lesson {lesson[:60]!r}"))
        return ""
    return record.reference


def _concepts(record: ItemRecord, bank: Bank, remarks: list[Remark]) -> tuple[str, ...]:
    known = {concept.id for concept in bank.header.concepts}
    unknown = [concept for concept in record.concepts if known and concept not in known]
    if unknown:
        what = f"dropped: the bank does not list {', '.join(unknown)[:200]}"
        remarks.append(Remark(record.id, "concepts", what))
    return tuple(concept for concept in record.concepts if concept not in unknown)


def _enemies(
    record: ItemRecord, bank: Bank, ids: Mapping[str, ItemRecord], remarks: list[Remark]
) -> tuple[str, ...]:
    """Return the enemies that name this item too; the bank has no one-sided ones."""
    there = {item.id: item.enemies for item in bank.items} | {name: one.enemies for name, one in ids.items()}
    kept = tuple(enemy for enemy in record.enemies if record.id in there.get(enemy, ()))
    if dropped := [enemy for enemy in record.enemies if enemy not in kept]:
        what = f"dropped: {', '.join(dropped)[:200]} must be an item that names this one as its enemy too"
        remarks.append(Remark(record.id, "enemies", what))
    return kept


def _file(record: ItemRecord) -> dict[str, object]:
    """Return a record as the value of an item file."""
    raw: dict[str, object] = {
        "id": record.id,
        "competency": record.competency,
        "domain": record.domain,
        "level": record.level,
        "stem": record.stem,
        "options": dict(zip(LETTERS, record.options, strict=False)),
        "key": record.key,
        "rationale": dict(record.rationale),
        "concepts": record.concepts,
        "reference": record.reference or None,
        "status": record.status,
        "enemies": record.enemies,
        "tags": record.tags,
        "judged_difficulty": record.judged_difficulty or None,
        "history": tuple(map(dict, record.history)),
        "content_decisions": tuple(map(dict, record.content_decisions)),
        "waivers": dict(record.waivers),
    }
    return {"format": ITEMS_FORMAT, "competency": record.competency, "items": (raw,)}


def same(one: Item, other: Item) -> bool:
    """Whether two items say the same in everything but their id."""
    return one.model_copy(update={"id": other.id}) == other
