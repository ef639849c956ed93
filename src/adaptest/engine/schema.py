"""The shape of an exam file; what its words mean is in `adaptest.engine.spec`."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from adaptest.engine.tuned import Tuned

FORMAT = "adaptest-exam/1"
PERCENT_DECIMALS = 3

Scalar = bool | int | float | str


def _as_part(value: object) -> object:
    """Return {name: x} for a bare word x."""
    return {"name": value} if isinstance(value, str) else value


def _as_list(value: object) -> object:
    """Return [x] for a bare word x."""
    return [value] if isinstance(value, str | int | float) else value


Part = Annotated[dict[str, Scalar | tuple[Scalar, ...]], BeforeValidator(_as_part)]
Values = Annotated[tuple[Scalar, ...], BeforeValidator(_as_list), Field(min_length=1)]
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True)]
Truth = Annotated[bool, Field(strict=True)]
Percent = Annotated[Decimal, Field(ge=0, le=100, decimal_places=PERCENT_DECIMALS)]


class Strict(BaseModel):
    """Unknown keys are refused; nothing changes afterwards.

    LATER names words that came after the first release: they are left out of an artifact where they say
    nothing but their default, so that old artifacts stay as they were written, byte for byte.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    LATER: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        body: dict[str, Any] = handler(self)
        fields = type(self).model_fields
        unsaid = [name for name in self.LATER if getattr(self, name) == fields[name].get_default()]
        for name in unsaid:
            body.pop(fields[name].serialization_alias or fields[name].alias or name, None)
            body.pop(name, None)
        return body


class Length(Strict):
    """Scored items; without a maximum the exam goes on until no item is left."""

    minimum: Whole = Field(default=1, ge=1)
    maximum: Whole | None = Field(default=None, ge=1)


class Window(Strict):
    """Numbers of the questions among which pretest items may stand, counted from 1, both included."""

    first: Whole = Field(alias="from", ge=1)
    last: Whole = Field(alias="to", ge=1)


class PretestWindow(Strict):
    """How many unscored items stand in one part of the sitting."""

    items: Whole = Field(ge=1)
    positions: Window


class Target(Strict):
    """How near to the estimate so far the difficulty of a pretest item is to be, logits."""

    within: Number = Field(gt=0)


class Pretest(Strict):
    """How many unscored items each candidate is given, where, and of which status or other attribute.

    Either `items` and `positions`, or several `windows` in ascending order. A place that comes inside an item
    set waits until the set is given.
    """

    LATER = ("windows", "target")
    items: Whole | None = Field(default=None, ge=1)
    positions: Window | None = None
    windows: tuple[PretestWindow, ...] = ()
    target: Target | None = None
    pool: dict[str, Values] = {"status": ("pretest",)}


class Bounds(Strict):
    """Hard bounds on a kind of items, as shares of the scored length or as numbers."""

    minimum_percent: Percent | None = None
    maximum_percent: Percent | None = None
    minimum: Whole | None = Field(default=None, ge=0)
    maximum: Whole | None = Field(default=None, ge=0)

    def share(self, side: Literal["minimum_percent", "maximum_percent"]) -> Fraction | None:
        """Return a percentage as an exact share."""
        percent: Decimal | None = getattr(self, side)
        return None if percent is None else Fraction(percent) / 100


class ConditionRule(Bounds):
    """Hard bounds on the items for which `what` holds, among those for which `of` holds."""

    what: str
    of: str | None = None


class Content(Strict):
    """The blueprint: bounds by attribute and value, and further rules on conditions.

    In a file the attributes stand beside `rules`; here they are apart.
    """

    attributes: dict[str, dict[str, Bounds]] = {}
    rules: tuple[ConditionRule, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _apart(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        held = dict(value)
        rules = held.pop("rules", ())
        return {"attributes": held, "rules": rules}

    @model_serializer
    def _together(self) -> dict[str, Any]:
        return {**self.attributes, **({"rules": self.rules} if self.rules else {})}


class Stratification(Strict):
    """Items in strata of rising discrimination, each for its part of the sitting."""

    strata: Whole = Field(ge=2)
    by: str = "discrimination"
    block_by_difficulty: Truth = False
    lengths: tuple[Whole, ...] = ()


class Band(Strict):
    """Difficulties from one to another, logits, both included."""

    low: Number = Field(alias="from")
    high: Number = Field(alias="to")


class Start(Strict):
    """How the first items are chosen, where not like the others."""

    items: Whole = Field(ge=1)
    difficulty: Band | None = None
    criterion: Part | None = None


class ConstraintRow(Strict):
    """One row of the constraint table; see `adaptest.constraints.table`. What it does not say is left out."""

    LATER = (
        "what",
        "condition",
        "attribute",
        "lower",
        "upper",
        "lower_percent",
        "upper_percent",
        "on",
        "weight",
        "priority",
        "name",
    )
    type: str
    what: str = "item"
    condition: str = ""
    attribute: str = ""
    lower: Number | None = None
    upper: Number | None = None
    lower_percent: Percent | None = None
    upper_percent: Percent | None = None
    on: Truth = True
    weight: Number | None = None
    priority: Whole | None = None
    name: str = ""


class Selection(Strict):
    """How the next item is chosen."""

    LATER = ("stratification", "start", "content", "parameter_uncertainty")
    start: Start | None = None
    criterion: Part = {"name": "information"}
    picker: Part = {"name": "best"}
    stratification: Stratification | None = None
    parameter_uncertainty: Truth = False
    content: Part | None = None


class Prior(Strict):
    """Ability before any response: normal."""

    mean: Number = 0.0
    sd: Number = Field(default=1.0, gt=0)


class FixedGrid(Strict):
    """Nodes for EAP that the exam fixes, equally spaced; without them it is converged."""

    low: Number
    high: Number
    nodes: Whole = Field(ge=3, le=10_001)


class Estimation(Strict):
    """How theta is estimated."""

    interim: str = "eap"
    final: str = "eap"
    prior: Prior = Prior()
    grid: FixedGrid | None = None


class Options(Strict):
    """How options are shown."""

    shuffle: Truth = True


class Feedback(Strict):
    """When keys and rationales are shown."""

    explanation: Literal["after_each", "at_end", "none"] = "none"


class Scale(Strict):
    """Scale score = slope * theta + intercept, and the lowest and highest that are reported."""

    LATER = ("floor", "ceiling")
    slope: Number = Field(gt=0)
    intercept: Number
    floor: Number | None = None
    ceiling: Number | None = None


class Cut(Strict):
    """Pass = final estimate >= theta; `record` names the file in the bank's cuts/ that says who set it."""

    LATER = ("record",)
    theta: Number
    label: str = ""
    record: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")] | None = None


class Levels(Strict):
    """Bands of theta by name, the lowest first, and the cuts between them, ascending."""

    names: tuple[str, ...] = Field(min_length=2)
    cuts: tuple[Number, ...] = Field(min_length=1)


class Reporting(Strict):
    """What results are told in."""

    LATER = ("levels",)
    levels: Levels | None = None
    scale: Scale = Scale(slope=10.0, intercept=50.0)
    cut: Cut | None = None


Required = Literal[
    "accuracy",
    "bias",
    "consistency",
    "correlation",
    "coverage",
    "false_fail",
    "false_pass",
    "max_exposure",
    "mean_length",
    "mean_time_s",
    "overlap",
    "rmse",
    "sem",
]  # adaptest.simulation.requirements says which must be at least, and which at most, what is required


def _as_mode(value: object) -> object:
    """Return {mode: x} for a bare word x."""
    return {"mode": value} if isinstance(value, str) else value


class Time(Strict):
    """Clocks in seconds, and what their end means."""

    limit_s: Number | None = Field(default=None, gt=0)
    item_limit_s: Number | None = Field(default=None, gt=0)
    warning_s: Number = Field(default=300.0, ge=0)
    run_out: Literal["final_estimate", "last_k_all_above", "random_fill", "no_score"] = "final_estimate"
    last_k: Whole = Field(default=5, ge=1)
    interruption: Literal["stops", "runs"] = "stops"


class Review(Strict):
    """Whether answers may be changed before the end, and how many."""

    mode: Literal["none", "edit_k", "free"] = "none"
    edits: Whole | None = Field(default=None, ge=1)


class Breaks(Strict):
    """Breaks between questions."""

    number: Whole = Field(default=0, ge=0)
    length_s: Number = Field(default=0.0, ge=0)
    clock: Literal["stops", "runs"] = "stops"
    after: tuple[Whole, ...] = ()


class Attempts(Strict):
    """How often one candidate may take the exam."""

    maximum: Whole | None = Field(default=None, ge=1)
    window_days: Whole | None = Field(default=None, ge=1)
    waiting_days: Whole = Field(default=0, ge=0)


class PolicySpec(Strict):
    """How a sitting is run; `adaptest.engine.policy` says what the words mean."""

    version: str = ""
    time: Time = Time()
    review: Annotated[Review, BeforeValidator(_as_mode)] = Review()
    breaks: Breaks = Breaks()
    attempts: Attempts = Attempts()


class ExamSpec(Strict):
    """An exam definition.

    Attributes
    ----------
    pool : attribute -> values that its items have
    form : ids of its items in their order, where it is a fixed form; each has those values
    exposure : rules that limit how often items are shown
    panel : of each stage of a multistage exam, its modules: name -> items in their order
    constraints : rows of the constraint table; in a file also {file: NAME}, a CSV beside the exam
    tuned : what the file beside the exam says, for a rule that needs one; never in the exam file itself
    require : measure -> what a simulation must find: at least or at most that, as the measure goes
    """

    LATER = ("form", "pretest", "policy", "exposure", "tuned", "require", "constraints", "panel")
    format: Literal["adaptest-exam/1"]
    id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    stakes: Literal["practice", "certification"] = "practice"
    demo: Truth = False
    secure: Truth = False
    pool: dict[str, Values] = {}
    form: tuple[str, ...] = ()
    pretest: Pretest | None = None
    length: Length = Length()
    blueprint: Content = Content()
    selection: Selection = Selection()
    estimation: Estimation = Estimation()
    stopping: tuple[dict[str, Any], ...] = ()
    options: Options = Options()
    feedback: Feedback = Feedback()
    policy: PolicySpec = PolicySpec()
    reporting: Reporting = Reporting()
    exposure: tuple[dict[str, Any], ...] = ()
    tuned: Tuned | None = None
    require: dict[Required, Number] = {}
    constraints: tuple[ConstraintRow, ...] = ()
    panel: tuple[dict[str, tuple[str, ...]], ...] = ()
