"""What people read, whole: every command about sittings, on a database that never changes.

`ADAPTEST_UPDATE_GOLDEN=1 pytest tests/golden/test_cli_text.py` writes the files anew; read the difference.
"""

import io
import os
import sqlite3
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from types import MappingProxyType

import pytest

from adaptest.administration.sentences_en import ENGLISH
from adaptest.administration.views import DomainFeedback, Feedback, Question, Result
from adaptest.cli import terminal_screens as screens
from adaptest.cli.main import main

HERE = Path(__file__).parent / "cli"
DATABASE = Path(__file__).parents[1] / "data" / "store-0001.sql"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("golden")
    with closing(sqlite3.connect(folder / "adaptest.db")) as database:
        database.executescript(DATABASE.read_text("utf-8"))
        ids = [row[0] for row in database.execute("SELECT sitting FROM sittings ORDER BY created_at")]
    (folder / "adaptest.toml").write_text('format = "adaptest-workspace/1"\n', encoding="utf-8")
    return folder, ids


def same_as_before(name, text):
    path = HERE / f"{name}.txt"
    text = "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
    if os.environ.get("ADAPTEST_UPDATE_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text("utf-8")


def run(folder, *arguments):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main(["-q", "--workspace", str(folder), *arguments])
    return f"{out.getvalue()}--- {ended.value.code}\n{err.getvalue()}".replace(str(folder), "FOLDER")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("results", ["exam", "results"]),
        ("results_json", ["exam", "results", "--format", "json"]),
        ("results_csv", ["exam", "results", "--format", "csv"]),
        ("replay", ["exam", "replay", "FIRST"]),
        ("explain", ["exam", "explain", "FIRST"]),
        ("explain_item", ["exam", "explain", "FIRST", "--item", "2"]),
        ("explain_last", ["exam", "explain", "last"]),
        ("verify", ["store", "verify"]),
    ],
)
def test_a_command_says_what_it_said(workspace, name, arguments):
    folder, (first, _) = workspace
    same_as_before(name, run(folder, *[first if word == "FIRST" else word for word in arguments]))


QUESTION = Question(
    "X-1",
    7,
    23,
    30,
    "Interpersonal Skills",
    "A person says, “Nobody listens to me.” What does the peer support specialist do FIRST, before anything"
    " else is said or done?",
    MappingProxyType(
        {
            "C": "Listens",
            "A": "Explains at some length how listening works and why it is so often done badly",
            "B": "Leaves",
            "D": "Calls a colleague",
        }
    ),
)


def feedback(given):
    rationale = {"A": "Explaining is talking.", "C": "It answers what was said.", "D": "Later, perhaps."}
    return Feedback(QUESTION, given, "C", MappingProxyType(rationale), "listening", "Listening")


def result(**changed):
    areas = (
        DomainFeedback("INT", "Interpersonal Skills", 4, 6, "above"),
        DomainFeedback("CRI", "Crisis Management", 1, 2, "not enough items"),
    )
    values = {
        "sitting": "s0000000", "candidate": "Ann", "exam": "bank/exam", "title": "Practice exam",
        "stakes": "practice", "status": "finished", "theta": -0.004, "sem": 0.39, "method": "eap",
        "outcome": "ok", "scale_score": 49.96, "scale_low": 42.3, "scale_high": 57.6, "cut": 0.0,
        "cut_score": 50.0, "cut_label": "demo value", "decision": "fail", "domains": areas, "n_items": 8,
        "reason": "sem", "release": "1:run", "provisional": True, "started_at": "", "ended_at": "",
    }  # fmt: skip
    return Result(**(values | changed))


def screen(shown):
    out, text = screens.console(terminal=False), io.StringIO()
    out.file = text
    out.print(shown)
    return text.getvalue()


def last_page(*, lessons=(), named=True, **changed):
    return screens.result(result(**changed), ENGLISH, lessons=lessons, named=named)


CERTIFIED = {"stakes": "certification", "provisional": False, "decision": "pass", "theta": 1.0}
UNSCALED = {"scale_score": None, "scale_low": None, "scale_high": None, "cut_score": None}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("screen_question", screens.question(QUESTION, ENGLISH, with_domain=True)),
        ("screen_right", screens.feedback(feedback("C"), ENGLISH)),
        ("screen_wrong", screens.feedback(feedback("A"), ENGLISH)),
        ("screen_practice", last_page(lessons=[("Listening", "adaptest lesson listening")], named=False)),
        ("screen_certification", last_page(**CERTIFIED, scale_score=60.0, scale_low=52.4, scale_high=67.6)),
        (
            "screen_no_score",
            last_page(theta=None, sem=None, decision=None, domains=(), outcome="no_responses", **UNSCALED),
        ),
        ("screen_no_scale", last_page(theta=0.5, decision="pass", **UNSCALED)),
    ],
)
def test_a_screen_reads_as_it_did(name, shown):
    text = screen(shown)
    assert max(len(line) for line in text.splitlines()) <= 80
    same_as_before(name, text)
