"""Laws of linking, for every family alone and for a mixed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptest.calibration import CovarianceBlock
from adaptest.linking import METHODS, Form, link
from adaptest.linking.derivatives import parameter_slopes
from adaptest.linking.transform import parameter_values, transform, transform_covariance
from adaptest.models import (
    GradedItems,
    LogisticItems,
    NominalItems,
    PartialCreditItems,
    SequentialItems,
)
from adaptest.numerics.quadrature import NormalPrior, fixed_grid
from adaptest.parameters import ItemParameters
from adaptest.parameters.columns import BY_CATEGORY, build, columns_of

FAMILIES = {
    "logistic": LogisticItems(
        ("l1", "l2", "l3"), [0.8, 1.4, 1.1], [-1.0, 0.4, 1.2], [0.1, 0.2, 0.15], [0.97, 0.95, 0.99]
    ),
    "graded": GradedItems(("g1", "g2"), [1.2, 0.9], [[-1.0, 0.2, 1.1], [-0.4, 0.8, np.inf]]),
    "partial credit": PartialCreditItems(("p1", "p2"), [0.9, 1.3], [[0.5, -0.6, 1.0], [-1.0, 0.4, np.inf]]),
    "nominal": NominalItems(("n1", "n2"), [[0, 0.7, 1.5], [0, -0.6, 0.9]], [[0, 0.4, -0.3], [0, 0.2, 0.1]]),
    "sequential": SequentialItems(("s1", "s2"), [1.0, 1.2], [[-0.5, 0.6], [0.4, -0.7]]),
}
FORMS = {name: ItemParameters.of(block) for name, block in FAMILIES.items()}
FORMS["mixed"] = ItemParameters.of(*FAMILIES.values())
constants = {"A": st.floats(0.5, 2.0), "B": st.floats(-1.5, 1.5)}


@pytest.mark.parametrize("name", FORMS)
@given(**constants)
@settings(max_examples=2)
def test_curve_methods_find_the_constants_that_moved_the_items(name, A, B):
    items = FORMS[name]
    for method in ("stocking-lord", "haebara"):
        for symmetric in (True, False):
            found = link(Form(items), Form(transform(items, A, B)), method, symmetric=symmetric)
            assert found.converged, found.reason
            assert (found.A, found.B) == (pytest.approx(A, abs=1e-6), pytest.approx(B, abs=1e-6))


@pytest.mark.parametrize("name", ["logistic", "graded", "partial credit", "sequential"])
@given(**constants)
@settings(max_examples=5)
def test_moment_methods_find_the_constants_that_moved_the_items(name, A, B):
    items = FORMS[name]
    for method in ("mean-mean", "mean-gmean", "mean-sigma"):
        found = link(Form(items), Form(transform(items, A, B)), method)
        assert (found.A, found.B) == (pytest.approx(A), pytest.approx(B, abs=1e-9))


@pytest.mark.parametrize("name", FORMS)
@given(**constants)
@settings(max_examples=5)
def test_link_then_unlink_gives_the_items_back(name, A, B):
    items = FORMS[name]
    back = transform(transform(items, A, B), 1 / A, -B / A)
    for column, values in columns_of(items).items():
        assert columns_of(back)[column] == pytest.approx(values, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("name", FORMS)
def test_a_moved_item_has_its_old_curve_at_the_moved_theta(name):
    theta = np.linspace(-3, 3, 13)
    moved = transform(FORMS[name], 1.7, -0.4)
    assert moved.probability(1.7 * theta - 0.4) == pytest.approx(FORMS[name].probability(theta), abs=1e-13)


def test_symmetric_links_are_each_others_inverse():
    one, two = form_with_noise(1), form_with_noise(2)
    for method in ("stocking-lord", "haebara", "mean-sigma", "mean-gmean"):
        there, back = link(one, two, method), link(two, one, method)
        assert there.A * back.A == pytest.approx(1, abs=1e-8)
        assert there.B == pytest.approx(-back.B / back.A, abs=1e-8)


SMALL = FORMS["mixed"].take(np.array([0, 1, 3, 5, 7, 9]))
FEW_NODES = fixed_grid(-4, 4, 15, NormalPrior())


def form_with_noise(seed, items=SMALL):
    """The form with estimation error, and a covariance of full rank."""
    rng = np.random.default_rng(seed)
    keys = [key for key, value in parameter_values(items).items() if key[1] != "upper_asymptote"]
    root = rng.normal(0, 0.05, (len(keys), len(keys)))
    return Form(
        perturbed(items, dict(zip(keys, rng.normal(0, 0.03, len(keys)), strict=True))),
        (CovarianceBlock(tuple(keys), root @ root.T / len(keys)),),
    )


def perturbed(items, change):
    """The items with each named parameter moved by so much."""
    columns = {name: values.copy() for name, values in columns_of(items).items()}
    for (item, name), by in change.items():
        stem, _, number = name.rpartition("_")
        if number.isdecimal() and stem in BY_CATEGORY:
            columns[stem][items.row[item], int(number) - 1] += by
        else:
            columns[name][items.row[item]] += by
    return build(items.ids, items.models, columns)


@pytest.mark.parametrize("name", FORMS)
def test_slopes_in_the_parameters_are_those_of_finite_differences(name):
    items, theta, h = FORMS[name], np.linspace(-2, 2, 5), 1e-6
    seen = set()
    for part in parameter_slopes(items, theta):
        for place, row in enumerate(part.rows):
            key = items.ids[row], part.name
            if key not in parameter_values(items):
                assert np.abs(part.value[:, place]).max() == 0
                continue
            seen.add(key)
            up, down = (perturbed(items, {key: by}).probability(theta)[:, row] for by in (h, -h))
            assert part.value[:, place] == pytest.approx((up - down) / (2 * h), abs=1e-8)
    assert seen == set(parameter_values(items))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("symmetric", [True, False])
def test_the_constants_move_with_each_parameter_as_the_delta_method_says(method, symmetric):
    one, two, h = form_with_noise(3), form_with_noise(4), 1e-5
    found = link(one, two, method, symmetric=symmetric, grid=FEW_NODES)
    near = {"symmetric": symmetric, "grid": FEW_NODES, "start": (found.A, found.B)}
    for mine, sensitivity in ((True, found.from_sensitivity), (False, found.to_sensitivity)):
        for key in (one if mine else two).covariance[0].parameters[::7]:
            ends = []
            for by in (h, -h):
                moved = Form(perturbed((one if mine else two).items, {key: by}))
                pair = (moved, two) if mine else (one, moved)
                ends.append(link(*pair, method, **near))
            change = np.array([ends[0].A - ends[1].A, ends[0].B - ends[1].B]) / (2 * h)
            assert sensitivity.of.get(key, np.zeros(2)) == pytest.approx(change, abs=2e-5), key


def test_the_covariance_of_what_is_moved_is_that_of_finite_differences():
    few, h = SMALL.take(np.array([0, 2, 4])), 1e-5
    one, two = form_with_noise(5, few), form_with_noise(6, few)
    found = link(one, two, grid=FEW_NODES)
    keys = one.covariance[0].parameters
    jacobian = []
    for form in (one, two):
        columns = []
        for key in form.covariance[0].parameters:
            ends = []
            for by in (h, -h):
                moved = Form(perturbed(form.items, {key: by}))
                pair = (moved, two) if form is one else (one, moved)
                constants = link(*pair, grid=FEW_NODES, start=(found.A, found.B))
                values = parameter_values(transform(pair[0].items, constants.A, constants.B))
                ends.append(np.array([values[k] for k in keys]))
            columns.append((ends[0] - ends[1]) / (2 * h))
        jacobian.append(np.array(columns).T)
    want = sum(j @ f.covariance[0].matrix @ j.T for j, f in zip(jacobian, (one, two), strict=True))
    got = transform_covariance(one, found, two)[0].matrix
    assert got == pytest.approx(want, abs=2e-6)
