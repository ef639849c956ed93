"""Tuning: fresh simulees keep the rate, everywhere it is asked for, or it is said why none do."""

from dataclasses import replace

import numpy as np
import pytest

from adaptest.engine.spec import build, exam_from_values
from adaptest.errors import OptionError
from adaptest.exposure import Bands, Controls, Eligibility, Lottery
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.simulation.tune_exposure import ERRORS, JUDGED, tune

RATE = 0.25


def design_of(j, length):
    rng = np.random.default_rng(8)
    items = LogisticItems(
        tuple(f"i{k}" for k in range(j)),
        rng.lognormal(0, 0.3, j),
        rng.normal(0, 1, j),
        np.zeros(j),
        np.ones(j),
    )
    values = {"id": "t", "title": "T", "length": {"minimum": length, "maximum": length}}
    return build(exam_from_values(values), Pool(ItemParameters.of(items), {}))


def finished(design, rule, bands):
    def made(table):
        if rule == "sympson_hetter":
            return replace(design, controls=Controls(lottery=Lottery(bands, table)))
        return replace(design, controls=Controls(eligibility=Eligibility(RATE, bands.edges), tuned=table))

    return made


def kept(tuning, rate):
    """The rule of the issue, computed here anew."""
    fresh = tuning.fresh
    assert fresh.n[0] >= 20_000
    assert fresh.n[0] == fresh.n[1:].sum()
    for n, largest in zip(fresh.n, fresh.rate.max(axis=1), strict=True):
        if n >= JUDGED:
            assert largest <= rate + ERRORS * np.sqrt(rate * (1 - rate) / n)
    assert fresh.rate[0] == pytest.approx(fresh.n[1:] @ fresh.rate[1:] / fresh.n[0], abs=1e-12)


@pytest.mark.parametrize(
    ("rule", "edges"),
    [
        ("sympson_hetter", ()),
        pytest.param("sympson_hetter", (-0.7, 0.7), marks=pytest.mark.slow),
        pytest.param("eligibility", (), marks=pytest.mark.slow),
        pytest.param("eligibility", (-0.7, 0.7), marks=pytest.mark.slow),
    ],
)
def test_fresh_simulees_keep_the_rate_in_all_and_in_each_band(rule, edges):
    design, bands = design_of(60, 6), Bands(edges)
    seen = []
    tuning = tune(
        design,
        rule,
        RATE,
        bands,
        simulees=4000,
        seed=3,
        finished=finished(design, rule, bands),
        each=lambda number, one: seen.append((number, one.simulees)),
    )
    assert tuning.converged
    assert tuning.reason == ""
    assert tuning.rounds[0].largest[0] > 2 * RATE
    assert [number for number, _ in seen] == list(range(1, len(tuning.rounds) + 1))
    assert ((tuning.table > 0) & (tuning.table <= 1)).all()
    kept(tuning, RATE)


def test_a_rate_that_no_probabilities_can_keep_is_said_to_be_one():
    design = design_of(20, 8)
    bands = Bands()
    tuning = tune(
        design,
        "sympson_hetter",
        RATE,
        bands,
        simulees=JUDGED,
        seed=3,
        finished=finished(design, "sympson_hetter", bands),
    )
    assert not tuning.converged
    assert tuning.reason == "8.0 items a sitting of 20 need a rate of at least 0.400"


def test_too_few_simulees_are_refused():
    design = design_of(20, 4)
    with pytest.raises(OptionError) as caught:
        tune(design, "eligibility", RATE, Bands(), simulees=10, seed=1, finished=lambda _: design)
    assert str(caught.value) == "simulees: must be at least 500; got 10"
