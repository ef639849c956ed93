"""`adaptest init`: a workspace that works, and updates that lose nothing."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ADAPTEST = Path(sys.executable).with_name("adaptest")
MANIFEST = ".adaptest-shipped.json"


def run(*arguments, cwd):
    done = subprocess.run(
        [ADAPTEST, *map(str, arguments)],
        check=False,
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return done.returncode, done.stdout, done.stderr


def test_init_says_what_it_made_and_what_to_do(tmp_path):
    code, out, err = run("init", "my exams", cwd=tmp_path)
    assert (code, err) == (0, "")
    assert "my exams is a workspace now. Bank peer-support: " in out
    assert "PROVISIONAL: difficulties are judged, no candidate has answered yet." in out
    assert out.endswith("Take an exam:\n  cd 'my exams'\n  adaptest exam take peer-support/practice\n")
    assert run("--workspace", "my exams", "bank", "show", "peer-support", cwd=tmp_path)[0] == 0


def test_init_does_not_touch_a_folder_in_use(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    code, out, err = run("init", ".", cwd=tmp_path)
    assert (code, out) == (1, "")
    assert err == "adaptest: folder '.': must not exist or be empty; name a new folder\n"


def test_init_of_a_file_is_one_sentence(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    code, _, err = run("init", "notes.txt", cwd=tmp_path)
    assert (code, err) == (1, "adaptest: notes.txt: must be a folder to write to; got a file\n")


def test_an_update_of_a_fresh_workspace_finds_nothing(tmp_path):
    run("init", "w", cwd=tmp_path)
    code, out, err = run("init", "w", "--update", cwd=tmp_path)
    assert (code, err) == (0, "")
    assert out.startswith("w: up to date with the bank of adaptest ")


@pytest.fixture
def older(tmp_path):
    """A workspace as an older adaptest laid it out: one file was different then, one was edited since."""
    run("init", "w", cwd=tmp_path)
    lessons = tmp_path / "w" / "itembank" / "peer-support" / "lessons"
    changed, edited = lessons / "confidentiality.md", lessons / "documentation.md"
    manifest = json.loads((tmp_path / "w" / MANIFEST).read_text(encoding="utf-8"))
    shipped = changed.read_bytes()
    changed.write_bytes(b"# Old\n")
    for path in (changed, edited):
        name = path.relative_to(tmp_path / "w").as_posix()
        manifest["files"][name] = "ba5ed" if path == edited else _sha256(changed)
    edited.write_bytes(b"# Mine\n")
    (tmp_path / "w" / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return changed, shipped, edited


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_update_shows_and_applies_but_keeps_edits(tmp_path, older):
    changed, shipped, edited = older
    code, out, err = run("init", "w", "--update", "--dry-run", cwd=tmp_path)
    assert code == 3
    assert out == (
        "~ itembank/peer-support/lessons/confidentiality.md  (shipped anew)\n"
        "! itembank/peer-support/lessons/documentation.md  (shipped anew; you changed it)\n"
    )
    assert err == "1 file would be changed; 1 file kept as you left them\n"
    assert changed.read_bytes() == b"# Old\n"

    code, again, err = run("init", "w", "--update", cwd=tmp_path)
    assert (code, again) == (3, out)
    assert err == "1 file changed; 1 file kept as you left them\n"
    assert changed.read_bytes() == shipped
    assert edited.read_bytes() == b"# Mine\n"


def test_dry_run_belongs_to_update(tmp_path):
    code, _, err = run("init", "w", "--dry-run", cwd=tmp_path)
    assert code == 2
    assert "--dry-run needs --update" in err
    assert not (tmp_path / "w").exists()


def test_a_folder_that_is_no_workspace_is_one_sentence(tmp_path):
    code, _, err = run("init", ".", "--update", cwd=tmp_path)
    assert code == 1
    assert err == (
        "adaptest: folder '.': must be a workspace that adaptest init laid out;"
        " it has no .adaptest-shipped.json\n"
    )
