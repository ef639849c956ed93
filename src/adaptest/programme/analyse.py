"""Everything that responses say about calibrated items: fit, dependence, persons, reliability, DIF."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from adaptest import dif
from adaptest.calibration.population import Population, population
from adaptest.dif.compared import group_pair
from adaptest.dif.separate import separate_items
from adaptest.errors import AdaptestError, OptionError
from adaptest.fit import (
    Pairs,
    Residuals,
    item_mean_squares,
    model_fit,
    pairs,
    person_mean_squares,
    residuals,
    s_x2,
    zh,
)
from adaptest.fit.choices import presented, rest_scores
from adaptest.fit.classical import LOW_CORRELATION, Classical, classical
from adaptest.fit.distractors import Distractors, Options, distractors
from adaptest.fit.person_fit import person_fit
from adaptest.fit.reliability import Decisions, lee, reliability, rudner
from adaptest.fit.response_time import rapid_guessing
from adaptest.fit.similarity import similarity
from adaptest.fit.theta_groups import group_residuals, pv_q1, rmsd
from adaptest.models.base import Bools, Floats
from adaptest.parameters import ItemParameters
from adaptest.report.analysis import MEAN_SQUARE, PRIMARY, RMSD_LARGE, Analysis, Z
from adaptest.responses import Responses
from adaptest.responses.core import Core, core_of
from adaptest.scoring import Estimates, score
from adaptest.scoring.matched import Matched, matched

ALPHA = 0.05
OF_TARGETING = ("low_p", "high_p")  # of an item given to those it suits, p says whom it was given to
APART = "calibrated apart, each item of an adaptive test sees a narrow range of persons"
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """What an analysis is told.

    Attributes
    ----------
    adaptive : whether items were chosen by earlier answers; None looks at who was given what
    estimated : whether the items' parameters come from these responses: they then cost degrees of freedom
    moments : mean and standard deviation of each group, where known; None estimates them
    pretest : ids of items that theta must not rest on
    cuts : logits, for accuracy and consistency of decisions
    reference, focal : group names; the first, and each of the others
    purify : whether DIF methods remove what they find from their matching or anchors
    volume : persons that a DIF verdict needs
    similar : whether pairs of persons are compared
    seed : of plausible values and simulated sittings
    """

    adaptive: bool | None = None
    estimated: bool = True
    moments: Mapping[str, tuple[float, float]] | None = None
    pretest: tuple[str, ...] = ()
    cuts: tuple[float, ...] = ()
    reference: str | None = None
    focal: str | None = None
    purify: bool = False
    volume: dif.Volume = dif.Volume()  # noqa: RUF009 (frozen)
    similar: bool = True
    seed: int = 1


def analyse(
    responses: Responses,
    items: ItemParameters,
    settings: Settings = Settings(),
    *,
    options: Options | None = None,
    time_s: Floats | None = None,
    told: Told = lambda _: None,
) -> Analysis:
    """Return the analysis of responses to items that all have parameters.

    Parameters
    ----------
    options : what persons chose, of the same persons and items, for distractors and answer similarity
    time_s : (N, J) seconds, nan where unknown, for rapid guessing
    told : is told what is being done

    Raises
    ------
    ResponseError, for an item without parameters or a score that its item does not have; OptionError, for a
    group or pretest item that is not there.
    """
    if unknown := [item for item in settings.pretest if item not in responses.items]:
        raise OptionError(f"pretest item {unknown[0]!r}: must be among the responses' items; it is not")
    compared = _compared(responses, settings)
    told("matching")
    data = matched(items, responses)
    core = core_of(data.responses, adaptive=settings.adaptive)
    people, own = _thetas(data, settings)
    crowd = population(data, moments=settings.moments)
    told("item fit")
    found = residuals(data, people.theta)
    squares = item_mean_squares(found)
    classic = classical(data.responses, core=core)
    correlation = _theta_correlation(found, own)
    sx2 = s_x2(data, crowd, core, estimated=settings.estimated)
    told("plausible values")
    q1 = pv_q1(data, crowd, estimated=settings.estimated, seed=settings.seed)
    distance = rmsd(data, crowd)
    told("pairs")
    depend = pairs(found, crowd, core)
    whole = model_fit(data, crowd, core, estimated=settings.estimated)
    told("persons")
    fit_of_persons = person_fit(data, people, simulate=not core.is_fixed, seed=settings.seed)
    alike = similarity(data, people.theta, options) if settings.similar else None
    chosen = _distractors(data, core, people, options) if options is not None else None
    tested = _dif(responses, items, people, core, settings, compared, told)
    weight = found.weight
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = (
            data.item_sums(weight * found.expected) / data.item_sums(weight) / (data.items.categories - 1)
        )
    misfit = (np.minimum(_or_one(sx2.p_adjusted), _or_one(q1.p_adjusted)) < ALPHA) & (distance >= RMSD_LARGE)
    off = _outside(squares.infit, squares.infit_z) | _outside(squares.outfit, squares.outfit_z)
    chosen_by_theta = ~own & (not core.is_fixed)
    flags = _flags(data, classic, correlation, chosen, misfit, off, depend, tested, chosen_by_theta)
    return Analysis(
        data=data,
        core=core,
        population=crowd,
        people=people,
        classical=classic,
        theta_correlation=correlation,
        expected_p=expected,
        mean_squares=squares,
        zh=zh(found),
        s_x2=sx2,
        pv_q1=q1,
        rmsd=distance,
        groups=group_residuals(data, people.theta),
        pairs=depend,
        model_fit=whole,
        person_mean_squares=person_mean_squares(found),
        person_fit=fit_of_persons,
        reliability=reliability(data, crowd, core),
        decisions=_decisions(data, crowd, core, people, settings.cuts),
        distractors=chosen,
        rapid=rapid_guessing(time_s) if time_s is not None else None,
        similarity=alike,
        dif=tested,
        flags=flags,
        settings={
            "estimated": settings.estimated,
            "moments_given": settings.moments is not None,
            "pretest": list(settings.pretest),
            "purify": settings.purify,
            "volume": [settings.volume.smaller, settings.volume.total],
            "seed": settings.seed,
        },
        notes=tuple(data.responses.notes),
    )


def _or_one(p: Floats) -> Floats:
    return np.nan_to_num(p, nan=1.0)


def _outside(mean_square: Floats, z: Floats) -> Bools:
    low, high = MEAN_SQUARE
    beyond = (mean_square < low) | (mean_square > high)
    return np.asarray(beyond & (np.abs(np.nan_to_num(z)) > Z))


def _thetas(data: Matched, settings: Settings) -> tuple[Estimates, Bools]:
    """Return the WLE on the operational items, and (J,) which items are not among them."""
    outside = np.isin(np.array(data.items.ids), np.array(settings.pretest, dtype=str))
    kept = np.flatnonzero(~outside)
    part = data.responses if not outside.any() else data.responses.take_items(kept)
    return score(data.items, part, "wle"), outside


def _theta_correlation(found: Residuals, outside: Bools) -> Floats:
    """Return the correlation of each outside item's score with theta."""
    result = np.full(len(outside), np.nan)
    for j, cells in found.data.by_item():
        good = found.valid[cells]
        x, y = found.data.score[cells][good].astype(np.float64), found.theta[found.data.person[cells][good]]
        if outside[j] and len(x) > 1 and np.ptp(x) > 0 and np.ptp(y) > 0:
            w = found.weight[cells][good]
            x, y = x - w @ x / w.sum(), y - w @ y / w.sum()
            result[j] = float(w @ (x * y) / np.sqrt((w @ x**2) * (w @ y**2)))
    return result


def _distractors(data: Matched, core: Core, people: Estimates, options: Options) -> Distractors:
    seen = presented(data.responses)
    if core.is_fixed:
        rest = rest_scores(data.responses, core.items, core.persons)
        return distractors(options, rest, data.weight, seen, name="summed score of the rest of the form")
    theta = np.where(people.converged, people.theta, np.nan)
    criterion = np.repeat(theta[:, None], len(data.items), axis=1)
    return distractors(options, criterion, data.weight, seen, name="WLE of theta")


def _decisions(
    data: Matched, crowd: Population, core: Core, people: Estimates, cuts: Sequence[float]
) -> tuple[Decisions, ...]:
    return tuple(
        one for cut in cuts for one in (rudner(people, cut, data.weight), lee(data, crowd, core, cut))
    )


def _flags(
    data: Matched,
    classic: Classical,
    correlation: Floats,
    chosen: Distractors | None,
    misfit: Bools,
    off: Bools,
    depend: Pairs,
    tested: Sequence[dif.DifResult],
    chosen_by_theta: Bools,
) -> tuple[tuple[str, ...], ...]:
    linked = set()
    for row in np.flatnonzero(depend.flagged):
        linked |= {int(depend.first[row]), int(depend.second[row])}
    flags = []
    for j, item in enumerate(data.items.ids):
        passed_over = {"raises_alpha", *(OF_TARGETING if chosen_by_theta[j] else ())}
        words = [word for word in (chosen.flags[item] if chosen else ()) if word != "idle_distractor"]
        words += [word for word in classic.flags[j] if word not in passed_over]
        if correlation[j] < LOW_CORRELATION:
            words.append("negative_correlation" if correlation[j] < 0 else "low_correlation")
        words += ["misfit"] if misfit[j] else []
        words += ["mean_square"] if off[j] else []
        words += ["local_dependence"] if j in linked else []
        words += ["dif"] if any(r.flagged[r.items.index(item)] for r in tested if r.method in PRIMARY) else []
        flags.append(tuple(dict.fromkeys(words)))
    return tuple(flags)


def _compared(responses: Responses, settings: Settings) -> list[tuple[str, str]]:
    """Return the pairs of groups to compare, checked before anything takes its time; none for one group."""
    if len(responses.groups) < 2:  # noqa: PLR2004 (a comparison)
        return []
    reference = settings.reference or next(name for name in responses.groups if name != settings.focal)
    others = [settings.focal] if settings.focal else [name for name in responses.groups if name != reference]
    return [group_pair(responses, reference, focal) for focal in others]


def _dif(
    responses: Responses,
    items: ItemParameters,
    people: Estimates,
    core: Core,
    settings: Settings,
    compared: Sequence[tuple[str, str]],
    told: Told,
) -> tuple[dif.DifResult, ...]:
    """Return every method's result for each pair of groups; what cannot be done is refused in its rows."""
    results: list[dif.DifResult] = []
    for reference, focal in compared:
        told(f"DIF: {focal} against {reference}")
        pair = {"reference": reference, "focal": focal, "volume": settings.volume}
        summed = pair | {"purify": settings.purify, "adaptive": settings.adaptive}
        results += [
            dif.mantel_haenszel(responses, **summed),  # type: ignore[arg-type]
            dif.mantel_haenszel(responses, correct=False, **summed),  # type: ignore[arg-type]
            *(dif.logistic(responses, kind, **summed) for kind in ("both", "uniform", "nonuniform")),  # type: ignore[arg-type]
            dif.standardisation(responses, **summed),  # type: ignore[arg-type]
            dif.breslow_day(responses, **summed),  # type: ignore[arg-type]
            dif.sibtest(responses, **summed),  # type: ignore[arg-type]
            dif.delta_plot(responses, **summed),  # type: ignore[arg-type]
        ]
        results += _by_model(responses, items, people, core, settings, str(reference), str(focal), told)
    return tuple(results)


def _by_model(
    responses: Responses,
    items: ItemParameters,
    people: Estimates,
    core: Core,
    settings: Settings,
    reference: str,
    focal: str,
    told: Told,
) -> list[dif.DifResult]:
    """Return the methods that need the items' model; they hold on any design."""
    groups, volume = (reference, focal), settings.volume
    results = []
    try:
        both = dif.multigroup(
            responses, items, reference=reference, focal=focal, held=not core.is_fixed,
            purify=settings.purify,
            volume=volume, progress=lambda done, of: told(f"DIF: likelihood ratio, item {done + 1} of {of}"),
        )  # fmt: skip
        results += [both.likelihood_ratio, both.wald]
    except AdaptestError as problem:
        results += [
            dif.refusal(name, responses.items, groups, str(problem)) for name in ("likelihood_ratio", "wald")
        ]
    try:
        if not core.is_fixed:
            raise OptionError(f"{APART}: {core.reason}")
        apart = separate_items(responses, items, reference, focal)
        results += [
            dif.lord(*apart, groups, purify=settings.purify, volume=volume),
            dif.raju(*apart, groups, purify=settings.purify, volume=volume),
        ]
    except AdaptestError as problem:
        results += [dif.refusal(name, responses.items, groups, str(problem)) for name in ("lord", "raju")]
    theta = np.where(people.converged, people.theta, np.nan)
    matching = [item for item in responses.items if item not in settings.pretest]
    results += [
        dif.catsib(
            responses,
            items,
            reference=reference,
            focal=focal,
            matching=matching,
            volume=volume,
            progress=lambda done, of: told(f"DIF: CATSIB, item {done + 1} of {of}"),
        ),
        dif.logistic_on_theta(
            responses, items, reference=reference, focal=focal, theta=theta, sem=people.sem, volume=volume
        ),
    ]
    return results
