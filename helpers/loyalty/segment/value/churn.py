"""A churn classifier with a temporal split, and the calibration of any predicted probability."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from loyalty.charts import GREY, TREATED, headline
from loyalty.segment.value.purchases import summarise_purchases
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import interval_of_share
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.days import read_day
from loyalty.tables.sources import AnyTable
from loyalty.text import ask_percent

FEATURES = ("silence", "silence_in_gaps", "purchases", "tenure", "spend")
LEAST = 20  # customers who stayed, and who went quiet


@dataclass(frozen=True, eq=False)
class ChurnModel:
    """A logistic regression of going quiet; built by `fit_churn`.

    `weeks` is the length of the window, `trained_on` the day before which its features end and on which its outcomes
    begin. `coefficients` are those of the standardised features. `typical_spend` is the median of those who taught it:
    it stands in for customers without a spend of their own, whoever they are scored with.
    """

    pipeline: Pipeline = field(repr=False)
    weeks: float
    trained_on: pd.Timestamp
    coefficients: dict[str, float]
    base_rate: float
    n_customers: int
    typical_spend: float
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a feature, with the coefficient that it has once standardised."""
        return pd.DataFrame({"feature": list(self.coefficients), "coefficient": list(self.coefficients.values())})

    def _repr_html_(self) -> str:
        title = (
            f"Churn classifier: {self.n_customers:,} customers as of {self.trained_on:%Y-%m-%d}, of whom "
            f"{self.base_rate:.0%} bought nothing in the next {self.weeks:g} weeks"
        )
        return render_html(self.to_frame(), title, self.warnings)


@check_arguments
def fit_churn(receipts: AnyTable, as_of: str | dt.date | pd.Timestamp, *, weeks: int) -> ChurnModel:
    """Fit a churn classifier with a temporal split: features before, outcome in the last `weeks` before `as_of`.

    Nothing from `as_of` on is read, and no feature from inside the window of the outcome: both would be leaks. What it
    predicts is silence in a window, which is not the same as having left.

    Parameters
    ----------
    receipts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The contract `receipts`.
    as_of : str, datetime.date or pandas.Timestamp
        The day on which the classifier is made; then `predict_churn` says who will be silent in the weeks after it.
    weeks : int
        Length of the window, 1 or more.

    Returns
    -------
    ChurnModel

    Raises
    ------
    TableError
        The receipts break their contract, the history is too short, or fewer than 20 customers stayed or went quiet.

    Examples
    --------
    >>> from loyalty.datasets.loaders import cdnow
    >>> receipts = cdnow().receipts.head(3_000)
    >>> fit_churn(receipts, "1997-10-01", weeks=13).trained_on
    Timestamp('1997-07-02 00:00:00')
    """
    if weeks < 1:
        raise TableError([f"weeks should be 1 or more, found {weeks!r}"], "fit_churn")
    end = read_day(as_of)
    start = end - pd.Timedelta(weeks=weeks)
    history = summarise_purchases(receipts, start, until=end)
    quiet = history["x_later"].to_numpy() == 0
    if min(quiet.sum(), (~quiet).sum()) < LEAST:
        says = f"{quiet.sum():,} customers went quiet and {(~quiet).sum():,} did not; {LEAST} of each are the least"
        raise TableError([says], "receipts")
    spend = history["spend"].to_numpy(float)
    typical = float(np.nanmedian(spend)) if np.isfinite(spend).any() else 0.0
    features = _make_features(history, typical)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=1_000))
    pipeline.fit(features.to_numpy(), quiet)
    named = dict(zip(FEATURES, map(float, pipeline[-1].coef_[0]), strict=True))
    notes = tuple(history.attrs["warnings"])
    return ChurnModel(pipeline, float(weeks), start, named, float(quiet.mean()), len(history), typical, notes)


@check_arguments
def predict_churn(model: ChurnModel, receipts: AnyTable, as_of: str | dt.date | pd.Timestamp) -> pd.DataFrame:
    """Predict who will buy nothing in the next weeks, from the receipts before a day.

    Parameters
    ----------
    model : ChurnModel
    receipts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The contract `receipts`.
    as_of : str, datetime.date or pandas.Timestamp
        Not before the end of the window that the model was trained on.

    Returns
    -------
    pandas.DataFrame
        customer_id, p_quiet; sorted by customer_id.

    Raises
    ------
    TableError
        The receipts break their contract, or `as_of` lies inside the window that the model was trained on.

    Examples
    --------
    >>> from loyalty.datasets.loaders import cdnow
    >>> receipts = cdnow().receipts.head(3_000)
    >>> found = predict_churn(fit_churn(receipts, "1997-10-01", weeks=13), receipts, "1997-10-01")
    >>> found["p_quiet"].between(0, 1).all()
    np.True_
    """
    day = read_day(as_of)
    learned = model.trained_on + pd.Timedelta(weeks=model.weeks)
    if day < learned:
        raise TableError([f"the model has seen what happened up to {learned:%Y-%m-%d}: predict from then on"], "as_of")
    history = summarise_purchases(receipts, day)
    p = model.pipeline.predict_proba(_make_features(history, model.typical_spend).to_numpy())[:, 1]
    return history[["customer_id"]].assign(p_quiet=p)


def _make_features(history: pd.DataFrame, typical_spend: float) -> pd.DataFrame:
    """Silence in weeks, and in own gaps; purchases, tenure and spend; all as logarithms, for they are skewed."""
    x = history["x"].to_numpy(float)
    silence = (history["T"] - history["t_x"]).to_numpy(float)
    usual = (history["T"].to_numpy(float) + 1) / (x + 1)  # weeks a purchase, known for everybody
    spend = history["spend"].to_numpy(float)
    columns = {
        "silence": silence,
        "silence_in_gaps": silence / usual,
        "purchases": x,
        "tenure": history["T"].to_numpy(float),
        "spend": np.maximum(np.where(np.isfinite(spend), spend, typical_spend), 0),
    }
    return pd.DataFrame({name: np.log1p(columns[name]) for name in FEATURES})


@dataclass(frozen=True, eq=False)
class Calibration:
    """Predicted probabilities beside what happened; built by `measure_calibration`.

    `table` has one row a bin: customers, predicted (mean), happened (share) and its interval. `brier` is the mean
    squared error; `brier_of_base` that of giving everybody the share that happened. `gap` is the mean of
    |predicted - happened| over bins, weighted by customers.
    """

    table: pd.DataFrame = field(repr=False)
    brier: float
    brier_of_base: float
    gap: float
    n_customers: int

    @property
    def skill(self) -> float:
        """Share of the base rate's squared error that the prediction takes away; NaN where nothing differs."""
        return 1 - self.brier / self.brier_of_base if self.brier_of_base > 0 else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """One row a bin."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw predicted against happened; a well calibrated prediction lies on the line."""
        ax = ax or plt.subplots(figsize=(9, 4.6))[1]
        rows = self.table
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=1)
        error = np.clip([rows["happened"] - rows["low"], rows["high"] - rows["happened"]], 0, None)
        ax.errorbar(rows["predicted"], rows["happened"], error, fmt="o", color=TREATED, markersize=8, linewidth=2)
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="predicted probability", ylabel="share that happened")
        headline(ax, title or f"Off by {self.gap:.0%} on average", "bins of customers, with 95 % interval", source)
        return ax

    def _repr_html_(self) -> str:
        scores = f"Brier score {self.brier:.3f} (base rate {self.brier_of_base:.3f})"
        return render_html(self.table, f"Calibration: off by {self.gap:.1%} on average; {scores}")


@check_arguments
def measure_calibration(predicted: ArrayLike, happened: ArrayLike, *, bins: int = 10) -> Calibration:
    """Measure calibration: of customers with a probability of 30 %, does it happen to 30 in 100?

    Parameters
    ----------
    predicted : array of float
        Probabilities, from 0 to 1.
    happened : array of bool
        Of the same customers, in the same order.
    bins : int
        Bins of about equal size, cut at values: equal probabilities are in one bin.

    Returns
    -------
    Calibration

    Raises
    ------
    TableError
        The two differ in length, are empty, or are no probabilities and no yes or no.

    Examples
    --------
    >>> found = measure_calibration([0.1] * 10 + [0.8] * 10, [1] + [0] * 9 + [1] * 8 + [0] * 2, bins=2)
    >>> found.table[["predicted", "happened"]].round(1).to_numpy().tolist(), round(found.gap, 3)
    ([[0.1, 0.1], [0.8, 0.8]], 0.0)

    Source: Brier (1950), Monthly Weather Review 78, 1-3.
    """
    p, y = np.asarray(predicted, float), np.asarray(happened, float)
    problems = []
    if len(p) != len(y) or not len(p):
        problems.append(f"as many outcomes as probabilities are needed, at least one; found {len(p):,} and {len(y):,}")
    if len(p) and not ((p >= 0) & (p <= 1)).all():
        mend = ask_percent(float(p.max())) if p.min() >= 0 else ""
        problems.append(f"predicted should hold probabilities from 0 to 1, found {p.min():g} to {p.max():g}{mend}")
    if not np.isin(y, (0, 1)).all():
        problems.append("happened should hold yes and no, as True and False or 1 and 0")
    if bins < 1:
        problems.append(f"bins should be 1 or more, found {bins!r}")
    if problems:
        raise TableError(problems, "measure_calibration")
    cuts = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf"))
    place = np.searchsorted(cuts, p, side="left")
    groups = pd.DataFrame({"p": p, "y": y}).groupby(place)
    count = groups.size().to_numpy()
    table = pd.DataFrame({"customers": count, "predicted": groups["p"].mean().to_numpy()})
    table["happened"] = groups["y"].mean().to_numpy()
    table["low"], table["high"] = interval_of_share(groups["y"].sum().to_numpy(), count)
    gap = float(np.average((table["predicted"] - table["happened"]).abs(), weights=count))
    base = float(y.mean())
    return Calibration(table, float(np.mean((p - y) ** 2)), base * (1 - base), gap, len(p))
