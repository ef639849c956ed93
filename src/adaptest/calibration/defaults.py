"""Which model and which priors each item gets when nothing more is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from adaptest.calibration.options import (
    MODELS,
    NO_DIFFICULTY,
    NO_DISCRIMINATION,
    PRIOR_DISCRIMINATION,
    PRIOR_FREE_RESPONSES,
    PRIOR_GUESSING,
    PRIOR_GUESSING_WEIGHT,
    PRIOR_UPPER,
    ItemSettings,
    Options,
)
from adaptest.calibration.priors import ItemPriors, Prior, read_prior
from adaptest.errors import OptionError
from adaptest.models.base import Floats

NOTHING = ItemSettings()


def unmatched(
    items: Sequence[str], model: str | Sequence[str] | Mapping[str, str], settings: Mapping[str, ItemSettings]
) -> tuple[str, ...]:
    """Return a note on items that were given a model or priors and are not in the responses."""
    named = [*settings, *(model if isinstance(model, Mapping) else ())]
    known = set(items)
    odd = [item for item in dict.fromkeys(named) if item not in known]
    if not odd:
        return ()
    more = f" (and {len(odd) - 1} more)" if len(odd) > 1 else ""
    return (f"settings for item {odd[0]!r}{more} match no item of the responses",)


def models_of(
    items: Sequence[str], model: str | Sequence[str] | Mapping[str, str], settings: Mapping[str, ItemSettings]
) -> tuple[str, ...]:
    """Return (J,) each item's model: the items file's, else the one asked for.

    Raises
    ------
    OptionError, naming the first item without a model or with an unknown one.
    """
    if isinstance(model, str):
        asked: dict[str, str] = {} if model == "mixed" else dict.fromkeys(items, model)
    elif isinstance(model, Mapping):
        asked = dict(model)
    else:
        if len(model) != len(items):
            raise OptionError(
                f"model must name one model, or one for each of {len(items)} items; got {len(model)}"
            )
        asked = dict(zip(items, model, strict=True))
    result = []
    for item in items:
        own = settings.get(item, NOTHING).model or asked.get(item)
        if own is None:
            raise OptionError(f"item {item!r}: has no model; give one in the items table or name one for all")
        if own not in MODELS:
            raise OptionError(f"item {item!r}: model must be one of {', '.join(MODELS)}; got {own!r}")
        result.append(own)
    return tuple(result)


def priors_of(
    items: Sequence[str],
    models: Sequence[str],
    n: Floats,
    options: Options,
    settings: Mapping[str, ItemSettings],
) -> tuple[ItemPriors, ...]:
    """Return (J,) each item's priors: the items file's, else the option's, else the default rule's.

    By the rule a 3PL or 4PL item has lognormal(0, .5) on a and a Beta of weight 22 on c, and a 2PL item
    with fewer than PRIOR_FREE_RESPONSES responses has lognormal(0, .5) on a. A prior on what a model does not
    estimate is none: the record names only those that bear on the fit.
    """
    once = cache(read_prior)
    result = []
    for item, model, count in zip(items, models, n, strict=True):
        own = settings.get(item, NOTHING)
        guesses, slips = model in {"3pl", "4pl"}, model == "4pl"
        few = model == "2pl" and count < PRIOR_FREE_RESPONSES

        def prior(name: str, rule: str, own: ItemSettings = own, item: str = item) -> Prior | None:
            mine: str | None = getattr(own, f"prior_{name}")
            if mine is not None:
                return once(name, mine, f"item {item!r}: prior_{name}")
            asked: str | None = getattr(options, f"prior_{name}")
            return once(name, rule if asked is None else asked)

        slope = prior("discrimination", PRIOR_DISCRIMINATION if guesses or few else "none")
        place = prior("difficulty", "none")
        result.append(
            ItemPriors(
                slope if model not in NO_DISCRIMINATION else None,
                place if model not in NO_DIFFICULTY else None,
                prior("guessing", _guessing(own.options)) if guesses else None,
                prior("upper_asymptote", PRIOR_UPPER) if slips else None,
            )
        )
    return tuple(result)


def _guessing(options: int | None) -> str:
    """Return the Beta prior of c with mean 1/options."""
    if options is None:
        return PRIOR_GUESSING
    if options < 2:  # noqa: PLR2004 (a choice needs two)
        raise OptionError(f"number of options must be at least 2; got {options}")
    first = PRIOR_GUESSING_WEIGHT / options
    return f"beta:{first!r},{PRIOR_GUESSING_WEIGHT - first!r}"
