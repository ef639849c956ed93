"""Write then read is the identity: any mix of models, any text as id, any of the three formats."""

import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems, SequentialItems
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.parameters.columns import BASES, BY_CATEGORY, STATUSES
from adaptest.parameters.files import (
    read_parameter_table,
    read_parameters,
    write_parameter_table,
    write_parameters,
)
from adaptest.parameters.rating_scale import absolute, relative, relative_floats

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
ordinary = st.floats(-10, 10)
discriminations = st.floats(1e-9, 1e9) | st.floats(-10, -1e-3)
counts = st.none() | st.integers(0, 10**9) | st.floats(0, 1e9)
errors = st.none() | st.floats(0, 1e300)
words = st.text(st.characters(exclude_categories=["Cs", "Z", "Cc"]), min_size=1, max_size=5)


def columns_of_steps(draw, sizes):
    return [draw(st.lists(ordinary | finite, min_size=k, max_size=k)) for k in sizes]


def padded(rows, pad):
    width = max(map(len, rows), default=0)
    return np.array([[*row, *[pad] * (width - len(row))] for row in rows], dtype=float).reshape(
        len(rows), width
    )


@st.composite
def logistic(draw, ids):
    rows = []
    for _ in ids:
        model = draw(st.sampled_from(["rasch", "1pl", "2pl", "3pl", "4pl"]))
        a = 1.0 if model == "rasch" else draw(discriminations)
        c = draw(st.floats(0, 0.5)) if model in ("3pl", "4pl") else 0.0
        d = draw(st.floats(0.51, 1)) if model == "4pl" else 1.0
        rows.append((a, draw(ordinary | finite), c, d, model))
    columns = zip(*rows, strict=True)
    return LogisticItems(ids, *(next(columns) for _ in range(4)), next(columns))


@st.composite
def graded(draw, ids):
    a = [draw(discriminations) for _ in ids]
    b = [sorted(draw(st.lists(ordinary, min_size=1, max_size=5, unique=True))) for _ in ids]
    b = [row if slope > 0 else row[::-1] for slope, row in zip(a, b, strict=True)]
    return GradedItems(ids, a, padded(b, np.inf))


@st.composite
def by_steps(draw, ids):
    sizes = [draw(st.integers(1, 5)) for _ in ids]
    b = padded(columns_of_steps(draw, sizes), np.inf)
    if draw(st.booleans()):
        return SequentialItems(ids, [draw(discriminations) for _ in ids], b)
    models = tuple(draw(st.sampled_from(["pcm", "gpcm", "rsm"])) for _ in ids)
    a = [draw(discriminations) if model == "gpcm" else 1.0 for model in models]
    return PartialCreditItems(ids, a, b, models)


@st.composite
def nominal(draw, ids):
    sizes = [draw(st.integers(1, 4)) for _ in ids]
    slope = [
        [0.0, draw(ordinary.filter(bool)), *draw(st.lists(ordinary, min_size=k, max_size=k))] for k in sizes
    ]
    intercept = [[0.0, *draw(st.lists(ordinary, min_size=k + 1, max_size=k + 1))] for k in sizes]
    return NominalItems(ids, padded(slope, np.nan), padded(intercept, np.nan))


@st.composite
def tables(draw):
    ids = draw(st.lists(any_text.filter(str.strip), max_size=8, unique=True))
    places = [draw(st.integers(0, 4)) for _ in ids]  # a family each; 4: without parameters
    blocks = []
    for k, family in enumerate((logistic, graded, by_steps, nominal)):
        if some := tuple(item for item, place in zip(ids, places, strict=True) if place == k):
            blocks.append(draw(family(some)))
    here = [item for item, place in zip(ids, places, strict=True) if place < 4]
    items = ItemParameters(tuple(here), tuple(blocks))
    count, own = len(ids), dict(zip(items.ids, items.categories.tolist(), strict=True))
    without = [status for status in STATUSES if status in ("no_responses", "inestimable", "held")]
    status = [draw(st.sampled_from([*STATUSES, ""] if item in own else [*without, ""])) for item in ids]
    se = {}
    for name in draw(st.sets(st.sampled_from(["discrimination", "difficulty", "guessing", *BY_CATEGORY]))):
        shape = (count, 3) if name in BY_CATEGORY else (count,)
        cells = [draw(errors) for _ in range(int(np.prod(shape)))]
        se[name] = np.array(cells, dtype=float).reshape(shape)
    return ParameterTable.of(
        items,
        ids=ids,
        se=se,
        n=np.array([draw(counts) for _ in ids], dtype=float),
        n_per_category=[
            [float(draw(st.integers(0, 10**6))) for _ in range(own.get(item, 0))]
            if draw(st.booleans())
            else ()
            for item in ids
        ],
        basis=[draw(st.sampled_from([*BASES, ""])) for _ in ids],
        status=status,
        flags=[draw(st.lists(words, max_size=2)) for _ in ids],
        scale_id=[draw(words | st.just("")) for _ in ids],
        extra={f"x {name}": [draw(any_text) for _ in ids] for name in draw(st.sets(words, max_size=2))},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(table=tables())
def test_write_then_read_gives_the_table_back(folder, name, table):
    path = folder / name
    write_parameter_table(path, table)
    again = read_parameter_table(path)
    assert again.ids == table.ids
    assert again.items.fingerprint == table.items.fingerprint
    for column in ("models", "n_per_category", "basis", "status", "flags", "scale_id"):
        assert getattr(again, column) == getattr(table, column), column
    np.testing.assert_array_equal(again.n, table.n)
    np.testing.assert_array_equal(again.scaling_constant, 1)
    assert dict(again.extra) == dict(table.extra)
    for column, values in table.se.items():
        if np.isnan(values).all():
            assert column not in again.se
        else:
            np.testing.assert_array_equal(again.se[column], values)
    write_parameter_table(folder / f"2{name}", again)
    assert (folder / f"2{name}").read_bytes() == path.read_bytes()


@given(steps=st.lists(ordinary | finite, min_size=1, max_size=6))
@example(steps=[sys.float_info.max] * 3)
def test_a_rating_scales_steps_survive_being_written_about_their_mean(steps):
    difficulty, about = relative(steps)
    assert absolute(difficulty, about) == steps
    place, floats = relative_floats(steps)
    assert absolute(repr(place), [repr(step) for step in floats]) == steps


def test_an_id_of_digits_stays_text(tmp_path):
    items = ItemParameters.of(LogisticItems(("007", "1e3", "NA"), [1, 1, 1], [0, 0, 0], [0, 0, 0], [1, 1, 1]))
    for name in ("t.csv", "t.csv.gz", "t.parquet"):
        write_parameters(tmp_path / name, items)
        assert read_parameters(tmp_path / name).ids == ("007", "1e3", "NA")
