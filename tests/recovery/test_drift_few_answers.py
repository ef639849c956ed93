"""The score test of rarely given items: standard normal where nothing moved, and it sees half a logit."""

import numpy as np
import pytest

from adaptest.calibration import calibrate
from adaptest.drift import score_shift
from adaptest.linking import Form
from adaptest.models import LogisticItems
from adaptest.numerics.quadrature import NormalPrior
from adaptest.parameters import ItemParameters
from adaptest.responses import Responses

REPLICATIONS, J, RARE = 40, 24, 8
IDS = tuple(f"i{k:02d}" for k in range(J))
PEOPLE = NormalPrior(0.3, 1.1)


def items(shift=0.0):
    b = np.linspace(-1.5, 1.5, J)[np.argsort(np.sin(np.arange(J) * 2.0))]
    b[:RARE] += shift
    return ItemParameters.of(LogisticItems(IDS, np.linspace(0.8, 1.7, J), b, np.zeros(J), np.ones(J)))


def drawn(truth, n, people, rng, share=1.0):
    p = truth.probability(rng.normal(people.mean, people.sd, n))[..., 1]
    scores = (rng.uniform(size=p.shape) < p).astype(np.int8)
    scores[:, :RARE][rng.uniform(size=(n, RARE)) > share] = -1
    return Responses.of(scores, truth.ids)


@pytest.mark.slow
def test_shifts_of_rarely_given_items_are_standard_normal_and_half_a_logit_is_seen():
    rng = np.random.default_rng(8)
    z, seen = [], []
    for _ in range(REPLICATIONS):
        fit = calibrate(
            drawn(items(), 1_500, NormalPrior(), rng), "2pl", prior_discrimination="none", threads=1
        )
        base = Form.of_result(fit)
        for shift, kept in ((0.0, z), (0.5, seen)):
            now = drawn(items(shift), 800, PEOPLE, rng, share=0.25)
            found = score_shift(base, now, IDS[:RARE], {now.groups[0]: (PEOPLE, 0.0)}, moved=IDS[:RARE])
            assert (found.n < 400).all()
            kept.append(found.z_b)
    z, seen = np.array(z), np.array(seen)

    def error(values):
        return values.std(ddof=1) / np.sqrt(len(values))

    # a replication's items share the base's scale, so that one number a replication is independent
    assert (z**2).mean() == pytest.approx(1, abs=4 * error((z**2).mean(axis=1)))
    beyond = (np.abs(z) > 2.58).mean(axis=1)
    assert beyond.mean() <= 0.01 + 4 * error(beyond)
    assert abs(z.mean()) <= 4 * error(z.mean(axis=1))
    assert (seen > 2.58).mean() > 0.5  # standard error about .2: z 2.5 at the middle items, 200 answers
