"""How well a release knows each item's parameters: with the covariance of its run, where that was kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from adaptest.errors import ItemParameterError, ParameterFileError
from adaptest.pool import Pool

COVARIANCE = "covariance"
SOME = "covariance, and standard errors alone for items that it lacks"
ALONE = "standard errors alone"


def with_covariance(pool: Pool, run: Path) -> tuple[Pool, str]:
    """Return the pool with what a run's covariance.npz says of each item, and in words what was used.

    An item that the file lacks keeps its standard errors, as if its parameters erred independently.

    Parameters
    ----------
    pool : with standard errors
    run : the folder of the run

    Raises
    ------
    ParameterFileError, where the file cannot be read, or its variances are not those of the parameter table.
    """
    from adaptest.calibration.covariance_file import NAME, read_covariance  # calibration is heavy to load

    path = run / NAME
    if not path.is_file():
        return pool, ALONE
    errors = pool.errors
    covariance, found = list(errors.covariance), 0
    for block in read_covariance(path):
        places: dict[str, list[int]] = {}
        for at, (item, _) in enumerate(block.parameters):
            places.setdefault(item, []).append(at)
        for item, at_ in places.items():
            row = pool.row.get(item)
            if row is None or row >= len(errors):
                continue
            names = [block.parameters[at][1] for at in at_]
            try:
                joint = errors.joint(row, names, block.matrix[at_][:, at_])
            except ItemParameterError as error:
                raise ParameterFileError(
                    f"{path}: item {item!r}: {error}; it is of another calibration than parameters.csv:"
                    " restore it, or remove it to go by standard errors alone"
                ) from None
            if joint is not None:
                covariance[row], found = joint, found + 1
    said = COVARIANCE if found == len(pool) else SOME if found else ALONE
    return replace(pool, errors=replace(errors, covariance=tuple(covariance))), said
