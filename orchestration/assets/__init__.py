"""The assets, one module a step, in pipeline order."""

from __future__ import annotations

from dagster import AssetsDefinition
from dagster_dbt import DbtProject

from orchestration.assets.accounts import account_address
from orchestration.assets.clicks import click_effect, click_model
from orchestration.assets.cutoffs import cutoff
from orchestration.assets.dbt_models import dbt_models
from orchestration.assets.decisions import decisions
from orchestration.assets.drift import drift, score_history
from orchestration.assets.experiments import experiments
from orchestration.assets.horizons import churn_model, churn_score, value_model, value_score
from orchestration.assets.identity import identity_ledger
from orchestration.assets.identity_measures import identity_measures
from orchestration.assets.incentives import incentive_model, incentive_uplift
from orchestration.assets.intake import landed_files
from orchestration.assets.lake import pinned_lake
from orchestration.assets.learning import LEARNING_ASSETS
from orchestration.assets.matching import identity_matching
from orchestration.assets.membership import segment_membership
from orchestration.assets.micro_segments import micro_segment
from orchestration.assets.outlook import outlook_models, outlook_score
from orchestration.assets.pausing import guardrails
from orchestration.assets.persona_cards import persona_page
from orchestration.assets.recommendations import recommendation, recommendation_mix
from orchestration.assets.refresh import touched_customers
from orchestration.assets.retention import retention
from orchestration.assets.scores import segments
from orchestration.assets.snapshot import changed_customers, snapshot, tables
from orchestration.assets.training import segment_model
from orchestration.assets.visits import visit_model


def all_assets(project: DbtProject) -> list[AssetsDefinition]:
    """Every asset of the graph."""
    training = [
        cutoff,
        segment_model,
        churn_model,
        value_model,
        outlook_models,
        recommendation_mix,
        incentive_model,
        visit_model,
        click_model,
    ]
    scoring = [
        segments,
        churn_score,
        value_score,
        outlook_score,
        incentive_uplift,
        click_effect,
        recommendation,
        score_history,
        drift,
        decisions,
        *LEARNING_ASSETS,
        experiments,
    ]
    groups = [micro_segment, segment_membership, persona_page]
    people = [identity_matching, identity_ledger, touched_customers, account_address, identity_measures]
    built = [*dbt_models(project), *people, *training, *scoring, *groups]
    return [landed_files, pinned_lake, *built, snapshot, changed_customers, guardrails, tables, retention]
