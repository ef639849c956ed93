"""Choosing the next item: criteria and pickers."""
