"""`adaptest bank parameters`: item parameters of other programs, to a parameter table and back."""

from __future__ import annotations

from pathlib import Path

import click

from adaptest.errors import OptionError

OURS = "adaptest"
# the names in PARAMETER_FORMATS, here so that --help loads no reader; a test compares
NAMES = ("bilog", "flexmirt", "winsteps", "mirt-coef", "mirt-values")
NEEDS_A_PERSON = 3


@click.command("parameters", short_help="Convert parameters of BILOG, flexMIRT, Winsteps, mirt.")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "source",
    type=click.Choice((OURS, *NAMES)),
    default=OURS,
    show_default=True,
    help="What FILE is.",
)
@click.option(
    "--to", "target", type=click.Choice((OURS, *NAMES)), default=OURS, show_default=True, help="What OUT is."
)
@click.option(
    "--d", type=float, help="The D of the other program's model: 1 logistic, 1.7 or 1.702 normal metric."
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@click.pass_context
def parameters(
    context: click.Context, file: Path, out: Path, source: str, target: str, d: float | None, *, force: bool
) -> None:
    """Read item parameters from FILE and write them to OUT; our own tables are parameters.csv, D = 1.

    What was inferred or multiplied is said, D first. Exit 3 if an item has no place in OUT.
    """
    from adaptest.bank.formats.parameters import read_foreign, require_d, write_foreign
    from adaptest.files import require_new, write_text
    from adaptest.parameters.files import read_parameter_table, write_parameter_table

    if (source == OURS) == (target == OURS):
        raise OptionError(f"--from and --to must name one other program; got {source} and {target}")
    require_d(d, target if source == OURS else source)
    require_new(out, force=force)
    left: list[str] = []
    if source == OURS:
        table = read_parameter_table(file)
        text, left = write_foreign(table, target, d)
        if not text:
            raise OptionError(f"{file}: must have an item that {target} can hold; {left[0]}")
        write_text(out, text)
        notes = [*table.notes, f"{target}: written with D = {d:g}; inside D = 1"]
    else:
        table = read_foreign(file, source, d)
        write_parameter_table(out, table)
        notes = list(table.notes)
        notes += (f"item {item!r}: has no parameters" for item in table.without_parameters)
    for note in (*notes, *left):
        click.echo(note)
    click.echo(f"{out}: {len(table.items) - len(left)} items", err=True)
    context.exit(NEEDS_A_PERSON if left else 0)
