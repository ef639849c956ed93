"""Simulate exams with one peer, in a process of its own: python peer_simulate.py PEER PARAMETERS N OUT.

PARAMETERS is an .npz of a, b, c; OUT gets the CPU seconds of N simulees of 30 items: maximum information
with randomesque 5 (mirt: without, for it has a batch simulator only then).
"""

import json
import sys
from pathlib import Path
from time import process_time

import numpy as np

LENGTH = 30


def mirt(a, b, c, theta):
    """PyPI mirt's batch simulator in lockstep, EAP on its default nodes; it has none with randomesque."""
    import mirt as peer
    from mirt.cat import CATEngine, MaxItemsStop

    model = peer.ThreeParameterLogistic(n_items=len(a))
    model.set_parameters(discrimination=a, difficulty=b, guessing=c)
    model._is_fitted = True  # noqa: SLF001 (its engine takes fitted models only, and has no other way)
    engine = CATEngine(
        model,
        item_selection="MFI",
        stopping_rule=MaxItemsStop(LENGTH),
        max_items=LENGTH,
        seed=1,
    )
    engine.run_batch_simulation(theta[:5], n_replications=1)
    begin = process_time()
    engine.run_batch_simulation(theta, n_replications=1)
    return process_time() - begin


def catsim(a, b, c, theta):
    """catsim: numerical search, randomesque 5."""
    from catsim.estimation import NumericalSearchEstimator
    from catsim.initialization import FixedPointInitializer
    from catsim.item_bank import ItemBank
    from catsim.selection import RandomesqueSelector
    from catsim.simulation import Simulator
    from catsim.stopping import TestLengthStopper

    bank = ItemBank(np.column_stack([a, b, c, np.ones(len(a))]))
    simulator = Simulator(
        bank,
        theta,
        FixedPointInitializer(0.0),
        RandomesqueSelector(5),
        NumericalSearchEstimator(),
        TestLengthStopper(max_items=LENGTH),
        seed=1,
    )
    begin = process_time()
    simulator.simulate(verbose=False)
    return process_time() - begin


def main():
    """Write the seconds as JSON."""
    peer, parameters, n, out = sys.argv[1:]
    columns = np.load(parameters)
    theta = np.random.default_rng(3).normal(size=int(n))
    seconds = {"mirt": mirt, "catsim": catsim}[peer](columns["a"], columns["b"], columns["c"], theta)
    Path(out).write_text(json.dumps(seconds), encoding="utf-8")


if __name__ == "__main__":
    main()
