"""Two groups on a common form: what every method that matches persons by summed scores starts from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from adaptest.errors import OptionError
from adaptest.models.base import Bools, Floats, Rows
from adaptest.responses import Responses
from adaptest.responses.core import Core, core_of

SCORES = "summed scores of different items match nobody"
FEWEST_ANCHORS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """n persons of two groups who have the whole common form of J items.

    Attributes
    ----------
    items : ids of all items of the responses; `core` has the rows of the J that are in the form
    core : the common form
    groups : reference and focal group's names
    scores : (n, J) from 0
    focal : (n,) whether the person is in the focal group
    weight : (n,) how many persons each stands for
    highest : (J,) highest score seen of each item, at least 1
    """

    items: tuple[str, ...]
    core: Core
    groups: tuple[str, str]
    scores: Rows
    focal: Bools
    weight: Floats
    highest: Rows

    @property
    def sizes(self) -> tuple[float, float]:
        """Reference and focal persons, by weight."""
        return float(self.weight[~self.focal].sum()), float(self.weight[self.focal].sum())

    def matching(self, j: int, anchors: Bools) -> Rows:
        """Return (n,) each person's sum over the anchors and the studied item, which always counts.

        References
        ----------
        Holland & Thayer (1988): the studied item belongs to the criterion, or its test is biased.
        """
        chosen = anchors.copy()
        chosen[j] = True
        return np.asarray(self.scores[:, chosen].sum(axis=1))

    def table(self, j: int, matching: Rows) -> Floats:
        """Return (S, 2, K) weighted counts: matching score, reference and focal, item score."""
        k = int(self.highest[j]) + 1
        top = int(matching.max(initial=0)) + 1
        cell = (matching * 2 + self.focal) * k + self.scores[:, j]
        counts = np.bincount(cell, weights=self.weight, minlength=top * 2 * k)
        return counts.reshape(top, 2, k).astype(np.float64)


def group_pair(responses: Responses, reference: str | None, focal: str | None) -> tuple[str, str]:
    """Return the two groups' names: the first is the reference, the other the focal group, unless named.

    Raises
    ------
    OptionError, where there are not two, or a name is none of them.
    """
    names = responses.groups
    for role, name in (("reference", reference), ("focal", focal)):
        if name is not None and name not in names:
            raise OptionError(f"{role} must be one of the groups {', '.join(names)}; got {name!r}")
    if len(names) < 2:  # noqa: PLR2004 (a comparison)
        raise OptionError(
            f"DIF compares two groups; the responses have one, {names[0]!r}; name a column in groups"
        )
    if reference is None:
        reference = next(name for name in names if name != focal)
    if focal is None:
        others = [name for name in names if name != reference]
        if len(others) > 1:
            raise OptionError(
                f"focal must be named where there are several groups besides {reference!r}; got"
                f" {', '.join(others)}"
            )
        focal = others[0]
    if reference == focal:
        raise OptionError(f"reference and focal must be two groups; got {focal!r} twice")
    return reference, focal


def compared(responses: Responses, groups: tuple[str, str], *, adaptive: bool | None = None) -> Compared:
    """Return the two groups' scores on the common form of these responses (omitted = wrong)."""
    resolved = responses.resolved()
    index = [responses.groups.index(name) for name in groups]
    resolved = resolved.take_persons(np.flatnonzero(np.isin(resolved.group, index)))
    core = core_of(resolved, adaptive=adaptive)
    scores = resolved.dense()[core.persons][:, core.items].astype(np.intp)
    return Compared(
        resolved.items,
        core,
        groups,
        scores,
        resolved.group[core.persons] == index[1],
        resolved.weight[core.persons],
        np.maximum(scores.max(axis=0, initial=1), 1),
    )
