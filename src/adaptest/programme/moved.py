"""Step 6: which calibrated items moved, from free estimates linked to the base; and whether the scale did.

The calibrated items are fixed in step 5, so that drift needs free values: every one above the gate is
estimated anew from the last administrations and linked to the base by Stocking-Lord; the one that moved most
is removed from the link, and so on until none that is left is flagged (`adaptest.drift`). Items below the
gate that enough people answered are tested by the score of the likelihood at the base's values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from adaptest.calibration import GroupMoments, calibrate
from adaptest.drift import Drift, DriftRule, drift, pseudo_count_d2, score_shift
from adaptest.errors import CalibrationError, LinkingError
from adaptest.linking import Form
from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.quadrature import NormalPrior
from adaptest.parameters import ParameterTable
from adaptest.programme.collect import Collection
from adaptest.programme.gates import Gated
from adaptest.programme.policy import Drift as Rules
from adaptest.programme.tables import blocks_of, subset
from adaptest.programme.task import Task

FEWEST = 3  # items above the gate: with fewer, nothing can be told from a link


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """J items compared with the base.

    Attributes
    ----------
    items : those above the gate, then those below it that were tested by the score
    columns : name -> (J,): x_b, se_b, z_b, x_a, se_a, z_a, rmsd, robust_z, displacement, d2; nan if unknown
    removed_at : (J,) the round in which an item left the link, 0 if it stayed
    flagged : (J,) whether it moved
    scale_event : what says that the scale itself moved, a sentence each: then there is no release
    record : links before and after, rounds, adequacy
    free : the free estimates, on their own scale; None where there are none
    groups : the persons of the free calibration
    by_score : those of the items that are below the gate
    """

    items: tuple[str, ...]
    columns: Mapping[str, Floats]
    removed_at: Rows
    flagged: Bools
    scale_event: tuple[str, ...]
    record: Mapping[str, object]
    free: ParameterTable | None
    groups: tuple[GroupMoments, ...]
    by_score: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """The items that moved."""
        return tuple(item for item, out in zip(self.items, self.flagged, strict=True) if out)

    def words(self, j: int) -> str:
        """Return how an item moved, in words."""
        shift, z, rmsd = (self.columns[name][j] for name in ("x_b", "z_b", "rmsd"))
        how = f"{'harder' if shift > 0 else 'easier'} by {abs(shift):.2f} logits, z {z:.1f}"
        return f"{how}, RMSD {rmsd:.3f}" if np.isfinite(rmsd) else f"{how}, by score test"


def nothing_moved(why: str) -> Moved:
    """Return the outcome where drift was not looked for."""
    return Moved((), {}, np.zeros(0, np.intp), np.zeros(0, np.bool_), (), {"reason": why}, None, ())


def find_moved(task: Task, collection: Collection, operational: Gated) -> Moved:
    """Return what moved since the base, from the last administrations' responses."""
    items = operational.passed
    if len(items) < FEWEST:
        return nothing_moved(
            f"{len(items)} calibrated items are above the gate in the drift window; drift needs {FEWEST}"
        )
    recent = collection.last(task.policy.collect.drift_window) & ~collection.log.pretest
    models = dict(zip(task.base.table.ids, task.base.table.models, strict=True))
    people = collection.responses(items, recent)
    try:
        free = calibrate(people, {item: models[item] for item in items})
        usable = tuple(
            item
            for item, status, flags in zip(free.item_ids, free.status, free.flags, strict=True)
            if status == "estimated" and "negative_discrimination" not in flags
        )
        base = subset(task.base.table, usable)
        known = base.items
        rows = np.array([people.items.index(item) for item in usable], dtype=np.intp)
        theta = NormalPrior()
        distance = pseudo_count_d2(known, people.take_items(rows).resolved(), theta)
        found = drift(
            Form.of_result(free),
            Form.of(base, blocks_of(task.base.covariance, usable)),
            ids=usable,
            rule=_rule(task.policy.drift),
            population=theta,
            d2=dict(zip(usable, distance.tolist(), strict=True)),
        )
    except (CalibrationError, LinkingError) as error:
        sentence = f"drift cannot be looked for: {error}"
        return Moved((), {}, np.zeros(0, np.intp), np.zeros(0, np.bool_), (sentence,), {}, None, ())
    return _with_few(task, collection, recent, _moved(found, free.table, free.groups))


def _with_few(task: Task, collection: Collection, recent: Bools, moved: Moved) -> Moved:
    """Return the outcome with the items below the gate, tested where enough people answered them."""
    rules = task.policy.drift
    volume = collection.count(task.calibrated, recent)
    known = {item for block in task.base.covariance for item, _ in block.parameters}
    few = tuple(
        item
        for item, n in zip(task.calibrated, volume.tolist(), strict=True)
        if item not in moved.items and item in known and n >= rules.score_minimum
    )
    if not few:
        return moved
    people = collection.responses(task.calibrated, recent).resolved()
    base = Form.of(subset(task.base.table, task.calibrated), blocks_of(task.base.covariance, few))
    found = score_shift(base, people, few, populations(map(asdict, on_scale(moved))), moved=moved.ids)
    z = np.nan_to_num(found.z_b)
    out = (np.abs(z) > rules.z) & (np.abs(np.nan_to_num(found.x_b)) >= rules.difficulty)
    unknown = np.full(len(few), np.nan)
    own = {"x_b": found.x_b, "se_b": found.se_b, "z_b": found.z_b}
    columns = {
        name: np.concatenate([values, own.get(name, unknown)]) for name, values in moved.columns.items()
    }
    return replace(
        moved,
        items=(*moved.items, *few),
        columns=columns,
        removed_at=np.concatenate([moved.removed_at, np.zeros(len(few), np.intp)]),
        flagged=np.concatenate([moved.flagged, out]),
        record={**moved.record, "by_score": list(few)},
        by_score=few,
    )


def populations(groups: Iterable[Mapping[str, Any]]) -> dict[str, tuple[NormalPrior, float]]:
    """Return what `score_shift` asks of groups' moments: by name the prior, and the mean's standard error.

    Parameters
    ----------
    groups : GroupMoments as mappings; a standard error that is not known counts as 0, a group without
        variance is left out
    """
    return {
        one["name"]: (NormalPrior(one["mean"], float(np.sqrt(one["variance"]))), _finite(one["se_mean"]))
        for one in groups
        if one["variance"] > 0
    }


def _finite(number: float | None) -> float:
    return float(np.nan_to_num(number)) if number is not None else 0.0


def on_scale(moved: Moved) -> tuple[GroupMoments, ...]:
    r"""Return the persons of the free calibration on the base's scale.

    .. math:: \mu^* = A \mu + B, \quad \sigma^{2*} = A^2 \sigma^2, \quad
        se^2(\mu^*) = A^2 se^2(\mu) + se^2(B)

    The covariance of A with B, and of both with the mean, is left out.
    """
    link: Any = moved.record["after"]
    a, b, se_b = float(link["A"]), float(link["B"]), link["se_B"]
    return tuple(
        replace(
            one,
            mean=a * one.mean + b,
            variance=a**2 * one.variance,
            se_mean=float("nan") if se_b is None else float(np.hypot(a * np.nan_to_num(one.se_mean), se_b)),
            se_variance=a**2 * one.se_variance,
        )
        for one in moved.groups
    )


def _moved(found: Drift, free: ParameterTable, groups: tuple[GroupMoments, ...]) -> Moved:
    one = found.comparison
    columns = {
        "x_b": one.x_b, "se_b": one.se_b, "z_b": one.z_b, "x_a": one.x_a, "se_a": one.se_a, "z_a": one.z_a,
        "rmsd": one.rmsd, "robust_z": one.robust_z, "displacement": one.displacement, "d2": found.d2,
    }  # fmt: skip
    return Moved(
        one.ids,
        columns,
        np.array(found.removed_at, dtype=np.intp),
        found.flagged,
        tuple(event.sentence for event in found.events),
        found.record(),
        free,
        groups,
    )


def _rule(rules: Rules) -> DriftRule:
    return DriftRule(
        z=rules.z,
        shift=rules.difficulty,
        rmsd=rules.rmsd,
        correlation=rules.correlation,
        sd_ratio=rules.sd_ratio,
        flagged_share=rules.flagged_share,
        median_shift=rules.median_shift,
        one_sided_p=rules.sign_p,
    )
