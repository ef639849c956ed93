"""CO02 and CO03: the concepts of the peer relationship, in lessons and in items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from adaptest.bank.lint.context import Context
from adaptest.bank.lint.finding import Finding, Measure, found

FEWEST_ITEMS = 2


def concepts(context: Context) -> Iterator[Measure | Finding]:
    """CO02 and CO03: each concept with a kind in its lesson, and in two items."""
    bank = context.bank
    texts = {name: " ".join(lesson.text.lower().split()) for name, lesson in bank.lessons.items()}
    live = [text.item for text in context.texts if text.item.status != "draft"]
    items = Counter(concept for item in live for concept in item.concepts)
    counted = [(row, concept) for row, concept in enumerate(bank.header.concepts) if concept.kind]
    whole = 0
    for row, concept in counted:
        title = concept.title.partition(":")[0].strip()
        where = (concept.lesson,) if concept.lesson else tuple(texts)
        taught = any(title.lower() in texts.get(name, "") for name in where)
        place = ("concepts", row)
        if not taught:
            lesson = f"the lesson {concept.lesson!r}" if concept.lesson else "any lesson"
            rule = f"concept {concept.id!r} must be explained in its lesson"
            yield found("CO02", f"no {title!r} in {lesson}", place=place, rule=rule)
        if items[concept.id] < FEWEST_ITEMS:
            rule = f"concept {concept.id!r} must be in at least {FEWEST_ITEMS} items"
            yield found("CO03", str(items[concept.id]), place=place, rule=rule)
        whole += taught and items[concept.id] >= FEWEST_ITEMS
    if counted:
        note = f"of {len(counted)} that bank.yaml counts"
        yield Measure("CO03", "concepts in a lesson and two items", whole, len(live), note=note)
