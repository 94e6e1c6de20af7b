"""What the tables need to know of consent beside the events: regimes as configured, and rows that were left out."""

from __future__ import annotations

import pandas as pd

from intake.ops_store import OpsStore
from intake.paths import config_dir
from intake.regime import ConsentRules, load_consent_rules
from intake.sensitive import SensitiveRules, load_sensitive, spaced
from orchestration.warehouse_schema import source_table

REGIMES = "ops.consent_regime"
SUPPRESSED = "ops.suppressed"
SENSITIVE_WORDS = "ops.sensitive_word"


def regime_frame(rules: ConsentRules | None = None) -> pd.DataFrame:
    """Rows of `ops.consent_regime`; of `config/consent.yml` unless given.

    Raises:
        ConfigFileError: the file is wrong.
    """
    found = load_consent_rules(config_dir()) if rules is None else rules
    return pd.DataFrame(list(found.rows()), columns=list(source_table(REGIMES).column_names))


def sensitive_frame(rules: SensitiveRules | None = None) -> pd.DataFrame:
    """Rows of `ops.sensitive_word`; of `config/sensitive.yml` unless given.

    Raises:
        ConfigFileError: the file is wrong.
    """
    found = load_sensitive(config_dir()) if rules is None else rules
    return pd.DataFrame({"word": sorted({spaced(word) for word in found.categories})}, dtype=object)


def suppressed_frame(ops: OpsStore) -> pd.DataFrame:
    """Rows of `ops.suppressed`."""
    rows = [(*key, count) for key, count in ops.suppressed_counts().items()]
    return pd.DataFrame(rows, columns=list(source_table(SUPPRESSED).column_names))
