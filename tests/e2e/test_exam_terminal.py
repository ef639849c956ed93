"""The exam at a real terminal: keys, screens, Ctrl-C."""

import os
import re
import select
import signal
import sqlite3
import sys
import time
from contextlib import closing

import pytest

pty = pytest.importorskip("pty", reason="drives a pseudo-terminal, which this system has not")

EXAM = "peer-support/quick"
CERTIFICATION = """
format: adaptest-exam/1
id: certification
title: Certification exam
stakes: certification
demo: true
length: {minimum: 3, maximum: 3}
"""
PATIENCE_S = 30.0  # for a step on a busy machine; nothing is asserted about time
ENDED = "<ended>"
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A process at a pseudo-terminal of 80 columns."""

    def __init__(self, folder, *arguments):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24", PYTHONUTF8="1")
            for name in [name for name in os.environ if name.startswith("ADAPTEST_")]:
                del os.environ[name]
            signal.signal(signal.SIGHUP, signal.SIG_DFL)  # ignored where the tests run under nohup
            code = "import sys; from adaptest.cli.main import main; main(sys.argv[1:])"
            os.execv(sys.executable, [sys.executable, "-c", code, *arguments])  # noqa: S606 (ours)
        self.text = ""

    def until(self, words):
        """Read until the words stand on the screen, and return what came up to them."""
        end = time.monotonic() + PATIENCE_S
        while words not in self.text:
            assert time.monotonic() < end, self.text[-3000:]
            assert ENDED not in self.text, self.text[-3000:]
            if select.select([self.fd], [], [], 0.2)[0]:
                self.text += ESCAPES.sub("", self._read())
        before, _, self.text = self.text.partition(words)
        return before

    def _read(self):
        try:
            return os.read(self.fd, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError:  # the other end is closed
            return ENDED

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def ended(self):
        self.until(ENDED)
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


def answered(adaptest):
    with closing(sqlite3.connect(adaptest.folder / "adaptest.db")) as database:
        return database.execute("SELECT count(*) FROM events WHERE type = 'ResponseGiven'").fetchone()[0]


def test_a_practice_exam_by_keys_with_a_pause_in_the_middle(adaptest):
    one = Terminal(adaptest.folder, "exam", "take", EXAM)
    assert "Quick exam" in one.until("Press any key to begin.")
    one.press(" ")
    question = one.until("Your answer (A-D):")
    assert "Question 1 of 8 · " in question
    assert max(len(line) for line in question.splitlines()) <= 80
    one.press("xz")  # no letters of this question: nothing happens
    one.press("b")
    explained = one.until("Press any key for the next question, or L for the lesson.")
    assert "best answer: " in explained
    assert "Read on: " in explained
    one.press("l")
    one.until("What it is")
    for _ in range(20):
        one.press(" ")
        if "Press any key to go back." in one.until("Press any key to "):
            break
        if one.text.startswith("go back.") or "next question" in one.text:
            break
    one.press("\x03")
    left = one.until("--resume --sitting ")
    assert "Paused; answers kept: 1.\nGo on with:\n  adaptest exam take peer-support/quick " in left
    assert one.ended() == 1

    two = Terminal(adaptest.folder, "exam", "take", EXAM, "--resume")
    assert "Answers kept: 1." in " ".join(two.until("Press any key to begin.").split())
    two.press(" ")
    for number in range(2, 9):
        assert f"Question {number} of 8" in two.until("Your answer (A-D):")
        two.press("A")
        two.until("Press any key for the next question")
        two.press("\r")
    page = two.until("Press any key to read on.")
    assert "Your score is " in page
    assert "not a score" in page
    two.press(" ")
    two.until("A page to keep: ")
    two.until("Press any key to go through what you missed")
    two.press("q")
    two.until("A page to keep: ")
    assert two.ended() == 0
    assert answered(adaptest) == 8


def test_exam_mode_asks_to_confirm_and_tells_nothing(adaptest):
    name = adaptest.add_exam("certification", CERTIFICATION)
    seat = Terminal(adaptest.folder, "exam", "take", name)
    everything = seat.until("Press any key to begin.")
    seat.press(" ")
    for k in range(3):
        everything += seat.until("Your answer (A-D), then Enter:")
        seat.press("a")
        everything += seat.until("Your answer: A. Enter confirms, another letter changes it.")
        assert answered(adaptest) == k
        seat.press("b")
        everything += seat.until("Your answer: B.")
        seat.press("\r")
    everything += seat.until("Your result will be released")
    assert seat.ended() == 0
    assert answered(adaptest) == 3
    for word in ("best answer", "Correct", "Not quite", "Read on", "difficulty -", "theta"):
        assert word not in everything


def test_a_terminal_that_goes_away_leaves_a_sitting_to_resume(adaptest):
    seat = Terminal(adaptest.folder, "exam", "take", EXAM)
    seat.until("Press any key to begin.")
    seat.press(" ")
    seat.until("Your answer (A-D):")
    seat.press("a")
    seat.until("Press any key for the next question")
    os.kill(seat.pid, signal.SIGHUP)
    os.waitpid(seat.pid, 0)
    os.close(seat.fd)
    assert answered(adaptest) == 1
    adaptest("exam", "take", EXAM, "--resume", stdin="A\n" * 7, check=0)
    adaptest("store", "verify", check=0)
