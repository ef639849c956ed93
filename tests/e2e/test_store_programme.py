"""The loop on sittings in the store: sit, recalibrate, publish, revoke, go back; what was written stays."""

import csv
import hashlib
import json
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from adaptest.administration import load_exam, open_records
from adaptest.workspace import open_workspace

pytestmark = pytest.mark.slow

POLICY = (
    "format: adaptest-recalibration-policy/1\n"
    "gates: {two_pl_with_priors: 30, per_category: 3, se_difficulty: 1.5, se_log_discrimination: 1.5}\n"
    "impact: {simulees: 50}\n"
)
EXAM, LENGTH = "made-up/exam", 10
FIRST, MORE, LAST = 80, 20, 8  # sittings on the judged, the calibrated and the mended release


def sit(folder, truth, names, *, seed, answers=LENGTH):
    """Let people sit the exam, `answers` questions each; their sittings' ids."""
    rng = np.random.default_rng(seed)
    exam, sittings = load_exam(EXAM, folder), []
    with open_records(open_workspace(folder), create=True) as records:
        for k, name in enumerate(names):
            theta = rng.normal()
            with exam.start(name, seed * 1000 + k, records=records) as sitting:
                sittings.append(sitting.id)
                for _ in range(answers):
                    item = sitting.next_item().item
                    right = rng.random() < 1 / (1 + np.exp(-truth.a[item] * (theta - truth.b[item])))
                    sitting.answer("A" if right else "BCD"[rng.integers(3)], time_s=30.0)
                if answers == LENGTH:
                    sitting.next_item()
    return sittings


def written(folder):
    """SHA-256 of every file of the releases, the list of them, and every row of the store."""
    runs = folder / "calibration" / "made-up"
    files = {
        str(path.relative_to(runs)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in runs.rglob("*")
        if path.is_file() and path.name != "releases.json"
    }
    with closing(sqlite3.connect(folder / "adaptest.db")) as store:
        names = [name for (name,) in store.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        stored = {
            (name, row[0]): row[1:]
            for name in names
            for row in store.execute(f'SELECT rowid, * FROM "{name}"')  # noqa: S608
        }
    return files, json.loads((runs / "releases.json").read_text("utf-8"))["releases"], stored


def require_only_appended(old, new):
    files, releases, stored = old
    assert {name: new[0].get(name) for name in files} == files
    assert new[1][: len(releases)] == releases
    assert {row: new[2].get(row) for row in stored} == stored


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def log(adaptest):
    adaptest("exam", "responses", EXAM, "--out", "log.csv", "--force", check=0)
    return rows(adaptest.folder / "log.csv")


def results(adaptest):
    return json.loads(adaptest("exam", "results", EXAM, "--format", "json", check=0).stdout)


@pytest.fixture
def loop(tmp_path, made_up, command_line):
    """`step(words, check)`: a command, after which everything written before it is as it was."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    ops, _ = made_up.lay_out(folder, operational=16, pretest=0)
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    adaptest, seen = command_line(folder), []

    def step(*words, check):
        before = written(folder)
        require_only_appended(seen[-1] if seen else before, before)
        done = adaptest(*words, check=check)
        seen.append(written(folder))
        require_only_appended(before, seen[-1])
        return done.stdout

    return folder, adaptest, step, ops, made_up.truth_of(ops)


def test_the_whole_loop_from_the_store_overwrites_nothing(loop):
    folder, adaptest, step, ops, truth = loop
    leaked, miskeyed = ops[0], ops[9]
    policy = ("--policy", "policy.yaml")
    people = sit(folder, truth, [f"p{k}" for k in range(FIRST)], seed=1)
    said = step("recalibrate", "made-up", *policy, "--out", "base", check=3)
    assert f"{FIRST * LENGTH} responses of {FIRST} sittings" in said
    step("release", "approve", "base", "--as", "Ann", check=0)
    step("release", "publish", "base", "--name", "2026-base", check=3)
    people += sit(folder, truth, [f"q{k}" for k in range(MORE)], seed=2)
    sit(folder, truth, ["open"], seed=3, answers=4)
    said = step("recalibrate", "made-up", *policy, "--out", "second", check=None)
    assert f"{(FIRST + MORE) * LENGTH} responses of {FIRST + MORE} sittings" in said
    assert "set aside: 1 unfinished sittings" in said
    told = {row["sitting"]: row for row in results(adaptest)}
    had = {row["sitting"] for row in log(adaptest) if row["item"] == leaked} & set(people)

    words = ("--how", "drop", "--why", "seen on a forum", *policy)
    exam = folder / "itembank" / "made-up" / "exams" / "exam.yaml"
    rules = exam.read_text(encoding="utf-8")
    exam.write_text(rules.replace("minimum: 3, maximum: 7", "minimum: 9, maximum: 10"), encoding="utf-8")
    said = step("release", "revoke", "made-up", leaked, *words, "--out", "leaked", check=3)
    exam.write_text(rules, encoding="utf-8")
    unchecked = "sittings were not held to its content rules: "
    assert f"exam exam: {unchecked}" in said
    assert "domain INT has 8 active items; the blueprint needs 9" in said.partition(unchecked)[2]
    assert "not held to its content rules" in (folder / "leaked" / "report.html").read_text(encoding="utf-8")
    assert f"{len(had)} scored responses to it, {len(had)} would count otherwise (drop)" in said
    assert f"unsupported: {len(had)}: " in said  # nobody has an item to spare
    step("release", "approve", "leaked", "--as", "Ann", check=0)
    step("release", "publish", "leaked", "--name", "2026-leaked", check=0)
    begun = sit(folder, truth, [f"r{k}" for k in range(LAST)], seed=4)
    assert leaked not in {row["item"] for row in log(adaptest) if row["sitting"] in begun}

    words = ("--how", "accept_keys", "--keys", "A,B", "--why", "two right answers", *policy)
    said = step("release", "revoke", "made-up", miskeyed, *words, "--out", "two-keys", check=3)
    had = [row for row in log(adaptest) if row["item"] == miskeyed and row["sitting"] in {*people, *begun}]
    other = sum(row["response"] == "B" for row in had)
    assert 0 < other < len(had)
    assert f"{len(had)} scored responses to it, {other} would count otherwise (accept_keys)" in said
    moved = [row for row in rows(folder / "two-keys" / "impact.csv") if row["theta_old"] != row["theta_new"]]
    assert len(moved) == other
    assert all(float(row["theta_new"]) > float(row["theta_old"]) for row in moved)
    step("release", "approve", "two-keys", "--as", "Ben", check=0)
    step("release", "publish", "two-keys", "--name", "2026-two-keys", check=0)
    step("release", "rollback", "made-up", "--to", "2", "--why", "the forum was another exam's", check=0)

    assert {row["sitting"]: row for row in results(adaptest) if row["sitting"] in told} == told
    for sitting in (people[0], people[-1], begun[0]):
        adaptest("exam", "replay", sitting, check=0)
    adaptest("exam", "take", EXAM, "--candidate", "open", "--resume", stdin="A\n" * (LENGTH - 4), check=0)
    sit(folder, truth, ["later"], seed=5)
    releases = {row["candidate"]: row["release"] for row in results(adaptest)}
    assert {name: releases[name] for name in ("p0", "q0", "open", "r0", "later")} == {
        "p0": "1:judged", "q0": "2:2026-base", "open": "2:2026-base", "r0": "3:2026-leaked",
        "later": "5:2026-base",
    }  # fmt: skip


def test_a_written_release_that_changes_by_a_byte_is_seen(loop):
    folder, _, step, _, truth = loop
    sit(folder, truth, ["p"], seed=1)
    step("release", "list", "made-up", check=0)
    with closing(sqlite3.connect(folder / "adaptest.db")) as store, store:
        store.execute("UPDATE sittings SET pseudonym = 'another'")
    with pytest.raises(AssertionError):
        step("release", "list", "made-up", check=None)
