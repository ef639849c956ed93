"""Blueprints: the content rules of an exam, and whether they can be kept."""
