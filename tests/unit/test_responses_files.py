"""Response files, frames and arrays as they are read: ids, layouts, codes, keys, groups, holdings."""

import gzip

import numpy as np
import polars as pl
import pytest

from adaptest.models import LogisticItems
from adaptest.responses import NOT_PRESENTED, NOT_REACHED, OMITTED, SparseRows
from adaptest.responses.files import read_responses


@pytest.fixture
def read(tmp_path):
    """Write a text and read it."""

    def of(text, name="file.csv", **options):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.lower().endswith(".gz") else text.encode())
        return read_responses(path, **options)

    return of


def cells(responses):
    return responses.dense().tolist()


def test_ids_are_text_as_written(read):
    long = read("person,item,score\n007,1.0,1\n7,1e5,0\n")
    assert (long.persons, long.items) == (("007", "7"), ("1.0", "1e5"))
    wide = read("id,01,1\n007,1,0\n7,0,1\n")
    assert (wide.persons, wide.items) == (("007", "7"), ("01", "1"))
    assert cells(wide) == [[1, 0], [0, 1]]


def test_the_layout_is_found_from_the_header_and_said(read):
    assert read("item,person,score\ni,p,1\n").notes == ("read as long (score): 1 rows, 1 persons, 1 items",)
    assert read("Q1,Q2\n1,0\n").notes == (
        "read as wide: 1 persons, 2 items",
        "persons are numbered by row: no column names them",
    )
    wide = read("person,item\na,1\n", format="wide")
    assert wide.items == ("item",)


def test_a_long_file_in_runs_of_persons_codes_as_one_without(monkeypatch, read):
    rows = [f"p{n // 5},i{n % 5},{n % 2}" for n in range(60)]
    text = "person,item,score\n" + "\n".join(rows) + "\n"
    plain = read(text)
    monkeypatch.setattr("adaptest.responses.coding.RUNS_SEEN", 10)
    assert read(text).fingerprint == plain.fingerprint
    assert plain.persons[:2] == ("p0", "p1")


@pytest.mark.parametrize("name", ["file.csv", "file.csv.gz", "FILE.CSV.GZ"])
def test_a_byte_order_mark_quotes_and_carriage_returns_change_nothing(name, read):
    plain = read("id,Q1,Q2\na,1,0\nb,,1\n")
    dressed = read('\ufeff"id","Q1","Q2"\r\n"a","1","0"\r\n"b","","1"\r\n', name)
    assert dressed.fingerprint == plain.fingerprint
    assert cells(plain) == [[1, 0], [NOT_PRESENTED, 1]]


def test_empty_lines_at_the_end_do_not_count(read):
    assert cells(read("Q1,Q2\n1,0\n\n\n")) == [[1, 0]]
    assert cells(read("Q1,Q2\r\n1,0\r\n\r\n")) == [[1, 0]]


def test_an_empty_line_of_a_single_column_is_an_empty_cell(read):
    assert cells(read("Q1\n1\n\n0\n")) == [[1], [NOT_PRESENTED], [0]]


def test_whole_numbers_may_be_written_with_a_point(read):
    assert cells(read("Q1,Q2\n1.0,0.00\n +2 ,01\n")) == [[1, 0], [2, 1]]


def test_codes_are_named_and_counted(read):
    text = "Q1,Q2,Q3\n1,omitted,NA\n0,,not_reached\n"
    responses = read(text)
    assert cells(responses) == [[1, OMITTED, NOT_PRESENTED], [0, NOT_PRESENTED, NOT_REACHED]]
    assert responses.notes[2:] == (
        "1 cells read as omitted",
        "1 cells read as not reached",
        "2 cells read as not presented",
    )
    other = read("Q1,Q2,Q3\n1,9,8\n0,,7\n", omitted=["9"], not_reached=["7"], not_presented=["8"])
    assert cells(other) == cells(responses)


def test_a_negative_code_in_a_numeric_frame_is_understood():
    frame = pl.DataFrame({"Q1": [1, -1], "Q2": [0.0, 9.0]})
    assert cells(read_responses(frame, omitted=["-1", "9"])) == [[1, 0], [OMITTED, OMITTED]]


def test_options_are_scored_by_the_key(read, tmp_path):
    (tmp_path / "key.csv").write_text("item,key,why\nQ1,A,\nQ2,B|C,\nQ9,D,unused\n")
    wide = read("Q1,Q2\nA,B\nB,C\n,D\nomitted,BC\n", key=tmp_path / "key.csv")
    assert cells(wide) == [[1, 1], [0, 1], [NOT_PRESENTED, 0], [OMITTED, 0]]
    text = "person,item,response\n1,Q1,A\n1,Q2,B\n2,Q1,B\n2,Q2,C\n3,Q2,D\n3,Q1,\n4,Q1,omitted\n4,Q2,BC\n"
    long = read(text, key={"Q1": "A", "Q2": ("B", "C")})
    assert cells(long) == cells(wide)
    assert long.notes[0] == "read as long (response): 8 rows, 4 persons, 2 items"


def test_a_key_that_nobody_chose_is_noted(read):
    responses = read("Q1,Q2,Q3\nA,B,C\nB,B,C\n", key={"Q1": "A", "Q2": "A", "Q3": "A"})
    assert responses.notes[-1] == "item 'Q2': nobody chose its key 'A' (and 1 more items); check the key"


def test_the_id_column_of_a_wide_file_is_found_or_named(read):
    assert read("candidate_id,Q1\nx,1\n").persons == ("x",)
    assert read(",Q1\nx,1\n").persons == ("x",)
    assert read("code,Q1\nx,1\n", id_columns=["code"]).persons == ("x",)
    assert read("sex,Student,Q1\n1,x,1\n", id_columns=["sex", "Student"]).persons == ("x",)
    assert read("id,code,Q1\n1,x,1\n", id_columns=["id", "code"], person="code").persons == ("x",)
    pattern = read("id,RT_1,Q1,RT_2\nx,3.5,1,4.5\n", id_columns=["id", "RT_*"])
    assert (pattern.persons, pattern.items) == (("x",), ("Q1",))


def test_id_columns_of_a_long_file_are_said_to_say_nothing(read):
    responses = read("person,item,score\na,i,1\n", id_columns=["person"])
    assert responses.notes[-1] == "id columns say nothing in a long table"


def test_rows_are_numbered_where_the_first_id_column_repeats_itself(read):
    responses = read("country,Q1\nA,1\nA,0\n", id_columns=["country"])
    assert responses.persons == ("1", "2")
    assert responses.notes[1].startswith("persons are numbered by row: 'country' repeats 'A' (")
    assert responses.notes[1].endswith("file.csv:3)")


def test_every_column_is_an_item_where_that_is_said(read):
    assert read("id,gender\n1,0\n", id_columns=[]).items == ("id", "gender")


@pytest.mark.parametrize(
    "text",
    [
        "person,item,score,group,weight\na,Q1,1,x,2\na,Q2,0,x,2\nb,Q1,0,y,.5\nb,Q2,1,y,.5\n",
        "id,Q1,group,Q2,weight\na,1,x,0,2\nb,0,y,1,.5\n",
    ],
)
def test_groups_and_weights_belong_to_persons(text, read):
    responses = read(text, groups="group", weights="weight")
    assert (responses.persons, responses.items, responses.groups) == (("a", "b"), ("Q1", "Q2"), ("x", "y"))
    assert cells(responses) == [[1, 0], [0, 1]]
    assert responses.group.tolist() == [0, 1]
    assert responses.weight.tolist() == [2.0, 0.5]


def test_the_first_of_what_is_there_twice_can_be_kept_and_is_counted(read):
    long = read("person,item,score\nb,j,0\na,i,1\na,i,0\nb,j,1\nb,i,\na,i,0\n", duplicates="first")
    assert (long.persons, long.items, cells(long)) == (("b", "a"), ("j", "i"), [[0, -1], [-1, 1]])
    assert "3 rows repeat a person and item; the first of each counts" in long.notes
    wide = read("id,Q1,g\na,1,x\nb,0,y\na,0,y\n", duplicates="first", groups="g")
    assert (wide.persons, cells(wide), wide.group.tolist()) == (("a", "b"), [[1], [0]], [0, 1])
    assert "1 rows repeat a person and were left out; the first counts" in wide.notes


def test_frames_mappings_and_parquet_read_as_their_csv(read, tmp_path):
    text = "person,item,score\na,Q1,1\na,Q2,0\nb,Q1,\nb,Q2,2\n"
    expected = read(text).fingerprint
    columns = {"person": ["a", "a", "b", "b"], "item": ["Q1", "Q2"] * 2, "score": [1, 0, None, 2]}
    frame = pl.DataFrame(columns)
    frame.write_parquet(tmp_path / "file.parquet")
    variants = [
        frame,
        columns,
        tmp_path / "file.parquet",
        str(tmp_path / "file.parquet"),
        frame.with_columns(pl.col("score").cast(pl.Float64)),
        frame.with_columns(pl.col("score").cast(pl.String)),
        frame.with_columns(pl.col("person").cast(pl.Categorical), pl.col("score").cast(pl.UInt16)),
        {
            "person": np.array(columns["person"]),
            "item": columns["item"],
            "score": np.array([1, 0, np.nan, 2]),
        },
    ]
    assert {read_responses(variant).fingerprint for variant in variants} == {expected}


def test_what_only_has_an_arrow_stream_is_read():
    class Stream:
        def __init__(self, frame):
            self.frame = frame

        def __arrow_c_stream__(self, requested_schema=None):
            return self.frame.__arrow_c_stream__(requested_schema)

    responses = read_responses(Stream(pl.DataFrame({"id": [7, 8], "Q1": [True, None]})))
    assert (responses.persons, cells(responses)) == (("7", "8"), [[1], [NOT_PRESENTED]])


def test_arrays_keep_the_named_codes_and_take_the_items_ids():
    array = np.array([[1, np.nan], [0, -2], [1, -3]])
    assert cells(read_responses(array)) == [[1, -1], [0, -2], [1, -3]]
    items = LogisticItems(("x", "y"), [1, 1], [0, 0], [0, 0], [1, 1])
    responses = read_responses(array.astype(float), items=items)
    assert responses.items == ("x", "y")
    assert cells(read_responses([[1, 0], [0, 2]])) == [[1, 0], [0, 2]]
    letters = read_responses(np.array([["A", "B"], ["C", ""]]), key={"i1": "A", "i2": "B"})
    assert cells(letters) == [[1, 1], [0, -1]]


def test_large_tables_with_few_cells_are_held_sparse(read, monkeypatch):
    monkeypatch.setattr("adaptest.responses.reading.SPARSE_FROM", 100)
    rows = [f"p{n},i{(n * 7 + k) % 20},{k % 2}" for n in range(20) for k in range(3)]
    long = read("person,item,score\n" + "\n".join(rows) + "\n")
    assert isinstance(long.cells, SparseRows)
    table = pl.DataFrame(long.dense(), schema=list(long.items)).with_columns(pl.all().replace(-1, None))
    wide = read_responses(table.insert_column(0, pl.Series("id", long.persons)))
    assert wide.is_sparse
    assert wide.fingerprint == long.fingerprint
    monkeypatch.setattr("adaptest.responses.reading.SPARSE_FROM", 1_000_000)
    dense = read_responses(table)
    assert not dense.is_sparse
    assert dense.fingerprint == long.fingerprint


def test_every_response_file_of_the_shared_data_reads_with_its_id_columns(shared):
    data = shared / "data"
    shapes = 0
    for line in (data / "README.md").read_text().splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) < 6 or ".csv" not in fields[1] or not fields[2].isdigit():
            continue
        name, n, j, n_cov = fields[1], *map(int, fields[2:5])
        raw = "choices" in name or "_raw" in name or "_rt" in name or name == "amsterdam_chess.csv"
        if raw or name.startswith("enem_public_responses"):
            continue  # options and times are no scores
        frame = pl.read_csv(data / name, infer_schema=False, n_rows=1)
        responses = read_responses(data / name, id_columns=frame.columns[:n_cov])
        assert (len(responses), len(responses.items)) == (n, j), name
        shapes += 1
    assert shapes > 40


@pytest.mark.parametrize(
    ("name", "covariates", "renamed"),
    [
        ("jmetrik_exam", 0, lambda item: item),
        ("sat12", 0, lambda item: item.replace("_", ".")),
        ("hci", 2, lambda item: item.replace("_", " ")),
        ("msatb", 1, lambda item: item),
        ("viqt", 2, lambda item: item),
    ],
)
def test_options_scored_with_the_published_key_are_the_published_scores(name, covariates, renamed, shared):
    choices, scored = (next((shared / "data").glob(f"{name}_{kind}.csv*")) for kind in ("choices", "scored"))
    ids = pl.read_csv(choices, infer_schema=False, n_rows=1).columns[:covariates]
    keys = pl.read_csv(shared / "data" / f"{name}_key.csv", infer_schema=False)
    by_item = dict(zip(keys["item"], keys["key"], strict=True))
    items = read_responses(
        scored, id_columns=pl.read_csv(scored, infer_schema=False).columns[:covariates]
    ).items
    key = {item: by_item[renamed(item)] for item in items}
    ours = read_responses(choices, id_columns=ids, key=key).dense()
    theirs = read_responses(
        scored, id_columns=pl.read_csv(scored, infer_schema=False).columns[:covariates]
    ).dense()
    both = (ours >= 0) & (theirs >= 0)
    assert both.mean() > 0.95
    assert (ours == theirs)[both].all()
