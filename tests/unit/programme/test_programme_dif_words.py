"""What the report says of an item's DIF is a number or a reason, never a nan."""

import numpy as np

from adaptest import dif
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.programme.checks import _rows
from adaptest.programme.policy import Policy
from adaptest.responses import Responses

IDS = tuple(f"i{k}" for k in range(1, 13))


def both(volume):
    """CATSIB of all items, and the likelihood ratio of the first alone, which is harder for one group."""
    rng = np.random.default_rng(3)
    one, zero, b = np.ones(len(IDS)), np.zeros(len(IDS)), np.linspace(-1.5, 1.5, len(IDS))
    items = ItemParameters.of(LogisticItems(IDS, one, b, zero, one))
    group = np.arange(600) % 2
    harder = np.outer(group, np.array(IDS) == "i1") * 1.5
    right = rng.random((600, len(IDS))) < 1 / (1 + np.exp(b + harder - rng.normal(size=(600, 1))))
    people = Responses.of(right.astype(np.int8), IDS, group=group, groups=("A", "B"))
    first = dif.catsib(people, items, volume=volume)
    second = dif.multigroup(people, items, studied=("i1",), wald=False, volume=dif.NO_GATE)
    return _rows(first, second.likelihood_ratio, Policy().checks)


def test_an_item_that_was_tested_twice_has_its_effect_the_others_what_the_first_method_says():
    rows = {row["item"]: row for row in both(dif.NO_GATE)}
    assert rows["i1"]["flagged"]
    assert rows["i1"]["detail"] == f"B against A: expected score differs by {rows['i1']['effect']:+.3f}"
    for item in IDS[1:]:
        row = rows[item]
        assert row["detail"] == (
            f"B against A: CATSIB {row['catsib']:+.3f}, p {row['catsib_p']:.3f}; not studied"
        )
        assert not row["flagged"]


def test_too_few_people_are_the_reason_that_is_given():
    details = [row["detail"] for row in both(dif.Volume(10_000, 20_000))]
    assert not any("nan" in detail for detail in details)
    assert "10,000" in details[1] or "10000" in details[1]
