"""The learner: how often each arm of an experiment should be drawn, from what the arms have earned so far."""

from ml.bandit.allocate import allocate
from ml.bandit.beta import probability_best_beta
from ml.bandit.delay import arrived_share
from ml.bandit.floor import with_floor
from ml.bandit.settings import BanditSettings

__all__ = ["BanditSettings", "allocate", "arrived_share", "probability_best_beta", "with_floor"]
