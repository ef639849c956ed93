"""A bank's folder -> `Bank`, or what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import MappingProxyType

from adaptest.bank.contents import Bank, ExamFile, Lesson
from adaptest.bank.problems import Problem, Source, require_none, shown_path, unreadable
from adaptest.bank.rules import Placed, file_problems, header_problems, item_problems, known_to
from adaptest.bank.schema import Header, ItemsFile
from adaptest.errors import BankFileError
from adaptest.files import StrPath, read_text

TABLE = ".csv"  # constraint tables stand beside the exams that name them
TUNED = ".exposure.json"  # of the file beside EXAM.yaml that `adaptest exam tune` wrote


def bank_named(folder: Path, name: str) -> Bank:
    """Return the bank of this name below a workspace's bank folder.

    Raises
    ------
    BankFileError, where there is none of this name, or as `load_bank` does.
    """
    return load_bank(bank_folder(folder, name))


def bank_folder(folder: Path, name: str) -> Path:
    """Return the folder of the bank of this name below a workspace's bank folder.

    Raises
    ------
    BankFileError, where there is none of this name.
    """
    if not (folder / name / "bank.yaml").is_file() or name != Path(name).name:
        known = sorted(path.parent.name for path in folder.glob("*/bank.yaml"))
        raise BankFileError(
            f"bank {name!r}: must be one of {', '.join(known) or 'none'}, in {shown_path(folder)}"
        )
    return folder / name


def load_bank(folder: StrPath) -> Bank:
    """Return the bank in `folder`, every rule of its files kept.

    Raises
    ------
    BankFileError, with file, line, item, rule, value and remedy of the first broken rule, and how many
    others there are; `read_bank` gives them all.
    """
    bank, problems = read_bank(folder)
    require_none(problems)
    if bank is None:  # cannot be: without a problem there is a bank
        raise BankFileError(f"{folder}: must be a bank folder")
    return bank


def read_bank(folder: StrPath) -> tuple[Bank | None, tuple[Problem, ...]]:
    """Return the bank, if its files have the right shape, and everything that is wrong with it."""
    folder = Path(folder)
    shown = shown_path(folder)
    if not (folder / "bank.yaml").is_file():
        return None, (Problem(shown, None, None, "must be a bank folder; it has no bank.yaml"),)
    source, problem = Source.read(folder / "bank.yaml", f"{shown}/bank.yaml")
    if source is None:
        return None, (problem,) if problem else ()
    header, problems = source.validated(Header)
    if header is None:
        return None, tuple(problems)
    exams, lessons = _texts(folder, shown, problems)
    problems += header_problems(header, source, sorted(exams), folder.resolve().name)
    placed, shaped = _items(folder, shown, header, tuple(lessons), problems)
    if not shaped:
        return None, tuple(problems)
    order = {competency.id: row for row, competency in enumerate(header.competencies)}
    items = [one.item for one in placed]
    items.sort(key=lambda item: order.get(item.competency, len(order)))
    for name in lessons:
        if name not in order:
            path = f"{shown}/lessons/{name}.md"
            problems.append(Problem(path, None, None, "must be named for a competency that bank.yaml lists"))
    bank = Bank(
        folder.resolve().name,
        folder,
        header,
        tuple(items),
        MappingProxyType({name: lessons[name] for name in order if name in lessons}),
        MappingProxyType(exams),
    )
    return bank, tuple(problems)


def _items(
    folder: Path, shown: str, header: Header, lessons: Sequence[str], problems: list[Problem]
) -> tuple[list[Placed], bool]:
    """Return the items with their places; False if a file has not the right shape."""
    placed: list[Placed] = []
    competencies: list[str] = []
    shaped = True
    for path in _files(folder, shown, "items", ".yaml", problems):
        source, problem = Source.read(path, f"{shown}/items/{path.name}")
        if source is None:
            problems += [problem] if problem else []
            shaped = False
            continue
        file, broken = source.validated(ItemsFile)
        problems += broken
        if file is None:
            shaped = False
            continue
        problems += file_problems(source, file.competency, path.stem, header)
        placed += (Placed(item, source, row) for row, item in enumerate(file.items))
        competencies += [file.competency] * len(file.items)
    if shaped and not placed:
        problems.append(Problem(f"{shown}/items", None, None, "must hold at least one item; got none"))
    if shaped:
        known = known_to(header, lessons, placed)
        for one, competency in zip(placed, competencies, strict=True):
            problems += item_problems(one, competency, known)
    return placed, shaped


def _texts(
    folder: Path, shown: str, problems: list[Problem]
) -> tuple[dict[str, ExamFile], dict[str, Lesson]]:
    """Return exams and lessons."""
    exams: dict[str, ExamFile] = {}
    lessons: dict[str, Lesson] = {}
    tables: dict[str, str] = {}
    for path in sorted((folder / "exams").glob("*" + TABLE)):
        if (sheet := _text(path, f"{shown}/exams/{path.name}", problems)) is not None:
            tables[path.name] = sheet
    for path in _files(folder, shown, "exams", ".yaml", problems, beside=TUNED):
        name = f"{shown}/exams/{path.name}"
        beside = path.with_name(path.stem + TUNED)
        tuned = _text(beside, f"{shown}/exams/{beside.name}", problems) if beside.is_file() else None
        if (text := _text(path, name, problems)) is not None:
            exams[path.stem] = ExamFile(path.stem, name, text, tuned, tables)
    for path in _files(folder, shown, "lessons", ".md", problems):
        name = f"{shown}/lessons/{path.name}"
        if (text := _text(path, name, problems)) is None:
            continue
        first = text.lstrip().partition("\n")[0]
        if not first.startswith("# "):
            rule = f"must begin with a title: # Title; got {first[:60]!r}"
            problems.append(Problem(name, 1, None, rule))
        lessons[path.stem] = Lesson(path.stem, first.removeprefix("#").strip(), text)
    return exams, lessons


def _files(
    folder: Path, shown: str, kind: str, suffix: str, problems: list[Problem], beside: str = ""
) -> list[Path]:
    """Return the files of one kind by name; a file that would be passed over is a problem.

    Parameters
    ----------
    beside : how the name of a file ends that belongs to another of its name, and is no problem
    """
    if not (folder / kind).is_dir():
        return []
    files = sorted(path for path in (folder / kind).iterdir() if not path.name.startswith("."))
    if beside:
        files = [path for path in files if path.suffix != TABLE]
        names = {path.name for path in files}
        files = [
            path
            for path in files
            if not (path.name.endswith(beside) and path.name.removesuffix(beside) + suffix in names)
        ]
    for path in files:
        if path.suffix != suffix or not path.is_file():
            rule = f"must be a {suffix} file; move it out of {kind}/ or rename it"
            problems.append(Problem(f"{shown}/{kind}/{path.name}", None, None, rule))
    return [path for path in files if path.suffix == suffix and path.is_file()]


def _text(path: Path, shown: str, problems: list[Problem]) -> str | None:
    try:
        return read_text(path, error=BankFileError)
    except BankFileError as error:
        problems.append(unreadable(path, shown, error))
        return None
