"""Recalibrate, judge the impact, publish, roll back, revoke, monitor, verify."""
