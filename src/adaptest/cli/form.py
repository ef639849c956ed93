"""`adaptest form`: fixed and parallel forms from an exam's pool and rules, or from plain files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from adaptest.errors import OptionError

if TYPE_CHECKING:  # `adaptest form --help` loads no numpy
    from adaptest.models.base import Floats
    from adaptest.pool import Pool
    from adaptest.programme.forms import Assembled, Task


@click.group(short_help="Assemble fixed and parallel forms.")
def form() -> None:
    """Assemble forms: the best items that keep every rule, with the proof."""


@form.command(
    short_help="Assemble forms that keep an exam's rules, or those of a constraint file.",
    epilog="Exit 3: done, but the work allowed ended the search before a form was proven best.",
)
@click.argument("exam", required=False)
@click.option("--parameters", metavar="FILE", help="Without EXAM: item parameters, ours or TestDesign's.")
@click.option("--attributes", metavar="FILE", help="CSV with a row an item: what conditions ask about.")
@click.option("--set-column", metavar="NAME", help="The attribute that names each item's set.")
@click.option("--set-attributes", metavar="FILE", help="CSV with a row a set.")
@click.option(
    "--constraints", metavar="FILE", help="Constraint table as CSV, ours or TestDesign's, or a matrix's rows."
)
@click.option("--theta", default="0", show_default=True, metavar="T,...", help="Where information counts.")
@click.option("--forms", default=1, show_default=True, type=click.IntRange(1), help="How many, all parallel.")
@click.option("--overlap", default=0, show_default=True, type=click.IntRange(0), help="Items two may share.")
@click.option("--target", metavar="I,...", help="Information to follow, one for each theta.")
@click.option(
    "--panel", metavar="STAGES", help="A multistage panel: 'R=0; easy=-1,hard=1', modules with their theta."
)
@click.option("--out", required=True, metavar="DIR", help="forms.csv, forms.json, information.svg.")
@click.option("--force", is_flag=True, help="Replace DIR if it is there.")
@click.pass_obj
def assemble(
    settings: dict[str, Any],
    *,
    exam: str | None,
    parameters: str | None,
    attributes: str | None,
    set_column: str | None,
    set_attributes: str | None,
    constraints: str | None,
    theta: str,
    forms: int,
    overlap: int,
    target: str | None,
    panel: str | None,
    out: str,
    force: bool,
) -> int:
    """Assemble forms that keep every rule of EXAM at its maximum length, and further --constraints.

    One form has the most information at theta; several, or one with a --target, are each as near as can be to
    one information curve. Without EXAM, items and rules come from files.

    With --panel, DIR holds panel.yaml for an exam file with content: multistage, modules.csv, panel.json and
    information.svg. Every module keeps --constraints and has the most information at its theta that items no
    other module took can give; the rules of an exam are kept by whole paths, and asked when its file is read.
    """
    import numpy as np

    from adaptest.files import new_folder
    from adaptest.programme.forms import CURVE, assemble_forms
    from adaptest.report.form_files import information_of_forms, write_forms

    if panel is not None:
        if forms != 1 or overlap or target is not None or theta != "0":
            raise OptionError("--panel must be without --forms, --overlap, --target and --theta")
        name, pool = _pool_of(settings, exam, parameters, attributes, set_column, set_attributes)
        return _panel(name, pool, constraints, panel, out, force=force, quiet=settings["quiet"])
    points = _numbers(theta, "--theta")
    wanted = None if target is None else _numbers(target, "--target")
    if wanted is not None and wanted.shape != points.shape:
        raise OptionError(f"--target must have a value for each of {len(points)} thetas; got {len(wanted)}")
    if exam is not None and parameters is None:
        task = _of_exam(settings, exam, constraints)
    else:
        name, pool = _pool_of(settings, exam, parameters, attributes, set_column, set_attributes)
        if constraints is None:
            raise OptionError(
                "--constraints must be given where there is no EXAM: they say how long a form is"
            )
        task = _of_pool(name, pool, constraints)
    made = assemble_forms(
        task, np.sort(points) if wanted is None else points, forms, overlap=overlap, target=wanted
    )
    with new_folder(out, force=force) as folder:
        forms_ = [one.items for one in made.forms]
        picture = information_of_forms(task.pool, forms_, CURVE, made.theta, made.target)
        write_forms(folder, made.record(), made.rows(), picture)
    return _say(made, out, quiet=settings["quiet"])


def _pool_of(
    settings: dict[str, Any],
    exam: str | None,
    parameters: str | None,
    attributes: str | None,
    set_column: str | None,
    set_attributes: str | None,
) -> tuple[str, Pool]:
    """Return the exam's pool or that of plain files, with the name of either."""
    from adaptest.administration.exam import load_exam
    from adaptest.programme.pools import read_pool

    if (exam is None) == (parameters is None):
        raise OptionError("give either an EXAM, or --parameters and --constraints")
    if exam is not None:
        return exam, load_exam(exam, settings["workspace"]).design.pool
    pool = read_pool(
        str(parameters), attributes=attributes, set_column=set_column, set_attributes=set_attributes
    )
    return str(parameters), pool


def _panel(
    name: str, pool: Pool, constraints: str | None, stages: str, out: str, *, force: bool, quiet: bool
) -> int:
    """Assemble a panel, write it and tell; return the exit code."""
    from adaptest.constraints.matrix import Matrix
    from adaptest.files import new_folder
    from adaptest.programme.forms import CURVE
    from adaptest.programme.panels import every_module, panel_of, stages_of
    from adaptest.programme.pools import read_constraints
    from adaptest.report.form_files import information_of_modules, write_panel

    wanted = stages_of(stages)
    if constraints is None:
        raise OptionError("--constraints must be given with --panel: they say how long a module is")
    rules = read_constraints(constraints, pool)
    if isinstance(rules, Matrix):
        raise OptionError("--constraints of a --panel must be a constraint table; got rows of a matrix")
    made = panel_of(name, pool, rules, wanted)
    modules = every_module(made.modules)
    with new_folder(out, force=force) as folder:
        picture = information_of_modules(pool, [(one, form.items) for one, form in modules], CURVE)
        write_panel(folder, made.panel, made.record(CURVE), made.rows(), picture)
    for one, form in modules if not quiet else ():
        ended = "" if form.status == "optimal" else "; the work allowed ended the search"
        click.echo(
            f"module {one}: {len(form.items)} items, information {form.objective:.6f},"
            f" and none has more than {form.bound:.6f}{ended}",
            err=True,
        )
    if not quiet:
        click.echo(f"{out}: panel.yaml, modules.csv, panel.json, information.svg", err=True)
    return 0 if all(form.status == "optimal" for _, form in modules) else 3


def _of_exam(settings: dict[str, Any], name: str, constraints: str | None) -> Task:
    """Return the exam's own task, with the rows of a further file."""
    from adaptest.administration.exam import load_exam
    from adaptest.constraints.matrix import Matrix
    from adaptest.programme.forms import task_of_exam
    from adaptest.programme.pools import read_constraints

    exam = load_exam(name, settings["workspace"])
    if constraints is None:
        return task_of_exam(name, exam.design)
    more = read_constraints(constraints, exam.design.pool)
    if isinstance(more, Matrix):
        raise OptionError("--constraints beside an EXAM must be a constraint table; got rows of a matrix")
    return task_of_exam(name, exam.design, more)


def _of_pool(name: str, pool: Pool, constraints: str) -> Task:
    """Return the task of plain files."""
    from adaptest.programme.forms import task_of_pool
    from adaptest.programme.pools import read_constraints

    return task_of_pool(name, pool, read_constraints(constraints, pool))


def _numbers(text: str, option: str) -> Floats:
    """Return the numbers of a text with commas."""
    import numpy as np

    try:
        found = np.array([float(part) for part in text.split(",")])
    except ValueError:
        raise OptionError(f"{option} must be numbers with commas between them; got {text!r}") from None
    if not np.isfinite(found).all():
        raise OptionError(f"{option} must be finite numbers; got {text!r}")
    return found


def _say(made: Assembled, out: str, *, quiet: bool) -> int:
    """Tell what was assembled; return the exit code."""
    follows = made.target is not None or len(made.forms) > 1
    for k, one in enumerate(made.forms, start=1):
        missed = "".join(f"; misses {rule} by {by:g}" for rule, by in one.missed)
        ended = "" if one.status == "optimal" else "; the work allowed ended the search"
        told = (
            f"at most {-one.objective:.4f} from the curve"
            if follows
            else f"information {one.objective:.6f}, and no form has more than {one.bound:.6f}"
        )
        if not quiet:
            click.echo(f"form {k}: {len(one.items)} items, {told}{missed}{ended}", err=True)
    if not quiet:
        click.echo(f"{out}: forms.csv, forms.json, information.svg", err=True)
    return 0 if all(one.status == "optimal" for one in made.forms) else 3
