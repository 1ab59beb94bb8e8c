"""What the exercises call: `check` an answer, ask for a `hint`, `predict` before a reveal, `reveal` beside the bet."""

from loyalty.tasks.checking.bets import predict, reveal
from loyalty.tasks.checking.grading import check
from loyalty.tasks.checking.hints import hint

__all__ = ["check", "hint", "predict", "reveal"]
