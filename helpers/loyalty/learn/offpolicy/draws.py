"""How often each arm was drawn, cell by cell, against the sum of its logged chances: the counts of `check_chances`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from loyalty.stats.multiplicity import correct_for_many

BINS = 5  # of the logged chance of an arm
LEAST_ROWS = 20  # a cell with fewer says nothing


@dataclass(frozen=True, eq=False)
class Draws:
    """What a log says of its lotteries, without what came of them; fields as those of `PolicyLog`."""

    rows: pd.DataFrame
    arms: tuple[str, ...]
    arm: np.ndarray
    propensity: np.ndarray
    chances: np.ndarray | None
    customer: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)


def count_draws(draws: Draws) -> pd.DataFrame:
    """Count each arm in all rows, by segment, campaign, wave and chance, with a p-value corrected for all cells (Holm).

    Parameters
    ----------
    draws : Draws

    Returns
    -------
    pandas.DataFrame
        One row a cell: grouping, group, arm, rows, drawn, expected, p, p_adjusted; empty where the log is too small.

    Examples
    --------
    >>> rows = pd.DataFrame({"segment": "all", "campaign_id": "may", "wave": 1}, index=range(40))
    >>> fair = np.full((40, 2), 0.5)
    >>> told = Draws(rows, ("control", "mail"), np.arange(40) % 2, fair[:, 0], fair, np.arange(40))
    >>> count_draws(told)[["arm", "drawn", "expected"]].values.tolist()
    [['mail', 20, 20.0]]
    """
    cells = list(_list_cells(draws)) if len(draws) else []
    table = pd.DataFrame(cells, columns=["grouping", "group", "arm", "rows", "drawn", "expected", "p"])
    table["p_adjusted"] = correct_for_many(table["p"])
    return table


def name_worst(table: pd.DataFrame) -> tuple[float, str]:
    """Find the smallest corrected p-value of `count_draws`, and say in words which cell stands out most."""
    if not len(table):
        return 1.0, f"fewer than {LEAST_ROWS} rows: nothing can be said of the chances"
    worst = table.loc[table["p"].idxmin()]
    where = "all rows" if worst["grouping"] == "all" else f"{worst['grouping']} {worst['group']}"
    finding = (
        f"{worst['arm']!r} was drawn {worst['drawn']:,.0f} times in {worst['rows']:,.0f} rows ({where}); by the logged "
        f"chances {worst['expected']:,.0f} times were expected"
    )
    return float(worst["p_adjusted"]), finding


def _list_cells(draws: Draws) -> Iterator[tuple[str, str, str, int, int, float, float]]:
    """One cell for each grouping, group and arm, with its p-value; with two arms one of them says all."""
    repeated = int(draws.customer.max()) + 1 < len(draws)
    arms = range(1, 2) if len(draws.arms) == 2 else range(len(draws.arms))
    for arm in arms:
        drawn = draws.arm == arm
        for grouping, codes, names in _list_groupings(draws, arm):
            counts = np.bincount(codes, minlength=len(names))
            for group in np.flatnonzero(counts >= LEAST_ROWS):
                here = codes == group if len(names) > 1 else np.ones(len(draws), bool)
                customer = draws.customer[here] if repeated else None
                expected, p = _test_cell(draws, arm, drawn[here], here, customer)
                if np.isfinite(p):
                    size = int(counts[group])
                    yield grouping, str(names[group]), draws.arms[arm], size, int(drawn[here].sum()), expected, p


def _list_groupings(draws: Draws, arm: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """The ways in which the rows are grouped for an arm."""
    yield "all", np.zeros(len(draws), int), np.array(["all rows"])
    for name in ("segment", "campaign_id", "wave"):
        codes, names = pd.factorize(draws.rows[name], sort=True)
        if len(names) > 1:
            yield name, codes, np.asarray(names)
    if draws.chances is None:
        return
    chance = draws.chances[:, arm]
    edges = np.unique(np.quantile(chance, np.arange(1, BINS) / BINS))
    codes = np.searchsorted(edges, chance, side="left")
    if len(np.unique(codes)) > 1:
        names = np.array([f"bin {place + 1} of the logged chance" for place in range(len(edges) + 1)])
        yield "chance", codes, names


def _test_cell(
    draws: Draws, arm: int, drawn: np.ndarray, here: np.ndarray, customer: np.ndarray | None
) -> tuple[float, float]:
    """Expected draws of an arm among some rows, and the p-value of what was drawn."""
    count = int(drawn.sum())
    if draws.chances is None:
        if not count:
            return np.nan, np.nan
        return _test_propensities(draws.propensity[here], drawn, customer)
    chance = draws.chances[here, arm]
    expected = float(chance.sum())
    spread = float((chance * (1 - chance)).sum())
    scaled = float(count)
    if customer is not None and spread > 0:
        sums = np.bincount(customer, drawn - chance)
        more = max(1.0, float((sums**2).sum()) / spread)  # who drew once for several waves drew less
        scaled = expected + (count - expected) / np.sqrt(more)
    return expected, find_tail(scaled, expected, spread)


def _test_propensities(propensity: np.ndarray, drawn: np.ndarray, customer: np.ndarray | None) -> tuple[float, float]:
    """Expected draws of an arm, and the p-value of more, from the propensities of those who got it alone.

    Their inverses sum to the rows on average, with the variance Σ(1 − p)/p over all rows, here estimated from those who
    got the arm. Brought to the scale of a binomial count with that variance; exact where all propensities are alike.
    """
    size = len(drawn)
    mine = propensity[drawn]
    inverse = 1 / mine
    total = float(inverse.sum())
    spread = size * float(((1 - mine) * inverse**2).sum()) / total
    expected = len(mine) * size / total
    if customer is not None:
        apart = np.where(drawn, 1 / propensity, 0.0) - 1
        sums = np.bincount(customer, apart)
        more = max(1.0, float((sums**2).sum() / (apart**2).sum()))  # who drew once for several waves drew less
        total = size + (total - size) / np.sqrt(more)
    share = min(size / (spread + size), 1.0)
    return expected, find_tail(share * total, size * share, size * share * (1 - share), two_sided=False)


def find_tail(count: float, expected: float, variance: float, *, two_sided: bool = True) -> float:
    """Find the p-value of a count of independent draws: by the binomial distribution with the same mean and variance.

    Exact where all chances are alike. Where the variance is above that of independent draws, the count's distance from
    its mean is brought to their scale first.

    Parameters
    ----------
    count, expected, variance : float
        Count; its mean and variance under the hypothesis.
    two_sided : bool
        Else only too many are asked about.

    Examples
    --------
    >>> round(find_tail(13, 5.0, 5.0, two_sided=False), 4)  # Poisson
    0.002
    >>> round(find_tail(7, 5.0, 2.5), 4)  # 10 draws by 1/2
    0.3438
    """
    if variance <= 0:
        return 1.0 if abs(count - expected) < 0.5 or (not two_sided and count < expected) else 0.0
    share = 1 - variance / expected
    above = _find_more(count, expected, share)
    if not two_sided:
        return above
    return float(min(1.0, 2 * min(above, 1 - _find_more(count + 1, expected, share))))


def _find_more(count: float, expected: float, share: float) -> float:
    """Chance of `count` or more, for draws that each succeed by the chance `share`; Poisson where it is near 0."""
    if count <= 0:
        return 1.0
    if share < 1e-9:
        return float(special.gammainc(count, expected))
    size = expected / share
    rest = size - count + 1
    return float(special.betainc(count, rest, share)) if rest > 0 else 0.0
