"""Planning cluster randomisation: how alike customers drawn together are, and what that costs (design effect)."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import stats

from loyalty.stats.clusters import FEW, Clusters, find_even_size, find_icc
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import Column, Table, TableError, check_table
from loyalty.tables.sources import AnyTable, collect, open_table
from loyalty.tables.wave.together import find_unclear_names, find_wrong_column

NO_KEY = ("",)  # a key that no column has: a customer is a row, whatever his id


@dataclass(frozen=True)
class ClusterDesign:
    """What drawing whole clusters costs; made by `measure_clustering`.

    Attributes
    ----------
    icc, low, high : float
        Intra-class correlation: the part of the outcome's variance that lies between clusters, and its interval.
    clusters : int
        Clusters of the history.
    mean_size, cv : float
        Customers of a cluster on average, and the coefficient of variation of that number.
    level : float
        Coverage of the interval, a fraction.
    warnings : tuple of str
    """

    icc: float
    low: float
    high: float
    clusters: int
    mean_size: float
    cv: float
    level: float = 0.95
    warnings: tuple[str, ...] = ()

    @property
    def design_effect(self) -> float:
        """How many times as many customers it takes as if each were drawn alone; never under 1."""
        return self._inflate(self.icc)

    @property
    def careful_design_effect(self) -> float:
        """The same at the upper end of the interval of the correlation."""
        return self._inflate(self.high)

    def _inflate(self, icc: float) -> float:
        size = (1 + self.cv**2) * self.mean_size
        return 1 + (size - 1) * max(icc, 0.0)

    def count_clusters(self, customers: float) -> int:
        """Turn a number of customers who are drawn alone, such as `find_size(...).size`, into a number of clusters.

        Examples
        --------
        >>> ClusterDesign(0.05, 0.02, 0.1, 80, mean_size=21, cv=0.0).count_clusters(1_000)
        96
        """
        return ceil(customers * self.design_effect / self.mean_size)

    def to_frame(self) -> pd.DataFrame:
        """One row with every named number."""
        names = "icc low high clusters mean_size cv design_effect careful_design_effect".split()
        row = {name: getattr(self, name) for name in names}
        return pd.DataFrame([row | {"warnings": "; ".join(self.warnings)}])

    def sentence(self) -> str:
        """Say in one sentence what drawing clusters costs."""
        return (
            f"Of the variance {max(self.icc, 0.0):.1%} lies between the {self.clusters:,} clusters "
            f"({self.level:.0%} interval {max(self.low, 0.0):.1%} to {self.high:.1%}), each of {self.mean_size:.1f} "
            f"customers on average: a test of whole clusters needs {self.design_effect:.1f} times as many customers."
        )

    def _repr_html_(self) -> str:
        return render_html(self.to_frame(), self.sentence())


@check_arguments
def measure_clustering(
    history: AnyTable, *, cluster: str, outcome: str = "sales", level: float = 0.95
) -> ClusterDesign:
    """Measure the intra-class correlation (ICC), how alike customers of a cluster are, to plan a test of clusters.

    Take the outcome of the test from a window as long as the test's, of customers whom no campaign divided.

    Parameters
    ----------
    history : table
        One row a customer: the cluster, such as the store or the household, and the outcome.
    cluster, outcome : str
        Columns.
    level : float
        Coverage of the interval, a fraction.

    Returns
    -------
    ClusterDesign
        The interval is Searle's, by the F distribution, with the mean size that the analysis of variance uses: exact
        for clusters of one size and normal luck, else near.

    Raises
    ------
    TableError
        With all problems of the table; under two clusters, or every customer alone.

    Examples
    --------
    >>> table = pd.DataFrame({"store": [1, 1, 2, 2, 3, 3], "sales": [1.0, 3.0, 7.0, 9.0, 4.0, 5.0]})
    >>> found = measure_clustering(table, cluster="store")
    >>> round(found.icc, 3), found.clusters
    (0.847, 3)

    Source: Donner (1986), International Statistical Review 54, 67-82; design effect for clusters of several sizes:
    Eldridge, Ashby and Kerry (2006), International Journal of Epidemiology 35, 1292-1300.
    """
    if not 0 < level < 1:
        raise ValueError(f"level should lie between 0 and 1, such as 0.95; found {level!r}")
    if wrong := find_wrong_column(cluster, [outcome]):
        raise TableError(wrong, "history")
    columns = [Column(cluster, "id", "who is drawn together"), Column(outcome, "number", "the outcome")]
    key = NO_KEY
    if "customer_id" in open_table(history).collect_schema() and "customer_id" not in (cluster, outcome):
        columns.append(Column("customer_id", "id", "the customer"))
        key = ("customer_id",)
    table = check_table(history, Table("history", "a customer", key, tuple(columns)))
    groups = table.group_by(cluster).agg(
        nw.len().alias("customers"),
        nw.col(outcome).cast(nw.Float64).sum().alias("total"),
        (nw.col(outcome).cast(nw.Float64) ** 2).sum().alias("squares"),
    )
    sums = collect(groups)
    many = len(sums)
    n = int(sums["customers"].sum()) if many else 0
    if unclear := find_unclear_names(sums[cluster], cluster):
        raise TableError(unclear, "history")
    if many < 2 or n == many:
        says = f"`{cluster}` has {many:,} values for {n:,} customers"
        raise TableError([f"{says}: how alike customers are shows only where several clusters hold several"], "history")
    size = sums["customers"].to_numpy(float)
    filled = np.full(many, np.nan)  # nobody asks
    side = Clusters(size, sums["total"].to_numpy(float), sums["squares"].to_numpy(float), size, filled)
    icc = find_icc([side])
    notes = []
    low = high = float("nan")
    if np.isnan(icc):
        notes.append("no interval: all customers are alike, so that nothing can be told of clusters")
    else:
        low, high = bound_icc(icc, side, level)
    if icc >= 1:
        notes.append("no lower end: the customers of each cluster are all alike")
    if many < FEW:
        notes.append(f"only {many} clusters: the correlation is hardly known; plan with the upper end")
    mean = float(size.mean())
    return ClusterDesign(icc, low, high, many, mean, float(size.std() / mean), level, tuple(notes))


def bound_icc(icc: float, side: Clusters, level: float) -> tuple[float, float]:
    """Searle's interval: the F ratio of the analysis of variance, divided by the quantiles of its distribution."""
    many = len(side.customers)
    n = side.customers.sum()
    mean = find_even_size([side])
    if icc >= 1:
        return float("nan"), 1.0
    ratio = (1 + (mean - 1) * icc) / (1 - icc)
    tail = (1 - level) / 2
    ends = [ratio / stats.f.ppf(1 - tail, many - 1, n - many), ratio / stats.f.ppf(tail, many - 1, n - many)]
    low, high = ((end - 1) / (end + mean - 1) for end in ends)
    return float(low), float(high)
