"""The record of a cut: who set it, when, how, on which scale, how sure it is, and who adopted it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

import yaml

from adaptest.errors import StandardSettingError
from adaptest.files import StrPath, read_text

FORMAT = "adaptest-cut/1"


@dataclass(frozen=True, slots=True)
class CutRecord:
    """A cut on theta.

    Attributes
    ----------
    method : "angoff", "bookmark", or another in words
    panel : who judged: number, and what they are
    date : of the panel's last round, as 2026-11-27
    scale_id : the scale that theta is on
    theta, se : the cut and its standard error, logits
    adopted_by : who decided that this is the cut; "" while nobody did
    adopted_theta : the cut that was adopted, where it is not the panel's own; None where it is
    reason : why it differs; "" where it does not
    """

    method: str
    panel: str
    date: str
    scale_id: str
    theta: float
    se: float
    adopted_by: str = ""
    adopted_theta: float | None = None
    reason: str = ""

    @property
    def value(self) -> float:
        """The cut that counts."""
        return self.theta if self.adopted_theta is None else self.adopted_theta

    def text(self) -> str:
        """Return it as the YAML of a cut file."""
        said = {name: value for name, value in asdict(self).items() if value is not None}
        return str(yaml.safe_dump({"format": FORMAT, **said}, sort_keys=False, allow_unicode=True))


def read_cut(path: StrPath) -> CutRecord:
    """Return the record in a cut file.

    Raises
    ------
    StandardSettingError, naming the first word that is missing, unknown or no such thing.
    """
    try:
        said = yaml.safe_load(read_text(path, error=StandardSettingError))
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise StandardSettingError(f"{path}{line}: must be YAML; it cannot be read") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        got = said.get("format") if isinstance(said, dict) else said
        raise StandardSettingError(f"{path}: format must be {FORMAT}; got {got!r}")
    body = {str(key): value for key, value in said.items() if key != "format"}
    known = {field.name: field for field in fields(CutRecord)}
    if unknown := [name for name in body if name not in known]:
        raise StandardSettingError(
            f"{path}: {unknown[0]!r} is no word of a cut; known are {', '.join(known)}"
        )
    needed = ("method", "panel", "date", "scale_id", "theta", "se")
    if missing := [name for name in needed if body.get(name) in {None, ""}]:
        raise StandardSettingError(f"{path}: a cut must say {missing[0]}; it is missing")
    return CutRecord(**{name: _checked(path, name, value) for name, value in body.items()})


def _checked(path: StrPath, name: str, value: Any) -> Any:
    if name in {"theta", "se", "adopted_theta"}:
        number = not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)
        if not number or (name == "se" and value < 0):
            rule = "a number, 0 or more" if name == "se" else "a number"
            raise StandardSettingError(f"{path}: {name} must be {rule}; got {value!r}")
        return float(value)
    if name == "date":
        try:
            return (value if isinstance(value, date) else date.fromisoformat(str(value))).isoformat()
        except ValueError:
            raise StandardSettingError(f"{path}: date must be as 2026-11-27; got {value!r}") from None
    if not isinstance(value, str):
        raise StandardSettingError(f"{path}: {name} must be text; got {value!r}")
    return value
