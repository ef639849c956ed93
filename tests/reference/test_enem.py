"""The official scores of Brazil's national exam (ENEM), reproduced by `adaptest score` from the answers.

The published files give each form's items in order and each person's answers as a string of 0 and 1 ('.' for
an item without parameters). Written out as a long response file and a parameter table, the real command line
scores them with the settings that the exam authority uses: EAP, prior N(0, 1), 40 nodes from -4 to 4.
"""

import csv
import gzip
import io
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ADAPTEST = Path(sys.executable).with_name("adaptest")
SCALES = {  # intercept and slope of the reporting scale, from the data's README
    "CH": (501.489, 112.310),
    "CN": (501.144, 113.102),
    "LC": (499.978, 108.086),
    "MT": (500.020, 129.646),
}
CLOSE = 0.061  # the largest difference seen when the constants were found; official scores have one decimal


def rows_of(path):
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return csv.DictReader(io.StringIO(text))


@pytest.fixture(scope="module")
def forms(shared):
    """(year, area, form, language) -> position -> item."""
    places = defaultdict(dict)
    for row in rows_of(shared / "data" / "enem_public_forms.csv.gz"):
        for language in [row["lang"]] if row["lang"] else ["", "0", "1"]:
            places[row["year"], row["area"], row["form"], language][int(row["pos"])] = row["item"]
    return places


def write_parameters(bank, area, path):
    """Write the items that have parameters; an item belongs to its year, for its scale is that year's."""
    with path.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["item_id", "model", "discrimination", "difficulty", "guessing"])
        for row in rows_of(bank):
            if row["area"] == area and row["a"]:
                table.writerow([f"{row['year']}-{row['item']}", "3pl", row["a"], row["b"], row["c"]])


def write_responses(answers, area, forms, path):
    """Write one row for each scored answer; return official score and reproducible by person."""
    official = {}
    with path.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["person", "item", "score"])
        for number, row in enumerate(rows_of(answers)):
            if row["area"] != area:
                continue
            items = forms[row["year"], area, row["form"], row["lang"]]
            for position, score in enumerate(row["scored"], start=1):
                if score != ".":
                    table.writerow([number, f"{row['year']}-{items[position]}", score])
            official[str(number)] = float(row["official"]), row["reproducible"] == "1"
    return official


@pytest.mark.parametrize("area", sorted(SCALES))
def test_every_reproducible_official_score_is_reproduced(area, shared, forms, tmp_path):
    parameters, responses, out = (tmp_path / name for name in ("items.csv", "long.csv", "scores.csv"))
    write_parameters(shared / "data" / "enem_public_itembank.csv", area, parameters)
    answers = shared / "data" / "enem_public_responses.csv.gz"
    official = write_responses(answers, area, forms, responses)
    intercept, slope = SCALES[area]
    command = [
        "score",
        responses,
        "--parameters",
        parameters,
        "--grid=-4:4:40",
        f"--scale={slope},{intercept}",
    ]
    done = subprocess.run([ADAPTEST, *command, "--out", out], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    scored = {row["person"]: float(row["scale_score"]) for row in rows_of(out)}
    assert scored.keys() == official.keys()
    reproducible = {person for person, (_, holds) in official.items() if holds}
    far = {person: scored[person] - official[person][0] for person in reproducible}
    assert len(far) > 0.99 * len(official)
    assert max(map(abs, far.values())) <= CLOSE
