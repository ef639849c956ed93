"""Remove the item that drifted most, link again, and so on until none is left among the anchors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adaptest.drift.comparison import Comparison, compare, locations
from adaptest.drift.rule import Adequacy, DriftRule, ScaleEvent, scale_events
from adaptest.errors import LinkingError
from adaptest.linking import Form, Link, link
from adaptest.linking.anchors import anchors
from adaptest.linking.link import Method
from adaptest.models.base import Bools, Floats
from adaptest.numerics.quadrature import NormalPrior

FEWEST = 2  # anchors that must stay


@dataclass(frozen=True, slots=True)
class Round:
    """One link: its constants, and the item that was removed after it ("" in the last)."""

    A: float
    B: float
    anchors: int
    flagged: int
    removed: str


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """What became of J items since the base.

    Attributes
    ----------
    comparison : every item under the last link, also those that were removed from it
    flagged : (J,) whether it drifted
    removed_at : (J,) the round after which it was removed, from 1; 0 if it stayed
    before, after : the link with all anchors, and the last
    rounds : one Round for each link
    adequacy_before, adequacy_after : of the anchors of those links
    events : what says that the scale moved; empty where none
    d2 : (J,) pseudo-count D squared, nan where it was not given
    reason : why the search ended
    """

    comparison: Comparison
    flagged: Bools
    removed_at: tuple[int, ...]
    before: Link
    after: Link
    rounds: tuple[Round, ...]
    adequacy_before: Adequacy
    adequacy_after: Adequacy
    events: tuple[ScaleEvent, ...]
    d2: Floats
    reason: str

    @property
    def drifted(self) -> tuple[str, ...]:
        """Ids of the items that drifted, in order."""
        return tuple(i for i, flag in zip(self.comparison.ids, self.flagged, strict=True) if flag)

    @property
    def needs_attention(self) -> bool:
        """Whether a person must look: a scale event, an inadequate or unfinished link."""
        return bool(self.events) or not self.adequacy_after.adequate or not self.after.converged

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each item, by the names that files use; what is not known is None."""
        found = self.comparison
        columns = {
            "x_b": found.x_b, "se_b": found.se_b, "z_b": found.z_b,
            "x_a": found.x_a, "se_a": found.se_a, "z_a": found.z_a,
            "rmsd": found.rmsd, "robust_z": found.robust_z, "robust_z_a": found.robust_z_a,
            "displacement": found.displacement, "d2": self.d2,
        }  # fmt: skip
        return [
            {
                "item_id": item,
                **{name: _known(values[j]) for name, values in columns.items()},
                "drifted": bool(self.flagged[j]),
                "removed_at": self.removed_at[j] or None,
            }
            for j, item in enumerate(found.ids)
        ]

    def record(self) -> dict[str, Any]:
        """Return what a run record says about it."""
        return {
            "before": self.before.record(),
            "after": self.after.record(),
            "rounds": [
                {"A": r.A, "B": r.B, "anchors": r.anchors, "flagged": r.flagged, "removed": r.removed}
                for r in self.rounds
            ],
            "adequacy_before": _adequacy(self.adequacy_before),
            "adequacy_after": _adequacy(self.adequacy_after),
            "drifted": list(self.drifted),
            "events": [{"code": event.code, "sentence": event.sentence} for event in self.events],
            "reason": self.reason,
        }


def drift(
    free: Form,
    base: Form,
    *,
    ids: Sequence[str] | None = None,
    rule: DriftRule = DriftRule(),  # noqa: B008 (frozen)
    method: Method = "stocking-lord",
    base_population: NormalPrior = NormalPrior(),  # noqa: B008 (frozen)
    population: NormalPrior | None = None,
    d2: Mapping[str, float] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Drift:
    """Return which items drifted: free estimates against the base, the largest removed, linked again.

    Parameters
    ----------
    free : every operational item above the gate calibrated anew, none fixed; its own scale
    base : the base release; its errors and the free ones' count as independent
    ids : the items to test; all common ones otherwise
    base_population : whose density weights the nodes of the link
    population : of the people who answered now, on the base scale, for RMSD and displacement (default: the
        base population)
    d2 : pseudo-count D squared by item, from `pseudo_count_d2`, to stand beside the rest

    Raises
    ------
    LinkingError, where the anchors cannot carry the link, or a form has no standard errors.
    """
    for name, form in (("the free estimates", free), ("the base", base)):
        if not form.covariance:
            raise LinkingError(f"{name} must have standard errors to test drift; got none")
    tested = anchors(free, base, ids).ids
    density = (population or base_population).grid()
    kept = list(tested)
    rounds: list[Round] = []
    removed_at = dict.fromkeys(tested, 0)
    first = constants = link(free, base, method, ids=kept, population=base_population)
    while True:
        found = compare(free, base, tested, constants, density)
        drifted = rule.drifted(found)
        anchored = np.array([item in set(kept) for item in tested])
        candidates = np.flatnonzero(drifted & anchored)
        if not candidates.size or len(kept) <= FEWEST:
            reason = "no anchor is flagged" if not candidates.size else f"only {FEWEST} anchors are left"
            rounds.append(Round(constants.A, constants.B, len(kept), len(candidates), ""))
            break
        worst = tested[candidates[np.argmax(rule.size(found)[candidates])]]
        rounds.append(Round(constants.A, constants.B, len(kept), len(candidates), worst))
        kept.remove(worst)
        near = (constants.A, constants.B) if constants.converged else None
        constants = link(free, base, method, ids=kept, population=base_population, start=near)
        removed_at[worst] = len(rounds)
        if progress is not None:
            progress(f"{len(rounds)} removed, {len(candidates) - 1} still flagged")
    flagged = drifted | ~anchored
    return Drift(
        comparison=found,
        flagged=flagged,
        removed_at=tuple(removed_at[item] for item in tested),
        before=first,
        after=constants,
        rounds=tuple(rounds),
        adequacy_before=_adequacy_of(free, base, first, rule),
        adequacy_after=_adequacy_of(free, base, constants, rule),
        events=scale_events(found, flagged, rule),
        d2=np.array([(d2 or {}).get(item, np.nan) for item in tested]),
        reason=reason,
    )


def _adequacy_of(free: Form, base: Form, link: Link, rule: DriftRule) -> Adequacy:
    now, was = (locations(form.items, link.anchors) for form in (free, base))
    return Adequacy.of(link.A * now + link.B, was, rule)


def _adequacy(one: Adequacy) -> dict[str, Any]:
    return {
        "correlation": _known(one.correlation),
        "sd_ratio": _known(one.sd_ratio),
        "adequate": one.adequate,
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
