"""Linking constants with their errors, and equated scores."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adaptest.calibration import CovarianceBlock
from adaptest.files import read_text
from adaptest.linking import Form, link
from adaptest.linking.equating import true_score_equating
from adaptest.models import LogisticItems
from adaptest.models.base import Floats
from adaptest.numerics.quadrature import Grid, weighted_grid
from adaptest.parameters import ItemParameters
from adaptest.programme.verify.case import Case, Context, NotComputedError, Number, number

D = 1.7  # of Kolen & Brennan's tables
EVERY_THIRD = range(2, 36, 3)  # their common items
WORDS = {
    "mm": "mean-mean", "ms": "mean-sigma", "stocklord": "stocking-lord", "mean_mean": "mean-mean",
    "mean_sigma": "mean-sigma", "stocking_lord": "stocking-lord",
}  # fmt: skip


def _even(n: int) -> Grid:
    return weighted_grid(np.linspace(-4, 4, n), np.zeros(n))


SETTINGS = {  # whose numbers -> their nodes, and whether both directions are in the criterion
    "plink_default": (_even(41), False),
    "plink_symmetric": (_even(41), True),
    "SNSequate": (_even(161), False),
}


def published_forms(case: Case, context: Context) -> list[Number]:
    """Return constants from two published tables, in each program's own setting."""
    expected = case.expected
    if "form_x" in expected:
        forms = _forms(expected["form_x"], expected["form_y"])
        wanted = {name: expected.get(name, {}) for name in SETTINGS}
    else:  # the same table without some items, in the setting of its source
        forms = _table(case, context)
        wanted = {"plink_default": expected}
    found: list[Number] = []
    for setting, methods in wanted.items():
        grid, symmetric = SETTINGS[setting]
        for word, want in methods.items():
            method = WORDS.get(word.lower(), word.lower())
            got = link(*forms, method, grid=grid, symmetric=symmetric)
            close = case.close("moment_abs" if method.startswith("mean") else "curve_abs", otherwise=2e-3)
            found += [
                number(f"{letter} {method} ({setting})", getattr(got, letter), want[letter], close)
                for letter in "AB"
            ]
    return found


def _table(case: Case, context: Context) -> tuple[Form, Form]:
    """Return the common items of the published table but those that the source names as left out."""
    path = None if context.root is None else context.root / "data" / "link_kb04_params.csv"
    if path is None or not path.is_file():
        raise NotComputedError("its table is not beside the cases")
    out = set(re.findall(r"exclude=list\((\d+)", case.source))
    rows = [row for row in csv.DictReader(io.StringIO(read_text(path))) if row["common"] == "1"]
    names = {"a": "discrimination", "b": "difficulty", "c": "asymptote"}
    x, y = (
        [
            {names[word]: float(row[word]) for word in names}
            for row in rows
            if row["form"] == form and row["item"] not in out
        ]
        for form in ("form.x", "form.y")
    )
    return _forms(x, y)


def _forms(x: Sequence[Mapping[str, float]], y: Sequence[Mapping[str, float]]) -> tuple[Form, Form]:
    """Return the common items of both forms: all of them, or every third of Kolen and Brennan's 36."""
    rows = EVERY_THIRD if len(x) == 36 else range(len(x))  # noqa: PLR2004 (their whole form)

    def form(table: Sequence[Mapping[str, float]]) -> Form:
        a, b, c = (
            np.array([table[k][word] for k in rows]) for word in ("discrimination", "difficulty", "asymptote")
        )
        ids = tuple(str(k + 1) for k in rows)
        return Form(ItemParameters.of(LogisticItems(ids, D * a, b, c, np.ones(len(a)))))

    return form(x), form(y)


def true_scores(case: Case, context: Context) -> list[Number]:  # noqa: ARG001 (as every kind)
    """Return true-score equivalents, and the theta behind each."""
    expected, forms = case.expected, []
    for end in ("", ".1"):
        a, b, c = (np.array([row[f"{word}{end}"] for row in expected["params"]]) for word in "abc")
        ids = tuple(str(k) for k in range(len(a)))
        forms.append(ItemParameters.of(LogisticItems(ids, D * a, b, c, np.ones(len(a)))))
    equated, close = true_score_equating(*forms), case.close(otherwise=0.005)
    theta = np.array([np.nan if one is None else one for one in expected["theta_equivalent"]])
    return [
        number("equivalent", equated.equivalent, expected["tau_y"], close),
        number("theta", equated.theta, theta, close),
    ]


def with_errors(case: Case, context: Context) -> list[Number]:
    """Return constants and standard errors from two calibrations with their covariance."""
    if context.root is None or not case.data:
        raise NotComputedError("it names no data")
    folder = context.root / case.data.removeprefix("../")
    table = context.root / "data" / "link_equateIRT_est2pl.csv"
    if not folder.is_file() or not table.is_file():
        raise NotComputedError("its tables are not beside the cases")
    rows = list(csv.DictReader(io.StringIO(read_text(table))))
    values = json.loads(read_text(folder))
    covariance = json.loads(read_text(folder.with_name(folder.name.replace("coef", "var"))))
    forms = [_two_parameter(rows, k, values[k], np.array(covariance[k])) for k in (0, 1)]
    nodes, weights = np.polynomial.hermite_e.hermegauss(30)
    grid = weighted_grid(nodes, np.log(weights))
    found = []
    for word, want in case.expected.items():
        method = word.lower()
        got = link(forms[0], forms[1], method, grid=grid, symmetric=False)  # type: ignore[arg-type]
        close = case.close("coef_abs", otherwise=1e-3)
        found += [number(f"{letter} {method}", getattr(got, letter), want[letter], close) for letter in "AB"]
        if method == "mean-sigma":  # its slope of a standard deviation is (n - 1) / n of the true one
            continue
        errors = (("seA", got.se_A), ("seB", got.se_B))
        rel = case.close("se_rel", otherwise=0.02)
        found += [number(f"{key} {method}", ours, want[key], rel, relative=True) for key, ours in errors]
    return found


def _two_parameter(
    rows: Sequence[Mapping[str, str]], form: int, values: Sequence[Any], covariance: Floats
) -> Form:
    """Return a 2PL form from intercepts and slopes, and their covariance: intercepts first."""
    ids = tuple(row["item"] for row in rows if row["form"] == str(form + 1))
    d, a = np.array(values).T
    n = len(a)
    jacobian = np.zeros((2 * n, 2 * n))
    jacobian[:n, n:] = np.eye(n)
    jacobian[n:, :n], jacobian[n:, n:] = np.diag(-1 / a), np.diag(d / a**2)
    names = tuple((i, word) for word in ("discrimination", "difficulty") for i in ids)
    block = CovarianceBlock(names, jacobian @ covariance @ jacobian.T)
    return Form(ItemParameters.of(LogisticItems(ids, a, -d / a, np.zeros(n), np.ones(n))), (block,))
