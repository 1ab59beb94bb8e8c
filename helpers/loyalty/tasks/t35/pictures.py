"""The pictures of lesson 35: answers beside the truth, chances of two groups, estimates beside their witness."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, TREATED, TRUTH, draw_intervals, grid_along_x, headline, mark_truths

WORLD = "loyalty.world, seed 35"
STEPS = [0, 0.001, 0.01, 0.1, 0.3, 1]
STEP_NAMES = ["below 0.1 %", "0.1 to 1 %", "1 to 10 %", "10 to 30 %", "above 30 %"]


def draw_answers(answers: pd.DataFrame, title: str, truth: float | None = None) -> Axes:
    """Draw estimates with their intervals, euros per invited customer, and the truth below each.

    Parameters
    ----------
    answers : DataFrame
        One row an answer: `effect`, `low`, `high`, and perhaps `colour`.
    title : str
        The message.
    truth : float, optional
        In euros.

    Returns
    -------
    Axes
    """
    ax = plt.subplots(figsize=(9, 1.6 + 0.6 * len(answers)))[1]
    draw_intervals(answers, ax=ax, unit="€")
    if truth is not None:
        mark_truths(ax, [truth] * len(answers))
    ax.set_ylim(len(answers) - 0.4, -0.75)
    ax.set_xlabel("€ per invited customer, 28 days")
    headline(ax, title, "sales because of the letter, 95 % interval", WORLD)
    return ax


def draw_chances(score: np.ndarray, treated: np.ndarray | pd.Series, title: str) -> Axes:
    """Draw how likely the people of two groups were to take part, in five steps.

    Parameters
    ----------
    score : ndarray
        Each person's propensity score.
    treated : ndarray or Series of bool
        Who took part.
    title : str
        The message.

    Returns
    -------
    Axes
    """
    step = pd.cut(score, STEPS, labels=STEP_NAMES, include_lowest=True)
    share = pd.crosstab(step, np.asarray(treated, dtype=bool), normalize="columns", dropna=False) * 100
    share = share.reindex(STEP_NAMES, fill_value=0.0)
    ax = plt.subplots(figsize=(9, 3.8))[1]
    places = np.arange(len(STEP_NAMES))
    for group, shift, colour, name in ((False, -0.2, CONTROL, "survey"), (True, 0.2, TREATED, "participants")):
        bars = ax.bar(places + shift, share[group], width=0.38, color=colour, label=name)
        ax.bar_label(bars, fmt="%.0f %%", padding=2, fontsize=9.5)
    ax.set_xticks(places, STEP_NAMES)
    ax.set(xlabel="estimated chance of being a participant", ylabel="% of the group")
    ax.margins(y=0.12)
    ax.legend(loc="upper right")
    headline(ax, title, "share of each group, by its propensity score", "NSW and CPS")
    return ax


def draw_witness(estimates: pd.DataFrame, title: str, known: float) -> Axes:
    """Draw each method's estimate, and beside it what the same method finds where nothing was.

    Parameters
    ----------
    estimates : DataFrame
        Columns `method`, `effect`, `low`, `high`, `placebo`, `placebo_low`, `placebo_high`; dollars.
    title : str
        The message.
    known : float
        The lottery's answer, dollars.

    Returns
    -------
    Axes
        The left one.
    """
    names = [name.replace(" on covariates, corrected", "") for name in estimates["method"]]
    figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, width_ratios=[1.5, 1])
    rows = np.arange(len(names))
    panels = (
        (axes[0], ("effect", "low", "high"), TREATED, "earnings in 1978, $"),
        (axes[1], ("placebo", "placebo_low", "placebo_high"), HIGHLIGHT, "the witness: earnings in 1975, $"),
    )
    for ax, (effect, low, high), colour, label in panels:
        ax.hlines(rows, estimates[low], estimates[high], color=colour, linewidth=3)
        ax.plot(estimates[effect], rows, "o", color=colour, markersize=8)
        ax.axvline(0, color=GREY, linewidth=1)
        ax.set_xlabel(label)
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}".replace("-", "−"))
        ax.locator_params(axis="x", nbins=6)
        grid_along_x(ax)
    axes[0].axvline(known, color=TRUTH, linewidth=1.4, linestyle="--")
    axes[0].annotate(
        "the lottery ", (known, -0.62), ha="right", va="center", fontsize=9.5, color=TRUTH, annotation_clip=False
    )
    axes[0].set_yticks(rows, names)
    axes[0].set_ylim(len(names) - 0.5, -0.9)
    axes[0].set_title("the estimates", loc="left", fontsize=11)
    axes[1].set_title("the same methods where nothing was", loc="left", fontsize=11)
    figure.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=14)
    figure.supxlabel("Source: NSW and CPS", x=0.01, ha="left", fontsize=8, color="#80868B")
    return axes[0]
