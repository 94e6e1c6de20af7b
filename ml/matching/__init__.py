"""Probabilistic matching of records that name people: Splink for the likeness, vetoes for what likeness cannot tell."""

from ml.matching.match import THRESHOLD, Matches, match_records
from ml.matching.model import Model, check_model, default_model, train_model

__all__ = ["THRESHOLD", "Matches", "Model", "check_model", "default_model", "match_records", "train_model"]
