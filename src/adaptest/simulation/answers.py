"""How simulees answer: by true parameters, with or without the habits of real candidates, or as people did.

ModelRespondents : answers drawn from item parameters and a `Behaviour`; all of it is synthetic.
RealRespondents : answers that people gave.

A simulee's draw for an item has the item's own name, so that the same simulee gives the same answer to it in
every exam that asks it, whenever it does: exams are compared on common random numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from adaptest.errors import OptionError, ResponseError
from adaptest.models import LogisticItems
from adaptest.models.base import Bools, Floats, Rows
from adaptest.models.sigmoid import sigmoid_pair
from adaptest.numerics.random import Stream, uniform
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.simulation.simulees import normal_draws

KNOWS, GUESSES, SKIPS = 0, 1, 2  # draws of Stream.BEHAVIOUR, told apart


class Answers(Protocol):
    """Some simulees at work; n of them, numbered from 0."""

    def __call__(self, who: Rows, rows: Rows, position: int) -> Rows:
        """Return the scores of simulees `who` (m,) on items `rows` (m,), as the item at `position` from 0."""
        ...

    def seconds(self, who: Rows, rows: Rows) -> Floats | None:
        """Return the seconds that they take, (m,); None where time is not simulated."""
        ...


class Respondents(Protocol):
    """A population of simulees as they answer the items of one pool; goes to worker processes whole."""

    def barred(self, index: Rows) -> Bools | None:
        """Return (n, J) items that simulees `index` (n,) cannot be asked; None where there are none."""
        ...

    def at_work(self, theta: Floats, seed: NDArray[np.uint64], index: Rows) -> Answers:
        """Return the simulees with numbers `index` (n,), abilities theta (n,) and seeds (n,)."""
        ...


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What candidates do beside answering by the model; synthetic, every number of it chosen.

    Attributes
    ----------
    guessing : share of items answered blindly: each option alike, or each score where no options are known
    fatigue : logits by which ability falls from the first item to the last place of the exam, evenly
    leaked : ids of items that are known before the exam
    leaked_to : share of simulees who know them; they get the full score on each
    omission : share of items left without an answer, which scores 0
    pace_sd : standard deviation of ln(time) between simulees; None simulates no time
    item_seconds : median seconds of an item that does not say its own in attribute `time_s`
    time_sd : standard deviation of ln(time) around simulee and item

    References
    ----------
    van der Linden (2006), Journal of Educational and Behavioral Statistics 31(2), 181-204 (lognormal times).
    """

    guessing: float = 0.0
    fatigue: float = 0.0
    leaked: tuple[str, ...] = ()
    leaked_to: float = 1.0
    omission: float = 0.0
    pace_sd: float | None = None
    item_seconds: float = 60.0
    time_sd: float = 0.4

    def __post_init__(self) -> None:
        for name in ("guessing", "leaked_to", "omission"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise OptionError(f"{name.replace('_', ' ')}: must be a share in [0, 1]; got {value:g}")
        for name in ("fatigue", "pace_sd", "time_sd", "item_seconds"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value >= 0):
                raise OptionError(f"{name.replace('_', ' ')}: must be finite and at least 0; got {value:g}")

    @property
    def labels(self) -> tuple[str, ...]:
        """A sentence for each habit."""
        said = []
        if self.guessing:
            said.append(f"synthetic: {self.guessing:.1%} of items are answered blindly")
        if self.fatigue:
            said.append(
                f"synthetic: ability falls by {self.fatigue:g} logits from the first item to the last"
            )
        if self.leaked:
            said.append(f"synthetic: {self.leaked_to:.1%} of simulees know {len(self.leaked)} leaked items")
        if self.omission:
            said.append(f"synthetic: {self.omission:.1%} of items are omitted and score 0")
        if self.pace_sd is not None:
            said.append(
                f"synthetic: lognormal times, {self.item_seconds:g} s in the median where an item says"
                f" nothing, sd of ln(time) {self.pace_sd:g} between and {self.time_sd:g} within simulees"
            )
        return tuple(said)


@dataclass(frozen=True, eq=False)
class ModelRespondents:
    """Simulees who answer by item parameters, drawn from `Stream.SIMULEE`.

    Attributes
    ----------
    truth : (J,) the parameters that are true, in the pool's order
    options : (J,) how many options each item has; 0 where nobody knows
    item_log_seconds : (J,) ln of each item's median time
    places : items at which fatigue is complete
    """

    truth: ItemParameters
    behaviour: Behaviour
    options: Rows
    item_log_seconds: Floats
    places: int

    @classmethod
    def of(
        cls,
        pool: Pool,
        places: int,
        truth: ItemParameters | None = None,
        behaviour: Behaviour = Behaviour(),
    ) -> ModelRespondents:
        """Return simulees who answer by `truth`, or by the pool's own parameters.

        Raises
        ------
        OptionError, where an item of the pool has no true parameters, or other categories.
        """
        true = pool.parameters if truth is None else in_order(truth, pool.ids)
        wrong = np.flatnonzero(true.categories != pool.parameters.categories)
        if wrong.size:
            raise OptionError(
                f"item {pool.ids[wrong[0]]!r}: true parameters must have as many score categories as the"
                f" exam's, {pool.parameters.categories[wrong[0]]}; got {true.categories[wrong[0]]}"
            )
        unknown = [item for item in behaviour.leaked if item not in pool.row]
        if unknown:
            raise OptionError(f"leaked item {unknown[0]!r}: must be an item of the exam's pool")
        options = np.array([len(one) for one in pool.options] or [0] * len(pool), dtype=np.intp)
        told = pool.attributes.get("time_s", (None,) * len(pool))
        seconds = [float(t) if isinstance(t, int | float) and t > 0 else behaviour.item_seconds for t in told]
        return cls(true, behaviour, options, np.log(np.maximum(seconds, 1e-9)), max(places, 2))

    def barred(self, index: Rows) -> None:  # noqa: ARG002 (one signature)
        """Return None: they can be asked anything."""
        return

    def at_work(self, theta: Floats, seed: NDArray[np.uint64], index: Rows) -> ModelAnswers:  # noqa: ARG002
        """Return some of them; see Respondents."""
        return ModelAnswers(self, theta, seed)

    @cached_property
    def key(self) -> Rows:
        """(J,) 32 bits that name each item wherever it stands."""
        return np.array(
            [int.from_bytes(hashlib.sha256(item.encode()).digest()[:4], "big") for item in self.truth.ids],
            dtype=np.int64,
        )

    @cached_property
    def known(self) -> Bools:
        """(J,) the leaked items."""
        leaked = frozenset(self.behaviour.leaked)
        return np.array([item in leaked for item in self.truth.ids], dtype=np.bool_)

    @cached_property
    def logistic(self) -> Floats | None:
        """(4, J) a, b, 1 - d and d - c where every item is logistic: they are looked up, not grouped."""
        blocks = [block for block in self.truth.blocks if isinstance(block, LogisticItems)]
        if len(blocks) < len(self.truth.blocks):
            return None
        columns = np.empty((4, len(self.truth)))
        for block in blocks:
            rows = [self.truth.row[item] for item in block.ids]
            columns[:, rows] = block.a, block.b, 1 - block.d, block.d - block.c
        return columns

    @cached_property
    def singles(self) -> dict[int, ItemParameters]:
        """Items alone, as they are asked for."""
        return {}


@dataclass(frozen=True, slots=True, eq=False)
class ModelAnswers:
    """n simulees at work.

    Attributes
    ----------
    theta : (n,) logits
    seed : (n,)
    """

    of: ModelRespondents
    theta: Floats
    seed: NDArray[np.uint64]

    def __call__(self, who: Rows, rows: Rows, position: int) -> Rows:
        """Return scores; see Answers."""
        of, habits, seed = self.of, self.of.behaviour, self.seed[who]
        theta = self.theta[who]
        if habits.fatigue:
            theta = theta - habits.fatigue * min(position / (of.places - 1), 1.0)
        u = uniform(seed, Stream.SIMULEE, of.key[rows])
        scores = self._by_parameters(theta, rows, u)
        if habits.guessing:
            blind = uniform(seed, Stream.BEHAVIOUR, of.key[rows], GUESSES) < habits.guessing
            scores[blind] = self._blindly(rows[blind], u[blind])
        if habits.leaked:
            know = uniform(seed, Stream.BEHAVIOUR, 0, KNOWS) < habits.leaked_to
            sure = know & of.known[rows]
            scores[sure] = of.truth.categories[rows[sure]] - 1
        if habits.omission:
            scores[uniform(seed, Stream.BEHAVIOUR, of.key[rows], SKIPS) < habits.omission] = 0
        return scores

    def seconds(self, who: Rows, rows: Rows) -> Floats | None:
        """Return lognormal times; see Answers."""
        habits = self.of.behaviour
        if habits.pace_sd is None:
            return None
        slow = habits.pace_sd * normal_draws(self.seed[who], Stream.PACE, 0)
        own = habits.time_sd * normal_draws(self.seed[who], Stream.PACE, self.of.key[rows], 1)
        seconds: Floats = np.exp(self.of.item_log_seconds[rows] + slow + own)
        return seconds

    def _by_parameters(self, theta: Floats, rows: Rows, u: Floats) -> Rows:
        """Return (m,) the category in which each uniform falls."""
        columns, items = self.of.logistic, self.of.truth
        if columns is not None:
            a, b, floor, width = columns[:, rows]
            _, falling = sigmoid_pair(a * (theta - b))
            return np.asarray(u >= floor + width * falling, dtype=np.intp)
        scores = np.zeros(len(rows), dtype=np.intp)
        order = np.argsort(rows, kind="stable")
        used, first = np.unique(rows[order], return_index=True)
        for row, mine in zip(used.tolist(), np.split(order, first[1:]), strict=True):
            # item by item: n x J x K probabilities would not fit
            if row not in self.of.singles:
                self.of.singles[row] = items.take(np.array([row]))
            at_most = self.of.singles[row].probability(theta[mine])[:, 0].cumsum(axis=1)
            k = (u[mine, None] >= at_most[:, :-1]).sum(axis=1)
            scores[mine] = np.minimum(k, items.categories[row] - 1)
        return scores

    def _blindly(self, rows: Rows, u: Floats) -> Rows:
        """Return (m,) scores without a look at the item: one option in so many is right."""
        options, top = self.of.options[rows], self.of.truth.categories[rows] - 1
        right = u >= 1 - 1 / np.maximum(options, 2)
        return np.where((options > 0) & (top == 1), right, (u * (top + 1)).astype(np.intp))


@dataclass(frozen=True, slots=True, eq=False)
class RealRespondents:
    """People's own answers: an item that a person did not answer cannot be asked.

    Attributes
    ----------
    scores : (P, J) int8 in the pool's order; below 0 where there is no answer
    time_s : (P, J) seconds that each answer took, nan where nobody knows; None where they carry no times
    """

    scores: NDArray[np.int8]
    time_s: Floats | None = None

    @classmethod
    def of(
        cls, scores: NDArray[np.int8], items: Sequence[str], pool: Pool, time_s: Floats | None = None
    ) -> RealRespondents:
        """Return the answers (P, M) to `items` (M,), and their times, as answers to the pool's items.

        Raises
        ------
        ResponseError, where none of the items is in the pool, or a score is none of its item's.
        """
        place = {item: k for k, item in enumerate(items)}
        mine = np.full((len(scores), len(pool)), -1, dtype=np.int8)
        held = [(row, place[item]) for row, item in enumerate(pool.ids) if item in place]
        if not held:
            raise ResponseError(f"none of the {len(items)} items answered is in the exam's pool")
        rows, columns = (np.array(side, dtype=np.intp) for side in zip(*held, strict=True))
        mine[:, rows] = scores[:, columns]
        high = mine.max(axis=0, initial=-1) >= pool.parameters.categories
        if high.any():
            row = int(np.flatnonzero(high)[0])
            top = pool.parameters.categories[row] - 1
            raise ResponseError(
                f"item {pool.ids[row]!r}: score must be in 0..{top}; got {mine[:, row].max()}"
            )
        if time_s is None:
            return cls(mine)
        seconds = np.full(mine.shape, np.nan)
        seconds[:, rows] = time_s[:, columns]
        return cls(mine, seconds)

    def barred(self, index: Rows) -> Bools:
        """Return (n, J) items without an answer; see Respondents."""
        return self.scores[index] < 0

    def at_work(self, theta: Floats, seed: NDArray[np.uint64], index: Rows) -> RealAnswers:  # noqa: ARG002
        """Return some of them; see Respondents."""
        return RealAnswers(self.scores[index], None if self.time_s is None else self.time_s[index])


@dataclass(frozen=True, slots=True, eq=False)
class RealAnswers:
    """n people's answers, and the times that they took, looked up."""

    scores: NDArray[np.int8]
    time_s: Floats | None = None

    def __call__(self, who: Rows, rows: Rows, position: int) -> Rows:  # noqa: ARG002 (one signature)
        """Return scores; see Answers."""
        return self.scores[who, rows].astype(np.intp)

    def seconds(self, who: Rows, rows: Rows) -> Floats | None:
        """Return (m,) the times taken, 0 for an answer without one; None where nobody's time is known."""
        return None if self.time_s is None else np.nan_to_num(self.time_s[who, rows])


def in_order(items: ItemParameters, ids: tuple[str, ...]) -> ItemParameters:
    """Return the parameters of `ids`, in that order.

    Raises
    ------
    OptionError, where one has none.
    """
    missing = [item for item in ids if item not in items.row]
    if missing:
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        raise OptionError(f"item {missing[0]!r}{more}: must have true parameters; got none")
    return items.take(np.array([items.row[item] for item in ids], dtype=np.intp))
