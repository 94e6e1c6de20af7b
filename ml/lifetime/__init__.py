"""Classic purchase-process models that stand beside the learned ones: closed forms on scipy, vectorised."""

from ml.lifetime.baseline import LifetimeBaseline, fit_lifetime
from ml.lifetime.history import PurchaseHistory, purchase_history
from ml.lifetime.inputs import PROCESS_COLUMNS, process_columns, process_from_json, process_to_json, with_process

__all__ = [
    "PROCESS_COLUMNS",
    "LifetimeBaseline",
    "PurchaseHistory",
    "fit_lifetime",
    "process_columns",
    "process_from_json",
    "process_to_json",
    "purchase_history",
    "with_process",
]
