"""Schemathesis over the OpenAPI document of a running service: nothing makes it fail, all answers are documented."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from intake.paths import DataPaths
from serving.http.openapi import openapi_document
from tests.system.service_process import first_version, serving

pytestmark = pytest.mark.system
CALLS = [(path, method.upper()) for path, methods in openapi_document()["paths"].items() for method in methods]
THOROUGH = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    paths = DataPaths(tmp_path_factory.mktemp("shop"))
    first_version(paths)
    with serving(paths.root) as served:
        yield served.url


@pytest.fixture(scope="module")
def document() -> Any:
    import schemathesis

    return schemathesis.openapi.from_dict(openapi_document())


@pytest.mark.parametrize(("path", "method"), CALLS)
def test_every_call_is_answered_as_documented(url: str, document: Any, path: str, method: str) -> None:
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    # A name that no placement has is a wrong request, and no schema can say so.
    known_by_meaning = [positive_data_acceptance]

    @THOROUGH
    @given(case=document[path][method].as_strategy())
    def answered(case: Any) -> None:
        case.call_and_validate(base_url=url, excluded_checks=known_by_meaning)

    answered()
