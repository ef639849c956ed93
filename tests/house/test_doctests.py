import doctest
import importlib
import pkgutil

import pytest

import adaptest

NAMES = ["adaptest", *(m.name for m in pkgutil.walk_packages(adaptest.__path__, "adaptest."))]


@pytest.mark.parametrize("name", [name for name in NAMES if ".migrations" not in name])
def test_the_examples_in_the_docstrings_are_true(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0
