"""Content rules: blueprints and the constraint table, whether they can be kept, and tests that keep them."""
