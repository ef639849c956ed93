"""The E-step by one sum a person is the E-step, to rounding."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptest.calibration.coding import code
from adaptest.calibration.e_step import expect, group_tables, workers
from adaptest.calibration.latent import log_normal
from adaptest.calibration.plan import plan, tally
from adaptest.calibration.priors import ItemPriors
from adaptest.responses import Responses

# a Hermite remainder below 1e-11 of each person's share, and a few hundred roundings of 2**-53
RELATIVE = 2e-11


def both(items, sd, nodes, seed, *, persons=6000, negative=False):
    rng = np.random.default_rng(seed)
    slope = rng.lognormal(0.0, 0.5, items)
    if negative:
        slope[::3] *= -1
    line = np.stack([slope, rng.normal(0, 1.5, items)], axis=1)
    ability = rng.normal(0.2, sd, persons)
    right = rng.random((persons, items)) < 1 / (1 + np.exp(-(ability[:, None] * line[:, 0] + line[:, 1])))
    data = Responses.of(right.astype(np.int8))
    planned = plan(data.items, tally(data), ["2pl"] * items, [ItemPriors()] * items, {})
    read = code(data, planned.fitted, planned.category, planned.sizes)
    kept = line[planned.fitted]
    theta = 0.2 + sd * nodes
    z = kept[:, :1] * theta + kept[:, 1:]
    table = np.empty((read.n_codes, len(theta)))
    table[read.wrong], table[read.right] = -np.logaddexp(0, z), -np.logaddexp(0, -z)
    weight = log_normal(nodes, 0.0, 1.0)[None]
    with workers(1) as pool:
        quick = group_tables(read, table, theta[None], weight, kept)
        whole = tuple(replace(one, line=None) for one in quick)
        return quick, expect(read, quick, pool), expect(read, whole, pool), read, kept, theta


@settings(max_examples=30)
@given(
    st.integers(16, 60), st.floats(0.3, 3.0), st.sampled_from([31, 61, 98]), st.integers(0, 99), st.booleans()
)
def test_the_log_likelihood_the_mass_and_the_sums_for_the_m_step_agree(items, sd, nodes, seed, negative):
    grid = np.linspace(-6, 6, nodes)
    quick, short, full, read, _, theta = both(items, sd, grid, seed, negative=negative)
    if quick[0].line is None:  # the table would cost more than the persons
        return
    assert abs(short.log_likelihood - full.log_likelihood) <= RELATIVE * abs(full.log_likelihood)
    assert np.abs(short.mass - full.mass).max() <= RELATIVE * full.mass.sum()
    right, by_table = full.counts[read.right], short.counts[read.right]
    assert np.abs((right - by_table).sum(axis=1)).max() <= RELATIVE * full.mass.sum()
    by_theta = (right - by_table) @ theta
    assert np.abs(by_theta).max() <= RELATIVE * full.mass.sum() * np.abs(theta).max()


def test_the_table_is_used_where_persons_are_many_and_left_where_they_are_few():
    grid = np.linspace(-6, 6, 61)
    assert both(20, 1.0, grid, 0)[0][0].line is not None
    assert both(20, 1.0, grid, 0, persons=60)[0][0].line is None
