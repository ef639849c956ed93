"""The recalibration loop on a synthetic programme whose truth is known. NOBODY answered: it is simulated.

Six administrations of 2,000 candidates take an adaptive exam of 24 scored items over a bank of 90, and 10
pretest items beside them. After each one the programme recalibrates and publishes what was proposed. On the
way:

* 40 pretest items are shown from administration 1 on; one of them has a wrong key;
* from administration 3 on, 10 operational items are .5 logits off, five harder and five easier (all to one
  side would be a scale event, which is never released);
* from administration 3 on, candidates are .3 logits abler;
* from administration 4 on, 30 % of candidates know one operational item, and answer it right with p = .95.

True parameters of the operational items are the base release's values plus draws from their standard errors,
never the base itself. Drifting and leaked items are drawn among those in use (above the gate in the first two
administrations): drift of an item that nobody is given cannot be seen. The leaked one is not an easy one
(difficulty -.5 to 1.5): where four of five know the answer anyway, a leak changes next to nothing.

    python calibration/studies/closed_loop.py --replications 20 --out closed-loop.json
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from adaptest.calibration.result import CovarianceBlock
from adaptest.engine.spec import build, exam_from_values
from adaptest.linking import Form, link
from adaptest.models import LogisticItems
from adaptest.parameters import ItemParameters
from adaptest.parameters.table import ParameterTable
from adaptest.pool import Pool
from adaptest.programme.decisions import dropped
from adaptest.programme.log import Log
from adaptest.programme.policy import Policy
from adaptest.programme.recalibrate import Outcome, recalibrate
from adaptest.programme.task import BankItem, Base, ScoringRule, Task
from adaptest.scoring import score

ADMINISTRATIONS = 6
DRIFT_FROM, SHIFT_FROM, LEAK_FROM = 3, 3, 4
LEAKED_FROM, LEAKED_TO = -0.5, 1.5  # difficulty of the leaked item
DRIFT, SHIFT, KNOW_IT, RIGHT = 0.5, 0.3, 0.30, 0.95
Z95 = 1.959963984540054
LETTERS = ("A", "B", "C", "D")
POPULARITY = np.array([0.45, 0.33, 0.22])  # of the three distractors


@dataclass(frozen=True)
class World:
    """What the study is made of; the reduced version of the test has smaller numbers."""

    operational: int = 90
    pretest: int = 40
    candidates: int = 2_000
    length: int = 24
    seeded: int = 10  # pretest items a candidate
    drifting: int = 10
    base_n: int = 1_500  # responses behind each base value, of N(0, 1)
    picker: int = 45


@dataclass
class Truth:
    """The true parameters, as they are at an administration."""

    ids: tuple[str, ...]
    a: np.ndarray
    b: np.ndarray
    drifting: dict[str, float] = field(default_factory=dict)
    leaked: str = ""
    miskeyed: str = ""

    def at(self, administration: int) -> ItemParameters:
        """Return the items as they are then."""
        b = self.b.copy()
        if administration >= DRIFT_FROM:
            for item, by in self.drifting.items():
                b[self.ids.index(item)] += by
        return logistic(self.ids, self.a, b)


def logistic(ids, a, b) -> ItemParameters:
    """Return 2PL items."""
    zeros = np.zeros(len(ids))
    return ItemParameters.of(LogisticItems(tuple(ids), a, b, zeros, zeros + 1, ("2pl",) * len(ids)))


def base_and_truth(world: World, rng: np.random.Generator) -> tuple[Base, Truth]:
    """Return a calibrated base release, and a truth drawn about it."""
    j = world.operational
    ids = tuple(f"OP-{k:03d}" for k in range(1, j + 1))
    a, b = np.exp(rng.normal(0.15, 0.3, j)), rng.normal(0.0, 1.0, j)
    nodes, weight = np.linspace(-5, 5, 81), np.exp(-(np.linspace(-5, 5, 81) ** 2) / 2)
    weight /= weight.sum()
    true_a, true_b, blocks = a.copy(), b.copy(), []
    for k in range(j):
        p = 1 / (1 + np.exp(-a[k] * (nodes - b[k])))
        slope = np.stack([nodes - b[k], np.full_like(nodes, -a[k])])
        information = world.base_n * (slope * (weight * p * (1 - p))) @ slope.T
        covariance = np.linalg.inv(information)
        true_a[k], true_b[k] = rng.multivariate_normal([a[k], b[k]], covariance)
        names = (ids[k], "discrimination"), (ids[k], "difficulty")
        blocks.append(CovarianceBlock(names, covariance))
    se = np.sqrt(np.array([np.diag(block.matrix) for block in blocks]))
    table = ParameterTable.of(
        logistic(ids, a, b),
        se={"discrimination": se[:, 0], "difficulty": se[:, 1]},
        n=np.full(j, float(world.base_n)),
        basis="calibrated",
        status="estimated",
        scale_id="synthetic-1",
    )
    new = tuple(f"NEW-{k:02d}" for k in range(1, world.pretest + 1))
    true_a = np.concatenate([np.maximum(true_a, 0.2), np.exp(rng.normal(0.15, 0.3, world.pretest))])
    true_b = np.concatenate([true_b, rng.normal(0.0, 0.8, world.pretest)])
    truth = Truth((*ids, *new), true_a, true_b, miskeyed=new[int(rng.integers(world.pretest))])
    return Base(1, "base", "synthetic-1", judged=False, table=table, covariance=tuple(blocks)), truth


def exam(world: World, items: ItemParameters):
    """Return the adaptive exam on a release's items."""
    values = {
        "id": "synthetic", "title": "Synthetic", "stakes": "certification",
        "length": {"minimum": world.length, "maximum": world.length},
        "selection": {"criterion": "information", "picker": {"name": "randomesque", "size": world.picker}},
        "estimation": {"interim": "eap", "final": "eap"},
        "reporting": {"cut": {"theta": 0.0}},
    }  # fmt: skip
    return build(exam_from_values(values), Pool(items))


@dataclass
class Administration:
    """What one administration's candidates were given and answered."""

    theta: np.ndarray
    person: np.ndarray
    item: list[str]
    score: np.ndarray
    option: np.ndarray
    position: np.ndarray
    pretest: np.ndarray


def administer(
    world: World,
    truth: Truth,
    release: ParameterTable,
    waiting: list[str],
    number: int,
    rng: np.random.Generator,
) -> Administration:
    """Return an administration: all take the exam on the release in effect, plus pretest items."""
    n = world.candidates
    theta = rng.normal(SHIFT if number >= SHIFT_FROM else 0.0, 1.0, n)
    knows = rng.random(n) < KNOW_IT
    design = exam(world, release.items)
    true = truth.at(number)
    a, b = true.blocks[0].a, true.blocks[0].b
    place = {item: k for k, item in enumerate(true.ids)}
    own = np.array([place[item] for item in design.pool.ids])
    leaked = place.get(truth.leaked, -1) if number >= LEAK_FROM else -1
    sittings = design.begin(rng.integers(0, 2**63, n, dtype=np.uint64), np.zeros((n, len(own)), np.bool_))
    columns, scores = [], []
    for _ in range(world.length):
        row = design.choose(sittings).row
        code = own[row]
        p = 1 / (1 + np.exp(-a[code] * (theta - b[code])))
        p = np.where((code == leaked) & knows, RIGHT, p)
        right = (rng.random(n) < p).astype(np.intp)
        sittings = design.record(sittings, row, right)
        columns.append(code)
        scores.append(right)
    code, right = np.stack(columns, axis=1), np.stack(scores, axis=1)
    person = np.repeat(np.arange(n), world.length)
    position = np.tile(np.arange(world.length), n)
    pretest = np.zeros(code.size, np.bool_)
    code, right = code.ravel(), right.ravel()
    if waiting:
        many = min(world.seeded, len(waiting))
        drawn = np.argsort(rng.random((n, len(waiting))), axis=1)[:, :many]
        seeded = np.array([place[item] for item in waiting])[drawn].ravel()
        who = np.repeat(np.arange(n), many)
        p = 1 / (1 + np.exp(-a[seeded] * (theta[who] - b[seeded])))
        code, right = np.concatenate([code, seeded]), np.concatenate([right, rng.random(len(seeded)) < p])
        person = np.concatenate([person, who])
        position = np.concatenate([position, rng.integers(0, world.length, len(seeded))])
        pretest = np.concatenate([pretest, np.ones(len(seeded), np.bool_)])
    wrong = 1 + np.searchsorted(POPULARITY.cumsum()[:-1], rng.random(len(code)), side="right")
    option = np.where(right == 1, 0, wrong)  # A is the best answer of every item ...
    earned = (option == np.where(code == place[truth.miskeyed], 1, 0)).astype(np.int8)  # ... not by every key
    return Administration(theta, person, [true.ids[k] for k in code], earned, option, position, pretest)


def log_of(world: World, administrations: list[Administration], items: tuple[str, ...]) -> Log:
    """Return what a programme has in its log after some administrations."""
    place = {item: k for k, item in enumerate(items)}
    n = world.candidates
    total = n * len(administrations)
    size = [len(one.score) for one in administrations]
    names = tuple(f"s{k}" for k in range(total))
    every = sum(size)
    return Log(
        persons=tuple(f"p{k}" for k in range(total)),
        sittings=names,
        items=items,
        exams=("synthetic",),
        options=LETTERS,
        groups=(),
        person=np.arange(total, dtype=np.int32),
        exam=np.zeros(total, np.int32),
        group=np.full(total, -1, np.int32),
        administration=tuple(f"administration {k // n + 1}" for k in range(total)),
        at=("",) * total,
        release=("",) * total,
        status=("finished",) * total,
        sitting=np.concatenate([one.person + k * n for k, one in enumerate(administrations)]).astype(
            np.int32
        ),
        item=np.concatenate([[place[item] for item in one.item] for one in administrations]).astype(np.int32),
        score=np.concatenate([one.score for one in administrations]),
        option=np.concatenate([one.option for one in administrations]).astype(np.int32),
        time_s=np.full(every, np.nan),
        position=np.concatenate([one.position for one in administrations]).astype(np.int32),
        pretest=np.concatenate([one.pretest for one in administrations]),
        repeat=np.zeros(every, np.bool_),
        explained=np.zeros(every, np.bool_),
        changed=np.zeros(every, np.bool_),
    )


RULE = ScoringRule("eap", 0.0, 1.0, 0.0, 10.0, 50.0, 1)


def replication(world: World, seed: int) -> dict[str, object]:
    """Return what one programme went through, beside the truth."""
    rng = np.random.default_rng(seed)
    base, truth = base_and_truth(world, rng)
    keys = {item: "B" if item == truth.miskeyed else "A" for item in truth.ids}
    alive = list(truth.ids)
    waiting = [item for item in truth.ids if item.startswith("NEW")]
    held: list[Administration] = []
    rows: list[dict[str, object]] = []
    caught: dict[str, int] = {}
    released: set[str] = set()
    for number in range(1, ADMINISTRATIONS + 1):
        if number == DRIFT_FROM:
            draw_the_troubled(world, truth, held, base, rng)
        held.append(administer(world, truth, base.table, waiting, number, rng))
        window = held[-Policy().collect.window :]
        items = {
            item: BankItem(
                item, "operational" if item in base.table.items.row else "pretest", keys[item], LETTERS
            )
            for item in alive
        }
        log = log_of(world, window, truth.ids)
        task = Task("synthetic", base, items, log, Policy(), {"synthetic": RULE})
        outcome = recalibrate(task)
        rows.append(judged(truth, outcome, number, caught, released, [one.theta for one in window]))
        decided = {one.item: one.decision for one in outcome.decisions}
        if not outcome.moved.scale_event:  # else nothing is released, and a person has to look
            base = replace(base, number=number + 1, table=outcome.table, covariance=outcome.covariance)
        gone = {item for item, word in decided.items() if word in {"reject", "key-fix"}}
        alive = [item for item in alive if item not in gone]
        waiting = [item for item in waiting if item in alive and item not in base.table.items.row]
    return {"seed": seed, "administrations": rows, "caught": caught, "truth": {
        "drifting": truth.drifting, "leaked": truth.leaked, "miskeyed": truth.miskeyed}}  # fmt: skip


def draw_the_troubled(
    world: World, truth: Truth, held: list[Administration], base: Base, rng: np.random.Generator
) -> None:
    """Draw the items that will drift, five each way, and the one that will leak, among those in use."""
    used = {item: 0 for item in base.table.items.ids if item.startswith("OP")}
    for one in held:
        for item, pretest in zip(one.item, one.pretest, strict=True):
            if not pretest:
                used[item] = used.get(item, 0) + 1
    gate = Policy().gates.two_pl_with_priors
    in_use = [item for item, n in used.items() if item.startswith("OP") and n >= gate]
    b = dict(zip(truth.ids, truth.b, strict=True))
    order = rng.permutation(in_use).tolist()
    truth.leaked = next(item for item in order if LEAKED_FROM <= b[item] <= LEAKED_TO)
    drawn = [item for item in order if item != truth.leaked][: world.drifting]
    truth.drifting.update({item: DRIFT if k % 2 else -DRIFT for k, item in enumerate(drawn)})


def judged(
    truth: Truth, outcome: Outcome, number: int, caught: dict[str, int], released: set[str],
    thetas: list[np.ndarray],
) -> dict[str, object]:  # fmt: skip
    """Return one administration's outcome beside the truth."""
    true = truth.at(number)
    odd = {*truth.drifting, truth.leaked, truth.miskeyed}
    table = outcome.table
    stable = [item for item in table.items.ids if item not in odd]
    theirs = true.take(np.array([true.row[item] for item in stable]))
    ours = table.items.take(np.array([table.items.row[item] for item in stable]))
    found = link(Form(ours), Form(theirs))
    moved = outcome.moved
    flagged = [item for item, out in zip(moved.items, moved.flagged, strict=True) if out]
    tested = [item for item in moved.items if item not in odd]
    decisions = {one.item: one for one in outcome.decisions}
    for item in flagged:
        if item in truth.drifting and number >= DRIFT_FROM:
            caught.setdefault(item, number)
        if item == truth.leaked and number >= LEAK_FROM:
            caught.setdefault(item, number)
    if truth.miskeyed in decisions and decisions[truth.miskeyed].decision == "key-fix":
        caught.setdefault(truth.miskeyed, number)
    cover: list[int] = []
    biases: list[float] = []
    for item, one in decisions.items():
        if one.decision == "accept" and one.role == "new" and item not in released and item not in odd:
            released.add(item)
            k, row = true.row[item], table.items.row[item]
            value = table.items.blocks[0]
            at = value.ids.index(item)
            for name, estimate, correct in (
                ("discrimination", value.a[at], true.blocks[0].a[k]),
                ("difficulty", value.b[at], true.blocks[0].b[k]),
            ):
                se = table.se[name][table.ids.index(item)]
                cover.append(int(abs(estimate - correct) <= Z95 * se))
                biases.append(float((estimate - correct) / se))
            del row
    groups = [
        {"true": float(SHIFT if number - len(outcome.groups) + k + 1 >= SHIFT_FROM else 0.0),
         "sample": float(theta.mean()), "mean": one.mean, "se": one.se_mean}
        for k, (one, theta) in enumerate(zip(outcome.groups, thetas[-len(outcome.groups) :], strict=True))
    ]  # fmt: skip
    return {
        "administration": number,
        "A": found.A,
        "B": found.B,
        "flagged": flagged,
        "flagged_drifting": sum(item in truth.drifting for item in flagged),
        "false_alarms": sum(item in tested for item in flagged),
        "tested": len(tested),
        "covered": cover,
        "standardised": biases,
        "groups": groups,
        "scale_event": list(moved.scale_event),
        "unlisted": unlisted(outcome),
        "flips": int((outcome.impacts.flips != 0).sum()),
        "words": {word: sum(one.decision == word for one in outcome.decisions) for word in
                  ("accept", "replace", "hold", "reject", "key-fix")},
    }  # fmt: skip


def unlisted(outcome: Outcome) -> int:
    """Return decisions that change between the two releases and are not listed: each sitting scored anew."""
    log, old, new = outcome.collection.log, outcome.task.base.table.items, outcome.table.items
    gone = set(dropped(outcome.decisions))
    names = [item for item in log.items if item in old.row]
    people = outcome.collection.responses(names, outcome.collection.scored)
    kept = np.array([k for k, item in enumerate(names) if item in new.row and item not in gone])
    before = score(old, people, "eap").theta >= RULE.cut
    after = score(new, people.take_items(kept), "eap").theta >= RULE.cut
    really = {one for one, was, now in zip(people.persons, before, after, strict=True) if was != now}
    flips = outcome.impacts.flips != 0
    listed = {log.sittings[s] for s in outcome.impacts.sitting[flips]}
    return len(really - listed)


def summary(results: list[dict[str, object]]) -> dict[str, object]:
    """Return each bar with what was found, its Monte-Carlo error, and whether it holds."""
    runs = [one["administrations"] for one in results]
    r = len(results)
    bars: dict[str, object] = {}

    def mean(values):
        values = np.asarray(values, dtype=float)
        return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values))) if len(
            values
        ) > 1 else 0.0

    by_administration = []
    for k in range(ADMINISTRATIONS):
        b, se_b = mean([run[k]["B"] for run in runs])
        a, se_a = mean([run[k]["A"] for run in runs])
        false, se_false = mean([run[k]["false_alarms"] / max(run[k]["tested"], 1) for run in runs])
        by_administration.append({
            "administration": k + 1, "B": b, "se_B": se_b, "A": a, "se_A": se_a,
            "worst_B": max(abs(run[k]["B"]) for run in runs),
            "worst_A": max(abs(run[k]["A"] - 1) for run in runs),
            "false_alarms": false, "se_false_alarms": se_false,
            "tested": float(np.mean([run[k]["tested"] for run in runs])),
            "scale_events": sum(bool(run[k]["scale_event"]) for run in runs),
            "flips": float(np.mean([run[k]["flips"] for run in runs])),
        })  # fmt: skip
    bars["by_administration"] = by_administration
    bars["scale"] = {
        "bar": "|B| and |A - 1| <= .02 of released stable items at every administration, mean over runs",
        "holds": all(abs(row["B"]) <= 0.02 and abs(row["A"] - 1) <= 0.02 for row in by_administration),
    }
    last = [run[-1]["groups"][-1] for run in runs]
    z = [(group["mean"] - group["sample"]) / group["se"] for group in last]
    shift, se_shift = mean([group["mean"] for group in last])
    bars["shift"] = {
        "bar": "a shift of .3 is recovered within 4 SE, in every replication",
        "mean": shift, "mc_se": se_shift, "largest_z": float(np.max(np.abs(
            [(group["mean"] - group["true"]) / group["se"] for group in last]))),
        "largest_z_of_sample": float(np.max(np.abs(z))),
        "holds": all(abs(group["mean"] - group["true"]) <= 4 * group["se"] for group in last),
    }  # fmt: skip
    per_run = [[hit for row in run for hit in row["covered"]] for run in runs]
    coverage, se_coverage = mean([np.mean(hits) for hits in per_run if hits])
    bars["coverage"] = {
        "bar": "95 % intervals of new items cover .92 to .97", "value": coverage, "mc_se": se_coverage,
        "intervals": sum(map(len, per_run)), "holds": 0.92 <= coverage <= 0.97,
    }  # fmt: skip
    second = DRIFT_FROM + 1
    power = [
        np.mean([one["caught"].get(item, 99) <= second for item in one["truth"]["drifting"]])
        for one in results
    ]
    value, se_power = mean(power)
    bars["power"] = {
        "bar": f"drift is caught by administration {second} with power >= .80",
        "value": value, "mc_se": se_power,
        "holds": value >= 0.80,
    }  # fmt: skip
    worst = max(by_administration, key=lambda row: row["false_alarms"])
    bars["false_alarms"] = {
        "bar": "at most .02 of stable items an administration", "value": worst["false_alarms"],
        "mc_se": worst["se_false_alarms"], "administration": worst["administration"],
        "holds": all(row["false_alarms"] <= 0.02 for row in by_administration),
    }  # fmt: skip
    keyed = [one["caught"].get(one["truth"]["miskeyed"], 99) for one in results]
    bars["wrong_key"] = {
        "bar": "caught in its first administration", "caught": sum(when == 1 for when in keyed), "of": r,
        "holds": all(when == 1 for when in keyed),
    }  # fmt: skip
    leaks = [one["caught"].get(one["truth"]["leaked"], 99) for one in results]
    bars["leak"] = {
        "bar": "caught by administration 6", "of": r,
        "caught": sum(when <= ADMINISTRATIONS for when in leaks),
        "when": sorted(leaks), "holds": all(when <= ADMINISTRATIONS for when in leaks),
    }  # fmt: skip
    missed = sum(row["unlisted"] for run in runs for row in run)
    bars["flips"] = {"bar": "no decision flips that is not listed", "unlisted": missed, "holds": missed == 0}
    bars["replications"] = r
    bars["holds"] = all(bar["holds"] for bar in bars.values() if isinstance(bar, dict))
    return bars


def main() -> None:
    """Run the study and write its results."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--replications", type=int, default=20)
    parser.add_argument("--seed", type=int, default=20_261_127)
    parser.add_argument("--out", type=Path)
    parser.add_argument(
        "--join", type=Path, nargs="*", help="result files to summarise together, nothing run"
    )
    given = parser.parse_args()
    results = []
    for file in given.join or ():
        results += json.loads(file.read_text(encoding="utf-8"))["replications"]
    for k in range(0 if given.join else given.replications):
        began = time.process_time()
        results.append(replication(World(), given.seed + k))
        sys.stderr.write(f"replication {k + 1}: {time.process_time() - began:.1f} s of one core\n")
        if given.out:
            _write(given.out, results)
    if given.out:
        _write(given.out, results)
    sys.stdout.write(json.dumps(summary(results), indent=1) + "\n")


def _write(path: Path, results: list[dict[str, object]]) -> None:
    """Write the results so far."""
    text = json.dumps({"synthetic": True, "summary": summary(results), "replications": results}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
