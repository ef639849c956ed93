"""A calibration as files: parameters.csv, run.json, covariance.npz, provenance.json, report.html."""

from __future__ import annotations

import getpass
import platform
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from adaptest import __version__
from adaptest.calibration.covariance_file import NAME, covariance_bytes
from adaptest.calibration.result import CalibrationResult
from adaptest.files import readable_json, write_bytes, write_text
from adaptest.parameters.files import write_parameter_table
from adaptest.report.calibration_page import page
from adaptest.report.plain import plain

FORMAT = "adaptest-run/1"
PROVENANCE_FORMAT = "adaptest-provenance/1"


def write_run(
    folder: Path,
    result: CalibrationResult,
    *,
    scale_id: str,
    scaling_constant: float = 1.0,
    command: Mapping[str, Any],
    began: datetime,
    timings_s: Mapping[str, float],
    with_page: bool = True,
) -> None:
    """Write a run into an existing empty folder.

    Equal input, version and machine give equal bytes in every file but provenance.json.

    Parameters
    ----------
    scale_id : name of the scale that the parameters are on
    scaling_constant : D of parameters.csv, whose discriminations are divided by it
    command : what was asked for, as it stands in provenance.json
    began : UTC
    timings_s : seconds of each part before the writing
    with_page : whether report.html is made
    """
    record = run_record(result, scale_id, scaling_constant)
    table = replace(result.table, scale_id=(scale_id,) * len(result.item_ids))
    write_parameter_table(folder / "parameters.csv", table, scaling_constant=scaling_constant)
    write_text(folder / "run.json", readable_json(record))
    if result.covariance:
        write_bytes(folder / NAME, covariance_bytes(result.covariance))
    if with_page:
        write_text(folder / "report.html", page(result, record))
    provenance = {
        "format": PROVENANCE_FORMAT,
        "command": dict(command),
        "who": _user(),
        "host": platform.node(),
        "machine": platform.machine(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "began": began.isoformat(),
        "ended": datetime.now(UTC).isoformat(),
        "timings_s": {name: round(seconds, 3) for name, seconds in timings_s.items()},
    }
    write_text(folder / "provenance.json", readable_json(provenance))


def run_record(result: CalibrationResult, scale_id: str, scaling_constant: float = 1.0) -> dict[str, Any]:
    """Return run.json: everything that decided the result, and everything doubtful about it."""
    design = result.design
    record: dict[str, Any] = plain(
        {
            "format": FORMAT,
            "version": __version__,
            "method": result.method,
            "model": result.model,
            "scale_id": scale_id,
            "basis": "calibrated",
            "log_likelihood": result.log_likelihood,
            "log_posterior": result.log_posterior,
            "n_parameters": result.n_parameters,
            "converged": result.converged,
            "reason": result.reason,
            "iterations": result.iterations,
            "information_positive_definite": result.information_positive_definite,
            "se_method": result.se_method,
            "covariance_kind": result.covariance_kind,
            "se_includes_anchor_error": result.se_includes_anchor_error,
            "flags": list(result.flags_of_fit),
            "needs_attention": result.needs_attention,
            "n_persons": len(design.persons) - len(design.empty_persons),
            "n_items": len(result.item_ids),
            "n_responses": design.responses,
            "components": design.components,
            "design": list(design.sentences()),
            "grid": asdict(result.grid) if result.grid else None,
            "grid_check": asdict(result.grid_check) if result.grid_check else None,
            "groups": [asdict(group) for group in result.groups],
            "latent": [asdict(latent) for latent in result.latent],
            "priors": {i: prior for i, prior in zip(result.item_ids, result.priors, strict=True) if prior},
            "scaling_constant": scaling_constant,
            "options": asdict(result.options),
            "data_fingerprint": result.data_fingerprint,
            "items": [
                {"item_id": item, "status": status, "flags": list(flags), "largest_change": change}
                for item, status, flags, change in zip(
                    result.item_ids, result.status, result.flags, result.largest_change, strict=True
                )
            ],
            "history": [asdict(step) for step in result.history],
            "notes": list(result.notes),
        }
    )
    return record


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name for this user id
        return "unknown"
