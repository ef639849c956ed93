"""A workspace: the folder whose adaptest.toml says where bank, calibration and database are."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adaptest.errors import WorkspaceError
from adaptest.files import read_text

MARK = "adaptest.toml"
FORMAT = "adaptest-workspace/1"
DEFAULTS = {"bank": "itembank", "calibration": "calibration", "database": "adaptest.db"}
ENVIRONMENT = {
    "bank": "ADAPTEST_BANK",
    "calibration": "ADAPTEST_CALIBRATION",
    "database": "ADAPTEST_DATABASE",
}


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where things are.

    Parameters
    ----------
    folder : the folder that holds adaptest.toml
    bank : folder of the item banks, one folder a bank
    calibration : folder of the calibration runs, one folder a bank
    database : a path, or the URL of a PostgreSQL database
    """

    folder: Path
    bank: Path
    calibration: Path
    database: Path | str

    @property
    def locks(self) -> Path:
        """The folder of the sittings' locks."""
        if isinstance(self.database, Path):
            return self.database.with_name(self.database.name + ".locks")
        return self.folder / "adaptest.db.locks"


def open_workspace(folder: str | os.PathLike[str] | None = None) -> Workspace:
    """Return the workspace in `folder`, else in ADAPTEST_WORKSPACE, else in the current folder.

    Nothing above that folder is searched. ADAPTEST_BANK, ADAPTEST_CALIBRATION
    and ADAPTEST_DATABASE stand before what adaptest.toml says; relative paths
    are relative to the workspace.

    Raises
    ------
    WorkspaceError, where there is no adaptest.toml or it breaks its rules.
    """
    root = Path(folder or os.environ.get("ADAPTEST_WORKSPACE") or ".")
    file = root / MARK
    if not file.is_file():
        where = f"folder '{root}'" if str(root) != "." else "the current folder"
        raise WorkspaceError(
            f"{where}: must be a workspace, with a file {MARK}; got none; make one with 'adaptest init DIR',"
            " or say where one is with --workspace"
        )
    values = {**DEFAULTS, **_read(file)}
    values.update({key: os.environ[name] for key, name in ENVIRONMENT.items() if os.environ.get(name)})
    database = values["database"]
    return Workspace(
        folder=root,
        bank=root / values["bank"],
        calibration=root / values["calibration"],
        database=database if "://" in database else root / database,
    )


def _read(file: Path) -> dict[str, str]:
    """Return the paths that an adaptest.toml gives."""
    try:
        values: dict[str, Any] = tomllib.loads(read_text(file))
    except tomllib.TOMLDecodeError as problem:
        raise WorkspaceError(f"{file}: must be TOML; {str(problem).lower()}") from None
    written = values.pop("format", None)
    if written != FORMAT:
        newer = isinstance(written, str) and written.startswith("adaptest-workspace/")
        remedy = "; use a newer adaptest" if newer else ""
        raise WorkspaceError(f"{file}: format must be {FORMAT!r}; got {written!r}{remedy}")
    for key, value in values.items():
        if key not in DEFAULTS:
            raise WorkspaceError(f"{file}: keys must be format, {', '.join(DEFAULTS)}; got {key!r}")
        if not isinstance(value, str) or not value:
            raise WorkspaceError(f"{file}: {key} must be a path as text; got {value!r}")
    return values
