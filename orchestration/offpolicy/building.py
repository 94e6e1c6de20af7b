"""Arrays for the estimators from logged exposures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ml.offpolicy import Draws, LoggedTraffic
from orchestration.offpolicy.entries import Entry, Row, entries
from orchestration.offpolicy.rows import Exposed, Registry
from serving.experiments.definition import Experiment

Floats = npt.NDArray[np.float64]
# More levels than this are thinned to the commonest for the reward model.
_LEVELS = 20


def traffic_of(found: Exposed, reward: str) -> LoggedTraffic:
    """Exposures as arrays.

    Args:
        reward: column of the frame, `margin` or `converted`.
    """
    actions = _names(found)
    place = {name: index for index, name in enumerate(actions)}
    taken = np.array([place[name] for name in found.taken], dtype=np.int64)
    candidate = _table([row or {} for row in found.candidate], place)
    logged = _table([row or {} for row in found.logged], place)
    logged[[row is None for row in found.logged]] = np.nan
    opened = np.ones((len(taken), len(actions)), dtype=np.bool_)
    for index, could in enumerate(found.open):
        if could is not None:
            opened[index] = [name in could for name in actions]
    slices = slices_of(found.frame)
    return LoggedTraffic(
        actions,
        people_of(found.frame),
        taken,
        found.frame[reward].to_numpy(dtype=np.float64),
        np.array(found.propensity, dtype=np.float64),
        candidate,
        features_of(slices),
        logged,
        opened,
        np.array([row is None for row in found.candidate], dtype=np.bool_),
        slices,
    )


def _names(found: Exposed) -> tuple[str, ...]:
    names = set(found.taken)
    for row in (*found.candidate, *found.logged):
        names.update(row or {})
    return tuple(sorted(names))


def _table(rows: Sequence[Row], place: Mapping[str, int]) -> Floats:
    found = np.zeros((len(rows), len(place)))
    for index, row in enumerate(rows):
        for name, p in row.items():
            found[index, place[name]] = p
    return found


def people_of(frame: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Code of the person of each exposure: the customer, else the unit that was hashed, else the exposure itself."""
    person = frame["customer_id"].fillna(frame["unit_id"]).fillna(frame["personalization_id"])
    return pd.factorize(person)[0].astype(np.int64)


def slices_of(frame: pd.DataFrame) -> dict[str, npt.NDArray[np.str_]]:
    """Segment, context, day, hour of the day and table of probabilities: known before the draw."""
    shown = pd.to_datetime(frame["shown_at"], utc=True)
    segment = pd.to_numeric(frame["segment_id"], errors="coerce").astype("Int64").astype("string").fillna("unknown")
    found = {
        "segment": segment,
        "context": frame["context_bucket"].astype("string").fillna("any"),
        "day": shown.dt.strftime("%Y-%m-%d"),
        "hour": shown.dt.strftime("%H"),
        "table": frame["table_version"].astype("string").fillna(""),
    }
    told = {name: np.asarray(labels, dtype=np.str_) for name, labels in found.items()}
    return {name: labels for name, labels in told.items() if len(np.unique(labels)) > 1 or name == "segment"}


def features_of(slices: Mapping[str, npt.NDArray[np.str_]]) -> Floats:
    """Indicators of segments and contexts, and the hour of the day on a circle, for the reward model."""
    n = len(slices["segment"])
    columns = [np.zeros(n)]
    for name in ("segment", "context"):
        labels, counts = np.unique(slices.get(name, np.full(n, "")), return_counts=True)
        commonest = labels[np.argsort(-counts)][:_LEVELS]
        columns += [(slices[name] == label).astype(np.float64) for label in commonest if name in slices]
    if "hour" in slices:
        angle = slices["hour"].astype(np.float64) * (2 * np.pi / 24)
        columns += [np.sin(angle), np.cos(angle)]
    return np.column_stack(columns)


def draws_of(frame: pd.DataFrame, others: pd.DataFrame, reward: str, registry: Registry) -> Draws | None:
    """First draws of this placement's experiments with their outcome, and those of others.

    Args:
        frame: exposures of the placement.
        others: experiment, unit_id and draw_u of draws elsewhere.
        registry: experiments by `name/version`; the intervals lie in the order of the names of their arms.
    """
    own = frame[frame["draw_u"].notna() & frame["arm"].notna() & frame["unit_id"].notna()]
    if own.empty:
        return None
    drawn = own["draw_u"].astype(float)
    within = [_within(one, u, registry.get(one.key)) for one, u in zip(entries(own), drawn, strict=True)]
    parts = pd.DataFrame({"stream": own["experiment"].astype(str), "unit": own["unit_id"].astype(str), "u": drawn})
    parts = parts.assign(within=within, action=pd.factorize(own["arm"])[0], outcome=own[reward].astype(float))
    elsewhere = others.rename(columns={"experiment": "stream", "unit_id": "unit", "draw_u": "u"})
    elsewhere = elsewhere[~elsewhere["stream"].isin(parts["stream"])].assign(within=np.nan, action=0, outcome=np.nan)
    both = pd.concat([parts, elsewhere], ignore_index=True) if len(elsewhere) else parts
    return Draws(
        both["stream"].to_numpy(dtype=np.str_),
        both["unit"].to_numpy(dtype=np.str_),
        both["u"].to_numpy(dtype=np.float64),
        both["within"].to_numpy(dtype=np.float64),
        both["action"].to_numpy(dtype=np.int64),
        both["outcome"].to_numpy(dtype=np.float64),
    )


def _within(one: Entry, u: float, experiment: Experiment | None) -> float:
    """Where a number drawn lies in the interval of its arm; NaN where the order of the intervals is not known."""
    if experiment is None or one.row is None or one.row.get(one.arm, 0.0) <= 0:
        return float("nan")
    below = 0.0
    # The service lays the arms out by name, so that the order of a file decides nothing.
    for name in sorted(experiment.arms):
        if name == one.arm:
            return (u - below) / one.row[name]
        below += one.row.get(name, 0.0)
    return float("nan")
