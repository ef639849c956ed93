"""Run live sittings with one peer, in a process of its own: python peer_live.py PEER PARAMETERS OUT.

PARAMETERS is an .npz of a, b, c; OUT gets the CPU microseconds of each step: estimate after a response,
and choice of the next item, maximum information with randomesque 5.
"""

import json
import sys
from pathlib import Path
from time import thread_time

import numpy as np

LENGTH, SITTINGS = 30, 3


def steps_of_mirt(a, b, c):
    """PyPI mirt's CATEngine: EAP on 61 nodes."""
    import mirt
    from mirt.cat import CATEngine, MaxItemsStop, Randomesque

    model = mirt.ThreeParameterLogistic(n_items=len(a))
    model.set_parameters(discrimination=a, difficulty=b, guessing=c)
    model._is_fitted = True  # noqa: SLF001 (its engine takes fitted models only, and has no other way)
    rng, steps = np.random.default_rng(1), []
    for sitting in range(SITTINGS):
        engine = CATEngine(
            model,
            item_selection="MFI",
            stopping_rule=MaxItemsStop(LENGTH),
            max_items=LENGTH,
            exposure_control=Randomesque(5),
            n_quadpts=61,
            seed=sitting,
        )
        item = engine.select_next_item()
        for _ in range(LENGTH - 1):
            score = int(rng.random() < 0.6)
            begin = thread_time()
            engine.administer_item(score)
            item = engine.select_next_item()
            steps.append(thread_time() - begin)
        assert item is not None
    return steps


def steps_of_catsim(a, b, c):
    """catsim: numerical search, randomesque 5."""
    from catsim.estimation import NumericalSearchEstimator
    from catsim.item_bank import ItemBank
    from catsim.selection import RandomesqueSelector

    bank = ItemBank(np.column_stack([a, b, c, np.ones(len(a))]))
    selector, estimator = RandomesqueSelector(5), NumericalSearchEstimator()
    rng, steps = np.random.default_rng(1), []
    for _ in range(SITTINGS):
        theta, given, responses = 0.0, [], []
        for _ in range(LENGTH):
            begin = thread_time()
            if given:
                theta = estimator.estimate(
                    item_bank=bank, administered_items=given, response_vector=responses, est_theta=theta
                )
            item = selector.select(item_bank=bank, administered_items=given, est_theta=theta, rng=rng)
            steps.append(thread_time() - begin)
            given.append(int(item))
            responses.append(bool(rng.random() < 0.6))
    return steps


def main():
    """Write the steps as JSON."""
    peer, parameters, out = sys.argv[1:]
    columns = np.load(parameters)
    steps = {"mirt": steps_of_mirt, "catsim": steps_of_catsim}[peer](columns["a"], columns["b"], columns["c"])
    Path(out).write_text(json.dumps([1e6 * step for step in steps]), encoding="utf-8")


if __name__ == "__main__":
    main()
