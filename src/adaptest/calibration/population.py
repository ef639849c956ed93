"""The ability distribution behind responses to calibrated items: normal in each group, moments estimated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from adaptest.calibration.calibrate import calibrate
from adaptest.calibration.options import BOUND, NODES
from adaptest.models.base import Floats, Rows
from adaptest.scoring.matched import Matched

TOLERANCE = 1e-7  # logits: of the moments


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """G normal groups, each on nodes of its own, and every person's posterior on them.

    Attributes
    ----------
    groups : (G,) names
    share : (G,) of the persons, by weight
    mean, sd : (G,) logits
    theta : (G, Q) nodes, logits; prior : (G, Q) mass at each, summing to 1 in a group
    posterior : (N, Q) mass of each person at the nodes of the own group; without responses, the prior
    group : (N,) of each person
    log_likelihood : sum over persons, by weight
    """

    groups: tuple[str, ...]
    share: Floats
    mean: Floats
    sd: Floats
    theta: Floats
    prior: Floats
    posterior: Floats
    group: Rows
    log_likelihood: float

    @property
    def nodes(self) -> Floats:
        """(G Q,) all groups' nodes in one row."""
        return self.theta.ravel()

    @property
    def mass(self) -> Floats:
        """(G Q,) the whole population's mass at them, summing to 1."""
        return (self.prior * self.share[:, None]).ravel()

    @property
    def eap(self) -> Floats:
        """(N,) posterior means, logits."""
        return np.asarray(np.einsum("nq,nq->n", self.posterior, self.theta[self.group]))

    @property
    def posterior_sd(self) -> Floats:
        """(N,) posterior standard deviations, logits."""
        away = self.theta[self.group] - self.eap[:, None]
        return np.asarray(np.sqrt(np.einsum("nq,nq->n", self.posterior, away**2)))

    @property
    def pooled(self) -> tuple[float, float]:
        """Mean and standard deviation of everyone together, logits."""
        mean = float((self.share * self.mean).sum())
        return mean, float(np.sqrt((self.share * (self.sd**2 + (self.mean - mean) ** 2)).sum()))


def population(
    data: Matched,
    *,
    moments: Mapping[str, tuple[float, float]] | None = None,
    nodes: int = NODES,
    bound: float = BOUND,
) -> Population:
    """Return the normal distribution(s) of ability under which these responses are likeliest.

    The items stay as they are; the moments are estimated by EM with every item an anchor.

    Parameters
    ----------
    moments : mean and standard deviation of each group by name, where they are known
    nodes, bound : of each group: so many, within so many standard deviations of its mean

    Raises
    ------
    CalibrationError, where no person has a response.

    References
    ----------
    Mislevy (1984), Psychometrika 49(3), 359-381.
    """
    groups = data.responses.groups
    if moments is None:
        fit = calibrate(data.responses, anchors=data.items, se="none", tolerance=TOLERANCE)
        moments = {group.name: (group.mean, group.variance**0.5) for group in fit.groups}
    z = np.linspace(-bound, bound, nodes)
    log_weight = -(z**2) / 2
    log_weight -= np.logaddexp.reduce(log_weight)
    mean = np.array([moments.get(name, (0.0, 1.0))[0] for name in groups])
    sd = np.array([moments.get(name, (0.0, 1.0))[1] for name in groups])
    theta = mean[:, None] + sd[:, None] * z
    group = data.responses.group.astype(np.intp)
    joint = np.tile(log_weight, (len(data.responses), 1))
    tables = [data.items.log_probability(nodes_of_group) for nodes_of_group in theta]  # (Q, J, K) each
    for row, cells in data.by_item():
        of_item = np.stack([table[:, row, :].T for table in tables])  # (G, K, Q)
        joint[data.person[cells]] += of_item[group[data.person[cells]], data.score[cells]]
    whole = np.logaddexp.reduce(joint, axis=1)
    share = np.bincount(group, weights=data.weight, minlength=len(groups)).astype(np.float64)
    return Population(
        groups,
        share / max(float(share.sum()), 1e-300),
        mean,
        sd,
        theta,
        np.tile(np.exp(log_weight), (len(groups), 1)),
        np.exp(joint - whole[:, None]),
        group,
        float((data.weight * whole).sum()),
    )
