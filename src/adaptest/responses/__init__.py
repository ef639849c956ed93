"""Responses: what N persons scored on J items, and the files they come in."""

from adaptest.responses.table import (
    NOT_PRESENTED,
    NOT_REACHED,
    OMITTED,
    Responses,
    SparseRows,
)

__all__ = ["NOT_PRESENTED", "NOT_REACHED", "OMITTED", "Responses", "SparseRows"]
