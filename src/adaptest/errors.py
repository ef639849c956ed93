"""Every exception adaptest raises on purpose, as one tree.

* AdaptestError
  - FileError              a file cannot be read or written, or is not what it says it is
    - ParameterFileError   a parameter table breaks its own rules
    - ResponseFileError    a response table breaks its own rules
    - BankFileError        a bank, item, lesson or exam file breaks its own rules
    - StandardSettingError ratings or a cut break their own rules
  - ItemParameterError     an item's parameters break their family's rules
  - ResponseError          responses break their own rules, or do not fit the items
  - OptionError            an option or argument breaks its own rule
  - PoolError              a pool breaks its own rules
  - PoolExhaustedError     no eligible item is left, and no stopping rule fired
  - ExamError              an exam definition cannot work
    - InfeasibleError      its content rules contradict each other or the pool
  - EventError             a stored event cannot be read
  - ReplayError            an event log does not fold into a legal sitting
  - SittingError           what was asked of a sitting cannot be done in its state
  - StoreError             the database cannot be used
  - WorkspaceError         there is no workspace, or it is damaged
  - CalibrationError       the data or options do not allow this calibration
  - LinkingError           the common items do not allow this link
"""


class AdaptestError(Exception):
    """Base of every error this package raises on purpose."""


class FileError(AdaptestError, ValueError):
    """A file cannot be read or written, or is not what it says it is."""


class ParameterFileError(FileError):
    """A parameter table breaks its own rules."""


class ResponseFileError(FileError):
    """A response table breaks its own rules."""


class BankFileError(FileError):
    """A bank, item, lesson or exam file breaks its own rules."""


class ItemParameterError(AdaptestError, ValueError):
    """An item's parameters break their family's rules."""


class ResponseError(AdaptestError, ValueError):
    """Responses break their own rules, or do not fit the items."""


class OptionError(AdaptestError, ValueError):
    """An option or argument breaks its own rule."""


class PoolError(AdaptestError, ValueError):
    """A pool breaks its own rules."""


class PoolExhaustedError(AdaptestError):
    """No eligible item is left, and no stopping rule fired."""


class ExamError(AdaptestError, ValueError):
    """An exam definition cannot work."""


class InfeasibleError(ExamError):
    """Content rules contradict each other or the pool."""


class EventError(AdaptestError, ValueError):
    """A stored event cannot be read."""


class ReplayError(AdaptestError):
    """An event log does not fold into a legal sitting."""


class SittingError(AdaptestError):
    """What was asked of a sitting cannot be done in its state."""


class StoreError(AdaptestError):
    """The database cannot be used."""


class WorkspaceError(AdaptestError):
    """There is no workspace, or it is damaged."""


class CalibrationError(AdaptestError, ValueError):
    """The data or options do not allow this calibration."""


class LinkingError(AdaptestError, ValueError):
    """The common items do not allow this link."""


class StandardSettingError(FileError):
    """Ratings or a cut break their own rules."""
