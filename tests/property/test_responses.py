"""Laws of response tables: what is written is read; layout, order, holding and block size change nothing."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adaptest.errors import ResponseFileError
from adaptest.responses import NOT_PRESENTED, Responses, SparseRows
from adaptest.responses.assembly import assembled, repeated
from adaptest.responses.files import read_responses

SHAPES = st.tuples(st.integers(1, 12), st.integers(1, 8))
CELLS = SHAPES.flatmap(lambda shape: arrays(np.int8, shape, elements=st.integers(-1, 5)))
IDS = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), min_size=1, max_size=6)
ORDER = st.randoms(use_true_random=False)


def text_of(rows):
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("responses") / "file.csv"


@settings(max_examples=40)
@given(cells=CELLS, data=st.data())
def test_a_wide_file_reads_as_it_was_written(cells, data, path):
    n, j = cells.shape
    persons = data.draw(st.lists(IDS, min_size=n, max_size=n, unique=True))
    items = data.draw(st.lists(IDS.filter(lambda item: item != "id"), min_size=j, max_size=j, unique=True))
    table = [["" if score < 0 else score for score in row] for row in cells.tolist()]
    rows = [["id", *items], *([person, *row] for person, row in zip(persons, table, strict=True))]
    path.write_text(text_of(rows), encoding="utf-8", newline="")
    responses = read_responses(path, id_columns=["id"], format="wide")
    assert (responses.persons, responses.items) == (tuple(persons), tuple(items))
    assert (responses.dense() == cells).all()


@settings(max_examples=40)
@given(cells=CELLS, random=ORDER)
def test_a_long_file_in_any_order_reads_as_the_wide_one(cells, random, path):
    rows = [(f"p{n}", f"i{k}", "" if x < 0 else x) for (n, k), x in np.ndenumerate(cells)]
    random.shuffle(rows)
    path.write_text(text_of([("person", "item", "score"), *rows]), encoding="utf-8")
    responses = read_responses(path)
    order = np.ix_(
        [responses.persons.index(f"p{n}") for n in range(cells.shape[0])],
        [responses.items.index(f"i{k}") for k in range(cells.shape[1])],
    )
    assert (responses.dense()[order] == cells).all()
    assert responses.persons == tuple(dict.fromkeys(row[0] for row in rows))
    assert responses.items == tuple(dict.fromkeys(row[1] for row in rows))


@given(
    ids=st.lists(
        st.text('ab"\n, é', min_size=1, max_size=5).filter(str.strip), min_size=1, max_size=9, unique=True
    ),
    bad=st.data(),
    block=st.integers(1, 40),
)
@settings(max_examples=80)
def test_lines_are_those_of_the_csv_module_for_any_quoting_and_block(ids, bad, block, path):
    wrong = bad.draw(st.integers(0, len(ids) - 1))
    rows = [[one, "x" if k == wrong else k % 2] for k, one in enumerate(ids)]
    text = text_of([["id", "Q1"], *rows])
    path.write_text(text, encoding="utf-8", newline="")
    reader = csv.reader(io.StringIO(text, newline=""))
    begins = [1]
    begins.extend(reader.line_num + 1 for _ in reader)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("adaptest.responses.records.BLOCK", block)
        with pytest.raises(ResponseFileError) as caught:
            read_responses(path)
    assert str(caught.value).startswith(f"{path}:{begins[wrong + 1]}: item 'Q1': a score must be")


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 11), st.integers(0, 7), st.integers(0, 3)), min_size=1, max_size=60
    ),
)
def test_assembling_rows_is_what_a_dictionary_does(rows):
    n, j = 12, 8
    person, item, score = (
        np.array(column, kind)
        for column, kind in zip(zip(*rows, strict=True), ("i4", "i4", "i1"), strict=True)
    )
    first, again = {}, []
    for row, (p, i, s) in enumerate(rows):
        if (p, i) in first:
            again.append(row)
        first.setdefault((p, i), (row, s))
    cells = assembled(person.copy(), item.copy(), score.copy(), (n, j))
    if again:
        assert cells is None
        found = repeated(person, item)
        assert found.rows.tolist() == again
        assert found.first == first[person[again[0]], item[again[0]]][0]
        return
    expected = np.full((n, j), NOT_PRESENTED, np.int8)
    for (p, i), (_, s) in first.items():
        expected[p, i] = s
    assert (cells == expected).all()


@given(cells=CELLS, data=st.data())
def test_taking_items_and_persons_is_the_same_dense_and_sparse(cells, data):
    dense = Responses.of(cells)
    rows = dense.sparse()
    sparse = Responses.of(SparseRows(rows.start.copy(), rows.item.copy(), rows.score.copy()), dense.items)
    assert sparse.fingerprint == dense.fingerprint
    items = np.array(data.draw(st.permutations(range(cells.shape[1]))))[: data.draw(st.integers(1, 8))]
    persons = np.array(data.draw(st.permutations(range(cells.shape[0]))))[: data.draw(st.integers(1, 12))]
    for holding in (dense, sparse):
        taken = holding.take_items(items).take_persons(persons)
        assert (taken.dense() == cells[np.ix_(persons, items)]).all()
        assert taken.items == tuple(f"i{k + 1}" for k in items)
        assert taken.persons == tuple(f"p{k + 1}" for k in persons)
