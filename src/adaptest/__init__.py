"""Adaptive assessment with item response theory."""

__version__ = "0.1.0"
