"""What is broken, unknown or over is said in one sentence, with exit code 1 and nothing changed."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from adaptest.store.opening import NEWEST

EXAM = "peer-support/quick"
COMMANDS = [
    ("exam", "take", EXAM),
    ("exam", "take", EXAM, "--resume"),
    ("exam", "results"),
    ("exam", "responses", "--out", "out.csv"),
    ("exam", "report", "s1", "--out", "out.html"),
    ("exam", "replay", "s1"),
    ("exam", "explain", "s1"),
    ("exam", "void", "s1", "--reason", "x"),
    ("store", "verify"),
    ("store", "backup", "out.db"),
    ("store", "erase", "Ann"),
]


def named(commands):
    return pytest.mark.parametrize("command", commands, ids=lambda command: " ".join(command[:2]))


@pytest.fixture(scope="module")
def anns(laid_out, command_line, tmp_path_factory):
    """A database with Ann's finished sitting."""
    folder = tmp_path_factory.mktemp("ann") / "workspace"
    shutil.copytree(laid_out, folder)
    command_line(folder)("exam", "take", EXAM, "--candidate", "Ann", stdin="A\n" * 8, check=0)
    return folder / "adaptest.db"


@pytest.fixture
def sitting(adaptest, anns):
    """Ann's finished sitting, in a workspace of the test's own."""
    shutil.copyfile(anns, adaptest.folder / "adaptest.db")
    with closing(sqlite3.connect(anns)) as database:
        return database.execute("SELECT sitting FROM sittings").fetchone()[0]


def unchanged(adaptest):
    return {p.relative_to(adaptest.folder): p.stat().st_mtime_ns for p in adaptest.folder.rglob("*")}


@named(COMMANDS)
def test_a_folder_that_is_no_workspace(adaptest, tmp_path, command):
    (tmp_path / "elsewhere").mkdir()
    assert adaptest.sentence("--workspace", str(tmp_path / "elsewhere"), *command) == (
        f"folder '{tmp_path / 'elsewhere'}': must be a workspace, with a file adaptest.toml; got none; make"
        " one with 'adaptest init DIR', or say where one is with --workspace"
    )
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_environment_may_say_where_the_workspace_is(adaptest, tmp_path):
    said = adaptest.sentence("exam", "results", ADAPTEST_WORKSPACE=str(tmp_path / "none"))
    assert said.startswith(f"folder '{tmp_path / 'none'}': must be a workspace")


@named(COMMANDS)
def test_a_file_that_is_no_database(adaptest, command):
    (adaptest.folder / "adaptest.db").write_bytes(b"this is not a database\n" * 100)
    before = unchanged(adaptest)
    assert adaptest.sentence(*command) == (
        "database 'adaptest.db': is damaged (file is not a database); restore a backup with 'adaptest store"
        " restore'"
    )
    assert unchanged(adaptest) == before


@named(COMMANDS)
@pytest.mark.usefixtures("sitting")
def test_a_database_of_a_newer_adaptest(adaptest, command):
    with closing(sqlite3.connect(adaptest.folder / "adaptest.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    assert adaptest.sentence(*command) == (
        "database 'adaptest.db': was written by a newer adaptest (revision 9999; this one knows"
        f" {NEWEST}); use that one"
    )


@named(COMMANDS[1:])
def test_a_workspace_where_no_exam_was_taken(adaptest, command):
    assert adaptest.sentence(*command) == "database 'adaptest.db': is not there; taking an exam makes it"
    assert not (adaptest.folder / "adaptest.db").exists()


def test_pages_that_were_overwritten(adaptest, sitting):
    path = adaptest.folder / "adaptest.db"
    data = bytearray(path.read_bytes())
    for start in range(4096 * 2, len(data), 4096):
        data[start : start + 64] = b"\xff" * 64
    path.write_bytes(data)
    for command in (("store", "verify"), ("exam", "results"), ("exam", "replay", sitting)):
        done = adaptest(*command, check=1)
        assert done.stderr.startswith("adaptest: database 'adaptest.db': ")
        assert done.stderr.count("\n") == 1


def test_an_event_that_was_changed(adaptest, sitting):
    with closing(sqlite3.connect(adaptest.folder / "adaptest.db")) as database, database:
        database.execute("UPDATE events SET body = replace(body, 'null', '1.5') WHERE sequence IN (2, 4)")
    rule = f"sitting '{sitting}': event 2 is not what was written"
    assert adaptest.sentence("exam", "replay", sitting) == f"{rule}; restore a backup"
    done = adaptest("store", "verify", check=1)
    assert done.stdout == f"wrong: {rule}\n"
    assert done.stderr == (
        "adaptest: database 'adaptest.db': must be as it was written; got 1 problem in 1 sittings, 18 events,"
        f" {done.stderr.partition('events, ')[2].partition(' ')[0]} stored texts; restore a backup with"
        " 'adaptest store restore'\n"
    )


BROKEN = [
    ("items/confidentiality.yaml", "items: [", "itembank/peer-support/items/confidentiality.yaml:"),
    ("exams/quick.yaml", "format: adaptest-exam/1\nid: [", "itembank/peer-support/exams/quick.yaml:"),
    (
        "exams/quick.yaml",
        "format: adaptest-exam/9\nid: quick\n",
        "itembank/peer-support/exams/quick.yaml:1: format must be",
    ),
    ("bank.yaml", "\tformat", "itembank/peer-support/bank.yaml:1: "),
]


@pytest.mark.parametrize(("file", "text", "where"), BROKEN)
def test_a_broken_yaml_is_named_with_its_line(adaptest, file, text, where):
    (adaptest.folder / "itembank" / "peer-support" / file).write_text(text, encoding="utf-8")
    assert adaptest.sentence("exam", "take", EXAM).startswith(where)
    assert not (adaptest.folder / "adaptest.db").exists()


def test_a_broken_workspace_file(adaptest):
    (adaptest.folder / "adaptest.toml").write_text('format = "adaptest-workspace/1"\nbanks = "x"\n', "utf-8")
    assert adaptest.sentence("exam", "list") == (
        "adaptest.toml: keys must be format, bank, calibration, database; got 'banks'"
    )


@pytest.mark.parametrize(
    "name", ["nothing", "peer-support/nothing", "nothing/practice", "/", "peer-support/"]
)
def test_an_exam_that_there_is_not(adaptest, name):
    rule = "must be one" if name == "peer-support/nothing" else "must be bank/exam, and one"
    assert adaptest.sentence("exam", "take", name) == f"exam {name!r}: {rule} that 'adaptest exam list' shows"


@pytest.mark.usefixtures("sitting")
def test_results_of_an_exam_that_there_is_not(adaptest):
    for command in (("exam", "results", "a/b"), ("exam", "responses", "a/b", "--out", "out.csv")):
        assert adaptest.sentence(*command) == (
            "exam 'a/b': must be one that 'adaptest exam list' shows, or was taken here"
        )


@named([command for command in COMMANDS if "s1" in command])
@pytest.mark.usefixtures("sitting")
def test_a_sitting_that_there_is_not(adaptest, command):
    assert adaptest.sentence(*command) == "sitting 's1': is unknown here; 'adaptest exam results' lists them"


@pytest.mark.usefixtures("sitting")
def test_a_candidate_who_is_unknown(adaptest):
    for command in (("exam", "take", EXAM, "--resume", "--candidate", "Bob"), ("store", "erase", "Bob")):
        assert adaptest.sentence(*command) == (
            "candidate 'Bob': is unknown here; 'adaptest exam results' lists who is known"
        )


def test_a_sitting_that_is_finished_cannot_be_resumed(adaptest, sitting):
    assert adaptest.sentence("exam", "take", EXAM, "--resume", "--candidate", "Ann") == (
        f"candidate 'Ann': must have an unfinished sitting of '{EXAM}' to resume; got none; the last one,"
        f" {sitting!r}, is finished; start a new one without --resume"
    )
    assert adaptest.sentence("exam", "take", EXAM, "--resume", "--sitting", sitting) == (
        f"sitting {sitting!r}: is finished and cannot be resumed; start a new one"
    )
    assert adaptest.sentence("exam", "take", EXAM, "--resume") == (
        f"somebody without a name: must have an unfinished sitting of '{EXAM}' to resume; got none; start a"
        " new one without --resume"
    )


def test_a_sitting_is_resumed_under_its_own_exam(adaptest):
    adaptest("exam", "take", EXAM, stdin="A\n", check=1)
    with closing(sqlite3.connect(adaptest.folder / "adaptest.db")) as database:
        (sitting,) = database.execute("SELECT sitting FROM sittings").fetchone()
    said = adaptest.sentence("exam", "take", "peer-support/practice", "--resume", "--sitting", sitting)
    assert said == f"sitting {sitting!r}: is of exam '{EXAM}'; got 'peer-support/practice'"


def test_a_report_of_an_unfinished_sitting(adaptest):
    adaptest("exam", "take", EXAM, stdin="A\n", check=1)
    with closing(sqlite3.connect(adaptest.folder / "adaptest.db")) as database:
        (sitting,) = database.execute("SELECT sitting FROM sittings").fetchone()
    assert adaptest.sentence("exam", "report", sitting, "--out", "out.html") == (
        f"sitting {sitting!r}: must have ended to be reported; it is unfinished"
    )
    assert not (adaptest.folder / "out.html").exists()


def test_a_seed_that_is_none(adaptest):
    assert adaptest.sentence("exam", "take", EXAM, "--seed", str(2**64)) == (
        f"seed must be in 0 .. 2**64 - 1; got {2**64}"
    )
    assert adaptest("exam", "take", EXAM, "--seed", "1", "--resume").returncode == 2
    assert adaptest("exam", "take", EXAM, "--sitting", "s1").returncode == 2


def test_a_lesson_that_there_is_not(adaptest):
    assert adaptest.sentence("lesson", "nothing") == (
        "lesson 'nothing': must be one that 'adaptest lesson' lists"
    )


def test_a_backup_is_restored_over_a_damaged_database(adaptest, sitting):
    adaptest("store", "backup", "backup.db", check=0)
    verified = adaptest("store", "verify", check=0).stdout
    (adaptest.folder / "adaptest.db").write_bytes(b"damaged")
    assert adaptest.sentence("store", "restore", "backup.db") == (
        "database 'adaptest.db': exists; add --force to replace it (a copy of it is kept)"
    )
    done = adaptest("store", "restore", "backup.db", "--force", check=0)
    assert done.stdout.splitlines()[1] == "what stood there is kept as adaptest.db.replaced"
    assert (adaptest.folder / "adaptest.db.replaced").read_bytes() == b"damaged"
    assert adaptest("store", "verify", check=0).stdout == verified
    adaptest("exam", "replay", sitting, check=0)
