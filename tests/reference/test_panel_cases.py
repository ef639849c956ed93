"""Routing and content balancing as mstR and catR do them; see ../shared/reference."""

import json

import numpy as np
import pytest

from adaptest.constraints.content import Asked
from adaptest.constraints.light import Targets, gap_first
from adaptest.constraints.panel import Panel
from adaptest.engine.selecting import CRITERIA
from adaptest.models import LogisticItems
from adaptest.numerics.quadrature import NormalPrior, fixed_grid
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.selection import Setting, Situation

ROUTING = {  # word of the case -> our criterion, and how its weight is scaled: as the source integrates it
    "MFI": ("information", None),
    "MLWMI": ("likelihood_weighted_information", "likelihood"),
    "MPWMI": ("posterior_weighted_information", "posterior"),
    "MKL": ("likelihood_weighted_kullback_leibler", "likelihood"),
    "MKLP": ("posterior_weighted_kullback_leibler", "posterior"),
}


@pytest.fixture(scope="module")
def reference(shared):
    return json.loads((shared / "reference" / "cat_cases.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def bank(reference):
    a, b, c, d = np.array(reference["banks"]["tcals"]["params"]).T
    return ItemParameters.of(LogisticItems(tuple(f"i{k}" for k in range(len(a))), a, b, c, d))


def of_kind(reference, **wanted):
    return [case for case in reference["cases"] if all(case[k] == v for k, v in wanted.items())]


def test_routing_chooses_the_modules_that_mstr_chose_with_its_values(reference, bank):
    (case,) = of_kind(reference, kind="mst_routing")
    asked, expected = case["inputs"], case["expected"]
    modules = [np.array(items) - 1 for items in asked["module_items_1based"]]
    panel = Panel(
        Pool(bank), (("1",), ("2", "3", "4")), ((modules[0],), tuple(modules[1:])), len(modules[0]) * 2
    )
    grid = fixed_grid(-4, 4, 33, NormalPrior(), trapezoid=True)
    rows, scores = modules[0][None], np.array([asked["routing_responses"]])
    log_p = bank.log_probability(grid.theta)
    likelihood = sum(log_p[:, r, s] for r, s in zip(rows[0], scores[0], strict=True))
    carried = (grid.log_weight + likelihood)[None]
    setting = Setting(bank, grid.theta, grid.log_weight, 1, None)
    theta, seed = np.array([asked["theta_EAP"]]), np.zeros(1, dtype=np.uint64)
    step = np.full(33, 0.25)
    step[[0, -1]] /= 2
    density = np.exp(NormalPrior().log_density(grid.theta))
    scale = {
        "likelihood": (step * np.exp(likelihood)).sum(),
        "posterior": (step * density * np.exp(likelihood)).sum(),
    }
    for word, (name, weight) in ROUTING.items():

        def values(eligible, name=name):
            now = Situation(setting, seed, theta, np.ones(1), rows, scores, eligible, lambda: carried)
            return CRITERIA[name]()(now)

        available = np.ones((1, len(bank)), dtype=bool)
        available[0, rows[0]] = False
        answer = panel(Asked(seed, available, rows, theta, None, values))
        chosen = [
            k for k, module in enumerate(modules, start=1) if answer.plan.test[0, module].all() and k > 1
        ]
        assert chosen == [expected["module_chosen"][word]], word
        worth = answer.reports[0].objective * (1.0 if weight is None else scale[weight])
        # our criteria have nine decimals, six of them to a module
        assert worth == pytest.approx(expected["criterion_value"][word], abs=case["tolerance"]["all"]), word
    information = panel.worth(1, bank.information(theta)[0])
    assert information.tolist() == pytest.approx(expected["module_information_at_theta"], abs=1e-6)


def test_areas_are_balanced_as_catr_balances_them(reference, bank):
    (case,) = [c for c in of_kind(reference, kind="next_item") if "Kingsbury" in c["inputs"]["criterion"]]
    asked, expected = case["inputs"], case["expected"]
    group = np.array(reference["banks"]["tcals"]["content_group"])
    names, given = asked["group_order"], asked["administered_0based"]
    share = np.array(asked["target_props"], dtype=float)
    targets = Targets(
        tuple(names),
        np.array([group == name for name in names], dtype=float),
        share,
        share,
        np.ones(len(names)),
    )
    have = targets.amount[:, given].sum(axis=1)
    assert (have / len(given)).tolist() == expected["prior_props"]
    eligible = np.ones(len(bank), dtype=bool)
    eligible[given] = False
    value = bank.information(np.array([float(asked["theta"])]))[0]
    weighed = gap_first(targets, have, value, eligible, eligible, len(given))
    best = int(np.argmax(np.where(eligible, weighed, -np.inf)))
    assert (best, group[best]) == (expected["item_0based"], expected["group"])
    after = (have + targets.amount[:, best]) / (len(given) + 1)
    assert after.tolist() == pytest.approx(expected["post_props"])
