"""Propensity score: its fit, the balancing weights that it gives, and the overlap of the two groups."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loyalty.stats.estimate import render_html
from loyalty.stats.weights import count_effective
from loyalty.tables.arguments import check_arguments
from loyalty.tables.sample import Sample, compare_balance, read_sample

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TARGETS = {
    "ate": "ATE, everybody",
    "att": "ATT, those who were treated",
    "overlap": "ATO, those who could have been in either group",
}
_EDGE = 1e-9  # a fitted chance stays this far from 0 and 1
# Of the widest direction of the covariates, squared: one that is narrower than this is rounding, and no direction
NARROW = 1e-12
_PERFECT = 1e-8  # who is predicted that closely is predicted without an error


@dataclass(frozen=True)
class Propensity:
    """A fitted propensity; made by `fit_propensity`. All fields have one row a customer.

    Attributes
    ----------
    design : array
        Constant and covariates.
    score, slope : array
        The chance of being treated, and its derivative by the linear predictor.
    influence : array
        How each customer moved each coefficient of the fit.
    """

    design: np.ndarray
    score: np.ndarray
    slope: np.ndarray
    influence: np.ndarray


@dataclass(frozen=True)
class Overlap:
    """Whether the groups can be compared (overlap, common support); made by `check_overlap`.

    Attributes
    ----------
    target : {"ate", "att", "overlap"}
        The customers asked about.
    outside : float
        The share of them whose propensity no customer of the other group reaches.
    ess_treated, ess_control : float
        Effective sample sizes.
    largest_weight : float
        The share that one customer has in its group.
    worst_difference : float
        The largest standardised difference left by the weights.
    scores, balance : pandas.DataFrame
        One row a customer; one row a covariate.
    warnings : tuple of str
        Reasons not to compare the groups.
    """

    target: str
    outside: float
    ess_treated: float
    ess_control: float
    largest_weight: float
    worst_difference: float
    scores: pd.DataFrame
    balance: pd.DataFrame
    warnings: tuple[str, ...]

    @property
    def numbers(self) -> dict[str, float]:
        """The five numbers, by name."""
        names = "outside ess_treated ess_control largest_weight worst_difference".split()
        return {name: getattr(self, name) for name in names}

    def to_frame(self) -> pd.DataFrame:
        """One row with every named number."""
        return pd.DataFrame([{"target": self.target} | self.numbers | {"warnings": "; ".join(self.warnings)}])

    def plot(self, *, ax: Axes | None = None, source: str = "") -> Axes:
        """Draw the propensities of both groups, one above and one below the line."""
        import matplotlib.pyplot as plt

        from loyalty.charts import CONTROL, HIGHLIGHT, TREATED, headline

        ax = ax or plt.subplots(figsize=(9, 4.5))[1]
        score = self.scores["propensity"]
        treated = self.scores["treated"]
        end = min(1.0, np.ceil(score.max() * 20) / 20)
        edges = np.linspace(0, end, 41)
        top = 0.0
        style: dict[str, Any] = {"ha": "right", "va": "center", "fontweight": "bold", "transform": ax.transAxes}
        for rows, sign, colour, name in ((treated, 1, TREATED, "treated"), (~treated, -1, CONTROL, "control")):
            share = np.histogram(score[rows], edges)[0] / rows.sum()
            ax.bar(edges[:-1], sign * share, width=np.diff(edges), align="edge", color=colour)
            ax.text(0.99, 0.5 + 0.45 * sign, f"{name} ({rows.sum():,})", color=colour, **style)
            top = max(top, 1.1 * share.max())
        for low, high in _lonely(score[treated], score[~treated]):
            ax.axvspan(low, high, color=HIGHLIGHT, alpha=0.12)
        ax.axhline(0, color="white", linewidth=1)
        ax.set(xlim=(0, end), ylim=(-top, top), xlabel="estimated chance of being treated")
        ax.yaxis.set_major_formatter(lambda value, _: f"{abs(value):.0%}")
        sizes = ((treated.sum(), self.ess_treated, "treated"), ((~treated).sum(), self.ess_control, "control"))
        n, size, name = min(sizes, key=lambda item: item[1] / item[0])
        if self.outside > 0.05:
            title = "Some customers have nobody to be compared with"
        elif size < n / 2:
            title = f"{n:,} {name} customers count like {size:,.0f}"
        else:
            title = "The groups overlap"
        headline(ax, title, "share of each group by estimated chance of being treated; shaded: one group only", source)
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.to_frame().drop(columns="warnings"), "Overlap", self.warnings) + render_html(
            self.balance, "Standardised differences, before and after weighting"
        )


def fit_propensity(sample: Sample, *, link: str = "logit") -> Propensity:
    """Fit the chance of being treated by maximum likelihood.

    Not a model of the outcome: a covariate that predicts treatment only adds noise, one that predicts both is needed.

    Parameters
    ----------
    sample : Sample
    link : {"logit", "probit"}

    Returns
    -------
    Propensity
        `influence` is one row a customer and one column a coefficient; its mean is zero.
    """
    import statsmodels.api as sm  # slow to load, and most who measure a lift never come here

    families = {"logit": sm.families.links.Logit, "probit": sm.families.links.Probit}
    if link not in families:
        raise ValueError(f"link should be 'logit' or 'probit', found {link!r}")
    x = sample.design
    t = sample.treated.astype(float)

    def fit(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # Separated groups make the fit diverge; `check_overlap` says so in plain words
            warnings.simplefilter("ignore")
            # Columns that say the same (a separated group leaves such behind) make one direction
            directions, spread, _ = np.linalg.svd(x[rows], full_matrices=False)
            basis = directions[:, spread > spread[0] * np.sqrt(NARROW)] * np.sqrt(rows.sum())
            model = sm.GLM(t[rows], basis, family=sm.families.Binomial(families[link]()))
            found = model.fit(maxiter=60, tol=1e-11, tol_criterion="params")
            return basis @ found.params, found.fittedvalues

    line, fitted = fit(np.ones(len(t), dtype=bool))
    # Where a group is separated the fit never arrives, and what it says of all others depends on where it stopped, so
    # on the machine. Those that are predicted without an error teach nothing of the others: these are fitted again.
    rest = np.abs(fitted - t) > _PERFECT
    if not rest.all() and len(np.unique(t[rest])) == 2:
        line[rest], fitted[rest] = fit(rest)
    score = np.clip(fitted, _EDGE, 1 - _EDGE)
    slope = score * (1 - score) if link == "logit" else np.exp(-(line**2) / 2) / np.sqrt(2 * np.pi)
    residual = (t - score) * slope / (score * (1 - score))
    curvature = slope if link == "logit" else residual * (residual + line)
    information = (x * curvature[:, None]).T @ x / len(x)
    return Propensity(
        x, score, slope, (x * residual[:, None]) @ np.linalg.pinv(information, rcond=NARROW, hermitian=True)
    )


def weigh(score: np.ndarray, treated: np.ndarray, target: str) -> tuple[np.ndarray, np.ndarray]:
    """Balancing weights that turn both groups into the target population, and their derivative by the score.

    Source: Li, Morgan and Zaslavsky (2018), JASA 113, 390-400 (balancing weights).
    """
    if target == "ate":
        return np.where(treated, 1 / score, 1 / (1 - score)), np.where(treated, -1 / score**2, 1 / (1 - score) ** 2)
    if target == "att":
        return np.where(treated, 1.0, score / (1 - score)), np.where(treated, 0.0, 1 / (1 - score) ** 2)
    if target == "overlap":
        return np.where(treated, 1 - score, score), np.where(treated, -1.0, 1.0)
    raise ValueError(f"target should be one of {', '.join(TARGETS)}; found {target!r}")


@check_arguments
def check_overlap(
    table: pd.DataFrame, *, treated: str, covariates: str | Sequence[str], target: str = "att", link: str = "logit"
) -> Overlap:
    """Check overlap (common support): whether the treated have anybody to be compared with, before any effect.

    Passing proves nothing about traits that were not recorded.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a customer.
    treated : str
        Column of True/False or 1/0.
    covariates : str or sequence of str
        What was known before the treatment.
    target : {"att", "ate", "overlap"}
        For whom the effect is wanted: the treated, everybody, or those who could have been in either group.
    link : {"logit", "probit"}

    Returns
    -------
    Overlap

    Raises
    ------
    TableError
        As `read_sample`.

    Examples
    --------
    >>> table = pd.DataFrame({"invited": [0, 1] * 50, "visits": range(100)})
    >>> check_overlap(table, treated="invited", covariates="visits").outside <= 0.02
    True

    Source: Austin (2009), Statistics in Medicine 28, 3083-3107 (standardised differences above .1).
    """
    sample = read_sample(table, treated=treated, covariates=covariates)
    return describe_overlap(sample, fit_propensity(sample, link=link).score, target)


def describe_overlap(sample: Sample, score: np.ndarray, target: str, *, weighted: bool = True) -> Overlap:
    """The overlap of a sample whose propensity is known already.

    Imbalance left by the weights is a warning only where nothing but weights adjusts (`weighted`).
    """
    t = sample.treated
    weights = weigh(score, t, target)[0]
    low = np.where(t, score[~t].min(), score[t].min())  # of the other group
    high = np.where(t, score[~t].max(), score[t].max())
    lonely = (score < low) | (score > high)
    asked = {"att": t, "ate": np.ones(len(t), bool), "overlap": np.zeros(len(t), bool)}[target]
    outside = float(lonely[asked].mean()) if asked.any() else 0.0
    sizes = [count_effective(weights[rows]) for rows in (t, ~t)]
    largest = max(weights[rows].max() / weights[rows].sum() for rows in (t, ~t))
    balance = compare_balance(sample, weights)
    worst = float(balance["after"].abs().max()) if len(balance) else 0.0
    notes = []
    if score[~t].max() < score[t].min() or score[t].max() < score[~t].min():
        notes.append(
            "no overlap: the covariates tell treated from control without error; no adjusted estimate means anything"
        )
    elif outside > 0.05:
        whom = "treated customers" if target == "att" else "customers"
        notes.append(f"poor overlap: {outside:.0%} of {whom} have a propensity that nobody in the other group reaches")
    for size, rows, name in zip(sizes, (t, ~t), ("treated", "control"), strict=True):
        if size < min(50.0, 0.999 * rows.sum()) or rows.sum() < 50:
            notes.append(f"the {rows.sum():,} {name} customers count like {size:,.0f} (effective sample size under 50)")
    if largest > 0.1 and min(t.sum(), (~t).sum()) > 20:
        notes.append(f"extreme weights: one customer carries {largest:.0%} of its group")
    if worst > 0.1 and weighted:
        notes.append(_say_imbalance(balance))
    scores = pd.DataFrame({"propensity": score, "treated": t, "weight": weights})
    return Overlap(
        target=target,
        outside=outside,
        ess_treated=float(sizes[0]),
        ess_control=float(sizes[1]),
        largest_weight=float(largest),
        worst_difference=worst,
        scores=scores,
        balance=balance,
        warnings=tuple(notes),
    )


@check_arguments
def draw_overlap(
    table: pd.DataFrame,
    *,
    treated: str,
    covariates: str | Sequence[str],
    target: str = "att",
    ax: Axes | None = None,
    source: str = "",
) -> Axes:
    """Draw the propensities of treated and control; the same as `check_overlap(...).plot()`.

    Examples
    --------
    >>> table = pd.DataFrame({"invited": [0, 1] * 50, "visits": range(100)})
    >>> draw_overlap(table, treated="invited", covariates="visits").get_xlabel()
    'estimated chance of being treated'
    """
    return check_overlap(table, treated=treated, covariates=covariates, target=target).plot(ax=ax, source=source)


def _say_imbalance(balance: pd.DataFrame) -> str:
    """The covariates that the weights leave unbalanced, the three worst by name."""
    left = balance[balance["after"].abs() > 0.1].sort_values("after", key=abs, ascending=False, kind="stable")
    shown = ", ".join(f"{row.covariate} {row.after:+.2f}" for row in left.head(3).itertuples())
    return f"still unbalanced: {len(left)} covariate(s) differ by more than .1 standard deviations ({shown})"


def _lonely(one: pd.Series, other: pd.Series) -> list[tuple[float, float]]:
    """The stretches of the axis that only one group reaches."""
    ends = ((one.min(), other.min()), (one.max(), other.max()))
    return [(min(pair), max(pair)) for pair in ends if pair[0] != pair[1]]
