"""What a customer will buy next: when, of which category, and how much of it at a discount."""

from ml.outlook.category_history import CategoryHistory
from ml.outlook.next_category import NextCategoryModel, train_next_category
from ml.outlook.next_purchase import NextPurchaseModel, train_next_purchase
from ml.outlook.price import PriceModel, train_price

__all__ = [
    "CategoryHistory",
    "NextCategoryModel",
    "NextPurchaseModel",
    "PriceModel",
    "train_next_category",
    "train_next_purchase",
    "train_price",
]
