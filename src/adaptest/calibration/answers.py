"""Which category each person answered in, from whichever way the responses are held."""

from __future__ import annotations

import numpy as np

from adaptest.calibration.coding import Chunk, Coded
from adaptest.models.base import Floats, Rows


def answered(coded: Coded, chunk: Chunk) -> Rows:
    """Return (n, A) the categories each person answered in, -1 where there are no more."""
    if not coded.units and not len(coded.wrong):
        length = np.diff(chunk.start)
        result = np.full((len(chunk), int(length.max(initial=0))), -1, dtype=np.intp)
        result[np.arange(result.shape[1]) < length[:, None]] = chunk.index
        return result
    parts = [np.where(chunk.dense >= 0, coded.wrong + chunk.dense, -1)]
    joint = chunk.index.reshape(len(chunk), len(coded.units)) if coded.units else None
    start = 0
    for u, unit in enumerate(coded.units):
        assert joint is not None  # noqa: S101 (there are units)
        left = joint[:, u].astype(np.intp) - start
        start += len(unit)
        columns = []
        for codes, size in zip(unit.codes[::-1], unit.sizes[::-1], strict=True):
            digit = left % size
            left //= size
            columns.append(np.where(digit < len(codes), codes[0] + digit, -1))
        parts.append(np.stack(columns[::-1], axis=1))
    return np.concatenate(parts, axis=1).astype(np.intp)


def indicators(coded: Coded, chunk: Chunk, codes: Rows) -> Floats:
    """Return (n, C') ones where a person answered in a category of `codes`."""
    if len(coded.wrong) and not coded.units:  # every item is held whole: its scores say it
        item, score = np.zeros((2, coded.n_codes), dtype=np.intp)
        item[coded.wrong] = item[coded.right] = np.arange(len(coded.wrong))
        score[coded.right] = 1
        return np.asarray(chunk.dense[:, item[codes]] == score[codes], dtype=np.float64)
    place = np.full(coded.n_codes + 1, -1, dtype=np.intp)
    place[codes] = np.arange(len(codes))
    column = place[answered(coded, chunk)]
    result = np.zeros((len(chunk), len(codes)))
    person, cell = np.nonzero(column >= 0)
    result[person, column[person, cell]] = 1
    return result
