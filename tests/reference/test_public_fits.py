"""Every public fit of R mirt is reached or bettered, on its grid of 61 nodes on [-6, 6]."""

import csv
import gzip
from math import lgamma

import numpy as np
import pytest

from adaptest.calibration import calibrate
from adaptest.parameters.columns import columns_of
from adaptest.responses import Responses

GRID = (-6.0, 6.0, 61)
MODELS = {
    "Rasch": "rasch",
    "2PL": "2pl",
    "graded": "grm",
    "gpcm": "gpcm",
    "PCM": "pcm",
    "nominal": "nrm",
    "3PLprior": "3pl",
}
LARGE = 5_000  # persons: such a fit is a slow test
PRIORS = {"prior_discrimination": "lognormal:.2,.5", "prior_guessing": "beta:5,17"}
CLOSE = {"2pl": 0.02, "rasch": 0.02, "grm": 0.03, "gpcm": 0.03, "pcm": 0.03}


def covariates(shared):
    """Leading columns that are no items, from the data's own table."""
    lines = (shared / "data" / "README.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("|")]
    return {row[0]: int(row[3]) for row in rows if len(row) > 5 and row[3].isdigit()}


def opened(path):
    return gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8")


def read(shared, name):
    path = next(p for p in (shared / "data").iterdir() if p.name in {f"{name}.csv", f"{name}.csv.gz"})
    skipped = covariates(shared)[path.name]
    with opened(path) as file:
        header, *rows = csv.reader(file)
    cells = np.array([[-1 if v in {"", "NA"} else int(float(v)) for v in row[skipped:]] for row in rows])
    return Responses.of(cells, tuple(header[skipped:]))


def fits(shared):
    with (shared / "data" / "reference" / "SUMMARY_public.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def reference(shared, row):
    path = shared / "data" / "reference" / f"{row['data']}__mirt_{row['model']}.csv"
    with path.open(encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header[1:], np.array([[float(v) if v not in {"", "NA"} else np.nan for v in r[1:]] for r in rows])


def log_beta(a, b):
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def check(shared, row):
    model = MODELS[row["model"]]
    options = PRIORS if model == "3pl" else {"prior_discrimination": "none"}
    fit = calibrate(read(shared, row["data"]), model, grid=GRID, se="none", **options)
    goal, persons = float(row["logLik"]), int(row["N"])
    header, theirs = reference(shared, row)
    slack = 0.05 + (1e-4 * abs(goal) if persons > 10_000 else 0)
    assert fit.converged, fit.reason
    if model == "3pl":
        a, _, c, _ = theirs.T
        log_prior = (
            -np.log(a) - 0.5 * ((np.log(a) - 0.2) / 0.5) ** 2 - np.log(0.5) - 0.5 * np.log(2 * np.pi)
        ).sum()
        log_prior += (4 * np.log(c) + 16 * np.log1p(-c) - log_beta(5, 17)).sum()
        assert fit.log_posterior >= goal + log_prior - 0.01
        return
    assert fit.log_likelihood >= goal - slack
    if model in CLOSE and fit.log_likelihood < goal + 0.05:  # the same maximum: the parameters agree too
        columns = columns_of(fit.items)
        a = theirs[:, 0]
        b = theirs[:, [k for k, name in enumerate(header) if name.startswith("b") and name != "b"]]
        if "b" in header:  # an item of two categories has its only threshold there
            only = theirs[:, [header.index("b")]]
            b = np.hstack([np.where(np.isnan(only), b[:, :1], only), b[:, 1:]]) if b.size else only
        mine = columns[{"grm": "threshold", "gpcm": "step", "pcm": "step"}.get(model, "difficulty")]
        mine = mine.reshape(len(b), -1)
        steep = np.abs(a) > 0.3  # b = -d/a of a flat item is as uncertain as it is far away
        assert columns["discrimination"][steep] == pytest.approx(a[steep], abs=CLOSE[model])
        mine = np.pad(mine, ((0, 0), (0, b.shape[1] - mine.shape[1])), constant_values=np.nan)
        assert (np.isfinite(b) == np.isfinite(mine)).all()
        near = steep[:, None] & np.isfinite(b) & (np.abs(b) < 4)
        assert mine[near] == pytest.approx(b[near], abs=CLOSE[model])


@pytest.mark.parametrize("model", [m for m in MODELS if m != "3PLprior"])
def test_every_small_fit_without_priors_is_reached_or_bettered(shared, model):
    rows = [row for row in fits(shared) if row["model"] == model and int(row["N"]) < LARGE]
    assert rows
    for row in rows:
        check(shared, row)


def test_every_small_fit_with_priors_has_at_least_the_posterior_of_theirs(shared):
    rows = [row for row in fits(shared) if row["model"] == "3PLprior" and int(row["N"]) < LARGE]
    assert rows
    for row in rows:
        check(shared, row)


@pytest.mark.slow
def test_every_large_fit_is_reached_or_bettered(shared):
    rows = [row for row in fits(shared) if int(row["N"]) >= LARGE]
    assert len(rows) == 8
    for row in rows:
        check(shared, row)
