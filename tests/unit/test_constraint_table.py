from fractions import Fraction

import numpy as np
import pytest

from adaptest.constraints.matrix import Writer, from_triplets
from adaptest.constraints.rows import Table, matrix
from adaptest.constraints.sheet import constraint, from_r, read_sheet
from adaptest.constraints.table import Constraint
from adaptest.errors import ExamError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool


def pool(n=6, **more):
    ids = tuple(f"i{k}" for k in range(n))
    items = LogisticItems(ids, np.ones(n), np.linspace(-1, 1, n), np.zeros(n), np.ones(n))
    return Pool(ItemParameters.of(items), **more)


TYPES = "number, sum, order, enemy, include, exclude, all_or_none"
COLUMNS = (
    "attribute, condition, lower, lower_percent, name, on, priority, type, upper, upper_percent, weight, what"
)
AREAS = {"area": ("A", "A", "B", "B", "B", None), "words": (10, 20, 30, 40, 50, 60)}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"type": "count"},
            "constraint number item: a number must have a lower or an upper bound; got neither",
        ),
        ({"type": "mean", "lower": 1}, f"constraint mean item: type must be one of {TYPES}; got 'mean'"),
        (
            {"type": "number", "what": "page", "lower": 1},
            "constraint number page: what must be one of item, set; got 'page'",
        ),
        (
            {"type": "number", "lower": 3, "upper": 2, "name": "C1"},
            "C1: lower must not exceed upper; got 3 and 2",
        ),
        (
            {"type": "number", "lower": 1.5},
            "constraint number item: lower of a number must be a whole number from 0; got 1.5",
        ),
        ({"type": "sum", "lower": 1}, "constraint sum item: a sum must name its attribute; got none"),
        (
            {"type": "number", "lower": 1, "attribute": "words"},
            "constraint number item words: only a sum or an order has an attribute; got 'words'",
        ),
        (
            {"type": "enemy", "upper": 1},
            "constraint enemy item: only a number or a sum has bounds; got them for enemy",
        ),
        (
            {"type": "enemy", "weight": 1},
            "constraint enemy item: only a number or a sum can be soft; got a weight for enemy",
        ),
        (
            {"type": "number", "what": "set", "lower_percent": 10},
            "constraint number set: only a number of items can be bounded in percent",
        ),
        (
            {"type": "sum", "attribute": "words", "condition": "per set", "lower": 1},
            "constraint sum item words per set: 'per set' bounds a number of items; got sum item",
        ),
        (
            {"type": "number", "lower": 1, "weight": 0},
            "constraint number item: weight must be greater than 0; got 0",
        ),
        (
            {"type": "number", "lower": 1, "weight": 1, "priority": 1},
            "constraint number item: a soft target gives way by its weight; leave its priority out",
        ),
        (
            {"type": "number", "lower": 1, "priority": 0},
            "constraint number item: priority must be at least 1; got 0",
        ),
        ({"type": "number", "lower": "few"}, "lower must be a number; got 'few'"),
        ({"type": "number", "lower": 1, "priority": 1.5}, "priority must be a whole number; got 1.5"),
        ({"type": "number", "lower_percent": "x"}, "lower_percent must be a number; got 'x'"),
        (
            {"type": "number", "lower_percent": 101},
            "constraint number item: a share must be in 0..100 percent; got 101",
        ),
        (
            {"type": "number", "lower_percent": 50, "upper_percent": 40},
            "constraint number item: lower_percent must not exceed upper_percent; got 50 and 40",
        ),
        ({"type": "number", "lower": 1, "on": "maybe"}, "on must be true or false; got 'maybe'"),
        (
            {"type": "number", "least": 1},
            f"least: is not a word of constraint rows; they have {COLUMNS}",
        ),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(given, sentence):
    with pytest.raises(ExamError) as error:
        constraint(given)
    assert str(error.value) == sentence


def test_shares_are_exact():
    row = constraint({"type": "number", "lower_percent": 33.3, "upper_percent": "50"})
    assert (row.lower_share, row.upper_share) == (Fraction(333, 1000), Fraction(1, 2))


def test_a_spreadsheet_of_our_own_columns_is_read():
    text = (
        "\ufeffname,type,what,condition,lower,upper,on,weight\n"
        "L,number,item,,5,5,,\n"
        'A,number,item,"area == ""A""",1,2,off,\n'
    )
    with pytest.raises(ExamError) as error:
        read_sheet(text + "W,sum,item,,,90,,0.1\n", "rules.csv")
    assert str(error.value) == "rules.csv:4: W: a sum must name its attribute; got none"
    read = read_sheet(text, "rules.csv")
    assert [(row.name, row.lower, row.upper, row.on) for row in read] == [
        ("L", 5, 5, True),
        ("A", 1, 2, False),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "type,colour\n",
            f"rules.csv:1: columns must be among {COLUMNS}; got 'colour'",
        ),
        (
            "what,lower\n",
            f"rules.csv:1: columns must be among {COLUMNS}; got no type",
        ),
        ("type,type,lower\n", "rules.csv:1: column 'type' must stand once"),
        ("type,lower\nnumber\n", "rules.csv:2: must have 2 cells; got 1"),
        ("type,lower,name\nnumber,1,x\nnumber,2,x\n", "rules.csv:3: name 'x' must stand once"),
        ('type,lower\n"number,1\n', "rules.csv:2: must be CSV; unexpected end of data"),
    ],
)
def test_a_spreadsheet_that_breaks_its_rules_is_refused_with_its_line(text, sentence):
    with pytest.raises(ExamError) as error:
        read_sheet(text, "rules.csv")
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("condition", "ours"),
    [
        ("LEVEL == 3", "LEVEL == 3"),
        ("STANDARD %in% c(2, 4) & DOK >= 3", "STANDARD in (2, 4) and DOK >= 3"),
        ('OBJECTIVE %in% "1A"', 'OBJECTIVE in ("1A")'),
        ("!is.na(FACIT) | is.na( X )", "FACIT is known or X is not known"),
        ("!(A == 1) && B == TRUE", "not (A == 1) and B == true"),
        ("Per Stimulus", "per set"),
        ("", ""),
    ],
)
def test_conditions_of_r_are_put_into_our_grammar(condition, ours):
    assert from_r(condition) == ours


def test_sums_and_orders_of_testdesign_name_their_attribute_first():
    text = (
        "CONSTRAINT_ID,TYPE,WHAT,CONDITION,LB,UB,ONOFF\n"
        'C1,Sum,Stimulus,"WORDS, LEVEL == 3",1,500,\n'
        "C2,Order,Item,LEVEL,,,OFF\n"
    )
    rows = read_sheet(text)
    assert rows[0] == Constraint("sum", "set", "LEVEL == 3", "WORDS", 1.0, 500.0, name="C1")
    assert rows[1] == Constraint("order", "item", "", "LEVEL", on=False, name="C2")


def test_each_type_of_rule_becomes_its_rows():
    used = pool(attributes=AREAS, sets={"S": ("i2", "i3", "i4")})
    rules = [
        {"type": "number", "lower": 3, "upper": 3, "name": "length"},
        {"type": "sum", "attribute": "WORDS", "condition": 'area == "B"', "upper": 80, "name": "words"},
        {"type": "number", "condition": "per set", "lower": 2, "upper": 3, "name": "of a set"},
        {"type": "enemy", "condition": 'id in ("i0", "i1")', "name": "rivals"},
        {"type": "include", "condition": 'id == "i5"', "name": "in"},
        {"type": "exclude", "condition": "area is not known and words < 60", "name": "out"},
        {"type": "all_or_none", "condition": 'id in ("i2", "i4")', "name": "both"},
        {"type": "number", "what": "set", "upper": 1, "name": "sets"},
        {"type": "number", "lower": 99, "on": False},
    ]
    rows = matrix(used, Table.of(used, [constraint(rule) for rule in rules]))
    told = {"i2 i4 i5 S": (), "i0 i5 i2": ("of a set", "both", "set S"), "i0 i1 i5": ("rivals",)}
    for chosen, broken in told.items():
        x = np.array([name in chosen.split() for name in (*used.ids, "S")])
        assert rows.broken(x) == broken, chosen
    assert rows.broken(np.array([0, 0, 1, 0, 1, 0, 1])) == ("length", "what is included or excluded")
    assert rows.broken(np.array([0, 0, 1, 1, 1, 1, 1])) == ("length", "words")


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (
            {"type": "number", "condition": "colour == 1", "lower": 1, "name": "C"},
            "C: condition 'colour == 1': column 1 must be an attribute among area, id, words; got 'colour'",
        ),
        (
            {"type": "number", "condition": 'area == "Z"', "lower": 1, "name": "C"},
            "C: must hold for at least one item; got none",
        ),
        (
            {"type": "number", "what": "set", "lower": 1, "name": "C"},
            "C: is about item sets; the pool has none",
        ),
        (
            {"type": "number", "condition": "per set", "lower": 1, "name": "C"},
            "C: is about item sets; the pool has none",
        ),
        (
            {"type": "sum", "attribute": "pages", "lower": 1, "name": "C"},
            "C: attribute must be among area, id, words; got 'pages'",
        ),
        (
            {"type": "sum", "attribute": "area", "lower": 1, "name": "C"},
            "C: item 'i0': area must be a number; got 'A'",
        ),
    ],
)
def test_a_rule_that_makes_no_sense_for_a_pool_is_refused(rule, sentence):
    used = pool(attributes=AREAS)
    with pytest.raises(ExamError) as error:
        matrix(used, Table.of(used, [constraint(rule)]))
    assert str(error.value) == sentence


def test_two_rules_of_one_name_are_refused():
    rule = Constraint("number", lower=1)
    with pytest.raises(ExamError) as error:
        Table.of(pool(), [rule, rule])
    assert (
        str(error.value)
        == "constraint number item: stands twice among the constraints; give each a name of its own"
    )


def test_only_one_row_may_order_items():
    used = pool(attributes=AREAS)
    rows = [
        Constraint("order", attribute="words", name="one"),
        Constraint("order", attribute="words", name="two"),
    ]
    with pytest.raises(ExamError) as error:
        Table.of(used, rows).order()
    assert str(error.value) == "two: only one row may order items; got 2"


@pytest.mark.parametrize("length", [None, 5])
def test_shares_hold_alike_with_and_without_a_length(length):
    used = pool(attributes=AREAS)
    table = Table.of(
        used, [constraint({"type": "number", "condition": 'area == "A"', "lower_percent": 30, "name": "A"})]
    )
    rows = matrix(used, table, length=length)
    assert rows.broken(np.array([1, 0, 1, 1, 1, 1])) == ("A",)
    assert rows.broken(np.array([1, 1, 1, 1, 1, 0])) == ()


def test_soft_rows_cost_and_their_groups_cost_what_the_worst_costs():
    written = Writer(3)
    written.add("a", [0, 1, 2], 1.0, lower=3, weight=2.0)
    written.add("b", [0], 1.0, upper=0, weight=5.0, group=1)
    written.add("c", [0, 1], 3.0, upper=0, weight=5.0, group=1)
    rows = written.matrix()
    assert rows.penalty(np.array([1, 1, 0])) == 2.0 + 5.0 * 6
    assert rows.penalty(np.array([0, 0, 0])) == 2.0 * 3
    assert rows.broken(np.array([1, 1, 1])) == ()
    with pytest.raises(ExamError) as error:
        written.add("d", [0], 1.0, lower=0, upper=1, weight=1.0)
    assert str(error.value) == "d: a soft row must have one bound; got two"


def test_rows_of_triplets_have_one_pair_of_bounds_and_columns_that_exist():
    rows = from_triplets(2, 1, [(0, 0, 1.0, -np.inf, 1.0), (0, 2, 1.0, -np.inf, 1.0)])
    assert rows.broken(np.array([1, 0, 1])) == ("row 0",)
    with pytest.raises(ExamError) as error:
        from_triplets(2, 0, [(0, 0, 1.0, 0.0, 1.0), (0, 1, 1.0, 0.0, 2.0)])
    assert str(error.value) == "row 0: must have one lower and one upper bound; got two of them"
    with pytest.raises(ExamError) as error:
        from_triplets(2, 0, [(0, 2, 1.0, 0.0, 1.0)])
    assert str(error.value) == "a constraint row must name columns below 2; got 2"
