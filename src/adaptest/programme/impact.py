"""Step 8: whose result would change: every past sitting under the old parameters and the new.

Parameter change and rule change are told apart: first the same items with new values, by the rule that scored
the sitting; then what else changes, items that no longer count and a new cut or estimator.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from adaptest.models.base import Bools, Floats, Rows
from adaptest.numerics.quadrature import NormalPrior
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.programme.collect import Collection
from adaptest.programme.task import ScoringRule, Task
from adaptest.responses import NOT_PRESENTED, Responses
from adaptest.scoring import score

Z95 = 1.959963984540054
FAIL, PASS, NONE = 0, 1, -1
WORDS = {FAIL: "fail", PASS: "pass", NONE: ""}
COLUMNS = (
    "sitting", "person", "exam", "administration", "release", "n_items", "n_items_new", "theta_old",
    "theta_parameters", "theta_new", "sem_old", "sem_new", "scale_score_old", "scale_score_new",
    "decision_old", "decision_parameters", "decision_new", "change", "cause", "covers_cut_old",
    "covers_cut_new", "unsupported",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Impacts:
    """S sittings' results, old and new.

    Attributes
    ----------
    sitting : (S,) index into the log's sittings
    theta_old, theta_parameters, theta_new : (S,) logits: as the base release scores it, with the new values,
        and with the new values and rules
    sem_old, sem_new : (S,) logits
    decision_old, decision_parameters, decision_new : (S,) 0 fail, 1 pass, -1 none
    n_old, n_new : (S,) items that count
    information_old, information_new : (S,) of the items that count, at the cut; nan without one
    covers_old, covers_new : (S,) whether the 95 % interval covers the cut
    unsupported : (S,) whether fewer items count than the exam asks for
    comparable : whether old and new theta are on one scale
    """

    sitting: Rows
    theta_old: Floats
    theta_parameters: Floats
    theta_new: Floats
    sem_old: Floats
    sem_new: Floats
    decision_old: Rows
    decision_parameters: Rows
    decision_new: Rows
    n_old: Rows
    n_new: Rows
    information_old: Floats
    information_new: Floats
    covers_old: Bools
    covers_new: Bools
    unsupported: Bools
    comparable: bool

    @property
    def flips(self) -> Rows:
        """(S,) 1 fail to pass, -1 pass to fail, 0 neither."""
        both = (self.decision_old >= 0) & (self.decision_new >= 0)
        return np.where(both, self.decision_new - self.decision_old, 0)


def impact(
    task: Task,
    collection: Collection,
    new: ParameterTable,
    gone: frozenset[str],
    *,
    after: Collection | None = None,
) -> Impacts:
    """Return every scored sitting's result under the base release and under a new table.

    Parameters
    ----------
    gone : items whose responses no longer count
    after : the same sittings as they would be scored, where a response counts otherwise
    """
    log, old = collection.log, task.base.table.items
    comparable = not task.base.judged or after is not None
    names = [item for item in log.items if item in old.row]
    people = collection.responses(names, collection.scored)
    later = None if after is None else after.responses(names, after.scored)
    place = {sitting: k for k, sitting in enumerate(log.sittings)}
    sitting = np.array([place[one] for one in people.persons], dtype=np.intp)
    values = _with(old, new.items) if comparable else new.items
    kept = [item for item in names if item in values.row and item not in gone]
    moved = _changed(old, values) if comparable else frozenset()
    columns = _Columns.of(len(sitting))
    exam = log.exam[sitting] if len(sitting) else np.zeros(0, np.int32)
    for code in np.unique(exam):
        rows = np.flatnonzero(exam == code)
        then, now = task.rule(log.exams[code], then=True), task.rule(log.exams[code])
        part = people.take_persons(rows)
        columns.put(rows, "old", old, part, names, then)
        if comparable:
            columns.copy(rows, "old", "parameters")
            own = _touched(part, moved)
            columns.put(rows[own], "parameters", values, part.take_persons(own), names, then)
            columns.copy(rows, "parameters", "new")
            own = np.arange(len(rows)) if now != then else _touched(part, frozenset(names) - frozenset(kept))
            columns.put(rows[own], "new", values, part.take_persons(own), kept, now)
        else:
            columns.put(rows, "new", values, part, kept, now, cut=False)
        if later is not None:
            columns.put(rows, "new", old, _of(later, part), names, now)
        columns.unsupported[rows] = (columns.n_old[rows] >= now.minimum) & (columns.n_new[rows] < now.minimum)
    return columns.done(sitting, comparable=comparable)


def _changed(old: ItemParameters, new: ItemParameters) -> frozenset[str]:
    """Return the items whose curves are not exactly what they were."""
    there = [item for item in old.ids if item in new.row]
    theta = np.linspace(-3.0, 3.0, 7)
    one, other = (
        items.take(np.array([items.row[item] for item in there], dtype=np.intp)).expected_score(theta)
        for items in (old, new)
    )
    return frozenset(item for item, apart in zip(there, (one != other).any(axis=0), strict=True) if apart)


def _of(later: Responses, people: Responses) -> Responses:
    """Return the later responses of the same persons; of one who has none left, an empty row."""
    place = {person: k for k, person in enumerate(later.persons)}
    whole = np.full((len(people), len(people.items)), NOT_PRESENTED, dtype=np.int8)
    dense = later.dense()
    for k, person in enumerate(people.persons):
        if person in place:
            whole[k] = dense[place[person]]
    return replace(people, cells=whole)


def _touched(people: Responses, items: frozenset[str]) -> Rows:
    """Return the sittings that have a response to one of some items."""
    wanted = np.array([item in items for item in people.items], dtype=np.bool_)
    cells = people.sparse()
    return np.unique(cells.person()[wanted[cells.item]])


def _with(old: ItemParameters, new: ItemParameters) -> ItemParameters:
    """Return the old items with the new values where there are some."""
    shared = [item for item in old.ids if item in new.row]
    rest = [item for item in old.ids if item not in new.row]
    if not rest:
        return new
    blocks = new.take(np.array([new.row[item] for item in shared], dtype=np.intp)).blocks
    others = old.take(np.array([old.row[item] for item in rest], dtype=np.intp)).blocks
    return ItemParameters((*shared, *rest), (*blocks, *others))


@dataclass(slots=True)
class _Columns:
    """The columns while they are filled, exam by exam."""

    theta: dict[str, Floats]
    sem: dict[str, Floats]
    decision: dict[str, Rows]
    n: dict[str, Rows]
    information: dict[str, Floats]
    covers: dict[str, Bools]
    unsupported: Bools

    @classmethod
    def of(cls, count: int) -> _Columns:
        kinds = ("old", "parameters", "new")
        return cls(
            {kind: np.full(count, np.nan) for kind in kinds},
            {kind: np.full(count, np.nan) for kind in kinds},
            {kind: np.full(count, NONE, dtype=np.intp) for kind in kinds},
            {kind: np.zeros(count, dtype=np.intp) for kind in kinds},
            {kind: np.full(count, np.nan) for kind in kinds},
            {kind: np.zeros(count, dtype=np.bool_) for kind in kinds},
            np.zeros(count, dtype=np.bool_),
        )

    @property
    def n_old(self) -> Rows:
        return self.n["old"]

    @property
    def n_new(self) -> Rows:
        return self.n["new"]

    def put(
        self,
        rows: Rows,
        kind: str,
        items: ItemParameters,
        people: Responses,
        names: list[str],
        rule: ScoringRule,
        *,
        cut: bool = True,
    ) -> None:
        """Score some sittings on some items by a rule."""
        if not len(rows):
            return
        place = {item: k for k, item in enumerate(people.items)}
        answered = people.take_items(np.array([place[item] for item in names], dtype=np.intp))
        prior = NormalPrior(rule.prior_mean, rule.prior_sd)
        options = {"prior": prior} if rule.method in {"eap", "map"} else {}
        found = score(items, answered, rule.method, **options)  # type: ignore[arg-type]  # by name
        self.theta[kind][rows], self.sem[kind][rows] = found.theta, found.sem
        cells = answered.resolved().sparse()
        self.n[kind][rows] = np.diff(cells.start)
        if rule.cut is None or not cut:
            return
        known = ~np.isnan(found.theta)
        self.decision[kind][rows] = np.where(known, (found.theta >= rule.cut).astype(np.intp), NONE)
        with np.errstate(invalid="ignore"):
            self.covers[kind][rows] = np.abs(found.theta - rule.cut) <= Z95 * found.sem
        at_cut = items.information(np.array([rule.cut]))[0]
        own = np.array([at_cut[items.row[item]] for item in names])
        summed = np.bincount(cells.person(), weights=own[cells.item], minlength=len(rows))
        self.information[kind][rows] = summed

    def copy(self, rows: Rows, kind: str, to: str) -> None:
        """Take one kind of result for another: what does not change is not scored again."""
        for column in (self.theta, self.sem, self.decision, self.n, self.information, self.covers):
            column[to][rows] = column[kind][rows]

    def done(self, sitting: Rows, *, comparable: bool) -> Impacts:
        return Impacts(
            sitting, self.theta["old"], self.theta["parameters"], self.theta["new"], self.sem["old"],
            self.sem["new"], self.decision["old"], self.decision["parameters"], self.decision["new"],
            self.n["old"], self.n["new"], self.information["old"], self.information["new"],
            self.covers["old"], self.covers["new"], self.unsupported, comparable,
        )  # fmt: skip


def summary(task: Task, collection: Collection, found: Impacts) -> list[dict[str, object]]:
    """Return per exam how much changes: mean shift, root mean square, decisions, intervals, information."""
    log = collection.log
    rows: list[dict[str, object]] = []
    exam = log.exam[found.sitting] if len(found.sitting) else np.zeros(0, np.int32)
    for code in np.unique(exam):
        mine = exam == code
        rule = task.rule(log.exams[code])
        with np.errstate(invalid="ignore"):
            shift = (found.theta_new - found.theta_old)[mine]
            alone = (found.theta_parameters - found.theta_old)[mine]
        shift, alone = shift[np.isfinite(shift)], alone[np.isfinite(alone)]
        flips = found.flips[mine]
        by_parameters = (found.decision_parameters != found.decision_old)[mine] & (flips != 0)
        decided = int((found.decision_old[mine] >= 0).sum())
        rows.append(
            {
                "exam": log.exams[code],
                "sittings": int(mine.sum()),
                "cut": rule.cut if found.comparable else None,
                "comparable": found.comparable,
                "mean_shift": _mean(shift) if found.comparable else None,
                "rmsd": _root(shift) if found.comparable else None,
                "mean_shift_by_parameters": _mean(alone) if found.comparable else None,
                "rmsd_by_parameters": _root(alone) if found.comparable else None,
                "fail_to_pass": int((flips == 1).sum()),
                "pass_to_fail": int((flips == -1).sum()),
                "by_parameters": int(by_parameters.sum()),
                "by_rules": int((flips != 0).sum() - by_parameters.sum()),
                "share_changed": float((flips != 0).sum() / decided) if decided else None,
                "covers_cut_before": int(found.covers_old[mine].sum()),
                "covers_cut_after": int(found.covers_new[mine].sum()),
                "newly_covers_cut": int((found.covers_new & ~found.covers_old)[mine].sum()),
                "information_at_cut_before": _mean(found.information_old[mine]),
                "information_at_cut_after": _mean(found.information_new[mine]),
                "unsupported": int(found.unsupported[mine].sum()),
            }
        )
    return rows


def impact_csv(task: Task, collection: Collection, found: Impacts) -> str:
    """Return impact.csv: a row a sitting."""
    log = collection.log
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(COLUMNS)
    flips = found.flips
    for k, s in enumerate(found.sitting.tolist()):
        rule = task.rule(log.exams[log.exam[s]])
        then = task.rule(log.exams[log.exam[s]], then=True)
        changed = int(flips[k])
        moved = found.decision_parameters[k] != found.decision_old[k]
        where = int(collection.administration[s])
        table.writerow(
            [
                log.sittings[s],
                log.persons[log.person[s]],
                log.exams[log.exam[s]],
                collection.administrations[where] if where >= 0 else "",
                log.release[s],
                int(found.n_old[k]),
                int(found.n_new[k]),
                *(_text(values[k]) for values in (found.theta_old, found.theta_parameters, found.theta_new)),
                _text(found.sem_old[k]),
                _text(found.sem_new[k]),
                _text(then.slope * found.theta_old[k] + then.intercept),
                _text(rule.slope * found.theta_new[k] + rule.intercept),
                *(
                    WORDS[int(values[k])]
                    for values in (found.decision_old, found.decision_parameters, found.decision_new)
                ),
                {0: "", 1: "fail_to_pass", -1: "pass_to_fail"}[changed],
                "" if not changed else ("parameters" if moved else "rules"),
                int(found.covers_old[k]),
                int(found.covers_new[k]),
                int(found.unsupported[k]),
            ]
        )
    return out.getvalue()


def _text(value: float) -> str:
    return "" if np.isnan(value) else repr(float(value))


def _mean(values: Floats) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None


def _root(values: Floats) -> float | None:
    return float(np.sqrt(np.mean(values**2))) if values.size else None


def rules_changed(then: Mapping[str, ScoringRule], now: Mapping[str, ScoringRule]) -> tuple[str, ...]:
    """Return the exams that score otherwise than they did."""
    return tuple(exam for exam, rule in then.items() if exam in now and now[exam] != rule)
