"""The logistic family: Rasch, 1PL, 2PL, 3PL and 4PL are one function."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from adaptest.models.base import Floats, Rows, by_item, check_models, column, require, require_discrimination
from adaptest.models.sigmoid import log_sigmoid, sigmoid_pair

MODELS = ("rasch", "1pl", "2pl", "3pl", "4pl")
HALF = 0.5
HALVINGS = 60  # of an interval of 2 ln 2: to the last bit of a double


@dataclass(frozen=True, slots=True, eq=False)
class LogisticItems:
    r"""Items scored 0 or 1, in the logistic metric (D = 1).

    .. math:: P_j(\theta) = c_j + (d_j - c_j)\,\sigma\{a_j(\theta - b_j)\}

    Below, z = a(theta - b), and r = (d - c) sigma(z) / P is the share of a right answer's probability that
    is not guessing (r_0 likewise: the share of a wrong one's that is not slipping). Every formula is a
    product of such shares, so that nothing cancels or becomes 0 / 0 in a tail.

    Attributes
    ----------
    a : (J,) discrimination, finite and not 0, per logit
    b : (J,) difficulty, logits
    c : (J,) guessing (lower asymptote), in [0, 1)
    d : (J,) upper asymptote, in (c, 1]
    models : (J,) rasch, 1pl, 2pl, 3pl or 4pl; where none are given, the smallest of the last three that
        holds. Only 4pl may have d < 1, only 3pl and 4pl may have c > 0

    Raises
    ------
    ItemParameterError, naming the first item that breaks a rule.

    References
    ----------
    Barton & Lord (1981), ETS Research Bulletin 81-20.

    Examples
    --------
    >>> items = LogisticItems(("i1",), [1.0], [0.0], [0.2], [1.0])
    >>> items.probability(np.array([0.0]))
    array([[[0.4, 0.6]]])
    >>> items.models
    ('3pl',)
    """

    ids: tuple[str, ...]
    a: Floats
    b: Floats
    c: Floats
    d: Floats
    models: tuple[str, ...] = ()
    _width: Floats = field(init=False, repr=False)  # d - c
    _guess: Floats = field(init=False, repr=False)  # c / (d - c)
    _slip: Floats = field(init=False, repr=False)  # (1 - d) / (d - c)
    _square: Floats = field(init=False, repr=False)  # a squared

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(self.ids))
        for name in ("a", "b", "c", "d"):
            object.__setattr__(self, name, column(name, getattr(self, name), (len(self.ids),)))
        require_discrimination(self.ids, self.a)
        require(self.ids, "b", self.b, np.isfinite(self.b), "be finite")
        require(self.ids, "c", self.c, (self.c >= 0) & (self.c < 1), "be in [0, 1)")
        require(self.ids, "d", self.d, (self.d > self.c) & (self.d <= 1), "be in (c, 1]")
        smallest = np.where(self.d < 1, "4pl", np.where(self.c > 0, "3pl", "2pl")).tolist()
        models = check_models(self.ids, self.models or smallest, MODELS)
        object.__setattr__(self, "models", models)
        guesses = np.array([model in ("3pl", "4pl") for model in models], dtype=np.bool_)
        slips = np.array([model == "4pl" for model in models], dtype=np.bool_)
        require(self.ids, "c", self.c, guesses | (self.c == 0), "be 0 unless the model is 3pl or 4pl")
        require(self.ids, "d", self.d, slips | (self.d == 1), "be 1 unless the model is 4pl")
        width = self.d - self.c
        for name, values in (
            ("_width", width),
            ("_guess", self.c / width),
            ("_slip", (1 - self.d) / width),
            ("_square", self.a**2),
        ):
            object.__setattr__(self, name, column(name, values, (len(self.ids),)))

    @property
    def categories(self) -> Rows:
        """(J,) number of score categories: 2."""
        return np.full(len(self.ids), 2, dtype=np.intp)

    def _z(self, theta: Floats) -> Floats:
        return self.a * (by_item(theta) - self.b)

    def _shares(self, rising: Floats, falling: Floats) -> tuple[Floats, Floats]:
        """Return the shares of a wrong and of a right answer that are not slips and not guesses."""
        return falling / (self._slip + falling), rising / (self._guess + rising)

    def probability(self, theta: Floats) -> Floats:
        """Return (Q, J, 2) probabilities of 0 and of 1, each accurate in its own tail."""
        rising, falling = sigmoid_pair(self._z(theta))
        result = np.empty((*rising.shape, 2))
        result[..., 0] = (1 - self.d) + self._width * falling
        result[..., 1] = self.c + self._width * rising
        return result

    def log_probability(self, theta: Floats) -> Floats:
        """Return (Q, J, 2) log probabilities of 0 and of 1, finite for every finite theta.

        Above a half it is log1p of the other's, so that it is accurate however close to 0; below, the
        logarithm of a sum of positive terms, or of the one term that is there.
        """
        z = self._z(theta)
        rising, falling = sigmoid_pair(z)
        wrong, right = (1 - self.d) + self._width * falling, self.c + self._width * rising
        log_width = np.log(self._width)
        result = np.empty((*z.shape, 2))
        for k, (asymptote, signed, p, other) in enumerate(
            ((1 - self.d, -z, wrong, right), (self.c, z, right, wrong))
        ):
            below = np.log(p) if asymptote.all() else self._log_of_one_term(asymptote, log_width, signed, p)
            result[..., k] = np.where(other < HALF, np.log1p(-np.minimum(other, HALF)), below)
        return result

    @staticmethod
    def _log_of_one_term(asymptote: Floats, log_width: Floats, signed: Floats, p: Floats) -> Floats:
        """Return log p, by the logarithm of sigma where there is no asymptote."""
        alone = log_width + log_sigmoid(signed)
        return np.where(asymptote > 0, np.log(p), alone) if asymptote.any() else alone

    def log_slope(self, theta: Floats) -> Floats:
        r"""Return (Q, J, 2) first derivative of the log-probability in theta.

        .. math:: s_1 = a\,r_1\,\sigma(-z), \quad s_0 = -a\,r_0\,\sigma(z)
        """
        rising, falling = sigmoid_pair(self._z(theta))
        wrong, right = self._shares(rising, falling)
        result = np.empty((*rising.shape, 2))
        result[..., 0] = -self.a * wrong * rising
        result[..., 1] = self.a * right * falling
        return result

    def log_curvature(self, theta: Floats) -> Floats:
        r"""Return (Q, J, 2) second derivative of the log-probability in theta.

        .. math:: s_1' = a^2 r_1 \sigma(-z) \{(1 - r_1)\,\sigma(-z) - \sigma(z)\}

        and for a wrong answer with r_0 and -z.
        """
        rising, falling = sigmoid_pair(self._z(theta))
        wrong, right = self._shares(rising, falling)
        slips, guesses = self._slip / (self._slip + falling), self._guess / (self._guess + rising)
        result = np.empty((*rising.shape, 2))
        result[..., 0] = self._square * wrong * rising * (slips * rising - falling)
        result[..., 1] = self._square * right * falling * (guesses * falling - rising)
        return result

    def information(self, theta: Floats) -> Floats:
        r"""Return (Q, J) Fisher information about theta, per squared logit.

        .. math:: I_j = (P_j')^2 / \{P_j (1 - P_j)\} = a^2\,r_0\,r_1\,\sigma(z)\,\sigma(-z)

        References
        ----------
        Magis (2013), Applied Psychological Measurement 37(4), 304-315.
        """
        rising, falling = sigmoid_pair(self._z(theta))
        wrong, right = self._shares(rising, falling)
        wrong *= right
        wrong *= rising
        wrong *= falling
        wrong *= self._square
        return wrong

    def maximum_information_theta(self) -> Floats:
        r"""Return (J,) the theta where each item's information is largest, logits.

        .. math:: \theta_{max} = b + \ln\{(1 + \sqrt{1 + 8c})/2\} / a \quad (d = 1)

        With d < 1 it is where :math:`\sigma(-z)(2 - r_1) = \sigma(z)(2 - r_0)`, found by halving: both
        brackets lie in [1, 2], so abs(z) is at most ln 2, and there is one root.

        References
        ----------
        Birnbaum (1968), in Lord & Novick, Statistical Theories of Mental Test Scores, ch. 20;
        Magis (2013), Applied Psychological Measurement 37(4), 304-315.
        """
        z = np.log((1 + np.sqrt(1 + 8 * self.c)) / 2)
        low, high = np.full(len(self.ids), -np.log(2)), np.full(len(self.ids), np.log(2))
        for _ in range(HALVINGS if (self.d < 1).any() else 0):
            middle = (low + high) / 2
            rising, falling = sigmoid_pair(middle)
            wrong, right = self._shares(rising, falling)
            climbs = falling * (2 - right) > rising * (2 - wrong)
            low, high = np.where(climbs, middle, low), np.where(climbs, high, middle)
        result: Floats = self.b + np.where(self.d < 1, (low + high) / 2, z) / self.a
        return result

    def take(self, rows: Rows) -> Self:
        """Return the items at `rows`, in that order."""
        ids, models = tuple(self.ids[row] for row in rows), tuple(self.models[row] for row in rows)
        return type(self)(ids, self.a[rows], self.b[rows], self.c[rows], self.d[rows], models)
