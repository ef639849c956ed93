"""Steps 2 to 9 of a recalibration, in order: from a task to everything that a candidate release says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from adaptest.calibration.result import CovarianceBlock, GroupMoments
from adaptest.errors import CalibrationError
from adaptest.files import canonical_json
from adaptest.models.base import Bools
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.programme.checks import Checked, check
from adaptest.programme.collect import Collection, collect
from adaptest.programme.decide import propose
from adaptest.programme.decisions import Decision, dropped, table_of
from adaptest.programme.estimate import Estimates, estimate
from adaptest.programme.gates import Gated, gate
from adaptest.programme.impact import Impacts, impact
from adaptest.programme.keeper import Keeper
from adaptest.programme.log import Log
from adaptest.programme.moved import Moved, find_moved, nothing_moved, on_scale
from adaptest.programme.screen import Screened, screen, theta_of
from adaptest.programme.tables import blocks_of
from adaptest.programme.task import Task

_CLASSES = (
    Collection, Gated, Screened, Estimates, Moved, Checked, Impacts, CovarianceBlock, GroupMoments, Decision,
)  # fmt: skip
KEPT: Mapping[str, type] = MappingProxyType({one.__name__: one for one in _CLASSES})
STEPS = ("2-collect", "3-gates", "4-screen", "5-calibrate", "6-drift", "7-fit", "8-impact", "9-decide")
SHOWN = 8  # digits of a digest that names a scale
LONGEST = 40  # characters of a bank's name in the name of a scale


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What a recalibration came to.

    Attributes
    ----------
    gated : the new items' volume; operational : the calibrated items', in the drift window
    screened : classical numbers of all items with responses
    first : step 5's estimates of the new items; final : the values that a release takes, drifted items among
        them; for a judged base both are the base calibration
    decisions : as proposed
    table : the release, so decided
    scale_id : of the release; another one than the base's only where the base was judged
    taken : steps whose outcome was kept from a run that was killed; seconds : of the others
    """

    task: Task
    collection: Collection
    gated: Gated
    operational: Gated
    screened: Screened
    first: Estimates
    moved: Moved
    final: Estimates
    checked: Checked
    decisions: tuple[Decision, ...]
    table: ParameterTable
    scale_id: str
    impacts: Impacts
    taken: tuple[str, ...]
    seconds: Mapping[str, float]

    @property
    def covariance(self) -> tuple[CovarianceBlock, ...]:
        """Joint covariance of the errors of the released values, as far as it is known."""
        fresh = {
            one.item
            for one in self.decisions
            if one.decision == "replace" or (one.decision == "accept" and one.role != "operational")
        }
        kept = [item for item in self.table.items.ids if item not in fresh]
        return (
            *blocks_of(self.task.base.covariance, kept),
            *blocks_of(self.final.covariance, [item for item in self.table.items.ids if item in fresh]),
        )

    @property
    def groups(self) -> tuple[GroupMoments, ...]:
        """The persons' distributions on the base's scale: of the last calibration with the others held.

        Where nothing had to be estimated, of drift's free calibration, moved by its link.
        """
        if self.final.groups or not self.moved.groups:
            return self.final.groups
        return on_scale(self.moved)

    @property
    def needs_attention(self) -> bool:
        """Whether something needs a person before it is published: exit code 3."""
        return bool(
            self.moved.scale_event
            or self.task.base.judged
            or self.checked.flags
            or (self.impacts.flips != 0).any()
            or any(one.decision in {"replace", "reject", "key-fix", "retire"} for one in self.decisions)
        )


def recalibrate(
    task: Task, *, work: Path | None = None, tell: Callable[[str], None] | None = None
) -> Outcome:
    """Return the outcome of steps 2 to 9.

    Parameters
    ----------
    work : folder in which each step's outcome is kept until the candidate stands; None keeps nothing
    tell : told of each step as it begins

    Raises
    ------
    ResponseFileError, where no response is left; CalibrationError, where no anchor has responses.
    """
    digest = digest_of(task)
    keep = Keeper(work, digest, KEPT, {Log.__name__: task.log}, tell)
    policy = task.policy
    practice = frozenset(name for name, rule in task.rules.items() if rule.practice)
    collection = keep(
        "2-collect", lambda: collect(task.log, policy.collect, practice=practice, known=tuple(task.rules))
    )
    gates = keep("3-gates", lambda: _gates(task, collection))
    gated, operational = gates
    screened = keep("4-screen", lambda: _screen(task, collection, gated))
    first = keep("5-calibrate", lambda: _calibrate(task, collection, gated, screened))
    moved, final = keep("6-drift", lambda: _drift(task, collection, operational, first))
    scale_id = scale_of(task, digest)
    decisions = propose(task, collection, gated, operational, screened, first, moved, final)
    table = table_of(decisions, task.base.table, final.table, scale_id, "decisions")
    if not len(table.items):
        raise CalibrationError(
            f"bank {task.bank!r}: no item passes the gates, and a release needs one; collect more"
            " responses, or lower the gates in the policy"
        )
    recent = without_old(collection, moved.ids, task)
    checked = keep("7-fit", lambda: _check(task, collection, table.items, recent, screened, tell))
    impacts = keep("8-impact", lambda: impact(task, collection, table, frozenset(dropped(decisions))))
    if tell is not None:
        tell("9-decide")
    return Outcome(
        task=task,
        collection=collection,
        gated=gated,
        operational=operational,
        screened=screened,
        first=first,
        moved=moved,
        final=final,
        checked=checked,
        decisions=decisions,
        table=table,
        scale_id=scale_id,
        impacts=impacts,
        taken=tuple(keep.taken),
        seconds=dict(keep.seconds),
    )


def digest_of(task: Task) -> str:
    """Return the SHA-256 of everything that decides: base, items, rules, policy, responses, version."""
    text = hashlib.sha256()
    facts: dict[str, Any] = {
        "bank": task.bank,
        "base": [task.base.number, task.base.run, task.base.scale_id, task.base.digest, task.base.judged],
        "parameters": task.base.table.items.fingerprint,
        "items": [list(asdict(one).values()) for one in task.items.values()],
        "rules": {name: asdict(rule) for name, rule in task.rules.items()},
        "rules_then": {name: asdict(rule) for name, rule in task.rules_then.items()},
        "policy": task.policy.model_dump(mode="json"),
        "version": task.version,
    }
    text.update(canonical_json(facts).encode())
    text.update(log_digest(task.log).encode())
    return text.hexdigest()


_WORDS = (
    "persons", "sittings", "items", "exams", "options", "groups", "administration", "at", "release", "status",
)  # fmt: skip


def log_digest(log: Log) -> str:
    """Return the SHA-256 of a log of responses."""
    text = hashlib.sha256()
    words = (
        "persons",
        "sittings",
        "items",
        "exams",
        "options",
        "groups",
        "administration",
        "at",
        "release",
        "status",
    )
    for name in words:
        for word in getattr(log, name):
            text.update(f"{len(word)}:{word}".encode())
        text.update(b"\n")
    for name, kind in (
        ("person", "<i4"), ("exam", "<i4"), ("group", "<i4"), ("sitting", "<i4"), ("item", "<i4"),
        ("score", "<i1"), ("option", "<i4"), ("time_s", "<f8"), ("position", "<i4"), ("pretest", "?"),
        ("repeat", "?"), ("explained", "?"), ("changed", "?"),
    ):  # fmt: skip
        text.update(np.ascontiguousarray(getattr(log, name), dtype=kind).tobytes())
    return text.hexdigest()


def scale_of(task: Task, digest: str) -> str:
    """Return the scale of the release: the base's, or a new one where the base was judged."""
    return f"{task.bank[:LONGEST]}-{digest[:SHOWN]}" if task.base.judged else task.base.scale_id


def _gates(task: Task, collection: Collection) -> tuple[Gated, Gated]:
    """Return the volume of the new items, over the window, and of the calibrated ones, over drift's."""
    gates, used = task.policy.gates, collection.used
    new = gate(collection, task.new, [task.model] * len(task.new), gates, used)
    models = dict(zip(task.base.table.ids, task.base.table.models, strict=True))
    known = task.calibrated
    recent = collection.last(task.policy.collect.drift_window) & ~collection.log.pretest
    return new, gate(collection, known, [models[item] for item in known], gates, recent)


def _screen(task: Task, collection: Collection, gated: Gated) -> Screened:
    """Return the classical numbers of every item that may be calibrated or is."""
    table = task.base.table.items
    known = [item for item in (task.items if task.base.judged else task.calibrated) if item in table.row]
    rows = np.array([table.row[item] for item in known], dtype=np.intp)
    wanted = [item for item in task.items if item in {*gated.items, *task.calibrated}]
    expected = not task.base.judged
    return screen(
        collection,
        task.items,
        table.take(rows),
        wanted,
        collection.used,
        task.policy.screen,
        expected=expected,
    )


def _check(
    task: Task,
    collection: Collection,
    released: ItemParameters,
    recent: Bools,
    screened: Screened,
    tell: Callable[[str], None] | None,
) -> Checked:
    """Return step 7, theta being on the scale of what would be released, which a base calibration opens."""
    theta = screened.theta
    if task.base.judged:
        theta = theta_of(collection, released, collection.used)
    return check(task, collection, released, recent, theta, tell)


def failed_screen(screened: Screened, items: frozenset[str]) -> dict[str, str]:
    """Return the new items that are not calibrated at all, with the reason: the worst one first.

    A share correct, or a correlation, rejects an item only where it was given at random: adaptive exams gave
    the others to persons much alike, while their values were judged. Step 5 sees how they discriminate.
    """
    order = ("distractor", "r_low", "p_low", "p_high")
    found = {}
    for item, flags, seeded in zip(screened.items, screened.flags, screened.seeded, strict=True):
        words = [word for word in order if word in flags]
        if item in items and words and (seeded or words[0] == "distractor"):
            found[item] = words[0]
    return found


def _calibrate(task: Task, collection: Collection, gated: Gated, screened: Screened) -> Estimates:
    """Return step 5: the new items that pass gate and screen, the calibrated ones held."""
    bad = failed_screen(screened, frozenset(gated.passed))
    free = [item for item in gated.passed if item not in bad]
    return estimate(task, collection, free, task.calibrated, collection.used, may_drop=free)


def _drift(
    task: Task, collection: Collection, operational: Gated, first: Estimates
) -> tuple[Moved, Estimates]:
    """Return which calibrated items moved, and the final values with those freed and the others held."""
    if task.base.judged:
        return nothing_moved("the base is judged: there is no calibrated value to have moved from"), first
    moved = find_moved(task, collection, operational)
    gone = moved.ids
    new = list(first.table.ids) if first.table is not None else []
    if not gone:
        return moved, first
    stable = [item for item in task.calibrated if item not in set(gone)]
    keep = without_old(collection, gone, task)
    again = [item for item in gone if item not in moved.by_score]  # the others are below the gate
    if not again and not new:
        return moved, first
    final = estimate(task, collection, [*new, *again], stable, keep, may_drop=new)
    return moved, final


def without_old(collection: Collection, gone: Sequence[str], task: Task) -> Bools:
    """Return (n,) what is used, of drifted items only the last administrations' responses.

    Earlier ones are of the item as it was. Where the last alone are below the gate, all of drift's window.
    """
    log = collection.log
    place = {item: k for k, item in enumerate(log.items)}
    models = dict(zip(task.base.table.ids, task.base.table.models, strict=True))
    keep = collection.used.copy()
    recent = collection.last(task.policy.drift.reestimate_from)
    window = collection.last(task.policy.collect.drift_window)
    volume = gate(collection, gone, [models[item] for item in gone], task.policy.gates, recent)
    for item, enough in zip(gone, volume.met, strict=True):
        mine = log.item == place[item]
        keep[mine] &= (recent if enough else window)[mine]
    return keep
