"""Where the shared reference material is, and what happens where it is not."""

import os
from pathlib import Path

import pytest

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
