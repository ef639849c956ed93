"""Items as Aiken text: a line of stem, a line an option, the answer's letter; nothing else has a place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from adaptest.bank.formats.csvfile import decoded
from adaptest.bank.formats.record import (
    LETTERS,
    WHITE,
    WHOLE,
    Contents,
    Imported,
    ItemRecord,
    Remark,
    Written,
    changed,
)
from adaptest.errors import BankFileError

OPTION = re.compile(r"([A-Z])[.)][ \t]*(.*)")
LIKE_OPTION = re.compile(r"[A-Z][.)]")
ANSWER = re.compile(r"ANSWER:[ \t]*(\S*)[ \t]*")
LIKE_ANSWER = re.compile(r"answer\s*:", re.IGNORECASE)
BREAKS = re.compile(r"[ \t]*[\r\n]+[ \t]*")


def write_aiken(contents: Contents) -> Written:
    """Return the items as Aiken text; an item that would be misread is left out, and said."""
    blocks: list[str] = []
    remarks: list[Remark] = []
    for item in contents.records:
        record, more = changed(
            item, _one_line, "line breaks are written as spaces, Aiken has one line a text"
        )
        if LIKE_OPTION.match(record.stem) or LIKE_ANSWER.match(record.stem):
            what = "left out: its stem begins like an option (A. ) or an answer line and would be misread"
            remarks.append(Remark(record.name, WHOLE, what))
            continue
        remarks += (remark for remark in more if remark.field.startswith(("stem", "option")))
        lines = [record.stem]
        lines += (f"{letter}. {text}" for letter, text in zip(LETTERS, record.options, strict=False))
        blocks.append("\n".join([*lines, f"ANSWER: {record.key}", ""]))
    text = "\n".join(blocks)
    # a text that begins with a byte-order mark of its own must not be taken for the file's
    return Written((f"\n{text}" if text.startswith("\ufeff") else text).encode(), tuple(remarks))


def _one_line(text: str) -> str:
    return BREAKS.sub(" ", text).strip(WHITE)


def read_aiken(data: bytes, where: str) -> Imported:
    """Return the items of an Aiken file.

    Raises
    ------
    BankFileError, with file and line, where a line is out of its place or a question is not complete.
    """
    text = decoded(data, where).replace("\r\n", "\n").replace("\r", "\n")
    records: list[ItemRecord] = []
    asked = _Question("", [], [])
    for number, raw in enumerate(text.split("\n"), start=1):
        line, place = raw.strip(" \t"), f"{where}:{number}"
        if match := ANSWER.fullmatch(line):
            records.append(asked.answered(match[1], place))
            asked = _Question("", [], [])
        elif line:
            asked.add(line, place)
    if asked.stem:
        raise BankFileError(f"{asked.place}: the last question must end with ANSWER: and a letter")
    if not records:
        raise BankFileError(f"{where}: must have at least one question; got none")
    return Imported(tuple(records))


@dataclass(slots=True)
class _Question:
    """A question on its way."""

    place: str
    stem: list[str]
    options: list[str]

    def add(self, line: str, place: str) -> None:
        """Take one more line of stem or one more option."""
        if match := OPTION.fullmatch(line):
            if not self.stem:
                raise BankFileError(f"{place}: an option must follow a stem")
            want = (*LETTERS, "ANSWER")[len(self.options)]
            if match[1] != want:
                raise BankFileError(f"{place}: options must be in order, next {want}; got {match[1]}")
            self.options.append(match[2].strip(" \t"))
        elif self.options:
            raise BankFileError(f"{place}: must be an option or ANSWER: and a letter; got {line[:40]!r}")
        else:
            self.place = self.place or place
            self.stem.append(line)

    def answered(self, key: str, place: str) -> ItemRecord:
        """Return the question with its key."""
        if not self.stem or len(self.options) < 2:  # noqa: PLR2004 (a choice needs two)
            raise BankFileError(f"{place}: ANSWER must follow a stem and at least two options")
        letters = LETTERS[: len(self.options)]
        if len(key) != 1 or key not in letters:
            raise BankFileError(f"{place}: ANSWER must be one of {', '.join(letters)}; got {key[:20]!r}")
        return ItemRecord("", " ".join(self.stem), tuple(self.options), key, place=self.place)
