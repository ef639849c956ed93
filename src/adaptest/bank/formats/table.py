"""Items as rows under column names: what CSV and XLSX share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import MappingProxyType

from adaptest.bank.formats.record import (
    LETTERS,
    LISTS,
    WHITE,
    WORDS,
    Imported,
    ItemRecord,
    Remark,
    with_facts,
)
from adaptest.errors import BankFileError

FEWEST = 4  # option columns that a file always has
OPTION, RATIONALE = "option_", "rationale_"
NEEDED = ("stem", "option_a", "option_b")


def rows_of(records: Sequence[ItemRecord]) -> list[list[str]]:
    """Return the header and one row an item; lists are words separated by spaces."""
    widest = max([FEWEST, *(len(record.options) for record in records)])
    letters = LETTERS[:widest]
    header = ["id", "competency", "domain", "level", "status", "stem"]
    header += [f"{OPTION}{letter.lower()}" for letter in letters] + ["key"]
    header += [f"{RATIONALE}{letter.lower()}" for letter in letters]
    header += ["concepts", "reference", "enemies", "tags", "judged_difficulty"]
    return [header, *([_cell(record, name) for name in header] for record in records)]


def _cell(record: ItemRecord, name: str) -> str:
    if name.startswith(OPTION):
        row = LETTERS.index(name[-1].upper())
        return record.options[row] if row < len(record.options) else ""
    if name.startswith(RATIONALE):
        return record.rationale.get(name[-1].upper(), "")
    value = getattr(record, name)
    return " ".join(value) if name in LISTS else str(value)


def records_of(rows: Sequence[tuple[int, Sequence[str]]], where: str) -> Imported:
    """Return the items of a table.

    Parameters
    ----------
    rows : line or row number and cells; the first is the header

    Raises
    ------
    BankFileError, with file and line, where the header or a row is not as it must be.
    """
    filled = [(number, cells) for number, cells in rows if any(cell.strip() for cell in cells)]
    if not filled:
        raise BankFileError(f"{where}: must begin with a row of column names; got no text")
    first, header = filled[0]
    places, unused = _columns(header, f"{where}:{first}")
    remarks = [Remark(where, name, "column is not used; its name is none of ours") for name in unused]
    records = tuple(_record(places, cells, f"{where}:{number}") for number, cells in filled[1:])
    if not records:
        raise BankFileError(f"{where}: must have at least one item below its column names; got none")
    return Imported(records, tuple(remarks))


def _columns(header: Sequence[str], where: str) -> tuple[dict[str, int], list[str]]:
    """Return where each of our columns stands, and the names of the others."""
    lettered = [f"{kind}{letter.lower()}" for kind in (OPTION, RATIONALE) for letter in LETTERS]
    known = {"id", "stem", "key", *WORDS, *LISTS, *lettered}
    places: dict[str, int] = {}
    unused: list[str] = []
    for k, cell in enumerate(header):
        name = cell.strip().lower().replace(" ", "_")
        if name in places:
            raise BankFileError(f"{where}: column {name!r} must stand once")
        if name in known:
            places[name] = k
        elif name:
            unused.append(cell.strip())
    if any(name not in places for name in NEEDED):
        got = ", ".join(cell.strip()[:30] for cell in header if cell.strip())
        raise BankFileError(f"{where}: must have the columns {', '.join(NEEDED)}; got {got[:200]}")
    return places, unused


def _record(places: dict[str, int], cells: Sequence[str], place: str) -> ItemRecord:
    def cell(name: str) -> str:
        k = places.get(name, -1)
        return cells[k].strip(WHITE) if 0 <= k < len(cells) else ""

    options = [cell(f"{OPTION}{letter.lower()}") for letter in LETTERS]
    count = max((k + 1 for k, text in enumerate(options) if text), default=0)
    if "" in options[:count]:
        letter = LETTERS[options.index("")]
        raise BankFileError(f"{place}: option {letter} must not be empty between others")
    rationale = {letter: cell(f"{RATIONALE}{letter.lower()}") for letter in LETTERS}
    record = ItemRecord(
        id=cell("id"),
        stem=cell("stem"),
        options=tuple(options[:count]),
        key=cell("key").upper(),
        rationale=MappingProxyType({letter: text for letter, text in rationale.items() if text}),
        place=place,
    )
    words = {name: cell(name) for name in WORDS}
    return with_facts(record, words, {name: tuple(_words(cell(name))) for name in LISTS})


def _words(cell: str) -> Iterator[str]:
    yield from cell.replace(",", " ").replace(";", " ").split()
