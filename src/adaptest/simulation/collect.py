"""What is kept of a cohort: sums and counts, block after block."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from adaptest.engine.design import Design
from adaptest.engine.spec import read_exam
from adaptest.models.base import Bools, Floats, Rows
from adaptest.simulation.available import Available
from adaptest.simulation.bands import Bands
from adaptest.simulation.checks import broken
from adaptest.simulation.cohort import Block
from adaptest.simulation.tally import Tally

Z_95 = 1.959963984540054
GROUPS = 16  # of simulees, by turns, for the jackknife of exposure measures
PAIRS = (("theta", "estimate"), ("used", "best"))
CUT_PAIRS = (("false_pass", "unable"), ("false_fail", "able"))


@dataclass(slots=True, eq=False)
class Collected:
    """Sums and counts of the sittings so far.

    Attributes
    ----------
    cuts : where passing begins, logits, the exam's own first
    tally : sums of the measures' columns, by band of theta
    at_cut : for each cut, sums of decisions, by band of the distance from it
    exposure : (B + 1, J) how often each item was given, in all and by band
    by_group : (GROUPS, J) likewise, by turns; `group_n`, `group_length` (GROUPS,) count sittings and items
    at_node : (Q, J) likewise, by node of `available`
    area : (J,) the content area of each item; `area_names` (D,)
    by_count : (D, Q, L + 1) sittings at each node that were given so many items of an area
    passed_by_band : (C, B) shares that pass at each cut, once closed; counts before
    endings : (B + 1, R) how often each of the design's reasons ended a sitting
    lengths : (L + 1,) how many sittings were so long
    rule_share : (3, R) least and largest share of a sitting that each content rule counts, and their sum
    violations : hard rules broken, by kind
    """

    design: Design
    bands: Bands
    cuts: tuple[float, ...]
    available: Available
    tally: Tally
    at_cut: tuple[Tally, ...]
    exposure: Rows
    by_group: Rows
    group_n: Rows
    group_length: Rows
    at_node: Rows
    area: Rows
    area_names: tuple[str, ...]
    by_count: Rows
    passed_by_band: Floats
    endings: Rows
    lengths: Rows
    rule_share: Floats
    violations: dict[str, int] = field(default_factory=dict)
    timed: bool = False

    @classmethod
    def none(cls, design: Design, bands: Bands, cuts: tuple[float, ...]) -> Collected:
        """Return what is known before the first sitting."""
        available, j = Available.of(design.pool.parameters), len(design.pool)
        longest = j if design.maximum is None else design.maximum
        area, names = areas(design)
        return cls(
            design,
            bands,
            cuts,
            available,
            Tally(len(bands), PAIRS),
            tuple(Tally(len(Bands.of_distance()), CUT_PAIRS) for _ in cuts),
            np.zeros((len(bands) + 1, j), dtype=np.intp),
            np.zeros((GROUPS, j), dtype=np.intp),
            np.zeros(GROUPS, dtype=np.intp),
            np.zeros(GROUPS, dtype=np.intp),
            np.zeros((len(available.nodes), j), dtype=np.intp),
            area,
            names,
            np.zeros((len(names), len(available.nodes), longest + 1), dtype=np.intp),
            np.zeros((len(cuts), len(bands))),
            np.zeros((len(bands) + 1, len(design.reasons)), dtype=np.intp),
            np.zeros(longest + 1, dtype=np.intp),
            np.tile(np.array([[np.inf], [-np.inf], [0.0]]), len(design.blueprint.rules)),
        )

    def add(self, block: Block) -> None:
        """Count finished sittings in."""
        done, truth, length = block.done, block.truth, block.done.length
        band, node = self.bands(truth), self.available.node(truth)
        self.timed |= done.seconds is not None
        self.tally.add(band, columns_of(block, self.available))
        distance = Bands.of_distance()
        for k, (cut, tally) in enumerate(zip(self.cuts, self.at_cut, strict=True)):
            passed = band[done.passes(cut) & (band >= 0)]
            self.passed_by_band[k] += np.bincount(passed, minlength=len(self.bands))
            tally.add(distance(np.abs(truth - cut)), decisions(truth, done.passes(cut), cut))
        j = len(self.design.pool)
        who, place = np.nonzero(done.rows >= 0)
        rows = done.rows[who, place]
        shown_to, shown = done.presented
        self._count(self.exposure, band[shown_to] + 1, shown)
        self.exposure[0] += np.bincount(shown[band[shown_to] >= 0], minlength=j)
        group = block.index % GROUPS
        self._count(self.by_group, group[shown_to], shown)
        self.group_n += np.bincount(group, minlength=GROUPS)
        self.group_length += np.bincount(group[who], minlength=GROUPS)
        self._count(self.at_node, node[who], rows)
        for d in range(len(self.area_names)):
            mine = np.bincount(who[self.area[rows] == d], minlength=len(truth))
            self._count(self.by_count[d], node, mine)
        self._count(self.endings, band + 1, done.ending)
        self.endings[0] += np.bincount(done.ending[band >= 0], minlength=self.endings.shape[1])
        self.lengths += np.bincount(length, minlength=len(self.lengths))
        self._share_rules(done.rows)
        for kind, count in broken(done).items():
            self.violations[kind] = self.violations.get(kind, 0) + count

    def _share_rules(self, rows: Rows) -> None:
        """Note what share of each sitting every content rule counted."""
        for k, rule in enumerate(self.design.blueprint.rules):
            given = rows >= 0
            number = (given & rule.what[rows]).sum(axis=1)
            base = (given if rule.of is None else given & rule.of[rows]).sum(axis=1)
            share = number[base > 0] / base[base > 0]
            if share.size:
                self.rule_share[0, k] = min(self.rule_share[0, k], share.min())
                self.rule_share[1, k] = max(self.rule_share[1, k], share.max())
                self.rule_share[2, k] += share.sum()

    def close(self) -> None:
        """Finish the sums: after the last sitting."""
        for tally in (self.tally, *self.at_cut):
            tally.close()
        self.passed_by_band /= np.maximum([self.tally.count(k) for k in range(len(self.bands))], 1)

    @property
    def n(self) -> int:
        """How many sittings are counted."""
        return int(self.lengths.sum())

    @staticmethod
    def _count(table: Rows, line: Rows, column: Rows) -> None:
        """Add one to the cells (line, column) of a table."""
        cells = np.bincount(line * table.shape[1] + column, minlength=table.size)
        table += cells.reshape(table.shape)


def areas(design: Design) -> tuple[Rows, tuple[str, ...]]:
    """Return (J,) each item's content area, by the blueprint's first attribute or domain, and their names.

    An exam without either has one area.
    """
    pool = design.pool
    said = read_exam(design.artifact).spec.blueprint.attributes
    name = next((one for one in (*said, "domain") if one in pool.attributes), None)
    column = pool.attributes[name] if name else ("all items",) * len(pool)
    if any(isinstance(value, tuple) for value in column):  # several values: no areas apart from each other
        column = ("all items",) * len(pool)
    told = [str(value) for value in column]
    names = tuple(dict.fromkeys([*said.get(name or "", ()), *told]))
    place = {one: k for k, one in enumerate(names)}
    return np.array([place[one] for one in told], dtype=np.intp), names


def columns_of(block: Block, available: Available) -> dict[str, Floats]:
    """Return each simulee's columns; those of an estimate are 0 where there is none."""
    done, truth = block.done, block.truth
    ok: Bools = np.isfinite(done.theta) & np.isfinite(truth)
    error = np.where(ok, done.theta - truth, 0.0)
    sem = np.where(ok & np.isfinite(done.sem), done.sem, 0.0)
    seconds = np.zeros(len(truth)) if done.seconds is None else done.seconds
    late = np.zeros(len(truth))
    late[list(done.cut_off)] = 1.0
    node = available.node(np.where(np.isnan(truth), done.theta, truth))
    return {
        "ok": ok.astype(np.float64),
        "error": error,
        "square": error * error,
        "absolute": np.abs(error),
        "theta": np.where(ok, truth, 0.0),
        "estimate": np.where(ok, done.theta, 0.0),
        "sem": sem,
        "variance": sem * sem,
        "covered": np.where(ok, np.abs(error) <= Z_95 * sem, 0.0),
        "length": done.length.astype(np.float64),
        "used": available.used(node, done.rows),
        "best": available.best[node, done.length],
        "seconds": seconds,
        "late": late,
    }


def decisions(truth: Floats, passed: Bools, cut: float) -> dict[str, Floats]:
    """Return each simulee's decision against what is true, as columns of 0 and 1."""
    able = truth >= cut
    return {
        name: np.asarray(column, dtype=np.float64)
        for name, column in {
            "correct": able == passed,
            "false_pass": passed & ~able,
            "false_fail": able & ~passed,
            "able": able,
            "unable": ~able,
            "passed": passed,
        }.items()
    }
