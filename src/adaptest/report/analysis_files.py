"""An analysis as files: items.csv, dif.csv, pairs.csv, persons.csv, model.json and what else there is."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from adaptest import __version__
from adaptest.dif import DifResult
from adaptest.files import readable_json, write_text
from adaptest.report.analysis import MEANING, Analysis
from adaptest.report.plain import plain
from adaptest.scoring import Outcome

FORMAT = "adaptest-analysis/1"
DIF_COLUMNS = (
    "item_id", "method", "reference", "focal", "n_reference", "n_focal", "statistic", "df", "p", "p_adjusted",
    "effect", "effect_se", "effect_name", "class", "flagged", "outcome", "reason",
)  # fmt: skip
PAIR_COLUMNS = (
    "item_1", "item_2", "n", "q3", "q3_above_mean", "q3_p_adjusted", "ld_x2", "ld_df", "ld_p",
    "ld_p_adjusted", "ld_standardised", "cramer_v", "flagged",
)  # fmt: skip


def write_analysis(folder: Path, found: Analysis, record: Mapping[str, Any], page: str) -> None:
    """Write an analysis into an existing empty folder; equal input gives equal bytes.

    Parameters
    ----------
    record : further entries of model.json: what was asked for
    page : report.html
    """
    write_text(folder / "items.csv", _table(item_rows(found)))
    write_text(folder / "dif.csv", _table(dif_rows(found.dif), DIF_COLUMNS))
    write_text(folder / "pairs.csv", _table(pair_rows(found), PAIR_COLUMNS))
    write_text(folder / "persons.csv", _table(person_rows(found)))
    if found.distractors is not None:
        write_text(folder / "distractors.csv", _table([asdict(row) for row in found.distractors.rows]))
    if found.similarity is not None:
        write_text(folder / "similarity.csv", _table(similarity_rows(found), SIMILARITY_COLUMNS))
    write_text(folder / "model.json", readable_json(plain({**model_record(found), **record})))
    write_text(folder / "report.html", page)


def item_rows(found: Analysis) -> list[dict[str, Any]]:
    """Return the rows of items.csv, in the order of the responses' items."""
    classic, squares = found.classical, found.mean_squares
    rapid = found.rapid
    rows = []
    for j, item in enumerate(found.data.items.ids):
        reasons = [
            classic.reason[j],
            *(f"{one.name}: {one.reason[j]}" for one in (found.s_x2, found.pv_q1) if one.reason[j]),
        ]
        rows.append(
            {
                "item_id": item,
                "model": found.data.items.models[j],
                "n": classic.n[j],
                "p": classic.p[j],
                "expected_p": found.expected_p[j],
                "sd": classic.sd[j],
                "item_total": classic.item_total[j],
                "item_rest": classic.item_rest[j],
                "biserial": classic.biserial[j],
                "alpha_without": classic.alpha_without[j],
                "theta_correlation": found.theta_correlation[j],
                "infit": squares.infit[j],
                "infit_z": squares.infit_z[j],
                "outfit": squares.outfit[j],
                "outfit_z": squares.outfit_z[j],
                "s_x2": found.s_x2.statistic[j],
                "s_x2_df": found.s_x2.df[j],
                "s_x2_p": found.s_x2.p[j],
                "s_x2_p_adjusted": found.s_x2.p_adjusted[j],
                "pv_q1": found.pv_q1.statistic[j],
                "pv_q1_df": found.pv_q1.df[j],
                "pv_q1_p": found.pv_q1.p[j],
                "pv_q1_p_adjusted": found.pv_q1.p_adjusted[j],
                "rmsd": found.rmsd[j],
                "zh": found.zh[j],
                "rapid_threshold_s": rapid.threshold_s[j] if rapid else None,
                "rapid_share": rapid.item_share[j] if rapid else None,
                "flags": " ".join(found.flags[j]),
                "reasons": "; ".join(dict.fromkeys(reason for reason in reasons if reason)),
            }
        )
    return rows


def dif_rows(results: Iterable[DifResult]) -> list[dict[str, Any]]:
    """Return the rows of dif.csv: every item in every method."""
    return [
        {
            "item_id": item,
            "method": one.method,
            "reference": one.reference,
            "focal": one.focal,
            "n_reference": one.n_reference[j],
            "n_focal": one.n_focal[j],
            "statistic": one.statistic[j],
            "df": one.df[j],
            "p": one.p[j],
            "p_adjusted": one.p_adjusted[j],
            "effect": one.effect[j],
            "effect_se": one.effect_se[j],
            "effect_name": one.effect_name,
            "class": one.classes[j],
            "flagged": bool(one.flagged[j]),
            "outcome": one.outcome[j],
            "reason": one.reason[j],
        }
        for one in results
        for j, item in enumerate(one.items)
    ]


def pair_rows(found: Analysis) -> list[dict[str, Any]]:
    """Return the rows of pairs.csv: the pairs with enough persons in common, by falling Q3."""
    pairs, ids = found.pairs, found.data.items.ids
    some = np.flatnonzero(np.isfinite(pairs.q3))
    order = some[np.lexsort((some, -pairs.q3[some]))]
    return [
        {
            "item_1": ids[pairs.first[k]],
            "item_2": ids[pairs.second[k]],
            "n": pairs.n[k],
            "q3": pairs.q3[k],
            "q3_above_mean": pairs.q3[k] - pairs.q3_mean,
            "q3_p_adjusted": pairs.q3_p_adjusted[k],
            "ld_x2": pairs.ld_x2[k],
            "ld_df": pairs.ld_df[k],
            "ld_p": pairs.ld_p[k],
            "ld_p_adjusted": pairs.ld_p_adjusted[k],
            "ld_standardised": pairs.ld_standardised[k],
            "cramer_v": pairs.cramer_v[k],
            "flagged": bool(pairs.flagged[k]),
        }
        for k in order
    ]


def person_rows(found: Analysis) -> list[dict[str, Any]]:
    """Return the rows of persons.csv, in the order of the responses' persons."""
    people, fit, squares = found.people, found.person_fit, found.person_mean_squares
    responses = found.data.responses
    accused = set()
    if found.similarity is not None:
        bad = found.similarity.flagged
        accused = {*found.similarity.first[bad].tolist(), *found.similarity.second[bad].tolist()}
    rows = []
    for n, person in enumerate(responses.persons):
        words = [
            ("misfit", bool(fit.flagged[n])),
            ("rapid", found.rapid is not None and bool(found.rapid.flagged[n])),
            ("similar", n in accused),
        ]
        rows.append(
            {
                "person": person,
                "group": responses.groups[responses.group[n]],
                "n_items": int(fit.n[n]),
                "theta": people.theta[n],
                "sem": people.sem[n],
                "outcome": Outcome(int(people.outcome[n])).label,
                "lz": fit.lz[n],
                "lz_star": fit.lz_star[n],
                "p": fit.p[n],
                "critical": fit.critical[n],
                "infit": squares.infit[n],
                "outfit": squares.outfit[n],
                "cusum_low": fit.cusum_low[n],
                "cusum_high": fit.cusum_high[n],
                "effort": found.rapid.effort[n] if found.rapid else None,
                "flags": " ".join(word for word, holds in words if holds),
            }
        )
    return rows


SIMILARITY_COLUMNS = ("person_1", "person_2", "n", "matches", "expected", "p", "p_adjusted", "flagged")


def similarity_rows(found: Analysis) -> list[dict[str, Any]]:
    """Return the rows of similarity.csv: unlikely pairs, the least likely first."""
    alike, persons = found.similarity, found.data.responses.persons
    if alike is None:
        return []
    return [
        {
            "person_1": persons[alike.first[k]],
            "person_2": persons[alike.second[k]],
            "n": int(alike.n[k]),
            "matches": int(alike.matches[k]),
            "expected": alike.expected[k],
            "p": alike.p[k],
            "p_adjusted": alike.p_adjusted[k],
            "flagged": bool(alike.flagged[k]),
        }
        for k in range(len(alike.p))
    ]


def model_record(found: Analysis) -> dict[str, Any]:
    """Return model.json: the whole in numbers, and every flag."""
    classic, crowd = found.classical, found.population
    fit = found.person_fit
    return {
        "format": FORMAT,
        "version": __version__,
        "n_persons": len(found.data.responses),
        "n_items": len(found.data.items),
        "n_responses": len(found.data.score),
        "design": {
            "kind": found.core.kind,
            "reason": found.core.reason,
            "common_items": len(found.core.items),
        },
        "groups": [
            {"name": name, "share": crowd.share[g], "mean": crowd.mean[g], "variance": crowd.sd[g] ** 2}
            for g, name in enumerate(crowd.groups)
        ],
        "model_fit": asdict(found.model_fit),
        "classical": {
            "n": classic.form_n,
            "mean": classic.form_mean,
            "sd": classic.form_sd,
            "mean_correlation": classic.mean_correlation,
            "alpha": classic.alpha,
            "alpha_sem": classic.alpha_sem,
            "omega": classic.omega,
            "omega_reason": classic.omega_reason,
        },
        "reliability": {
            "empirical": found.reliability.empirical,
            "marginal": found.reliability.marginal,
            "reason": found.reliability.marginal_reason,
            "conditional": [
                {"theta": theta, "sem": sem}
                for theta, sem in zip(
                    found.reliability.theta.tolist(), found.reliability.conditional_sem.tolist(), strict=True
                )
            ],
        },
        "decisions": [asdict(one) for one in found.decisions],
        "local_dependence": {"q3_mean": found.pairs.q3_mean, "reason": found.pairs.reason},
        "person_fit": {
            "method": fit.method,
            "judged": int(np.isfinite(fit.lz_star).sum()),
            "flagged": int(fit.flagged.sum()),
        },
        "rapid": None if found.rapid is None else {"persons_flagged": int(found.rapid.flagged.sum())},
        "similarity": None
        if found.similarity is None
        else {
            "pairs": found.similarity.pairs,
            "flagged": int(found.similarity.flagged.sum()),
            "reason": found.similarity.reason,
        },
        "dif": [_dif_summary(one) for one in found.dif],
        "flags": {
            item: list(words) for item, words in zip(found.data.items.ids, found.flags, strict=True) if words
        },
        "meaning": MEANING,
        "needs_attention": found.needs_attention,
        "settings": dict(found.settings),
        "data_fingerprint": found.data.responses.fingerprint,
        "parameters_fingerprint": found.data.items.fingerprint,
        "notes": list(found.notes),
    }


def _dif_summary(one: DifResult) -> dict[str, Any]:
    outcomes = {word: one.outcome.count(word) for word in dict.fromkeys(one.outcome)}
    return {
        "method": one.method,
        "reference": one.reference,
        "focal": one.focal,
        "flagged": [item for item, bad in zip(one.items, one.flagged, strict=True) if bad],
        "outcomes": outcomes,
        "reason": next((reason for reason in one.reason if reason), ""),
        "rounds": one.rounds,
        "settled": one.settled,
    }


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> str:
    text = io.StringIO()
    names = list(columns or (rows[0] if rows else ()))
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names)
    table.writerows([_cell(row[name]) for name in names] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> str:
    """Return a cell: the shortest text of a number's bits, yes or no, nothing where there is nothing."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() | np.floating():
            number = float(value)
            return "" if math.isnan(number) else repr(int(number)) if number.is_integer() else repr(number)
    return str(value)
