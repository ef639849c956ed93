"""YAML as bank files use it: one document, no surprises, and every value's line.

The C parser's events are folded here instead of by a YAML loader, for three reasons: a word that
another program would read as a truth value, and a key given twice, are told instead of guessed; a file
nested a thousand levels deep cannot overflow the stack; and it takes half the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]

DEEPEST = 24  # no bank file nests deeper than 6
WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+][0-9]+)?")
TRAP = re.compile(  # what YAML 1.1 or 1.2 reads as something else than text
    r"yes|no|on|off|true|false|null|~|=|<<"
    r"|[-+]?\.(?:inf|nan)"
    r"|[-+]?0[xob][0-9a-f_]*"
    r"|[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:e[-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?",
    re.IGNORECASE,
)
PLAIN = {"true": True, "false": False, "null": None, "": None}


class YamlError(Exception):
    """The text is not YAML as bank files use it; an error class of files is raised from it."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """An unquoted word that YAML programs read differently: no, on, 010, 1:30."""

    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value stands, and how it is written if it is one word or sentence."""

    line: int
    text: str | None


@dataclass(slots=True)
class _Fold:
    """Events on their way to values."""

    events: Iterator[Any]
    marks: dict[Path, Mark] | None
    depth: int = 0
    path: list[str | int] = field(default_factory=list)


def parse(text: str, marks: dict[Path, Mark] | None = None) -> Any:
    """Return the document: dicts, tuples, text, numbers, truth values, None, `Ambiguous`.

    Parameters
    ----------
    text : the file
    marks : if given, filled with the place of every value by its path; () is the document

    Raises
    ------
    YamlError, where the text is not YAML, is not one document, gives a key twice, or uses an anchor,
    an alias, a tag or a key that is not text.
    """
    events = _events(text)
    fold = _Fold(events, marks)
    for event in events:
        if isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            continue
        if isinstance(event, yaml.StreamEndEvent):
            return None
        value = _value(fold, event)
        next(events)  # the end of the document
        after = next(events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise YamlError(_line(after), "must hold one YAML document; got a second one after ---")
        return value
    return None


def _events(text: str) -> Iterator[Any]:
    """Yield the C parser's events; its complaints become one sentence."""
    try:
        loader = yaml.CSafeLoader(text)
        try:
            while loader.check_event():
                yield loader.get_event()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        unclosed = error.context_mark is not None and "end of stream" in str(error.problem)
        mark = error.context_mark if unclosed else error.problem_mark or error.context_mark
        rest = "\n".join(text.splitlines()[mark.line :])[mark.column :] if mark else ""
        raise YamlError(
            mark.line + 1 if mark else 1, _sentence(error, at_tab=rest.startswith("\t"))
        ) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, text.find(chr(error.character))) + 1
        raise YamlError(
            line, f"must hold text only; got the control character U+{error.character:04X}"
        ) from None


def _sentence(error: yaml.MarkedYAMLError, *, at_tab: bool) -> str:
    """Return what the parser found, and what to do about the usual ones."""
    problem = str(error.problem)
    if at_tab or "tab character" in problem:
        return "must be indented with spaces; got a tab"
    remedy = ""
    if "mapping values are not allowed" in problem:
        remedy = "; put text with a colon in quotes, and check the indentation"
    elif "cannot start any token" in problem:
        remedy = "; put text that begins with a special character in quotes"
    while_ = f" {error.context}" if error.context else ""
    return f"must be YAML; the reader stopped{while_}: {problem}{remedy}"


def _value(fold: _Fold, event: Any, key_line: int | None = None) -> Any:
    """Return the value that begins with `event`; its place is its key's line, if it has one."""
    if isinstance(event, yaml.AliasEvent):
        raise YamlError(_line(event), f"*{event.anchor}: aliases are not used in bank files; write the value")
    if event.anchor is not None:
        raise YamlError(_line(event), f"&{event.anchor}: anchors are not used in bank files; remove it")
    if event.tag is not None and event.tag != "!":
        raise YamlError(_line(event), f"{event.tag}: tags are not used in bank files; remove it")
    scalar = isinstance(event, yaml.ScalarEvent)
    if fold.marks is not None:
        fold.marks[tuple(fold.path)] = Mark(key_line or _line(event), event.value if scalar else None)
    if scalar:
        return resolve(event.value) if event.implicit[0] else event.value
    fold.depth += 1
    if fold.depth > DEEPEST:
        raise YamlError(_line(event), f"must nest at most {DEEPEST} levels deep")
    value = _mapping(fold) if isinstance(event, yaml.MappingStartEvent) else _sequence(fold)
    fold.depth -= 1
    return value


def _mapping(fold: _Fold) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for event in fold.events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        if not isinstance(event, yaml.ScalarEvent):
            raise YamlError(_line(event), "a key must be a word; got a list or a mapping")
        key = resolve(event.value) if event.implicit[0] else event.value
        if not isinstance(key, str):
            raise YamlError(_line(event), f"a key must be text; got {event.value}; put it in quotes")
        if key in mapping:
            raise YamlError(_line(event), f"key {key!r} must be given once; got it a second time")
        fold.path.append(key)
        mapping[key] = _value(fold, next(fold.events), _line(event))
        fold.path.pop()
    return mapping


def _sequence(fold: _Fold) -> tuple[Any, ...]:
    values: list[Any] = []
    for event in fold.events:
        if isinstance(event, yaml.SequenceEndEvent):
            break
        fold.path.append(len(values))
        values.append(_value(fold, event))
        fold.path.pop()
    return tuple(values)


def resolve(text: str) -> Any:
    """Return what an unquoted word means: a number, true, false, nothing, text, or `Ambiguous`.

    >>> resolve("0.40"), resolve("true"), resolve("No"), resolve("Listen first")
    (0.4, True, Ambiguous(text='No'), 'Listen first')
    """
    if text in PLAIN:
        return PLAIN[text]
    if WHOLE.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text):
        return float(text)
    return Ambiguous(text) if TRAP.fullmatch(text) else text


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
