"""The estimate while a sitting runs and at its end: the scoring package's, carried along by response.

CarriedEap : the converged posterior mean, one more response at a time.
FixedGridEap : the posterior mean on a grid that the exam fixes.
Anew : any other estimator, from all responses at each step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from adaptest.models.base import Floats, Rows
from adaptest.numerics.quadrature import Grid, NormalPrior
from adaptest.parameters import ItemParameters
from adaptest.scoring.estimate import Estimates, Outcome
from adaptest.scoring.likelihood import steepness
from adaptest.scoring.mode import Equation, Mode
from adaptest.scoring.posterior import LivePosterior, live_nodes

DECIDING_DECIMALS = 6  # of theta and sem where they decide; estimates are converged this far
DIGITS, MANY = 10.0**DECIDING_DECIMALS, 1e6  # a last digit's inverse; where rounding by it is exact
ORDINARY = np.array([Outcome.OK], dtype=np.int8)
ORDINARY.flags.writeable = False

Scorer = Callable[[Rows, Rows], Estimates]  # (N, n) items answered and scores -> N estimates


class Estimator(Protocol):
    """Estimates N sittings, carrying along what saves work: (N, Q), a row for each."""

    @property
    def method(self) -> str:
        """The name in files."""
        ...

    def start(self, n: int) -> Floats:
        """Return what is carried before any response."""
        ...

    def update(self, carried: Floats, rows: Rows, scores: Rows) -> Floats:
        """Return what is carried after one more response each, to items `rows` (N,) scored `scores` (N,)."""
        ...

    def estimates(self, carried: Floats, rows: Rows, scores: Rows) -> Estimates:
        """Return the estimates after responses `rows` and `scores` (N, n), all of them."""
        ...

    def stepped(
        self, carried: Floats, rows: Rows, scores: Rows, *, reuse: bool = False
    ) -> tuple[Floats, Estimates]:
        """Return what `update` gives after the last of all responses (N, n), and the estimates then.

        Parameters
        ----------
        reuse : whether what is carried may be written over: nobody needs the sittings before
        """
        ...

    def stepped_of_one(self, carried: Floats, row: int, score: int) -> tuple[Floats, float, float] | None:
        """Return what is carried in one sitting after a response more, and mean and standard deviation then.

        None where the responses before are needed: ask `stepped`.
        """
        ...

    def report(self, carried: Floats, rows: Rows, scores: Rows) -> Estimates:
        """Return the estimates as results: where nothing was answered they say so."""
        ...

    @property
    def nodes(self) -> Grid:
        """The nodes of the posteriors: those it carries, else those that would serve."""
        ...

    @property
    def carries(self) -> bool:
        """Whether the posteriors at the nodes are carried."""
        ...

    def log_posterior(self, carried: Floats) -> Floats:
        """Return (N, Q) log-posteriors at the nodes, each up to a constant, where they are carried."""
        ...


class _OneAfterTheOther:
    """For estimators that gain nothing from updating and estimating together."""

    __slots__ = ()

    def stepped(
        self: Estimator,
        carried: Floats,
        rows: Rows,
        scores: Rows,
        *,
        reuse: bool = False,  # noqa: ARG002 (as Estimator says)
    ) -> tuple[Floats, Estimates]:
        """Return one after the other; see Estimator."""
        after = self.update(carried, rows[:, -1], scores[:, -1])
        return after, self.estimates(after, rows, scores)

    def stepped_of_one(self: Estimator, carried: Floats, row: int, score: int) -> None:  # noqa: ARG002 (likewise)
        """Return None; see Estimator."""
        return


@dataclass(frozen=True, slots=True, eq=False)
class CarriedEap:
    """Converged expected a posteriori."""

    live: LivePosterior
    method: str = "eap"

    def start(self, n: int) -> Floats:
        """Return the prior; see Estimator."""
        return self.live.start(n)

    def update(self, carried: Floats, rows: Rows, scores: Rows) -> Floats:
        """Return the posteriors; see Estimator."""
        return self.live.update(carried, rows, scores)

    def estimates(self, carried: Floats, rows: Rows, scores: Rows) -> Estimates:
        """Return the converged estimates; see Estimator."""
        return self.live.estimates(carried, rows, scores)

    def stepped(
        self, carried: Floats, rows: Rows, scores: Rows, *, reuse: bool = False
    ) -> tuple[Floats, Estimates]:
        """Return posteriors and converged estimates, made together; see Estimator."""
        return self.live.stepped(carried, rows, scores, reuse=reuse)

    def stepped_of_one(self, carried: Floats, row: int, score: int) -> tuple[Floats, float, float] | None:
        """Return them where the grid is fine enough; see Estimator."""
        after, mean, sd, fine = self.live.step_of_one(carried, row, score)
        return (after, mean, sd) if fine else None

    def report(self, carried: Floats, rows: Rows, scores: Rows) -> Estimates:
        """Return the same; see Estimator."""
        return self.estimates(carried, rows, scores)

    @property
    def nodes(self) -> Grid:
        """The nodes of the live posteriors; see Estimator."""
        return Grid(self.live.theta, self.live.nodes.log_weight)

    @property
    def carries(self) -> bool:
        """True; see Estimator."""
        return True

    def log_posterior(self, carried: Floats) -> Floats:
        """Return the logarithms of the masses carried; see Estimator."""
        return self.live.log_posterior(carried)


@dataclass(frozen=True, slots=True, eq=False)
class FixedGridEap(_OneAfterTheOther):
    """Expected a posteriori on nodes the exam fixes; whether they are fine enough is the exam's affair.

    table : (J, K, Q) log-probability of each score at each node
    """

    grid: Grid
    table: Floats
    method: str = "eap"

    @classmethod
    def of(cls, items: ItemParameters, grid: Grid) -> FixedGridEap:
        """Return the estimator over these items."""
        return cls(grid, np.ascontiguousarray(items.log_probability(grid.theta).transpose(1, 2, 0)))

    def start(self, n: int) -> Floats:
        """Return the log prior masses; see Estimator."""
        return np.tile(self.grid.log_weight, (n, 1))

    def update(self, carried: Floats, rows: Rows, scores: Rows) -> Floats:
        """Return the log-posteriors; see Estimator."""
        return carried + self.table[rows, scores]

    def estimates(self, carried: Floats, rows: Rows, scores: Rows) -> Estimates:  # noqa: ARG002 (likewise)
        """Return the estimates; see Estimator."""
        mass = np.exp(carried - carried.max(axis=1, keepdims=True))
        mass /= mass.sum(axis=1, keepdims=True)
        theta = (mass * self.grid.theta).sum(axis=1)
        sem = np.sqrt((mass * (self.grid.theta - theta[:, None]) ** 2).sum(axis=1))
        outcome = Outcome.OK if rows.shape[1] else Outcome.NO_RESPONSES
        return Estimates(theta, sem, np.full(len(theta), outcome, dtype=np.int8), "posterior_sd", "eap")

    def report(self, carried: Floats, rows: Rows, scores: Rows) -> Estimates:
        """Return the same; see Estimator."""
        return self.estimates(carried, rows, scores)

    @property
    def nodes(self) -> Grid:
        """The exam's own; see Estimator."""
        return self.grid

    @property
    def carries(self) -> bool:
        """True; see Estimator."""
        return True

    def log_posterior(self, carried: Floats) -> Floats:
        """Return what is carried; see Estimator."""
        return carried


@dataclass(frozen=True, slots=True, eq=False)
class Anew(_OneAfterTheOther):
    """An estimator that looks at all responses each time; before any, the estimate is the prior's own."""

    method: str
    scorer: Scorer
    prior: NormalPrior
    steepest: float  # slope of any item, per logit

    @classmethod
    def of(cls, method: str, items: ItemParameters, equation: Equation, prior: NormalPrior) -> Anew:
        """Return the estimator over these items."""
        return cls(method, Mode.of(items, equation), prior, float(steepness(items).max(initial=0.0)))

    def start(self, n: int) -> Floats:
        """Return nothing; see Estimator."""
        return np.zeros((n, 0))

    def update(self, carried: Floats, rows: Rows, scores: Rows) -> Floats:  # noqa: ARG002 (as Estimator says)
        """Return nothing; see Estimator."""
        return carried

    def estimates(self, carried: Floats, rows: Rows, scores: Rows) -> Estimates:
        """Return the estimates; see Estimator."""
        if rows.shape[1]:
            return self.scorer(rows, scores)
        n = len(carried)
        theta, sem = np.full(n, self.prior.mean), np.full(n, self.prior.sd)
        outcome = np.full(n, Outcome.NO_RESPONSES, dtype=np.int8)
        return Estimates(theta, sem, outcome, "prior_sd", self.method)

    def report(self, carried: Floats, rows: Rows, scores: Rows) -> Estimates:  # noqa: ARG002 (as Estimator says)
        """Return the estimates, without any where nothing was answered; see Estimator."""
        return self.scorer(rows, scores)

    @property
    def nodes(self) -> Grid:
        """The nodes that live posteriors would have; see Estimator."""
        nodes = live_nodes(self.steepest, self.prior)
        return Grid(nodes.theta, nodes.log_weight)

    @property
    def carries(self) -> bool:
        """False: no posterior is carried; see Estimator."""
        return False

    def log_posterior(self, carried: Floats) -> Floats:
        """Return nothing; see Estimator."""
        return carried


def deciding(estimates: Estimates) -> tuple[Floats, Floats, NDArray[np.int8]]:
    """Return (N,) theta, sem and outcome as they decide: rounded."""
    if len(estimates.theta) == 1:  # the same with fewer calls
        one, sd = estimates.theta.item(), estimates.sem.item()
        if abs(one) < MANY and abs(sd) < MANY:
            return rounded(one), rounded(sd), estimates.outcome
    theta, sem = (np.round(x, DECIDING_DECIMALS) + 0.0 for x in (estimates.theta, estimates.sem))
    return theta, sem, estimates.outcome


def stepped(
    estimator: Estimator, carried: Floats, rows: Rows, scores: Rows, *, reuse: bool = False
) -> tuple[Floats, Floats, Floats, NDArray[np.int8]]:
    """Return what is carried after the last of all responses (N, n), and what `deciding` gives then."""
    if len(rows) == 1:  # the same with fewer calls
        quick = estimator.stepped_of_one(carried, rows.item(-1), scores.item(-1))
        if quick is not None and abs(quick[1]) < MANY and abs(quick[2]) < MANY:
            return quick[0], rounded(quick[1]), rounded(quick[2]), ORDINARY
    after, found = estimator.stepped(carried, rows, scores, reuse=reuse)
    return after, *deciding(found)


def rounded(number: float) -> Floats:
    """Return (1,) what numpy's rounding gives below `MANY`: the nearest last digit, of two the even."""
    return np.array([round(number * DIGITS) / DIGITS])
