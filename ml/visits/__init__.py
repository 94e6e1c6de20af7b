"""What a visit will come to: an order in this session, or an end within ten seconds."""

from ml.visits.model import BOUNCE, INTENT, VisitModel, train_visit

__all__ = ["BOUNCE", "INTENT", "VisitModel", "train_visit"]
