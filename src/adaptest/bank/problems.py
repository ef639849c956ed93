"""What is wrong in a bank's files, as sentences: file and line, item, rule, what was got, remedy."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from adaptest.bank.schema import CODE, DAY, DIGEST, LETTER, NAME, SHORT_DIGEST
from adaptest.bank.yamltext import Ambiguous, Mark, YamlError, parse
from adaptest.errors import BankFileError
from adaptest.files import read_bytes, read_text

R = TypeVar("R", bound=BaseModel)
Place = tuple[str | int, ...]

LONGEST = 60  # characters of a wrong value that a sentence repeats

# pydantic's kind of finding -> rule and value
SENTENCES = {
    "bool_type": "must be true or false; got {got}",
    "datetime_from_date_parsing": "must be a time with its zone, like 2026-11-22T00:00:00Z; got {got}",
    "dict_type": "must be a mapping of keys to values; got {got}",
    "int_type": "must be a whole number; got {got}",
    "literal_error": "must be one of {expected}; got {got}",
    "mapping_type": "must be a mapping of keys to values; got {got}",
    "missing": "is missing",
    "model_type": "must be a mapping of keys to values; got {got}",
    "string_pattern_mismatch": "must be {expected}; got {got}",
    "string_too_long": "must have at most {max_length} characters; got {got}",
    "string_too_short": "must not be empty",
    "string_type": "must be text; got {got}",
    "timezone_aware": "must be a time with its zone, like 2026-11-22T00:00:00Z; got {got}",
    "too_short": "must have at least {min_length} entries; got {actual_length}",
    "tuple_type": "must be a list; got {got}",
}
PATTERNS = {
    CODE: "a code of 'bank check', like IW07",
    DAY: "a day or a time in UTC, like 2026-11-22 or 2026-11-22T09:30:00Z",
    DIGEST: "a SHA-256 of 64 hexadecimal digits",
    SHORT_DIGEST: "12 or more hexadecimal digits of a fingerprint, in quotes",
    LETTER: "a letter A to J",
    NAME: "one word of letters, digits, '-', '_' and '.'",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One broken rule in one file."""

    path: str
    line: int | None
    item: str | None
    sentence: str

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: " + (f"item {self.item!r}: " if self.item else "") + self.sentence


def shown_path(path: Path) -> str:
    """Return a path as sentences show it: from the current folder where it lies below it."""
    here, there = Path.cwd(), Path(os.path.abspath(path))  # noqa: PTH100 (links stay as they were given)
    return (there.relative_to(here) if there.is_relative_to(here) else path).as_posix()


def require_none(problems: Sequence[Problem]) -> None:
    """Raise BankFileError with the first problem and the number of the others."""
    if problems:
        more = len(problems) - 1
        others = f" (and {more} more problem{'s' if more > 1 else ''})" if more else ""
        raise BankFileError(f"{problems[0]}{others}")


@dataclass(slots=True)
class Source:
    """One YAML file: its text, its value, and the lines of its values once somebody asks."""

    path: str
    text: str
    value: Any
    _marks: dict[Place, Mark] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, shown: str) -> tuple[Source | None, Problem | None]:
        """Return the file, or what is wrong with it as YAML."""
        try:
            text = read_text(path, error=BankFileError)
        except BankFileError as error:
            return None, unreadable(path, shown, error)
        return cls.of(shown, text)

    @classmethod
    def of(cls, shown: str, text: str) -> tuple[Source | None, Problem | None]:
        """Return a file's text with its value, or what is wrong with it as YAML."""
        try:
            return cls(shown, text, parse(text)), None
        except YamlError as error:
            return None, Problem(shown, error.line, None, str(error))

    def mark(self, place: Place) -> Mark:
        """Return where a value stands: its own place, or that of the nearest value around it."""
        if not self._marks:
            parse(self.text, self._marks)
        while place and place not in self._marks:
            place = place[:-1]
        return self._marks.get(place, Mark(1, None))

    def problem(self, place: Place, item: str | None, sentence: str) -> Problem:
        """Return a problem of the value at `place`."""
        return Problem(self.path, self.mark(place).line, item, sentence)

    def validated(self, shape: type[R]) -> tuple[R | None, list[Problem]]:
        """Return the file's value in its shape, or everything in which it differs from it."""
        if not isinstance(self.value, dict):
            sentence = f"must begin with format: {_format(shape)}; got {shown_value(self.value)}"
            return None, [Problem(self.path, 1, None, sentence)]
        if wrong := self._wrong_format(_format(shape)):
            return None, [wrong]
        try:
            return shape.model_validate(self.value), []
        except ValidationError as error:
            found = [self._broken(shape, one) for one in error.errors(include_url=False)]
            return None, sorted(found, key=lambda problem: problem.line or 0)

    def _wrong_format(self, wanted: str) -> Problem | None:
        """Return what is wrong with the file's format line: another kind, or a newer program's."""
        got = self.value.get("format")
        if got == wanted:
            return None
        return self.problem(("format",), None, _format_rule(wanted, got))

    def _broken(self, shape: type[BaseModel], error: Mapping[str, Any]) -> Problem:
        """Return one of pydantic's findings as a sentence in the file's own words."""
        place: Place = error["loc"]
        of_key = place[-1:] == ("[key]",)
        item = self._item(place)
        within = place[2:] if place[:1] == ("items",) else place  # the sentence names the item by its id
        name = ".".join(str(part) for part in (within[:-1] if of_key else within))
        rule = _rule(error, _keys(shape, place[:-1]))
        sentence = rule if not name or error["type"] == "extra_forbidden" else f"{name} {rule}"
        return self.problem(place, item, sentence)

    def _item(self, place: Place) -> str | None:
        """Return the id of the item that a place is in."""
        if place[:1] != ("items",) or len(place) < 2:  # noqa: PLR2004 (items and a row)
            return None
        entry = self.value["items"][place[1]]
        name = entry.get("id") if isinstance(entry, dict) else None
        return name if isinstance(name, str) else f"number {int(place[1]) + 1}"


def validated_json(path: Path, shown: str, shape: type[R]) -> tuple[R, dict[str, Any]]:
    """Return a JSON file in its shape, and as it is written.

    Raises
    ------
    BankFileError, with the first difference from the shape and the number of the others.
    """
    written = json_mapping(read_bytes(path, error=BankFileError), shown)
    if written.get("format") != _format(shape):
        raise BankFileError(f"{shown}: {_format_rule(_format(shape), written.get('format'))}")
    try:
        return shape.model_validate_json(json.dumps(written)), written
    except ValidationError as error:
        first, *others = error.errors(include_url=False)
        match first["loc"]:
            case (str(kind), int(row), *rest):
                name = ": ".join([f"{kind.removesuffix('s')} {row + 1}", ".".join(map(str, rest))])
            case rest:
                name = ".".join(map(str, rest))
        sentence = _rule(first, _keys(shape, first["loc"][:-1]))
        problem = Problem(shown, None, None, f"{name} {sentence}")
        require_none([problem] * (1 + len(others)))
        raise  # cannot be: there is a first problem


def json_mapping(data: bytes, shown: str) -> dict[str, Any]:
    """Return a JSON object; raise BankFileError where the bytes are not one."""
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BankFileError(f"{shown}: must be UTF-8 text; save it as UTF-8") from None
    except json.JSONDecodeError as error:
        raise BankFileError(f"{shown}:{error.lineno}: must be JSON; {error.msg.lower()}") from None
    except RecursionError:
        raise BankFileError(f"{shown}: must be JSON that does not nest thousands of levels deep") from None
    if not isinstance(value, dict):
        raise BankFileError(f"{shown}: must be a JSON object; got {type(value).__name__}")
    return value


def shown_value(value: Any) -> str:
    """Return a wrong value as a sentence repeats it.

    >>> shown_value(None), shown_value("E"), shown_value(3), shown_value(("a", "b"))
    ('nothing', "'E'", '3', 'a list')
    """
    if isinstance(value, Ambiguous):
        return f"{value.text} without quotes, which YAML programs read differently"
    if isinstance(value, str):
        return repr(value if len(value) <= LONGEST else value[:LONGEST] + "…")
    for kind, name in ((dict, "a mapping"), (tuple, "a list"), (bool, str(value).lower())):
        if isinstance(value, kind):
            return name
    return "nothing" if value is None else repr(value)


def _rule(error: Mapping[str, Any], keys: Iterator[str]) -> str:
    """Return rule, value and remedy of one of pydantic's findings."""
    got, context = error["input"], error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        return f"{error['loc'][-1]!r} is not a known key; use {', '.join(keys)}"
    if error["type"] == "string_type" and isinstance(got, Ambiguous | bool | int | float):
        return f"must be text; got {shown_value(got)}; put it in quotes"
    if error["type"] == "literal_error":
        context = {"expected": ", ".join(re.findall(r"'([^']*)'", context["expected"]))}
    if error["type"] == "string_pattern_mismatch":
        context = {"expected": PATTERNS[context["pattern"]]}
    sentence = SENTENCES.get(error["type"], f"must be right ({error['msg']}); got {{got}}")
    return sentence.format(got=shown_value(got), **context)


def _keys(shape: type[BaseModel], place: Place) -> Iterator[str]:
    """Yield the keys of the shape at `place`."""
    for part in place:
        if isinstance(part, str) and part in shape.model_fields:
            inner = shape.model_fields[part].annotation
            shape = next((a for a in (inner, *get_args(inner)) if _is_shape(a)), shape)
    yield from shape.model_fields


def _is_shape(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _format(shape: type[BaseModel]) -> str:
    (wanted,) = get_args(shape.model_fields["format"].annotation)
    return str(wanted)


def _format_rule(wanted: str, got: Any) -> str:
    """Return what is wrong with a format: another kind of file, or a newer program's."""
    kind, _, number = wanted.rpartition("/")
    newer = re.fullmatch(re.escape(kind) + r"/([0-9]{1,9})", str(got))
    remedy = "; use a newer adaptest" if newer and int(newer[1]) > int(number) else ""
    return f"format must be {wanted}; got {shown_value(got)}{remedy}"


def unreadable(path: Path, shown: str, error: BankFileError) -> Problem:
    """Return a reading error as a problem; the file layer already names file and line."""
    rest = str(error).removeprefix(str(path))
    line = re.match(r":([0-9]+): ", rest)
    return Problem(shown, int(line[1]) if line else None, None, rest.partition(": ")[2])
