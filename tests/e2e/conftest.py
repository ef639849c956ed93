"""The command line as a person has it, on a workspace with the shipped bank."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ADAPTEST = Path(sys.executable).with_name("adaptest")
EXAM = "peer-support/practice"


@dataclass(frozen=True)
class CommandLine:
    """`adaptest`, run in one workspace."""

    folder: Path

    def __call__(self, *arguments, stdin="", check=None, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ADAPTEST_")}
        done = subprocess.run(
            [ADAPTEST, *arguments],
            check=False,
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=clean | environment,
        )
        if check is not None:
            assert done.returncode == check, done.stderr + done.stdout
        return done

    def sentence(self, *arguments, **rest):
        """What a command that fails says: one line on standard error, exit 1, nothing else."""
        done = self(*arguments, check=1, **rest)
        assert done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.startswith("adaptest: ")
        return done.stderr.removeprefix("adaptest: ").removesuffix("\n")


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shipped") / "workspace"
    done = subprocess.run([ADAPTEST, "init", folder], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def adaptest(laid_out, tmp_path):
    shutil.copytree(laid_out, tmp_path / "workspace")
    return CommandLine(tmp_path / "workspace")
