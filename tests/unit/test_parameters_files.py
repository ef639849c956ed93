"""Reading parameter tables: what each kind of file means, and the whole sentence where one is wrong."""

import gzip

import numpy as np
import polars as pl
import pytest

from adaptest.errors import FileError, ItemParameterError, OptionError, ParameterFileError
from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems, SequentialItems
from adaptest.parameters import ItemParameters, ParameterTable
from adaptest.parameters.files import read_parameter_table, read_parameters, write_parameter_table

INF, NAN = np.inf, np.nan
MODELS = "rasch, 1pl, 2pl, 3pl, 4pl, grm, pcm, gpcm, rsm, nrm, sequential"


@pytest.fixture
def table_of(tmp_path, monkeypatch):
    """Write some text as t.csv in the current folder and read it."""
    monkeypatch.chdir(tmp_path)

    def read(text, **options):
        (tmp_path / "t.csv").write_bytes(text.encode())
        return read_parameter_table("t.csv", **options)

    return read


def test_a_table_of_every_model_is_read_in_its_order(table_of):
    table = table_of(
        "item_id,model,discrimination,difficulty,threshold_1,threshold_2,step_1,step_2,"
        "category_slope_1,category_slope_2,category_intercept_1,category_intercept_2,guessing,upper_asymptote\n"
        "n,nrm,,,,,,,0.9,-1.6,0.2,-0.6,,\n"
        "r,rsm,,0.5,,,-0.7,0.7,,,,,,\n"
        "4,4pl,1.5,0,,,,,,,,,0.2,0.9\n"
        "g,grm,1.2,,-1,0.5,,,,,,,,\n"
        "p,pcm,,,,,0.3,-0.3,,,,,0,1\n"
        "1,rasch,,-0.25,,,,,,,,,,\n"
        "q,gpcm,0.8,,,,0.3,,,,,,,\n"
        "s,sequential,0.8,,,,0.3,0.1,,,,,,\n"
    )
    assert table.ids == table.items.ids == ("n", "r", "4", "g", "p", "1", "q", "s")
    assert (
        table.models
        == table.items.models
        == ("nrm", "rsm", "4pl", "grm", "pcm", "rasch", "gpcm", "sequential")
    )
    assert table.notes == ()
    expected = ItemParameters(
        table.ids,
        (
            NominalItems(("n",), [[0, 0.9, -1.6]], [[0, 0.2, -0.6]]),
            PartialCreditItems(
                ("r", "p", "q"), [1, 1, 0.8], [[-0.2, 1.2], [0.3, -0.3], [0.3, INF]], ("rsm", "pcm", "gpcm")
            ),
            LogisticItems(("4", "1"), [1.5, 1], [0, -0.25], [0.2, 0], [0.9, 1], ("4pl", "rasch")),
            GradedItems(("g",), [1.2], [[-1, 0.5]]),
            SequentialItems(("s",), [0.8], [[0.3, 0.1]]),
        ),
    )
    assert table.items.fingerprint == expected.fingerprint


@pytest.mark.parametrize(
    ("header", "row", "model"),
    [
        ("item_id,difficulty", "i1,0.5", "rasch"),
        ("item,b", "i1,0.5", "rasch"),
        ("id,a,b", "i1,1.2,0.5", "2pl"),
        ("ID,A,B,C", "i1,1.2,0.5,0.2", "3pl"),
        ("item,a,b,g,u", "i1,1.2,0.5,0.2,1", "3pl"),
        ("item,a,b,g,u", "i1,1.2,0.5,0,1", "2pl"),
        ("id,a,b,c,d", "i1,1.2,0.5,0,0.98", "4pl"),
        ("id,discrimination,threshold_1,threshold_2", "i1,1.2,0.5,0.6", "grm"),
        ("id,discrimination,step_1,step_2", "i1,1.2,0.5,0.6", "gpcm"),
        ("id,step_1,step_2", "i1,0.5,0.6", "pcm"),
        ("id,difficulty,step_1,step_2", "i1,0.1,-0.6,0.6", "rsm"),
        ("id,category_slope_1,category_intercept_1", "i1,0.5,0.6", "nrm"),
    ],
)
def test_a_model_that_is_not_named_is_inferred_and_said(table_of, header, row, model):
    table = table_of(f"{header}\n{row}\n")
    assert table.models == (model,)
    assert table.notes == (f"1 item without a model read as {model}, by its parameters",)


def test_further_columns_are_kept_and_said(table_of):
    table = table_of("item_id,skill,a,b,key\n007,x y,1,0,C\n")
    assert dict(table.extra) == {"skill": ("x y",), "key": ("C",)}
    assert table.notes[-1] == "columns kept but not used: skill, key"


def test_a_short_name_beside_the_full_one_is_a_further_column(table_of):
    table = table_of("item_id,item,difficulty\n007,What is it?,1\n")
    assert table.ids == ("007",)
    assert dict(table.extra) == {"item": ("What is it?",)}


def test_rows_without_parameters_are_listed_not_read(table_of):
    table = table_of(
        "item_id,model,difficulty,status,n\n1,rasch,,inestimable,30\n2,rasch,0.5,estimated,400\n3,,,held,12\n4,,,,\n"
    )
    assert table.ids == ("1", "2", "3", "4")
    assert table.items.ids == ("2",)
    assert table.without_parameters == ("1", "3", "4")
    assert table.models == ("rasch", "rasch", "", "")
    assert table.notes == ("3 items without parameters left out: 1, 3, 4",)


def test_a_row_left_out_that_no_status_explains_is_warned_of(table_of):
    table_of("item_id,difficulty,status\n1,,held\n2,,\n3,0.5,\n4,,\n")
    with pytest.warns(
        UserWarning, match=r"^t\.csv: item '2': has no parameters and is left out \(and 1 more\)$"
    ):
        items = read_parameters("t.csv")
    assert items.ids == ("3",)


def test_what_is_known_about_parameters_is_read(table_of):
    table = table_of(
        "item_id,model,discrimination,threshold_1,threshold_2,se_discrimination,se_threshold_1,se_threshold_2,"
        "n,n_per_category,basis,status,flags,scale_id\n"
        "1,grm,1.2,0,1,0.1,0.2,NA,400,100 250 50,calibrated,at_bound,sparse outside_grid,2026\n"
        "2,grm,1.2,0,,0.1,0.2,,12.5,10.5 2,judged,,,\n"
    )
    np.testing.assert_array_equal(table.se["discrimination"], [0.1, 0.1])
    np.testing.assert_array_equal(table.se["threshold"], [[0.2, NAN], [0.2, NAN]])
    np.testing.assert_array_equal(table.se_of_items("discrimination"), [0.1, 0.1])
    np.testing.assert_array_equal(table.se_of_items("guessing"), [NAN, NAN])
    assert table.n.tolist() == [400, 12.5]
    assert table.n_per_category == ((100, 250, 50), (10.5, 2))
    assert table.basis == ("calibrated", "judged")
    assert table.status == ("at_bound", "")
    assert table.flags == (("sparse", "outside_grid"), ())
    assert table.scale_id == ("2026", "")


def test_the_scaling_constant_of_a_column_multiplies_discriminations_and_is_said(table_of):
    table = table_of("item_id,a,b,se_discrimination,scaling_constant\n1,1,0,0.1,1.7\n2,1,0,0.1,\n")
    assert table.items.discrimination.tolist() == [1.7, 1.0]
    np.testing.assert_allclose(table.se["discrimination"], [0.17, 0.1], rtol=1e-15)
    assert table.scaling_constant.tolist() == [1.7, 1.0]
    assert table.notes[-1] == "discrimination of 1 item multiplied by the scaling constant 1.7"


def test_the_scaling_constant_that_is_asked_for_multiplies_all(table_of):
    table = table_of("item_id,model,a,b\n1,2pl,1,0\n2,rasch,,0\n", scaling_constant=1.702)
    assert table.items.discrimination.tolist() == [1.702, 1.702]
    assert table.notes == ("discrimination of 2 items multiplied by the scaling constant 1.702",)


def test_a_rasch_item_with_another_discrimination_is_said(table_of):
    table = table_of("item_id,model,a,b\n1,rasch,1.7,0\n")
    assert table.items.discrimination.tolist() == [1.7]
    assert table.notes == ("1 item of model rasch with a discrimination other than 1, used as it is",)


def test_quoted_newlines_commas_and_blanks_in_ids_stay(table_of):
    table = table_of('item_id,difficulty\n"a\nb,""c""",0\n lead,1\n')
    assert table.ids == ('a\nb,"c"', " lead")


def test_a_line_number_counts_the_newlines_in_quotes(table_of):
    with pytest.raises(ParameterFileError) as caught:
        table_of('item_id,difficulty\n"a\nb",0\nc,x\n')
    assert str(caught.value) == "t.csv:4: item 'c': difficulty must be a finite number; got 'x'"


def test_windows_newlines_a_byte_order_mark_and_empty_rows_are_read(table_of):
    table = table_of("\ufeffitem_id,difficulty\r\n\r\n1,0.5\r\n,\r\n2,1\r\n")
    assert table.ids == ("1", "2")
    assert table.notes[0] == "1 empty row skipped"


def test_a_table_without_rows_is_read_and_said(table_of):
    table = table_of("item_id,difficulty\n")
    assert len(table) == len(table.items) == 0
    assert table.notes == ("the table has no rows",)


NEEDED = "item_id,model,discrimination,difficulty,guessing,upper_asymptote"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "t.csv: must begin with a line of column names; got an empty file"),
        (" \n\n", "t.csv: must begin with a line of column names; got an empty file"),
        ("1,0.5\n2,0.7\n", "t.csv: must have the column item_id (or id, item); got 1, 0.5"),
        ("item_id;a;b\n1;1;0\n", "t.csv:1: columns must be separated by commas; got semicolons"),
        ("item_id\ta\tb\n1\t1\t0\n", "t.csv:1: columns must be separated by commas; got tabs"),
        ("item_id,a,b\n1,1\n", "t.csv:2: must have a cell for each of the 3 columns; got 2 cells"),
        ("item_id,a,b\n1,1,0,0\n", "t.csv:2: must have a cell for each of the 3 columns; got 4 cells"),
        ('item_id,b\n1,0\n"2,0\n', "t.csv:3: must be CSV; unexpected end of data"),
        ("item_id,b,B\n1,0,0\n", "t.csv: each column must stand once; got 'b' and 'B'"),
        (
            "item_id,a,b,guesing\n1,1,0,0.2\n",
            (
                "t.csv: a column so like guessing must be named guessing; got 'guesing';"
                " correct it or give it another name"
            ),
        ),
        (
            "item_id,a,Threshold1\n1,1,0\n",
            (
                "t.csv: a column so like threshold must be named threshold_1, threshold_2, ...;"
                " got 'Threshold1'; correct it or give it another name"
            ),
        ),
        ("item_id,skill,skill\n1,0,0\n", "t.csv: each column must stand once; got 'skill' and 'skill'"),
        ("item_id,g,c,b\n1,0,0,0\n", "t.csv: each column must stand once; got 'g' and 'c'"),
        (
            "item_id,a,threshold_1,threshold_3\n1,1,0,0\n",
            "t.csv: threshold columns must be numbered from 1 without a gap; got 'threshold_3'",
        ),
        (
            "item_id,category_slope_0,category_intercept_0\n1,0,0\n",
            "t.csv: category_slope columns must be numbered from 1 without a gap; got 'category_slope_0'",
        ),
        ("item_id,b\n ,0\n", "t.csv:2: item_id must not be empty"),
        ("item_id,b\n1,0\n2,0\n1,1\n", "t.csv:4: item '1': item_id must be unique; got it on line 2 too"),
        (
            "item_id,b\n1,0\n2,0\n1,1\n2,0\n",
            "t.csv:4: item '1': item_id must be unique; got it on line 2 too (and 1 more row)",
        ),
        (
            "item_id,model,a,b\n1,3PL,1,0\n",
            "t.csv: 3pl items need the column guessing (or c); got item_id, model, a, b",
        ),
        ("item_id,model,a\n1,grm,1\n", "t.csv: grm items need the column threshold_1; got item_id, model, a"),
        (
            "ID,MODEL,PAR1\n1,2PL,1\n",
            "t.csv: 2pl items need the column discrimination (or a); got ID, MODEL, PAR1",
        ),
        ("item_id,skill\n1,x\n", "t.csv: rasch items need the column difficulty (or b); got item_id, skill"),
        ("item_id,model,b\n1,GR,1\n", f"t.csv:2: item '1': model must be one of {MODELS}; got 'GR'"),
        (
            "item_id,b\n1,0\n2,x\n3,1e999\n",
            "t.csv:3: item '2': difficulty must be a finite number; got 'x' (and 1 more row)",
        ),
        ("item_id,b\n1,nan\n", "t.csv:2: item '1': difficulty must be a finite number; got 'nan'"),
        ("item_id,b\n1,1_000\n", "t.csv:2: item '1': difficulty must be a finite number; got '1_000'"),
        ('item_id,b\n1,"0,5"\n', "t.csv:2: item '1': difficulty must be a finite number; got '0,5'"),
        ("item_id,a,b\n1,1,\n", "t.csv:2: item '1': difficulty must be given for a 2pl item; got nothing"),
        ("item_id,a,b\n1,0,1\n", "t.csv:2: item '1': discrimination must not be 0; got 0.0"),
        (
            f"{NEEDED}\nREC-017,3pl,1,0,1.2,\n",
            "t.csv:2: item 'REC-017': guessing must be in [0, 1); got 1.2",
        ),
        (
            f"{NEEDED}\n1,4pl,1,0,0.5,0.4\n2,4pl,1,0,0,1.1\n3,4pl,1,0,0,0\n",
            "t.csv:2: item '1': upper_asymptote must be in (guessing, 1]; got 0.4 (and 2 more rows)",
        ),
        (
            f"{NEEDED}\n1,2pl,1,0,0.2,\n",
            "t.csv:2: item '1': guessing must be 0 or empty for a 2pl item; got 0.2",
        ),
        (
            f"{NEEDED}\n1,3pl,1,0,0.2,0.9\n",
            "t.csv:2: item '1': upper_asymptote must be 1 or empty for a 3pl item; got 0.9",
        ),
        (
            "item_id,model,a,threshold_1,threshold_2\n1,grm,1,0,1\n2,grm,1,1,0.5\n",
            "t.csv:3: item '2': threshold_2 must be greater than threshold_1; got 0.5 after 1.0",
        ),
        (
            "item_id,model,a,threshold_1,threshold_2\n1,grm,1,0,0\n",
            "t.csv:2: item '1': threshold_2 must be greater than threshold_1; got 0.0 after 0.0",
        ),
        (
            "item_id,model,a,threshold_1,threshold_2\n1,grm,-1,0,1\n",
            (
                "t.csv:2: item '1': threshold_2 must be less than threshold_1, since discrimination is"
                " negative; got 1.0 after 0.0"
            ),
        ),
        (
            "item_id,a,threshold_1,threshold_2,threshold_3\n1,1,0,,1\n",
            "t.csv:2: item '1': threshold_2 must be given where threshold_3 is; got nothing",
        ),
        (
            "item_id,model,b,step_1\n1,pcm,0.5,0.5\n",
            (
                "t.csv:2: item '1': difficulty must be empty for a pcm item; got 0.5;"
                " add it to each step, since steps are absolute here"
            ),
        ),
        (
            "item_id,model,a,b,step_1\n1,2pl,1,0.5,0.25\n",
            "t.csv:2: item '1': step must be empty for a 2pl item; got 0.25",
        ),
        (
            "item_id,category_slope_1,category_slope_2,category_intercept_1\n1,1,2,0\n",
            "t.csv:2: item '1': category_intercept must have as many values as category_slope; got 1 for 2",
        ),
        (
            "item_id,category_slope_1,category_intercept_1\n1,0,1\n",
            "t.csv:2: item '1': category_slope must not be 0 for every category; got only 0",
        ),
        (
            "item_id,b,status\n1,0,operational\n",
            (
                "t.csv:2: item '1': status must be one of estimated, anchored, at_prior, at_bound, extreme,"
                " no_responses, inestimable, held, or empty; got 'operational'"
            ),
        ),
        (
            "item_id,b,basis\n1,0,guessed\n",
            "t.csv:2: item '1': basis must be one of judged, calibrated, anchored, or empty; got 'guessed'",
        ),
        (
            "item_id,b,status\n1,,estimated\n",
            (
                "t.csv:2: item '1': an item must have parameters where status is estimated, anchored,"
                " at_prior, at_bound; got nothing"
            ),
        ),
        ("item_id,b,n\n1,0,-3\n", "t.csv:2: item '1': n must be 0 or more; got -3.0"),
        (
            "item_id,b,n_per_category\n1,0,3;4\n",
            "t.csv:2: item '1': n_per_category must be numbers separated by spaces; got '3;4'",
        ),
        (
            "item_id,b,n_per_category\n1,0,3 4 5\n",
            "t.csv:2: item '1': n_per_category must have a number for each of 2 categories; got '3 4 5'",
        ),
        ("item_id,b,se_difficulty\n1,0,-1\n", "t.csv:2: item '1': se_difficulty must be 0 or more; got -1.0"),
        (
            "item_id,step_1,se_step_1\n1,0,-1\n",
            "t.csv:2: item '1': se_step must be 0 or more; got -1.0",
        ),
        (
            "item_id,b,scaling_constant\n1,0,0\n",
            "t.csv:2: item '1': scaling_constant must be greater than 0; got 0.0",
        ),
        (
            "item_id,category_slope_1,category_intercept_1,scaling_constant\n1,1,0,1.7\n",
            "t.csv:2: item '1': scaling_constant must be 1 for nrm, whose slopes have one metric; got 1.7",
        ),
    ],
)
def test_a_wrong_table_gets_a_sentence(table_of, text, message):
    with pytest.raises(ParameterFileError) as caught:
        table_of(text)
    assert str(caught.value) == message


def test_another_scaling_constant_than_the_files_is_refused(table_of):
    with pytest.raises(ParameterFileError) as caught:
        table_of("item_id,b,scaling_constant\n1,0,1.7\n", scaling_constant=1.0)
    assert str(caught.value) == (
        "t.csv:2: item '1': scaling_constant must be the one that is asked for, 1.0; got 1.7"
    )


@pytest.mark.parametrize("d", [0.0, -1.7, NAN, INF])
def test_a_scaling_constant_is_finite_and_positive(table_of, d):
    with pytest.raises(OptionError) as caught:
        table_of("item_id,b\n1,0\n", scaling_constant=d)
    assert str(caught.value) == f"scaling_constant must be finite and greater than 0; got {d}"


def test_a_missing_file_a_folder_and_wrong_bytes_get_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "latin.csv").write_bytes("item_id,b\nübel,0\n".encode("latin-1"))
    whole = gzip.compress(b"item_id,b\n1,0\n" * 50)
    (tmp_path / "cut.csv.gz").write_bytes(whole[:-9])
    (tmp_path / "no.parquet").write_bytes(b"item_id,b\n1,0\n")
    pl.DataFrame({"item_id": ["1"], "b": [0.0]}).write_parquet(tmp_path / "whole.parquet")
    data = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(data[:-20])
    not_whole = "must be a whole Parquet file; got something else or a part of one"
    for name, message in {
        "none.csv": "none.csv: no such file",
        "none.parquet": "none.parquet: no such file",
        "folder": "folder: must be a file; got a directory",
        "latin.csv": "latin.csv:2: must be UTF-8 text; got byte 0xfc; save it as UTF-8",
        "cut.csv.gz": "cut.csv.gz: must be a whole gzip file;"
        " compressed file ended before the end-of-stream marker was reached",
        "no.parquet": f"no.parquet: {not_whole}",
        "cut.parquet": f"cut.parquet: {not_whole}",
    }.items():
        with pytest.raises(ParameterFileError) as caught:
            read_parameters(name)
        assert str(caught.value) == message
    (tmp_path / "damaged.parquet").write_bytes(data[:40] + b"\xff" * (len(data) - 44) + data[-4:])
    with pytest.raises(ParameterFileError, match=r"^damaged\.parquet: must be a whole Parquet file; .+$"):
        read_parameters("damaged.parquet")


def test_a_parquet_table_of_another_program_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    frame = pl.DataFrame({"item": [7, 8], "a": [1.5, 2], "b": [1, 0], "note": [None, True]})
    frame.write_parquet("t.parquet")
    table = read_parameter_table("t.parquet")
    assert table.ids == ("7", "8")
    assert table.items.discrimination.tolist() == [1.5, 2]
    assert dict(table.extra) == {"note": ("", "True")}


def test_a_row_of_a_parquet_file_is_named_by_its_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pl.DataFrame({"item_id": ["1", "2"], "a": [1.0, 0.0], "b": [0.0, 0.0]}).write_parquet("t.parquet")
    with pytest.raises(ParameterFileError) as caught:
        read_parameters("t.parquet")
    assert str(caught.value) == "t.parquet row 2: item '2': discrimination must not be 0; got 0.0"
    pl.DataFrame({"item_id": ["1", "1"], "b": [0.0, 0.0]}).write_parquet("t.parquet")
    with pytest.raises(ParameterFileError, match=r"^t\.parquet row 2: .* got it on row 1 too$"):
        read_parameters("t.parquet")


MIXED = ItemParameters(
    ("r", "007"),
    (
        LogisticItems(("007",), [1.5], [-0.25], [0.2], [1]),
        PartialCreditItems(("r",), [1], [[-0.25, 1.25]], ("rsm",)),
    ),
)


def test_a_written_table_reads_well(tmp_path):
    table = ParameterTable.of(
        MIXED,
        ids=["r", "held", "007"],
        se={"difficulty": np.array([NAN, NAN, 0.125])},
        n=np.array([400, 12, 400.5]),
        n_per_category=[(100, 200, 100), (), ()],
        basis=["calibrated", "", "judged"],
        status=["estimated", "held", "at_prior"],
        flags=[["sparse", "wide"], [], []],
        scale_id="2026",
        extra={"judged_by": ["", "", "a, b"]},
    )
    write_parameter_table(tmp_path / "t.csv", table)
    assert (tmp_path / "t.csv").read_text("utf-8") == (
        "item_id,model,discrimination,difficulty,step_1,step_2,guessing,upper_asymptote,scaling_constant,"
        "se_difficulty,n,n_per_category,basis,status,flags,scale_id,judged_by\n"
        "r,rsm,1.0,0.5,-0.75,0.75,,,1.0,,400,100 200 100,calibrated,estimated,sparse wide,2026,\n"
        "held,,,,,,,,,,12,,,held,,2026,\n"
        '007,3pl,1.5,-0.25,,,0.2,1.0,1.0,0.125,400.5,,judged,at_prior,,2026,"a, b"\n'
    )


def test_a_table_that_cannot_be_written_gets_a_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError) as caught:
        write_parameter_table("t.csv", ParameterTable.of(MIXED, extra={"note": ["", "\ud800"]}))
    assert str(caught.value) == "t.csv: item '007': note must be text; got '\\ud800'"
    graded = ItemParameters.of(GradedItems(("g",), [1], [[0]]))
    with pytest.raises(FileError) as caught:
        write_parameter_table("t.csv", ParameterTable.of(graded, extra={"c": ["x"]}))
    assert str(caught.value) == "t.csv: column 'c' would be read as guessing; rename it"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"ids": ["007", "r"]}, "ids must be unique and hold those of items, in the same order"),
        ({"ids": ["r", "r", "007"]}, "ids must be unique and hold those of items, in the same order"),
        ({"ids": ["r"]}, "ids must be unique and hold those of items, in the same order"),
        ({"basis": ["judged"]}, "basis must have 2 entries, one per row; got 1"),
        ({"extra": {"x": ["1"]}}, "column 'x' must have 2 entries, one per row; got 1"),
        ({"extra": {"n": ["1", "2"]}}, "a further column must have a name of its own; got 'n'"),
        ({"extra": {"Guesing": ["1", "2"]}}, "a further column must have a name of its own; got 'Guesing'"),
        ({"basis": "guessed"}, "item 'r': basis must be one of judged, calibrated, anchored; got 'guessed'"),
        ({"flags": [["a b"], []]}, "item 'r': a flag must be one word; got 'a b'"),
        ({"flags": [[""], []]}, "item 'r': a flag must be one word; got ''"),
        ({"n": np.zeros(3)}, "n must have shape (2,); got (3,)"),
        ({"se": {"difficulty": np.zeros(3)}}, "se of difficulty must have shape (2,); got (3,)"),
        ({"se": {"step": np.zeros(2)}}, "se of step must have shape (2, K); got (2,)"),
        ({"se": {"difficulty": np.array([0, -1.0])}}, "se of difficulty must be 0 or more; got -1.0"),
        (
            {"se": {"b": np.zeros(2)}},
            (
                "se must name parameters, discrimination, difficulty, threshold, step, category_slope,"
                " category_intercept, guessing, upper_asymptote; got 'b'"
            ),
        ),
    ],
)
def test_a_table_that_breaks_its_rules_is_refused(columns, message):
    with pytest.raises(ValueError, match="must") as caught:
        ParameterTable.of(MIXED, **columns)
    assert str(caught.value) == message


def test_scores_are_counted_from_what_a_further_column_says():
    assert ParameterTable.of(MIXED).lowest_score == 0
    assert ParameterTable.of(MIXED, extra={"lowest_score": ["", "1"]}).lowest_score == 1
    with pytest.raises(ItemParameterError) as caught:
        _ = ParameterTable.of(MIXED, extra={"lowest_score": ["0", "1"]}).lowest_score
    assert str(caught.value) == "lowest_score must be one whole number for all items; got ['0', '1']"


def test_a_row_without_parameters_keeps_its_model_through_a_file(tmp_path):
    table = read_written(tmp_path, "item_id,model,a,b,c\n1,2pl,1,0,\n2,3pl,,,\n")
    write_parameter_table(tmp_path / "again.csv", table)
    assert read_parameter_table(tmp_path / "again.csv").models == ("2pl", "3pl")


def read_written(folder, text):
    (folder / "t.csv").write_text(text, "utf-8")
    return read_parameter_table(folder / "t.csv")


def test_a_tables_columns_are_read_only():
    table = ParameterTable.of(MIXED, se={"difficulty": np.zeros(2)})
    for column in (table.n, table.scaling_constant, table.se["difficulty"]):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 1
    with pytest.raises(TypeError, match="does not support item assignment"):
        table.se["step"] = np.zeros((2, 2))


def test_real_tables_are_read_or_refused_with_a_sentence(shared, tmp_path):
    tcals = read_parameter_table(shared / "data" / "bank_tcals.csv")
    assert len(tcals.items) == 85
    assert set(tcals.models) == {"3pl"}
    year = pl.read_csv(shared / "data" / "enem_public_itembank.csv", infer_schema=False)
    for (_, area), rows in year.group_by("year", "area"):
        rows.write_csv(tmp_path / "enem.csv")
        table = read_parameter_table(tmp_path / "enem.csv")
        assert set(table.items.models) == {"3pl"}, area
        assert table.without_parameters == tuple(rows.filter(pl.col("a").is_null())["item"])
        np.testing.assert_array_equal(
            table.items.discrimination, rows["a"].drop_nulls().cast(pl.Float64).to_numpy()
        )
    with pytest.raises(
        ParameterFileError, match=r"enem_public_itembank\.csv:\d+: item '\d+': item_id must be unique"
    ):
        read_parameters(shared / "data" / "enem_public_itembank.csv")
    with pytest.raises(
        ParameterFileError, match=r"science_pool\.csv:12: item 'SC00011': model must be one of"
    ):
        read_parameters(shared / "data" / "bank_testdesign_science_pool.csv")
    with pytest.raises(
        ParameterFileError, match=r"fatigue_pool\.csv:2: item 'FATIMP1': model must be one of"
    ):
        read_parameters(shared / "data" / "bank_testdesign_fatigue_pool.csv")
