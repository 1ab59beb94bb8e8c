"""The response history (lesson 41): what was tried, response rates, earlier lifts, and prediction from the past."""

from loyalty.learn.history.prediction import Prediction, measure_decay, predict_from_past
from loyalty.learn.history.prior_lifts import learn_lifts
from loyalty.learn.history.response_rates import Rates, measure_rates
from loyalty.learn.history.store import Appended, History, open_history
from loyalty.learn.history.waves import HistoryError

__all__ = [
    "Appended",
    "History",
    "open_history",
    "Prediction",
    "measure_decay",
    "predict_from_past",
    "learn_lifts",
    "Rates",
    "measure_rates",
    "HistoryError",
]
