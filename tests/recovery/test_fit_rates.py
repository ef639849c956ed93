"""The model holds: fit statistics reject as often as they say, and are as large as they say on average.

Tolerances are four Monte-Carlo standard errors over replications; what is conservative by construction is
only held to be no more than nominal.
"""

import numpy as np
import pytest

from adaptest import fit
from adaptest.calibration import calibrate
from adaptest.calibration.population import population
from adaptest.fit.person_fit import person_fit
from adaptest.fit.similarity import similarity
from adaptest.fit.theta_groups import pv_q1, rmsd
from adaptest.models import GradedItems, LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses
from adaptest.responses.core import core_of
from adaptest.scoring import score
from adaptest.scoring.matched import matched

pytestmark = pytest.mark.slow

ERRORS = 4
N = 1000


def two_pl(rng, items):
    ids = tuple(f"i{j}" for j in range(items))
    slopes, difficulties = rng.lognormal(0, 0.3, items), rng.normal(0, 1, items)
    return LogisticItems(ids, slopes, difficulties, np.zeros(items), np.ones(items))


def graded(rng, items):
    ids = tuple(f"i{j}" for j in range(items))
    b = rng.normal(0, 0.5, items)[:, None] + np.array([-1.2, 0.0, 1.2])
    return GradedItems(ids, rng.lognormal(0.2, 0.25, items), b)


def answers(family, theta, rng):
    below = family.probability(theta).cumsum(axis=2)[:, :, :-1]
    cells = (rng.random((len(theta), len(family.ids), 1)) > below).sum(axis=2)
    return Responses.of(cells.astype(np.int8), family.ids)


@pytest.fixture(scope="module", params=["2pl", "grm"])
def replications(request):
    made = []
    for replication in range(20):
        rng = np.random.default_rng([11, replication])
        family = two_pl(rng, 12) if request.param == "2pl" else graded(rng, 8)
        responses = answers(family, rng.normal(size=N), rng)
        items = calibrate(responses, request.param, prior_discrimination="none", se="none").items
        data = matched(items, responses)
        people, core = population(data), core_of(responses)
        chi = fit.s_x2(data, people, core)
        whole = fit.model_fit(data, people, core)
        pairs = fit.pairs(fit.residuals(data, people.eap), people, core)
        made.append((chi, pv_q1(data, people, draws=5), whole, pairs, rmsd(data, people)))
    return request.param, made


def nominal(shares, rate=0.05):
    shares = np.array(shares)
    error = ERRORS * shares.std(ddof=1) / np.sqrt(len(shares))
    assert abs(shares.mean() - rate) <= error, (shares.mean(), error)


def test_s_x2_rejects_as_often_as_it_says(replications):
    nominal([np.nanmean(one[0].p < 0.05) for one in replications[1]])


def test_m2_and_c2_reject_as_often_as_they_say(replications):
    p = np.array([one[2].p for one in replications[1]])
    assert abs(p.mean() - 0.5) <= ERRORS / np.sqrt(12 * len(p))
    ratio = np.array([one[2].statistic / one[2].df for one in replications[1]])
    assert abs(ratio.mean() - 1) <= ERRORS * ratio.std(ddof=1) / np.sqrt(len(ratio))


def test_pv_q1_and_the_pairwise_tables_reject_no_more_often_than_they_say(replications):
    for shares in (
        [np.nanmean(one[1].p < 0.05) for one in replications[1]],
        [np.nanmean(one[3].ld_p < 0.05) for one in replications[1]],
    ):
        error = ERRORS * np.std(shares, ddof=1) / np.sqrt(len(shares))
        assert np.mean(shares) <= 0.05 + error
    assert not any(one[3].flagged.any() for one in replications[1])


def test_rmsd_of_items_that_fit_is_below_the_bound_that_flags(replications):
    assert np.mean([(one[4] >= 0.05).mean() for one in replications[1]]) <= 0.02


@pytest.mark.parametrize("method", ["wle", "mle", "map"])
def test_the_corrected_lz_is_standard_normal_where_the_plain_one_is_not(method):
    rng = np.random.default_rng(13)
    family = two_pl(rng, 60)
    responses = answers(family, rng.normal(size=3000), rng)
    items = ItemParameters.of(family)
    found = person_fit(matched(items, responses), score(items, responses, method))
    star = found.lz_star[np.isfinite(found.lz_star)]
    assert abs(star.mean()) < 0.1
    assert star.std() == pytest.approx(1, abs=0.06)
    assert np.nanstd(found.lz) < 0.9
    assert abs(found.flagged.mean() - 0.05) < 0.02


def test_simulated_critical_values_of_adaptive_sittings_hold_their_level():
    rng = np.random.default_rng(17)
    family = two_pl(rng, 80)
    theta = rng.normal(size=1500)
    cells = answers(family, theta, rng).dense().copy()
    near = np.argsort(np.abs(family.b - theta[:, None] + rng.normal(0, 0.5, cells.shape)), axis=1)
    for n, far in enumerate(near[:, 15:]):
        cells[n, far] = -1
    responses = Responses.of(cells, family.ids)
    items = ItemParameters.of(family)
    found = person_fit(matched(items, responses), score(items, responses, "wle"), simulate=True)
    assert found.method.startswith("simulated")
    assert abs(found.flagged.mean() - 0.05) <= ERRORS * np.sqrt(0.05 * 0.95 * (1 / 1500 + 1 / 5000))


def test_the_similarity_of_strangers_is_not_an_accusation_and_that_of_a_copy_is():
    rng = np.random.default_rng(19)
    family = two_pl(rng, 50)
    cells = answers(family, rng.normal(size=300), rng).dense().copy()
    items = ItemParameters.of(family)
    alone = Responses.of(cells.copy(), family.ids)
    assert not similarity(matched(items, alone), score(items, alone, "wle").theta).flagged.any()
    cells[1] = cells[0]
    cells[1, :3] = 1 - cells[1, :3]
    copied = Responses.of(cells, family.ids)
    found = similarity(matched(items, copied), score(items, copied, "wle").theta)
    assert (found.first[0], found.second[0], int(found.matches[0])) == (0, 1, 47)
