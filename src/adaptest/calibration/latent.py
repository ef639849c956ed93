"""The groups' ability distributions: nodes, weights, and what the E-step says about them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from adaptest.calibration.options import LANES
from adaptest.models.base import Bools, Floats

NEWTON_STEPS = 30  # for two moments on a fixed grid; four to six are enough
MASS_FLOOR = 1e-300  # of a histogram's bar: its logarithm stays a number
WIDEST_SD = 50.0  # times the fixed grid's width: a distribution flat over the grid has no larger SD


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """G groups' distributions at one point of the fit.

    Attributes
    ----------
    mean, log_sd : (G,)
    histogram : (G, Q) log probability of each node; empty where the density is normal
    """

    mean: Floats
    log_sd: Floats
    histogram: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Latent:
    """What is known of the distributions before the fit.

    Attributes
    ----------
    nodes : (Q,) logits, or standard deviations about the mean where they move
    standard : (Q,) log mass of the nodes under a standard normal density
    moves : whether each group's nodes move with its mean and SD
    empirical : whether the density is a histogram over the nodes
    mean_free, variance_free : (G,) of a normal density
    centred, scaled : whether a histogram's reference group is kept at mean 0 and at SD 1
    """

    nodes: Floats
    standard: Floats
    moves: bool
    empirical: bool
    mean_free: Bools
    variance_free: Bools
    centred: bool
    scaled: bool

    def start(self) -> Moments:
        """Return standard normal groups."""
        groups = len(self.mean_free)
        histogram = np.tile(self.standard, (groups if self.empirical else 0, 1))
        return Moments(np.zeros(groups), np.zeros(groups), histogram)

    def grid(self, at: Moments) -> tuple[Floats, Floats]:
        """Return (G, Q) nodes in logits and (G, Q) log prior mass."""
        groups = len(self.mean_free)
        if self.empirical:
            shift, scale = self._standard(at)
            return np.tile((self.nodes - shift) / scale, (groups, 1)), at.histogram
        sd = np.exp(at.log_sd)
        if self.moves:
            return at.mean[:, None] + sd[:, None] * self.nodes, np.tile(self.standard, (groups, 1))
        weights = [log_normal(self.nodes, m, s) for m, s in zip(at.mean, sd, strict=True)]
        return np.tile(self.nodes, (groups, 1)), np.array(weights)

    def _standard(self, at: Moments) -> tuple[float, float]:
        """Return mean and SD of the reference group's histogram over the nodes, as far as they are held."""
        p = np.exp(at.histogram[0])
        mean = float(p @ self.nodes)
        sd = float(np.sqrt(p @ (self.nodes - mean) ** 2))
        return (mean if self.centred else 0.0), (sd if self.scaled else 1.0)

    def update(self, at: Moments, mass: Floats) -> tuple[Moments, float, float]:
        """Return the distributions that the expected masses (G, Q) ask for.

        Also the ratio and the shift by which ability changes where a histogram is standardised anew:
        theta before = ratio * theta after + shift.
        """
        total = mass.sum(axis=1)
        if self.empirical:
            p = np.maximum(mass / total[:, None], MASS_FLOOR)
            after = replace(at, histogram=np.log(p / p.sum(axis=1, keepdims=True)))
            (m, s), (m1, s1) = self._standard(at), self._standard(after)
            return after, s1 / s, (m1 - m) / s
        theta, _ = self.grid(at)
        mean, log_sd = at.mean.copy(), at.log_sd.copy()
        for g in range(len(total)):
            if not (self.mean_free[g] or self.variance_free[g]):
                continue
            share = mass[g] / total[g]
            if self.moves:
                if self.mean_free[g]:
                    mean[g] = share @ theta[g]
                if self.variance_free[g]:
                    log_sd[g] = 0.5 * np.log(share @ (theta[g] - mean[g]) ** 2)
            else:
                mean[g], log_sd[g] = self._match(g, share, mean[g], log_sd[g])
        return replace(at, mean=mean, log_sd=log_sd), 1.0, 0.0

    def derivatives(self, at: Moments, mass: Floats) -> tuple[Floats, Floats]:
        """Return (G, 2) gradient and (G, 2, 2) information of mean and log SD, complete data."""
        groups = len(self.mean_free)
        gradient, information = np.zeros((groups, 2)), np.zeros((groups, 2, 2))
        if self.empirical:
            return gradient, information
        for g in range(groups):
            score, expected = self.scores(at, g)
            total = mass[g].sum()
            gradient[g] = score @ mass[g]
            information[g] = total * expected
        return gradient, information

    def scores(self, at: Moments, group: int) -> tuple[Floats, Floats]:
        """Return (2, Q) scores of mean and log SD at the nodes, and their (2, 2) variance."""
        theta, log_weight = self.grid(at)
        own, variance = theta[group], np.exp(2 * at.log_sd[group])
        deviation = own - at.mean[group]
        raw = np.stack([deviation / variance, deviation**2 / variance - 1])
        if self.moves:
            return raw, np.diag([1 / variance, 2.0])
        p = np.exp(log_weight[group])
        centred = raw - (raw @ p)[:, None]
        return centred, (centred * p) @ centred.T

    def second(self, at: Moments, group: int, mass: Floats) -> Floats:
        """Return (2, 2) minus the second derivatives of a group's expected log-density."""
        variance = float(np.exp(2 * at.log_sd[group]))
        theta, log_weight = self.grid(at)
        deviation = theta[group] - at.mean[group]
        total = float(mass.sum())
        if self.moves:
            cross = 2 * float(mass @ deviation) / variance
            return np.array([[total / variance, cross], [cross, 2 * float(mass @ deviation**2) / variance]])
        p = np.exp(log_weight[group])
        raw = np.stack([deviation / variance, deviation**2 / variance])
        covariance = (raw * p) @ raw.T - np.outer(raw @ p, raw @ p)
        lack = raw @ (mass - total * p)
        extra = np.array([[0.0, 2 * lack[0]], [2 * lack[0], 2 * lack[1]]])
        result: Floats = total * covariance + extra
        return result

    def _match(self, g: int, share: Floats, mean: float, log_sd: float) -> tuple[float, float]:
        """Return mean and log SD whose discretised normal is closest to the shares, by Newton steps."""
        free = np.array([self.mean_free[g], self.variance_free[g]])
        limit = np.log(WIDEST_SD * (self.nodes[-1] - self.nodes[0]))
        x = np.array([mean, log_sd])
        best = float(share @ log_normal(self.nodes, mean, float(np.exp(log_sd))))
        for _ in range(NEWTON_STEPS):
            variance = np.exp(2 * x[1])
            deviation = self.nodes - x[0]
            p = np.exp(log_normal(self.nodes, x[0], float(np.exp(x[1]))))
            raw = np.stack([deviation / variance, deviation**2 / variance])
            centred = raw - (raw @ p)[:, None]
            gradient = np.where(free, centred @ share, 0.0)
            information = (centred * p) @ centred.T
            information[~free] = 0
            information[:, ~free] = 0
            information[~free, ~free] = 1
            step = np.clip(np.linalg.solve(information + 1e-12 * np.eye(2), gradient), -1, 1)
            for _ in range(NEWTON_STEPS):
                tried = x + step
                tried[1] = min(tried[1], limit)
                value = float(share @ log_normal(self.nodes, tried[0], float(np.exp(tried[1]))))
                if value >= best:
                    break
                step /= 2
            else:
                break
            x, best = tried, value
            if np.abs(step).max() < 1e-10:  # noqa: PLR2004 (far below any tolerance of the fit)
                break
        return float(x[0]), float(x[1])

    def summary(self, at: Moments) -> tuple[Floats, Floats]:
        """Return (G,) means and variances in logits."""
        if not self.empirical:
            return at.mean, np.exp(2 * at.log_sd)
        theta, log_weight = self.grid(at)
        p = np.exp(log_weight)
        mean = (p * theta).sum(axis=1)
        return mean, (p * (theta - mean[:, None]) ** 2).sum(axis=1)


def latent_for(
    groups: int,
    grid: tuple[float, float, int] | int,
    *,
    moves: bool,
    empirical: bool,
    anchored: bool,
    spread_free: bool,
) -> Latent:
    """Return what is known before the fit.

    Parameters
    ----------
    grid : lowest and highest node and their number; or the number of Gauss-Hermite nodes, which move
    moves : whether they are in units of each group's SD about its mean, else in logits
    anchored : whether anchors hold the scale, so that every group is free
    spread_free : whether the reference group's variance is free
    """
    every = np.ones(groups, dtype=np.bool_)
    others = np.arange(groups) > 0
    if isinstance(grid, int):
        nodes, weight = np.polynomial.hermite_e.hermegauss(grid)
        standard = np.log(weight / weight.sum())
    else:
        nodes = np.linspace(*grid)
        standard = log_normal(nodes, 0.0, 1.0)
    return Latent(
        nodes=nodes,
        standard=standard,
        moves=(moves or isinstance(grid, int)) and not empirical,
        empirical=empirical,
        mean_free=every if anchored else others,
        variance_free=every if anchored or spread_free else others,
        centred=not anchored,
        scaled=not (anchored or spread_free),
    )


def coarser(latent: Latent, share: int) -> Latent:
    """Return the same distribution on a share of the nodes, in a multiple of LANES."""
    count = LANES * ceil(len(latent.nodes) / (share * LANES))
    nodes = np.linspace(latent.nodes[0], latent.nodes[-1], count)
    return replace(latent, nodes=nodes, standard=log_normal(nodes, 0.0, 1.0))


def log_normal(nodes: Floats, mean: float, sd: float) -> Floats:
    """Return log probability of each node under a normal density, adding up to 1 over the nodes."""
    log_density = -0.5 * ((nodes - mean) / sd) ** 2
    log_density -= log_density.max()
    result: Floats = log_density - np.log(np.exp(log_density).sum())
    return result
