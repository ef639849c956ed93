"""Where the shared reference material is, and what happens where it is not."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

# no deadline: a busy machine is not an error; in CI the same examples each time, so that red means a change
settings.register_profile("house", deadline=None, derandomize=os.environ.get("CI") == "true")
settings.load_profile("house")

# where a caller forbids bytecode files, every process that a test starts would compile the program anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


def shared_folder():
    """The shared folder; without it a test skips, or fails where ADAPTEST_REQUIRE_SHARED=1 (as in CI)."""
    if not (SHARED / "data").is_dir():
        if os.environ.get("ADAPTEST_REQUIRE_SHARED") == "1":
            pytest.fail(f"{SHARED} must be present where ADAPTEST_REQUIRE_SHARED=1")
        pytest.skip(f"needs the shared reference material beside the checkout ({SHARED.name}/)")
    return SHARED


@pytest.fixture(scope="session")
def shared():
    return shared_folder()


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def made_up():
    """The module that lays out a made-up bank and answers it: tests/programme_bank.py."""
    return module(ROOT / "tests" / "programme_bank.py")


@pytest.fixture(scope="session")
def closed_loop():
    """The study of the closed loop: calibration/studies/closed_loop.py."""
    return module(ROOT / "calibration" / "studies" / "closed_loop.py")


def module(path):
    """A script as a module; dataclasses look their module up by name."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = loaded
    spec.loader.exec_module(loaded)
    return loaded
