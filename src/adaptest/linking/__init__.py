"""Scale linking and equating."""
