"""The `adaptest` logger: to standard error and, if asked, a file; never keys, answers or names."""

from __future__ import annotations

import logging

from adaptest.errors import FileError
from adaptest.files import why

FORMAT = "%(asctime)s %(levelname)s %(message)s"


def configure(*, verbose: int, quiet: bool, file: str | None) -> None:
    """Send the log of this run to standard error, and to `file`.

    Raises
    ------
    FileError, where `file` cannot be written.
    """
    logger = logging.getLogger("adaptest")
    level = logging.ERROR if quiet else (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    handlers[0].setLevel(level)
    if file:
        try:
            handlers.append(logging.FileHandler(file, encoding="utf-8"))
        except OSError as problem:
            raise FileError(f"{file}: cannot be written; {why(problem)}") from None
        handlers[1].setLevel(min(level, logging.INFO))
    for handler in handlers:
        handler.setFormatter(logging.Formatter(FORMAT))
        logger.addHandler(handler)
    logger.setLevel(min(handler.level for handler in handlers))
