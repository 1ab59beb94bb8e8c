"""Look-alikes: who is like the customers on a list of known ones, with a calibrated probability, and proved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from loyalty.charts import GREY, INK, TREATED, grid_along_x, headline
from loyalty.segment.value import Calibration, measure_calibration
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import interval_of_mean, interval_of_share
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.columns import Column, Table
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import AnyTable, as_frame, collect
from loyalty.text import say_level

PEOPLE = Table("people", "a customer", ("customer_id",), (Column("customer_id", "id", "which customer"),))
LEAST = 20  # seeds
SHARES = (0.05, 0.1, 0.2)
OFF = 0.01  # p of Spiegelhalter's test, below which the probabilities are not calibrated


@dataclass(frozen=True, eq=False, repr=False)
class LookAlikes:
    """Who is like the seeds; made by `find_lookalikes`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a customer, the likeliest first: customer_id, seed (on the list), probability (to be on such a list, by
        a model that did not see this customer), fold (which model that was), place
        (among those who are not on it; 0 for the seeds).
    auc, low, high : float
        The chance that a held-out seed stands above another customer (area under the curve), with its interval; .5 is
        chance.
    p_chance : float
        Of the F test whether the features tell the seeds from the others at all.
    reach : pandas.DataFrame
        One row a share of all customers, from the top: share, customers, found (share of the held-out seeds among
        them), low, high.
    calibration : Calibration
        Held-out probabilities beside how many were seeds.
    p_calibration : float
        Spiegelhalter's test; a small one says that the probabilities are wrong.
    features : tuple of str
    n_seeds, n_others : int
    """

    table: pd.DataFrame = field(repr=False)
    auc: float
    low: float
    high: float
    p_chance: float
    reach: pd.DataFrame
    calibration: Calibration
    p_calibration: float
    features: tuple[str, ...]
    n_seeds: int
    n_others: int
    level: float
    warnings: tuple[str, ...] = ()

    def pick(self, count: int) -> pd.DataFrame:
        """The customers who are most like the seeds and are not among them: customer_id, probability, place."""
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or not 1 <= count <= self.n_others:
            raise TableError([f"count should lie between 1 and {self.n_others:,}, found {count!r}"], "pick")
        rows = self.table[~self.table["seed"]].head(int(count))
        return rows[["customer_id", "probability", "place"]].reset_index(drop=True)

    @property
    def is_clear(self) -> bool:
        """Whether the seeds are told from the others better than by chance: the area, and a test at the same level.

        The test is needed: the models of the folds share customers, and for a list drawn by lot the interval of the
        area lies above .5 a little too often.
        """
        return self.low > 0.5 and self.p_chance <= (1 - self.level) / 2

    @property
    def sentence(self) -> str:
        """What was found."""
        row = self.reach.iloc[1]
        says = (
            f"The {row['share']:.0%} who are most like the list hold {row['found']:.0%} of the held-out seeds "
            f"({row['low']:.0%} to {row['high']:.0%})"
        )
        if self.is_clear:
            return f"{says}: {row['found'] / row['share']:.1f} times as many as by chance."
        return f"{says}. No more than chance: these features do not tell the seeds from the others."

    def to_frame(self) -> pd.DataFrame:
        """One row a customer."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str = "", source: str = "") -> Axes:
        """Draw how many of the held-out seeds are found from the top of the list on, beside chance."""
        ax = ax or plt.subplots(figsize=(9, 4.4))[1]
        ordered = self.table.sort_values(["probability", "customer_id"], ascending=[False, True])["seed"].to_numpy()
        share = np.append(0, np.arange(len(ordered)) + 1) / len(ordered)
        ax.plot(share, np.append(0, ordered.cumsum()) / ordered.sum(), color=TREATED, linewidth=2.5)
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=1.5)
        ax.vlines(self.reach["share"], self.reach["low"], self.reach["high"], color=INK, linewidth=2)
        ax.annotate("chance", (0.72, 0.72), (8, -14), textcoords="offset points", color=GREY)
        ax.set(
            xlabel="share of all customers, the likeliest first", ylabel="share of the held-out seeds", ylim=(0, 1.02)
        )
        ax.set_xlim(0, 1)
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:.0%}")
        said = f"{self.n_seeds:,} seeds, {self.n_others:,} others; dark lines: {say_level(self.level)} intervals"
        headline(ax, title or "How many of the seeds the list finds again", said, source)
        return ax

    def __repr__(self) -> str:
        return self.sentence

    def _repr_html_(self) -> str:
        title = f"{self.sentence} AUC {self.auc:.3f} ({self.low:.3f} to {self.high:.3f})"
        return render_html(self.reach.round(3), title, self.warnings)

    def prove(self, outcomes: AnyTable, outcome: str, *, count: int, rival: str | None = None) -> SeedProof:
        """Hold the look-alikes against what they did later.

        Parameters
        ----------
        outcomes : table
            One row a customer, of days after those of the features: customer_id, `outcome` (1/0, or money), `rival`.
            Who is not in it has 0.
        outcome : str
        count : int
            So many look-alikes are picked.
        rival : str, optional
            A column known *before*, such as spend: as many customers who have most of it are the other list.

        Returns
        -------
        SeedProof

        Raises
        ------
        TableError
            Columns are missing or hold no numbers, or no customer is known.
        """
        return _prove(self, outcomes, outcome, count, rival)


@dataclass(frozen=True, eq=False, repr=False)
class SeedProof:
    """Later response of look-alikes beside others; made by `LookAlikes.prove`.

    `table` has one row a list (look-alikes, rival, everybody else): customers, mean, low, high. `gain`, `low`, `high`
    are the look-alikes' mean less that of the rival list, or of everybody else where there is no rival; who stands on
    both lists cancels out. Everybody else is on neither list.
    """

    table: pd.DataFrame
    gain: float
    low: float
    high: float
    against: str
    outcome: str
    level: float
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a list."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str = "", source: str = "") -> Axes:
        """Draw the later response of each list with its interval."""
        rows = self.table
        ax = ax or plt.subplots(figsize=(9, 1.7 + 0.42 * len(rows)))[1]
        places = np.arange(len(rows))
        ax.barh(places, rows["mean"], height=0.6, color=[TREATED, *[GREY] * (len(rows) - 1)])
        ax.hlines(places, rows["low"], rows["high"], color=INK, linewidth=2)
        shares = bool(rows["mean"].between(0, 1).all())
        for place, row in enumerate(rows.itertuples()):
            end = row.mean if np.isnan(row.high) else row.high
            ax.annotate(
                f"{row.mean:.0%}" if shares else f"{row.mean:,.2f}",
                (end, place),
                (5, 0),
                textcoords="offset points",
                va="center",
            )
        ax.set_yticks(places, [f"{row.list} ({row.customers:,})" for row in rows.itertuples()])
        most = max(rows[["mean", "high"]].max().max(), 1e-9)
        ax.set(xlim=(0, 1.15 * most), ylim=(len(rows) - 0.5, -0.5), xlabel=self.outcome.replace("_", " "))
        if shares:
            ax.xaxis.set_major_formatter("{x:.0%}")
        grid_along_x(ax, lines=False)
        said = f"mean of a customer; line: {say_level(self.level)} interval"
        headline(ax, title or "What they did later", said, source)
        return ax

    def __repr__(self) -> str:
        return f"{self.outcome}: {self.gain:+.4g} ({self.low:+.4g} to {self.high:+.4g}) against {self.against}"

    def _repr_html_(self) -> str:
        return render_html(self.table.round(4), repr(self), self.warnings)


@check_arguments
def find_lookalikes(
    people: AnyTable,
    seeds: Iterable[Any],
    *,
    features: Sequence[str] | None = None,
    folds: int = 5,
    level: float = 0.95,
    seed: int = 0,
) -> LookAlikes:
    """Find look-alikes of a seed list: logistic regression of being on the list, cross-fitted.

    Each customer, seed or not, gets the probability of a model that did not see him. So the seeds are held out in turn,
    and the score says how well a *new* seed would be found. A look-alike is alike in what was measured; whether he
    responds alike is another question (`LookAlikes.prove`), and whether a message changes him a third (lesson 33).

    Not for a seed list that was chosen by the features themselves, such as "the top spenders": the model would find the
    rule again and nothing else. And not with features from after the day on which the list was made.

    Parameters
    ----------
    people : table
        One row a customer: customer_id and numeric columns. Money and counts are taken as logarithms (sign kept), empty
        cells as the median with a mark of their own.
    seeds : iterable of ids
        20 or more, customers of `people`; others are left out and counted.
    features : sequence of str, optional
        All numeric columns otherwise.
    folds : int
        Of the cross-fitting, 2 to 10.
    level : float
    seed : int

    Returns
    -------
    LookAlikes

    Raises
    ------
    TableError
        With all problems: too few seeds, no numeric column, a feature that is not there or is infinite.

    Examples
    --------
    >>> people = pd.DataFrame({"customer_id": range(400), "baby": [3 * (n % 4 == 0) + n % 3 for n in range(400)]})
    >>> alike = find_lookalikes(people, range(0, 200, 4))
    >>> alike.pick(50)["customer_id"].mod(4).eq(0).all()
    np.True_

    Sources: Elkan and Noto (2008), KDD 14, 213-220, for lists that hold only some of those who belong on them; DeLong,
    DeLong and Clarke-Pearson (1988), Biometrics 44, 837-845, for the interval; Spiegelhalter (1986), Statistics in
    Medicine 5, 421-433, for the test of calibration.
    """
    frame = collect(check_table(people, PEOPLE)).sort_values("customer_id", ignore_index=True)
    listed = pd.Series(list(seeds), dtype=object)
    marked, notes, problems = _mark_seeds(frame, listed)
    names = _choose_features(frame, features, problems)
    if not 2 <= folds <= LEAST // 2:
        problems.append(f"folds should lie between 2 and {LEAST // 2}, found {folds}")
    if not 0 < level < 1:
        problems.append(f"level should lie between 0 and 1, found {level:g}")
    if problems:
        raise TableError(problems, "find_lookalikes")
    design, more = _make_design(frame[names])
    chance = np.empty(len(frame))
    fold = np.empty(len(frame), int)
    split = StratifiedKFold(folds, shuffle=True, random_state=seed)
    for number, (seen, unseen) in enumerate(split.split(design, marked)):
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.3, max_iter=2_000))
        model.fit(design[seen], marked[seen])
        chance[unseen] = model.predict_proba(design[unseen])[:, 1]
        fold[unseen] = number + 1
    auc, low, high = find_auc(chance, marked, fold, level)
    calibration = measure_calibration(chance, marked.astype(float))
    p = _test_calibration(chance, marked)
    table = frame[["customer_id"]].assign(seed=marked, probability=chance, fold=fold)
    table = table.sort_values(["probability", "customer_id"], ascending=[False, True], ignore_index=True)
    table["place"] = np.where(table["seed"], 0, (~table["seed"]).cumsum())
    notes += more
    if p < OFF:
        notes.append(f"the probabilities are not calibrated (p = {p:.2g}): use the order of the list, not the numbers")
    return LookAlikes(
        table,
        auc,
        low,
        high,
        _test_features(design, marked),
        _find_reach(table, level),
        calibration,
        p,
        tuple(names),
        int(marked.sum()),
        int((~marked).sum()),
        level,
        tuple(notes),
    )


def _mark_seeds(frame: pd.DataFrame, listed: pd.Series) -> tuple[np.ndarray, list[str], list[str]]:
    """Which customers are seeds, what is to be said, and what is wrong."""
    problems = find_strangers(listed, frame["customer_id"], "the seeds", "the people") if len(frame) else []
    known = frame["customer_id"].isin(listed.tolist()).to_numpy()
    notes = []
    lost = listed.nunique() - int(known.sum())
    if lost:
        notes.append(f"{lost:,} of {listed.nunique():,} seeds are not among the people, and are left out")
    if not problems and known.sum() < LEAST:
        problems.append(f"{known.sum():,} seeds are known; {LEAST} are the least")
    if not problems and (~known).sum() < LEAST:
        problems.append(f"{(~known).sum():,} people are no seeds; {LEAST} are the least")
    return known, notes, problems


def _choose_features(frame: pd.DataFrame, features: Sequence[str] | None, problems: list[str]) -> list[str]:
    numeric = [
        name
        for name in frame
        if name != "customer_id" and frame[name].dtype.kind in "iufb" and not frame[name].isna().all()
    ]
    if features is None:
        if not numeric:
            problems.append("the people have no numeric column: a profile has some (`build_profile`)")
        names = numeric
    else:
        names = list(dict.fromkeys(map(str, features)))
        if not names:
            problems.append("features names no column")
        problems += [f"there is no column `{name}`" for name in names if name not in frame]
        strange = [name for name in names if name in frame and name not in numeric]
        problems += [f"`{name}` should hold numbers, and not only empty cells" for name in strange]
    names = [name for name in names if name in numeric]
    for name in names:
        endless = int(np.isinf(frame[name].to_numpy(float)).sum())
        if endless:
            problems.append(f"`{name}` is infinite in {endless:,} rows")
    return names


def _make_design(values: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """Numbers as signed logarithms, empty cells as the median and a mark."""
    columns = []
    empty = []
    for name in values:
        column = values[name].to_numpy(float)
        missing = np.isnan(column)
        logs = np.sign(column) * np.log1p(np.abs(column))
        columns.append(np.where(missing, np.nanmedian(logs), logs))
        if missing.any():
            columns.append(missing.astype(float))
            empty.append(f"{name} ({missing.mean():.0%})")
    notes = [f"empty cells count as the median, and as a mark of their own: {', '.join(empty)}"] if empty else []
    return np.column_stack(columns), notes


def _test_features(design: np.ndarray, seed: np.ndarray) -> float:
    """F test of the linear regression of being a seed on all features: are they of any use?"""
    centred = design - design.mean(axis=0)
    outcome = seed - seed.mean()
    fit, _, rank, _ = np.linalg.lstsq(centred, outcome, rcond=None)
    left = len(outcome) - 1 - rank
    residual = float(np.sum((outcome - centred @ fit) ** 2))
    if rank == 0 or left < 1 or residual <= 0:
        return 1.0 if rank == 0 or left < 1 else 0.0
    explained = float(np.sum(outcome**2)) - residual
    return float(stats.f.sf(explained / rank / (residual / left), rank, left))


def find_auc(score: np.ndarray, seed: np.ndarray, fold: np.ndarray, level: float) -> tuple[float, float, float]:
    """Find the area under the ROC curve within folds, with DeLong's interval.

    Customers are compared within their fold only: each fold has a model of its own, and its scores are not those of
    another. The folds' models share customers, which the interval does not know:
    for lists drawn by lot it is a little too narrow (docs/tables/recommend.md).

    Parameters
    ----------
    score, seed, fold : arrays
        Of the same customers; each fold has at least two seeds and two others.
    level : float

    Returns
    -------
    auc, low, high

    Examples
    --------
    >>> score, seed = np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, True, False, True])
    >>> find_auc(score, seed, np.ones(4, int), 0.95)[0]
    0.75
    """
    areas = []
    errors = []
    sizes = []
    for number in np.unique(fold):
        here = fold == number
        area, error = _find_area(score[here], seed[here])
        areas.append(area)
        errors.append(error)
        sizes.append(float(seed[here].sum()))
    weights = np.array(sizes) / np.sum(sizes)
    auc = float(weights @ np.array(areas))
    half = float(stats.norm.ppf(0.5 + level / 2) * np.sqrt(weights**2 @ np.square(errors)))
    return auc, max(0.0, auc - half), min(1.0, auc + half)


def _find_area(score: np.ndarray, seed: np.ndarray) -> tuple[float, float]:
    """The area and its standard error in one fold."""
    n = int(seed.sum())
    m = len(seed) - n
    ranks = stats.rankdata(score)
    above = (ranks[seed] - stats.rankdata(score[seed])) / m
    below = 1 - (ranks[~seed] - stats.rankdata(score[~seed])) / n
    return float(above.mean()), float(np.sqrt(above.var(ddof=1) / n + below.var(ddof=1) / m))


def _test_calibration(chance: np.ndarray, seed: np.ndarray) -> float:
    """Spiegelhalter's test: whether squared errors are what the probabilities themselves promise."""
    spread = float(np.sum((1 - 2 * chance) ** 2 * chance * (1 - chance)))
    if spread <= 0:
        return 1.0
    z = float(np.sum((seed - chance) * (1 - 2 * chance))) / np.sqrt(spread)
    return float(2 * stats.norm.sf(abs(z)))


def _find_reach(table: pd.DataFrame, level: float) -> pd.DataFrame:
    rows = []
    total = int(table["seed"].sum())
    for share in SHARES:
        count = max(1, round(share * len(table)))
        found = int(table["seed"].head(count).sum())
        low, high = interval_of_share(found, total, level=level)
        rows.append(
            {"share": share, "customers": count, "found": found / total, "low": float(low), "high": float(high)}
        )
    return pd.DataFrame(rows)


def _prove(alike: LookAlikes, outcomes: AnyTable, outcome: str, count: int, rival: str | None) -> SeedProof:
    frame = as_frame(outcomes)
    problems = [
        f"there is no column `{name}`"
        for name in ("customer_id", outcome, rival)
        if name is not None and name not in frame
    ]
    if not problems:
        problems = find_strangers(alike.table["customer_id"], frame["customer_id"], "the look-alikes", "the outcomes")
        if frame["customer_id"].duplicated().any():
            problems.append("`customer_id` repeats: the outcomes should have one row a customer")
        wanted = [name for name in (outcome, rival) if name is not None]
        problems += [f"`{name}` should hold numbers" for name in wanted if frame[name].dtype.kind not in "iufb"]
    if problems:
        raise TableError(problems, "outcomes")
    first = alike.pick(count)["customer_id"]
    others = alike.table.loc[~alike.table["seed"], "customer_id"].sort_values().reset_index(drop=True)
    known = frame.set_index("customer_id")
    value = others.map(known[outcome]).fillna(0).to_numpy(float)
    mine = others.isin(first).to_numpy()
    lists = {"look-alikes": mine}
    rest = ~mine
    if rival is not None:
        before = others.map(known[rival]).fillna(-np.inf).to_numpy(float)
        top = np.zeros(len(others), bool)
        top[np.argsort(-before, kind="stable")[:count]] = True
        lists[f"most {rival.replace('_', ' ')}"] = top
        rest = rest & ~top
    lists["everybody else"] = rest
    rows = [_describe(name, value[here], alike.level) for name, here in lists.items()]
    against = list(lists)[1]
    gain, low, high = _compare(value, mine, lists[against], alike.level)
    notes = []
    lost = int((~others.isin(known.index)).sum())
    if lost:
        notes.append(f"{lost:,} of {len(others):,} customers are not in the outcomes, and count as 0")
    return SeedProof(pd.DataFrame(rows), gain, low, high, against, outcome, alike.level, tuple(notes))


def _describe(name: str, values: np.ndarray, level: float) -> dict[str, Any]:
    """Mean of a list with its interval; of shares Wilson's."""
    n = len(values)
    if n and np.isin(values, (0, 1)).all():
        low, high = interval_of_share(values.sum(), n, level=level)
    else:
        deviation = values.std(ddof=1) if n > 1 else 0.0
        low, high = interval_of_mean(values.mean() if n else np.nan, deviation, n, level=level)
    return {
        "list": name,
        "customers": n,
        "mean": values.mean() if n else np.nan,
        "low": float(low),
        "high": float(high),
    }


def _compare(value: np.ndarray, mine: np.ndarray, theirs: np.ndarray, level: float) -> tuple[float, float, float]:
    """Difference of two means, where who stands on both lists has one weight, the difference of both."""
    weight = mine / max(mine.sum(), 1) - theirs / max(theirs.sum(), 1)
    gain = float(round(weight @ value, 12)) + 0.0  # nothing is left where both lists are the same
    variance = 0.0
    for side in (mine & ~theirs, theirs & ~mine):
        if side.sum() > 1:
            variance += float(np.sum(weight[side] ** 2)) * value[side].var(ddof=1)
    if not variance > 0:
        return gain, float("nan"), float("nan")
    half = stats.norm.ppf(0.5 + level / 2) * np.sqrt(variance)
    return gain, gain - half, gain + half
