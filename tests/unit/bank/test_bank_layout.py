"""A workspace is laid out whole, and brought up to date without touching what its people wrote."""

import pytest

from adaptest.bank import layout
from adaptest.bank.layout import MANIFEST, Change, apply, changes, lay_out
from adaptest.bank.shipped import shipped, shipped_files
from adaptest.errors import FileError, WorkspaceError


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def source(tmp_path, monkeypatch):
    """What a package ships, small."""
    folder = tmp_path / "package"
    write(
        folder,
        {
            "adaptest.toml": "mark",
            "itembank/b/bank.yaml": "bank 1",
            "itembank/b/items/one.yaml": "one 1",
            "itembank/b/items/two.yaml": "two 1",
            "itembank/b/.hidden": "not shipped",
            "calibration/b/releases.json": "releases 1",
        },
    )
    monkeypatch.setattr(layout, "shipped", lambda: folder)
    return folder


@pytest.fixture
def space(tmp_path, source):  # noqa: ARG001 (what is shipped)
    folder = tmp_path / "space"
    lay_out(folder, "1")
    return folder


def read(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def updated(space):
    planned = changes(space)
    apply(space, planned, "2")
    return planned


def test_a_workspace_holds_every_shipped_byte_and_no_hidden_file(source, space):
    expected = read(source)
    del expected["itembank/b/.hidden"]
    assert read(space) == expected


def test_a_workspace_is_not_laid_out_twice(space):
    with pytest.raises(WorkspaceError) as caught:
        lay_out(space, "1")
    assert str(caught.value) == (
        f"folder '{space}': must not be a workspace yet;"
        f" bring it up to date with adaptest init {space} --update"
    )


def test_a_folder_with_something_in_it_is_left_alone(tmp_path, source):  # noqa: ARG001 (what is shipped)
    folder = tmp_path / "mine"
    write(folder, {"thesis.txt": "mine"})
    with pytest.raises(WorkspaceError) as caught:
        lay_out(folder, "1")
    assert str(caught.value) == f"folder '{folder}': must not exist or be empty; name a new folder"
    assert read(folder) == {"thesis.txt": "mine"}


def test_an_empty_folder_becomes_a_workspace(tmp_path, source):  # noqa: ARG001 (what is shipped)
    folder = tmp_path / "empty"
    folder.mkdir()
    assert "adaptest.toml" in lay_out(folder, "1")


def test_a_failure_leaves_nothing_behind(tmp_path, source, monkeypatch):  # noqa: ARG001 (what is shipped)
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(layout, "write_text", fail)
    with pytest.raises(FileError, match="cannot be written; no space left on device"):
        lay_out(tmp_path / "new", "1")
    assert not (tmp_path / "new").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["package"]


def test_an_update_adds_updates_and_removes(source, space):
    write(source, {"itembank/b/items/one.yaml": "one 2", "itembank/b/items/three.yaml": "three 1"})
    (source / "itembank/b/items/two.yaml").unlink()
    assert updated(space) == (
        Change("update", "itembank/b/items/one.yaml", "shipped anew"),
        Change("add", "itembank/b/items/three.yaml", "new"),
        Change("remove", "itembank/b/items/two.yaml", "no longer shipped"),
    )
    assert read(space) == {name: text for name, text in read(source).items() if not name.endswith(".hidden")}
    assert changes(space) == ()


def test_an_update_keeps_what_you_wrote_and_says_so(source, space):
    write(space, {"itembank/b/items/one.yaml": "mine", "itembank/b/items/three.yaml": "mine too"})
    (space / "itembank/b/items/two.yaml").unlink()
    write(
        source,
        {
            "itembank/b/items/one.yaml": "one 2",
            "itembank/b/items/two.yaml": "two 2",
            "itembank/b/items/three.yaml": "three 1",
        },
    )
    (source / "itembank/b/bank.yaml").unlink()
    write(space, {"itembank/b/bank.yaml": "my bank"})
    before = read(space)
    kept = (
        Change("keep", "itembank/b/bank.yaml", "no longer shipped; you changed it"),
        Change("keep", "itembank/b/items/one.yaml", "shipped anew; you changed it"),
        Change("keep", "itembank/b/items/three.yaml", "yours, under a name that is shipped now"),
        Change("keep", "itembank/b/items/two.yaml", "shipped anew; you removed it"),
    )
    assert updated(space) == kept
    assert read(space) == before
    assert changes(space) == kept  # said again, until somebody decides


def test_your_files_are_no_business_of_an_update(source, space):
    write(
        space,
        {"itembank/b/items/mine.yaml": "mine", "itembank/c/bank.yaml": "my own bank", "adaptest.db": ""},
    )
    write(space, {"itembank/b/items/one.yaml": "edited, and not shipped anew"})
    before = read(space)
    assert changes(space) == ()
    write(source, {"itembank/b/items/two.yaml": "two 2"})
    updated(space)
    assert read(space) == {**before, "itembank/b/items/two.yaml": "two 2"}


def test_an_edit_survives_two_updates(source, space):
    write(space, {"itembank/b/items/one.yaml": "mine"})
    for version in ("2", "3"):
        write(source, {"itembank/b/items/one.yaml": f"one {version}"})
        assert [one.action for one in updated(space)] == ["keep"]
    assert read(space)["itembank/b/items/one.yaml"] == "mine"
    write(space, {"itembank/b/items/one.yaml": "one 3"})  # taken over by hand
    assert updated(space) == ()
    write(source, {"itembank/b/items/one.yaml": "one 4"})
    assert [one.action for one in updated(space)] == ["update"]


def test_an_update_cut_short_is_finished_by_the_next(source, space, monkeypatch):
    write(source, {"itembank/b/items/one.yaml": "one 2", "itembank/b/items/two.yaml": "two 2"})

    def stop(path, data):
        if path.name == "two.yaml":
            raise KeyboardInterrupt
        path.write_bytes(data)

    with monkeypatch.context() as patch:
        patch.setattr(layout, "write_bytes", stop)
        with pytest.raises(KeyboardInterrupt):
            updated(space)
    assert [one.path for one in updated(space)] == ["itembank/b/items/two.yaml"]
    assert changes(space) == ()


def test_a_folder_that_init_did_not_lay_out_is_told(tmp_path, source):  # noqa: ARG001 (what is shipped)
    with pytest.raises(WorkspaceError) as caught:
        changes(tmp_path)
    assert str(caught.value) == (
        f"folder '{tmp_path}': must be a workspace that adaptest init laid out; it has no {MANIFEST}"
    )


def test_a_record_of_another_program_is_told(space):
    (space / MANIFEST).write_text('{"format": "adaptest-shipped/9"}', encoding="utf-8")
    with pytest.raises(WorkspaceError) as caught:
        changes(space)
    assert str(caught.value) == (
        f"{space / MANIFEST}: format must be adaptest-shipped/1; got 'adaptest-shipped/9';"
        " use the adaptest that wrote it"
    )


def test_what_is_shipped_is_found():
    names = list(shipped_files(shipped()))
    assert "adaptest.toml" in names
    assert "itembank/peer-support/bank.yaml" in names
    assert "calibration/peer-support/releases.json" in names
    assert names == sorted(names)
    assert not any("/." in f"/{name}" for name in names)
