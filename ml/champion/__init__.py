"""Which version of a model serves: the one in use, unless another is better beyond noise on the same later period."""

from ml.champion.decision import Decision, Limits, decide
from ml.champion.trial import Measure, Trial, Twin
from ml.champion.verdict import Gain, Verdict, paired

__all__ = ["Decision", "Gain", "Limits", "Measure", "Trial", "Twin", "Verdict", "decide", "paired"]
