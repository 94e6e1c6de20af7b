"""The ledger's kernels give the same tables as machine code and as plain Python."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.identity import Evidence, Resolution, resolve
from ml.identity import jit as jit_module

TYPES, SHARES = ["login", "email", "phone", "cookie", "device_id", "click_id"], [0.15, 0.15, 0.05, 0.45, 0.1, 0.1]
IDENTIFIERS, START = 3000, pd.Timestamp("2017-01-01", tz="UTC")


def evidence() -> Evidence:
    """Random links between neighbours, dense enough for conflicts, shared identifiers and slices."""
    rng = np.random.default_rng(3)
    keys = np.arange(1, IDENTIFIERS + 1)
    at = START + pd.to_timedelta(rng.integers(0, 360 * 86_400, IDENTIFIERS), unit="s")
    seen = {"first_seen_at": at, "last_seen_at": at, "first_received_at": at}
    identifiers = {
        "identifier_key": keys,
        "type": rng.choice(TYPES, IDENTIFIERS, p=SHARES),
        "value_hash": keys.astype(str),
    }
    owner = rng.integers(1, IDENTIFIERS + 1, IDENTIFIERS)
    received = START + pd.to_timedelta(rng.integers(0, 360 * 86_400, IDENTIFIERS), unit="s")
    pairs = pd.DataFrame(
        {
            "a_key": owner,
            "b_key": np.clip(owner + rng.integers(1, 20, IDENTIFIERS), 1, IDENTIFIERS),
            "rule": "same_event",
            "source": "web",
            "first_received_at": received,
            "last_received_at": received,
            "n_observed": 1,
        }
    ).drop_duplicates(["a_key", "b_key"])
    pairs = pairs[pairs["a_key"] != pairs["b_key"]]
    claims = pairs.rename(columns={"a_key": "owner_key", "b_key": "identifier_key"})
    claims = claims.assign(claim_date=claims["first_received_at"].dt.floor("D"))
    columns = ["identifier_key", "owner_key", "claim_date", "first_received_at", "n_observed"]
    return Evidence(identifiers=pd.DataFrame({**identifiers, **seen}), pairs=pairs, claims=claims[columns])


def _resolved(monkeypatch: pytest.MonkeyPatch, interpreted_up_to: int) -> Resolution:
    monkeypatch.setattr(jit_module, "INTERPRETED_UP_TO", interpreted_up_to)
    return resolve(evidence())


@pytest.mark.system
def test_machine_code_and_plain_python_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, compiled = _resolved(monkeypatch, 10**9).tables(), _resolved(monkeypatch, -1).tables()
    assert plain["identity_quarantine"].shape[0] > 100
    assert (plain["identifier"]["status"] == "shared").sum() > 50
    for name, frame in plain.items():
        pd.testing.assert_frame_equal(frame, compiled[name])
