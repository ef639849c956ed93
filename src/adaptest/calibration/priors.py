"""Priors on a, b, c and d, read from a word, and their derivatives in slope-intercept parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from math import log, pi

import numpy as np
from scipy.special import betaln

from adaptest.calibration.kernel import Terms
from adaptest.errors import OptionError
from adaptest.models.base import Floats

KINDS = {  # quantity -> the densities it may have
    "discrimination": ("lognormal", "normal"),
    "difficulty": ("normal",),
    "guessing": ("beta", "normal"),
    "upper_asymptote": ("beta", "normal"),
}
EXAMPLES = {
    "discrimination": "lognormal:0,0.5",
    "difficulty": "normal:0,2",
    "guessing": "beta:5,17",
    "upper_asymptote": "beta:20,2",
}
SPELLING = re.compile(r"\s*([a-z]+)\s*:\s*([^,\s]+)\s*,\s*([^,\s]+)\s*")


@dataclass(frozen=True, slots=True)
class Prior:
    """A density of one quantity.

    lognormal: of a, mean and SD of ln a; the density is in a, so its mode is exp(mean - SD²).
    beta: of c or d, the density is in c, no Jacobian.
    normal: mean and SD of a, of b, or of the logit of c or d.
    """

    kind: str
    first: float
    second: float

    def __str__(self) -> str:
        return f"{self.kind}:{self.first:g},{self.second:g}"


def read_prior(quantity: str, text: str, where: str = "") -> Prior | None:
    """Return the prior that `text` spells, e.g. "lognormal:0,.5"; None for "none".

    Raises
    ------
    OptionError, saying how it is spelled.
    """
    place = where or f"prior for {quantity.replace('_', ' ')}"
    if text.strip() == "none":
        return None
    match = SPELLING.fullmatch(text)
    try:
        kind, first, second = (match[1], float(match[2]), float(match[3])) if match else ("", 0.0, 0.0)
    except ValueError:
        kind, first, second = "", 0.0, 0.0
    if kind not in KINDS[quantity]:
        allowed = " or ".join(KINDS[quantity])
        raise OptionError(
            f"{place}: must be none, or {allowed} with two numbers, like {EXAMPLES[quantity]}; got {text!r}"
        )
    positive = second > 0 and (kind != "beta" or first > 0)
    if not (positive and np.isfinite(first) and np.isfinite(second)):
        rule = "both numbers must be greater than 0" if kind == "beta" else "the SD must be greater than 0"
        raise OptionError(f"{place}: {rule}; got {text!r}")
    return Prior(kind, first, second)


@dataclass(frozen=True, slots=True)
class ItemPriors:
    """The priors of one item; None where a quantity has none."""

    discrimination: Prior | None = None
    difficulty: Prior | None = None
    guessing: Prior | None = None
    upper_asymptote: Prior | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """The densities' names in the order of KINDS, "" where there is none."""
        return tuple("" if prior is None else prior.kind for prior in self._all)

    @property
    def _all(self) -> tuple[Prior | None, ...]:
        return (self.discrimination, self.difficulty, self.guessing, self.upper_asymptote)

    def __str__(self) -> str:
        named = zip(KINDS, self._all, strict=True)
        return " ".join(f"{name}~{prior}" for name, prior in named if prior is not None)


@dataclass(frozen=True, slots=True, eq=False)
class BlockPriors:
    """The priors of J items that have the same kinds of density.

    Attributes
    ----------
    kinds : as in ItemPriors
    numbers : quantity -> (J, 2) the densities' two numbers
    steps : (K-1, K-1) difficulties times -a are these combinations of the intercepts
    log_slope : whether the first parameter is ln a
    once : whether the discrimination is common to all items, so that its prior counts once
    constant : (J,) logs of the beta densities' constants
    """

    kinds: tuple[str, ...]
    numbers: tuple[Floats, ...]
    steps: Floats
    log_slope: bool
    once: bool
    constant: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        constant = np.zeros(len(self.numbers[0]))
        for kind, numbers in zip(self.kinds, self.numbers, strict=True):
            if kind == "beta":
                constant -= betaln(*numbers.T)
        object.__setattr__(self, "constant", constant)

    @property
    def any(self) -> bool:
        """Whether there is a prior at all."""
        return any(self.kinds)

    def terms(self, psi: Floats, *, exact: bool = False) -> Terms:
        """Return log density, gradient and information; `exact` second derivatives may be indefinite.

        Parameters
        ----------
        psi : (J, P), its first column ln a where `log_slope`
        """
        items, p = psi.shape
        value, gradient, information = self.constant.copy(), np.zeros((items, p)), np.zeros((items, p, p))
        slope, difficulty, *asymptotes = self.kinds
        if slope:
            mean, sd = self.numbers[0].T
            counts = np.zeros(items) if self.once else np.ones(items)
            counts[:1] = 1
            x = psi[:, 0]
            value += counts * (-0.5 * ((x - mean) / sd) ** 2 - np.log(sd) - 0.5 * log(2 * pi))
            gradient[:, 0] -= counts * (x - mean) / sd**2
            information[:, 0, 0] += counts / sd**2
            if slope == "lognormal":
                value -= counts * x
                gradient[:, 0] -= counts
        if difficulty:
            self._difficulty(psi, value, gradient, information, exact=exact)
        for column, (kind, numbers) in enumerate(zip(asymptotes, self.numbers[2:], strict=True), start=2):
            if kind == "beta":
                alpha, beta = numbers.T
                x = psi[:, column]
                c = 1 / (1 + np.exp(-x))
                value -= (alpha - 1) * np.logaddexp(0, -x) + (beta - 1) * np.logaddexp(0, x)
                gradient[:, column] += (alpha - 1) * (1 - c) - (beta - 1) * c
                information[:, column, column] += (alpha + beta - 2) * c * (1 - c)
            elif kind == "normal":
                mean, sd = numbers.T
                x = psi[:, column]
                value -= 0.5 * ((x - mean) / sd) ** 2 + np.log(sd) + 0.5 * log(2 * pi)
                gradient[:, column] -= (x - mean) / sd**2
                information[:, column, column] += 1 / sd**2
        return Terms(value, gradient, information)

    def _difficulty(
        self, psi: Floats, value: Floats, gradient: Floats, information: Floats, *, exact: bool
    ) -> None:
        """Add the normal prior on every b = -(steps @ intercepts) / a."""
        mean, sd = (column[:, None] for column in self.numbers[1].T)
        own = slice(1, 1 + len(self.steps))
        a = np.exp(psi[:, :1]) if self.log_slope else psi[:, :1]
        b = -(psi[:, own] @ self.steps.T) / a
        by_slope = -b if self.log_slope else -b / a
        z = (b - mean) / sd
        value -= (0.5 * z**2 + np.log(sd) + 0.5 * log(2 * pi)).sum(axis=1)
        slope = np.zeros((*b.shape, psi.shape[1]))
        slope[:, :, 0] = by_slope
        slope[:, :, own] = -self.steps / a[:, None]
        pull = z / sd
        gradient -= np.einsum("jk,jkp->jp", pull, slope)
        information += np.einsum("jkp,jkq->jpq", slope, slope / sd[..., None] ** 2)
        if exact:
            information[:, 0, 0] += (pull * (b if self.log_slope else 2 * b / a**2)).sum(axis=1)
            cross = np.einsum("jk,kh->jh", pull, self.steps) / (a if self.log_slope else a**2)
            information[:, 0, own] += cross
            information[:, own, 0] += cross
