"""Putting the parameters of one calibration on the scale of another, and scores of one form on another's."""

from adaptest.linking.anchors import Form
from adaptest.linking.link import METHODS, Link, link

__all__ = ["METHODS", "Form", "Link", "link"]
