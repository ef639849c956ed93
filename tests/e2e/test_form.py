import csv
import json

import yaml


def files_of(folder, count, middle):
    """Options for a pool of items of two areas, one every tenth of a logit, and rules for four of them."""
    (folder / "items.csv").write_text(
        "item,discrimination,difficulty,area\n"
        + "".join(f"i{k},1,{k / 10 - middle},{'AB'[k % 2]}\n" for k in range(count)),
        encoding="utf-8",
    )
    (folder / "rules.csv").write_text(
        'name,type,condition,lower,upper\nlength,number,,4,4\nA,number,"area == ""A""",2,2\n',
        encoding="utf-8",
    )
    return ["--parameters", folder / "items.csv", "--constraints", folder / "rules.csv"]


def test_forms_are_assembled_from_files_and_written_with_their_proof(adaptest, tmp_path):
    files = files_of(tmp_path, 20, 1)
    done = adaptest("form", "assemble", *files, "--out", tmp_path / "out")
    assert done.returncode == 0
    assert done.stderr.splitlines()[0].startswith("form 1: 4 items, information 0.99")
    rows = list(csv.DictReader((tmp_path / "out" / "forms.csv").read_text(encoding="utf-8").splitlines()))
    assert sorted(row["area"] for row in rows) == ["A", "A", "B", "B"]
    record = json.loads((tmp_path / "out" / "forms.json").read_text(encoding="utf-8"))
    assert record["forms"][0]["status"] == "optimal"
    assert record["forms"][0]["bound"] == record["forms"][0]["objective"]
    assert (tmp_path / "out" / "information.svg").read_text(encoding="utf-8").startswith("<svg")
    refused = adaptest("form", "assemble", *files, "--forms", "9", "--out", tmp_path / "more")
    assert refused.returncode == 1
    assert not (tmp_path / "more").exists()
    assert refused.stderr.startswith("adaptest: form 1 of 9: ")
    neither = adaptest("form", "assemble", "--out", tmp_path / "more")
    assert neither.stderr == "adaptest: give either an EXAM, or --parameters and --constraints\n"


def test_a_panel_is_assembled_and_its_yaml_is_what_an_exam_file_takes(adaptest, tmp_path):
    files = files_of(tmp_path, 30, 1.5)
    done = adaptest(
        "form", "assemble", *files, "--panel", "R=0; easy=-1.2,hard=1.2", "--out", tmp_path / "out"
    )
    assert done.returncode == 0
    assert done.stderr.splitlines()[0].startswith("module R: 4 items, information 0.99")
    panel = yaml.safe_load((tmp_path / "out" / "panel.yaml").read_text(encoding="utf-8"))["panel"]
    assert [list(stage) for stage in panel] == [["R"], ["easy", "hard"]]
    items = [item for stage in panel for module in stage.values() for item in module]
    assert len(set(items)) == 12
    rows = list(csv.DictReader((tmp_path / "out" / "modules.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["item"] for row in rows] == items
    assert [int(item[1:]) % 2 for item in panel[1]["hard"]].count(0) == 2
    assert min(int(item[1:]) for item in panel[1]["hard"]) > max(int(item[1:]) for item in panel[1]["easy"])
    record = json.loads((tmp_path / "out" / "panel.json").read_text(encoding="utf-8"))
    assert [one["objective"] == one["bound"] for one in record["modules"]] == [True] * 3
    many = "; ".join(f"m{k}=0" for k in range(8))
    refused = adaptest("form", "assemble", *files, "--panel", many, "--out", tmp_path / "more")
    assert refused.returncode == 1
    assert refused.stderr.startswith("adaptest: module m7, of what others leave: ")
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "more").exists()
    odd = adaptest("form", "assemble", *files, "--panel", "R", "--out", tmp_path / "more")
    assert odd.stderr == (
        "adaptest: --panel must be stages parted by ';' of modules with their theta, as in"
        " 'R=0; easy=-1,hard=1'; got 'R'\n"
    )
