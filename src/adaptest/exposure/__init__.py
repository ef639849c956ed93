"""Exposure control: how often an item may be seen."""
