"""Which calibration run a bank's exams use since when: releases.json, append-only and hash-chained.

A run is immutable: a release names the SHA-256 of its parameters.csv and run.json (provenance.json, the
only file that differs between equal runs, is not named). The chain shows that no entry was changed,
removed or inserted before a later one; that the whole file was not replaced, it cannot show.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from adaptest.bank.problems import json_mapping, shown_path, validated_json
from adaptest.bank.schema import Digest, Name, Record, Text
from adaptest.errors import BankFileError
from adaptest.files import canonical_json, read_bytes, read_text, readable_json, write_text

RELEASES_FORMAT = "adaptest-releases/1"
FILE = "releases.json"
NAMED = ("parameters.csv", "run.json")  # the files of a run that a release names by SHA-256
WHERE_THERE = ("covariance.npz",)  # of a run that has it: the next drift rests on it
NOTHING = "0" * 64  # the hash before the first release
SHOWN = 12  # digits of a hash in a sentence


class Approval(Record):
    """Who agreed to a release.

    Attributes
    ----------
    name : as given; account : of the operating system
    fingerprint : of the candidate that was approved
    """

    name: Text
    account: Text
    at: AwareDatetime
    fingerprint: Digest


class Release(Record):
    """One entry: from `effective` on, the bank's exams use `run`.

    Attributes
    ----------
    number : from 1, without a gap
    action : a rollback publishes an earlier run again
    files : name -> SHA-256 of each of the run's files that decide
    effective, at : when it takes effect, and when it was written; UTC
    provisional : whether its parameters were judged instead of calibrated
    previous, hash : SHA-256 of the entry before, and of this one without its hash
    approvals : who agreed, where the programme asks; not written where nobody was asked
    """

    number: Annotated[int, Field(ge=1)]
    action: Literal["publish", "rollback"]
    run: Name
    files: Mapping[str, Digest]
    scale_id: Name
    provisional: bool
    effective: AwareDatetime
    at: AwareDatetime
    by: Text
    why: Text
    previous: Digest
    hash: Digest
    approvals: tuple[Approval, ...] = ()


class ReleasesFile(Record):
    """`releases.json`."""

    format: Literal["adaptest-releases/1"]
    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A published run whose files are those that were published."""

    release: Release
    folder: Path
    parameters: bytes
    record: Mapping[str, Any]

    @property
    def item_fingerprints(self) -> Mapping[str, str]:
        """Content fingerprint of each item when its parameters were set.

        Raises
        ------
        BankFileError, where the run does not say.
        """
        fingerprints = self.record.get("item_fingerprints")
        if not isinstance(fingerprints, dict):
            raise BankFileError(
                f"{shown_path(self.folder)}/run.json: item_fingerprints must map each item to the SHA-256 of"
                f" its content; got {type(fingerprints).__name__}; without them a changed item is not noticed"
            )
        return fingerprints


def utc(moment: datetime) -> str:
    """Return a moment as files spell it: UTC, to the second.

    >>> utc(datetime.fromisoformat("2026-11-22T10:30:00+01:00"))
    '2026-11-22T09:30:00Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def digest(entry: Mapping[str, Any]) -> str:
    """Return the hash an entry of releases.json should have: of all it says but its hash, as written."""
    content = {key: value for key, value in entry.items() if key != "hash"}
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()


def read_releases(folder: Path) -> tuple[Release, ...]:
    """Return the releases of a bank's calibration folder, oldest first, the chain verified.

    Raises
    ------
    BankFileError, where there is no releases.json, or an entry is missing, changed or out of place.
    """
    path = folder / FILE
    shown = f"{shown_path(folder)}/{FILE}"
    if not path.is_file():
        raise BankFileError(
            f"{shown}: no such file; a bank needs a published calibration run before its exams can run"
        )
    file, entries = validated_json(path, shown, ReleasesFile)
    previous = NOTHING
    for row, (release, entry) in enumerate(zip(file.releases, entries["releases"], strict=True), start=1):
        where = f"{shown}: release {row}"
        remedy = "the file only grows; restore it from a backup"
        if release.number != row:
            raise BankFileError(f"{where}: number must be {row}; got {release.number}; {remedy}")
        if release.previous != previous:
            raise BankFileError(f"{where}: previous must be the hash of the entry before it; {remedy}")
        if release.hash != digest(entry):
            raise BankFileError(f"{where}: was changed after it was published; {remedy}")
        previous = release.hash
    return file.releases


def current_release(releases: tuple[Release, ...], at: datetime, *, bank: str) -> Release:
    """Return the release in effect at a moment: of those that have begun, the one that began last.

    Of two that begin at the same moment the later entry holds, so that a
    release that lies ahead can be replaced.

    Raises
    ------
    BankFileError, where none has begun.
    """
    begun = [release for release in releases if release.effective <= at]
    if not begun:
        first = min((release.effective for release in releases), default=None)
        then = f"the first takes effect on {utc(first)}" if first else "none was ever published"
        raise BankFileError(f"bank {bank!r}: must have a release in effect at {utc(at)}; {then}")
    return max(begun, key=lambda release: (release.effective, release.number))


def read_run(folder: Path, release: Release) -> Run:
    """Return the run of a release, its files compared with those that were published.

    Raises
    ------
    BankFileError, where a file of the run is missing or is not the one that was published.
    """
    contents: dict[str, bytes] = {}
    for name in (*NAMED, *(name for name in WHERE_THERE if name in release.files)):
        path = folder / release.run / name
        shown = f"{shown_path(folder)}/{release.run}/{name}"
        if not path.is_file():
            raise BankFileError(f"{shown}: no such file; release {release.number} needs it; restore it")
        contents[name] = read_bytes(path, error=BankFileError)
        published = release.files.get(name, "none")
        if (got := hashlib.sha256(contents[name]).hexdigest()) != published:
            raise BankFileError(
                f"{shown}: must be as published in release {release.number}, SHA-256 {published[:SHOWN]};"
                f" got {got[:SHOWN]}; restore it, or publish a new run"
            )
    record = json_mapping(contents["run.json"], f"{shown_path(folder)}/{release.run}/run.json")
    return Run(release, folder / release.run, contents["parameters.csv"], record)


def publish(
    folder: Path,
    run: str,
    *,
    scale_id: str,
    provisional: bool,
    effective: datetime,
    at: datetime,
    by: str,
    why: str,
    action: Literal["publish", "rollback"] = "publish",
    approvals: tuple[Approval, ...] = (),
) -> Release:
    """Append a release of `run` to a bank's releases.json and return it.

    Raises
    ------
    BankFileError, where a file of the run is missing, or the releases so far are damaged.
    """
    releases = read_releases(folder) if (folder / FILE).exists() else ()
    files = {
        name: hashlib.sha256(read_bytes(folder / run / name, error=BankFileError)).hexdigest()
        for name in (*NAMED, *(name for name in WHERE_THERE if (folder / run / name).is_file()))
    }
    entry: dict[str, Any] = {
        "number": len(releases) + 1,
        "action": action,
        "run": run,
        "files": files,
        "scale_id": scale_id,
        "provisional": provisional,
        "effective": utc(effective),
        "at": utc(at),
        "by": by,
        "why": why,
        "previous": releases[-1].hash if releases else NOTHING,
    }
    if approvals:
        entry["approvals"] = [{**one.model_dump(), "at": utc(one.at)} for one in approvals]
    entry["hash"] = digest(entry)
    entries = [*_entries(folder), entry]
    text = readable_json({"format": RELEASES_FORMAT, "releases": entries})
    release = ReleasesFile.model_validate_json(text).releases[-1]
    write_text(folder / FILE, text)
    return release


def _entries(folder: Path) -> list[Any]:
    """Return the entries as they are written: an entry is never spelled anew."""
    if not (folder / FILE).exists():
        return []
    return list(json.loads(read_text(folder / FILE, error=BankFileError))["releases"])
