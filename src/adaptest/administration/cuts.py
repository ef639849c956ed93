"""Whether an exam may use its cut: the record that it names, on the scale of the release in effect."""

from __future__ import annotations

from pathlib import Path

from adaptest.bank.snapshot import Snapshot
from adaptest.engine.definition import Exam as ExamDefinition
from adaptest.standards.cut import read_cut

CUTS = "cuts"  # folder of the bank
PLACE = ("reporting", "cut")
SAME = 5e-4  # logits: a cut is written with three decimals


def require_cut(exam: ExamDefinition, snapshot: Snapshot, folder: Path) -> None:
    """Raise unless the exam's cut is what its record says, and the exam may use it.

    A certification on calibrated parameters that is no demo must name a record, and somebody must have
    adopted it. A record that any exam names must be there, be on the release's scale and say the same cut.

    Raises
    ------
    ExamError, for the first of these that does not hold.
    StandardSettingError, where the record itself breaks its rules.
    """
    spec, cut = exam.spec, exam.spec.reporting.cut
    serious = spec.stakes == "certification" and not spec.demo and not snapshot.pool.provisional
    if cut is None or cut.record is None:
        if serious:
            raise exam.fault(
                PLACE if cut else ("reporting",),
                "reporting.cut.record: a certification must name the record of its cut, a file in the bank's "
                f"{CUTS}/ as 'adaptest standard' writes it; or say demo: true",
            )
        return
    path = folder / f"{cut.record}.yaml"
    if not path.is_file():
        raise exam.fault(
            (*PLACE, "record"),
            f"reporting.cut.record: must be a file in the bank's {CUTS}/; {cut.record!r} is not there",
        )
    record = read_cut(path)
    scale = snapshot.release.scale_id
    if record.scale_id != scale:
        raise exam.fault(
            (*PLACE, "record"),
            f"reporting.cut.record: a cut must be on the release's scale, {scale!r}; {cut.record!r} is on "
            f"{record.scale_id!r}; set the cut anew, or link the scales",
        )
    if abs(record.value - cut.theta) > SAME:
        raise exam.fault(
            (*PLACE, "theta"),
            f"reporting.cut.theta: must be the record's, {record.value:.4f}; got {cut.theta:g}",
        )
    if serious and not record.adopted_by:
        raise exam.fault(
            (*PLACE, "record"),
            "reporting.cut.record: somebody must have adopted the cut of a certification; "
            f"{cut.record!r} does not say adopted_by",
        )
