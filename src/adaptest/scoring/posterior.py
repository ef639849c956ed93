"""A live posterior: each response updates it, and theta and sem follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adaptest.models.base import Bools, Floats
from adaptest.numerics.quadrature import NormalPrior, Prior
from adaptest.parameters import ItemParameters
from adaptest.scoring.eap import Nodes, eap_rows, fine_rule, moments
from adaptest.scoring.estimate import Estimates, Outcome
from adaptest.scoring.likelihood import Integers, steepness

BLOCK = 256  # sittings whose posteriors are summed up at once: what stays in a core's own cache
OUTCOMES = np.array([Outcome.NO_RESPONSES, Outcome.OK], dtype=np.int8)  # without and with a response
HALVINGS = 3  # at most, of the first spacing; 1 for all but very steep items: 161 nodes


def live_nodes(steepest: float, prior: Prior) -> Nodes:
    """Return the nodes of live posteriors: as fine as the steepest item needs, within bounds.

    Parameters
    ----------
    steepest : the steepest slope of any item, per logit; see `steepness`
    """
    return Nodes.over(*prior.span, fine_rule(prior, steepest, HALVINGS), prior)


@dataclass(frozen=True, slots=True, eq=False)
class LivePosterior:
    """The log-posteriors of N sittings on one fine grid, updated response by response.

    A sitting's numbers are the same bits alone and among N, and after a resume: every sum is over one row,
    and responses are added in the order given. Where the grid is too coarse for a sitting, or its posterior
    reaches beyond the ends, the estimate is made anew by `eap_rows`.

    Attributes
    ----------
    items, prior : what the posterior is of
    theta : (Q,) logits, the nodes
    nodes : the rule and the prior's weights at them
    table : (J, K, Q) log-probability of each score at each node
    steepness : (1,) the steepest slope of any item, per logit

    Examples
    --------
    >>> from adaptest.models import LogisticItems
    >>> items = ItemParameters.of(LogisticItems(("i1", "i2"), [1.0, 1.2], [0.0, 0.5], [0, 0], [1, 1]))
    >>> live = LivePosterior.of(items)
    >>> log_posterior = live.start(1)
    >>> log_posterior = live.update(log_posterior, np.array([1]), np.array([1]))
    >>> theta, sem, exact = live.moments(log_posterior)
    >>> theta.round(3), exact
    (array([0.577]), array([ True]))
    """

    items: ItemParameters
    prior: Prior
    nodes: Nodes
    table: NDArray[np.float64]
    steepness: NDArray[np.float64]

    @classmethod
    def of(cls, items: ItemParameters, prior: Prior = NormalPrior()) -> LivePosterior:  # noqa: B008 (frozen)
        """Return the posteriors of sittings on these items; J x K x Q doubles are held."""
        steepest = float(steepness(items).max(initial=0.0))
        nodes = live_nodes(steepest, prior)
        table = np.ascontiguousarray(items.log_probability(nodes.theta).transpose(1, 2, 0))
        table.flags.writeable = False
        return cls(items, prior, nodes, table, np.array([steepest]))

    @property
    def theta(self) -> Floats:
        """(Q,) the nodes, logits."""
        return self.nodes.theta

    def start(self, n: int) -> Floats:
        """Return the (N, Q) log-posteriors before any response: the prior."""
        return np.tile(self.nodes.log_weight, (n, 1))

    def update(self, log_posterior: Floats, rows: Integers, scores: Integers) -> Floats:
        """Return (N, Q) log-posteriors after one more response each, to item `rows` (N,) scored `scores`."""
        return log_posterior + self.table[rows, scores]

    def after(self, rows: Integers, scores: Integers) -> Floats:
        """Return (N, Q) log-posteriors after all responses (N, n), in order, -1 none: as `update` gives."""
        log_posterior = self.start(len(rows))
        for row, score in zip(rows.T, scores.T, strict=True):
            given = score >= 0
            log_posterior[given] += self.table[row[given], score[given]]
        return log_posterior

    def moments(self, log_posterior: Floats) -> tuple[Floats, Floats, Bools]:
        """Return (N,) posterior means, posterior standard deviations, and whether they are converged."""
        if len(log_posterior) <= BLOCK:
            return moments(log_posterior, self.nodes, self.steepness)
        starts = range(0, len(log_posterior), BLOCK)
        parts = [
            moments(log_posterior[start : start + BLOCK], self.nodes, self.steepness) for start in starts
        ]
        theta, sem, exact = (np.concatenate(column) for column in zip(*parts, strict=True))
        return theta, sem, exact

    def mass(self, log_posterior: Floats) -> Floats:
        """Return (N, Q) posterior masses, each row summing to 1."""
        mass: Floats = np.exp(log_posterior - log_posterior.max(axis=1, keepdims=True))
        mass /= mass.sum(axis=1, keepdims=True)
        return mass

    def estimates(self, log_posterior: Floats, rows: Integers, scores: Integers) -> Estimates:
        """Return the converged EAP: from the grid where it is fine enough, else from the responses.

        Parameters
        ----------
        rows, scores : (N, n) all responses so far, -1 where there is none; read only for refinement
        """
        theta, sem, exact = self.moments(log_posterior)
        n_items: NDArray[np.intp] = np.add.reduce(scores >= 0, axis=1, dtype=np.intp)
        outcome = OUTCOMES[np.minimum(n_items, 1)]
        if not exact.all():
            rest = np.flatnonzero(~exact)
            anew = eap_rows(self.items, rows[rest], scores[rest], self.prior)
            theta[rest], sem[rest], outcome[rest] = anew.theta, anew.sem, anew.outcome
        return Estimates(theta, sem, outcome, "posterior_sd", "eap", n_items)
