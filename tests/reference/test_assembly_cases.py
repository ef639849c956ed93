"""Optima of published pools under their published constraints, proven elsewhere; see ../shared/reference."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import adaptest as at
from adaptest.constraints.assembly import information_at
from adaptest.constraints.parallel import parallel
from adaptest.constraints.rows import Table, matrix
from adaptest.constraints.sheet import read_sheet
from adaptest.errors import InfeasibleError
from adaptest.models import GradedItems, LogisticItems, PartialCreditItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool

SHARED = Path(__file__).resolve().parents[3] / "shared"
CASES = SHARED / "reference" / "cat_cases.json"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="../shared/reference is absent")


def cases(kind):
    found = json.loads(CASES.read_text(encoding="utf-8"))["cases"] if CASES.exists() else []
    return [case for case in found if case["kind"] == kind]


def rows_of(name):
    with (SHARED / "data" / f"bank_testdesign_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(rows, key, missing="inf"):
    return np.array([float(row.get(key) or missing) for row in rows])


def value(text):
    try:
        return float(text) if text else None
    except ValueError:
        return text


def pool_of(name):
    rows, attributes = rows_of(f"{name}_pool"), rows_of(f"{name}_attrib")
    blocks = []
    for model in ("3PL", "GPC", "GR"):
        mine = [row for row in rows if row["MODEL"] == model]
        ids = tuple(row["ID"] for row in mine)
        if not mine:
            continue
        a = numbers(mine, "PAR1")
        if model == "3PL":
            blocks.append(
                LogisticItems(ids, a, numbers(mine, "PAR2"), numbers(mine, "PAR3"), np.ones(len(ids)))
            )
            continue
        steps = np.column_stack([numbers(mine, f"PAR{k}") for k in range(2, 6)])
        steps = steps[:, np.isfinite(steps).any(axis=0)]
        blocks.append((PartialCreditItems if model == "GPC" else GradedItems)(ids, a, steps))
    items = ItemParameters.of(*blocks)
    items = items.take(np.array([items.row[row["ID"]] for row in rows]))
    columns = {key: tuple(value(row[key]) for row in attributes) for key in attributes[0] if key != "ID"}
    return Pool(items, columns)


def constraints_of(name):
    path = SHARED / "data" / f"bank_testdesign_{name}_constraints.csv"
    return read_sheet(path.read_text(encoding="utf-8"), path.name)


@pytest.mark.parametrize("case", cases("mip_optimum"), ids=lambda case: case["id"])
def test_the_optimum_of_a_public_pool_is_the_proven_one(case):
    name = "science" if "science" in case["id"] else "fatigue"
    pool = pool_of(name)
    form = at.assemble(pool, constraints_of(name), theta=0.0)
    expected = case["expected"]
    assert form.objective == pytest.approx(expected["objective"], rel=1e-9)
    assert form.bound == form.objective
    assert form.status == "optimal"
    assert len(form.items) == expected["n_items"]
    assert sorted(form.items) == sorted(expected["item_ids"])


def test_items_of_a_form_stand_in_the_order_that_the_table_asks_for():
    pool = pool_of("science")
    form = at.assemble(pool, constraints_of("science"))
    levels = [pool.attributes["LEVEL"][pool.row[item]] for item in form.items]
    assert levels == sorted(levels)
    assert set(levels) == {3.0, 4.0, 5.0}


@pytest.mark.slow
def test_forms_that_may_share_items_follow_one_curve_that_all_can_reach():
    pool, theta = pool_of("science"), np.array([-1.0, 0.0, 1.0])
    table = Table.of(pool, constraints_of("science"))
    rows = matrix(pool, table)
    with pytest.raises(InfeasibleError):  # the pool does not hold even two that are apart
        parallel(pool, table, rows, 2, theta)
    forms, _ = parallel(pool, table, rows, 2, theta, overlap=5)
    every = {pool.ids[row] for row in np.flatnonzero(rows.low[: len(pool)] > 0)}
    first, second = (set(form.items) for form in forms)
    assert len((first & second) - every) <= 5
    curves = np.array([information_at(pool, form.items, theta) for form in forms])
    assert np.abs(curves - curves.mean(axis=0)).max() < 0.02 * curves.mean()
