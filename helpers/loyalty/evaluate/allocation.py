"""Behind a budget: options read, limits laid, contacts found, and what one more unit of each limit would bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, sparse

from loyalty.columns import Column, Table
from loyalty.evaluate.outcomes import check_number, gather
from loyalty.tables import TableError, check_table

OPTIONS = Table(
    "options",
    "a segment with an offer that it could get",
    ("segment", "offer_id"),
    (
        Column("segment", "id", "which segment"),
        Column("offer_id", "id", "which offer"),
        Column("customers", "number", "customers of the segment", low=0),
        Column("profit", "money", "expected incremental profit of a contact, after all costs"),
        Column("cost", "money", "cash that a contact costs, rewards at expected redemption", low=0),
        Column("channel", "text", "how the offer goes out", optional=True),
        Column("se", "money", "standard error of profit", optional=True, low=0),
    ),
)

TINY = 1e-9  # in parts of a segment, or of the largest entry of a limit: less than this is nothing
FEASIBLE = {"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9}


def read_options(
    options: pd.DataFrame, budgets: Sequence[float], capacity: Any, caps: Any, control_share: float, draws: Any,
    caution: float | None,
) -> tuple[pd.DataFrame, np.ndarray | None]:  # fmt: skip
    """Check everything that a plan is made from, and sort it, so that the order of the rows decides nothing.

    Parameters
    ----------
    options, capacity, caps, control_share, draws, caution
        As `loyalty.evaluate.budget.plan_budget` takes them.
    budgets : sequence of float

    Returns
    -------
    table : pandas.DataFrame
        The options, sorted by segment and offer.
    draws : array (options × draws) or None
        In the same order.

    Raises
    ------
    TableError
        With all problems of the table and of the other inputs.
    """
    problems: list[str] = []
    sound = gather(problems, check_table, options, OPTIONS)
    for budget in budgets:
        problems += check_number("the budget", budget)
    share = check_number("control_share", control_share, share=True)
    problems += share or (["control_share is 1: nobody is left to be contacted"] if control_share == 1 else [])
    has = options if isinstance(options, pd.DataFrame) else pd.DataFrame()
    for what, column, limits in (("capacity", "channel", capacity), ("caps", "offer_id", caps)):
        known = set(has[column].astype(str)) if column in has else set()
        if limits and column not in has and column == "channel":
            problems.append(f"{what} is given, but the options have no column `{column}`: add it")
        for name, most in dict(limits or {}).items():
            problems += check_number(f"{what} of {name!r}", most)
            if known and str(name) not in known:
                problems.append(f"{what} of {name!r}: no option has it, found {', '.join(sorted(known)[:6])}")
    if sound:
        sizes = has.groupby("segment")["customers"].nunique()
        if len(odd := sizes.index[sizes > 1]):
            problems.append(
                f"`customers` differs within segment {odd[0]!r}: it is the size of the segment, once an offer"
            )
        problems += [] if len(has) else ["there are no options: one row a segment and offer is needed"]
    if caution is not None:
        bad = check_number("caution", caution) or not 0 < caution <= 0.5
        problems += [f"caution should be a quantile above 0 and up to 0.5, found {caution!r}"] if bad else []
        if draws is None and "se" not in has:
            problems.append("caution needs to know how sure each figure is: add a column `se`, or give draws")
    if draws is not None:
        draws = np.asarray(draws, float)
        if draws.ndim != 2 or len(draws) != len(has) or draws.shape[1] < 2 or not np.isfinite(draws).all():
            shape = " × ".join(map(str, draws.shape))
            problems.append(f"draws should be numbers, {len(has)} options × at least two draws, found {shape}")
    if problems:
        raise TableError(problems, "the budget")
    table = has.reset_index(drop=True).sort_values(["segment", "offer_id"])
    return table.reset_index(drop=True), draws if draws is None else draws[table.index]


@dataclass(frozen=True)
class Limits:
    """What a plan must keep; made by `lay_limits`.

    `uses` (limits × options) is what an option takes of each limit if the whole segment is contacted, `room` what there
    is, `names` one pair a limit: its kind (budget, capacity, cap, segment) and which. `size` is the largest number of
    contacts of each option.
    """

    uses: sparse.csr_array
    room: np.ndarray
    names: tuple[tuple[str, str], ...]
    size: np.ndarray

    @property
    def scale(self) -> np.ndarray:
        """The largest entry of each limit, 1 where nobody uses it: limits in euros and in people become comparable."""
        largest = self.uses.max(axis=1).toarray().ravel()
        return np.where(largest > 0, largest, 1.0)

    def find_tight(self, contacts: np.ndarray) -> np.ndarray:
        """Which limits a plan uses up; not a segment without customers."""
        full = (self.room - self.measure_use(contacts)) / self.scale <= TINY
        return full & np.array(
            [room > 0 or name[0] != "segment" for room, name in zip(self.room, self.names, strict=True)]
        )

    def measure_use(self, contacts: np.ndarray) -> np.ndarray:
        """How much of each limit a plan takes, in the limit's own unit."""
        return self.uses @ self._share(contacts)

    def _share(self, contacts: np.ndarray) -> np.ndarray:
        return np.divide(contacts, self.size, out=np.zeros(len(self.size)), where=self.size > 0)


def lay_limits(
    options: pd.DataFrame, budget: float, capacity: Mapping[str, float], caps: Mapping[str, float], control_share: float
) -> Limits:
    """Write the limits of a plan as rows: budget, capacity by channel, caps by offer, customers by segment.

    Parameters
    ----------
    options : pandas.DataFrame
        segment, offer_id, customers, cost; channel if there is capacity. Already checked.
    budget : float
        In money.
    capacity, caps : mapping of channel, of offer to float
        Contacts.
    control_share : float
        Part of each segment that is left alone.

    Returns
    -------
    Limits

    Examples
    --------
    >>> table = pd.DataFrame({"segment": ["a", "a"], "offer_id": ["x", "y"], "customers": 10, "cost": [1.0, 2.0]})
    >>> lay_limits(table, 8.0, {}, {"y": 3}, 0.1).names
    (('budget', 'budget'), ('cap', 'y'), ('segment', 'a'))
    """
    size = options["customers"].to_numpy(float) * (1 - control_share)
    code, segments = pd.factorize(options["segment"])
    rows, room, names = [options["cost"].to_numpy(float)], [budget], [("budget", "budget")]
    for kind, column, limits in (("capacity", "channel", capacity), ("cap", "offer_id", caps)):
        for name, most in limits.items():
            rows.append((options[column].astype(str) == str(name)).to_numpy(float))
            room.append(float(most))
            names.append((kind, str(name)))
    belongs = sparse.csr_array((np.ones(len(code)), (code, np.arange(len(code)))))
    uses = sparse.csr_array(sparse.vstack([sparse.csr_array(np.array(rows)), belongs]) * size)
    most = pd.Series(size).groupby(code).first().to_numpy()
    return Limits(uses, np.r_[room, most], (*names, *(("segment", str(s)) for s in segments)), size)


def allocate_contacts(value: np.ndarray, limits: Limits, *, whole: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Find the contacts of each option that bring the largest total value.

    Limits are kept to one part in a thousand million (`whole`: in a million) of what the largest option would take.

    Parameters
    ----------
    value : array of float, one an option
        Of one contact. Options with none or less are never used.
    limits : Limits
    whole : bool
        Contact a whole segment with one offer, or not at all.

    Returns
    -------
    contacts : array of float, one an option
    prices : array of float, one a limit
        One of the possible sets of prices where there are several; NaN for `whole`.

    Raises
    ------
    RuntimeError
        If the solver gives up.

    Examples
    --------
    >>> table = pd.DataFrame({"segment": ["a", "a"], "offer_id": ["x", "y"], "customers": 10, "cost": [1.0, 2.0]})
    >>> allocate_contacts(np.array([2.0, 3.0]), lay_limits(table, 14.0, {}, {}, 0.0))[0].round(6).tolist()
    [6.0, 4.0]

    Source: Huangfu and Hall (2018), Mathematical Programming Computation 10, 119-142 (HiGHS).
    """
    useful = np.flatnonzero((value > 0) & (limits.size > 0))
    contacts, prices = np.zeros(len(value)), np.full(len(limits.room), np.nan if whole else 0.0)
    if not len(useful):
        return contacts, prices
    gain, uses, room = _scale(value, limits, useful)
    tuned = {"mip_rel_gap": 0.0} if whole else {}
    # A budget of 1e12 says no more than one that all options together cannot spend, and disturbs the solver.
    room = np.minimum(room, 2 * uses.sum(axis=1))
    found = optimize.linprog(-gain, uses, room, method="highs", integrality=int(whole), options=FEASIBLE | tuned)
    if found.status:
        raise RuntimeError(f"the solver found no plan: {found.message}")
    share = np.round(found.x) if whole else np.clip(found.x, 0, 1)
    contacts[useful] = np.where(share > TINY, share, 0) * limits.size[useful]
    if (limits.measure_use(contacts) > limits.room + 1e-6 * limits.scale).any():  # seen with whole numbers elsewhere
        raise RuntimeError("the solver's plan breaks a limit")
    if not whole:
        prices = -found.ineqlin.marginals * (value * limits.size)[useful].max() / limits.scale
    return contacts, np.abs(prices)


def price_limits(
    value: np.ndarray, limits: Limits, contacts: np.ndarray, prices: np.ndarray, rows: Sequence[int]
) -> np.ndarray:
    """Find what one more unit of a limit would bring: the derivative to the right.

    Not for whole segments, which have no such price. Where two limits are used up at the same point (the money is gone
    with the last customer of a segment), one less euro costs more than one more would bring, and any price between
    fits the plan; the solver returns one of them, this function the smallest.

    Parameters
    ----------
    value, limits, contacts, prices
        As given to and returned by `allocate_contacts`, not `whole`.
    rows : sequence of int
        Which limits.

    Returns
    -------
    array of float
        In units of value per unit of the limit; 0 for a limit that is not used up.

    Raises
    ------
    RuntimeError
        If the solver gives up.

    Examples
    --------
    >>> table = pd.DataFrame({"segment": ["a", "b"], "offer_id": "x", "customers": 10, "cost": [1.0, 2.0]})
    >>> value, limits = np.array([2.0, 3.0]), lay_limits(table, 10.0, {}, {}, 0.0)
    >>> price_limits(value, limits, *allocate_contacts(value, limits), [0]).tolist()  # up to 10 euros it was 2
    [1.5]

    Source: Bertsimas and Tsitsiklis (1997), Introduction to Linear Optimization, sections 5.2 and 5.3.
    """
    useful = np.flatnonzero((value > 0) & (limits.size > 0))
    if not len(useful):
        return np.zeros(len(rows))
    gain, uses, _ = _scale(value, limits, useful)
    used, touched = contacts[useful] > 0, uses.sum(axis=1) > 0
    tight = limits.find_tight(contacts) & touched
    spare = touched.sum() - used.sum() - (touched & ~tight).sum()  # dimension of the set of prices that fit
    if not spare:
        return np.where(tight, prices, 0)[rows]
    # No option earns more than what it uses up is worth, those used earn exactly that, and what is left over is worth
    # nothing: all prices that keep this fit the plan.
    binds, back = np.flatnonzero(tight), (value * limits.size)[useful].max() / limits.scale
    worth, found = uses[binds].T.tocsr(), np.zeros(len(tight))
    books = -worth[~used], -gain[~used], worth[used], gain[used]

    def find_least(goal: np.ndarray) -> Any:
        least = optimize.linprog(goal, *books, method="highs")
        if least.status not in (0, 3):  # 3: prices without an upper end
            raise RuntimeError(f"the solver found no prices: {least.message}")
        return least

    wanted = np.intersect1d(rows, binds)
    if spare == 1 and len(wanted) > 2:  # a line of prices: the smallest of each lies at one of its two ends
        goal = np.random.default_rng(0).uniform(1, 2, len(binds))
        ends = [end.x for end in (find_least(goal), find_least(-goal)) if not end.status]
        found[binds] = np.min(ends, axis=0)
    else:
        found[wanted] = [find_least((binds == row).astype(float)).fun for row in wanted]
    return np.maximum(found * back, 0)[rows]


def _scale(value: np.ndarray, limits: Limits, useful: np.ndarray) -> tuple[np.ndarray, sparse.csr_array, np.ndarray]:
    gain = (value * limits.size)[useful]
    uses = sparse.csr_array(sparse.diags_array(1 / limits.scale) @ limits.uses[:, useful])
    return gain / gain.max(), uses, limits.room / limits.scale
