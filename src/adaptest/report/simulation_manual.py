"""The technical-manual section: what an exam does, by which methods, from which sources."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from adaptest.simulation.study import Study

SIMULATION_SOURCES = (
    "Chen, Ankenmann & Spray (2003), Journal of Educational Measurement 40(2), 129-145 (overlap).",
    "Cohen (1960), Educational and Psychological Measurement 20(1), 37-46 (kappa).",
    "Harwell, Stone, Hsu & Kirisci (1996), Applied Psychological Measurement 20(2), 101-125 (simulation).",
    "Reckase (2010), Psychological Test and Assessment Modeling 52(2), 127-141 (item pool design).",
    "AERA, APA & NCME (2014), Standards for Educational and Psychological Testing, 2.16, 4.3 and 5.16.",
)


@dataclass(frozen=True, slots=True)
class Method:
    """One part of the exam: what it is, its numbers, and where the method comes from."""

    what: str
    words: str
    settings: str
    sources: str


def methods(study: Study) -> tuple[Method, ...]:
    """Return the exam's parts with their methods, as the code that runs them documents itself."""
    design, spec = study.design, study.spec
    prior = spec.estimation.prior
    parts: list[tuple[str, object]] = [
        ("choice of the next item", design.criterion),
        ("which of the best", design.picker),
        *(("stop", rule) for rule in design.stopping),
    ]
    told = [_method(what, part) for what, part in parts]
    told.append(
        Method(
            "estimate while the exam runs",
            f"{design.interim.method}; prior normal, mean {prior.mean:g}, standard deviation {prior.sd:g}",
            "",
            "Bock & Mislevy (1982), Applied Psychological Measurement 6(4), 431-444"
            * (spec.estimation.interim == "eap"),
        )
    )
    told.append(Method("estimate that is reported", design.final.method, "", ""))
    upper = "the whole pool" if design.maximum is None else f"{design.maximum}"
    told.append(Method("length", f"{design.minimum} to {upper} scored items", "", ""))
    rules = len(design.blueprint.rules)
    told.append(
        Method(
            "content",
            f"{rules} rules, hard at every length at which a sitting may end"
            if rules
            else "no content rules",
            "",
            "",
        )
    )
    return tuple(told)


def sources(study: Study) -> tuple[str, ...]:
    """Return every source, each once, in order."""
    found = {one.sources for one in methods(study) if one.sources} | set(SIMULATION_SOURCES)
    return tuple(sorted(found))


def _method(what: str, part: object) -> Method:
    """Return a part as its own docstring tells it."""
    text = re.sub(r"[ \t]+", " ", type(part).__doc__ or type(part).__name__)
    first = text.strip().split("\n")[0].replace("`", "")
    _, _, after = text.partition("References\n")
    cited = " ".join(after.replace("----------", "").split())
    return Method(what, first, _settings(part), cited)


def _settings(part: Any) -> str:
    """Return a part's own numbers."""
    if not is_dataclass(part):
        return ""
    shown = [(one.name, getattr(part, one.name)) for one in fields(part) if not one.name.startswith("_")]
    plain = [(name, value) for name, value in shown if isinstance(value, bool | int | float | str)]
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in plain)
