"""`adaptest --help` is what people see first: quick, whole, and kind to closed pipes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adaptest.cli.main import COMMANDS

ADAPTEST = Path(sys.executable).with_name("adaptest")


def run(*arguments, **kwargs):
    return subprocess.run([ADAPTEST, *arguments], check=False, capture_output=True, text=True, **kwargs)


def test_help_names_every_command():
    done = run("--help")
    assert done.returncode == 0
    for name, (_, line) in COMMANDS.items():
        assert name in done.stdout
        assert line in " ".join(done.stdout.split())


def test_help_loads_neither_numpy_nor_pydantic():
    code = (
        "import sys\nfrom adaptest.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print({'numpy', 'pydantic', 'polars', 'sqlalchemy', 'rich', 'yaml'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_the_module_runs_as_the_command_does():
    done = subprocess.run(
        [sys.executable, "-m", "adaptest", "--help"], check=True, capture_output=True, text=True
    )
    assert done.stdout == run("--help").stdout


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(name):
    done = run(name, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: adaptest {name}")


def test_an_unknown_command_is_wrong_usage():
    done = run("frobnicate")
    assert done.returncode == 2
    assert done.stderr == "adaptest: no such command 'frobnicate'; see 'adaptest --help'\n"


def test_an_unknown_option_is_one_sentence():
    done = run("score", "--frobnicate", "r.csv")
    assert done.returncode == 2
    assert done.stderr.startswith("adaptest: no such option '--frobnicate'")
    assert done.stderr.count("\n") == 1


def test_no_command_at_all_shows_the_help():
    done = run()
    assert done.returncode == 2
    assert "Commands:" in done.stdout + done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_standard_output_is_one_sentence():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([ADAPTEST, "--help"], check=False, stdout=full, stderr=-1, text=True)
    assert (done.returncode, done.stderr) == (1, "adaptest: no space left on device\n")


@pytest.mark.skipif(os.name == "nt", reason="pipes end otherwise there")
def test_a_reader_that_leaves_early_sees_no_traceback():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([ADAPTEST, "--help"], check=False, stdout=writing, stderr=-1, text=True)
    os.close(writing)
    assert "Traceback" not in done.stderr
    assert done.returncode in {0, 1}
