"""Marginal maximum likelihood: EM over items and groups, with Anderson acceleration of the whole vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from adaptest.calibration.block import Block
from adaptest.calibration.coding import DOUBLE, Coded
from adaptest.calibration.e_step import Expected, Workers, expect, group_tables
from adaptest.calibration.latent import Latent
from adaptest.calibration.logistic_kernel import LogisticKernel
from adaptest.calibration.m_step import improve
from adaptest.calibration.options import (
    AT_BOUND_DISCRIMINATION,
    AT_BOUND_GUESSING,
    GAIN_TOLERANCE,
    HISTOGRAM_GAIN,
    HISTOGRAM_TOLERANCE,
    RCOND,
    STEP_CAP,
    WINDOW,
)
from adaptest.calibration.result import Step
from adaptest.calibration.state import Layout, State
from adaptest.calibration.windows import Windows
from adaptest.models.base import Bools, Floats
from adaptest.numerics.acceleration import Anderson

FALL = 1e-9  # of the log-posterior: a smaller fall is rounding ...
FALL_SINGLE = 1e-6  # ... in single precision (3e-8 was seen)
NO_INFORMATION = 1e-8  # a standard error above 10,000 logits: only the gain can judge such a parameter
TANGENT = 1e-6  # of the ability scale, for the direction in which parameters move with it
LONGEST_RESCALING = 0.5  # of the log SD, and of the mean in SDs

Progress = Callable[[Step], None]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Where the iteration ended.

    Attributes
    ----------
    state : the last point at which the log-likelihood was computed; ahead : where the next would have been
    expected : the E-step there
    log_likelihood, log_posterior : there
    settled, reason : whether gradient and projected gain are below tolerance, or why it stopped
    remaining : (F,) estimated distance of each free parameter to the maximum
    gradient, information : (F,) of the log-posterior there; diagonal of the complete data's information
    history : one Step an E-step
    """

    state: State
    ahead: State
    expected: Expected
    log_likelihood: float
    log_posterior: float
    settled: bool
    reason: str
    remaining: Floats
    gradient: Floats
    information: Floats
    history: tuple[Step, ...]


class Known(Protocol):
    """The coded responses beside what else is known of each person, at nodes that do not move."""

    def expected(self, log_p: Floats, log_weight: Floats) -> Expected:
        """Return the E-step.

        Parameters
        ----------
        log_p : (C, M) log-probability of each category at the nodes of each group
        log_weight : (G, Q) log prior mass
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What is fitted: coded responses, blocks of items that cover every code, distributions, threads.

    With `windows` each block of persons is worked on at the nodes where it has mass. `known` takes the E-step
    over where persons also answered items that are held.
    """

    coded: Coded
    blocks: tuple[Block, ...]
    latent: Latent
    pool: Workers
    windows: Windows | None = None
    known: Known | None = None

    @property
    def layout(self) -> Layout:
        """How the free parameters lie in a vector."""
        return Layout(self.blocks, self.latent)

    def expected(self, state: State, *, counts: bool = False) -> Expected:
        """Return the E-step at `state`; `counts` asks for true ones where sums would do for the M-step."""
        theta, log_weight = self.latent.grid(state.moments)
        nodes = theta.ravel()
        table = np.empty((self.coded.n_codes, len(nodes)))
        psi = self.layout.psi(state)
        for block, own in zip(self.blocks, psi, strict=True):
            table[block.codes] = block.log_probability(own, nodes)
        if self.known is not None:
            return replace(self.known.expected(table, log_weight), log_p=table)
        line = None if counts else self._line(psi)
        tables = group_tables(self.coded, table, theta, log_weight, line, self.pool)
        ranges = None
        if self.windows is not None and self.windows.hold(self.blocks, psi, state.moments, theta):
            ranges = self.windows.ranges
        return replace(expect(self.coded, tables, self.pool, ranges), log_p=table)

    def log_prior(self, state: State) -> float:
        """Return the log prior density of all items."""
        psi = self.layout.psi(state)
        pairs = zip(self.blocks, psi, strict=True)
        return float(sum(block.priors.terms(own).value.sum() for block, own in pairs if block.priors.any))

    def _line(self, psi: list[Floats]) -> Floats | None:
        """Return (D, 2) slopes and intercepts if all items are two-parameter logistic, abilities normal."""
        if self.coded.units or len(self.coded.wrong) == 0 or self.latent.empirical:
            return None
        if not all(block.kernel == LogisticKernel(2) for block in self.blocks):
            return None
        by_code = np.empty((self.coded.n_codes, 2))
        for block, own in zip(self.blocks, psi, strict=True):
            by_code[block.codes[:, 0]] = block.natural(own)
        return by_code[self.coded.wrong]

    def image(self, state: State, expected: Expected) -> tuple[State, Floats, Floats]:
        """Return the EM step's state, and the gradient and the complete data's information before it."""
        theta, _ = self.latent.grid(state.moments)
        nodes = theta.ravel()
        own, common, gradient, information = [], [], [], []
        moments, ratio, shift = self.latent.update(state.moments, expected.mass)
        for k, block in enumerate(self.blocks):
            log_p = None if expected.log_p is None else expected.log_p[block.codes]
            counts = expected.counts[block.codes]
            better = improve(block, state.own[k], state.common[k], nodes, counts, log_p)
            gradient.append(better.gradient)
            information.append(better.information)
            mine, shared = better.own, better.common
            if ratio != 1 or shift != 0:
                mine, shared = block.rescaled(mine, shared, ratio, shift)
            own.append(mine)
            common.append(shared)
        slopes, squares = self.latent.derivatives(state.moments, expected.mass)
        if self.latent.empirical:
            bars = np.exp(state.moments.histogram)
            total = expected.mass.sum(axis=1, keepdims=True)
            gradient.append((expected.mass - total * bars).ravel())
            information.append((total * bars).ravel())
        else:
            free = (self.latent.mean_free, self.latent.variance_free)
            gradient += [slopes[free[0], 0], slopes[free[1], 1]]
            information += [squares[free[0], 0, 0], squares[free[1], 1, 1]]
        return State(tuple(own), tuple(common), moments), _join(gradient), _join(information)

    def expanded(self, state: State, image: State, gradient: Floats, persons: float) -> State:
        """Return the EM image on the ability scale that the E-step asks for: one step of PX-EM.

        Slopes and intercepts take up at once what freed mean and SD of the reference group would: without it
        the EM step goes a tenth of the way along these two directions, and the whole way along the others.
        The gradient is the log-posterior's, so that it is 0 where the image is the state itself.

        Parameters
        ----------
        persons : in the reference group

        References
        ----------
        Liu, Rubin & Wu (1998), Biometrika 85(4), 755-770.
        """
        latent = self.latent
        if latent.empirical or latent.mean_free[0]:
            return image
        layout = self.layout
        x = layout.pack(state)
        by_ratio = layout.pack(self.rescaled(state, 1 + TANGENT, 0.0)) - x
        by_shift = layout.pack(self.rescaled(state, 1.0, TANGENT)) - x
        asked = np.array([gradient @ by_ratio / 2, gradient @ by_shift]) / (TANGENT * persons)
        asked[0] *= not latent.variance_free[0] and all(block.scales for block in self.blocks)
        ratio, shift = np.clip(asked, -LONGEST_RESCALING, LONGEST_RESCALING)
        return self.rescaled(image, float(np.exp(ratio)), float(shift))

    def rescaled(self, state: State, ratio: float, shift: float) -> State:
        """Return items and free groups on a new ability scale, where theta was ratio * theta + shift."""
        at, latent = state.moments, self.latent
        moments = replace(
            at,
            mean=np.where(latent.mean_free, (at.mean - shift) / ratio, at.mean),
            log_sd=np.where(latent.variance_free, at.log_sd - np.log(ratio), at.log_sd),
        )
        pairs = [
            block.rescaled(own, common, ratio, shift)
            for block, own, common in zip(self.blocks, state.own, state.common, strict=True)
        ]
        return State(tuple(own for own, _ in pairs), tuple(common for _, common in pairs), moments)

    def feasible(self, vector: Floats, safe: Floats, like: State) -> Floats:
        """Return `vector` with the items that left their model's space put back to `safe`."""
        layout = self.layout
        state, back = layout.unpack(vector, like), layout.unpack(safe, like)
        own = list(state.own)
        changed = False
        for k, (block, psi) in enumerate(zip(self.blocks, layout.psi(state), strict=True)):
            fits = block.feasible(psi)
            if not fits.all():
                own[k] = np.where(fits[:, None], state.own[k], back.own[k])
                changed = True
        return layout.pack(replace(state, own=tuple(own))) if changed else vector

    def at_bound(self, state: State) -> tuple[Bools, ...]:
        """Return, per block, (J, P) whether a parameter is at the edge of its space."""
        result = []
        for block, psi in zip(self.blocks, self.layout.psi(state), strict=True):
            natural = block.natural(psi)
            edge = np.zeros(psi.shape, dtype=np.bool_)
            free = (block.local != 0).any(axis=1) | (block.shared != 0).any(axis=1)
            slopes = slice(0, 1) if block.model != "nrm" else slice(0, 0)
            edge[:, slopes] = np.abs(natural[:, slopes]) < AT_BOUND_DISCRIMINATION
            if isinstance(block.kernel, LogisticKernel):
                limit = np.log(AT_BOUND_GUESSING / (1 - AT_BOUND_GUESSING))
                edge[:, 2:3] = natural[:, 2:3] < limit
                edge[:, 3:4] = natural[:, 3:4] > -limit
            result.append(edge & free)
        return tuple(result)

    def collapsed(self, state: State) -> Bools:
        """Return (G,) whether a group's free variance goes to 0: its SD is below the smallest |a|.

        Where the slopes are fixed at 1 the SD is the slope per standard deviation, so the two bounds are one.
        """
        if self.latent.empirical:
            return np.zeros(len(self.latent.variance_free), dtype=np.bool_)
        narrow = state.moments.log_sd < np.log(AT_BOUND_DISCRIMINATION)
        return np.asarray(self.latent.variance_free & narrow)


def _join(parts: list[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.empty(0)


def fit(
    problem: Problem,
    start: State,
    *,
    tolerance: float,
    max_iterations: int,
    gain_tolerance: float = GAIN_TOLERANCE,
    progress: Progress | None = None,
    memory: Anderson | None = None,
    history: Sequence[Step] = (),
) -> Fitted:
    """Return the maximum of the log-posterior, or where the iteration stopped and why.

    The step is accepted when the log-posterior does not fall; otherwise the iteration goes back to the
    last EM image, whose log-posterior cannot fall, and the memory is emptied.

    Parameters
    ----------
    memory, history : of steps made before, on a coarser grid

    Raises
    ------
    Whatever `progress` raises: nothing is caught, nothing is left behind.
    """
    layout = problem.layout
    memory = Anderson(WINDOW, RCOND) if memory is None else memory
    near, little = tolerance, gain_tolerance
    fall = FALL if problem.coded.precision == DOUBLE else FALL_SINGLE
    if problem.latent.empirical:
        near, little = max(tolerance, HISTOGRAM_TOLERANCE), HISTOGRAM_GAIN
    x, state = layout.pack(start), start
    image, best = x, -np.inf
    image_state = start
    accelerated = False
    steps = list(history)
    for iteration in range(len(steps) + 1, len(steps) + max_iterations + 2):
        expected = problem.expected(state)
        log_posterior = expected.log_likelihood + problem.log_prior(state)
        if accelerated and not log_posterior >= best - fall * abs(best):
            steps.append(Step(iteration, expected.log_likelihood, log_posterior, float("nan")))
            memory.restart()
            x, state, accelerated = image, image_state, False
            continue
        best = log_posterior
        image_state, gradient, information = problem.image(state, expected)
        image = layout.pack(image_state)
        target = problem.expanded(state, image_state, gradient, float(expected.mass.sum()))
        step = memory.step(x, layout.pack(target) - x, np.sqrt(np.maximum(information, 0)))
        unbounded = _unbounded(problem, layout, state)
        bound = layout.places()[2][problem.collapsed(state), 1]
        gain = 0.5 * float(gradient @ step - gradient[bound] @ step[bound])
        lying = unbounded & (information > NO_INFORMATION)
        remaining = np.where(lying, np.abs(step) * layout.visible(state), 0)
        largest = float(remaining.max(initial=0))
        steps.append(Step(iteration, expected.log_likelihood, log_posterior, largest))
        if progress is not None:
            progress(steps[-1])
        enough = len(memory) > 0 or not len(x) or np.abs(image - x).max() < tolerance / 100
        settled = largest <= near and abs(gain) <= little
        longest = np.abs(step * layout.visible(state)).max(initial=0)
        proposal = x + step * min(1.0, STEP_CAP / max(longest, 1e-300))
        proposal = problem.feasible(proposal, image, image_state)
        ahead = layout.unpack(proposal, image_state)
        if (enough and settled) or iteration >= max_iterations:
            reason = (
                "gradient and projected gain below tolerance"
                if settled
                else f"stopped after {iteration} E-steps; {largest:.2g} logits and {abs(gain):.2g} "
                "log-likelihood units were still to go"
            )
            return Fitted(
                state, ahead, expected, expected.log_likelihood, log_posterior, settled, reason,
                remaining, gradient, information, tuple(steps),
            )  # fmt: skip
        accelerated = len(memory) > 0 or target is not image_state
        x, state = proposal, ahead
    raise AssertionError("a step that is not accelerated returns")


def _unbounded(problem: Problem, layout: Layout, state: State) -> Bools:
    """Return (F,) whether a free parameter is inside its space: one at its edge may drift on for ever."""
    own = tuple(
        (edge.astype(np.float64) @ np.abs(block.local) == 0).astype(np.float64)
        for block, edge in zip(problem.blocks, problem.at_bound(state), strict=True)
    )
    ones = State(own, tuple(np.ones(common.shape) for common in state.common), state.moments)
    vector = layout.pack(ones)
    groups = sum(part.size for part in (*own, *ones.common))
    vector[groups:] = 1
    vector[layout.places()[2][problem.collapsed(state), 1]] = 0
    return np.asarray(vector > 0)
