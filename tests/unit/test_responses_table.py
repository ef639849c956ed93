"""Responses held dense and sparse: what they refuse, what resolving does; the long log with its columns."""

import numpy as np
import polars as pl
import pytest

from adaptest.errors import ResponseError, ResponseFileError
from adaptest.responses import NOT_REACHED, OMITTED, Responses, SparseRows
from adaptest.responses.coding import CellCodes
from adaptest.responses.log import read_log


def rows(start, item, score):
    return SparseRows(np.array(start), np.array(item, np.int32), np.array(score, np.int8))


WRONG = {
    "a person twice": (
        lambda: Responses.of(np.zeros((2, 1), int), persons=("a", "a")),
        "person 'a': ids must be unique; got it 2 times",
    ),
    "an item twice": (
        lambda: Responses.of(np.zeros((1, 2), int), items=("i", "i")),
        "item 'i': ids must be unique; got it 2 times",
    ),
    "too few ids": (
        lambda: Responses.of(np.zeros((2, 1), int), persons=("a",)),
        "cells must have shape (1, 1); got (2, 1)",
    ),
    "one axis": (
        lambda: Responses.of(np.zeros(3, int)),
        "cells must have two axes, persons and items; got 1",
    ),
    "fractions, or nan": (
        lambda: Responses.of(np.array([[1.0, np.nan]])),
        (
            "cells must be whole numbers, -1 where not presented, without nan or mask; got float64; "
            "use read_responses"
        ),
    ),
    "masked cells": (
        lambda: Responses.of(np.ma.array([[1, 0]], mask=[[True, False]])),
        (
            "cells must be whole numbers, -1 where not presented, without nan or mask; got masked cells; "
            "use read_responses"
        ),
    ),
    "a score too high": (
        lambda: Responses.of(np.array([[200]])),
        "a score must be in 0..127; got 200 to 200",
    ),
    "a score too low": (
        lambda: Responses.of(rows([0, 1], [0], [-4])),
        "a score must be at least 0; got -4",
    ),
    "a weight of nothing": (
        lambda: Responses.of(np.zeros((1, 1), int), weight=np.zeros(1)),
        "weight must be (N,) = (1,), finite and greater than 0",
    ),
    "a group that is not there": (
        lambda: Responses.of(np.zeros((1, 1), int), group=np.array([1])),
        "group must be (N,) = (1,) rows of 1 groups",
    ),
    "an item beyond the last": (
        lambda: Responses.of(rows([0, 1], [2], [1]), items=("i", "j")),
        "item must be in 0..1; got 2 to 2",
    ),
    "rows that do not add up": (
        lambda: Responses.of(rows([0, 2], [0], [1])),
        "start must rise from 0 to the number of cells, 1",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_breaks_a_rule_is_refused(what):
    make, sentence = WRONG[what]
    with pytest.raises(ResponseError) as caught:
        make()
    assert str(caught.value) == sentence


def test_what_was_read_cannot_be_changed():
    for cells in (np.zeros((2, 2), int), rows([0, 1], [0], [1])):
        responses = Responses.of(cells)
        held = responses.cells.score if responses.is_sparse else responses.cells
        with pytest.raises(ValueError, match="read-only"):
            held[0] = 1


def test_omitted_and_not_reached_are_resolved_by_policy_and_said():
    responses = Responses.of(np.array([[1, OMITTED, NOT_REACHED], [0, OMITTED, -1]]))
    for held in (responses, Responses.of(responses.sparse(), responses.items)):
        resolved = held.resolved()
        assert resolved.dense().tolist() == [[1, 0, -1], [0, 0, -1]]
        assert resolved.notes == (
            "2 omitted responses treated as wrong",
            "1 not reached responses treated as not presented",
        )
        other = held.resolved(omitted="not_presented", not_reached="wrong")
        assert other.dense().tolist() == [[1, -1, 0], [0, -1, -1]]
    assert resolved.resolved() is resolved


LOG = (
    "person,item,response,score,time_s,role,at\n"
    "p1,i1,A,1,3.5,operational,2026-01-01\n"
    "p2,i1,B,0,,operational,2026-01-02\n"
    "p1,i1,C,0,2,practice,2026-02-01\n"
    "p1,i2,,omitted,9,operational,\n"
)


def test_a_log_keeps_every_row_and_its_columns(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    log = read_log(path)
    assert (len(log), log.persons, log.items) == (4, ("p1", "p2"), ("i1", "i2"))
    assert log.person.tolist() == [0, 1, 0, 0]
    assert log.item.tolist() == [0, 0, 0, 1]
    assert log.score.tolist() == [1, 0, 0, OMITTED]
    assert list(log.columns) == ["response", "time_s", "role", "at"]
    assert log.columns["response"] == ("A", "B", "C", None)
    assert log.numbers("time_s").tolist()[::2] == [3.5, 2.0]
    assert np.isnan(log.numbers("time_s")[1])
    assert log.notes == ("read as long (score): 4 rows",)
    by_key = read_log(path, columns=["role"], key={"i1": "C", "i2": "A"}, codes=CellCodes(omitted=("-",)))
    assert by_key.score.tolist() == [0, 0, 1, -1]


def test_the_rows_to_keep_become_responses():
    log = read_log(pl.read_csv(LOG.encode()))
    operational = np.array([role == "operational" for role in log.columns["role"]])
    assert log.responses(operational).dense().tolist() == [[1, OMITTED], [0, -1]]
    first = log.responses(duplicates="first")
    assert first.dense().tolist() == [[1, OMITTED], [0, -1]]
    assert first.notes[-1] == "1 rows repeat a person and item; the first of each counts"
    with pytest.raises(ResponseError) as caught:
        log.responses()
    assert str(caught.value) == "person 'p1': must have one row for item 'i1'; got rows 1 and 3"


def test_a_column_of_a_log_that_is_no_number_or_not_there_is_refused():
    log = read_log({"person": ["p"], "item": ["i"], "score": [1], "time_s": ["soon"]})
    with pytest.raises(ResponseError) as caught:
        log.numbers("time_s")
    assert str(caught.value) == "row 1 of the log: column 'time_s' must be a number; got 'soon'"
    with pytest.raises(ResponseFileError) as caught:
        read_log({"person": ["p"], "item": ["i"], "score": [1]}, columns=["role"])
    assert str(caught.value) == ("responses: must have a column 'role'; got 'person', 'item', 'score'")
