"""From the texts of cells to options, by a key."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from adaptest.fit.distractors import Options
from adaptest.models.base import Floats
from adaptest.responses import NOT_PRESENTED, Responses
from adaptest.responses.key import AnswerKey
from adaptest.responses.texts import Texts


def options_of(texts: Texts, responses: Responses, key: AnswerKey) -> Options:
    """Return what persons chose; cells that are omitted, not reached or not presented chose nothing.

    Parameters
    ----------
    texts : (N, J) cells of the same persons and items
    responses : as they were read with the key
    """
    chosen = np.full(texts.shape, -1, dtype=np.int16)
    answered = responses.dense() >= 0
    names, keys = [], []
    for j, item in enumerate(responses.items):
        right = key.of(item, "the responses")
        given = texts[answered[:, j], j].astype(str)
        every = sorted({*given.tolist(), *right} - {""})
        place = {option: k for k, option in enumerate(every)}
        chosen[answered[:, j], j] = [place.get(text, -1) for text in given.tolist()]
        names.append(tuple(every))
        keys.append(tuple(option for option in every if option in right))
    return Options(responses.items, tuple(names), chosen, tuple(keys))


def rest_scores(responses: Responses, items: NDArray[np.intp], persons: NDArray[np.intp]) -> Floats:
    """Return (N, J) the summed score of the common form without the item itself; nan for who lacks the form.

    Parameters
    ----------
    responses : resolved
    items, persons : rows of the common form's items, and of who has it whole
    """
    cells = responses.dense().astype(np.float64)
    total = np.full(len(responses), np.nan)
    total[persons] = cells[persons][:, items].sum(axis=1)
    result = np.repeat(total[:, None], len(responses.items), axis=1)
    result[:, items] -= np.where(cells[:, items] >= 0, cells[:, items], 0)
    return result


def presented(responses: Responses) -> NDArray[np.bool_]:
    """Return (N, J) whether a person saw an item."""
    return np.asarray(responses.dense() != NOT_PRESENTED)
