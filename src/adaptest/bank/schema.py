"""The shape of bank files: bank.yaml and items/*.yaml; unknown keys and other formats are refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from adaptest.bank.lifecycle import Status
from adaptest.files import canonical_json

BANK_FORMAT = "adaptest-bank/1"
ITEMS_FORMAT = "adaptest-items/1"

Level = Literal["recall", "application", "judgement"]
Judged = Literal["very_easy", "easy", "medium", "hard", "very_hard"]
LEVELS: tuple[Level, ...] = get_args(Level)
JUDGED: tuple[Judged, ...] = get_args(Judged)

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
LETTER = r"^[A-J]$"
DIGEST = r"^[0-9a-f]{64}$"
SHORT_DIGEST = r"^[0-9a-f]{12,64}$"
CODE = r"^[A-Z]{2}[0-9]{2}$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?$"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Name = Annotated[str, StringConstraints(pattern=NAME, max_length=64)]
Digest = Annotated[str, StringConstraints(pattern=DIGEST)]
Letter = Annotated[str, StringConstraints(pattern=LETTER)]
Day = Annotated[str, StringConstraints(pattern=DAY)]
ShortDigest = Annotated[str, StringConstraints(pattern=SHORT_DIGEST)]
Waivers = Annotated[
    Mapping[Annotated[str, StringConstraints(pattern=CODE)], Text],
    AfterValidator(lambda given: MappingProxyType(dict(given))),
]
Facts = Annotated[Mapping[str, Text], AfterValidator(lambda given: MappingProxyType(dict(given)))]
ByLetter = Annotated[Mapping[Letter, Text], AfterValidator(lambda given: MappingProxyType(dict(given)))]


class Record(BaseModel):
    """Base of every shape here: frozen, strict, no key but those named."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", ignored_types=(cached_property,))


class StatusChange(Record):
    """One step of an item's life: which status, since when, by whom, why."""

    status: Status
    at: Day
    by: Text
    why: Text


class ContentDecision(Record):
    """What a change of stem, options or key means: `was` and `now` are fingerprints, 12 digits or more.

    minor_edit  the same question in better words: its parameters stay
    new_item    another question: its parameters do not hold, and it waits for a calibration
    """

    was: ShortDigest
    now: ShortDigest
    decision: Literal["minor_edit", "new_item"]
    at: Day
    by: Text
    why: Text


class Item(Record):
    """One multiple-choice item.

    Attributes
    ----------
    options, rationale : bank letter (A, B, ...) -> text
    key : letter of the best option
    concepts : ids of what the item asks about, from the bank's own list
    reference : where to read on: `lesson <competency>`
    enemies : ids of items that one sitting never shows beside this one
    set : the item set it belongs to, one of the bank's; its items are given together
    judged_difficulty : what its writers expect, until responses say more
    history : its statuses so far, the first one first; the last is `status`
    content_decisions : what each change of calibrated content means
    waivers : code of `bank check` -> why its warning is accepted here
    """

    id: Name
    competency: Name
    domain: Name
    level: Level
    stem: Text
    options: ByLetter = Field(min_length=2)
    key: str
    rationale: ByLetter = Field(default_factory=lambda: MappingProxyType({}))
    concepts: tuple[Name, ...] = ()
    reference: Text | None = None
    status: Status
    enemies: tuple[Name, ...] = ()
    set: Name | None = None
    tags: tuple[Name, ...] = ()
    judged_difficulty: Judged | None = None
    history: tuple[StatusChange, ...] = ()
    content_decisions: tuple[ContentDecision, ...] = ()
    waivers: Waivers = Field(default_factory=lambda: MappingProxyType({}))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of what a candidate answers: stem, options, key. Parameters belong to it, not to the id."""
        content = {"stem": self.stem, "options": dict(self.options), "key": self.key}
        return hashlib.sha256(canonical_json(content).encode()).hexdigest()


class ItemsFile(Record):
    """`items/<competency>.yaml`."""

    format: Literal["adaptest-items/1"]
    competency: Name
    items: tuple[Item, ...]


class Domain(Record):
    """A content area that an exam's blueprint counts."""

    code: Name
    title: Text


class Competency(Record):
    """What a group of items and one lesson are about; its items are of its domain, or of a secondary one."""

    id: Name
    title: Text
    domain: Name
    secondary_domains: tuple[Name, ...] = ()


class Concept(Record):
    """One idea that lessons explain and items ask about.

    Attributes
    ----------
    title : its name, and after a colon what it means
    kind : `relationship` for those that `bank check` counts: in their lesson, and in two items
    lesson : where it is explained; any lesson if not said
    """

    id: Name
    title: Text
    kind: Literal["relationship"] | None = None
    lesson: Name | None = None


class ItemSet(Record):
    """Items that are given together, about one text.

    Attributes
    ----------
    stimulus : the text that is shown with each of them
    attributes : what constraints on sets can ask about, beside its id and number of items
    """

    id: Name
    title: Text
    stimulus: Text | None = None
    attributes: Mapping[Name, str | int | float] = Field(default_factory=lambda: MappingProxyType({}))


class Header(Record):
    """`bank.yaml`.

    Attributes
    ----------
    sets : item sets that items belong to
    authors : who wrote the items, unless an item's history says
    plain_terms : terms of the trade that its readers know; readability counts each as one short word
    unconfirmed_facts : word or phrase -> why no item may ask for it yet
    waivers : code of `bank check` -> why its warnings about the bank or an exam are accepted
    """

    format: Literal["adaptest-bank/1"]
    id: Name
    title: Text
    language: Name
    licence: Text
    disclaimer: Text
    provisional_note: Text | None = None
    default_exam: Name
    domains: tuple[Domain, ...] = Field(min_length=1)
    competencies: tuple[Competency, ...] = Field(min_length=1)
    concepts: tuple[Concept, ...] = ()
    sets: tuple[ItemSet, ...] = ()
    authors: Text | None = None
    plain_terms: tuple[Text, ...] = ()
    unconfirmed_facts: Facts = Field(default_factory=lambda: MappingProxyType({}))
    waivers: Waivers = Field(default_factory=lambda: MappingProxyType({}))
