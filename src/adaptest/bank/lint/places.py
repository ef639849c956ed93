"""File and line of what a finding is about; a file is read again only when something is found in it."""

from __future__ import annotations

from adaptest.bank.contents import Bank
from adaptest.bank.lint.finding import Finding, Place
from adaptest.bank.problems import Source, shown_path


class Places:
    """Where the items of a bank stand."""

    def __init__(self, bank: Bank) -> None:
        self._folder = bank.folder
        self._shown = shown_path(bank.folder)
        self._competency = {item.id: item.competency for item in bank.items}
        self._exams = {name: exam.path for name, exam in bank.exams.items()}
        self._sources: dict[str, Source | None] = {}
        self._rows: dict[str, dict[str, int]] = {}

    def of(self, finding: Finding) -> tuple[str, int | None]:
        """Return file and line of a finding."""
        if finding.exam:
            return self._exams.get(finding.exam, f"{self._shown}/exams/{finding.exam}.yaml"), None
        if not finding.item:
            return self._line("bank.yaml", finding.place)
        name = f"items/{self._competency[finding.item]}.yaml"
        row = self._row(name, finding.item)
        return self._line(name, finding.place if row is None else ("items", row, *finding.place))

    def _line(self, name: str, place: Place) -> tuple[str, int | None]:
        source = self._source(name)
        shown = f"{self._shown}/{name}"
        return shown, source.mark(place).line if source is not None else None

    def _row(self, name: str, item: str) -> int | None:
        """Return the row of an item in its file."""
        if name not in self._rows:
            source = self._source(name)
            held = (
                source.value.get("items", ()) if source is not None and isinstance(source.value, dict) else ()
            )
            self._rows[name] = {
                str(one.get("id")): row for row, one in enumerate(held) if isinstance(one, dict)
            }
        return self._rows[name].get(item)

    def _source(self, name: str) -> Source | None:
        if name not in self._sources:
            self._sources[name] = Source.read(self._folder / name, f"{self._shown}/{name}")[0]
        return self._sources[name]
