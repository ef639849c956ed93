"""Every case computed: those that are built in, and those of a folder."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adaptest.errors import AdaptestError, FileError
from adaptest.files import read_text
from adaptest.programme.verify import adaptive, assembly, criteria, curves, estimation, fitting, links, theta
from adaptest.programme.verify.case import NOTHING, Case, Checked, Context, NotComputedError, Number

Evaluator = Callable[[Case, Context], list[Number]]

# kind of a theta case -> what the page calls it, and what computes it
KINDS: dict[str, tuple[str, Evaluator]] = {
    "theta": ("theta", theta.estimates),
    "theta_and_se": ("theta", theta.estimates),
    "exact_se": ("exact standard error", theta.exact_errors),
    "wright_cat": ("Wright's measure", theta.wright),
    "sprt": ("SPRT", theta.sequential_ratio),
    "ci_rule": ("confidence rule", theta.confidence_rule),
    "prob_info": ("probability and information", curves.probability_and_information),
    "observed_info": ("observed information", curves.observed_information),
    "info": ("information", curves.information),
    "prob": ("probability", curves.probabilities),
    "expected_score": ("expected score", curves.expected_scores),
    "theta_max_info": ("most informative theta", curves.most_informative_theta),
    "score_distribution": ("score distribution", curves.score_distributions),
    "next_item": ("next item", adaptive.next_item),
    "criterion_values": ("selection criteria", criteria.criterion_values),
    "mip_optimum": ("test assembly", assembly.optimum),
    "stratification": ("strata", adaptive.stratification),
    "full_cat": ("whole exam", adaptive.whole_exam),
    "contingency": ("differential item functioning", fitting.contingency),
}

# names that a calibration case's expected numbers hold -> what the page calls it, and what computes it;
# the first that fits
CALIBRATIONS: tuple[tuple[Callable[[Case], bool], str, Evaluator], ...] = (
    (lambda case: case.model.startswith("DIF "), "differential item functioning", fitting.differential),
    (lambda case: "tau_y" in case.expected, "true-score equating", links.true_scores),
    (lambda case: "SE" in case.model and "linking" in case.model, "linking with errors", links.with_errors),
    (lambda case: "linking" in case.model, "linking", links.published_forms),
    (lambda case: "CML" in case.model, "conditional likelihood", estimation.conditional),
    (lambda case: "JML" in case.model, "joint likelihood", estimation.joint),
    (
        lambda case: "itemstats" in case.expected and "overall" in case.expected,
        "classical",
        fitting.items_alone,
    ),
    (lambda case: "LRT" in case.expected, "likelihood ratio", estimation.likelihood_ratio),
    (lambda case: "X2_each" in case.expected, "score test", estimation.score_tests),
    (lambda case: "LD_X2" in case.expected, "local dependence", fitting.local_dependence),
    (lambda case: "S_X2" in case.expected, "item fit", fitting.item_fit),
    (lambda case: "EAP_first6_patterns" in case.expected, "theta", fitting.scores),
    (lambda case: "M2" in case.expected and "logLik" not in case.expected, "model fit", fitting.whole_model),
    (lambda case: True, "calibration", estimation.calibration),  # noqa: ARG005 (whatever is left)
)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all cases, in their order."""

    checked: tuple[Checked, ...]

    @property
    def passed(self) -> int:
        """How many cases agree in every number."""
        return sum(one.passed for one in self.checked)

    @property
    def skipped(self) -> int:
        """How many were not compared."""
        return sum(bool(one.skipped) for one in self.checked)

    @property
    def failed(self) -> tuple[Checked, ...]:
        """The cases in which some number is too far off."""
        return tuple(one for one in self.checked if not one.passed and not one.skipped)

    @property
    def worst(self) -> tuple[tuple[Checked, Number], ...]:
        """For each program and method the number that takes up most of its tolerance."""
        best: dict[tuple[str, str], tuple[Checked, Number]] = {}
        for one in self.checked:
            for found in one.numbers:
                key = one.case.program, one.method
                if key not in best or _use(found) > _use(best[key][1]):
                    best[key] = one, found
        return tuple(best[key] for key in sorted(best))

    def to_json(self) -> dict[str, Any]:
        """Return what `verify --format json` prints."""
        return {
            "cases": len(self.checked),
            "passed": self.passed,
            "failed": [one.case.id for one in self.failed],
            "skipped": [
                {"case": one.case.id, "reason": one.skipped} for one in self.checked if one.skipped
            ],
            "worst": [
                {"program": one.case.program, "method": one.method, "case": one.case.id, **_number(found)}
                for one, found in self.worst
            ],
            "results": [
                {"case": one.case.id, "program": one.case.program, "method": one.method, "passed": one.passed,
                 "numbers": [_number(found) for found in one.numbers]}
                for one in self.checked
                if one.numbers
            ],
        }  # fmt: skip


def _use(found: Number) -> float:
    if found.difference < NOTHING:
        return 0.0
    return found.difference / found.tolerance if found.tolerance else float("inf")


def _number(found: Number) -> dict[str, Any]:
    return {
        "what": found.what, "ours": _finite(found.ours), "theirs": found.theirs,
        "difference": _finite(found.difference),
        "relative": found.relative, "tolerance": found.tolerance, "count": found.count,
    }  # fmt: skip


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def verify(folder: Path | None = None, progress: Callable[[str], None] | None = None) -> Report:
    """Return every built-in case computed, and those of a folder of reference files where one is given.

    Parameters
    ----------
    folder : holds *.json files with `cases`, and `banks` where they refer to any; data paths are relative to
        the folder above it

    Raises
    ------
    FileError, where the folder has no such file, or one cannot be read.
    """
    from adaptest.programme.verify.facts import BANKS, CASES

    todo = [(case, Context(BANKS)) for case in CASES]
    if folder is not None:
        todo += list(_of_folder(folder))
    checked = []
    for k, (case, context) in enumerate(todo, start=1):
        if progress is not None:
            progress(f"{k} of {len(todo)}: {case.id}")
        checked.append(check(case, context))
    return Report(tuple(checked))


def check(case: Case, context: Context) -> Checked:
    """Return one case with its numbers, or why there are none."""
    if case.kind and case.kind not in KINDS:
        return Checked(case, case.kind, (), f"kind {case.kind!r} is not computed here")
    method, evaluate = KINDS[case.kind] if case.kind else _calibration(case)
    try:
        found = tuple(evaluate(case, context))
    except NotComputedError as reason:
        return Checked(case, method, (), str(reason))
    except AdaptestError as reason:
        return Checked(case, method, (), f"refused: {reason}")
    except (KeyError, TypeError, AttributeError, IndexError) as reason:
        return Checked(case, method, (), f"its shape is not read: {type(reason).__name__} {reason}")
    return Checked(case, method, found, "" if found else "no number of it is computed here")


def _calibration(case: Case) -> tuple[str, Evaluator]:
    return next((method, evaluate) for holds, method, evaluate in CALIBRATIONS if holds(case))


def _of_folder(folder: Path) -> Iterator[tuple[Case, Context]]:
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not files:
        raise FileError(f"{folder}: must be a folder with reference files, *.json; got none")
    for path in files:
        try:
            body = json.loads(read_text(path))
        except ValueError:
            raise FileError(f"{path}: must be JSON; it cannot be read") from None
        if not isinstance(body, dict) or not isinstance(body.get("cases"), list):
            raise FileError(f"{path}: must have a list of cases; got none")
        context = Context(body.get("banks", {}), folder.resolve().parent)
        for number, one in enumerate(body["cases"], start=1):
            if not isinstance(one, dict) or not isinstance(one.get("expected"), dict):
                raise FileError(f"{path}: case {number} must have expected numbers; got none")
            yield _case(one), context


def _case(one: Mapping[str, Any]) -> Case:
    tolerance = one.get("tolerance") or {}
    return Case(
        id=str(one.get("id", "")),
        program=program_of(one),
        source=str(one.get("source", "")),
        expected=one["expected"],
        tolerance={k: float(v) for k, v in tolerance.items() if isinstance(v, int | float)},
        kind=str(one.get("kind", "") or ""),
        inputs=one.get("inputs") or {},
        model=str(one.get("model", "") or ""),
        data=one.get("data_path"),
    )


PROGRAMS = (
    "mirt", "ltm", "TAM", "eRm", "difR", "equateIRT", "plink", "SNSequate", "catR", "TestDesign", "jsCAT",
    "adaptivetesting", "catpie", "mstR", "moodle", "catIrt",
)  # fmt: skip
OWN = "direct computation"


def program_of(one: Mapping[str, Any]) -> str:
    """Return whose numbers a case holds: the program that its id or its source names first."""
    name, source = str(one.get("id", "")), str(one.get("source", ""))
    if one.get("id", "").startswith(("gen-", "mirt-")):
        return "mirt"
    for text in (name, source):
        for program in PROGRAMS:
            if text.lower().startswith(program.lower()):
                return program
    found = [program for program in PROGRAMS if program.lower() in source.lower()]
    return found[0] if found else OWN
