"""Many simulees through the production engine."""
