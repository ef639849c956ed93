"""Many simulees through the production engine."""

from adaptest.simulation.run import Simulated, simulate

__all__ = ["Simulated", "simulate"]
