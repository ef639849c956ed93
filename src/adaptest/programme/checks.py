"""Step 7 placeholder."""

from __future__ import annotations

from dataclasses import dataclass

from adaptest.programme.collect import Collection
from adaptest.programme.estimate import Estimates
from adaptest.programme.moved import Moved
from adaptest.programme.task import Task


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """x."""

    flags: tuple[str, ...] = ()


def check(task: Task, collection: Collection, final: Estimates, moved: Moved) -> Checked:
    """X."""
    return Checked()
