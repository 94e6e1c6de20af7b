"""How a placement chooses: weights of its objective, shares of traffic, arms of an experiment, caps and questions."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from serving.section import Name, Section

Window = Literal["visit", "day", "week", "month", "ever"]
WINDOW_SECONDS: dict[Window, int] = {
    "visit": 1_800,
    "day": 86_400,
    "week": 7 * 86_400,
    "month": 30 * 86_400,
    "ever": 1 << 40,
}
"""A visit ends after half an hour without an event; where its beginning is known, that counts."""

# The words a person may use for what files have always called otherwise.
_SYNONYMS = {"model": "decision_table", "recommendation": "recommendations"}
Model = Literal["decision_table", "recommendations", "experiment", "uplift"]
Strategy = Annotated[
    Literal["rules", "decision_table", "recommendations", "experiment", "hybrid", "uplift", "model", "recommendation"],
    BeforeValidator(lambda value: _SYNONYMS.get(value, value) if isinstance(value, str) else value),
]


class Weights(Section):
    """Weights of an action's score: margin x row of the decision table + effect x declared effect - cost x its cost.

    A row is an expected margin after incentives, so cost counts once more only on purpose.
    """

    margin: float = Field(default=1.0, ge=-100, le=100)
    effect: float = Field(default=0.0, ge=-100, le=100)
    cost: float = Field(default=0.0, ge=-100, le=100)


class Hybrid(Section):
    """A share of the traffic follows the force rules, the rest the model; where no rule fires the model answers."""

    rules_share: float = Field(ge=0, le=1, description="0.6 sends six in ten to the rules")
    model: Annotated[Model, BeforeValidator(lambda v: _SYNONYMS.get(v, v) if isinstance(v, str) else v)] = Field(
        default="decision_table", description="who answers the others"
    )
    rules_first: str = Field(
        default="", max_length=2_000, description="CEL: people for whom the rules always go first, such as VIPs"
    )


class Experiment(Section):
    """Arms drawn by share. A new split is a new version: who was assigned stays where the version stays."""

    name: Name
    version: int = Field(default=1, ge=1)
    shares: dict[Name, float] = Field(min_length=2, description="action to share; they are scaled to add up to 1")

    @model_validator(mode="after")
    def _shares_are_positive(self) -> Self:
        wrong = [f"{name} {share}" for name, share in self.shares.items() if not 0 < share <= 1_000_000]
        if wrong:
            raise ValueError(f"shares: {wrong[0]} must be above 0 and at most 1000000")
        return self


class Cap(Section):
    """How often one person may be shown something."""

    times: int = Field(ge=1, le=1_000)
    within: Window = "day"


class Asking(Section):
    """A question that an action asks. Posted back as an event `survey_answered` with `question` and `answer`.

    Rules name its answer `answer_<question>`. At most one question a visit is asked, and none a second time.
    """

    question: Name
    answers: list[str] = Field(min_length=2, max_length=20)
    because: str = Field(
        default="", max_length=200, description="sentence when an answer decided; {answer} stands for the answer"
    )
    priority: int = Field(default=500, ge=0, le=1_000, description="as of a force rule")
    when: str = Field(min_length=1, max_length=2_000, description="CEL: the moment of value, in which it may be asked")
