"""Whether persons' summed scores can be compared: the items that (nearly) all of them were given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from adaptest.models.base import Rows
from adaptest.responses.table import Responses

PRESENTED = 0.9  # of the persons: an item given to as many belongs to the common form
COMMON = 0.5  # of a person's mean number of items: a form smaller than this is an anchor, not the test
FEWEST_ITEMS = 3  # a summed score of fewer says little
FEWEST_PERSONS = 30  # with the whole form (a documented, changeable default)

Kind = Literal["fixed", "adaptive"]


@dataclass(frozen=True, slots=True, eq=False)
class Core:
    """The common form behind some responses, if there is one.

    Attributes
    ----------
    kind : "fixed": summed scores on `items` compare `persons`; "adaptive": they compare nobody
    items : rows of the items of the common form; none where adaptive
    persons : rows of the persons who have a score on every one of them; none where adaptive
    reason : what was seen, in one sentence
    """

    kind: Kind
    items: Rows
    persons: Rows
    reason: str

    @property
    def is_fixed(self) -> bool:
        """Whether there is a common form."""
        return self.kind == "fixed"


def core_of(responses: Responses, *, adaptive: bool | None = None) -> Core:
    """Return the common form of resolved responses.

    Parameters
    ----------
    responses : resolved: omitted and not-reached cells scored or taken out
    adaptive : True says that items were chosen by earlier answers; None looks at who was given what

    Examples
    --------
    >>> core_of(Responses.of(np.ones((40, 4), dtype=np.int8))).reason
    'a common form of 4 items, which 40 of 40 persons have whole'
    """
    none = np.zeros(0, dtype=np.intp)
    if adaptive:
        return Core("adaptive", none, none, "the responses were said to be adaptive")
    rows = responses.sparse()
    n, j = len(responses), len(responses.items)
    answered = rows.score >= 0
    person, item = rows.person()[answered], rows.item[answered]
    given = np.bincount(item, minlength=j)
    length = np.bincount(person, minlength=n)
    persons = int((length > 0).sum())
    common = np.flatnonzero(given >= PRESENTED * max(persons, 1))
    mean = length.sum() / max(persons, 1)
    if len(common) < max(FEWEST_ITEMS, COMMON * mean):
        share = given.sum() / max(persons * j, 1)
        return Core(
            "adaptive",
            none,
            none,
            f"only {len(common)} of {j} items were given to {PRESENTED:.0%} of {persons} persons, who"
            f" answered {mean:.1f} each ({share:.0%} of the cells): adaptive or sparse",
        )
    own = np.zeros(j, dtype=np.bool_)
    own[common] = True
    whole = np.flatnonzero(np.bincount(person[own[item]], minlength=n) == len(common))
    said = f"a common form of {len(common)} items, which {len(whole)} of {persons} persons have whole"
    if len(whole) < FEWEST_PERSONS:
        return Core("adaptive", none, none, f"{said}; at least {FEWEST_PERSONS} are needed")
    return Core("fixed", common, whole, said)
