"""Item parameters of other programs: read with their D, written so that they come back."""

import random

import numpy as np
import pytest

from adaptest.bank.formats.parameters import PARAMETER_FORMATS, read_foreign, write_foreign
from adaptest.errors import AdaptestError, OptionError, ParameterFileError
from adaptest.models import GradedItems, LogisticItems, NominalItems, PartialCreditItems
from adaptest.parameters import ItemParameters
from adaptest.parameters.columns import columns_of
from adaptest.parameters.table import ParameterTable

THETA = np.linspace(-3, 3, 13)

BILOG_ITEMS = {
    "ITEM0001": (-1.0, 0.1, 0.8, 0.05, 1.25, 0.12, 0.6247, 0.04, 0.2, 0.03, 0.0, 0.0),
    "ITEM0002": (0.6, 0.1, 1.2, 0.05, -0.5, 0.12, 0.76822, 0.04, 0.0, 0.0, 0.0, 0.0),
}
BILOG = " a title\n >GLOBAL\n   1    2\n    2\n" + "".join(
    f"{item:8}{'TEST1':8}" + "".join(f"{value:10.5f}" for value in values) + "\n"
    for item, values in BILOG_ITEMS.items()
)
FLEXMIRT = (
    "1\tv1\t1\t1\t1\t2\t-1.0986122886681098\t-0.5\t1.25\n"
    "1\tv2\t1\t1\t2\t2\t0.6\t1.2\n"
    "1\tv3\t1\t1\t2\t3\t1.5\t-0.5\t2.0\n"
    "1\tv4\t1\t1\t3\t3\t0\t1\t0\t0\t0.4\t-0.3\t1.5\n"
    "0\tGroup1\t1\t1\t0\t0.0\t1.0\n"
)
IFILE = """; ITEM MEASURES FOR A SMALL FORM
;ENTRY MEASURE ST COUNT SCORE  ERROR  IN.MSQ IN.ZST OUT.MS OUT.ZS DISPL  NAME
     1    -.50  1   200   130    .16     1.02    .3   1.01    .2    .00  Listening one
     2    1.25  2   200    60    .17      .98   -.3    .97   -.2    .01  Listening two
     3    4.10 -1   200     0   1.83     1.00    .0   1.00    .0    .00  Too hard
;    4     .00 -3     0     0    .00     1.00    .0   1.00    .0    .00  Deleted
"""
COEF = '"","a1","d","g","u","d1","d2"\n"i1",1.5,-0.75,0.2,1,NA,NA\n"i2",2,NA,NA,NA,1,-1\n'
VALUES = """group,item,class,name,parnum,value,lbound,ubound,est
all,i1,dich,a1,1,1.5,-Inf,Inf,TRUE
all,i1,dich,d,2,-0.75,-Inf,Inf,TRUE
all,i1,dich,g,3,0.2,0,1,TRUE
all,i1,dich,u,4,1,0,1,FALSE
all,i2,gpcm,a1,5,2,-Inf,Inf,TRUE
all,i2,gpcm,ak0,6,0,-Inf,Inf,FALSE
all,i2,gpcm,ak1,7,1,-Inf,Inf,FALSE
all,i2,gpcm,ak2,8,2,-Inf,Inf,FALSE
all,i2,gpcm,d0,9,0,-Inf,Inf,FALSE
all,i2,gpcm,d1,10,1,-Inf,Inf,TRUE
all,i2,gpcm,d2,11,-1,-Inf,Inf,TRUE
all,GROUP,GroupPars,MEAN_1,12,0,-Inf,Inf,FALSE
"""
WOUNDS = [b"", b"\x00", b"\xff", b"nan", b"1e999", b"0", b"\n", b'"', b"9" * 30]
FILES = {
    "bilog": BILOG,
    "flexmirt": FLEXMIRT,
    "winsteps": IFILE,
    "mirt-coef": COEF,
    "mirt-values": VALUES,
}


def file(tmp_path, text):
    path = tmp_path / "file"
    path.write_text(text, encoding="utf-8")
    return path


def read(tmp_path, name, d=1.0):
    return read_foreign(file(tmp_path, FILES[name]), name, d)


def column(table, name):
    return columns_of(table.items)[name]


@pytest.mark.parametrize("name", PARAMETER_FORMATS)
def test_without_d_nothing_is_read_or_written(name, tmp_path):
    with pytest.raises(OptionError) as caught:
        read_foreign(file(tmp_path, FILES[name]), name, None)
    assert str(caught.value) == (
        f"--d must be given for {name}: the D of its model, 1 for the logistic metric, 1.7 or 1.702 for the"
        " normal one; the file does not say"
    )


@pytest.mark.parametrize("name", PARAMETER_FORMATS)
def test_d_is_echoed(name, tmp_path):
    note = read(tmp_path, name).notes[0]
    assert note == f"{PARAMETER_FORMATS[name].title}: read with D = 1; inside D = 1"


def test_bilog_slopes_are_multiplied_by_d(tmp_path):
    table = read(tmp_path, "bilog", 1.7)
    assert table.ids == ("ITEM0001", "ITEM0002")
    assert table.models == ("3pl", "2pl")
    assert column(table, "discrimination") == pytest.approx([0.8 * 1.7, 1.2 * 1.7])
    assert column(table, "difficulty") == pytest.approx([1.25, -0.5])
    assert table.se["discrimination"] == pytest.approx([0.05 * 1.7] * 2)


def test_bilog_columns_that_contradict_each_other_are_refused(tmp_path):
    text = BILOG.replace("-1.00000", " 1.00000", 1)
    with pytest.raises(ParameterFileError) as caught:
        read_foreign(file(tmp_path, text), "bilog", 1.0)
    assert str(caught.value).endswith(
        "file:5: item 'ITEM0001': intercept must be -slope x threshold; got 1, 0.8 and 1.25; the columns are"
        " not those of a BILOG-MG .PAR file"
    )


def test_flexmirt_rows_by_model(tmp_path):
    table = read(tmp_path, "flexmirt")
    assert table.models == ("3pl", "2pl", "grm", "gpcm")
    assert column(table, "guessing")[0] == pytest.approx(0.25)
    assert column(table, "difficulty")[:2] == pytest.approx([0.4, -0.5])
    assert column(table, "threshold")[2] == pytest.approx([-0.75, 0.25])
    # intercepts 0, .4 - .3 sin(pi / 2), .8: steps are -difference / a
    assert column(table, "step")[3] == pytest.approx([-0.1 / 1.5, -0.7 / 1.5])


def test_winsteps_items_keep_status_names_and_counts(tmp_path):
    table = read(tmp_path, "winsteps")
    assert table.ids == ("Listening one", "Listening two", "Too hard", "Deleted")
    assert table.status == ("estimated", "anchored", "extreme", "inestimable")
    assert column(table, "difficulty") == pytest.approx([-0.5, 1.25])
    assert table.n[0] == 200
    with pytest.raises(OptionError, match=r"--d must be 1 for winsteps: Rasch measures are logits"):
        read(tmp_path, "winsteps", 1.7)


@pytest.mark.parametrize("name", ["mirt-coef", "mirt-values"])
def test_mirt_intercepts_become_difficulties(name, tmp_path):
    table = read(tmp_path, name)
    assert table.models[0] == "3pl"
    assert column(table, "difficulty")[0] == pytest.approx(0.5)
    if name == "mirt-coef":
        assert column(table, "threshold")[1] == pytest.approx([-0.5, 0.5])
    else:
        assert column(table, "step")[1] == pytest.approx([-0.5, 1.0])


def mixed():
    binary = LogisticItems(("b1", "b2"), [1.2, 0.7], [0.3, -1.0], [0.2, 0.0], [1.0, 1.0])
    graded = GradedItems(("g1",), [1.5], [[-1.0, 0.1, 0.5]])
    credit = PartialCreditItems(("p1",), [0.8], [[0.4, -0.2, 1.1, 0.3]])
    nominal = NominalItems(("n1",), [[0.0, 0.5, 1.4]], [[0.0, -0.2, 0.6]])
    return ParameterTable.of(ItemParameters.of(binary, graded, credit, nominal))


@pytest.mark.parametrize("name", ["flexmirt", "mirt-values"])
@pytest.mark.parametrize("d", [1.0, 1.702])
def test_what_is_written_reads_back_with_the_same_probabilities(name, d, tmp_path):
    table = mixed()
    text, left = write_foreign(table, name, d)
    back = read_foreign(file(tmp_path, text), name, d)
    assert left == (["item 'n1': nrm is not written for flexMIRT"] if name == "flexmirt" else [])
    rows = np.array([table.items.row[item] for item in back.ids])
    there = table.items.take(rows)
    assert back.items.probability(THETA) == pytest.approx(there.probability(THETA), abs=1e-12)


def test_winsteps_anchors_name_the_rows(tmp_path):
    items = ItemParameters.of(
        LogisticItems(("r1",), [1.0], [0.25], [0.0], [1.0], ("rasch",)),
        PartialCreditItems(("p1",), [1.0], [[-0.5, 1.5]], ("pcm",)),
        LogisticItems(("x",), [1.3], [0.0], [0.0], [1.0]),
    )
    text, left = write_foreign(ParameterTable.of(items), "winsteps", 1.0)
    assert text.splitlines()[1:] == [
        "IAFILE=*",
        "1 0.25 ; r1",
        "2 0.5 ; p1",
        "*",
        "ISGROUPS=0",
        "SAFILE=*",
        "2 0 0.0 ; p1",
        "2 1 -1.0",
        "2 2 1.0",
        "*",
    ]
    assert left == ["item 'x': 2pl is no Rasch model; Winsteps cannot anchor it"]
    del tmp_path


@pytest.mark.parametrize("name", PARAMETER_FORMATS)
def test_a_mutated_file_is_read_or_refused_with_a_sentence(name, tmp_path):
    chance = random.Random(name)  # noqa: S311 (the same files each time)
    whole = FILES[name].encode()
    path = tmp_path / "file"
    for _ in range(1000):
        body = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            k = chance.randrange(len(body))
            n = chance.randint(0, 12)
            body[k : k + n] = chance.choice(
                [b"", b"\x00", b"\xff", b"nan", b"1e999", b"0", b"\n", b'"', b"9" * 30]
            )
            body = body or bytearray(b"x")
        path.write_bytes(bytes(body))
        said = refusal(path, name)
        assert "\n" not in said


def refusal(path, name):
    try:
        read_foreign(path, name, 1.0)
    except AdaptestError as error:
        return str(error)
    return ""
