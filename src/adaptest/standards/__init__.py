"""Where passing begins: from the judgements of a panel to a cut on theta, with its standard error."""

from adaptest.standards.angoff import angoff
from adaptest.standards.bookmark import Booklet, booklet, bookmark
from adaptest.standards.cut import CutRecord, read_cut
from adaptest.standards.ratings import Ratings, read_ratings
from adaptest.standards.standard import Standard

__all__ = [
    "Booklet",
    "CutRecord",
    "Ratings",
    "Standard",
    "angoff",
    "booklet",
    "bookmark",
    "read_cut",
    "read_ratings",
]
