"""Reference cases computed now: our numbers beside those of named programs and publications."""

from adaptest.programme.verify.case import Case, Checked, Number, number
from adaptest.programme.verify.page import markdown
from adaptest.programme.verify.run import Report, verify

__all__ = ["Case", "Checked", "Number", "Report", "markdown", "number", "verify"]
