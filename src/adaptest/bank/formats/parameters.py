"""Item parameters of other programs: one closed table, a reader or a writer each; D is asked for and said.

Inside, D = 1 and difficulty form. What a file leaves open is not guessed: D must be given, and every table
that is read says in its notes what was multiplied or turned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from adaptest.bank.formats.csvfile import decoded
from adaptest.bank.formats.parameters_bilog import read_bilog
from adaptest.bank.formats.parameters_flexmirt import read_flexmirt, write_flexmirt
from adaptest.bank.formats.parameters_mirt import read_mirt_coef, read_mirt_values, write_mirt_values
from adaptest.bank.formats.parameters_rows import Rows
from adaptest.bank.formats.parameters_winsteps import read_winsteps, write_winsteps
from adaptest.errors import AdaptestError, OptionError, ParameterFileError
from adaptest.files import StrPath, read_bytes
from adaptest.parameters.table import ParameterTable

LARGEST_D = 10.0


@dataclass(frozen=True, slots=True)
class ParameterFormat:
    """One format of another program's item parameters; None where it is only read or only written."""

    name: str
    title: str
    read: Callable[[str, str, float], Rows] | None = None
    write: Callable[[ParameterTable, float], tuple[str, list[str]]] | None = None


PARAMETER_FORMATS: Mapping[str, ParameterFormat] = MappingProxyType(
    {
        format_.name: format_
        for format_ in (
            ParameterFormat("bilog", "BILOG-MG .PAR", read_bilog),
            ParameterFormat("flexmirt", "flexMIRT -prm.txt", read_flexmirt, write_flexmirt),
            ParameterFormat(
                "winsteps", "Winsteps IFILE in, anchors (IAFILE, SAFILE) out", read_winsteps, write_winsteps
            ),
            ParameterFormat("mirt-coef", "R mirt coef(simplify = TRUE)$items as CSV", read_mirt_coef),
            ParameterFormat("mirt-values", "R mirt mod2values as CSV", read_mirt_values, write_mirt_values),
        )
    }
)


def require_d(d: float | None, name: str) -> float:
    """Return the scaling constant; raise OptionError where none is given or it is none.

    Raises
    ------
    OptionError.
    """
    if d is None:
        raise OptionError(
            f"--d must be given for {name}: the D of its model, 1 for the logistic metric, 1.7 or 1.702 for"
            " the normal one; the file does not say"
        )
    if not 0 < d <= LARGEST_D:
        raise OptionError(f"--d must be greater than 0 and at most {LARGEST_D:g}; got {d:g}")
    return d


def read_foreign(path: StrPath, name: str, d: float | None) -> ParameterTable:
    """Return another program's item parameters, D = 1.

    Parameters
    ----------
    name : a key of PARAMETER_FORMATS
    d : the D of the file's model

    Raises
    ------
    OptionError, where D is missing or the format is only written.
    ParameterFileError, with file and line, where the file is not of this format, or an item's parameters
    break their model's rules.
    """
    format_ = PARAMETER_FORMATS[name]
    if format_.read is None:
        raise OptionError(f"format {name!r}: is only written, not read")
    scale = require_d(d, name)
    where = str(path)
    try:
        text = decoded(read_bytes(path, error=ParameterFileError), where)
        rows = format_.read(text.replace("\r\n", "\n").replace("\r", "\n"), where, scale)
        return rows.table(where, format_.title, scale)
    except (ParameterFileError, OptionError):
        raise
    except AdaptestError as problem:
        said = str(problem)
        raise ParameterFileError(said if said.startswith(where) else f"{where}: {said}") from None


def write_foreign(table: ParameterTable, name: str, d: float | None) -> tuple[str, list[str]]:
    """Return a file for another program, and a sentence on each item that it cannot hold.

    Raises
    ------
    OptionError, where D is missing, or the format is only read.
    """
    format_ = PARAMETER_FORMATS[name]
    if format_.write is None:
        raise OptionError(f"format {name!r}: is only read, not written")
    with np.errstate(all="ignore"):
        return format_.write(table, require_d(d, name))
