"""Classic purchase-process models that stand beside the learned ones: closed forms on scipy, vectorised."""

from ml.lifetime.baseline import LifetimeBaseline, fit_lifetime
from ml.lifetime.history import PurchaseHistory, purchase_history

__all__ = ["LifetimeBaseline", "PurchaseHistory", "fit_lifetime", "purchase_history"]
