"""The README's tables of exams on real people are what the script prints."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "bench" / "real_people.py"
ROUNDING = 0.0051  # two people of 707: parameters estimated on another machine differ in their last bits


def rows(text):
    found = re.findall(r"^\| ([\d.]+(?:, as needed)?) \| ([01]\.\d{3}.*?) \|$", text, flags=re.MULTILINE)
    return [(items, [float(cell) for cell in rest.split(" | ")]) for items, rest in found]


@pytest.mark.parametrize(
    ("exam", "places"), [pytest.param("credential", (1, 5), marks=pytest.mark.slow), ("enem", (7, 10))]
)
def test_the_table_in_the_readme_is_what_the_script_prints(exam, places, shared):
    told = [row for row in rows((ROOT / "README.md").read_text("utf-8")) if len(row[1]) == 6]
    command = [sys.executable, SCRIPT, "--data", shared / "data", "--only", exam, "--lengths", "20"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seen = rows(done.stdout)
    assert [items for items, _ in seen] == [told[place][0] for place in places]
    for (_, numbers), place in zip(seen, places, strict=True):
        assert numbers == pytest.approx(told[place][1], abs=ROUNDING)
    agreement, kappa, *_, at_random, kappa_at_random = seen[0][1]
    assert agreement > at_random
    assert kappa > kappa_at_random
