"""Frames, mappings and arrays that are no responses are refused in a sentence with their row."""

import numpy as np
import polars as pl
import pytest

from adaptest.errors import OptionError, ResponseFileError
from adaptest.responses.files import read_responses


def test_columns_of_dates_or_lists_are_refused():
    for column, got in (
        ([[1], [2]], "List(Int64)"),
        (pl.date_range(pl.date(2026, 1, 1), pl.date(2026, 1, 2), eager=True), "Date"),
    ):
        with pytest.raises(ResponseFileError) as caught:
            read_responses(pl.DataFrame({"id": ["a", "b"], "Q1": column}))
        assert str(caught.value) == f"responses: column 'Q1' must hold text or numbers; got {got}"


def test_ids_that_are_fractions_are_refused():
    table = pl.DataFrame({"person": [1.0, 2.0], "item": ["i", "i"], "score": [1, 0]})
    with pytest.raises(ResponseFileError) as caught:
        read_responses(table)
    assert str(caught.value) == "responses: column 'person' must hold text or whole numbers; got Float64"


ARRAYS = {
    "three axes": (np.zeros((1, 1, 1)), "responses: an array must have two axes, persons and items; got 3"),
    "a fraction": (
        np.array([[0, 1], [0.5, 1]]),
        "responses: row 1: item 'i1': a score must be a whole number from 0 to 127; got 0.5",
    ),
    "rows of different lengths": (
        [[0, 1], [0]],
        "responses: rows must have the same length; got different ones",
    ),
    "an unknown code": (
        np.array([[0, -4]]),
        "responses: row 0: item 'i2': a score must be a whole number from 0 to 127; got -4",
    ),
}


@pytest.mark.parametrize("what", ARRAYS)
def test_a_wrong_array_is_refused(what):
    array, sentence = ARRAYS[what]
    with pytest.raises(ResponseFileError) as caught:
        read_responses(array)
    assert str(caught.value) == sentence


def test_what_is_no_table_is_refused():
    with pytest.raises(ResponseFileError) as caught:
        read_responses(42)
    assert str(caught.value) == (
        "responses: must be a path, a data frame (anything with "
        "__arrow_c_stream__), a mapping of columns or a "
        "2-D array; got int"
    )
    with pytest.raises(OptionError) as caught:
        read_responses(np.zeros((2, 2)), groups="g")
    assert str(caught.value) == "an array has no named columns; give a data frame or a mapping of columns"


def test_a_masked_cell_is_not_presented_whatever_lies_under_the_mask():
    for values in (np.array([[1, 0], [0, 1]]), np.array([[1.0, 0.0], [0.0, 1.0]])):
        masked = np.ma.array(values, mask=[[True, False], [False, False]])
        assert read_responses(masked).cells.tolist() == [[-1, 0], [0, 1]]
