"""A workspace is a folder with an adaptest.toml, and nothing else is one."""

import pytest

from adaptest.errors import WorkspaceError
from adaptest.workspace import open_workspace


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in ("WORKSPACE", "BANK", "CALIBRATION", "DATABASE"):
        monkeypatch.delenv(f"ADAPTEST_{name}", raising=False)


def write(folder, text='format = "adaptest-workspace/1"\n'):
    (folder / "adaptest.toml").write_text(text, encoding="utf-8")


def sentence(folder):
    with pytest.raises(WorkspaceError) as caught:
        open_workspace(folder)
    return str(caught.value).replace(str(folder), "FOLDER")


def test_a_file_with_its_format_alone_means_the_defaults(tmp_path):
    write(tmp_path)
    workspace = open_workspace(tmp_path)
    assert workspace.bank == tmp_path / "itembank"
    assert workspace.calibration == tmp_path / "calibration"
    assert workspace.database == tmp_path / "adaptest.db"
    assert workspace.locks == tmp_path / "adaptest.db.locks"


def test_the_file_stands_before_the_defaults_and_the_environment_before_the_file(tmp_path, monkeypatch):
    write(tmp_path, 'format = "adaptest-workspace/1"\nbank = "b"\ndatabase = "d.db"\n')
    monkeypatch.setenv("ADAPTEST_DATABASE", "other.db")
    workspace = open_workspace(tmp_path)
    assert workspace.bank == tmp_path / "b"
    assert workspace.database == tmp_path / "other.db"


def test_the_folder_given_stands_before_the_environment_and_that_before_the_current(tmp_path, monkeypatch):
    for name in ("given", "environment", "current"):
        (tmp_path / name).mkdir()
        write(tmp_path / name)
    monkeypatch.chdir(tmp_path / "current")
    assert open_workspace().folder.resolve() == tmp_path / "current"
    monkeypatch.setenv("ADAPTEST_WORKSPACE", str(tmp_path / "environment"))
    assert open_workspace().folder == tmp_path / "environment"
    assert open_workspace(tmp_path / "given").folder == tmp_path / "given"


def test_a_url_names_a_database_elsewhere(tmp_path):
    write(tmp_path, 'format = "adaptest-workspace/1"\ndatabase = "postgresql://host/adaptest"\n')
    workspace = open_workspace(tmp_path)
    assert workspace.database == "postgresql://host/adaptest"
    assert workspace.locks == tmp_path / "adaptest.db.locks"


def test_no_folder_above_is_searched(tmp_path):
    write(tmp_path)
    (tmp_path / "below").mkdir()
    assert sentence(tmp_path / "below").startswith("folder 'FOLDER': must be a workspace")


def test_a_folder_that_is_none_says_how_to_make_one(tmp_path, monkeypatch):
    assert sentence(tmp_path) == (
        "folder 'FOLDER': must be a workspace, with a file adaptest.toml; got none; make one with"
        " 'adaptest init DIR', or say where one is with --workspace"
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WorkspaceError, match=r"^the current folder: must be a workspace, with a file"):
        open_workspace()


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("", "format must be 'adaptest-workspace/1'; got None"),
        (
            'format = "adaptest-workspace/2"',
            "format must be 'adaptest-workspace/1'; got 'adaptest-workspace/2'; use a newer adaptest",
        ),
        (
            'format = "adaptest-workspace/1"\nbanks = "x"',
            "keys must be format, bank, calibration, database; got 'banks'",
        ),
        ('format = "adaptest-workspace/1"\nbank = 3', "bank must be a path as text; got 3"),
        ("format = ", "must be TOML; invalid value (at end of document)"),
    ],
)
def test_a_damaged_file_gets_one_sentence(tmp_path, text, rest):
    write(tmp_path, text)
    assert sentence(tmp_path) == f"FOLDER/adaptest.toml: {rest}"
