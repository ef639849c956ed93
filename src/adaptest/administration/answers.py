"""The answers of a log as they count in the end: with every change made, and without what came too late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adaptest.engine.events import Event, ItemPresented, ResponseChanged, ResponseGiven
from adaptest.engine.timing import EXAM


def final_answers(events: Sequence[Event]) -> tuple[tuple[ItemPresented, ResponseGiven], ...]:
    """Return each presentation that was answered in the exam's time, with the answer that counts."""
    shown: dict[str, ItemPresented] = {}
    given: dict[str, ResponseGiven] = {}
    for event in events:
        match event:
            case ItemPresented():
                shown[event.item] = event
            case ResponseGiven() if event.late != EXAM:
                given[event.item] = event
            case ResponseChanged() if event.item in given:
                earlier = given[event.item]
                given[event.item] = replace(earlier, response=event.response, score=event.score)
    return tuple((shown[item], answer) for item, answer in given.items())
