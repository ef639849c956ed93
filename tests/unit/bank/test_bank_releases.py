"""releases.json only grows; what was changed, removed or is missing is told."""

import json
from datetime import timedelta

import pytest

from adaptest.bank.releases import current_release, publish, read_releases, read_run, utc
from adaptest.errors import BankFileError


@pytest.fixture
def folder(calibration):
    return calibration / "small"


def again(folder, now, run="2026-11-first", **changes):
    facts = {
        "scale_id": "small-judged-1",
        "provisional": True,
        "effective": now,
        "at": now,
        "by": "us",
        "why": "again",
    }
    return publish(folder, run, **{**facts, **changes})


def change(folder, old, new):
    path = folder / "releases.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def sentence(ask, *arguments, **named):
    with pytest.raises(BankFileError) as caught:
        ask(*arguments, **named)
    return str(caught.value)


def test_releases_form_a_chain(folder, now):
    second = again(folder, now, action="rollback")
    first, last = read_releases(folder)
    assert (first.number, last.number) == (1, 2)
    assert first.previous == "0" * 64
    assert last.previous == first.hash
    assert last == second
    assert last.action == "rollback"


def test_publishing_leaves_earlier_entries_as_they_were_written(folder, now):
    before = json.loads((folder / "releases.json").read_text(encoding="utf-8"))["releases"]
    again(folder, now)
    after = json.loads((folder / "releases.json").read_text(encoding="utf-8"))["releases"]
    assert after[:1] == before


MIDNIGHT = "2026-11-22T00:00:00Z"
REMEDY = "the file only grows; restore it from a backup"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            '"why": "the first"',
            '"why": "another"',
            f"release 1: was changed after it was published; {REMEDY}",
        ),
        ('"run": "2026-11-first"', '"run": "x"', f"release 1: was changed after it was published; {REMEDY}"),
        ('"number": 2', '"number": 3', f"release 2: number must be 2; got 3; {REMEDY}"),
        (
            '"action": "publish"',
            '"action": "hide"',
            "release 1: action must be one of publish, rollback; got 'hide'",
        ),
        ('"by": "us"', '"who": "us"', "release 1: by is missing (and 1 more problem)"),
        ('"number": 1', '"number": "1"', "release 1: number must be a whole number; got '1'"),
        (
            "T12:00:00Z",
            "T12:00:00",
            f"release 1: at must be a time with its zone, like {MIDNIGHT}; got '2026-11-22T12:00:00'",
        ),
        (
            "releases/1",
            "releases/2",
            "format must be adaptest-releases/1; got 'adaptest-releases/2'; use a newer adaptest",
        ),
    ],
)
def test_a_changed_file_is_told(folder, now, old, new, said):
    again(folder, now)
    change(folder, old, new)
    assert sentence(read_releases, folder) == f"calibration/small/releases.json: {said}"


def test_an_entry_taken_out_is_told(folder, now):
    again(folder, now)
    again(folder, now, why="third")
    path = folder / "releases.json"
    body = json.loads(path.read_text(encoding="utf-8"))
    del body["releases"][1]
    body["releases"][1]["number"] = 2
    path.write_text(json.dumps(body), encoding="utf-8")
    assert sentence(read_releases, folder) == (
        "calibration/small/releases.json: release 2:"
        f" previous must be the hash of the entry before it; {REMEDY}"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ":1: must be JSON; expecting value"),
        ("{\n", ":2: must be JSON; expecting property name enclosed in double quotes"),
        ("[]", ": must be a JSON object; got list"),
        ("[" * 100_000, ": must be JSON that does not nest thousands of levels deep"),
    ],
)
def test_a_file_that_is_not_json_is_told(folder, text, said):
    (folder / "releases.json").write_text(text, encoding="utf-8")
    assert sentence(read_releases, folder) == f"calibration/small/releases.json{said}"


def test_a_missing_file_is_told(folder):
    (folder / "releases.json").unlink()
    assert sentence(read_releases, folder) == (
        "calibration/small/releases.json: no such file; a bank needs a published calibration run before its"
        " exams can run"
    )


def test_the_release_that_began_last_is_in_effect(folder, now):
    again(folder, now, effective=now + timedelta(days=10), why="later")
    again(folder, now, effective=now + timedelta(days=5), why="between, written last")
    releases = read_releases(folder)
    days = {0: 1, 4: 1, 5: 3, 9: 3, 10: 2, 99: 2}
    for day, number in days.items():
        assert current_release(releases, now + timedelta(days=day), bank="small").number == number


def test_a_release_that_lies_ahead_can_be_replaced(folder, now):
    again(folder, now, effective=now + timedelta(days=10))
    again(folder, now, effective=now + timedelta(days=10), why="instead")
    assert current_release(read_releases(folder), now + timedelta(days=11), bank="small").why == "instead"


def test_before_the_first_release_there_is_none(folder, now):
    assert sentence(current_release, read_releases(folder), now - timedelta(seconds=1), bank="small") == (
        "bank 'small': must have a release in effect at 2026-11-22T11:59:59Z;"
        " the first takes effect on 2026-11-22T12:00:00Z"
    )
    assert sentence(current_release, (), now, bank="small") == (
        "bank 'small': must have a release in effect at 2026-11-22T12:00:00Z; none was ever published"
    )


def test_a_run_is_what_was_published(folder):
    (release,) = read_releases(folder)
    run = read_run(folder, release)
    assert run.record["judged_by"] == "us"
    assert set(run.item_fingerprints) == {"INT-001", "INT-002", "ADV-001"}


@pytest.mark.parametrize("name", ["parameters.csv", "run.json"])
def test_an_altered_or_missing_run_is_told(folder, name):
    (release,) = read_releases(folder)
    path = folder / release.run / name
    path.write_bytes(path.read_bytes() + b"\n")
    said = sentence(read_run, folder, release)
    assert said.startswith(
        f"calibration/small/2026-11-first/{name}: must be as published in release 1, SHA-256"
    )
    assert said.endswith("; restore it, or publish a new run")
    path.unlink()
    assert sentence(read_run, folder, release) == (
        f"calibration/small/2026-11-first/{name}: no such file; release 1 needs it; restore it"
    )


def test_a_covariance_is_published_with_its_run(folder, now):
    path = folder / "2026-11-first" / "covariance.npz"
    path.write_bytes(b"as estimated")
    release = again(folder, now, run="2026-11-first")
    assert set(release.files) == {"parameters.csv", "run.json", "covariance.npz"}
    assert read_run(folder, release).release == release
    path.write_bytes(b"altered")
    assert "covariance.npz: must be as published in release 2" in sentence(read_run, folder, release)
    path.unlink()
    assert "covariance.npz: no such file; release 2 needs it" in sentence(read_run, folder, release)


def test_the_provenance_of_a_run_decides_nothing(folder):
    (release,) = read_releases(folder)
    (folder / release.run / "provenance.json").unlink()
    assert read_run(folder, release).release == release


def test_a_run_that_does_not_name_its_content_is_told(folder, now):
    run = folder / "2026-12-bare"
    run.mkdir()
    (run / "parameters.csv").write_text("item_id,model,difficulty\nINT-001,rasch,0\n", encoding="utf-8")
    (run / "run.json").write_text("{}", encoding="utf-8")
    release = again(folder, now, run="2026-12-bare")
    with pytest.raises(BankFileError) as caught:
        _ = read_run(folder, release).item_fingerprints
    assert str(caught.value) == (
        "calibration/small/2026-12-bare/run.json: item_fingerprints must map each item to the SHA-256 of its"
        " content; got NoneType; without them a changed item is not noticed"
    )


def test_what_is_published_must_be_there(folder, now):
    assert sentence(again, folder, now, run="2027-01-none").endswith(
        "2027-01-none/parameters.csv: no such file"
    )
    assert len(read_releases(folder)) == 1


def test_moments_are_spelled_in_utc(now):
    assert utc(now) == "2026-11-22T12:00:00Z"
