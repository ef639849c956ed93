"""The parameters of many items in one or more families, in the caller's order, and their files."""

from adaptest.parameters.items import ItemParameters
from adaptest.parameters.table import ParameterTable

__all__ = ["ItemParameters", "ParameterTable"]
