"""Cases that are built in: facts typed from publications and from programs that anybody can run."""

from __future__ import annotations

from typing import Any

from adaptest.programme.verify.facts import curves, fit, linking, lsat6, lsat7, theta

# rows as their sources print them: a, b, c, d; GRM a, b1, ...; PCM steps; NRM slope and intercept by category
BANKS: dict[str, dict[str, Any]] = {
    "jscat3": {
        "model": "4PL",
        "D": 1.0,
        "params": [[2.225, -1.885, 0.21, 1], [1.174, -2.411, 0.212, 1], [2.104, -2.439, 0.192, 1]],
    },
    "jscat7": {
        "model": "4PL",
        "D": 1.0,
        "params": [
            [1, -0.447, 0.5, 1],
            [1, 2.869, 0.5, 1],
            [1, -0.469, 0.5, 1],
            [1, -0.576, 0.5, 1],
            [1, -1.43, 0.5, 1],
            [1, -1.607, 0.5, 1],
            [1, 0.529, 0.5, 1],
        ],
    },
    "jscat2easy": {"model": "4PL", "D": 1.0, "params": [[1, -4, 0.5, 1], [1, -3, 0.5, 1], [1, -2.5, 0.2, 1]]},
    "adaptivetesting3": {
        "model": "4PL",
        "D": 1.0,
        "params": [[1.32, -0.63, 0.17, 0.87], [1.07, 0.18, 0.1, 0.93], [0.84, -0.84, 0.19, 1]],
    },
    "fourpl3": {
        "model": "4PL",
        "D": 1.0,
        "params": [[1.2, 0.3, 0.15, 0.95], [0.8, -1, 0.05, 0.98], [2, 1.5, 0.25, 0.9]],
    },
    "grm4": {
        "model": "GRM",
        "D": 1.0,
        "params": [[1.2, -1, 0, 1], [0.9, -0.5, 0.7, 1.6], [2.1, -1.8, -0.4, 0.9], [1.5, -0.2, 0.3, None]],
    },
    "pcm3": {"model": "PCM", "D": 1.0, "params": [[-1, 0, 1], [-0.8, 0.2, 0.5], [0.4, -0.3, 1.2]]},
    "nrm2": {"model": "NRM", "params": [[0.9, 0.2, 1.6, -0.3], [-0.4, 0.5, 0.8, 0.1]]},
}

CASES = (*curves.CASES, *theta.CASES, *lsat6.CASES, *lsat7.CASES, *fit.CASES, *linking.CASES)
