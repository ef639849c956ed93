"""The log keeps what it was given, in order, and shows every change made beside it."""

import re
import sqlite3
from contextlib import closing

import pytest

from adaptest.errors import OptionError, SittingError, StoreError
from adaptest.files import canonical_json
from adaptest.store import artifacts, candidates, events, sittings, usage
from adaptest.store.locks import acquire, release, sole_use
from adaptest.store.opening import open_store
from adaptest.store.verify import verify

AT = "2026-11-22T10:00:00.000000Z"


def body(kind, **values):
    return canonical_json({"type": kind, "schema": 1, **values})


@pytest.fixture
def database(tmp_path):
    database = open_store(tmp_path / "adaptest.db", create=True)
    yield database
    database.close()


def new_sitting(database, candidate="Ann", items=(), exam="bank/exam"):
    with database.write() as connection:
        pseudonym = candidates.register(connection, candidate, AT)
        design = artifacts.put(connection, "design", {"title": exam})
        facts = {"artifacts": {"design": design}}
        row = sittings.create(connection, pseudonym=pseudonym, exam=exam, facts=facts, at=AT)
        log = [body("SittingStarted", seed=1), *(body("ItemPresented", item=item) for item in items)]
        events.append(connection, row.sitting, 0, log)
    return row.sitting


def read(database, sitting):
    with database.read() as connection:
        return events.read(connection, sittings.find(connection, sitting))


def change(database, statement, **values):
    with closing(sqlite3.connect(database.file)) as connection, connection:
        connection.execute(statement, values)


def test_events_come_back_in_order_and_as_they_were_written(database):
    sitting = new_sitting(database, items=["a", "b"])
    stored = read(database, sitting)
    assert [event.sequence for event in stored] == [0, 1, 2]
    assert [event.type for event in stored] == ["SittingStarted", "ItemPresented", "ItemPresented"]
    assert stored[1].body == '{"item":"a","schema":1,"type":"ItemPresented"}'


def test_each_hash_covers_the_one_before_it(database):
    stored = read(database, new_sitting(database, items=["a", "b"]))
    assert stored[2].hash == events.link(stored[1].hash, stored[2].body)
    assert events.link("x", "y") != events.link("", "x\ny")


def test_an_event_after_the_wrong_length_is_refused_and_nothing_is_kept(database):
    sitting = new_sitting(database)
    with (
        pytest.raises(SittingError) as caught,
        database.write() as connection,
    ):
        events.append(connection, sitting, 5, [body("ItemPresented", item="a")])
    assert str(caught.value) == (
        f"sitting '{sitting}': was continued elsewhere (its log has 1 events, this process knows 5);"
        " resume it"
    )
    assert len(read(database, sitting)) == 1


def test_a_second_event_of_one_number_is_refused_by_the_table_itself(database):
    sitting = new_sitting(database)
    change(database, "UPDATE sittings SET length = 0 WHERE sitting = :s", s=sitting)
    with (
        pytest.raises(SittingError, match=rf"^sitting '{sitting}': was continued elsewhere; resume it$"),
        database.write() as connection,
    ):
        events.append(connection, sitting, 0, [body("ItemPresented", item="a")])


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "UPDATE events SET body = replace(body, 'b', 'c') WHERE sequence = 2",
            "sitting 'S': event 2 is not what was written",
        ),
        (
            "UPDATE events SET type = 'ResponseGiven' WHERE sequence = 1",
            "sitting 'S': event 1 is filed as ResponseGiven, which it is not",
        ),
        ("DELETE FROM events WHERE sequence = 1", "sitting 'S': event 1 is missing from its log"),
        ("DELETE FROM events WHERE sequence = 2", "sitting 'S': its log must have 3 events; got 2"),
        (
            "UPDATE sittings SET exam = 'bank/other'",
            "sitting 'S': event 0 is not what was written",
        ),
        (
            "UPDATE sittings SET head = 'x'",
            "sitting 'S': its facts or its last hash are not what was written",
        ),
    ],
)
def test_a_change_beside_the_program_is_found_by_reading_and_by_verifying(database, statement, sentence):
    sitting = new_sitting(database, items=["a", "b"])
    change(database, statement)
    with pytest.raises(StoreError) as caught:
        read(database, sitting)
    assert str(caught.value).replace(sitting, "S") == f"{sentence}; restore a backup"
    assert sentence in [problem.replace(sitting, "S") for problem in verify(database).problems]


def test_a_changed_or_missing_artifact_is_found(database):
    sitting = new_sitting(database)
    with database.read() as connection:
        name = sittings.find(connection, sitting).fixed["artifacts"]["design"]
    change(database, "UPDATE artifacts SET body = '{}'")
    short = name[:12]
    assert verify(database).problems == (f"artifact {short} (design): its text is not what was written",)
    with (
        pytest.raises(StoreError, match=rf"^artifact {short}: its text was changed; restore a backup$"),
        database.read() as connection,
    ):
        artifacts.get(connection, name)
    change(database, "DELETE FROM artifacts")
    assert verify(database).problems == (
        f"sitting '{sitting}': its design ({short}) must be stored; got none",
    )
    with (
        pytest.raises(StoreError, match=rf"^artifact {short}: must be in the database; restore a backup$"),
        database.read() as connection,
    ):
        artifacts.get(connection, name)


def test_an_item_text_that_an_index_names_must_be_there(database):
    with database.write() as connection:
        text_name = artifacts.put(connection, "item_text", {"stem": "?"})
        artifacts.put(connection, artifacts.INDEX, {"REC-001": text_name})
    assert verify(database).problems == ()
    change(database, "DELETE FROM artifacts WHERE kind = 'item_text'")
    assert verify(database).problems == (
        f"artifact {text_name[:12]}: the text of item 'REC-001' must be stored; got none",
    )


def test_presentations_that_are_not_those_of_the_log_are_found(database):
    sitting = new_sitting(database, items=["a"])
    change(database, "DELETE FROM presentations")
    assert verify(database).problems == (f"sitting '{sitting}': its presentations are not those of its log",)


def test_events_without_a_sitting_are_found(database):
    sitting = new_sitting(database)
    change(database, "DELETE FROM sittings")
    assert verify(database).problems == (f"sitting '{sitting}': has events but no row",)


def test_the_fingerprint_stands_for_every_head(database):
    one = verify(database).fingerprint
    new_sitting(database)
    two = verify(database)
    assert (two.sittings, two.events, two.artifacts) == (1, 1, 1)
    assert one != two.fingerprint == verify(database).fingerprint


def test_equal_values_are_one_artifact(database):
    with database.write() as connection:
        first = artifacts.put(connection, "x", {"b": 1, "a": 2})
        second = artifacts.put(connection, "x", {"a": 2, "b": 1})
        assert first == second
        assert artifacts.get(connection, first) == {"a": 2, "b": 1}


def test_more_artifacts_than_a_query_may_name_are_stored_and_read(database):
    values = {str(n): {"n": n} for n in range(1200)}
    with database.write() as connection:
        names = artifacts.put_all(connection, "x", values)
        assert artifacts.put_all(connection, "x", values) == names
        assert len(artifacts.get_all(connection, list(names.values()))) == 1200


def test_a_candidate_keeps_one_pseudonym_and_loses_the_name(database):
    sitting = new_sitting(database, "Ann")
    with database.write() as connection:
        pseudonym = candidates.register(connection, "Ann", AT)
        assert candidates.names(connection) == {pseudonym: "Ann"}
        assert candidates.erase(connection, "Ann", AT) == pseudonym
        assert candidates.names(connection) == {pseudonym: pseudonym}
        assert sittings.find(connection, sitting).pseudonym == pseudonym
        with pytest.raises(StoreError) as caught:
            candidates.pseudonym_of(connection, "Ann")
        assert candidates.register(connection, "Ann", AT) != pseudonym
    assert str(caught.value) == (
        "candidate 'Ann': is unknown here; 'adaptest exam results' lists who is known"
    )
    assert verify(database).problems == ()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 201])
def test_a_name_that_cannot_be_printed_is_refused(database, name):
    with pytest.raises(OptionError) as caught, database.write() as connection:
        candidates.register(connection, name, AT)
    assert str(caught.value) == f"candidate must be 1 to 200 printable characters; got {name!r}"


def test_an_erased_name_is_nowhere_in_the_files(database, tmp_path):
    new_sitting(database, "Wilhelmina Unmistakable")
    with database.write() as connection:
        candidates.erase(connection, "Wilhelmina Unmistakable", AT)
    database.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"Unmistakable" not in kept


def test_usage_counts_sittings_and_remembers_what_a_candidate_saw(database):
    new_sitting(database, "Ann", ["a", "b"], exam="bank/one")
    new_sitting(database, "Bob", ["b", "c"], exam="bank/two")
    with database.read() as connection:
        ann = candidates.pseudonym_of(connection, "Ann")
        assert usage.seen_by(connection, ann) == ("a", "b")
        assert usage.shown(connection) == {"a": 1, "b": 2, "c": 1}
        assert usage.shown(connection, "bank/two") == {"b": 1, "c": 1}


def test_sittings_are_listed_by_exam_and_by_candidate(database):
    first, second = new_sitting(database, "Ann", exam="b/one"), new_sitting(database, "Bob", exam="b/two")
    with database.read() as connection:
        bob = candidates.pseudonym_of(connection, "Bob")
        assert [row.sitting for row in sittings.listed(connection, exam="b/one")] == [first]
        assert [row.sitting for row in sittings.listed(connection, pseudonym=bob)] == [second]
        assert {row.sitting for row in sittings.listed(connection)} == {first, second}


def test_an_unknown_sitting_gets_a_sentence(database):
    with (
        pytest.raises(SittingError) as caught,
        database.read() as connection,
    ):
        sittings.find(connection, "s0000")
    assert str(caught.value) == "sitting 's0000': is unknown here; 'adaptest exam results' lists them"


def test_ids_can_be_read_aloud(database):
    assert re.fullmatch(r"s[0-9a-hjkmnp-tv-z]{8}", new_sitting(database))


def test_a_sitting_has_one_user_at_a_time(tmp_path):
    folder = tmp_path / "locks"
    with sole_use(folder, "s1"):
        with pytest.raises(SittingError) as caught:
            acquire(folder, "s1")
        release(folder, "s2", acquire(folder, "s2"))
    assert str(caught.value) == (
        "sitting 's1': another process is running it; go on there, or end that one first"
    )
    with sole_use(folder, "s1"):
        pass
    assert list(folder.iterdir()) == []


def test_a_place_where_no_lock_can_be_made_gets_a_sentence(tmp_path):
    (tmp_path / "locks").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match=r"locks/s1.lock': a lock cannot be made here; "):
        acquire(tmp_path / "locks", "s1")
