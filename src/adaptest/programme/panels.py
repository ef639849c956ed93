"""Multistage panels assembled from an exam's pool or from plain files: what is asked, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adaptest.constraints.assembly import Form, information_at
from adaptest.constraints.panel import assemble_panel
from adaptest.constraints.table import Constraint
from adaptest.errors import OptionError
from adaptest.models.base import Floats
from adaptest.pool import Pool

FORMAT = "adaptest-panel/1"


@dataclass(frozen=True, eq=False)
class AssembledPanel:
    """A panel and what it was asked for.

    Attributes
    ----------
    name : of the exam whose pool it is, or of the parameter file
    stages : of each stage, module -> theta at which its information counted, logits
    modules : of each stage, module -> its items with the proof
    """

    name: str
    pool: Pool
    stages: tuple[Mapping[str, float], ...]
    modules: tuple[Mapping[str, Form], ...]

    @property
    def panel(self) -> list[dict[str, list[str]]]:
        """What an exam file has as `panel`: of each stage, its modules' items in their order."""
        return [{name: list(form.items) for name, form in stage.items()} for stage in self.modules]

    def record(self, at: Floats) -> dict[str, Any]:
        """Return what was asked and found as JSON values, with each module's information at thetas (Q,)."""
        return {
            "format": FORMAT,
            "of": self.name,
            "pool": self.pool.fingerprint,
            "theta": at.tolist(),
            "modules": [
                {
                    "stage": k,
                    "module": name,
                    "at": thetas[name],
                    "items": list(form.items),
                    "objective": form.objective,
                    "bound": form.bound,
                    "status": form.status,
                    "information": information_at(self.pool, form.items, at).tolist(),
                    "missed": [{"rule": rule, "by": by} for rule, by in form.missed],
                }
                for k, (thetas, stage) in enumerate(zip(self.stages, self.modules, strict=True), start=1)
                for name, form in stage.items()
            ],
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each item of each module."""
        return [
            {"stage": k, "module": name, "position": position, "item": item}
            for k, stage in enumerate(self.modules, start=1)
            for name, form in stage.items()
            for position, item in enumerate(form.items, start=1)
        ]


def panel_of(
    name: str, pool: Pool, constraints: tuple[Constraint, ...], stages: tuple[Mapping[str, float], ...]
) -> AssembledPanel:
    """Return a panel whose every module keeps the constraints, each the best at its theta of what is left.

    Raises
    ------
    InfeasibleError, where the pool does not hold so many modules: which one there is none for, and why.
    """
    return AssembledPanel(name, pool, stages, assemble_panel(pool, constraints, stages))


def stages_of(text: str) -> tuple[Mapping[str, float], ...]:
    """Return stages from text: stages parted by ";", modules by ",", each with its theta.

    >>> stages_of("R=0; easy=-1,hard=1")
    ({'R': 0.0}, {'easy': -1.0, 'hard': 1.0})

    Raises
    ------
    OptionError, where it is none: what it must look like.
    """
    stages: list[dict[str, float]] = []
    seen: set[str] = set()
    for part in text.split(";"):
        stage: dict[str, float] = {}
        for module in part.split(","):
            name, equals, theta = (piece.strip() for piece in module.partition("="))
            try:
                at = float(theta)
            except ValueError:
                at = float("nan")
            if not (name and equals and abs(at) < float("inf")):
                raise OptionError(
                    f"--panel must be stages parted by ';' of modules with their theta, as in"
                    f" 'R=0; easy=-1,hard=1'; got {module.strip()!r}"
                )
            if name in seen:
                raise OptionError(f"--panel: a module's name must be given once; got {name!r} again")
            seen.add(name)
            stage[name] = at
        stages.append(stage)
    return tuple(stages)


def every_module(stages: Sequence[Mapping[str, Form]]) -> list[tuple[str, Form]]:
    """Return modules with their names, stage by stage."""
    return [(name, form) for stage in stages for name, form in stage.items()]
