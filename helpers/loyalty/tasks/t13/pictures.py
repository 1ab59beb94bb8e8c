"""Pictures of lesson 13: the best customer of a join by phone, evidence in bits, grades of rules, money, and intents."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MultipleLocator

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, INK, TREATED, grid_along_x, headline

SOURCE = "simulated chain, seed 13; all names and numbers are invented"
FIELDS = {
    "first_name": "first name",
    "last_name": "last name",
    "birth_date": "birth date",
    "postcode": "postcode",
    "phone": "phone",
    "email": "e-mail",
}
COLOURS = ("#0072B2", "#56B4E9", "#009E73", "#F0E442", "#E69F00", "#CC79A7")


def draw_best(people: pd.DataFrame, title: str) -> Axes:
    """Draw the sales of the best customers of a list, and behind how many cards and accounts each stands.

    Parameters
    ----------
    people : DataFrame
        sales, ids: one row a customer, the best first.
    title : str
    """
    ax = plt.subplots(figsize=(9, 1.5 + 0.42 * len(people)))[1]
    places = np.arange(len(people))
    many = people["ids"].to_numpy() > 6
    ax.barh(places, people["sales"], height=0.65, color=np.where(many, HIGHLIGHT, GREY))
    for place, row in zip(places, people.itertuples(), strict=True):
        words = f"{row.ids} card or account" if row.ids == 1 else f"{row.ids} cards and accounts"
        ax.annotate(words, (row.sales, place), (5, 0), textcoords="offset points", va="center", color=INK)
    ax.set_yticks(places, [f"{place + 1}." for place in places])
    ax.set(ylim=(len(people) - 0.5, -0.5), xlim=(0, 1.3 * people["sales"].max()), xlabel="sales in two years, €")
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(False)
    words = f"the ten with the highest sales, the best first{'; red: more than six cards and accounts' if many.any() else ''}"
    headline(ax, title, words, SOURCE)
    return ax


def draw_evidence(told: pd.DataFrame, title: str) -> Axes:
    """Draw the bits of each pair field by field, to the right what speaks for one person, to the left what against.

    Parameters
    ----------
    told : DataFrame
        As `explain_pairs` returns it.
    title : str
    """
    bits = told.pivot(index="pair", columns="field", values="bits")
    ax = plt.subplots(figsize=(9, 1.9 + 0.5 * len(bits)))[1]
    places = np.arange(len(bits))
    right = np.zeros(len(bits))
    left = np.zeros(len(bits))
    for name, colour in (("prior", GREY), *zip(FIELDS, COLOURS, strict=True)):
        value = bits[name].to_numpy()
        start = np.where(value >= 0, right, left)
        label = "before any evidence" if name == "prior" else FIELDS[name]
        ax.barh(places, value, left=start, height=0.55, color=colour, edgecolor="white", linewidth=0.8, label=label)
        right += np.clip(value, 0, None)
        left += np.clip(value, None, 0)
    for place, total in zip(places, bits.sum(axis=1), strict=True):
        ax.annotate(
            f"{total:+.0f}", (right[place], place), (6, 0), textcoords="offset points", va="center", weight="bold"
        )
    ax.axvline(0, color=INK, linewidth=1)
    ax.set_yticks(places, [f"pair {number + 1}" for number in bits.index])
    ax.set(ylim=(len(bits) - 0.5, -0.5), xlim=(left.min() - 2, right.max() + 7), xlabel="bits; the sum in bold")
    grid_along_x(ax)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    headline(ax, title, "each bit doubles the odds that two records are one person", SOURCE)
    return ax


def draw_hills(pairs: pd.DataFrame, threshold: float, title: str) -> Axes:
    """Draw how many pairs have which weight, those that are one person and those that are two.

    Parameters
    ----------
    pairs : DataFrame
        weight, is_match.
    threshold : float
        The weight from which pairs are linked.
    title : str
    """
    ax = plt.subplots(figsize=(9, 4))[1]
    below = np.ceil((threshold - pairs["weight"].min()) / 2)
    bins = np.arange(threshold - 2 * below, pairs["weight"].max() + 2, 2)  # no bar lies across the threshold
    parts = [pairs.loc[pairs["is_match"] == flag, "weight"] for flag in (True, False)]
    ax.hist(parts, bins=list(bins), stacked=True, color=[TREATED, HIGHLIGHT], label=["one person", "two people"])
    ax.axvline(threshold, color=INK, linestyle=":", linewidth=1.5)
    ax.annotate("linked from here", (threshold, ax.get_ylim()[1]), (6, -10), textcoords="offset points", color=INK)
    ax.set(xlabel="weight of the pair, bits", ylabel="pairs")
    ax.legend(loc="upper right", frameon=False)
    headline(ax, title, "pairs with a chance above 1 in 1,000, without other first names and other birth dates", SOURCE)
    return ax


def draw_grades(grades: Mapping[str, pd.DataFrame], title: str) -> Figure:
    """Draw precision and recall of several ways to link, with intervals.

    Parameters
    ----------
    grades : mapping of name to DataFrame
        The tables of `grade_links`.
    title : str
    """
    layout = ConstrainedLayoutEngine(wspace=0.06)  # "100%" and "0%" of the two panels stay apart
    figure, axes = plt.subplots(1, 2, figsize=(9, 2.0 + 0.6 * len(grades)), sharey=True, layout=layout)
    words = {
        "pair precision": ("Precision", "share of the links that are right"),
        "pair recall": ("Recall", "share of the true pairs that were found"),
    }
    for ax, (measure, (name, says)) in zip(axes, words.items(), strict=True):
        for place, table in enumerate(grades.values()):
            row = table.set_index("measure").loc[measure]
            colour = TREATED if place == len(grades) - 1 else GREY
            ax.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=3, solid_capstyle="round")
            ax.plot(row["value"], place, "o", color=colour, markersize=7)
            ax.annotate(
                f"{row['value']:.1%}  ({row['low']:.1%} to {row['high']:.1%})",
                (np.clip(row["value"], 0.3, 0.7), place),
                (0, 9),
                textcoords="offset points",
                ha="center",
                fontsize=9,
                color=INK,
            )
        ax.set(xlim=(-0.03, 1.03), xticks=[0, 0.5, 1], xlabel=says, ylim=(len(grades) - 0.6, -0.7))
        ax.set_title(name, loc="left", fontsize=11, color=INK)
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.set_yticks(range(len(grades)), list(grades))
        grid_along_x(ax)
    figure.suptitle(title, x=0.01, ha="left", weight="bold", fontsize=13)
    return figure


def draw_money(errors: pd.DataFrame, title: str) -> Axes:
    """Draw by how much the sales of a person are off, on average.

    Parameters
    ----------
    errors : DataFrame
        "too little", "too much": euros a person; one row a way to link.
    title : str
    """
    ax = plt.subplots(figsize=(9, 1.8 + 0.5 * len(errors)))[1]
    places = np.arange(len(errors))
    little, much = errors["too little"].to_numpy(), errors["too much"].to_numpy()
    ax.barh(places, little, height=0.55, color=CONTROL, label="too little: a part of the history is missing")
    ax.barh(places, much, left=little, height=0.55, color=HIGHLIGHT, label="too much: somebody else's history")
    for place, total in zip(places, little + much, strict=True):
        ax.annotate(f"€{total:,.0f}", (total, place), (5, 0), textcoords="offset points", va="center", color=INK)
    ax.set_yticks(places, list(errors.index))
    ax.set(
        ylim=(len(errors) - 0.5, -0.5),
        xlim=(0, 1.12 * (little + much).max()),
        xlabel="€ a person, mean over the people who agreed",
    )
    ax.grid(False)
    ax.legend(loc="lower right", frameon=False)
    headline(ax, title, "error of a person's sales in two years", SOURCE)
    return ax


def draw_judged(judged: pd.DataFrame, floor: float, title: str) -> Axes:
    """Draw the true precision of the thresholds that many samples choose, by two rules.

    Parameters
    ----------
    judged : DataFrame
        "own share", "lower end": one row a sample.
    floor : float
    title : str
    """
    ax = plt.subplots(figsize=(9, 3.4))[1]
    for place, column in enumerate(judged.columns):
        values = np.sort(judged[column].to_numpy(float))
        # samples of one value are stacked, so that each can be counted
        step = np.arange(len(values)) - np.searchsorted(values, values)
        colours = np.where(values < floor, HIGHLIGHT, TREATED)
        ax.scatter(values, place + 0.3 - 0.6 * step / max(int(step.max()), 1), c=list(colours), s=14, alpha=0.8)
        words = f"{int((values < floor).sum())} of {len(values)} too low"
        ax.annotate(words, (floor, place - 0.42), (-6, 0), textcoords="offset points", ha="right", color=INK)
    ax.axvline(floor, color=INK, linewidth=1, linestyle=":")
    ax.set_yticks(range(judged.shape[1]), [f"by its {name}" for name in judged.columns])
    ax.xaxis.set_major_locator(MultipleLocator(0.005))
    ax.set(ylim=(judged.shape[1] - 0.5, -0.6), xlabel="true precision above the chosen threshold; the axis is cut")
    ax.xaxis.set_major_formatter("{x:.1%}")
    grid_along_x(ax)
    headline(ax, title, f"each dot is a sample of pairs; dotted: the floor of {floor:.0%}", SOURCE)
    return ax


def draw_worth(worth: pd.DataFrame, title: str) -> Axes:
    """Draw what a column earns a message, with its interval.

    Parameters
    ----------
    worth : DataFrame
        effect, low, high: euros a message; the index is the column.
    title : str
    """
    ax = plt.subplots(figsize=(9, 1.8 + 0.5 * len(worth)))[1]
    places = np.arange(len(worth))
    ax.hlines(places, worth["low"], worth["high"], color=TREATED, linewidth=3)
    ax.plot(worth["effect"], places, "o", color=TREATED, markersize=8)
    for place, row in zip(places, worth.itertuples(), strict=True):
        words = f"€{row.effect:.3f}  ({row.low:.3f} to {row.high:.3f})"
        ax.annotate(words, (row.high, place), (10, 0), textcoords="offset points", va="center", color=INK)
    ax.axvline(0, color=INK, linewidth=1)
    ax.set_yticks(places, list(worth.index))
    span = worth["high"].max() - min(worth["low"].min(), 0)
    ax.set(
        ylim=(len(worth) - 0.5, -0.5), xlim=(min(worth["low"].min(), 0) - 0.05 * span, worth["high"].max() + span / 2)
    )
    ax.set_xlabel("€ a message more than without the column, with 95% interval")
    grid_along_x(ax)
    headline(ax, title, "chosen on the first year, judged on the second", SOURCE)
    return ax


def draw_intents(gains: pd.DataFrame, title: str) -> Axes:
    """Draw how often a department is bought in the two weeks before somebody looks at it, and in those after.

    Parameters
    ----------
    gains : DataFrame
            before, after, gain, low, high, visits; the index is the department.
    title : str
    """
    ax = plt.subplots(figsize=(9, 1.7 + 0.36 * len(gains)))[1]
    places = np.arange(len(gains))
    ax.hlines(places, gains["before"], gains["after"], color=GREY, linewidth=2, zorder=1)
    ax.plot(gains["before"], places, "o", color=CONTROL, markersize=7, label="bought in the two weeks before")
    ax.plot(gains["after"], places, "o", color=TREATED, markersize=7, label="bought in the two weeks after")
    for place, row in zip(places, gains.itertuples(), strict=True):
        words = f"{100 * row.gain:+.0f}  ({100 * row.low:.0f} to {100 * row.high:.0f})"
        ax.annotate(words, (row.after, place), (8, 0), textcoords="offset points", va="center", fontsize=9, color=INK)
    ax.set_yticks(
        places, [f"{name}  ({row.visits:,} visits)" for name, row in zip(gains.index, gains.itertuples(), strict=True)]
    )
    ax.set(ylim=(len(gains) - 0.5, -0.5), xlim=(0, 1.22 * gains["after"].max()), xlabel="share of the visits")
    ax.xaxis.set_major_formatter("{x:.0%}")
    grid_along_x(ax)
    ax.legend(loc="lower right", frameon=False)
    headline(ax, title, "bought online or in a store; beside it the gain in points with its 95% interval", SOURCE)
    return ax
