"""Killed at any moment, a sitting keeps every acknowledged answer once, and decides the same again."""

import gc
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.event import listen

from adaptest.administration.exam import load_exam
from adaptest.administration.explain import replayed
from adaptest.administration.records import open_records
from adaptest.engine.codec import from_json
from adaptest.engine.events import ItemPresented, ResponseGiven, SittingEnded
from adaptest.store import events, sittings
from adaptest.store.database import connect
from adaptest.store.opening import open_store
from adaptest.store.verify import verify
from adaptest.workspace import open_workspace

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forked workers; this system has no fork"),
    # newer Pythons warn of forking beside threads; the workers use none of them
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]

EXAM = "peer-support/long"
# two domains of the shipped bank, without a blueprint: what is tested is the store, not the look ahead, and
# every worker reads the pool again
EXAM_FILE = """
format: adaptest-exam/1
id: long
title: Long
pool: {domain: [COM, CRI]}
length: {minimum: 24, maximum: 24}
selection: {criterion: information, picker: {name: randomesque, size: 5}}
"""
WAL_CUTS = 60
SIDE_BY_SIDE = 20

# where inside a transaction that adds events a worker ends itself
FAULTS = ("begun", "events_inserted", "row_updated", "before_commit", "after_commit")


@pytest.fixture
def workspace(laid_out, tmp_path):
    shutil.copytree(laid_out, tmp_path / "workspace")
    exams = tmp_path / "workspace" / "itembank" / "peer-support" / "exams"
    (exams / "long.yaml").write_text(EXAM_FILE, encoding="utf-8")
    return open_workspace(tmp_path / "workspace")


def forked(work):
    """Run `work(write)` in a child, and return its pid and what it acknowledges, as a file to read."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        code = 1
        try:
            work(lambda line: os.write(writing, f"{line}\n".encode()))
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    return child, os.fdopen(reading, encoding="utf-8")


def answer_all(sitting, acknowledge):
    """Answer every item by its own letter rule, and acknowledge each answer after it was kept."""
    while (question := sitting.next_item()) is not None:
        letter = sorted(question.options)[len(question.stem) % len(question.options)]
        number = sitting.answer(letter)
        acknowledge(f"{number} {question.item} {letter}")


def resume_and_answer(workspace, sitting, fault=None, at=0):
    def work(acknowledge):
        with open_records(workspace) as records:
            if fault is not None:
                end_inside(records.database.engine, fault, at)
            with records.resume(sitting) as running:
                answer_all(running, acknowledge)

    return work


def end_inside(engine, fault, at):
    """Make this process kill itself at a point of its `at`-th transaction that adds events."""
    seen = 0

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    def statement(_connection, _cursor, text, *_):
        nonlocal seen
        if text == "BEGIN IMMEDIATE":
            seen += 1
        if seen == at and (
            (fault == "begun" and text == "BEGIN IMMEDIATE")
            or (fault == "events_inserted" and text.startswith("INSERT INTO events"))
            or (fault == "row_updated" and text.startswith("UPDATE sittings"))
        ):
            die()

    def before_commit(_connection):
        if fault == "before_commit" and seen == at:
            die()

    listen(engine, "after_cursor_execute", statement)
    listen(engine, "commit", before_commit)
    if fault == "after_commit":
        commit = engine.dialect.do_commit

        def commit_and_die(connection):
            commit(connection)
            if seen == at:
                die()

        engine.dialect.do_commit = commit_and_die


def log_of(workspace, sitting):
    database = open_store(workspace.database)
    with database.read() as connection:
        row = sittings.find(connection, sitting)
        log = events.read(connection, row)
    database.close()
    return [from_json(stored.body) for stored in log]


def answers(log):
    return [(given.item, given.response) for given in log if isinstance(given, ResponseGiven)]


def new_sitting(workspace, candidate, seed, exam=None):
    with (exam or load_exam(EXAM, workspace)).start(candidate, seed=seed) as sitting:
        return sitting.id


def everything_agrees(workspace, taken):
    with open_records(workspace) as records:
        assert verify(records.database).problems == ()
        for sitting in taken:
            assert replayed(records.sitting(sitting)).differences == ()


@pytest.mark.parametrize(("between", "within"), [(8, 5), pytest.param(75, 25, marks=pytest.mark.slow)])
def test_kills_lose_no_acknowledged_answer_and_double_none(workspace, between, within):
    chance = random.Random(20261122)  # noqa: S311 (when to kill is no secret)
    plans = ["between"] * between + [FAULTS[k % len(FAULTS)] for k in range(within)]
    chance.shuffle(plans)
    killed = {"between": 0, "inside": 0}
    gc.freeze()  # the workers share this memory as it is
    taken, acknowledged, log, exam = [], {}, [], load_exam(EXAM, workspace)
    while sum(killed.values()) < between + within:
        if not taken or any(isinstance(e, SittingEnded) for e in log):
            taken.append(new_sitting(workspace, f"candidate {len(taken)}", chance.getrandbits(64), exam))
            acknowledged[taken[-1]] = []
            log = log_of(workspace, taken[-1])
        sitting, before = taken[-1], log
        waiting = before[-1] if isinstance(before[-1], ItemPresented) else None
        plan = plans[sum(killed.values())]
        inside = plan in FAULTS
        after = chance.randint(1, 4)
        work = resume_and_answer(workspace, sitting, plan if inside else None, at=after + 1)
        child, acks = forked(work)
        lines = []
        for line in acks:
            lines.append(line.split())
            if not inside and len(lines) == after:
                time.sleep(chance.random() * 0.004)
                os.kill(child, signal.SIGKILL)
        acks.close()
        _, status = os.waitpid(child, 0)
        acknowledged[sitting] += [(item, letter) for _, item, letter in lines]
        log = log_of(workspace, sitting)
        kept = answers(log)
        # every acknowledged answer is there, once, in order; at most the one under way is there beside them
        assert kept[: len(acknowledged[sitting])] == acknowledged[sitting]
        assert len(kept) - len(acknowledged[sitting]) in {0, 1}
        assert len({item for item, _ in kept}) == len(kept)
        if waiting is not None and len(log) > len(before):
            assert log[len(before)].item == waiting.item
        acknowledged[sitting] = kept
        was_killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        ended = any(isinstance(e, SittingEnded) for e in log)
        if was_killed and inside:
            killed["inside"] += 1
        elif was_killed and kept and not ended:
            killed["between"] += 1
        else:
            assert was_killed or os.WEXITSTATUS(status) == 0
            assert ended
    assert killed == {"between": between, "inside": within}
    everything_agrees(workspace, taken)


def stopped_in_the_middle(workspace, seed, wanted):
    """A worker that is stopped (not ended) right after it acknowledged `wanted` answers."""
    sitting = new_sitting(workspace, None, seed)

    def work(acknowledge):
        def acknowledge_and_stop(line):
            acknowledge(line)
            if line.startswith(f"{wanted} "):
                os.kill(os.getpid(), signal.SIGSTOP)

        resume_and_answer(workspace, sitting)(acknowledge_and_stop)

    child, acks = forked(work)
    lines = [acks.readline().split() for _ in range(wanted)]
    os.waitpid(child, os.WUNTRACED)
    return sitting, child, acks, [(item, letter) for _, item, letter in lines]


def end(child, acks):
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    acks.close()


def copied(workspace, folder, wal=None):
    """Copy the database and its log as a file system would show them now; cut the log at `wal` bytes."""
    folder.mkdir(exist_ok=True)
    source = workspace.database
    target = folder / "adaptest.db"
    for name in ("-shm", "-wal"):
        target.with_name(target.name + name).unlink(missing_ok=True)
    shutil.copyfile(source, target)
    log = source.with_name(source.name + "-wal").read_bytes()
    target.with_name(target.name + "-wal").write_bytes(log if wal is None else log[:wal])
    return target, len(log)


@pytest.mark.parametrize("wanted", [1, 9])
def test_a_copy_taken_right_after_an_acknowledgement_holds_the_answer(workspace, tmp_path, wanted):
    sitting, child, acks, given = stopped_in_the_middle(workspace, seed=wanted, wanted=wanted)
    copy, _ = copied(workspace, tmp_path / "copy")
    end(child, acks)
    database = connect(copy)
    assert verify(database).problems == ()
    database.close()
    there = open_workspace(workspace.folder)
    with open_records(type(there)(there.folder, there.bank, there.calibration, copy)) as records:
        assert answers(records.sitting(sitting).events) == given


def test_a_log_cut_anywhere_opens_to_a_verified_beginning(workspace, tmp_path):
    new_sitting(workspace, None, seed=1)  # its closing folds the tables into the file itself
    sitting, child, acks, given = stopped_in_the_middle(workspace, seed=5, wanted=12)
    _, size = copied(workspace, tmp_path / "cut")
    whole = [stored.body for stored in bodies(copied(workspace, tmp_path / "cut")[0], sitting)]
    lengths = set()
    chance = random.Random(7)  # noqa: S311 (where to cut is no secret)
    for at in sorted(chance.randrange(size) for _ in range(WAL_CUTS)):
        copy, _ = copied(workspace, tmp_path / "cut", wal=at)
        database = connect(copy)
        assert verify(database).problems == ()
        database.close()
        kept = [stored.body for stored in bodies(copy, sitting)]
        assert kept == whole[: len(kept)]
        lengths.add(len(kept))
    end(child, acks)
    assert len(lengths) > len(given)  # the cuts fell into many different transactions


def bodies(path, sitting):
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT sequence, type, body, hash FROM events WHERE sitting = ? ORDER BY sequence"
        return [events.Stored(*row) for row in connection.execute(query, (sitting,))]


def test_two_processes_on_one_sitting_the_second_is_refused(workspace):
    sitting = new_sitting(workspace, None, seed=3)
    adaptest = Path(sys.executable).with_name("adaptest")
    command = [adaptest, "exam", "take", EXAM, "--resume", "--sitting", sitting]
    with subprocess.Popen(
        command, cwd=workspace.folder, stdin=-1, stdout=subprocess.DEVNULL, stderr=-1, text=True
    ) as first:
        first.stdin.write("A\n")
        first.stdin.flush()
        assert first.stderr.readline() == "recorded 1\n"
        second = subprocess.run(
            command, check=False, cwd=workspace.folder, input="A\n", capture_output=True, text=True
        )
        first.stdin.close()
        first.stderr.read()
    assert (second.returncode, second.stderr) == (
        1,
        f"adaptest: sitting {sitting!r}: another process is running it; go on there, or end that one first\n",
    )
    assert len(answers(log_of(workspace, sitting))) == 1


@pytest.mark.slow
def test_twenty_sittings_side_by_side_all_complete(workspace):
    exam = load_exam(EXAM, workspace)

    def one(k):
        def work(acknowledge):
            with (  # there is no database yet: they make it together
                open_records(workspace, create=True) as records,
                exam.start(f"candidate {k}", seed=k, records=records) as sitting,
            ):
                answer_all(sitting, acknowledge)

        return work

    children = [forked(one(k)) for k in range(SIDE_BY_SIDE)]
    counts = []
    for child, acks in children:
        counts.append(len(acks.readlines()))
        acks.close()
        assert os.waitpid(child, 0)[1] == 0
    with open_records(workspace) as records:
        stored = list(records.all(EXAM))
        assert sorted(one.result.n_items for one in stored) == sorted(counts)
        assert {one.result.status for one in stored} == {"finished"}
    everything_agrees(workspace, [one.row.sitting for one in stored])
