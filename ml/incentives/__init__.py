"""What an incentive changes: uplift on conversion and margin from randomised offers, and which one to give to whom."""

from ml.incentives.model import UpliftModel, train_uplift
from ml.incentives.prediction import predict_uplift
from ml.incentives.trial import Trial, plain_arm, read_trial

__all__ = ["Trial", "UpliftModel", "plain_arm", "predict_uplift", "read_trial", "train_uplift"]
