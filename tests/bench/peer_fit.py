"""Fit one response set with one peer, in a process of its own: python peer_fit.py PEER MODEL SCORES OUT."""

import json
import sys
import time
from pathlib import Path

import numpy as np

NODES = 61


def fit_mirt(scores, model):
    """PyPI mirt: slopes, difficulties or thresholds, guessing."""
    import mirt
    from mirt.estimation.priors import BetaPrior, LogNormalPrior

    priors = {"discrimination": LogNormalPrior(0.0, 0.5), "guessing": BetaPrior(5.0, 17.0)}
    wanted = {"2pl": "2PL", "3pl": "3PL", "grm": "GRM"}[model]
    begin = time.perf_counter()
    fit = mirt.fit_mirt(
        scores,
        wanted,
        n_quadpts=NODES,
        compute_standard_errors=False,
        priors=priors if model == "3pl" else None,
    )
    seconds = time.perf_counter() - begin
    found = {name: np.asarray(values, float).tolist() for name, values in fit.model.parameters.items()}
    return seconds, found, bool(fit.converged)


def fit_girth(scores, model):
    """Girth: the 2PL by marginal maximum likelihood."""
    import girth

    if model != "2pl":
        raise SystemExit(f"girth is compared under 2pl only; got {model}")
    data = scores.T.astype(np.int64)
    begin = time.perf_counter()
    fit = girth.twopl_mml(data, options={"quadrature_n": NODES})
    seconds = time.perf_counter() - begin
    found = {"discrimination": fit["Discrimination"].tolist(), "difficulty": fit["Difficulty"].tolist()}
    return seconds, found, True


def main():
    """Write seconds, parameters and what the peer said of convergence as JSON."""
    peer, model, scores, out = sys.argv[1:]
    seconds, found, converged = {"mirt": fit_mirt, "girth": fit_girth}[peer](np.load(scores), model)
    text = json.dumps({"seconds": seconds, "parameters": found, "converged": converged})
    Path(out).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
