r"""Items as GIFT, Moodle's text format.

Text is written as [plain], so that nothing in it is markup; a line break is the escape \n. An item's
further words stand in the comment above it, `// [id:INT-001] [tag:...]`, which Moodle reads as id number and
tags, and its domain and competency in the category.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from adaptest.bank.formats.csvfile import decoded
from adaptest.bank.formats.html import from_html
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
from adaptest.bank.formats.tags import category_of, fields_of, is_id, place_in, tags_of
from adaptest.errors import BankFileError

SPECIAL = re.compile(r"([\\~=#{}])")  # a colon needs no escape: it means something in titles only
ESCAPE = re.compile(r"\\([\\~=#{}:n])")
SHADED = {letter: chr(0xE000 + k) for k, letter in enumerate("\\~=#{}:n")}  # private use: never in a file
PLAIN_AGAIN = {chr(0xE000 + k): "\n" if letter == "n" else letter for k, letter in enumerate("\\~=#{}:n")}
CATEGORY = re.compile(r"\$CATEGORY:[ \t]*(.*)")
COMMENT_WORD = re.compile(r"\[(id|tag):((?:[^\]\\]|\\.)*)\]")
TITLE = re.compile(r"\s*::(.*?)::", re.DOTALL)
MARKUP = re.compile(r"\s*\[(html|moodle|plain|markdown)\]")
WEIGHT = re.compile(r"%(-?[0-9]{1,3}(?:\.[0-9]*)?)%")
ANSWER = re.compile(r"([~=])([^~=]*)")
FULL = 100.0


def write_gift(contents: Contents) -> Written:
    """Return the items as GIFT, in UTF-8."""
    blocks: list[str] = []
    remarks: list[Remark] = []
    category = ""
    for item in contents.records:
        record, more = changed(item, _lines, "a carriage return is written as a line break")
        remarks += more
        if (here := category_of(record)) != category:
            category = here
            blocks.append(f"$CATEGORY: $course$/top/{category}\n")
        blocks.append(_question(record))
    return Written("\n".join(blocks).encode(), tuple(remarks))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip(WHITE)


def _question(record: ItemRecord) -> str:
    words = f"[id:{record.id}]" + "".join(f" [tag:{_comment(tag)}]" for tag in tags_of(record))
    lines = [f"// {words}", f"::{record.id}::[plain]{_escaped(record.stem)} {{"]
    for letter, option in zip(LETTERS, record.options, strict=False):
        sign = "=" if letter == record.key else "~%0%" if option.startswith("%") else "~"
        because = record.rationale.get(letter, "")
        feedback = f"#{_marked(because)}" if because else ""
        lines.append(f"\t{sign}{_marked(option)}{feedback}")
    return "\n".join([*lines, "}", ""])


def _escaped(text: str) -> str:
    return SPECIAL.sub(r"\\\1", text).replace("\n", "\\n")


def _marked(text: str) -> str:
    """Return an answer's text; one that begins like a markup word says that it is plain."""
    return ("[plain]" if text.startswith("[") else "") + _escaped(text)


def _comment(tag: str) -> str:
    return re.sub(r"([\\\[\]])", r"\\\1", tag).replace("\n", "\\n")


def read_gift(data: bytes, where: str) -> Imported:
    """Return the multiple-choice questions of a GIFT file; those of other kinds are named.

    Raises
    ------
    BankFileError, with file and line, where a question has no end, or there is no multiple-choice question.
    """
    text = decoded(data, where).replace("\r\n", "\n").replace("\r", "\n")
    records: list[ItemRecord] = []
    remarks: list[Remark] = []
    category = ""
    words: list[tuple[str, str]] = []
    for line, block in _blocks(text):
        if block.startswith("//"):
            words += [(kind, _uncomment(word)) for kind, word in COMMENT_WORD.findall(block)]
        elif match := CATEGORY.match(block):
            category = match[1]
        elif block:
            read = _read_question(_shaded(block), f"{where}:{line}", category, words)
            if isinstance(read, Remark):
                remarks.append(read)
            else:
                records.append(read[0])
                remarks += read[1]
            words = []
    if not records:
        why = f"; {remarks[0]}" if remarks else ""
        raise BankFileError(f"{where}: must have at least one multiple-choice question; got none{why}")
    return Imported(tuple(records), tuple(remarks))


def _shaded(text: str) -> str:
    """Return text with every escaped sign as one private character, so that signs can be searched for."""
    return ESCAPE.sub(lambda match: SHADED[match[1]], PRIVATE.sub("\ue100\\g<0>", text))


def _unshaded(text: str) -> str:
    """Return the signs that were escaped."""
    return re.sub("\ue100(.)|(.)", _plain, text, flags=re.DOTALL)


def _plain(match: re.Match[str]) -> str:
    return match[1] if match[1] is not None else PLAIN_AGAIN.get(match[2], match[2])


PRIVATE = re.compile("[\ue000-\ue007\ue100]")  # in a file already: kept apart by a mark in front


def _uncomment(word: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], word, flags=re.DOTALL)


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and text of every comment, category and question."""
    lines: list[str] = []
    first = 0
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        bare = line.strip(" \t")
        alone = bare.startswith("//") or (not lines and bare.startswith("$CATEGORY:"))
        if not bare or alone:
            if lines and not bare:
                yield first, "\n".join(lines)
                lines = []
            if alone:
                yield number, bare
            continue
        if not lines:
            first = number
        lines.append(line)
    if lines:
        yield first, "\n".join(lines)


def _read_question(
    block: str, place: str, category: str, words: list[tuple[str, str]]
) -> Remark | tuple[ItemRecord, list[Remark]]:
    """Return a question, or the remark on one of another kind."""
    title = ""
    if match := TITLE.match(block):
        title, block = _unshaded(match[1]).strip(), block[match.end() :]
    name = title[:80] or place
    begin, end = block.find("{"), block.rfind("}")
    if begin < 0:
        return Remark(name, WHOLE, "left out: a description, not a question")
    if end < begin:
        raise BankFileError(f"{place}: question {name!r} must end with }}")
    answers, stem, after = block[begin + 1 : end], block[:begin], block[end + 1 :]
    if "~" not in answers or "{" in answers or "}" in answers:
        return Remark(name, WHOLE, "left out: must be a multiple-choice question with one best answer")
    answers, _, general = answers.partition("####")
    if after.strip():
        stem = f"{stem.rstrip()} _____ {after.lstrip()}"  # GIFT's missing word
    read = _Reader(match[1] if (match := MARKUP.match(stem)) else "moodle", name, place, [])
    found = enumerate(ANSWER.findall(answers))
    options = [read.option(sign, raw, row) for row, (sign, raw) in found]
    if not 2 <= len(options) <= len(LETTERS):  # noqa: PLR2004 (a choice needs two)
        return Remark(name, WHOLE, f"left out: must have 2 to {len(LETTERS)} options; got {len(options)}")
    keys = [letter for letter, option in zip(LETTERS, options, strict=False) if option.points >= FULL]
    if len(keys) != 1 or any(0 < option.points < FULL for option in options):
        return Remark(name, WHOLE, "left out: must have one answer of 100 and no other that earns points")
    if min(option.points for option in options) < 0:
        read.remarks.append(Remark(name, "points", "an answer that takes points away is only wrong here"))
    if general.strip():
        what = "general feedback is not kept; rationales belong to options"
        read.remarks.append(Remark(name, "feedback", what))
    domain, competency = place_in(category)
    given = next((word for kind, word in words if kind == "id"), title)
    because = {letter: option.because for letter, option in zip(LETTERS, options, strict=False)}
    record = ItemRecord(
        id=given if is_id(given) else "",
        stem=read.text(stem, "stem"),
        options=tuple(option.text for option in options),
        key=keys[0],
        rationale=MappingProxyType({letter: text for letter, text in because.items() if text}),
        domain=domain,
        competency=competency,
        place=place,
    )
    return fields_of(record, [word for kind, word in words if kind == "tag"]), read.remarks


@dataclass(frozen=True, slots=True)
class _Option:
    """One answer: its text, its feedback, its part of the points in percent."""

    text: str
    because: str
    points: float


@dataclass(slots=True)
class _Reader:
    """Reads the texts of one question in its markup, and collects remarks."""

    markup: str
    name: str
    place: str
    remarks: list[Remark]

    def option(self, sign: str, raw: str, row: int) -> _Option:
        """Return the answer that stands in `row`."""
        text, _, feedback = raw.partition("#")
        text = text.strip(WHITE)
        points = FULL if sign == "=" else 0.0
        if sign == "~" and (match := WEIGHT.match(text)):
            points, text = float(match[1]), text[match.end() :]
        letter = (LETTERS + "?" * row)[row]
        return _Option(
            self.text(text, f"option {letter}"), self.text(feedback, f"rationale {letter}"), points
        )

    def text(self, raw: str, field: str) -> str:
        """Return a text without its markup word and markup; a remark says which markup was dropped."""
        markup = self.markup
        if match := MARKUP.match(raw):
            markup, raw = match[1], raw[match.end() :]
        text = _unshaded(raw.strip(WHITE))
        if markup in ("plain", "markdown"):
            return text.strip(WHITE)
        plain = from_html(text, self.place, breaks=markup == "moodle")
        if plain.dropped:
            self.remarks.append(Remark(self.name, field, f"markup not kept: {', '.join(plain.dropped)}"))
        return plain.text.strip(WHITE)
