"""From responses to item parameters with standard errors."""
