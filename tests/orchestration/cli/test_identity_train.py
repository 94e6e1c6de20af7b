"""`concierge identity train`: a model of the shop's own records is kept and used."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from typer.testing import Result

from intake.atomic_file import write_private_table
from intake.matching_roles import ROLES
from intake.ops_records import BatchRecord
from intake.ops_store import OpsStore
from intake.project import Project
from intake.vault import vault_file_name
from ml.matching import default_model
from orchestration.matching_records import load_model
from tests.ml.matching.people import company

Concierge = Callable[..., Result]
T0 = datetime(2018, 1, 2, tzinfo=UTC)


def take_in(project: Project, source: str, records: int) -> None:
    """A batch of a company's records, as intake leaves them."""
    found = company(records, seed=7).records
    roles = found.reindex(columns=list(ROLES)).astype("object")
    hashes = [f"{key:015x}".ljust(32, "0") for key in found["identifier_key"]]
    table = pa.table(
        {
            "received_at": pa.array(found["received_at"], pa.timestamp("us", tz="UTC")),
            "record_type": ["crm_id"] * len(found),
            "record_value": hashes,
            "email_hash": pa.nulls(len(found), pa.string()),
            "phone_hash": pa.nulls(len(found), pa.string()),
            **{name: pa.array(roles[name], pa.string(), from_pandas=True) for name in ROLES},
        }
    )
    n = len(found)
    write_private_table(table, project.paths.vault / vault_file_name(source, f"{source:0<64}"))
    batch = BatchRecord(f"{source:0<64}", source, "v1", "crm.csv", "hash", n, n, 0, 0, 0, 0, T0, T0)
    OpsStore(project.paths).record_batch(batch, [])


def test_the_model_is_kept_and_is_the_one_that_runs_use(project: Project, concierge: Concierge) -> None:
    take_in(project, "crm", 1_200)
    said = concierge("identity", "train")
    assert said.exit_code == 0, said.stderr
    assert "the next run matches with it" in said.stdout
    used = load_model(project.paths)
    assert json.dumps(used) != json.dumps(default_model())
    assert used["comparisons"][0]["output_column_name"] == default_model()["comparisons"][0]["output_column_name"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "1000 are needed"),
        (("--source", "pos"), "'pos': nothing was taken in from such a source; there is: crm"),
    ],
)
def test_too_few_records_and_unknown_sources_are_one_line(
    project: Project, concierge: Concierge, words: tuple[str, ...], said: str
) -> None:
    take_in(project, "crm", 40)
    result = concierge("identity", "train", *words)
    assert result.exit_code == 1
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert load_model(project.paths) == default_model()
