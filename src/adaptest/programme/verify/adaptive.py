"""Next items and whole adaptive exams."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adaptest.engine.events import ItemPresented, ResponseGiven, SittingEnded
from adaptest.engine.sitting import decide, evolve, start
from adaptest.engine.spec import build, exam_from_values
from adaptest.numerics.quadrature import NormalPrior
from adaptest.parameters import ItemParameters
from adaptest.pool import Pool
from adaptest.programme.verify.banks import items_of
from adaptest.programme.verify.case import Case, Context, NotComputedError, Number, number
from adaptest.programme.verify.criteria import of_criterion
from adaptest.selection import FisherInformation, Setting, Situation, shortlist, strata

ESTIMATION = {
    "BM": {"interim": "map", "final": "map"},
    "EAP": {"grid": {"low": -4.0, "high": 4.0, "nodes": 33}},
}
STOPPING: dict[str, Callable[[float], list[dict[str, Any]]]] = {
    "se": lambda value: [{"rule": "sem", "at_most": value}],
    "minInfo": lambda _: [{"rule": "minimum_information", "at_least": 0.25}],
    "len": lambda _: [],
}


def next_item(case: Case, context: Context) -> list[Number]:
    """Return the item that a criterion likes best, and how much: information, or as `of_criterion` has it."""
    inputs, expected = case.inputs, case.expected
    if inputs["criterion"] != "MFI":
        return of_criterion(case, context)
    bank = items_of(context, {"bank": inputs["bank"]})
    eligible = np.ones((1, len(bank)), dtype=bool)
    eligible[0, inputs["administered_0based"]] = False
    now = _situation(bank, float(inputs["theta"]), eligible)
    criterion = FisherInformation()
    best = shortlist(criterion, criterion.bounds(now.setting), now, 1)
    return [
        number("item", best.rows, [[expected["item_0based"]]], 0.0),
        number("information", best.value, [[expected["criterion_value"]]], case.close("criterion_value")),
    ]


def _situation(bank: ItemParameters, theta: float, eligible: Any) -> Situation:
    nodes = NormalPrior().grid()
    setting = Setting(bank, nodes.theta, nodes.log_weight, 1, None)
    none = np.zeros((1, 0), dtype=np.intp)
    seed = np.zeros(1, dtype=np.uint64)
    one = np.array([theta]), np.array([1.0])
    return Situation(setting, seed, *one, none, none, eligible, lambda: nodes.log_weight[None])


def stratification(case: Case, context: Context) -> list[Number]:
    """Return the stratum of each item by its discrimination."""
    bank = items_of(context, {"bank": case.inputs["bank"]})
    nodes = NormalPrior().grid()
    setting = Setting(bank, nodes.theta, nodes.log_weight, 1, 40)
    made = strata(setting, case.inputs["K"], "discrimination", (), block_by_difficulty=False)
    theirs = [int(word.removeprefix("Group")) - 1 for word in case.expected["membership"]]
    return [number("stratum", made.stratum, theirs, 0.0)]


def whole_exam(case: Case, context: Context) -> list[Number]:
    """Return every item, theta and standard error of an exam on given answers."""
    inputs, expected = case.inputs, case.expected
    if inputs["selection"] != "MFI" or inputs["method"] not in ESTIMATION:
        raise NotComputedError(f"selection {inputs['selection']!r} starts by a rule of its own")
    bank = items_of(context, {"bank": inputs["bank"]})
    stop = inputs["stop"]
    word = next((word for word in STOPPING if stop.startswith(word)), None)
    if word is None:
        raise NotComputedError(f"stopping rule {stop!r} is not read")
    tail = stop.removeprefix(word)
    longest = int(tail) if word == "len" else len(bank)
    values = {
        "id": "verify", "title": case.id, "length": {"minimum": 1, "maximum": longest},
        "estimation": ESTIMATION[inputs["method"]], "stopping": STOPPING[word](float(tail or 0)),
    }  # fmt: skip
    design = build(exam_from_values(values), Pool(bank))
    state, items, path = evolve(None, start(design, 1), design), [], []
    while not isinstance(event := decide(state, design), SittingEnded):
        if not isinstance(event, ItemPresented):
            raise NotComputedError("the exam did something else than present an item")
        row = bank.row[event.item]
        score = inputs["full_response_vector"][row]
        state = evolve(evolve(state, event, design), ResponseGiven(event.item, str(score), score), design)
        items.append(row)
        path.append((state.theta, state.sem))
    theta, sem = np.array(path).T
    close = case.close("theta_path", otherwise=2e-4)
    return [
        number("items", items, expected["items_0based"], 0.0),
        number("theta path", theta, expected["theta_path"], close),
        number("se path", sem, expected["se_path"], case.close("se_path", otherwise=close)),
    ]
