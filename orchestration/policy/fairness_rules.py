"""What `config/fairness.yml` says: groups to compare and how far apart they may lie."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from serving.section import Section
from serving.yaml_file import read_yaml


class FairnessRules(Section):
    """Groups are attributes of `marts.customer_sensitive`; values in the shop's currency, shares 0 to 1."""

    groups: list[str] = Field(default_factory=list, description="sensitive attributes whose groups are compared")
    minimum_count: int = Field(default=100, ge=2, description="people a group needs to be compared")
    maximum_value_gap: float = Field(default=0.50, ge=0, description="of the mean incentive value between groups")
    maximum_eligibility_gap: float = Field(default=0.10, ge=0, le=1, description="of the share with an incentive")
    reference_cart: float = Field(default=50.0, gt=0, description="value of the cart that incentives are valued on")


def load_fairness_rules(config: Path) -> FairnessRules:
    """The rules of a project; the defaults, which compare nothing, where it has none.

    Raises:
        ConfigError: every mistake, with line and field.
    """
    file = config / "fairness.yml"
    return read_yaml(file).parse(FairnessRules) if file.exists() else FairnessRules()
