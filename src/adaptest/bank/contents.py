"""A bank as a frozen value: items, lessons, exams and what they are about."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from adaptest.bank.problems import Source, require_none, shown_value
from adaptest.bank.schema import Competency, Header, Item
from adaptest.errors import BankFileError
from adaptest.files import canonical_json


@dataclass(frozen=True, slots=True)
class Lesson:
    """A short study lesson in Markdown, about one competency."""

    competency: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class ExamFile:
    """The text of an exam definition; `adaptest.engine.spec` makes a design of it.

    Attributes
    ----------
    tuned : the text of the tuned exposure file beside it; None where there is none
    tables : name of each CSV file beside it -> its text: constraint tables
    """

    name: str
    path: str
    text: str
    tuned: str | None = None
    tables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Bank:
    """Everything one folder of `itembank/` holds.

    Attributes
    ----------
    name : the folder's name
    header : what bank.yaml says
    items : in the order of the competencies in bank.yaml, then of the file
    lessons : competency -> lesson
    exams : name -> the exam file's text
    """

    name: str
    folder: Path
    header: Header
    items: tuple[Item, ...]
    lessons: Mapping[str, Lesson]
    exams: Mapping[str, ExamFile]

    def item(self, name: str) -> Item:
        """Return the item with this id; raise BankFileError if there is none."""
        if name not in self._items:
            raise BankFileError(
                f"bank {self.name!r}: item {name!r} must be one of its {len(self.items)} items;"
                f" adaptest bank show {self.name} --format csv lists them"
            )
        return self._items[name]

    def exam(self, name: str) -> ExamFile:
        """Return the exam file of this name.

        Raises
        ------
        BankFileError, where there is none, or it is no YAML, or its id is not its name.
        """
        if name not in self.exams:
            raise BankFileError(
                f"bank {self.name!r}: exam {name!r} must be one of {', '.join(sorted(self.exams)) or 'none'}"
            )
        file = self.exams[name]
        source, problem = Source.of(file.path, file.text)
        if source is not None and isinstance(source.value, dict) and source.value.get("id") != name:
            got = shown_value(source.value.get("id"))
            problem = source.problem(("id",), None, f"id must be the file's name {name!r}; got {got}")
        require_none([problem] if problem else [])
        return file

    def lesson(self, name: str) -> Lesson:
        """Return the lesson of this competency; raise BankFileError if there is none."""
        if name not in self.lessons:
            raise BankFileError(
                f"bank {self.name!r}: lesson {name!r} must be one of {', '.join(self.lessons) or 'none'}"
            )
        return self.lessons[name]

    @cached_property
    def domains(self) -> dict[str, str]:
        """Code of each domain -> its title, in the bank's order."""
        return {domain.code: domain.title for domain in self.header.domains}

    @cached_property
    def competencies(self) -> dict[str, Competency]:
        """Id of each competency -> what bank.yaml says of it, in the bank's order."""
        return {competency.id: competency for competency in self.header.competencies}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of every item's id and content fingerprint, whatever their order."""
        contents = {item.id: item.fingerprint for item in self.items}
        return hashlib.sha256(canonical_json(contents).encode()).hexdigest()

    @cached_property
    def _items(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}
