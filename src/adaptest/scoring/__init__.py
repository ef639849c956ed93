"""Theta and its standard error of measurement, for one person or N at once."""
