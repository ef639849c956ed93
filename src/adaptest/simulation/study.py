"""A study of one exam, as it is asked for and as it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from adaptest.engine.design import Design
from adaptest.engine.schema import ExamSpec
from adaptest.engine.spec import read_exam
from adaptest.errors import OptionError
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.simulation.adequacy import Adequacy, adequacy
from adaptest.simulation.answers import Behaviour, ModelRespondents, Respondents
from adaptest.simulation.bands import Bands
from adaptest.simulation.cohort import CONCURRENCY, Block, Cohort
from adaptest.simulation.collect import Collected
from adaptest.simulation.measures import Measures
from adaptest.simulation.people import people
from adaptest.simulation.requirements import Requirement, held
from adaptest.simulation.simulees import Given, Normal, Simulees
from adaptest.simulation.tally import Value
from adaptest.simulation.yardsticks import MOST_SIMULEES, Yardstick, consistency, yardsticks


class HasDesign(Protocol):
    """An exam, from a workspace or elsewhere."""

    @property
    def design(self) -> Design:
        """What decides."""
        ...


@dataclass(frozen=True, eq=False)
class Study:
    """What a simulation found; `measures` has everything, the names below are the ones asked for most.

    Attributes
    ----------
    spec : the exam's definition
    seed, who, notes : of the study: its chance, its simulees in words, and what was assumed or left out
    asked : simulees that were asked for; fewer are counted where `interrupted`
    real : whether people's answers were looked up
    """

    design: Design
    spec: ExamSpec
    seed: int
    who: str
    notes: tuple[str, ...]
    asked: int
    interrupted: bool
    real: bool
    found: Collected
    measures: Measures
    yardsticks: tuple[Yardstick, ...]
    consistency: tuple[Value, ...]
    adequacy: Adequacy
    requirements: tuple[Requirement, ...]

    @property
    def n(self) -> int:
        """Finished sittings."""
        return self.measures.n

    @property
    def bias(self) -> float:
        """Mean error of the estimates, logits."""
        return self.measures.overall["bias"].value

    @property
    def rmse(self) -> float:
        """Root mean square error of the estimates, logits."""
        return self.measures.overall["rmse"].value

    @property
    def mean_length(self) -> float:
        """Scored items, on average."""
        return self.measures.overall["mean_length"].value

    @property
    def exposure(self) -> Floats:
        """(J,) the share of sittings that were given each item, in the pool's order."""
        return self.measures.exposure_rate

    @property
    def max_exposure(self) -> float:
        """The largest of them."""
        return self.measures.overall["max_exposure"].value

    @property
    def overlap(self) -> float:
        """The share of items that two sittings have in common, on average."""
        return self.measures.overall["overlap"].value

    @property
    def accuracy(self) -> float:
        """How often the decision at the exam's cut is right; nan without one."""
        at = self.measures.decisions
        return at[0].accuracy.value if at else float("nan")

    @property
    def hard_violations(self) -> int:
        """Sittings that broke a hard rule."""
        return self.measures.hard_violations

    @property
    def values(self) -> dict[str, Value]:
        """Every overall measure by name, those of the first cut among them."""
        values = dict(self.measures.overall)
        if self.measures.decisions:
            at = self.measures.decisions[0]
            for name in (
                "accuracy",
                "false_pass",
                "false_fail",
                "false_pass_rate",
                "false_fail_rate",
                "kappa",
                "pass_rate",
            ):
                values[name] = getattr(at, name)
        if self.consistency:
            values["consistency"] = self.consistency[0]
        return values

    @property
    def in_order(self) -> bool:
        """Whether every hard rule was kept and every requirement is met."""
        return not self.hard_violations and all(one.met for one in self.requirements)


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked of a study, as `simulate` takes it."""

    simulees: int | Simulees = 1000
    seed: int = 1
    theta: ArrayLike | None = None
    responses: Responses | None = None
    truth: ItemParameters | None = None
    behaviour: Behaviour = field(default_factory=Behaviour)
    cuts: tuple[float, ...] = ()
    concurrency: int = CONCURRENCY
    time_s: Floats | None = None


@dataclass(slots=True, eq=False)
class Running:
    """A study while it runs: blocks of finished sittings are added in the order of arrival.

    Attributes
    ----------
    first : the first blocks, for what is told of some simulees only
    """

    cohort: Cohort
    spec: ExamSpec
    notes: tuple[str, ...]
    collected: Collected
    real: bool
    first: list[Block]

    @classmethod
    def of(cls, exam: HasDesign | Design, asked: Asked) -> Running:
        """Return a study before its first sitting."""
        design = exam if isinstance(exam, Design) else exam.design
        spec = read_exam(design.artifact).spec
        who, respondents, notes = _population(design, spec, asked)
        cohort = Cohort(design, who, respondents, asked.seed, asked.concurrency)
        collected = Collected.none(design, Bands.of(who.points), _cuts(spec, asked.cuts))
        return cls(cohort, spec, (*notes, *_assumed(cohort)), collected, asked.responses is not None, [])

    def add(self, block: Block) -> None:
        """Count finished sittings in."""
        self.collected.add(block)
        if sum(len(one.index) for one in self.first) < MOST_SIMULEES:
            self.first.append(block)

    def told(self, *, interrupted: bool) -> Study:
        """Return the study of the sittings added."""
        self.collected.close()
        cohort, found, required = (
            self.cohort,
            self.collected,
            {str(name): value for name, value in self.spec.require.items()},
        )
        cap = required.get("max_exposure")
        study = Study(
            cohort.design,
            self.spec,
            cohort.seed,
            cohort.simulees.label,
            self.notes,
            len(cohort),
            interrupted,
            self.real,
            found,
            Measures.of(found),
            yardsticks(cohort, self.first, found.cuts, real=self.real),
            () if self.real else consistency(cohort, self.first, found.cuts),
            adequacy(found, cap, _weights(cohort, self.spec, found)),
            (),
        )
        return replace(study, requirements=held(required, study.values, study.n))


def _population(
    design: Design, spec: ExamSpec, asked: Asked
) -> tuple[Simulees, Respondents, tuple[str, ...]]:
    """Return who sits, how they answer, and what is to be said of it."""
    if asked.responses is not None:
        synthetic = asked.theta is not None or asked.truth is not None or asked.behaviour != Behaviour()
        if synthetic or not isinstance(asked.simulees, int):
            raise OptionError("responses: people's answers go with no simulees, theta, truth or behaviour")
        _require_times(asked.responses, asked.time_s)
        people_, answers = people(asked.responses, design, asked.time_s)
        return people_, answers, (*asked.responses.notes, *people_.notes)
    if asked.time_s is not None:
        raise OptionError("time_s: belongs to responses; none are given")
    if asked.theta is not None:
        who: Simulees = Given(np.atleast_1d(np.asarray(asked.theta, dtype=np.float64)))
    elif isinstance(asked.simulees, int):
        who = Normal(asked.simulees, spec.estimation.prior.mean, spec.estimation.prior.sd)
    else:
        who = asked.simulees
    places = len(design.pool) if design.maximum is None else design.maximum
    notes = asked.behaviour.labels
    if asked.behaviour.pace_sd is None:
        notes = (*notes, "no times are simulated: nothing is said of time, and no time limit is applied")
    if asked.truth is not None:
        notes = ("simulees answer by parameters other than the exam's", *notes)
    return who, ModelRespondents.of(design.pool, places, asked.truth, asked.behaviour), notes


def _require_times(responses: Responses, time_s: Floats | None) -> None:
    """Raise unless times, where there are any, are those of the responses."""
    if time_s is None:
        return
    shape = len(responses), len(responses.items)
    if time_s.shape != shape:
        raise OptionError(f"time_s: must have shape {shape}, as the responses; got {time_s.shape}")
    wrong = time_s[~(np.isnan(time_s) | ((time_s >= 0) & np.isfinite(time_s)))]
    if wrong.size:
        raise OptionError(f"time_s: must be seconds, finite and at least 0; got {wrong[0]:g}")


def _assumed(cohort: Cohort) -> tuple[str, ...]:
    """Return what is to be known of the run."""
    said = []
    if cohort.in_turn:
        said.append(
            "sittings depend on earlier ones: simulees arrive in the order of their numbers, and counters"
            f" stand still for {cohort.concurrency} sittings that run at once"
        )
    if cohort.design.seeding is not None and not cohort.deals:
        said.append("pretest items bar no scored item, so they are not dealt; lengths count scored items")
    limit = cohort.design.policy.time.limit_s
    if limit is not None:
        said.append(f"the time limit of {limit:g} s ends sittings where times are known; late is their share")
    return tuple(said)


def _cuts(spec: ExamSpec, more: Iterable[float]) -> tuple[float, ...]:
    """Return the cuts at which decisions are told: the exam's, those of its stopping rules, others."""
    said = [spec.reporting.cut.theta] if spec.reporting.cut else []
    said += [float(rule["cut"]) for rule in spec.stopping if isinstance(rule.get("cut"), int | float)]
    return tuple(dict.fromkeys([*said, *(float(cut) for cut in more)]))


def _weights(cohort: Cohort, spec: ExamSpec, collected: Collected) -> Floats | None:
    """Return how candidates lie over theta where simulees were put at points: as the exam's prior says."""
    if not cohort.simulees.points:
        return None
    prior, nodes = spec.estimation.prior, collected.available.nodes
    reached = collected.by_count[0].sum(axis=1) > 0
    nearest = np.abs(nodes[:, None] - nodes[reached][None, :]).argmin(axis=1)
    density = np.exp(-0.5 * ((nodes - prior.mean) / prior.sd) ** 2)
    weight = np.zeros(len(nodes))
    np.add.at(weight, np.flatnonzero(reached)[nearest], density / density.sum())
    return weight
