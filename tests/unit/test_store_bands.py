"""Counts by theta band: kept with the events they count, and the same as counting the logs anew."""

import sqlite3
from contextlib import closing

import numpy as np
import pytest

from adaptest.exposure import Counters
from adaptest.files import canonical_json
from adaptest.store import artifacts, bands, candidates, events, sittings, usage
from adaptest.store.bands import EXPOSURE, Counting
from adaptest.store.opening import open_store
from adaptest.store.verify import verify

AT = "2026-11-22T10:00:{:02d}.000000Z"
ITEMS = tuple("abcdefgh")


@pytest.fixture
def database(tmp_path):
    database = open_store(tmp_path / "adaptest.db", create=True)
    yield database
    database.close()


def begun(connection, k, counting, barred):
    pseudonym = candidates.register(connection, f"person {k}", AT.format(k))
    design = artifacts.put(connection, "design", {"title": "x"})
    facts = {"artifacts": {"design": design}, EXPOSURE: counting.fact()}
    row = sittings.create(connection, pseudonym=pseudonym, exam="bank/exam", facts=facts, at=AT.format(k))
    body = {"type": "SittingStarted", "schema": 1, "barred_in_band": barred}
    events.append(connection, row.sitting, 0, [canonical_json(body)])
    return row.sitting


def shown(item, band):
    decision = None if band is None else {"band": band}
    role = "pretest" if band is None else "scored"
    return canonical_json(
        {"type": "ItemPresented", "schema": 1, "item": item, "role": role, "decision": decision}
    )


@pytest.mark.parametrize("fading", [1.0, 0.9])
def test_live_counts_are_those_of_a_simulation_and_of_the_logs(database, fading):
    rng = np.random.default_rng(4)
    counting = Counting.of("bank/exam", [0.0], fading)
    expected = Counters.none(len(ITEMS), 2)
    for k in range(12):
        barred = rng.random((2, len(ITEMS))) < 0.3
        path = [(int(j), int(rng.integers(2))) for j in rng.permutation(len(ITEMS))[:4]]
        with database.write() as connection:
            said = [[ITEMS[j] for j in np.flatnonzero(row)] for row in barred]
            sitting = begun(connection, k, counting, said)
        for step, (j, band) in enumerate(path):
            with database.write() as connection:
                events.append(connection, sitting, 1 + step, [shown(ITEMS[j], band)])
        mine, visited = np.zeros((1, len(ITEMS)), bool), np.zeros((1, 2), bool)
        mine[0, [j for j, _ in path]] = True
        visited[0, [band for _, band in path]] = True
        expected = expected.after(mine, visited, barred[None], fading, 0)
    with database.read() as connection:
        found = bands.counted(connection, counting.counter)
    for band in range(2):
        assert found.visits[band] == pytest.approx(expected.visits[band], rel=1e-12)
        for j, item in enumerate(ITEMS):
            wanted = expected.barred[band, j], expected.taken[band, j]
            assert found.items.get((band, item), (0.0, 0.0)) == pytest.approx(wanted, rel=1e-12, abs=1e-15)
    assert verify(database).problems == ()


def test_a_pretest_item_is_counted_in_no_band(database):
    counting = Counting.of("bank/exam", [], 1.0)
    with database.write() as connection:
        sitting = begun(connection, 0, counting, [[]])
        events.append(connection, sitting, 1, [shown("p", None), shown("a", 0)])
        assert set(bands.counted(connection, counting.counter).items) == {(0, "a")}
    assert verify(database).problems == ()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        (
            "UPDATE band_items SET taken = taken + 1",
            "counter {}: its counts by theta band are not those of the logs",
        ),
        ("UPDATE bands SET visits = 7", "counter {}: its counts by theta band are not those of the logs"),
        ("DELETE FROM band_visits", "sitting {!r}: its theta bands are not those of its log"),
    ],
)
def test_a_count_that_was_changed_is_found(database, statement, sentence):
    counting = Counting.of("bank/exam", [], 1.0)
    with database.write() as connection:
        sitting = begun(connection, 0, counting, [["b"]])
        events.append(connection, sitting, 1, [shown("a", 0)])
    with closing(sqlite3.connect(database.file)) as connection, connection:
        connection.execute(statement)
    whose = sitting if "sitting" in sentence else counting.counter[:12]
    assert verify(database).problems[0] == sentence.format(whose)


def test_uses_and_the_last_sittings_are_read_from_the_presentations(database):
    counting = Counting.of("bank/exam", [], 1.0)
    names = []
    for k, items in enumerate(("ab", "bc", "cd")):
        with database.write() as connection:
            names.append(begun(connection, k, counting, [[]]))
            events.append(connection, names[-1], 1, [shown(item, 0) for item in items])
    with database.write() as connection:
        begun(connection, 9, counting, [[]])  # it was shown nothing yet
    with database.read() as connection:
        assert usage.sittings_shown(connection, "bank/exam") == 3
        assert usage.recent(connection, "bank/exam", 2) == (("c", "d"), ("b", "c"))
        assert usage.recent(connection, "bank/exam", 0) == ()
        assert usage.uses(connection, "b", names[0], "bank/exam") == 1
        assert usage.uses(connection, "b", names[2], None) == 2
        assert usage.uses(connection, "b", names[2], "bank/other") == 0
