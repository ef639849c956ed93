"""From responses to item parameters with standard errors."""

from adaptest.calibration.alternatives import calibrate_conditional, calibrate_joint, calibrate_method_a
from adaptest.calibration.calibrate import calibrate
from adaptest.calibration.options import ItemSettings, Options
from adaptest.calibration.result import CalibrationResult, CovarianceBlock, GroupMoments, Step

__all__ = [
    "CalibrationResult",
    "CovarianceBlock",
    "GroupMoments",
    "ItemSettings",
    "Options",
    "Step",
    "calibrate",
    "calibrate_conditional",
    "calibrate_joint",
    "calibrate_method_a",
]
