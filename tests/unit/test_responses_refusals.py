"""A wrong response file gets one sentence with file, line, item, rule "
"and value; each is read here in full."""

import gzip
import os

import numpy as np
import polars as pl
import pytest

from adaptest.errors import OptionError, ResponseFileError
from adaptest.models import GradedItems
from adaptest.responses.files import read_responses

WIDE = "Q1,Q2\n1,0\n0,1\n"


def refusal(tmp_path, content, name="file.csv", **options):
    """The sentence with which a file is refused, the folder taken out."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises((ResponseFileError, OptionError)) as caught:
        read_responses(path, **options)
    return str(caught.value).replace(f"{tmp_path}/", "")


SCORE = "a score must be a whole number from 0 to 127"
KEY = "give a --key where these are options, or name a column that is no item in --id-columns"
COLUMN = "name a column that is no item in --id-columns"
CODE = "say what it means with --omitted-code, --not-reached-code or --not-presented-code"

WRONG = {  # what is wrong -> (content, sentence)
    "a letter in a wide file": ("Q1,Q2\n1,0\n0,B\n", f"file.csv:3: item 'Q2': {SCORE}; got 'B'; {KEY}"),
    "several letters": (
        "Q1,Q2\n1,0\nA,B\n0,1\n",
        f"file.csv:3: item 'Q1': {SCORE}; got 'A' (and at least 1 more); {KEY}",
    ),
    "a negative score": ("Q1,Q2\n1,-1\n", f"file.csv:2: item 'Q2': {SCORE}; got '-1'; {CODE}"),
    "a score above 127": ("Q1,Q2\n1,128\n", f"file.csv:2: item 'Q2': {SCORE}; got '128'; {COLUMN}"),
    "a decimal": ("Q1,Q2\n1,0.5\n", f"file.csv:2: item 'Q2': {SCORE}; got '0.5'; {COLUMN}"),
    "a letter in a long file": (
        "person,item,score\np1,i1,1\np1,i2,x\n",
        f"file.csv:3: item 'i2': {SCORE}; got 'x'; {KEY}",
    ),
    "a negative score in a long file": (
        "person,item,score\np1,i1,-1\n",
        f"file.csv:2: item 'i1': {SCORE}; got '-1'; {CODE}",
    ),
    "semicolons": (
        "Q1;Q2\n1;0\n",
        "file.csv:1: cells must be separated by commas; got semicolons; save it with commas",
    ),
    "tabs": (
        "Q1\tQ2\n1\t0\n",
        "file.csv:1: cells must be separated by commas; got tabs; save it with commas",
    ),
    "no bytes": ("", "file.csv: must have a header and rows; got an empty file"),
    "a header alone": ("Q1,Q2\n", "file.csv: must have a row for each person; got a header alone"),
    "a header alone without a newline": (
        "Q1,Q2",
        "file.csv: must have a row for each person; got a header alone",
    ),
    "a long header alone": (
        "person,item,score\n",
        "file.csv: must have a row for each response; got a header alone",
    ),
    "an empty first line": ("\nQ1,Q2\n", "file.csv:1: must be a header with column names; got an empty line"),
    "two columns of one name": ("Q1,Q1\n1,0\n", "file.csv:1: column names must be unique; got 'Q1' twice"),
    "a column without a name": (
        "Q1,,Q3\n1,0,1\n",
        "file.csv:1: column 2 must have a name; got an empty cell",
    ),
    "a row too short": ("Q1,Q2\n1,0\n1\n", "file.csv:3: must have 2 cells like the header; got 1"),
    "a row too long": ("Q1,Q2\n1,0,1\n", "file.csv:2: must have 2 cells like the header; got 3"),
    "one too long, one too short": (
        "Q1,Q2\n1,0,1\n1\n",
        "file.csv:2: must have 2 cells like the header; got 3",
    ),
    "an empty line in the middle": (
        "Q1,Q2\n1,0\n\n0,1\n",
        "file.csv:3: must have 2 cells like the header; got an empty line; take it out",
    ),
    "the header twice": (
        "Q1,Q2\nQ1,Q2\n1,0\n",
        "file.csv:2: must be a person's responses; got a second header ('Q1', ...); take it out",
    ),
    "a second header of question texts": (
        "Q1,Q2\nHow much?,How many?\n1,0\n0,1\n",
        "file.csv:2: must be a person's responses; got a second header ('How much?', ...); take it out",
    ),
    "the header of a long file twice": (
        "person,item,score\nperson,item,score\np1,i1,1\n",
        "file.csv:2: must be a response; got a second header; take it out",
    ),
    "not UTF-8": (b"Q1,Q2\n1,\xe4\n", "file.csv:2: must be UTF-8 text; got byte 0xe4; save it as UTF-8"),
    "a header that is not UTF-8": (
        b"Q1,Gr\xf6\xdfe\n1,1\n",
        "file.csv:1: must be UTF-8 text; got byte 0xf6; save it as UTF-8",
    ),
    "UTF-16": ("Q1\n1\n".encode("utf-16"), "file.csv: must be CSV text; got UTF-16 text; save it as UTF-8"),
    "an Excel file": (
        b"PK\x03\x04rest",
        "file.csv: must be CSV text; got an Excel or zip file; save the sheet as CSV (UTF-8)",
    ),
    "gzip without its name": (
        gzip.compress(WIDE.encode()),
        "file.csv: must be CSV text; got a gzip file; give it a name that ends in .csv.gz",
    ),
    "old Mac lines": (
        "Q1,Q2\r1,0\r",
        "file.csv:1: lines must end in a newline; got carriage returns alone; save it again",
    ),
    "a quote left open": (
        'Q1,Q2\n1,0\n"1,0\n',
        "file.csv:3: quotes must enclose a whole cell and be closed; unexpected end of data",
    ),
    "a quote inside a cell": (
        'id,Q2\na,0\n"a"b,1\n',
        "file.csv:3: quotes must enclose a whole cell and be closed; ',' expected after '\"'",
    ),
    "a person twice": (
        "id,Q1\na,1\nb,0\na,0\n",
        (
            "file.csv:4: person 'a' must have one row; got another at file.csv:2; "
            "keep the first of each with --duplicates first"
        ),
    ),
    "a person without an id": (
        "id,Q1\na,1\n,0\n",
        "file.csv:3: a row must name its person; got an empty cell in column 'id'",
    ),
    "a person and item twice": (
        "person,item,score\np1,i1,1\np2,i1,1\np1,i1,0\np1,i1,1\n",
        (
            "file.csv:4: person 'p1' must have one row for item 'i1'; got another "
            "at file.csv:2 (and at least 1 "
            "more); keep the first of each with --duplicates first, or give every "
            "sitting a person id of its own"
        ),
    ),
    "a long row without an item": (
        "person,item,score\np1,,1\n",
        "file.csv:2: a row must name its item; got an empty cell in column 'item'",
    ),
    "options in a long file without a key": (
        "person,item,response\np1,i1,A\n",
        "file.csv:1: must have a column 'score'; got 'response' alone; give the --key that scores it",
    ),
    "a long file without anything to score": (
        "person,item,time_s\np1,i1,3\n",
        "file.csv:1: must have a column 'score' beside 'person' and 'item'",
    ),
    "a long header in capitals": (
        "Person,Item,Score\np1,i1,1\n",
        (
            "file.csv:1: the columns of a long table are named 'person' and "
            "'item'; got 'Person' and 'Item'; rename "
            "them, or say --format wide"
        ),
    ),
    "a column that looks like no item": (
        "gender,Q1\n0,1\n",
        (
            "file.csv:1: a column must be an item unless an option names it; got "
            "'gender', which looks like none; "
            "name it in --id-columns, --groups or --weights (--id-columns '' if it is)"
        ),
    ),
    "an id column and no item": (
        "id\n1\n",
        "file.csv:1: must have a column for each item; got none that is left for one",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_with_its_line(what, tmp_path):
    content, sentence = WRONG[what]
    assert refusal(tmp_path, content) == sentence


@pytest.mark.parametrize("what", ["a letter in a wide file", "a row too short", "a letter in a long file"])
def test_lines_are_right_with_carriage_returns_and_quoted_newlines(what, tmp_path):
    content, sentence = WRONG[what]
    assert refusal(tmp_path, content.replace("\n", "\r\n")) == sentence
    header, rest = content.split("\n", 1)
    names = [f'"{name}"' for name in header.split(",")]
    quoted = "\n".join([",".join(names), rest])
    assert refusal(tmp_path, quoted) == sentence


def test_a_quoted_newline_counts_as_the_line_it_is(tmp_path):
    text = 'id,Q1\n"a\nb",1\n"c\nd\ne",0\nf,x\n'
    assert refusal(tmp_path, text) == f"file.csv:7: item 'Q1': {SCORE}; got 'x'; {KEY}"


def test_lines_are_right_far_into_a_file_of_many_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("adaptest.responses.records.BLOCK", 64)
    rows = "".join(f'"p{k}\n",i1,1\n' for k in range(100))
    text = f"person,item,score\n{rows}p100,i1,?\n"
    assert refusal(tmp_path, text) == f"file.csv:202: item 'i1': {SCORE}; got '?'; {KEY}"


def test_a_score_above_the_items_categories_is_refused(tmp_path):
    items = GradedItems(("Q1", "Q2"), [1.0, 1.0], [[-1.0, 1.0], [0.0, np.inf]])
    wide = refusal(tmp_path, "Q1,Q2,Q3\n2,1,9\n2,2,9\n", items=items)
    assert wide == "file.csv:3: item 'Q2': a score must be at most 1; got 2"
    long = refusal(tmp_path, "person,item,score\na,Q1,2\nb,Q1,3\na,Q9,9\n", items=items)
    assert long == "file.csv:3: item 'Q1': a score must be at most 2; got 3 of person 'b'"


def test_a_score_above_the_categories_of_every_item_is_refused(tmp_path):
    assert refusal(tmp_path, "Q1,Q2\n1,2\n", categories=2) == (
        "file.csv:2: item 'Q2': a score must be at most 1; got 2"
    )
    assert refusal(tmp_path, "Q1\n1\n", categories=1) == "categories must be from 2 to 128; got 1"
    with pytest.raises(ResponseFileError) as caught:
        read_responses(np.array([[0, 1], [2, 1]]), categories=2)
    assert str(caught.value) == (
        "responses: row 1: item 'i1': a score must be a whole number from 0 to 1; got 2"
    )


def test_a_gzip_file_that_is_cut_off_says_where_its_text_ends(tmp_path):
    rows = "".join(f"{k % 2},{(k * 7919) % 2}\n" for k in range(5000))
    packed = gzip.compress(f"Q1,Q2\n{rows}".encode())
    sentence = refusal(tmp_path, packed[: len(packed) // 2], "file.csv.gz")
    line = int(sentence.split(":")[1])
    assert 2 <= line <= 5001
    assert sentence == f"file.csv.gz:{line}: must be a whole gzip file; got one that is cut off in this line"


def test_a_gzip_file_that_is_none_or_damaged_is_refused(tmp_path):
    assert refusal(tmp_path, WIDE, "file.csv.gz") == (
        "file.csv.gz: must be a gzip file; got one that is not: not a gzipped file (b'q1')"
    )
    packed = bytearray(gzip.compress(WIDE.encode() * 100))
    packed[20] ^= 0xFF
    assert refusal(tmp_path, bytes(packed), "file.csv.gz").startswith(
        "file.csv.gz: must be a gzip file; got one"
    )


def test_a_missing_file_and_a_directory_are_refused(tmp_path):
    for name, got in (("none.csv", "no such file"), ("none.parquet", "no such file")):
        with pytest.raises(ResponseFileError) as caught:
            read_responses(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: {got}"
    for name in ("", "a.csv.gz", "a.parquet"):
        (tmp_path / name).mkdir(exist_ok=True)
        with pytest.raises(ResponseFileError) as caught:
            read_responses(tmp_path / name)
        assert str(caught.value) == f"{tmp_path / name}: must be a file; got a directory"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ResponseFileError) as caught:
        read_responses(tmp_path / "pipe.csv")
    assert str(caught.value) == (
        f"{tmp_path}/pipe.csv: must be a file, read twice; got a pipe or device; save it first"
    )


def test_a_parquet_file_that_is_none_or_cut_off_is_refused(tmp_path):
    sentence = "file.parquet: must be a whole Parquet file; got something else"
    assert refusal(tmp_path, WIDE, "file.parquet") == sentence
    whole = tmp_path / "whole.parquet"
    pl.DataFrame({"Q1": [1, 0]}).write_parquet(whole)
    assert refusal(tmp_path, whole.read_bytes()[:-10], "file.parquet") == sentence


def test_a_parquet_cell_is_refused_by_its_row(tmp_path):
    table = pl.DataFrame({"person": ["a", "b"], "item": ["i", "i"], "score": [1, 300]})
    table.write_parquet(tmp_path / "file.parquet")
    content = (tmp_path / "file.parquet").read_bytes()
    assert refusal(tmp_path, content, "file.parquet") == (
        f"file.parquet: row 2: item 'i': {SCORE}; got '300'; {COLUMN}"
    )


def test_a_key_that_misses_an_item_is_refused(tmp_path):
    (tmp_path / "key.csv").write_text("item,key\nQ.1,A\n")
    key = str(tmp_path / "key.csv")
    wide = refusal(tmp_path, "Q1\nA\n", key=key)
    assert wide == (
        "file.csv:1: item 'Q1' must have a key; key.csv has none; the nearest id in it is 'Q.1'; "
        "name a column that is no item in --id-columns"
    )
    long = refusal(tmp_path, "person,item,response\na,Q.1,A\na,Q1,A\n", key=key)
    assert long == ("file.csv:3: item 'Q1' must have a key; key.csv has none; the nearest id in it is 'Q.1'")


KEYS = {
    "item,answer\nQ1,A\n": "key.csv:1: a key must have the columns 'item' and 'key'; got 'item', 'answer'",
    "": "key.csv:1: a key must have the columns 'item' and 'key'; got an empty line",
    "item,key\n": "key.csv: a key must have a row for each item; got a header alone",
    "item,key\nQ1,A\nQ1,B\n": (
        "key.csv:3: item 'Q1' must have one row; got another on line 2; write several correct options as B|C"
    ),
    "item,key\nQ1,\n": "key.csv:2: item 'Q1' must have a correct option; got ''",
    "item,key\nQ1\n": "key.csv:2: must have 2 cells like the header; got 1",
}


@pytest.mark.parametrize("content", KEYS)
def test_a_wrong_key_file_is_refused(content, tmp_path):
    (tmp_path / "key.csv").write_text(content)
    assert refusal(tmp_path, "Q1\nA\n", key=str(tmp_path / "key.csv")) == KEYS[content]


def test_a_key_that_no_answer_agrees_with_is_refused(tmp_path):
    assert refusal(tmp_path, "Q1,Q2\n1,2\n3,4\n", key={"Q1": "A", "Q2": "B"}) == (
        "key: a key must be right for some answer; no answer to any of 2 items is"
    )


def test_a_key_for_a_long_file_needs_responses(tmp_path):
    assert refusal(tmp_path, "person,item,score\na,i,1\n", key={"i": "A"}) == (
        "file.csv:1: must have a column 'response' for the key to score; got "
        "'score' alone; leave the --key out"
    )


def test_a_second_header_is_found_among_options(tmp_path):
    rows = "".join("A,B,C\n" for _ in range(20))
    key = {"Q1": "A", "Q2": "B", "Q3": "C"}
    for second in ("Q1,Q2,Q3", "What?,Where?,Who?"):
        assert refusal(tmp_path, f"Q1,Q2,Q3\n{second}\n{rows}", key=key) == (
            f"file.csv:2: must be a person's responses; got a second header ({second.split(',')[0]!r}, ...); "
            "take it out"
        )


def test_a_person_has_one_group_and_a_weight_above_nothing(tmp_path):
    text = "person,item,score,group,weight\na,i,1,x,1\na,j,1,y,0\n"
    assert refusal(tmp_path, text, groups="group") == (
        "file.csv:3: person 'a' must have one value in column 'group'; got 'y' and another"
    )
    assert refusal(tmp_path, text, weights="weight") == (
        "file.csv:3: a weight must be a number greater than 0; got '0' in column 'weight'"
    )
    assert refusal(tmp_path, text, groups="form") == (
        "file.csv:1: must have a column 'form'; got 'person', 'item', 'score', 'group', 'weight'"
    )
    wide = refusal(tmp_path, "n,Q1\n,1\n", weights="n")
    assert wide == "file.csv:2: a weight must be a number greater than 0; got an empty cell in column 'n'"


def test_an_id_column_must_be_there(tmp_path):
    assert refusal(tmp_path, WIDE, id_columns=["sex"]) == (
        "id column 'sex': must be a column of file.csv; it begins with 'Q1', 'Q2'"
    )


def test_a_code_has_one_meaning():
    with pytest.raises(OptionError) as caught:
        read_responses(pl.DataFrame({"Q1": ["9"]}), omitted=["9"], not_reached=["9"])
    assert str(caught.value) == "code '9': must have one meaning; got omitted and not_reached"


def test_options_have_a_closed_set_of_values(tmp_path):
    assert refusal(tmp_path, WIDE, format="tall") == "format must be long or wide; got 'tall'"
    assert refusal(tmp_path, WIDE, duplicates="last") == "duplicates must be refuse or first; got 'last'"
