"""An answer key: the option, or options, that earn the point on each item."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adaptest.errors import ResponseFileError
from adaptest.files import StrPath, read_text

ITEM, KEY = ("item", "item_id"), "key"
SEPARATOR = "|"  # B|C: either is right; BC is one option called BC


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """The correct options of each item; an answer that is none of them earns 0.

    Attributes
    ----------
    name : the file, or 'key'
    options : item id -> options, at least one each
    """

    name: str
    options: dict[str, frozenset[str]]

    def of(self, item: str, where: str, remedy: str = "") -> frozenset[str]:
        """Return the correct options of an item that is asked for at `where`.

        Raises
        ------
        ResponseFileError, where the key misses the item; the nearest id of the key is shown.
        """
        if item in self.options:
            return self.options[item]
        near = difflib.get_close_matches(item, self.options, n=1, cutoff=0.0)
        closest = f"; the nearest id in it is {near[0]!r}" if near else ""
        then = f"; {remedy}" if remedy else ""
        raise ResponseFileError(
            f"{where}: item {item!r} must have a key; {self.name} has none{closest}{then}"
        )


def answer_key(key: StrPath | Mapping[str, str | Sequence[str]]) -> AnswerKey:
    """Return the key in a CSV file with columns item (or item_id) and key, or in a mapping.

    Several correct options stand in one cell, B|C, or as a sequence in a mapping; other columns are ignored.

    Raises
    ------
    ResponseFileError, one sentence with file and line.
    """
    if not isinstance(key, Mapping):
        return _from_file(str(key))
    options = {
        str(item): frozenset([str(right)] if isinstance(right, (str, int)) else map(str, right))
        for item, right in key.items()
    }
    if empty := [item for item, right in options.items() if not right or "" in right]:
        raise ResponseFileError(f"key: item {empty[0]!r} must have a correct option; got none")
    return AnswerKey("key", options)


def _from_file(path: str) -> AnswerKey:
    reader = csv.reader(io.StringIO(read_text(path, error=ResponseFileError), newline=""))
    header = next(reader, [])
    item = next((header.index(name) for name in ITEM if name in header), None)
    if item is None or KEY not in header:
        got = ", ".join(map(repr, header)) or "an empty line"
        raise ResponseFileError(f"{path}:1: a key must have the columns 'item' and 'key'; got {got}")
    right = header.index(KEY)
    options: dict[str, frozenset[str]] = {}
    lines: dict[str, int] = {}
    begins = reader.line_num + 1
    for cells in reader:
        line, begins = begins, reader.line_num + 1
        if not cells:
            continue
        if len(cells) != len(header):
            raise ResponseFileError(
                f"{path}:{line}: must have {len(header)} cells like the header; got {len(cells)}"
            )
        name = cells[item]
        if name in options:
            raise ResponseFileError(
                f"{path}:{line}: item {name!r} must have one row; got another on line {lines[name]}; "
                f"write several correct options as B{SEPARATOR}C"
            )
        correct = frozenset(option.strip() for option in cells[right].split(SEPARATOR))
        if "" in correct:
            raise ResponseFileError(
                f"{path}:{line}: item {name!r} must have a correct option; got {cells[right]!r}"
            )
        options[name], lines[name] = correct, line
    if not options:
        raise ResponseFileError(f"{path}: a key must have a row for each item; got a header alone")
    return AnswerKey(path, options)
