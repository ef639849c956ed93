"""What a bank knows of an item, as the tags and categories of a learning platform, and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from adaptest.bank.formats.record import ItemRecord, with_facts
from adaptest.bank.schema import NAME

PREFIXED = {
    "level": "level",
    "status": "status",
    "reference": "reference",
    "judged": "judged_difficulty",
    "concept": "concepts",
    "enemy": "enemies",
}
LONGEST_NAME = 64


def is_id(text: str) -> bool:
    """Whether a text can be an item's id."""
    return len(text) <= LONGEST_NAME and re.fullmatch(NAME, text) is not None


def tags_of(record: ItemRecord) -> Iterator[str]:
    """Yield an item's tags: its own, and `level:application` and the like.

    Names have no colon, so that none of the item's own tags can be taken for another.
    """
    yield from record.tags
    for prefix, name in PREFIXED.items():
        value = getattr(record, name)
        for word in (value,) if isinstance(value, str) else value:
            if word:
                yield f"{prefix}:{word}"


def fields_of(record: ItemRecord, tags: Sequence[str]) -> ItemRecord:
    """Return a record with what its tags say; a tag that can be no name becomes one."""
    words: dict[str, str] = {}
    lists: dict[str, list[str]] = {"concepts": [], "enemies": [], "tags": []}
    for tag in tags:
        prefix, colon, word = tag.partition(":")
        name = PREFIXED.get(prefix, "") if colon else ""
        if name in lists:
            lists[name].append(word)
        elif name:
            words[name] = word
        elif plain := _name(tag):
            lists["tags"].append(plain)
    return with_facts(record, words, {name: list(dict.fromkeys(values)) for name, values in lists.items()})


def _name(tag: str) -> str:
    """Return a tag as one word of letters, digits, '-', '_' and '.'."""
    return tag if is_id(tag) else re.sub(r"[^A-Za-z0-9._-]+", "-", tag).strip("-._")[:LONGEST_NAME]


def category_of(record: ItemRecord) -> str:
    """Return the category of an item: domain and competency."""
    return "/".join(word for word in (record.domain, record.competency) if word) or "items"


def place_in(category: str) -> tuple[str, str]:
    """Return domain and competency that a category of ours names; "" where it is another.

    >>> place_in("$course$/top/INT/active-listening-empathy"), place_in("$course$/top/Week 3")
    (('INT', 'active-listening-empathy'), ('', ''))
    """
    match = re.fullmatch(r"\$[a-z]+\$/top/([A-Za-z0-9._-]+)/([A-Za-z0-9._-]+)\s*", category.strip())
    return (match[1], match[2]) if match else ("", "")
