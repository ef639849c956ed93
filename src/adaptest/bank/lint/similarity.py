"""How alike texts are: TF-IDF cosines and shared shingles, all pairs of a bank by sparse products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

ROWS = 1024  # rows at a time: memory grows with the bank, not with its square


def tfidf(documents: Sequence[Sequence[str]]) -> sparse.csr_array:
    r"""Return TF-IDF rows of length 1.

    .. math:: w_{ij} = f_{ij} \left(\ln\frac{1 + n}{1 + n_j} + 1\right)

    Parameters
    ----------
    documents : (N,) of words

    Returns
    -------
    (N, words) sparse; a document without words is a row of zeros.

    References
    ----------
    Manning, Raghavan & Schuetze (2008), Introduction to information retrieval, section 6.2; the idf
    smoothed as scikit-learn does.
    """
    counts = _counts(documents)
    with_word = np.bincount(counts.indices, minlength=counts.shape[1])
    idf = np.log((1 + counts.shape[0]) / (1 + with_word)) + 1
    counts.data *= idf[counts.indices]
    return _unit_rows(counts)


def pairs_above(rows: sparse.csr_array, limit: float) -> list[tuple[int, int, float]]:
    """Return i < j and product of each pair of rows whose product exceeds the limit, the largest first."""
    found: list[tuple[int, int, float]] = []
    turned = sparse.csc_array(rows.T)
    for start in range(0, rows.shape[0], ROWS):
        block = sparse.coo_array(rows[start : start + ROWS] @ turned)
        keep = (block.data > limit) & (block.row + start < block.col)
        triples = zip(block.row[keep] + start, block.col[keep], block.data[keep], strict=True)
        found += [(int(i), int(j), float(x)) for i, j, x in triples]
    return sorted(found, key=lambda pair: (-pair[2], pair[0], pair[1]))


def shared_shingles(
    documents: Sequence[Sequence[str]], size: int, limit: float
) -> list[tuple[int, int, float]]:
    """Return i < j and Jaccard index of the shingles of each pair above the limit, the largest first.

    References
    ----------
    Broder (1997), On the resemblance and containment of documents, SEQUENCES '97.
    """
    shingles = [[" ".join(words[k : k + size]) for k in range(len(words) - size + 1)] for words in documents]
    counts = _counts([sorted(set(one)) for one in shingles])
    sizes = np.diff(counts.indptr)
    common = pairs_above(counts, 0.5)
    scored = [(i, j, n / (sizes[i] + sizes[j] - n)) for i, j, n in common]
    return sorted(
        ((i, j, float(share)) for i, j, share in scored if share > limit),
        key=lambda pair: (-pair[2], pair[0]),
    )


def _counts(documents: Sequence[Sequence[str]]) -> sparse.csr_array:
    columns: dict[str, int] = {}
    indices = [columns.setdefault(word, len(columns)) for words in documents for word in words]
    starts = np.cumsum([0, *(len(words) for words in documents)])
    shape = (len(documents), max(len(columns), 1))
    counts = sparse.csr_array((np.ones(len(indices)), np.array(indices, dtype=np.int64), starts), shape=shape)
    counts.sum_duplicates()
    return counts


def _unit_rows(rows: sparse.csr_array) -> sparse.csr_array:
    lengths: NDArray[np.float64] = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    each = np.repeat(np.where(lengths > 0, lengths, 1.0), np.diff(rows.indptr))
    rows.data /= each
    return rows
