import numpy as np
import pytest

import adaptest as at
from adaptest.constraints.assembly import information_at
from adaptest.constraints.matrix import Matrix
from adaptest.constraints.parallel import parallel
from adaptest.constraints.rows import Table, matrix
from adaptest.constraints.sheet import constraint
from adaptest.errors import ExamError, InfeasibleError, OptionError, PoolError
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.programme.pools import read_constraints, read_pool

LENGTH = {"type": "number", "lower": 6, "upper": 6, "name": "length"}
AREAS = [
    {"type": "number", "condition": f'area == "{a}"', "lower": 2, "upper": 4, "name": a} for a in ("A", "B")
]


def pool_of(n=60, seed=4):
    rng = np.random.default_rng(seed)
    ids = tuple(f"i{k:02d}" for k in range(n))
    items = LogisticItems(ids, np.exp(rng.normal(0, 0.2, n)), rng.normal(0, 1, n), np.zeros(n), np.ones(n))
    return Pool(ItemParameters.of(items), {"area": tuple("AB"[k % 2] for k in range(n))})


def test_a_form_of_a_free_pool_is_its_most_informative_items():
    pool = pool_of()
    form = at.assemble(pool, [LENGTH], theta=[-1.0, 1.0])
    information = pool.parameters.information(np.array([-1.0, 1.0])).sum(axis=0)
    best = np.sort(information)[-6:]
    assert form.objective == pytest.approx(best.sum(), rel=1e-12)
    assert form.bound == form.objective
    assert form.gap == 0
    assert (form.status, form.sets, form.missed) == ("optimal", (), ())


def test_soft_targets_that_a_form_misses_are_named():
    soft = {"type": "number", "condition": 'area == "A"', "lower": 6, "weight": 1e-6, "name": "all A"}
    form = at.assemble(pool_of(), [LENGTH, {**AREAS[1]}, soft])
    assert dict(form.missed)["all A"] >= 2


def test_a_table_that_no_form_keeps_is_explained():
    with pytest.raises(InfeasibleError) as caught:
        at.assemble(pool_of(), [LENGTH, {**AREAS[0], "lower": 3, "upper": 3}, {**AREAS[1], "upper": 2}])
    assert str(caught.value) == (
        "the constraints cannot hold together: length at least 6, A at most 3, B at most 2; loosen any one of"
        " them or add items"
    )
    with pytest.raises(InfeasibleError) as caught:
        at.assemble(pool_of(), [LENGTH, {**AREAS[0], "lower": 40, "upper": 40}])
    assert str(caught.value) == "A needs at least 40, and the pool can give 30; add 10 or lower it"


def test_theta_must_be_finite_and_rows_must_fit_the_pool():
    with pytest.raises(OptionError) as caught:
        at.assemble(pool_of(), [LENGTH], theta=np.nan)
    assert str(caught.value) == "theta must be one or more finite numbers; got nan"
    with pytest.raises(OptionError) as caught:
        at.assemble(pool_of(), "rules.csv")
    assert str(caught.value) == (
        "constraints must be rows of the table or a matrix; got 'rules.csv'; read a file with"
        " at.read_constraints(file, pool)"
    )
    rows = matrix(pool_of(10), Table.of(pool_of(10), [constraint(LENGTH)]))
    with pytest.raises(OptionError) as caught:
        at.assemble(pool_of(), rows)
    assert str(caught.value) == "the constraint rows must be over the pool's 60 items; got 10"


@pytest.mark.slow
def test_parallel_forms_share_nothing_and_follow_one_curve():
    pool, theta = pool_of(120), np.array([-1.0, 0.0, 1.0])
    table = Table.of(pool, [constraint(row) for row in (LENGTH, *AREAS)])
    rows = matrix(pool, table)
    forms, curve = parallel(pool, table, rows, 4, theta)
    for form in forms:
        assert np.abs(information_at(pool, form.items, theta) - curve).max() == pytest.approx(-form.objective)
    used = [item for form in forms for item in form.items]
    assert len(set(used)) == len(used) == 24
    curves = np.array([information_at(pool, form.items, theta) for form in forms])
    assert np.abs(curves - curves.mean(axis=0)).max() < 0.05 * curves.mean()
    for form in forms:
        assert 2 <= sum(pool.attributes["area"][pool.row[item]] == "A" for item in form.items) <= 4
    target = np.array([0.8, 1.0, 0.8])
    for form in parallel(pool, table, rows, 2, theta, target=target)[0]:
        worst = np.abs(information_at(pool, form.items, theta) - target).max()
        assert worst == pytest.approx(-form.objective, abs=1e-9)
        assert worst < 0.02


def test_parallel_forms_may_share_as_many_items_as_allowed_and_no_more():
    pool, theta = pool_of(16), np.array([0.0])
    table = Table.of(pool, [constraint(LENGTH)])
    rows = matrix(pool, table)
    with pytest.raises(InfeasibleError):
        parallel(pool, table, rows, 3, theta)
    forms, _ = parallel(pool, table, rows, 3, theta, overlap=3)
    sets = [set(form.items) for form in forms]
    assert max(len(sets[i] & sets[k]) for i in range(3) for k in range(i)) <= 3
    curves = np.array([information_at(pool, form.items, theta) for form in forms])
    assert np.abs(curves - curves.mean(axis=0)).max() < 0.05 * curves.mean()


def test_what_parallel_forms_are_asked_for_must_make_sense():
    pool = pool_of()
    rows = matrix(pool, Table.of(pool, [constraint(LENGTH)]))
    with pytest.raises(OptionError) as caught:
        parallel(pool, None, rows, 0, np.array([0.0]))
    assert str(caught.value) == "forms must be at least 1 and overlap at least 0; got 0 and 0"
    with pytest.raises(OptionError) as caught:
        parallel(pool, None, rows, 2, np.array([0.0]), target=np.array([-1.0]))
    assert str(caught.value) == "the target must have a value above 0 for each of 1 thetas; got [-1.]"


ITEMS = "item,discrimination,difficulty,area,story\na,1,0,X,s\nb,1,.5,X,s\nc,1,1,Y,\n"


def test_a_pool_is_read_from_files_with_its_sets(tmp_path):
    (tmp_path / "items.csv").write_text(ITEMS, encoding="utf-8")
    (tmp_path / "more.csv").write_text("item_id,words\nc,30\na,10\nb,20\n", encoding="utf-8")
    (tmp_path / "sets.csv").write_text("set,genre\ns,poem\n", encoding="utf-8")
    pool = read_pool(
        tmp_path / "items.csv",
        attributes=tmp_path / "more.csv",
        set_column="story",
        set_attributes=tmp_path / "sets.csv",
    )
    assert pool.ids == ("a", "b", "c")
    assert pool.attributes["words"] == (10, 20, 30)
    assert dict(pool.sets) == {"s": ("a", "b")}
    assert pool.set_attributes["genre"] == ("poem",)
    assert Pool.from_artifact(pool.artifact).artifact == pool.artifact
    with pytest.raises(PoolError) as caught:
        read_pool(tmp_path / "items.csv", set_column="passage")
    assert str(caught.value).startswith("set column 'passage': must be an attribute of the items; they have")
    with pytest.raises(PoolError) as caught:
        read_pool(tmp_path / "items.csv", attributes=tmp_path / "sets.csv")
    assert (
        str(caught.value) == f"{tmp_path / 'sets.csv'}: must have a column item_id, item, id; got set, genre"
    )


def test_rows_of_a_matrix_are_read_as_constraints(tmp_path):
    (tmp_path / "items.csv").write_text(ITEMS, encoding="utf-8")
    pool = read_pool(tmp_path / "items.csv", set_column="story")
    path = tmp_path / "rows.csv"
    path.write_text(
        "row,column,coefficient,lower,upper\n0,0,1,2,2\n0,1,1,2,2\n0,2,1,2,2\n1,3,1,-inf,0\n1,0,1,-inf,0\n"
    )
    rows = read_constraints(path, pool)
    assert isinstance(rows, Matrix)
    assert at.assemble(pool, rows, theta=0.0).items == ("b", "c")
    path.write_text("row,column,coefficient,lower,upper\n0,zero,1,2,2\n")
    with pytest.raises(ExamError) as caught:
        read_constraints(path, pool)
    assert str(caught.value) == f"{path}:2: must be five numbers; got 0, zero, 1, 2, 2"
