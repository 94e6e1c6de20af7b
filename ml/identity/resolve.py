"""From evidence to the ledger."""

from __future__ import annotations

from typing import Final

from ml.identity.beliefs import believe
from ml.identity.changes import find_changes
from ml.identity.evidence import Evidence
from ml.identity.ledger import assignment_table, canonical_table, event_table, identifier_table
from ml.identity.links import edge_table, quarantine_table
from ml.identity.ordering import order_evidence
from ml.identity.rules import IdentityRules
from ml.identity.schema import Resolution
from ml.identity.statuses import status_changes

DEFAULT_RULES: Final = IdentityRules()


def resolve(evidence: Evidence, rules: IdentityRules = DEFAULT_RULES) -> Resolution:
    """Make people out of identifiers that were seen together.

    A deterministic state machine over evidence in order of arrival; what arrives in one instant counts at once. A
    link joins two people unless a limit, a veto or a cannot-link forbids it. Certain links come before probable ones:
    when a certain one is refused because of guesses, the people concerned are joined again without them first. An
    identifier that turns out to be shared, blocked or erased ties nobody from then on, and what it tied is joined
    again without it; shared ones belong, day by day, to the people who claim them. A person is named after the oldest
    identifier. What is believed at an instant depends on nothing later, so that cutting the evidence into runs, or
    shuffling its rows, gives the same ledger.

    Args:
        evidence: of a closed group (see `affected`).
        rules: the limits.

    Raises:
        ValueError: as `Evidence.checked` says.
    """
    ordered = order_evidence(evidence.checked())
    beliefs = believe(ordered, status_changes(ordered, rules), rules)
    changes = find_changes(ordered, beliefs)
    return Resolution(
        identifier=identifier_table(ordered, beliefs),
        edge=edge_table(ordered, beliefs),
        canonical=canonical_table(ordered, beliefs, changes),
        assignment=assignment_table(ordered, beliefs),
        event=event_table(ordered, changes),
        quarantine=quarantine_table(ordered, beliefs),
    )
