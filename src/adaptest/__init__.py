"""Adaptive assessment with item response theory.

The names below are imported when first used, so that `import adaptest` costs nothing:

>>> import adaptest as at
>>> items = at.ItemParameters.of(at.LogisticItems(("i1",), [1.0], [0.0], [0.0], [1.0]))
"""

from importlib import import_module

__version__ = "0.1.0"

# public name -> the module that has it; `__init__.pyi` types the same names, and a test compares the two
_NAMES = {
    "AdaptestError": "adaptest.errors",
    "FAMILIES": "adaptest.models",
    "GradedItems": "adaptest.models",
    "ItemParameters": "adaptest.parameters",
    "LogisticItems": "adaptest.models",
    "NominalItems": "adaptest.models",
    "NormalPrior": "adaptest.numerics.quadrature",
    "PartialCreditItems": "adaptest.models",
    "Pool": "adaptest.pool",
    "Responses": "adaptest.responses",
    "assemble": "adaptest.constraints.assembly",
    "calibrate": "adaptest.calibration",
    "load_exam": "adaptest.administration",
    "read_constraints": "adaptest.programme.pools",
    "read_parameters": "adaptest.parameters.files",
    "read_pool": "adaptest.programme.pools",
    "read_responses": "adaptest.responses.files",
    "score": "adaptest.scoring",
    "simulate": "adaptest.simulation.exams",
    "write_parameters": "adaptest.parameters.files",
}

__all__ = ["__version__", *_NAMES]  # noqa: PLE0604 (all are strings)


def __getattr__(name: str) -> object:
    if name not in _NAMES:
        raise AttributeError(f"module 'adaptest' has no attribute {name!r}")
    return getattr(import_module(_NAMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
