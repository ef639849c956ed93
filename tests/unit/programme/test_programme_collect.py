from dataclasses import replace

import numpy as np
import pytest

from adaptest.errors import ResponseFileError
from adaptest.programme.collect import collect
from adaptest.programme.log import log_of_file, log_of_store, require_once
from adaptest.programme.policy import Collect
from adaptest.store.collected import CollectedSitting, Given

KEYS = {"i1": "A", "i2": "B", "i3": "C"}


def written(tmp_path, *rows, header="person,sitting,item,score"):
    path = tmp_path / "log.csv"
    path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return str(path)


def read(tmp_path, *rows, **more):
    return log_of_file(written(tmp_path, *rows, **more), KEYS, frozenset({"i3"}))


def collected(log, **rules):
    return collect(log, Collect(**rules), practice=frozenset({"drill"}), known=("exam", "drill"))


def test_a_persons_first_exposure_counts_and_the_repeat_is_counted(tmp_path):
    log = read(tmp_path, "p,s1,i1,1", "p,s2,i1,0", "p,s2,i2,1")
    found = collected(log)
    assert found.used.tolist() == [True, False, True]
    assert found.set_aside["responses to items seen before"] == 1
    assert collected(log, repeats=True).used.all()
    assert found.attempt.tolist() == [1, 2]


def test_which_exposure_was_first_goes_by_time_not_by_the_file(tmp_path):
    header = "person,sitting,item,score,at"
    log = read(tmp_path, "p,s1,i1,1,2026-03-01T00:00:00Z", "p,s2,i1,0,2026-01-01T00:00:00Z", header=header)
    assert collected(log).used.tolist() == [False, True]


def test_practice_void_unfinished_and_short_sittings_are_set_aside_and_counted(tmp_path):
    header = "person,sitting,item,score,exam,status"
    log = read(
        tmp_path,
        "a,s1,i1,1,drill,finished",
        "b,s2,i1,1,exam,void",
        "c,s3,i1,1,exam,unfinished",
        "d,s4,i1,1,exam,below_minimum",
        "e,s5,i1,1,exam,finished",
        header=header,
    )
    found = collected(log)
    assert found.used.tolist() == [False, False, False, False, True]
    assert {kind: n for kind, n in found.set_aside.items() if n} == {
        "practice sittings": 1,
        "void sittings": 1,
        "unfinished sittings": 1,
        "sittings that ended below the minimum length": 1,
    }
    assert found.scored.tolist() == [
        False,
        False,
        False,
        True,
        True,
    ]  # a short sitting has a result all the same
    assert collected(log, exams=("drill",)).used.tolist() == [True, False, False, False, False]


def test_a_sitting_with_more_than_a_tenth_of_rapid_responses_is_set_aside(tmp_path):
    header = "person,sitting,item,score,time_s"
    steady = [f"p{k},s{k},i{j},1,30" for k in range(20) for j in (1, 2, 3)]
    log = read(tmp_path, *steady, "q,t,i1,1,2.9", "q,t,i2,1,30", "q,t,i3,1,30", header=header)
    found = collected(log)  # a tenth of the median is 3 s
    assert found.set_aside["sittings with rapid responses"] == 1
    assert not found.used[-3:].any()
    slow = read(tmp_path, *steady, "q,t,i1,1,3.1", "q,t,i2,1,30", "q,t,i3,1,30", header=header)
    assert collected(slow).used.all()


def test_only_the_last_administrations_are_in_the_window(tmp_path):
    header = "person,sitting,item,score,at"
    log = read(tmp_path, *(f"p{m},s{m},i1,1,2026-0{m}-05T10:00:00Z" for m in range(1, 7)), header=header)
    found = collected(log)
    assert found.administrations == ("2026-03", "2026-04", "2026-05", "2026-06")
    assert found.administration.tolist() == [-1, -1, 0, 1, 2, 3]
    assert found.set_aside["sittings before the window"] == 2
    assert found.last(2).tolist() == [False, False, False, False, True, True]
    assert collected(log, administration="quarter").administrations == ("2026-Q1", "2026-Q2")
    assert collected(log, administration="all").administrations == ("all",)


def test_responses_are_scored_by_the_banks_keys_where_there_is_no_score(tmp_path):
    log = read(tmp_path, "p,s,i1,A", "p,s,i2,A", header="person,sitting,item,response")
    assert log.score.tolist() == [1, 0]
    assert log.notes[-1] == "scored by the bank's keys"


def test_an_item_without_a_role_is_on_trial_where_the_bank_says_so(tmp_path):
    assert read(tmp_path, "p,s,i1,1", "p,s,i3,1").pretest.tolist() == [False, True]


@pytest.mark.parametrize(
    ("rows", "header", "sentence"),
    [
        (("p,s,i1,1,x",), "person,sitting,item,score,time_s", ":2: time_s must be a number; got 'x'"),
        (
            ("p,s,i1,1,extra",),
            "person,sitting,item,score,role",
            ":2: role must be scored or pretest; got 'extra'",
        ),
        (
            ("p,s,i1,1,odd",),
            "person,sitting,item,score,status",
            ": status must be one of finished, unfinished, below_minimum, void; got 'odd'",
        ),
        (
            ("p,s,i1,1", "q,s,i2,1"),
            "person,sitting,item,score",
            ":3: sitting 's' must be of one person; got 'q' and another",
        ),
    ],
)  # fmt: skip
def test_a_cell_that_cannot_be_is_named_with_its_line(tmp_path, rows, header, sentence):
    path = written(tmp_path, *rows, header=header)
    with pytest.raises(ResponseFileError) as caught:
        log_of_file(path, KEYS, frozenset())
    assert str(caught.value) == path + sentence


def test_an_item_twice_in_a_sitting_is_refused(tmp_path):
    log = read(tmp_path, "p,s,i1,1", "p,s,i1,0")
    with pytest.raises(ResponseFileError) as caught:
        require_once(log, "log.csv")
    assert str(caught.value) == (
        "log.csv: sitting 's': must have one row for item 'i1'; got another; give every sitting an id of"
        " its own in column sitting"
    )


def test_a_policy_that_leaves_nothing_says_what_was_set_aside(tmp_path):
    log = read(tmp_path, "p,s,i1,1,drill", header="person,sitting,item,score,exam")
    with pytest.raises(ResponseFileError) as caught:
        collected(log)
    assert str(caught.value) == (
        "no response is left to calibrate from; set aside were 1 practice sittings; exams to collect from are"
        " named in the policy's collect.exams"
    )
    with pytest.raises(ResponseFileError) as caught:
        collected(log, exams=("nothing",))
    assert (
        str(caught.value) == "policy: collect.exams must name exams of the bank, exam, drill; got 'nothing'"
    )


def sitting(name, person, *items, exam="bank/exam", explains=False, fingerprint="f" * 64):
    given = tuple(Given(item, "A", 1, k, None, "scored", fingerprint) for k, item in enumerate(items))
    return CollectedSitting(
        name, person, exam, "2026-01-01T00:00:00Z", "1:run", "finished", "certification", explains, items,
        given, 0.0, "{}",
    )  # fmt: skip


def test_the_stores_sittings_say_what_was_explained_or_changed_before():
    sittings = [
        sitting("s1", "p", "i1", exam="other/exam", explains=True),
        sitting("s2", "p", "i1", "i2"),
        sitting("s3", "q", "i1", fingerprint="0" * 64),
    ]
    log = log_of_store(sittings, {"i1": ("ffff",), "i2": ("ffff",)}, "bank")
    assert log.sittings == ("s2", "s3")  # of this bank; what was seen elsewhere counts as seen
    assert log.explained.tolist() == [True, False, False]
    assert log.repeat.tolist() == [True, False, False]
    assert log.changed.tolist() == [False, False, True]
    found = collected(log)
    assert found.used.tolist() == [False, True, False]
    assert found.set_aside["responses after the rationale was shown"] == 1
    assert found.set_aside["responses to content that was changed since"] == 1


def test_a_row_a_sitting_grouped_by_administration(tmp_path):
    header = "person,sitting,item,score,administration"
    log = read(tmp_path, "p,s1,i1,1,old", "q,s2,i2,0,new", "q,s2,i1,1,new", header=header)
    found = collected(log)
    people = found.responses(("i2", "i1"), found.used)
    assert people.persons == ("s1", "s2")
    assert people.groups == ("old", "new")
    assert np.array_equal(people.dense(), [[-1, 1], [0, 1]])
    assert found.count(("i1", "i2", "i3"), found.used).tolist() == [2, 1, 0]
    assert replace(found).administrations == ("old", "new")
