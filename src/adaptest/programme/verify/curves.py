"""Probabilities, information, expected scores and score distributions."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import numpy as np

from adaptest.files import read_text
from adaptest.models import Family, GradedItems, LogisticItems, PartialCreditItems
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters
from adaptest.programme.verify.banks import items_of, names, single
from adaptest.programme.verify.case import Case, Context, NotComputedError, Number, number
from adaptest.scoring.expected_score import expected_score
from adaptest.scoring.summed import score_distribution
from adaptest.selection.peak import peak_of


def probability_and_information(case: Case, context: Context) -> list[Number]:
    """Return P, I and their relatives of a bank's items."""
    inputs = case.inputs
    items, theta = items_of(context, inputs), np.atleast_1d(np.array(inputs["theta"], dtype=float))
    two = isinstance(items.blocks[0], LogisticItems)
    found = []
    for key, wanted in case.expected.items():
        theirs = _numbers(wanted)
        if key == "P":
            p = items.probability(theta)
            ours = p[..., 1] if two else p
        elif key == "I":
            ours = items.information(theta)
        elif re.fullmatch(r"test_information_all\d+", key):
            ours = items_of(context, {"bank": inputs["bank"]}).information(theta).sum(axis=1)
        elif match := re.fullmatch(r"I_theta([-.\d]+)_D([.\d]+)", key):
            ours = items_of(context, inputs, float(match[2])).information(np.array([float(match[1])]))
        elif match := re.fullmatch(r"observed_I_theta([-.\d]+)_x=(\[.*\])", key):
            observed = items.observed_information(np.array([float(match[1])]))[0]
            ours = observed[np.arange(len(items)), json.loads(match[2])]
        elif match := re.fullmatch(r"J_warm_theta([-.\d]+)", key):
            ours = items.warm_numerator(np.array([float(match[1])]))
        else:
            continue
        found.append(number(key, _like(ours, theirs), theirs, case.close(key)))
    return found


def _numbers(values: object) -> Floats:
    rows = np.atleast_1d(np.array(values, dtype=object))
    return np.array([np.nan if v is None else v for v in rows.ravel()], dtype=float).reshape(rows.shape)


def _like(ours: Floats, theirs: Floats) -> Floats:
    """Return ours in the shape of theirs, where they hold as many."""
    return ours.reshape(theirs.shape) if ours.size == theirs.size else ours


def observed_information(case: Case, context: Context) -> list[Number]:
    """Return the information that each score would give."""
    items, theta = items_of(context, case.inputs), np.array([float(case.inputs["theta"])])
    observed = items.observed_information(theta)[0]
    ours = {"x0": observed[:, 0], "x1": observed[:, 1], "I": items.information(theta)[0]}
    return [
        number(key, ours[key], wanted, case.close(key))
        for key, wanted in case.expected.items()
        if key in ours
    ]


def information(case: Case, context: Context) -> list[Number]:
    """Return Fisher information of single items, or of a pool file."""
    inputs, expected = case.inputs, case.expected
    if "pool_csv" in inputs:
        kind = re.search(r"itempool_([a-z]+)_", inputs["pool_csv"])
        path = (context.root or Path()) / "data" / f"bank_testdesign_{kind[1] if kind else ''}_pool.csv"
        if context.root is None or not path.is_file():
            raise NotComputedError("its pool file is not beside the cases")
        values = pool_items(path).information(np.array(inputs["thetas"], dtype=float))
        return [_only(case, "mean_log_information", np.log(values).mean())]
    if "cases" in inputs:
        ours = [
            single("4PL", one, 1.0).information(np.array([float(one["theta"])])) for one in inputs["cases"]
        ]
        return [number("I", np.array(ours), expected["I"], case.close("I"))]
    item = single(inputs["model"], inputs["params"], inputs["D"])
    values = item.information(np.array(inputs["thetas"], dtype=float))
    return [_only(case, "log_prod_information", np.log(values).sum())]


def _only(case: Case, key: str, ours: float) -> Number:
    return number(key, ours, case.expected[key], case.close(key))


def expected_scores(case: Case, context: Context) -> list[Number]:  # noqa: ARG001 (as every kind)
    """Return the log of the product of expected scores, as the source sums them up."""
    inputs = case.inputs
    item = single(inputs["model"], inputs["params"], inputs["D"])
    return [_only(case, "log_prod_expected_score", np.log(expected_score(item, inputs["thetas"])).sum())]


def probabilities(case: Case, context: Context) -> list[Number]:  # noqa: ARG001 (as every kind)
    """Return P of single items."""
    ours = [
        single("4PL", one, 1.0).probability(np.array([float(one["theta"])]))[0, 0, 1]
        for one in case.inputs["cases"]
    ]
    return [number("P", ours, case.expected["P"], case.close("P"))]


def most_informative_theta(case: Case, context: Context) -> list[Number]:  # noqa: ARG001 (as every kind)
    """Return the theta at which each item informs most."""
    table = np.array(case.inputs["bank_inline"], dtype=float)
    items = ItemParameters.of(LogisticItems(names(len(table)), *table.T))
    return [number("theta_max", peak_of(items).theta, case.expected["theta_max"], case.close("theta_max"))]


def score_distributions(case: Case, context: Context) -> list[Number]:
    """Return the probability of each summed score: Lord and Wingersky's recursion."""
    items = items_of(context, case.inputs)
    ours = score_distribution(items, np.array([case.inputs["theta"]]))[0]
    return [number(key, ours, wanted, case.close(key)) for key, wanted in case.expected.items()]


def pool_items(path: Path) -> ItemParameters:
    """Return TestDesign's pool file: ID, MODEL, PAR1 ... with a first, except for 1PL and PC."""
    blocks: list[Family] = []
    for row in csv.DictReader(io.StringIO(read_text(path))):
        ids = (row["ID"],)
        values = [float(row[name]) for name in row if name.startswith("PAR") and row[name] not in {"", "NA"}]
        if row["MODEL"] in {"PC", "GPC", "GR"}:
            slope, steps = (1.0, values) if row["MODEL"] == "PC" else (values[0], values[1:])
            make = GradedItems if row["MODEL"] == "GR" else PartialCreditItems
            blocks.append(make(ids, np.array([slope]), np.array([steps])))
        else:
            full = (*values, *[0.0, 1.0][len(values) - 2 :]) if len(values) > 1 else (1.0, *values, 0.0, 1.0)
            a, b, c, d = (np.array([one]) for one in full)
            blocks.append(LogisticItems(ids, a, b, c, d))
    return ItemParameters.of(*blocks)
