"""Numbers from other programs about probability, information and expected score, by kind of case.

A key of `expected` that is not understood fails: no case passes by being skipped.
"""

import csv
import json
import re

import numpy as np
import pytest

from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems
from adaptest.parameters import ItemParameters

MODELS = {"1PL": "2pl", "2PL": "2pl", "3PL": "3pl", "4PL": "4pl", "PC": "pcm", "GPC": "gpcm", "GR": "grm"}


@pytest.fixture(scope="module")
def reference(shared):
    return json.loads((shared / "reference" / "cat_cases.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def cases_of(reference):
    def of(kind):
        cases = [case for case in reference["cases"] if case["kind"] == kind]
        assert cases, f"no case of kind {kind}"
        return cases

    return of


def padded(rows, pad):
    width = max(map(len, rows))
    values = [[pad if value is None else value for value in row] + [pad] * (width - len(row)) for row in rows]
    return np.array(values, dtype=float)


def names(count):
    return tuple(f"i{k}" for k in range(count))


def logistic(rows, d=1.0):
    """Items from rows of a, b and, where they are given, c and upper asymptote."""
    full = np.array([[*row, *[0.0, 1.0][len(row) - 2 :]] for row in rows], dtype=float)
    return LogisticItems(names(len(full)), full[:, 0] * d, *full[:, 1:].T)


def family(model, rows, d=1.0):
    if model.upper() == "GRM":
        table = padded(rows, np.inf)
        return GradedItems(names(len(table)), table[:, 0] * d, table[:, 1:])
    if model.upper() == "PCM":
        return PartialCreditItems(names(len(rows)), np.full(len(rows), d), padded(rows, np.inf))
    if model.upper() == "NRM":
        table = padded([[0.0, 0.0, *row] for row in rows], np.nan)
        return NominalItems(names(len(table)), table[:, ::2], table[:, 1::2])
    return logistic(rows, d)


def single(model, params, d):
    """One item from a case's named parameters."""
    a = [params.get("a", 1.0) * d]
    if model in ("PC", "GPC"):
        return PartialCreditItems(("i1",), a, [params["deltas"]], (MODELS[model],))
    if model == "GR":
        return GradedItems(("i1",), a, [params["b"]])
    return LogisticItems(("i1",), a, [params["b"]], [params.get("c", 0)], [params.get("d", 1)])


def items_of(reference, inputs, d=None):
    bank = reference["banks"][inputs["bank"]]
    rows = inputs.get("items_0based", range(len(bank["params"])))
    d = bank.get("D", 1.0) if d is None else d
    return family(bank["model"], [bank["params"][row] for row in rows], d)


def tolerance(case, key):
    given = case["tolerance"]
    return given[key] if key in given else given["all"]


def check(case, key, got, wanted):
    wanted = np.atleast_1d(wanted).tolist()
    wanted = np.array([[np.nan if v is None else v for v in w] if isinstance(w, list) else w for w in wanted])
    if wanted.shape != got.shape:
        got = got.reshape(wanted.shape)
    there = ~np.isnan(wanted)
    np.testing.assert_allclose(
        got[there], wanted[there], rtol=0, atol=tolerance(case, key), err_msg=f"{case['id']} {key}"
    )


def test_probability_and_information(reference, cases_of):
    for case in cases_of("prob_info"):
        inputs = case["inputs"]
        items, theta = items_of(reference, inputs), np.atleast_1d(np.array(inputs["theta"], dtype=float))
        dichotomous = isinstance(items, LogisticItems)
        for key, wanted in case["expected"].items():
            mixed = ItemParameters.of(items)
            if key == "P":
                p = mixed.probability(theta)
                check(case, key, p[..., 1] if dichotomous else p, wanted)
            elif key == "I":
                check(case, key, mixed.information(theta), wanted)
            elif re.fullmatch(r"test_information_all\d+", key):
                whole = items_of(reference, {"bank": inputs["bank"]})
                assert key == f"test_information_all{len(whole.ids)}"
                check(case, key, whole.information(theta).sum(axis=1), [wanted])
            elif match := re.fullmatch(r"I_theta([-.\d]+)_D([.\d]+)", key):
                other = items_of(reference, inputs, d=float(match[2]))
                check(case, key, other.information(np.array([float(match[1])])), wanted)
            elif match := re.fullmatch(r"observed_I_theta([-.\d]+)_x=(\[.*\])", key):
                observed = mixed.observed_information(np.array([float(match[1])]))[0]
                check(case, key, observed[np.arange(len(items.ids)), json.loads(match[2])], wanted)
            else:
                match = re.fullmatch(r"J_warm_theta([-.\d]+)", key)
                assert match, f"{case['id']}: unknown {key}"
                check(case, key, mixed.warm_numerator(np.array([float(match[1])])), wanted)


def test_observed_information(reference, cases_of):
    for case in cases_of("observed_info"):
        items = ItemParameters.of(items_of(reference, case["inputs"]))
        theta = np.array([float(case["inputs"]["theta"])])
        observed = items.observed_information(theta)[0]
        for key, wanted in case["expected"].items():
            got = {"x0": observed[:, 0], "x1": observed[:, 1], "I": items.information(theta)[0]}
            check(case, key, got[key], wanted)


def pool(path):
    """TestDesign's pool files: ID, MODEL, PAR1 ... with a first, except for 1PL and PC."""
    blocks = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            values = [
                float(row[name]) for name in row if name.startswith("PAR") and row[name] not in ("", "NA")
            ]
            if row["MODEL"] in ("PC", "GPC", "GR"):
                a, b = (1.0, values) if row["MODEL"] == "PC" else (values[0], values[1:])
                make = GradedItems if row["MODEL"] == "GR" else PartialCreditItems
                blocks.append(make((row["ID"],), [a], [b]))
            else:
                a, b, c, d = (
                    (*values, *[0.0, 1.0][len(values) - 2 :]) if len(values) > 1 else (1, *values, 0, 1)
                )
                blocks.append(LogisticItems((row["ID"],), [a], [b], [c], [d]))
    return ItemParameters.of(*blocks)


def test_information(shared, cases_of):
    for case in cases_of("info"):
        inputs, expected = case["inputs"], case["expected"]
        if "pool_csv" in inputs:
            kind = re.search(r"itempool_([a-z]+)_", inputs["pool_csv"])[1]
            items = pool(shared / "data" / f"bank_testdesign_{kind}_pool.csv")
            information = items.information(np.array(inputs["thetas"], dtype=float))
            check(case, "mean_log_information", np.log(information).mean(), expected["mean_log_information"])
        elif "cases" in inputs:
            got = [
                single("4PL", one, 1.0).information(np.array([float(one["theta"])]))
                for one in inputs["cases"]
            ]
            check(case, "I", np.array(got), expected["I"])
        else:
            information = single(inputs["model"], inputs["params"], inputs["D"]).information(
                np.array(inputs["thetas"], dtype=float)
            )
            check(case, "log_prod_information", np.log(information).sum(), expected["log_prod_information"])


def test_expected_score(cases_of):
    for case in cases_of("expected_score"):
        inputs = case["inputs"]
        items = ItemParameters.of(single(inputs["model"], inputs["params"], inputs["D"]))
        scores = items.expected_score(np.array(inputs["thetas"], dtype=float))
        key = "log_prod_expected_score"
        check(case, key, np.log(scores).sum(), case["expected"][key])


def test_probability(cases_of):
    for case in cases_of("prob"):
        got = [
            single("4PL", one, 1.0).probability(np.array([float(one["theta"])]))[0, 0, 1]
            for one in case["inputs"]["cases"]
        ]
        check(case, "P", np.array(got), case["expected"]["P"])


def test_theta_of_maximum_information(cases_of):
    for case in cases_of("theta_max_info"):
        got = logistic(case["inputs"]["bank_inline"]).maximum_information_theta()
        check(case, "theta_max", got, case["expected"]["theta_max"])
