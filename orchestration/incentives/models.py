"""One uplift model a placement, trained from one log and stored together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from ml.errors import NotTrainable
from ml.incentives import UpliftModel, train_uplift
from ml.incentives.choice import REPEATS
from orchestration.incentives.facts import FEATURES
from orchestration.model_features import refuse_sensitive

PLACEMENTS: Final = "placements.json"


@dataclass(frozen=True)
class PlacementModels:
    """Models by placement; `refused` says of each other placement why it has none."""

    models: Mapping[str, UpliftModel]
    refused: Mapping[str, str]

    def files(self) -> dict[str, bytes]:
        """Each model's files under its number, and the list of placements."""
        names = sorted(self.models)
        found = {
            f"{place}.{file}": content
            for place, name in enumerate(names)
            for file, content in self.models[name].files().items()
        }
        return found | {PLACEMENTS: json.dumps({"placements": names, "refused": dict(self.refused)}).encode()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> PlacementModels:
        """What `files` wrote."""
        body = json.loads(files[PLACEMENTS])
        models = {}
        for place, name in enumerate(body["placements"]):
            own = f"{place}."
            models[name] = UpliftModel.from_files(
                {file.removeprefix(own): content for file, content in files.items() if file.startswith(own)}
            )
        return cls(models, body["refused"])

    @property
    def metrics(self) -> dict[str, Any]:
        """Competitor → figures; the placement's name stands before it where there are several."""
        several = len(self.models) > 1
        return {
            f"{name}: {who}" if several else who: dict(figures)
            for name, model in sorted(self.models.items())
            for who, figures in model.metrics.items()
        }

    @property
    def note(self) -> str:
        """One sentence a placement and refusal."""
        told = [f"{name}: {model.reason}" for name, model in sorted(self.models.items())]
        told += [f"{name}: {why}" for name, model in sorted(self.models.items()) for why in model.refused.values()]
        told += [f"{name}: not trained: {why}" for name, why in sorted(self.refused.items())]
        return "; ".join(told)


def train_placements(
    offers: pd.DataFrame, plain: Mapping[str, str], seed: int, *, repeats: int = REPEATS
) -> PlacementModels:
    """Train each placement of the log.

    Args:
        offers: as `orchestration.incentives.frames.past_offers` gives them.
        plain: placement → its action that gives nothing, where it is configured.
        repeats: times the customers are split into halves for judging.

    Raises:
        NotTrainable: none of the placements can be trained; says why of each.
        SensitiveUseError: a feature is a sensitive attribute of this project.
    """
    refuse_sensitive(FEATURES, "orchestration/incentives/facts.py: FEATURES")
    if offers.empty:
        raise NotTrainable(
            "offers: 0 rows of people who may be profiled; a log of randomised incentives with propensities and "
            "outcomes is needed (event types offer_assigned and outcome_observed)"
        )
    models, refused = {}, {}
    for name, own in offers.groupby("placement", sort=True):
        try:
            log = own.reset_index(drop=True)
            own_plain = plain.get(str(name))
            models[str(name)] = train_uplift(log, FEATURES, plain=own_plain, seed=seed, repeats=repeats)
        except NotTrainable as verdict:
            refused[str(name)] = verdict.reason
    if not models:
        raise NotTrainable("; ".join(f"{name}: {why}" for name, why in sorted(refused.items())))
    return PlacementModels(models, refused)
