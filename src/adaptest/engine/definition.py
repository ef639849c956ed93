"""An exam definition that was read: the words, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass

from adaptest.engine.schema import ExamSpec
from adaptest.engine.text import Marked, Path
from adaptest.errors import ExamError


@dataclass(frozen=True, slots=True)
class Exam:
    """An exam definition that was read: the words, and where they stand."""

    spec: ExamSpec
    source: Marked

    def fault(self, path: Path, sentence: object) -> ExamError:
        """Return the error that begins with the place of a value."""
        return ExamError(f"{self.source.at(path)}: {sentence}")
