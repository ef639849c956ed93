"""The command line on a workspace with the shipped bank: as a process, or quicker inside this one."""

import io
import os
import shutil
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from adaptest.bank import problems
from adaptest.bank.yamltext import parse
from adaptest.cli.main import main

ADAPTEST = Path(sys.executable).with_name("adaptest")

# eight questions without a blueprint, explained after each answer
QUICK = """
format: adaptest-exam/1
id: quick
title: Quick exam
stakes: practice
length: {minimum: 8, maximum: 8}
selection: {criterion: information, picker: {name: randomesque, size: 5}}
feedback: {explanation: after_each}
reporting: {scale: {slope: 10.0, intercept: 50.0}, cut: {theta: 0.0, label: "demo value"}}
"""


@lru_cache(maxsize=128)
def value_of(text):
    """A file's value, which nothing changes: the shipped bank is parsed once for all commands."""
    return parse(text)


def environment(**more):
    return {name: value for name, value in os.environ.items() if not name.startswith("ADAPTEST_")} | more


@dataclass(frozen=True)
class CommandLine:
    """`adaptest` in one workspace: `adaptest(...)` inside this process, `adaptest.process(...)` as one."""

    folder: Path

    def __call__(self, *arguments, stdin="", check=None, **more):
        out, err = io.StringIO(), io.StringIO()
        with (
            chdir(self.folder),
            patch.dict(os.environ, environment(**more), clear=True),
            patch.object(sys, "stdin", io.StringIO(stdin)),
            patch.object(
                problems,
                "parse",
                lambda text, marks=None: value_of(text) if marks is None else parse(text, marks),
            ),
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main([str(argument) for argument in arguments])
        return self._checked(ended.value.code, out.getvalue(), err.getvalue(), check)

    def process(self, *arguments, stdin="", check=None, **more):
        done = subprocess.run(
            [ADAPTEST, *arguments],
            check=False,
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment(**more),
        )
        return self._checked(done.returncode, done.stdout, done.stderr, check)

    def sentence(self, *arguments, **rest):
        """What a command that fails says: one line on standard error, exit 1, nothing else."""
        done = self(*arguments, check=1, **rest)
        assert done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.startswith("adaptest: ")
        return done.stderr.removeprefix("adaptest: ").removesuffix("\n")

    def add_exam(self, name, text):
        folder = self.folder / "itembank" / "peer-support" / "exams"
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        return f"peer-support/{name}"

    @staticmethod
    def _checked(code, out, err, check):
        if check is not None:
            assert code == check, err + out
        return SimpleNamespace(returncode=code, stdout=out, stderr=err)


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shipped") / "workspace"
    done = subprocess.run([ADAPTEST, "init", folder], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    CommandLine(folder).add_exam("quick", QUICK)
    return folder


@pytest.fixture
def adaptest(laid_out, tmp_path):
    shutil.copytree(laid_out, tmp_path / "workspace")
    return CommandLine(tmp_path / "workspace")


@pytest.fixture(scope="session")
def command_line():
    """`adaptest` in any folder."""
    return CommandLine
