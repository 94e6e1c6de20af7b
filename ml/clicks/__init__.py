"""What about an item draws the click: effects of attribute levels by segment, position taken out."""

from ml.clicks.model import EVERYBODY, ClickModel, train_clicks

__all__ = ["EVERYBODY", "ClickModel", "train_clicks"]
