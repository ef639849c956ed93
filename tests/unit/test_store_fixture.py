"""A database that an earlier release wrote still opens, verifies, replays and can be continued.

tests/data/store-0001.sql was written by `python tests/unit/test_store_fixture.py` with the program of that
revision. A released file never changes: a later revision adds a file and a row here.
"""

import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from adaptest.administration import load_exam, open_records
from adaptest.administration.explain import explained, replayed
from adaptest.bank.layout import lay_out
from adaptest.store import usage
from adaptest.store.verify import verify
from adaptest.workspace import open_workspace

DATA = Path(__file__).parents[1] / "data"
WRITTEN_BY = {"0001": ("store-0001.sql", "DROP TABLE presentations")}
EXAM = "peer-support/drill-confidentiality"


@pytest.fixture(params=WRITTEN_BY)
def workspace(request, tmp_path):
    script = (DATA / WRITTEN_BY[request.param][0]).read_text("utf-8")
    with closing(sqlite3.connect(tmp_path / "adaptest.db")) as database:
        database.executescript(script)
    (tmp_path / "adaptest.toml").write_text('format = "adaptest-workspace/1"\n', encoding="utf-8")
    return open_workspace(tmp_path)


def test_it_opens_verifies_and_replays(workspace):
    with open_records(workspace) as records:
        assert verify(records.database).problems == ()
        finished, paused = records.all()
        for stored in (finished, paused):
            assert replayed(stored).differences == ()
        assert (finished.candidate, finished.result.status, finished.result.n_items) == ("Ann", "finished", 3)
        assert finished.result.theta is not None
        assert (paused.candidate, paused.result.status, paused.result.n_items) == ("Bob", "unfinished", 1)
        assert len(list(explained(finished))) > 6
        with records.database.read() as connection:
            assert len(usage.seen_by(connection, finished.row.pseudonym)) == 3
    assert len(list((workspace.folder / "backups").iterdir())) == 1


def test_its_paused_sitting_goes_on_without_the_bank_it_began_on(workspace):
    with open_records(workspace) as records:
        paused = list(records.all())[1]
        with records.resume(paused.row.sitting) as sitting:
            while sitting.next_item() is not None:
                sitting.answer("A")
            assert sitting.result.status == "finished"
        assert replayed(records.sitting(paused.row.sitting)).differences == ()
        assert verify(records.database).problems == ()


def write(revision):
    """Write the fixture of a revision with the program of today."""
    name, undo = WRITTEN_BY[revision]
    with tempfile.TemporaryDirectory() as folder:
        lay_out(Path(folder) / "workspace", "fixture")
        exam = load_exam(EXAM, Path(folder) / "workspace")
        with exam.start("Ann", seed=1) as sitting:
            while sitting.next_item() is not None:
                sitting.answer("B", time_s=12.5)
        with exam.start("Bob", seed=2) as sitting:
            sitting.next_item()
            sitting.answer("C")
            sitting.next_item()
        with closing(sqlite3.connect(exam.workspace.database)) as database:
            with database:
                database.execute(undo)
                database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
            lines = "\n".join(database.iterdump())
    (DATA / name).write_text(f"{lines}\n", encoding="utf-8")


if __name__ == "__main__":
    write(sys.argv[1])
