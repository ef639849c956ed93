"""An item's life: what each status allows, and which status may follow which.

draft        being written; may lack rationales
review       complete, and read by someone else
pretest      shown unscored, to collect responses
operational  shown and scored
retired      kept for the record, never shown again
"""

from __future__ import annotations

from typing import Literal, get_args

Status = Literal["draft", "review", "pretest", "operational", "retired"]

STATUSES: tuple[Status, ...] = get_args(Status)
SHOWN: frozenset[Status] = frozenset({"pretest", "operational"})
FOLLOWS: dict[Status, tuple[Status, ...]] = {
    "draft": ("review", "retired"),
    "review": ("draft", "pretest", "operational", "retired"),
    "pretest": ("review", "operational", "retired"),
    "operational": ("review", "retired"),
    "retired": (),
}


def may_follow(before: Status, after: Status) -> bool:
    """Whether an item of status `before` may become `after`; nothing comes back from retirement.

    >>> may_follow("pretest", "operational"), may_follow("retired", "operational")
    (True, False)
    """
    return after in FOLLOWS[before]
