"""The README is true: its map, its commands, its code."""

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import adaptest.errors
from adaptest.cli.main import COMMANDS, cli, main
from adaptest.engine.events import EVENTS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
MAP = README[README.index("## The map of the code") :]
MAP = MAP[: MAP.index("\n## ", 10)]
ADAPTEST = Path(sys.executable).with_name("adaptest")


def mapped():
    return [row[1] for row in re.finditer(r"^\| `([^`]+)` \| ", MAP, flags=re.MULTILINE)]


def test_every_place_on_the_map_is_there():
    assert [path for path in mapped() if not (ROOT / path).exists()] == []


def test_every_room_is_on_the_map():
    rooms = [
        p.relative_to(ROOT).as_posix() + ("/" if p.is_dir() else "")
        for p in (ROOT / "src" / "adaptest").iterdir()
        if (p.is_dir() and any(p.glob("*.py"))) or (p.suffix == ".py" and not p.stem.startswith("__"))
    ]
    assert sorted(rooms) == sorted(path for path in mapped() if path.startswith("src/adaptest/"))


def test_the_map_goes_down_as_imports_do():
    contract = (ROOT / "pyproject.toml").read_text("utf-8")
    layers = contract[contract.index("layers = [") :]
    layers = [
        {name.strip(" ()") for name in line.split("|")}
        for line in re.findall(r'^    "([^"]+)",$', layers[: layers.index("\n]")], flags=re.MULTILINE)
    ]
    rank = {name: level for level, names in enumerate(layers) for name in names}
    rooms = [Path(path).stem for path in mapped() if path.startswith("src/adaptest/")]
    assert [rank[room] for room in rooms] == sorted(rank[room] for room in rooms)


def commands(group, prefix=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*prefix, name))
        else:
            yield (*prefix, name), command


def test_every_command_is_in_the_readme_and_every_option_has_help():
    missing, silent = [], []
    for names, command in commands(cli):
        if not re.search(rf"adaptest {names[0]}\b", README) or f"`{names[-1]}`" not in README.replace(
            f"adaptest {' '.join(names)}", f"`{names[-1]}`"
        ):
            missing.append(" ".join(names))
        silent += [
            f"{' '.join(names)} {option.name}"
            for option in command.params
            if isinstance(option, click.Option) and not option.help
        ]
    assert (missing, silent) == ([], [])


def test_the_table_of_commands_is_the_command_line():
    assert set(COMMANDS) == {names[0] for names, _ in commands(cli)}


def test_every_error_stands_in_the_tree_and_every_event_is_described():
    classes = {
        name
        for name, thing in vars(adaptest.errors).items()
        if isinstance(thing, type) and issubclass(thing, Exception)
    }
    drawn = set(re.findall(r"^ *[*-] (\w+Error)\b", adaptest.errors.__doc__, flags=re.MULTILINE))
    assert drawn == classes
    assert [name for name, event in EVENTS.items() if not event.__doc__] == []


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme") / "workspace"
    subprocess.run([ADAPTEST, "init", folder], check=True, capture_output=True)
    (folder / "tests").symlink_to(ROOT / "tests")
    practice = [ADAPTEST, "exam", "take", "peer-support/practice"]
    subprocess.run(practice, check=False, capture_output=True, cwd=folder, input=b"A\nB\n")
    return folder


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL))
def test_the_python_of_the_readme_runs_and_prints_what_its_comments_say(block, workspace):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", block],
        check=False, capture_output=True, text=True, cwd=workspace, env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed = done.stdout.splitlines()
    for line, said in zip(
        [line for line in block.splitlines() if line.startswith("print(")], printed, strict=True
    ):
        if "  # " in line and re.search(r"\d", line.rpartition("  # ")[2]):
            assert said == line.rpartition("  # ")[2]


def test_the_commands_of_the_readme_run_one_after_the_other(workspace, capsys, monkeypatch):
    """In this process, which is quicker; the first of them, `exam take`, runs as one above."""
    monkeypatch.chdir(workspace)
    for block in re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL):
        for line in block.replace("\\\n", "").splitlines():
            if "SITTING" in line:
                continue
            monkeypatch.setattr(sys, "stdin", io.StringIO())
            with pytest.raises(SystemExit) as ended:
                main(line.removeprefix("$ ").partition("  #")[0].split()[1:])
            assert ended.value.code == 0, f"{line}: {capsys.readouterr().err}"
