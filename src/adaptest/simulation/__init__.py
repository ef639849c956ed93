"""Many simulees, or people whose answers are known, through the production engine.

simulate : theta, design, seeds -> sittings, in lockstep       (simulation.run)
Cohort   : a population through an exam, block after block     (simulation.cohort)
simulate : an exam -> what it does, with its measures: at.simulate   (simulation.exams)
"""

from adaptest.simulation.run import Simulated, simulate

__all__ = ["Simulated", "simulate"]
