"""`adaptest analyse`: fit, dependence, persons, reliability and DIF of calibrated items."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from adaptest.cli.output import progress
from adaptest.cli.reading import numbers, read, reading_options
from adaptest.errors import OptionError

if TYPE_CHECKING:  # `adaptest analyse --help` loads no numpy
    from adaptest.models.base import Floats
    from adaptest.parameters import ItemParameters
    from adaptest.report.analysis import Analysis
    from adaptest.responses import Responses

READING = (
    "layout", "id_columns", "person", "omitted_code", "not_reached_code", "not_presented_code", "duplicates",
)  # fmt: skip
FALSE_POSITIVES = (  # a test holds these to the study's table
    "False positives: without impact every method is near .05 or below where no item has DIF (corrected"
    " mantel haenszel below). Where the groups differ by up to 1 logit, these rise above .075, at worst to:"
    " logistic both .21, logistic nonuniform .19, logistic uniform .12, mantel haenszel uncorrected .12,"
    " standardisation .12, mantel haenszel .11, sibtest .08, catsib .08 (20 items, 500 to 4,000 persons, the"
    " methods by model to 2,000; calibration/studies/dif_rates.csv). The likelihood-ratio and Wald"
    " tests do not: trust them there; Wald is cautious (.01 to .03 without impact)."
)
LISTED = 8  # flagged items named on standard error; report.html has all


@click.command(
    short_help="Fit, local dependence, persons, reliability and DIF of calibrated items.",
    epilog=f"{FALSE_POSITIVES} Exit 3: done, but items, persons or pairs are flagged.",
)
@click.argument("responses")
@click.option("--parameters", required=True, metavar="FILE", help="Item parameters: CSV, .csv.gz or Parquet.")
@click.option("--d", "scaling_constant", type=float, metavar="D", help="The file's D, if it is not 1: 1.7.")
@click.option("--groups", metavar="COLUMN", help="DIF between the groups in this column.")
@click.option("--reference", metavar="GROUP", help="The reference group (default: the first).")
@click.option("--focal", metavar="GROUP", help="The focal group (default: each of the others).")
@click.option("--purify", is_flag=True, help="DIF: what is found leaves the matching score or the anchors.")
@click.option(
    "--volume", metavar="SMALLER,TOTAL", help="DIF: persons that a verdict needs (default 200,500)."
)
@click.option("--weights", metavar="COLUMN", help="How many persons each row stands for.")
@click.option(
    "--times",
    metavar="FILE",
    help="Wide table of seconds, same items (default: column time_s of a long one).",
)
@click.option("--cut", "cuts", type=float, multiple=True, help="A cut on theta: accuracy and consistency.")
@click.option(
    "--pretest", metavar="A,B,...", help="Items that theta must not rest on, by name or pattern (P_*)."
)
@click.option(
    "--adaptive/--fixed",
    default=None,
    help="How items were given (default: by who was given what); decides what is refused.",
)
@click.option(
    "--known", is_flag=True, help="The parameters come from other responses: no degrees of freedom are lost."
)
@click.option(
    "--similarity/--no-similarity", default=True, help="Compare all pairs of persons' answers (default: yes)."
)
@click.option("--ignore-unknown", is_flag=True, help="Leave out items without parameters.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of simulated values.")
@reading_options
@click.option("--out", required=True, metavar="DIR", help="items.csv, dif.csv, pairs.csv, persons.csv, ….")
@click.option("--force", is_flag=True, help="Replace DIR if it is there.")
@click.pass_obj
def analyse(
    context: dict[str, Any],
    /,
    responses: str,
    *,
    parameters: str,
    scaling_constant: float | None,
    groups: str | None,
    weights: str | None,
    key: str | None,
    times: str | None,
    out: str,
    force: bool,
    ignore_unknown: bool,
    **options: Any,
) -> int:
    """Analyse RESPONSES to calibrated items: fit of items, pairs, persons and the whole, reliability and DIF.

    Writes DIR whole or not at all: items.csv, dif.csv, pairs.csv, persons.csv, model.json, report.html; with
    a key distractors.csv. What is invalid on adaptive data is refused, with the reason.

    DIF: classes are ETS's for Mantel-Haenszel (C: large). The likelihood-ratio test, the Wald test, logistic
    regression and Mantel-Haenszel are primary; the rest stands beside them in dif.csv.
    """
    from adaptest.files import new_folder
    from adaptest.parameters.files import read_parameter_table
    from adaptest.programme.analyse import analyse as analysed
    from adaptest.report.analysis_files import write_analysis
    from adaptest.report.analysis_page import page

    with new_folder(out, force=force) as folder:
        table = read_parameter_table(parameters, scaling_constant=scaling_constant)
        reading = {name: options.pop(name) for name in READING}
        given = read(
            responses,
            key=key,
            groups=groups,
            weights=weights,
            items=None if table.lowest_score else table.items,
            **reading,
        )
        answered = _known(given, table.items, responses, parameters, ignore_unknown=ignore_unknown)
        answered = answered.lowered(table.lowest_score)
        moments = _moments(parameters, given)
        settings = _settings(answered, options, moments)
        with progress("analysing", quiet=context["quiet"]) as show:
            found = analysed(
                answered,
                table.items,
                settings,
                options=_options(responses, answered, key, reading) if key else None,
                time_s=_times(responses, answered, times, reading),
                told=show,
            )
        record = {"responses": Path(responses).name, "parameters": Path(parameters).name}
        write_analysis(folder, found, record, page(found, Path(responses).name))
    return _say(found, out, (*table.notes, *answered.notes), quiet=context["quiet"])


def _known(
    responses: Responses, items: ItemParameters, path: str, parameters: str, *, ignore_unknown: bool
) -> Responses:
    """Return the responses to items that have parameters."""
    from adaptest.cli.score import _known as known

    return known(responses, items, path, parameters, ignore_unknown=ignore_unknown)


def _settings(responses: Responses, options: dict[str, Any], moments: Any) -> Any:
    from fnmatch import fnmatchcase

    from adaptest.dif import Volume
    from adaptest.programme.analyse import Settings

    volume = Volume()
    if options["volume"] is not None:
        smaller, total = numbers(options["volume"], "--volume", "SMALLER,TOTAL")
        volume = Volume(smaller, total)
    pretest: list[str] = []
    for pattern in (options["pretest"] or "").split(","):
        matching = [item for item in responses.items if pattern and fnmatchcase(item, pattern)]
        if pattern and not matching:
            raise OptionError(f"--pretest {pattern!r}: must name items of the responses; it matches none")
        pretest += matching
    return Settings(
        adaptive=options["adaptive"],
        estimated=not options["known"],
        moments=moments,
        pretest=tuple(dict.fromkeys(pretest)),
        cuts=options["cuts"],
        reference=options["reference"],
        focal=options["focal"],
        purify=options["purify"],
        volume=volume,
        similar=options["similarity"],
        seed=options["seed"],
    )


def _moments(parameters: str, given: Responses) -> dict[str, tuple[float, float]] | None:
    """Return the groups' moments from the run beside the parameters, where it was made of these responses."""
    import json
    from contextlib import suppress

    run = Path(parameters).with_name("run.json")
    with suppress(OSError, ValueError, KeyError, TypeError):
        record = json.loads(run.read_text("utf-8"))
        moments = {
            one["name"]: (float(one["mean"]), float(one["variance"]) ** 0.5) for one in record["groups"]
        }
        if record["data_fingerprint"] == given.fingerprint and set(given.groups) <= set(moments):
            return moments
    return None


def _options(path: str, responses: Responses, key: str, reading: dict[str, Any]) -> Any:
    from adaptest.fit.choices import options_of
    from adaptest.responses.key import answer_key
    from adaptest.responses.texts import cell_texts

    wide = None if reading["layout"] is None else reading["layout"] == "wide"
    texts = cell_texts(path, responses, column="response", person=reading["person"], wide=wide)
    return options_of(texts, responses, answer_key(key))


def _times(path: str, responses: Responses, times: str | None, reading: dict[str, Any]) -> Floats | None:
    """Return (N, J) seconds from the file named, or from column time_s of a long table."""
    from adaptest.responses.texts import response_times

    wide = reading["layout"] == "wide" or None
    return response_times(path, responses, times, person=reading["person"], wide=wide)


def _say(found: Analysis, out: str, notes: tuple[str, ...], *, quiet: bool) -> int:
    """Print what was found on standard error; return the exit code."""
    code = 3 if found.needs_attention else 0
    if quiet:
        return code
    flagged = [f"{found.data.items.ids[j]} ({', '.join(found.flags[j])})" for j in found.flagged_items]
    click.echo(
        f"{len(found.data.items)} items, {len(found.data.responses)} persons: {len(flagged)} items flagged;"
        f" written to {out}",
        err=True,
    )
    for note in notes:
        click.echo(f"note: {note}", err=True)
    if not found.core.is_fixed:
        click.echo(f"note: {found.core.reason}; what needs summed scores is refused", err=True)
    for reference, focal, judged in found.dif_volume():
        without = len(found.data.items) - judged
        why = f"; {without} without a verdict: dif.csv says why (--volume)" if without else ""
        click.echo(f"DIF, {focal} against {reference}: {judged} items tested{why}", err=True)
    if flagged:
        more = f" and {len(flagged) - LISTED} more" if len(flagged) > LISTED else ""
        click.echo(f"flag: items {', '.join(flagged[:LISTED])}{more}", err=True)
    if found.rapid is not None and found.rapid.flagged.any():
        click.echo(f"flag: {int(found.rapid.flagged.sum())} persons guessed rapidly", err=True)
    if found.similarity is not None and found.similarity.flagged.any():
        click.echo(f"flag: {int(found.similarity.flagged.sum())} pairs of persons answered alike", err=True)
    return code
