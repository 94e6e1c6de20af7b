"""`ops.sqlite`: what may be written at any time, runs or no runs."""

from __future__ import annotations

from intake.ops_alert_desk import AlertDesk
from intake.ops_alerts import AlertBook
from intake.ops_control import ControlRoom
from intake.ops_digests import DigestBook
from intake.ops_edits import EditBook
from intake.ops_erasure import ErasureBook
from intake.ops_models import ModelBook
from intake.ops_offpolicy import OffPolicyBook
from intake.ops_overrides import OverrideBook
from intake.ops_pauses import PauseBook
from intake.ops_replay import ReplayBook


class OpsStore(
    ReplayBook,
    AlertBook,
    AlertDesk,
    DigestBook,
    ControlRoom,
    EditBook,
    PauseBook,
    ModelBook,
    OffPolicyBook,
    OverrideBook,
    ErasureBook,
):
    """The operational store of a data folder.

    Every method is one short transaction on a connection of its own, so the object may be shared by threads and
    used beside other processes. Times come from the caller (`intake.clock`), never from here.
    """
