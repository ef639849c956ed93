import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import adaptest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "adaptest"
MODULES = sorted(p for p in SOURCE.rglob("*.py"))
DECIDES = {"models", "scoring", "selection", "constraints", "exposure", "engine", "stopping", "simulation"}
BLAS = {"dot", "matmul", "vdot", "inner", "tensordot", "linalg"}
GENERATORS = {"Generator", "RandomState", "default_rng", "SeedSequence"}
LONGEST = 400  # prefer 300


def test_imports_go_down():
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-cache"], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_no_module_is_long():
    lengths = {p.relative_to(SOURCE).as_posix(): len(p.read_text("utf-8").splitlines()) for p in MODULES}
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_no_class_is_mistaken_for_a_test():
    names = [
        n for p in MODULES for n in re.findall(r"^\s*class (\w+)", p.read_text("utf-8"), flags=re.MULTILINE)
    ]
    assert "LogisticItems" in names
    assert [name for name in names if name.startswith("Test")] == []


def test_what_takes_seconds_to_load_is_not_loaded_with_a_module():
    slow = re.compile(
        r"^(?:from|import) (?:scipy import stats|(?:scipy\.stats|matplotlib|alembic)\b)", re.MULTILINE
    )
    used = [p for p in MODULES if "migrations" not in p.parts]  # which Alembic alone loads
    assert [p.name for p in used if slow.search(p.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if DECIDES & set(p.relative_to(SOURCE).parts)],
    ids=lambda p: p.relative_to(SOURCE).as_posix(),
)
def test_what_decides_uses_no_blas_and_no_numpy_generator(path):
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    assert not any(isinstance(node, ast.MatMult) for node in nodes)
    assert not {node.attr for node in nodes if isinstance(node, ast.Attribute)} & (BLAS | GENERATORS)


def test_the_typed_stub_names_what_the_package_names():
    stub = ast.parse((SOURCE / "__init__.pyi").read_text("utf-8"))
    typed = {
        alias.asname or alias.name
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed | {"__version__"} == set(adaptest.__all__)


@pytest.mark.parametrize("name", [name for name in adaptest.__all__ if name != "__version__"])
def test_every_public_name_is_there(name):
    assert getattr(adaptest, name) is getattr(importlib.import_module(adaptest._NAMES[name]), name)  # noqa: SLF001


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'adaptest' has no attribute 'frobnicate'"):
        _ = adaptest.frobnicate
