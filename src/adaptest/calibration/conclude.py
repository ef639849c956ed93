"""The result of a finished estimation: columns in the input's order, notes that hide nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from adaptest.calibration.em import Fitted, Problem
from adaptest.calibration.grid_check import used
from adaptest.calibration.options import Options
from adaptest.calibration.outcome import (
    covariance_blocks,
    group_moments,
    held,
    standard_errors,
    statuses,
    view,
)
from adaptest.calibration.plan import Plan
from adaptest.calibration.prepare import Prepared
from adaptest.calibration.priors import ItemPriors
from adaptest.calibration.reported import family
from adaptest.calibration.result import CalibrationResult, FittedLatent, GridCheck, GridUsed
from adaptest.calibration.standard_errors import Errors
from adaptest.models.base import Floats
from adaptest.parameters import ItemParameters, ParameterTable

Anchors = ItemParameters | ParameterTable


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """The end of the estimation."""

    problem: Problem
    fitted: Fitted
    check: GridCheck | None


def conclude(
    ready: Prepared,
    planned: Plan,
    counts: Floats,
    done: Done,
    found: Errors | None,
    models: Sequence[str],
    priors: Sequence[ItemPriors],
    anchors: Anchors | None,
    options: Options,
) -> CalibrationResult:
    """Return the result of a finished estimation."""
    problem, fitted, ids = done.problem, done.fitted, ready.responses.items
    seen = view(problem, fitted, planned)
    status, flags = statuses(problem, fitted, planned, None if found is None else found.relative)
    table = None if anchors is None else (anchors.items if isinstance(anchors, ParameterTable) else anchors)
    kept = _parameters(problem, fitted, planned, ids, table)
    skipped = np.array(
        [
            "step" in name and _gap(planned.items[item].used, int(name.rpartition("_")[2]))
            for item, name in zip(seen.item, seen.name, strict=True)
        ],
        dtype=np.bool_,
    )
    groups = ready.responses.groups
    sd = np.sqrt(problem.latent.summary(fitted.state.moments)[1])
    at_bound = [ids[j] for j, word in enumerate(status) if word == "at_bound"]
    flat = [groups[g] for g in np.flatnonzero(problem.collapsed(fitted.state))]
    converged = fitted.settled and not at_bound and not flat
    reason = fitted.reason
    if flat:
        more = f" (and {len(flat) - 1} more)" if len(flat) > 1 else ""
        reason = f"group {flat[0]!r}{more} at a bound: its variance goes to 0; {reason}"
    if at_bound:
        more = f" (and {len(at_bound) - 1} more)" if len(at_bound) > 1 else ""
        reason = f"item {at_bound[0]!r}{more} at a bound: no maximum inside the parameter space; {reason}"
    notes = [*ready.notes, *_notes(planned, ids, done, found)]
    whole = found is not None and found.blocked
    kind = "none" if found is None or not found.covariance else ("item blocks" if whole else "full")
    fit_flags = [*ready.flags]
    if done.check is not None and done.check.sensitive:
        fit_flags.append("grid_sensitive")
    change = np.zeros(len(ids))
    own_places = problem.layout.places()[0]
    for block, own in zip(problem.blocks, own_places, strict=True):
        if own.shape[1]:
            change[planned.fitted[block.rows]] = fitted.remaining[own].max(axis=1)
    theta, log_weight = problem.latent.grid(fitted.state.moments)
    histograms = tuple(
        FittedLatent(name, tuple(theta[g].tolist()), tuple(np.exp(log_weight[g]).tolist()))
        for g, name in enumerate(groups)
        if problem.latent.empirical
    )
    labels = tuple(table.models[table.row[item]] if table and item in table.row else own
                   for item, own in zip(ids, models, strict=True))  # fmt: skip
    return CalibrationResult(
        item_ids=ids,
        items=kept,
        models=labels,
        se={} if found is None else standard_errors(seen, found, len(ids), skipped),
        n=counts.sum(axis=1),
        n_per_category=_per_category(counts),
        basis=tuple("anchored" if item.status == "anchored" else "calibrated" for item in planned.items),
        status=tuple(status),
        flags=tuple(tuple(words) for words in flags),
        largest_change=change,
        groups=group_moments(problem, fitted, found, groups),
        latent=histograms,
        log_likelihood=fitted.log_likelihood,
        log_posterior=fitted.log_posterior,
        converged=converged,
        reason=reason,
        information_positive_definite=None if found is None else found.positive_definite,
        iterations=len(fitted.history),
        history=tuple(replace(step, iteration=k) for k, step in enumerate(fitted.history, start=1)),
        covariance=()
        if found is None
        else covariance_blocks(seen, found, ids, skipped, problem.layout.places()[2], groups, sd),
        covariance_kind=kind,  # type: ignore[arg-type]  # one of the three words, said above
        se_method=options.se,
        se_includes_anchor_error=None if found is None else found.includes_anchor_error,
        grid=used(problem.latent),
        grid_check=done.check,
        flags_of_fit=tuple(fit_flags),
        priors=tuple(
            str(prior) if item.status == "estimated" else ""
            for prior, item in zip(priors, planned.items, strict=True)
        ),
        scaling_constant=1.0,
        options=options,
        notes=tuple(notes),
        data=ready.given,
        n_parameters=problem.layout.n_free,
        lowest_score=ready.lowest_score,
    )


def _per_category(counts: Floats) -> tuple[tuple[float, ...], ...]:
    """Return (J,) each item's answers by score, up to its highest."""
    some = counts > 0
    highest = np.where(some.any(axis=1), counts.shape[1] - some[:, ::-1].argmax(axis=1), 0)
    return tuple(tuple(row[:top].tolist()) for row, top in zip(counts, highest, strict=True))


def _gap(used: tuple[int, ...], score: int) -> bool:
    """Return whether the step to `score` passes scores that nobody used."""
    return score - 1 not in used


def _parameters(
    problem: Problem, fitted: Fitted, planned: Plan, ids: Sequence[str], anchors: ItemParameters | None
) -> ItemParameters:
    """Return the parameters of every item that has some; anchors as they were given."""
    names = [ids[j] for j in planned.fitted]
    own = [
        (block, psi, [planned.items[planned.fitted[row]] for row in block.rows])
        for block, psi in zip(problem.blocks, problem.layout.psi(fitted.state), strict=True)
        if block.local.shape[1] or planned.items[planned.fitted[block.rows[0]]].anchor is None
    ]
    families = family(names, own)
    held_ids = [ids[j] for j, item in enumerate(planned.items) if item.status == "anchored"]
    if anchors is not None and held_ids:
        families += anchors.take(np.array([anchors.row[item] for item in held_ids])).blocks
    some = {item for block in families for item in block.ids}
    return ItemParameters(tuple(item for item in ids if item in some), tuple(families))


def _grid_words(grid: GridUsed) -> str:
    """Return a grid in words."""
    unit = "standard deviations about each group's mean" if grid.moves_with_group else "logits"
    return f"{grid.n} nodes on [{grid.lo:g}, {grid.hi:g}] {unit}"


def _notes(planned: Plan, ids: Sequence[str], done: Done, found: Errors | None) -> list[str]:
    """Return what the result must not hide, a sentence each."""
    notes = []
    for word, sentence in (
        ("extreme", "the same score from everyone: no finite estimate, left out"),
        ("no_responses", "no responses: left out"),
        ("inestimable", "fewer responses than parameters and no prior: left out"),
    ):
        those = [ids[j] for j, item in enumerate(planned.items) if item.status == word]
        if those:
            more = f" (and {len(those) - 1} more)" if len(those) > 1 else ""
            notes.append(f"item {those[0]!r}{more}: {sentence}")
    if done.check is not None and done.check.sensitive:
        kept, other = _grid_words(used(done.problem.latent)), _grid_words(done.check.grid)
        notes.append(
            f"the grid matters: the log-likelihood moves by {done.check.gain:.3f} on {other}; "
            f"this result is from {kept}"
        )
    if found is not None:
        if not found.positive_definite:
            notes.append("the information matrix is not positive definite: no standard errors")
        if found.blocked:
            notes.append("standard errors are from item blocks: covariance between items is left out")
        if found.includes_anchor_error is False:
            notes.append("the anchors count as known: their own errors are not in the standard errors")
        if held(done.problem, done.fitted).any():
            notes.append("parameters at a bound count as known in the standard errors of the others")
    if done.problem.latent.empirical:
        notes.append("the latent density is a histogram: standard errors take it as known; no grid check")
    return notes
