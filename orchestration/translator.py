"""How dbt models appear in the asset graph: key = physical address, groups in pipeline order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dagster import AssetKey, AssetSpec
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtProject

from orchestration.groups import OWNERS, Group

TRAINING_FRAME = "training_frame"
TRAINING_MODELS = (TRAINING_FRAME, "training_label")
GROUP_OF_TAG = {"daily": Group.DAILY.value, "profiles": Group.PROFILES.value, "published": Group.PUBLISHED.value}


class AddressTranslator(DagsterDbtTranslator):  # type: ignore[misc]
    """Models and sources become `schema/table`; a model's group follows its tag."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_asset_checks=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> AssetKey:
        """`schema/table`, the address under which it is queried."""
        name = dbt_resource_props.get("identifier") or dbt_resource_props.get("alias") or dbt_resource_props["name"]
        if dbt_resource_props["resource_type"] == "source":
            return AssetKey([str(dbt_resource_props["source_name"]), str(name)])
        return AssetKey([str(dbt_resource_props["schema"]), str(name)])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The group of the model's tag; staging and intermediate are told apart by schema."""
        tags = set(dbt_resource_props.get("tags") or ())
        if dbt_resource_props["name"] in TRAINING_MODELS:
            return Group.TRAINING.value
        if "daily" in tags:
            return Group.STAGING.value if dbt_resource_props["schema"] == "staging" else Group.DAILY.value
        return next((group for tag, group in GROUP_OF_TAG.items() if tag in tags), Group.PROFILES.value)

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> AssetSpec:
        """The default spec with the project's owners."""
        spec: AssetSpec = super().get_asset_spec(manifest, unique_id, project)
        return spec if spec.owners else spec.replace_attributes(owners=OWNERS)
