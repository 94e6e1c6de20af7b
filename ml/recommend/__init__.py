"""What to show a customer next: due again, goes with it, new to them, or simply popular."""

from ml.recommend.bought_together import bought_together_for, partners
from ml.recommend.buy_again import buy_again
from ml.recommend.choice import UNMEASURED, Mix, Period, choose
from ml.recommend.matrix import Purchases, purchases
from ml.recommend.popular import popular
from ml.recommend.ranking import Listed

__all__ = [
    "UNMEASURED",
    "Listed",
    "Mix",
    "Period",
    "Purchases",
    "bought_together_for",
    "buy_again",
    "choose",
    "partners",
    "popular",
    "purchases",
]
