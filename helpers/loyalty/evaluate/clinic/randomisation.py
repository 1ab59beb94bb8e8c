"""One randomisation test of whether the groups were alike before the start: the lottery is drawn anew, many times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

SEED = 36
TOP = 0.95  # the pooled quantile of spend above which a customer is one of the top
# Lotteries that are drawn anew: as many as fit into this many draws of a customer, between the least and the most
LEAST = 1_000
MOST = 1_999
EFFORT = 2e7
ENOUGH = (
    2_000  # customers of the smaller group: with fewer the gaps are not normal, and lotteries are drawn all the same
)
BATCH = 2_000_000  # entries of a block of indicators
NORMAL_DRAWS = 200_000
ALIKE = 1e-4  # a redrawn statistic nearer than this part to the one that was found is the same, but for rounding


@dataclass(frozen=True)
class Randomisation:
    """The max-t test of the groups; made by `compare_with_lotteries`.

    Attributes
    ----------
    p : float
        The share of lotteries in which any statistic lies as far from what was to be expected as the farthest did here;
        NaN where nothing varies, or no cell holds both groups.
    table : pandas.DataFrame
        One row a statistic: treated and control (means of the customers who were compared), z (treated less control, in
        standard deviations of the lottery).
    lotteries : int
        How many were drawn; 0 where the normal approximation was used.
    n_treated, n_control : int
        The customers who were compared.
    """

    p: float
    table: pd.DataFrame = field(repr=False, compare=False)
    lotteries: int
    n_treated: int
    n_control: int

    @property
    def worst(self) -> str:
        """The statistic that is farthest from what was to be expected; empty where there is none."""
        return str(self.table["z"].abs().idxmax()) if len(self.table) else ""


@check_arguments
def compare_with_lotteries(
    values: pd.DataFrame,
    control: pd.Series,
    cells: pd.Series | None = None,
    *,
    lotteries: int | None = None,
    seed: int = SEED,
) -> Randomisation:
    """Ask whether control looks as if drawn by lot: the largest of several gaps, against lotteries that are redrawn.

    Exact for customers who were drawn by lot within their cell, whatever the values are: who was in control is drawn
    anew, as many in each cell as there were. Not for groups that were made in another way. On more than
    20,000 customers with 2,000 or more in either group the gaps are taken as jointly normal, with the correlation that
    the lottery gives them.

    Parameters
    ----------
    values : DataFrame of numbers, (customers, statistics)
        What was known before the start, one row a customer, none empty.
    control : Series of bool
        Who is in control; rows as in `values`.
    cells : Series, optional
        Within which groups the lottery was the same for all, such as strata. Cells with one group only say nothing.
    lotteries : int, optional
        How many are drawn, 1 or more; 0 asks for the normal approximation. Left out: 1,000 to 1,999, by size.
    seed : int
        Of the lotteries. The order of the rows and the names of the cells change nothing.

    Returns
    -------
    Randomisation

    Raises
    ------
    TableError
        Rows that do not belong together, or values that are empty or no numbers.

    Examples
    --------
    >>> values = pd.DataFrame({"sales": [0.0, 1, 2, 3, 4, 5, 6, 90]})
    >>> compare_with_lotteries(values, pd.Series([True, False] * 4)).p > 0.4
    True
    >>> compare_with_lotteries(values, values["sales"] < 4).p < 0.05
    True

    Source: Westfall and Young (1993), Resampling-based multiple testing, section 2.6; Hansen and Bowers (2008),
    Statistical Science 23, 219-236 (the gaps and their variance under the lottery).
    """
    if lotteries is not None and lotteries < 0:
        raise ValueError(f"lotteries should be 0 or more; found {lotteries!r}")
    groups = pd.Series(0, values.index) if cells is None else cells
    _refuse_strange(values, control, groups)
    mixed = control.groupby(groups.to_numpy()).transform("nunique") == 2
    drawn = control[mixed].to_numpy(bool)
    sides = {"n_treated": int((~drawn).sum()), "n_control": int(drawn.sum())}
    numbers = values[mixed].to_numpy(float)
    centred, at = _centre(numbers, drawn, groups[mixed])
    own = drawn[at.order]
    spread = _find_covariance(centred, own, at)
    # What is left of one value after its own mean is taken off is rounding, and no spread
    moves = np.sqrt(np.diag(spread)) > 1e-9 * np.abs(numbers).max(axis=0, initial=0.0)
    if not moves.any():
        return Randomisation(float("nan"), pd.DataFrame({"treated": [], "control": [], "z": []}), 0, **sides)
    error = np.sqrt(np.diag(spread))[moves]
    scaled = centred[:, moves] / error
    found = own @ scaled
    wanted = _choose_number(at) if lotteries is None else lotteries
    top = np.abs(found).max()
    if wanted:
        p = _draw_lotteries(scaled, own, at, wanted, top, seed)
    else:
        p = _approximate(spread[np.ix_(moves, moves)] / np.outer(error, error), top, seed)
    table = pd.DataFrame(
        {
            "treated": numbers[~drawn][:, moves].mean(axis=0),
            "control": numbers[drawn][:, moves].mean(axis=0),
            "z": -found,
        },
        index=values.columns[moves],
    )
    return Randomisation(p, table, wanted, **sides)


def describe_spend(spend: pd.DataFrame) -> pd.DataFrame:
    """Turn what customers bought before the start into the statistics of the test.

    Of sales: their mean, what lies above the pooled 95th percentile, whether a customer lies above it, and the rank; of
    orders the rank; of both the rank of an order's size, 0 for who bought nothing. Where the one is not known, the
    other stands for it.

    Parameters
    ----------
    spend : DataFrame
        Columns sales, orders, or one of them; one row a customer, none empty.

    Examples
    --------
    >>> describe_spend(pd.DataFrame({"sales": [0.0, 1, 2, 50]}))["top sales"].round(2).tolist()
    [0.0, 0.0, 0.0, 7.2]
    """
    name = "sales" if "sales" in spend else "orders"
    values = spend[name].astype(float)
    border = float(values.quantile(TOP)) if len(values) else 0.0
    table = {
        name: values,
        f"top {name}": (values - border).clip(lower=0.0),
        "top buyers": (values > border).astype(float),
        f"rank of {name}": values.rank(),
    }
    if {"sales", "orders"} <= {*spend}:
        orders = spend["orders"].astype(float)
        bought = orders > 0
        size = (values / orders.where(bought)).rank()
        table["rank of orders"] = orders.rank()
        table["rank of an order's size"] = (size - size.mean()).fillna(0.0)
    return pd.DataFrame(table)


@dataclass(frozen=True)
class _Cells:
    """Rows in the order of their cells: where each row was, and each cell's customers and controls."""

    order: np.ndarray
    sizes: np.ndarray
    controls: np.ndarray

    @property
    def fewer(self) -> np.ndarray:
        """Customers of the smaller group of each cell; the values of a cell add up to 0, so one group tells all."""
        return np.minimum(self.controls, self.sizes - self.controls)


def _refuse_strange(values: pd.DataFrame, control: pd.Series, groups: pd.Series) -> None:
    problems = []
    if not len(values) == len(control) == len(groups):
        problems.append(f"{len(values):,} rows of values, {len(control):,} of control and {len(groups):,} of cells")
    for name in values:
        if not pd.api.types.is_numeric_dtype(values[name]):
            problems.append(f"`{name}` should hold numbers, found {values[name].dtype}")
        elif not np.isfinite(values[name].to_numpy(float)).all():
            problems.append(f"`{name}` is empty or infinite for some customers: leave them out, or fill it")
    if problems:
        raise TableError(problems, "the lottery")


def _centre(numbers: np.ndarray, drawn: np.ndarray, groups: pd.Series) -> tuple[np.ndarray, _Cells]:
    """Values less the mean of their cell, sorted so that the order of rows and the names of cells change nothing."""
    codes = pd.factorize(groups)[0]
    sizes = np.bincount(codes)
    controls = np.bincount(codes, weights=drawn).astype(int)
    # By rows of one content: within a cell by value, cells by size, controls and their own values
    inside = np.lexsort([*numbers.T[::-1], codes])
    first = np.r_[0, np.cumsum(sizes)[:-1]]
    ordered = numbers[inside]
    sums = np.add.reduceat(ordered, first, axis=0) if len(ordered) else ordered
    rank = np.empty(len(sizes), int)
    rank[np.lexsort([*sums.T[::-1], controls, sizes])] = np.arange(len(sizes))
    order = inside[np.argsort(rank[codes[inside]], kind="stable")]
    by_rank = np.argsort(rank)
    sizes, controls = sizes[by_rank], controls[by_rank]
    means = sums[by_rank] / sizes[:, None]
    return numbers[order] - np.repeat(means, sizes, axis=0), _Cells(order, sizes, controls)


def _find_covariance(centred: np.ndarray, own: np.ndarray, at: _Cells) -> np.ndarray:
    """Covariance of the sums over control under the lottery, exact for any values."""
    free = np.maximum(at.sizes - 1, 1)
    weight = np.repeat(at.controls * (at.sizes - at.controls) / (at.sizes * free), at.sizes)
    return (centred * weight[:, None]).T @ centred


def _choose_number(at: _Cells) -> int:
    """How many lotteries; 0 (the normal approximation) where they take too long, and both groups have enough."""
    fit = int(EFFORT / max(at.sizes.sum(), 1))
    if fit >= LEAST:
        return min(fit, MOST)
    return LEAST if at.fewer.sum() < ENOUGH else 0


def _draw_lotteries(scaled: np.ndarray, own: np.ndarray, at: _Cells, number: int, top: float, seed: int) -> float:
    """The share of lotteries whose largest gap is at least `top`, the lottery of the campaign itself included."""
    rng = np.random.default_rng(seed)
    values = scaled.astype(np.float32)
    hits = 0
    if number * len(own) > EFFORT:
        sums = np.array([_draw_few(values, at, rng) for _ in range(number)])
        hits = int((np.abs(sums).max(axis=1) >= top * (1 - ALIKE)).sum())
        return (1 + hits) / (1 + number)
    for rows in _split(number, len(own)):
        sums = np.zeros((rows, values.shape[1]), np.float32)
        start = 0
        for size, controls, fewer in zip(at.sizes, at.controls, at.fewer, strict=True):
            keys = np.frombuffer(rng.bytes(4 * rows * size), np.uint32).reshape(rows, size)
            # The lowest keys are drawn
            border = np.partition(keys, fewer - 1, axis=1)[:, fewer - 1 : fewer]
            part = (keys <= border).astype(np.float32) @ values[start : start + size]
            sums += part if fewer == controls else -part
            start += size
        hits += int((np.abs(sums).max(axis=1) >= top * (1 - ALIKE)).sum())
    return (1 + hits) / (1 + number)


def _draw_few(values: np.ndarray, at: _Cells, rng: np.random.Generator) -> np.ndarray:
    """The sums of one lottery in which few are drawn of many, place by place."""
    sums = np.zeros(values.shape[1])
    start = 0
    for size, controls, fewer in zip(at.sizes, at.controls, at.fewer, strict=True):
        drawn = values[start + rng.choice(size, fewer, replace=False, shuffle=False)].sum(axis=0)
        sums += drawn if fewer == controls else -drawn
        start += size
    return sums


def _split(number: int, customers: int) -> Iterator[int]:
    """Blocks of lotteries that fit into memory."""
    most = max(1, BATCH // max(customers, 1))
    for begin in range(0, number, most):
        yield min(most, number - begin)


def _approximate(correlation: np.ndarray, top: float, seed: int) -> float:
    """Chance that the largest of jointly normal gaps is at least `top`."""
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    draws = np.random.default_rng(seed).standard_normal((NORMAL_DRAWS, len(correlation))) @ root.T
    share = (1 + int((np.abs(draws).max(axis=1) >= top).sum())) / (1 + NORMAL_DRAWS)
    # Far out the sum over all gaps is the better bound
    return float(min(share, 2 * len(correlation) * stats.norm.sf(top), 1.0))
