"""Web delivery."""
