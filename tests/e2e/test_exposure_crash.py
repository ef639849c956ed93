"""Sittings side by side, some of them killed: no use of an item is lost, doubled or given away twice."""

import os
import random
import shutil
import signal
import time

import pytest

from adaptest.administration.exam import load_exam
from adaptest.administration.explain import replayed
from adaptest.administration.records import open_records
from adaptest.engine.events import ItemPresented, NoteAdded, PoolChanged
from adaptest.store import bands, usage
from adaptest.store.bands import Counting
from adaptest.store.verify import verify
from adaptest.workspace import open_workspace

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked workers; this system has no fork"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

EXAM, MOST, LENGTH, WORKERS = "peer-support/capped", 3, 10, 8
EXAM_FILE = f"""
format: adaptest-exam/1
id: capped
title: Capped
length: {{minimum: {LENGTH}, maximum: {LENGTH}}}
selection: {{criterion: information, picker: best}}
exposure:
  - {{rule: eligibility, rate: 0.4, bands: [-0.5, 0.5], fading: 0.95}}
  - {{rule: maximum_use, at_most: {MOST}}}
"""


def worker(workspace, exam, k):
    """Take one sitting to its end in a child, going on with it where an earlier child was killed."""

    def work():
        with open_records(workspace, create=True) as records:
            try:
                name = records.unfinished(EXAM, f"person {k}")
                sitting = records.resume(name)
            except Exception:  # noqa: BLE001 (nobody of this name, or nothing begun)
                sitting = exam.start(f"person {k}", seed=k, records=records)
            with sitting:
                while (question := sitting.next_item()) is not None:
                    sitting.answer(sorted(question.options)[(k + len(question.stem)) % 4])

    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


@pytest.fixture
def workspace(laid_out, tmp_path):
    shutil.copytree(laid_out, tmp_path / "workspace")
    file = tmp_path / "workspace" / "itembank" / "peer-support" / "exams" / "capped.yaml"
    file.write_text(EXAM_FILE, encoding="utf-8")
    return open_workspace(tmp_path / "workspace")


def test_the_last_use_is_given_to_one_of_those_who_began_before_it(workspace):
    exam = load_exam(EXAM, workspace)
    with open_records(workspace, create=True) as records:
        sittings = [exam.start(f"person {k}", seed=7, records=records) for k in range(MOST + 2)]
        first = [sitting.next_item().item for sitting in sittings]
        assert len(set(first[:MOST])) == 1
        assert first[0] not in first[MOST:]
        for sitting in sittings[MOST:]:
            gone = [event for event in sitting.events if isinstance(event, PoolChanged)]
            assert [(event.withdrawn, event.reason) for event in gone] == [((first[0],), "maximum use")]
        for sitting in sittings:
            sitting.close()
        assert all(replayed(records.sitting(sitting.id)).differences == () for sitting in sittings)


def test_kills_among_concurrent_sittings_lose_and_double_no_count(workspace):
    exam = load_exam(EXAM, workspace)
    chance = random.Random(5)  # noqa: S311 (when to kill is no secret)
    running = {k: worker(workspace, exam, k) for k in range(WORKERS)}
    kills = 0
    while running:
        if kills < WORKERS:
            time.sleep(chance.random() * 0.2)
            k = chance.choice(list(running))
            os.kill(running[k], signal.SIGKILL)
        for k, child in list(running.items()):
            done, status = os.waitpid(child, os.WNOHANG)
            if not done:
                continue
            if os.WIFSIGNALED(status):
                kills += 1
                running[k] = worker(workspace, exam, k)
            else:
                assert os.WEXITSTATUS(status) == 0
                del running[k]
        time.sleep(0.01)
    with open_records(workspace) as records:
        stored = list(records.all(EXAM))
        assert verify(records.database).problems == ()
        for one in stored:
            assert replayed(one).differences == ()
        finished = [one for one in stored if one.result.status == "finished"]
        assert len(finished) >= WORKERS
        logs = [one.events for one in stored]
        with records.database.read() as connection:
            counted = bands.counted(connection, Counting.of(EXAM, (-0.5, 0.5), 0.95).counter)
            shown = usage.shown(connection, EXAM)
    presented = [{e.item for e in log if isinstance(e, ItemPresented)} for log in logs]
    for item, n in shown.items():
        assert n == sum(item in mine for mine in presented)
    beyond = {e.text.split()[1] for log in logs for e in log if isinstance(e, NoteAdded)}
    assert {item for item, n in shown.items() if n > MOST} <= beyond
    assert not beyond
    assert kills >= WORKERS
    assert sum(counted.visits.values()) > 0
