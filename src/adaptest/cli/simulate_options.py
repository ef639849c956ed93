"""What the words of `adaptest exam simulate` mean."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adaptest.cli.reading import columns, numbers, whole
from adaptest.errors import OptionError
from adaptest.files import read_text

if TYPE_CHECKING:  # --help loads no numpy
    from adaptest.administration.exam import Exam
    from adaptest.parameters import ItemParameters
    from adaptest.simulation.answers import Behaviour
    from adaptest.simulation.simulees import Simulees
    from adaptest.simulation.study import Asked
    from adaptest.workspace import Workspace

DEFAULT = 1000
KINDS = ("normal", "uniform", "grid")


def asked_of(exams: Sequence[Exam], workspace: Workspace, options: dict[str, Any]) -> Asked:
    """Return what the options ask of a study of these exams."""
    from adaptest.responses.files import read_responses
    from adaptest.responses.texts import response_times
    from adaptest.simulation.cohort import CONCURRENCY
    from adaptest.simulation.study import Asked

    responses = time_s = None
    if options["responses"]:
        synthetic = ("true_parameters", "guessing", "fatigue", "leaked", "omission", "pace", "simulees")
        if any(options[name] for name in synthetic):
            raise OptionError(
                "--responses goes with no option of simulees: people answered already, all are used"
            )
        responses = read_responses(options["responses"], id_columns=columns(options["id_columns"]))
        time_s = response_times(options["responses"], responses, options["times"])
    elif options["times"]:
        raise OptionError("--times belongs to --responses; none are given")
    elif options["id_columns"]:
        raise OptionError("--id-columns belongs to --responses; none are given")
    return Asked(
        DEFAULT if responses is not None else simulees_of(options["theta"], options["simulees"], exams[0]),
        options["seed"],
        responses=responses,
        truth=None if responses is not None else truth_of(exams, workspace, options),
        behaviour=behaviour_of(options),
        cuts=tuple(options["cuts"]),
        concurrency=options["concurrency"] or CONCURRENCY,
        time_s=time_s,
    )


def simulees_of(text: str, count: int | None, exam: Exam) -> Simulees:
    """Return who is meant by --theta and --simulees."""
    from adaptest.engine.spec import read_exam
    from adaptest.simulation.simulees import Grid, Normal, Uniform

    n = count or DEFAULT
    kind, _, rest = text.partition(":")
    if kind == "normal":
        prior = read_exam(exam.design.artifact).spec.estimation.prior
        mean, sd = numbers(rest, "--theta normal:", "MEAN,SD") if rest else (prior.mean, prior.sd)
        return Normal(n, mean, sd)
    if kind == "uniform":
        low, high = numbers(rest, "--theta uniform:", "LOW,HIGH") if rest else (-3.0, 3.0)
        return Uniform(n, low, high)
    if kind == "grid":
        low, high, points = (
            numbers(rest, "--theta grid:", "LOW:HIGH:POINTS", ":") if rest else (-3.0, 3.0, 13)
        )
        return Grid.over(low, high, whole(points, "--theta grid"), n)
    return _from_file(text, count)


def _from_file(path: str, count: int | None) -> Simulees:
    """Return the people of a file with a theta column: as they are, or as many as asked, drawn from them."""
    import csv

    import numpy as np

    from adaptest.simulation.simulees import Given, Resampled

    if not Path(path).is_file():
        raise OptionError(f"--theta must be {', '.join(KINDS)} or a file; got {path!r}")
    rows = list(csv.DictReader(read_text(path).splitlines()))
    if not rows or "theta" not in rows[0]:
        raise OptionError(f"{path}: must be a CSV with a column theta and at least one row")
    values = {}
    for name in ("theta", "sem"):
        try:
            values[name] = np.array([float(row.get(name) or "nan") for row in rows])
        except ValueError as error:
            raise OptionError(f"{path}: {name} must be numbers; {error}") from None
    ok = np.isfinite(values["theta"])
    if count is None or count == int(ok.sum()):
        return Given(values["theta"][ok], f"the {int(ok.sum())} abilities of {Path(path).name}")
    sem = np.nan_to_num(values["sem"][ok])
    return Resampled(count, values["theta"][ok], sem, Path(path).name)


def behaviour_of(options: dict[str, Any]) -> Behaviour:
    """Return the habits that the options name."""
    from adaptest.simulation.answers import Behaviour

    leaked: tuple[str, ...] = ()
    if options["leaked"]:
        lines = read_text(options["leaked"]).splitlines()
        leaked = tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))
    return Behaviour(
        options["guessing"],
        options["fatigue"],
        leaked,
        options["leaked_to"],
        options["omission"],
        options["pace"],
    )


def truth_of(exams: Sequence[Exam], workspace: Workspace, options: dict[str, Any]) -> ItemParameters | None:
    """Return the parameters by which simulees answer; None for the exam's own."""
    from adaptest.parameters.files import read_parameter_table, read_parameters
    from adaptest.simulation.truth import drawn

    said = options["true_parameters"]
    if said is None:
        return None
    if said != "draw":
        return read_parameters(said)
    about = exams[0].about
    run = workspace.calibration / about.exam.partition("/")[0] / about.release.partition(":")[2]
    table = read_parameter_table(run / "parameters.csv")
    return drawn(table, options["seed"], _covariance(run / "covariance.npz"))


def _covariance(path: Path) -> tuple[Any, ...]:
    """Return the covariance blocks that a calibration run stored, where it did."""
    import numpy as np

    from adaptest.calibration.result import CovarianceBlock

    if not path.is_file():
        return ()
    with np.load(path, allow_pickle=False) as held:
        count = sum(name.startswith("matrix_") for name in held)
        return tuple(
            CovarianceBlock(
                tuple((str(item), str(name)) for item, name in held[f"parameters_{k}"]), held[f"matrix_{k}"]
            )
            for k in range(count)
        )
