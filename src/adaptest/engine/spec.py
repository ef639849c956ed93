"""The text of an exam file becomes a Design, or a sentence that says why it cannot work.

Every word in a file that names a part is looked up in one closed table: CRITERIA and PICKERS in
`engine.selecting`, STOPPING in `engine.stops`, CONTENT in `engine.content`, EXPOSURE in
`engine.controlling`, ESTIMATORS here. A new part is one file, one line in its
table, one row in its contract suite.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from adaptest.constraints.blueprint import Blueprint, Rule
from adaptest.constraints.conditions import select
from adaptest.constraints.rows import Table
from adaptest.engine.content import CONTENT, constrained, content_of, rules_of, with_tables
from adaptest.engine.controlling import EXPOSURE, controls_of
from adaptest.engine.definition import Exam
from adaptest.engine.design import Design
from adaptest.engine.estimation import Anew, CarriedEap, Estimator, FixedGridEap
from adaptest.engine.items import column, filtered, has, pretest
from adaptest.engine.opening import opening_of
from adaptest.engine.policy_file import policy_of
from adaptest.engine.schema import FORMAT, Bounds, ExamSpec
from adaptest.engine.selecting import CRITERIA, PICKERS, selection_of, setting_of
from adaptest.engine.stops import STOPPING, stopping_rules
from adaptest.engine.text import Path, read
from adaptest.engine.tuned import SUFFIX, read_tuned
from adaptest.errors import AdaptestError, ExamError
from adaptest.models.base import Bools
from adaptest.numerics.quadrature import NormalPrior, fixed_grid
from adaptest.parameters import ItemParameters
from adaptest.parameters.errors import ItemErrors
from adaptest.pool import Pool
from adaptest.scoring.jeffreys import JeffreysMode
from adaptest.scoring.map import MaximumAPosteriori
from adaptest.scoring.mle import MaximumLikelihood
from adaptest.scoring.posterior import LivePosterior
from adaptest.scoring.wle import WeightedLikelihood
from adaptest.selection import Setting

__all__ = [
    "CONTENT",
    "CRITERIA",
    "ESTIMATORS",
    "EXPOSURE",
    "INTERIM",
    "PICKERS",
    "STOPPING",
    "artifact",
    "build",
    "exam_from_values",
    "read_exam",
]

ESTIMATORS: Mapping[str, Callable[[ItemParameters, NormalPrior], Estimator]] = {
    "eap": lambda items, prior: CarriedEap(LivePosterior.of(items, prior)),
    "map": lambda items, prior: Anew.of("map", items, MaximumAPosteriori(prior), prior),
    "wle": lambda items, prior: Anew.of("wle", items, WeightedLikelihood(), prior),
    "mle": lambda items, prior: Anew.of("mle", items, MaximumLikelihood(), prior),
    "jeffreys": lambda items, prior: Anew.of("jeffreys", items, JeffreysMode(), prior),
}
INTERIM = ("eap", "map")  # those that have an estimate from the first item on, whatever the responses


def read_exam(
    text: str, where: str = "exam", tuned: str | None = None, tables: Mapping[str, str] | None = None
) -> Exam:
    """Return the exam definition that a YAML text holds.

    Parameters
    ----------
    where : name of the file, with which every sentence begins
    tuned : the text of the tuned exposure file beside it, where there is one
    tables : name of each constraint table beside it -> its text

    Raises
    ------
    ExamError, with file and line of the first value that is not as it must be.
    """
    source = read(text, where)
    values = source.values
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        got = values.get("format") if isinstance(values, dict) else values
        raise ExamError(f"{source.at(('format',))}: format must be {FORMAT}; got {got!r}")
    try:
        spec = ExamSpec.model_validate(with_tables(source, tables or {}))
        if tuned is not None:
            beside = read_tuned(tuned, where.removesuffix(".yaml") + SUFFIX)
            spec = spec.model_copy(update={"tuned": beside})
        return Exam(spec, source)
    except ValidationError as error:
        first, more = error.errors()[0], error.error_count() - 1
        path = tuple(part for part in first["loc"] if part != "attributes")
        others = f" (and {more} more)" if more else ""
        raise ExamError(f"{source.at(path)}: {_rule(path, first)}{others}") from None


def exam_from_values(values: Mapping[str, Any], where: str = "exam") -> Exam:
    """Return the exam definition that plain values hold: what a YAML text would."""
    return read_exam(json.dumps({"format": FORMAT, **values}, indent=1), where)


def usable(exam: Exam, pool: Pool) -> tuple[Table, Pool]:
    """Return the exam's constraint table, and the scored items that its choices are made from."""
    used = filtered(exam, pool)
    if len(used.errors) and not exam.spec.selection.parameter_uncertainty:  # nothing would look at them
        used = replace(used, errors=ItemErrors())
    return constrained(exam, used)


def build(exam: Exam, pool: Pool) -> Design:
    """Return the design of an exam on the items of a pool that its filter keeps.

    Raises
    ------
    ExamError, where the definition cannot work on this pool: which value, and why.
    InfeasibleError, where its content rules conflict: which of them, and what would free them.
    """
    spec = exam.spec
    if spec.stakes == "certification" and spec.feedback.explanation != "none" and not spec.demo:
        raise exam.fault(
            ("feedback", "explanation"),
            "feedback.explanation: a certification exam may explain its items only as a demo; say demo: true,"
            " or none",
        )
    table, used = usable(exam, pool)
    minimum, maximum = _lengths(exam, used)
    blueprint = Blueprint((*_rules(exam, used), *rules_of(exam, table)), len(used))
    reach, content = content_of(exam, used, table, blueprint, minimum, maximum)
    written = artifact(spec)
    controls = controls_of(exam, used, written)
    seeding, used = pretest(exam, pool, used)

    def personal(prior: NormalPrior) -> tuple[Setting, Estimator, Estimator]:
        interim, final = _estimators(exam, used.parameters, prior)
        return setting_of(exam, used, interim, (minimum, maximum)), interim, final

    setting, interim, final = personal(NormalPrior(spec.estimation.prior.mean, spec.estimation.prior.sd))
    criterion, layers, picker = selection_of(exam, setting)
    stopping = stopping_rules(exam)
    return Design(
        artifact=written,
        pool=used,
        minimum=minimum,
        maximum=maximum,
        blueprint=blueprint,
        reach=reach,
        setting=setting,
        criterion=criterion,
        strata=layers,
        picker=picker,
        interim=interim,
        final=final,
        stopping=stopping,
        shuffle=spec.options.shuffle,
        policy=policy_of(exam, stopping),
        personal=personal,
        opening=opening_of(exam, used, setting, CRITERIA),
        seeding=seeding,
        controls=controls,
        content=content,
    )


def artifact(spec: ExamSpec) -> str:
    """Return a definition as canonical JSON, every default written out but those of Strict.LATER."""
    body = spec.model_dump(mode="json", by_alias=True)
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def design_from_artifact(design_json: str, pool_json: str) -> Design:
    """Return the design that these artifacts were made of; see Design.from_artifact."""
    return build(read_exam(design_json, "design artifact"), Pool.from_artifact(pool_json))


def _rule(path: Path, error: Any) -> str:
    """Return a validation error as a sentence in the house's manner."""
    name = ".".join(str(part) for part in path)
    match error["type"]:
        case "extra_forbidden":
            return f"{name}: is not a word of exam files; leave it out or correct it"
        case "missing":
            return f"{name}: must be given"
    message = str(error["msg"]).replace("Input should", "must").replace("Value error, ", "")
    got = error["input"]
    shown = f"; got {got!r}" if isinstance(got, str | int | float | bool | None) else ""
    return f"{name}: {message[:1].lower()}{message[1:]}{shown}"


def _lengths(exam: Exam, pool: Pool) -> tuple[int, int | None]:
    """Return minimum and maximum scored length."""
    minimum, maximum = exam.spec.length.minimum, exam.spec.length.maximum
    if maximum is not None and minimum > maximum:
        raise exam.fault(
            ("length", "minimum"),
            f"length.minimum must not exceed length.maximum; got {minimum} and {maximum}",
        )
    for name, value in (("maximum", maximum), ("minimum", minimum)):
        if value is not None and value > len(pool):
            raise exam.fault(
                ("length", name), f"length.{name} must not exceed the pool's {len(pool)} items; got {value}"
            )
    return minimum, maximum


def _rules(exam: Exam, pool: Pool) -> list[Rule]:
    """Return the blueprint's rules over the items of the pool."""
    rules = []
    content = exam.spec.blueprint
    for name, values in content.attributes.items():
        held_by_all = column(exam, pool, name, ("blueprint", name))
        for value, bounds in values.items():
            path: Path = ("blueprint", name, value)
            mine = np.array([has(held, (value,)) for held in held_by_all], dtype=np.bool_)
            if not mine.any():
                raise exam.fault(path, f"blueprint.{name}.{value}: must have at least one item; got none")
            rules.append(_rule_of(exam, path, f"{name} {value}", mine, None, bounds))
    for k, rule in enumerate(content.rules):
        path = ("blueprint", "rules", k)
        what = _selected(exam, (*path, "what"), rule.what, pool)
        of = None if rule.of is None else _selected(exam, (*path, "of"), rule.of, pool)
        name = rule.what if rule.of is None else f"{rule.what} of {rule.of}"
        if of is not None and not (what & of).any():
            raise exam.fault(path, f"rule {name}: must have at least one item; got none")
        rules.append(_rule_of(exam, path, f"rule {name}", what, of, rule))
    return rules


def _selected(exam: Exam, path: Path, condition: str, pool: Pool) -> Bools:
    """Return the items a condition holds for: at least one."""
    try:
        holds = select(condition, pool.attributes, len(pool))
    except ExamError as error:
        raise exam.fault(path, error) from None
    if not holds.any():
        raise exam.fault(path, f"condition {condition!r}: must hold for at least one item; got none")
    return holds


def _rule_of(exam: Exam, path: Path, name: str, what: Bools, of: Bools | None, bounds: Bounds) -> Rule:
    """Return one rule of the blueprint."""
    lower, upper = bounds.share("minimum_percent"), bounds.share("maximum_percent")
    if all(bound is None for bound in (lower, upper, bounds.minimum, bounds.maximum)):
        raise exam.fault(path, f"{name}: must have a minimum or a maximum; got neither")
    try:
        return Rule(name, what, of, lower, upper, bounds.minimum, bounds.maximum)
    except ExamError as error:
        raise exam.fault(path, error) from None


def _estimators(exam: Exam, items: ItemParameters, prior: NormalPrior) -> tuple[Estimator, Estimator]:
    """Return the interim and the final estimator, the same one where they are alike."""
    said = exam.spec.estimation
    for key, name, known in (("interim", said.interim, INTERIM), ("final", said.final, tuple(ESTIMATORS))):
        if name not in known:
            raise exam.fault(
                ("estimation", key), f"estimation.{key}: must be one of {', '.join(known)}; got {name!r}"
            )
    made: dict[str, Estimator] = {}
    for name in (said.interim, said.final):
        if name == "eap" and said.grid is not None:
            try:
                grid = fixed_grid(said.grid.low, said.grid.high, said.grid.nodes, prior, trapezoid=True)
            except AdaptestError as error:
                raise exam.fault(("estimation", "grid"), error) from None
            made[name] = FixedGridEap.of(items, grid)
        elif name not in made:
            made[name] = ESTIMATORS[name](items, prior)
    return made[said.interim], made[said.final]
