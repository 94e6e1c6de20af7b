"""What a policy would have earned on traffic that another policy drew, and whether the log can tell at all."""

from ml.offpolicy.evaluation import Evaluation, evaluate
from ml.offpolicy.gate import Gate, Judgement, Verdict
from ml.offpolicy.traffic import Draws, LoggedTraffic, OffPolicyError

__all__ = ["Draws", "Evaluation", "Gate", "Judgement", "LoggedTraffic", "OffPolicyError", "Verdict", "evaluate"]
