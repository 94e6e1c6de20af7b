"""Rows of `ml.outlook_score`: today's customers under the current models."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ml.outlook import NextCategoryModel, NextPurchaseModel, PriceModel
from orchestration.model_registry import StoredModel
from orchestration.outlook.frames import Outlook
from orchestration.warehouse_schema import source_table

TABLE = "ml.outlook_score"
NEXT_PURCHASE, NEXT_CATEGORY, PRICE = "next_purchase", "next_category", "price"
MODELS = (NEXT_PURCHASE, NEXT_CATEGORY, PRICE)


def outlook_scores(
    outlook: Outlook, customers: pd.DataFrame, stored: Mapping[str, StoredModel], as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row a customer; columns of a model that was never trained stay null.

    Args:
        customers: customer_id, may_profile_price (consent to price profiling), one row a customer.
        stored: the current version of each of `MODELS` that has one.
    """
    frame = customers[["customer_id"]].assign(as_of=as_of)
    if NEXT_PURCHASE in stored and len(outlook.order_days):
        frame = frame.merge(_window(outlook, stored[NEXT_PURCHASE]), on="customer_id", how="left")
    if NEXT_CATEGORY in stored:
        frame = frame.merge(_category(outlook, stored[NEXT_CATEGORY]), on="customer_id", how="left")
    if PRICE in stored:
        allowed = customers.loc[customers["may_profile_price"].astype(bool), ["customer_id"]]
        frame = frame.merge(_prices(outlook, stored[PRICE], allowed), on="customer_id", how="left")
    versions = ";".join(f"{name}={stored[name].card.version if name in stored else 'none'}" for name in MODELS)
    frame = frame.assign(model_versions=versions)
    return frame.reindex(columns=list(source_table(TABLE).column_names))


def _window(outlook: Outlook, stored: StoredModel) -> pd.DataFrame:
    model = NextPurchaseModel.from_files(stored.files)
    found = model.predict(outlook.order_days)
    return pd.DataFrame(
        {
            "customer_id": outlook.order_days["customer_id"],
            "next_purchase_days_low": found["low_days"].astype("Int64"),
            "next_purchase_days_high": found["high_days"].astype("Int64"),
            "next_purchase_week": found["week"].astype("Int64"),
            "next_purchase_horizon_days": model.horizon_days,
            "next_purchase_basis": found["basis"],
        }
    )


def _category(outlook: Outlook, stored: StoredModel) -> pd.DataFrame:
    found = NextCategoryModel.from_files(stored.files).predict(outlook.categories)
    names = {"category": "next_best_category", "new_category": "next_new_category", "basis": "category_basis"}
    return found.rename(columns=names)


def _prices(outlook: Outlook, stored: StoredModel, allowed: pd.DataFrame) -> pd.DataFrame:
    rows = outlook.prices.merge(allowed, on="customer_id").reset_index(drop=True)
    found = PriceModel.from_files(stored.files).predict(rows)
    return found.rename(columns={"basis": "price_basis"}).assign(customer_id=rows["customer_id"])
