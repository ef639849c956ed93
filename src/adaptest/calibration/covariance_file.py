"""The covariance of a run's parameters: a file beside its parameter table."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adaptest.calibration.result import CovarianceBlock
from adaptest.errors import ParameterFileError
from adaptest.files import StrPath, read_bytes

NAME = "covariance.npz"  # beside parameters.csv


def read_covariance(path: StrPath) -> tuple[CovarianceBlock, ...]:
    """Return the blocks of a covariance.npz: what `covariance_bytes` made.

    Raises
    ------
    ParameterFileError, where it is no such file, or a matrix does not fit its names.
    """
    try:
        with np.load(io.BytesIO(read_bytes(path, error=ParameterFileError)), allow_pickle=False) as arrays:
            count = sum(name.startswith("matrix_") for name in arrays)
            blocks = [(arrays[f"parameters_{k}"], arrays[f"matrix_{k}"]) for k in range(count)]
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        raise ParameterFileError(f"{path}: must hold parameters_k and matrix_k; it cannot be read") from None
    result = []
    for k, (names, matrix) in enumerate(blocks):
        if names.shape != (len(names), 2) or matrix.shape != (len(names), len(names)):
            raise ParameterFileError(
                f"{path}: matrix_{k} must be ({len(names)}, {len(names)}), one line a parameter; "
                f"got {matrix.shape}"
            )
        result.append(CovarianceBlock(tuple((str(i), str(c)) for i, c in names.tolist()), matrix))
    return tuple(result)


def covariance_bytes(blocks: Sequence[CovarianceBlock]) -> bytes:
    """Return covariance blocks as an .npz: parameters_k (p, 2) item and column names, matrix_k (p, p)."""
    arrays: dict[str, Any] = {}
    for k, block in enumerate(blocks):
        arrays[f"parameters_{k}"] = np.array(block.parameters, dtype=np.str_).reshape(-1, 2)
        arrays[f"matrix_{k}"] = block.matrix
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    return packed.getvalue()


def covariance_beside(parameters: StrPath) -> tuple[CovarianceBlock, ...]:
    """Return the covariance in the folder of a parameter table; none where no such file is there.

    Raises
    ------
    ParameterFileError, where there is one and it cannot be read.
    """
    path = Path(parameters).with_name(NAME)
    return read_covariance(path) if path.is_file() else ()
