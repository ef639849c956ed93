"""A calibration as files: parameters.csv, run.json, covariance.npz, provenance.json, report.html."""

from __future__ import annotations

import getpass
import io
import math
import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from adaptest import __version__
from adaptest.calibration.result import CalibrationResult
from adaptest.files import readable_json, write_bytes, write_text
from adaptest.models.base import Floats
from adaptest.parameters.files import write_parameter_table
from adaptest.parameters.table import ParameterTable
from adaptest.report.calibration_page import page

FORMAT = "adaptest-run/1"
PROVENANCE_FORMAT = "adaptest-provenance/1"


def write_run(
    folder: Path,
    result: CalibrationResult,
    *,
    scale_id: str,
    command: Mapping[str, Any],
    began: datetime,
    ended: datetime,
    timings_s: Mapping[str, float],
) -> None:
    """Write a run into an existing empty folder.

    Equal input, version and machine give equal bytes in every file but provenance.json.

    Parameters
    ----------
    scale_id : name of the scale that the parameters are on
    command : what was asked for, as it stands in provenance.json
    began, ended : UTC
    timings_s : seconds of each part
    """
    record = run_record(result, scale_id)
    write_parameter_table(folder / "parameters.csv", parameter_table(result, scale_id))
    write_text(folder / "run.json", readable_json(record))
    if result.covariance:
        write_bytes(folder / "covariance.npz", covariance_bytes(result))
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
        "ended": ended.isoformat(),
        "timings_s": {name: round(seconds, 3) for name, seconds in timings_s.items()},
    }
    write_text(folder / "provenance.json", readable_json(provenance))


def parameter_table(result: CalibrationResult, scale_id: str) -> ParameterTable:
    """Return the rows of parameters.csv: every item of the input, in its order."""
    se: dict[str, Floats] = {}
    for name, values in result.se.items():
        base, _, number = name.rpartition("_")
        if number.isdigit():
            column = se.setdefault(base, np.full((len(result.item_ids), _width(result.se, base)), np.nan))
            column[:, int(number) - 1] = values
        else:
            se[name] = values
    return ParameterTable(
        ids=result.item_ids,
        items=result.items,
        models=result.models,
        se=se,
        n=result.n,
        n_per_category=result.n_per_category,
        basis=result.basis,
        status=result.status,
        flags=result.flags,
        scale_id=(scale_id,) * len(result.item_ids),
        scaling_constant=np.full(len(result.item_ids), result.scaling_constant),
    )


def run_record(result: CalibrationResult, scale_id: str) -> dict[str, Any]:
    """Return run.json: everything that decided the result, and everything doubtful about it."""
    design = result.design
    record: dict[str, Any] = _plain(
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
            "n_persons": design.n_persons,
            "n_items": design.n_items,
            "n_responses": design.n_responses,
            "components": [list(part) for part in design.components] if len(design.components) > 1 else 1,
            "weak_links": list(design.weak_links),
            "grid": asdict(result.grid),
            "grid_check": asdict(result.grid_check) if result.grid_check else None,
            "groups": [asdict(group) for group in result.groups],
            "latent": [asdict(latent) for latent in result.latent],
            "priors": {i: prior for i, prior in zip(result.item_ids, result.priors, strict=True) if prior},
            "scaling_constant": result.scaling_constant,
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


def covariance_bytes(result: CalibrationResult) -> bytes:
    """Return the covariance blocks as an .npz: parameters_k (p, 2) item and column names, matrix_k (p, p)."""
    arrays: dict[str, Any] = {}
    for k, block in enumerate(result.covariance):
        arrays[f"parameters_{k}"] = np.array(block.parameters, dtype=np.str_).reshape(-1, 2)
        arrays[f"matrix_{k}"] = block.matrix
    packed = io.BytesIO()
    np.savez_compressed(packed, **arrays)
    return packed.getvalue()


def _width(columns: Mapping[str, Floats], base: str) -> int:
    return max(int(name.rpartition("_")[2]) for name in columns if name.rpartition("_")[0] == base)


def _plain(value: Any) -> Any:
    """Return plain JSON values; what is not a finite number is null."""
    match value:
        case dict():
            return {str(key): _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case np.ndarray():
            return _plain(value.tolist())
        case np.generic():
            return _plain(value.item())
        case float() if not math.isfinite(value):
            return None
    return value


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no name for this user id
        return "unknown"
