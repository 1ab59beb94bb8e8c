"""The linear programme behind a budget: its limits, its solution, and the shadow price of each limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, sparse

TINY = 1e-9  # in parts of what an option may get, or of the largest entry of a limit: less than this is nothing
FEASIBLE = {"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9}


@dataclass(frozen=True)
class Limits:
    """What a plan must keep; made by `lay_limits`.

    `uses` (limits × options) is what a contact takes of each limit, `room` what there is, `names` one pair a limit: its
    kind (budget, capacity, cap, segment) and which. `size` is the largest number of contacts of each option, `fits`
    says where that is all its segment, `scale` is the most that an option takes of each limit (1 if nothing), so that
    euros and people can be compared, `held_back` counts the customers who are left alone.
    """

    uses: sparse.csr_array
    room: np.ndarray
    names: tuple[tuple[str, str], ...]
    size: np.ndarray
    fits: np.ndarray
    scale: np.ndarray
    held_back: float

    def measure_use(self, contacts: np.ndarray) -> np.ndarray:
        """How much of each limit a plan takes, in the limit's own unit."""
        return self.uses @ contacts

    def find_tight(self, contacts: np.ndarray) -> np.ndarray:
        """Which limits a plan uses up; not a segment without customers."""
        lives = [room > 0 or name[0] != "segment" for room, name in zip(self.room, self.names, strict=True)]
        return ((self.room - self.measure_use(contacts)) / self.scale <= TINY) & np.array(lives)


def lay_limits(
    options: pd.DataFrame, budget: float, capacity: Mapping | None, caps: Mapping | None, control_share: float
) -> Limits:
    """Write the limits of a plan as rows: budget, capacity by channel, caps by offer, customers by segment.

    Parameters
    ----------
    options : pandas.DataFrame
        segment, offer_id, customers, cost; channel if there is capacity. Already checked.
    budget : float
        In money.
    capacity, caps : mapping of channel, of offer to float, or None
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
    rows = [options["cost"].to_numpy(float)]  # what a contact takes of the budget, of each capacity and each cap
    amounts = [budget]
    names = []
    for kind, column, given in (("capacity", "channel", capacity), ("cap", "offer_id", caps)):
        for name, number in (given or {}).items():
            rows.append((options[column].astype(str) == str(name)).to_numpy(float))
            amounts.append(number)
            names.append((kind, str(name)))
    takes = np.array(rows, float)
    most = np.array(amounts, float)
    code, segments = pd.factorize(options["segment"])
    names += [("segment", str(segment)) for segment in segments]
    each = options["customers"].to_numpy(float)
    first = np.unique(code, return_index=True)[1]
    size = each * (1 - control_share)
    held_back = float(each[first].sum() * control_share)
    fits = (takes * size <= most[:, None] * (1 + TINY)).all(axis=0)
    # Counted in the contacts that there is room for: a budget that is tiny beside a segment is kept as well as a large
    # one. Where there is no room at all, the whole segment stays, so that the first unit of the limit gets its price.
    bounds = (takes > 0) & (most[:, None] > 0)
    reach = np.divide(most[:, None], takes, out=np.full(takes.shape, np.inf), where=bounds).min(axis=0)
    belongs = sparse.csr_array((np.ones(len(code)), (code, np.arange(len(code)))))
    room = np.r_[most, size[first]]
    size = np.minimum(size, reach)
    uses = sparse.vstack([sparse.csr_array(takes), belongs], "csr")
    largest = np.r_[(takes * size).max(axis=1), pd.Series(size).groupby(code).max()]
    scale = np.where(largest > 0, largest, 1.0)
    return Limits(uses, room, (("budget", "budget"), *names), size, fits, scale, held_back)


def allocate_contacts(value: np.ndarray, limits: Limits, *, whole: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Find the contacts of each option that bring the largest total value.

    Limits are kept to the last digits of a float, by `whole` to one part in a million. HiGHS 1.12 (in SciPy 1.17) may
    then print a stray line about `tmpSolver`: it means nothing, and no option of SciPy silences it.

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
    useful = np.flatnonzero((value > 0) & (limits.size > 0) & (limits.fits | (not whole)))
    contacts = np.zeros(len(value))
    prices = np.full(len(limits.room), np.nan if whole else 0.0)
    if not len(useful):
        return contacts, prices
    gain, uses, room, back = _scale(value, limits, useful)
    # A budget of 1e12 says no more than one that all options together cannot spend, and disturbs the solver.
    room = np.minimum(room, 2 * uses.sum(axis=1))
    if whole:
        fine = 1e3  # the solver's tolerance for whole numbers is a millionth
        how = {"mip_rel_gap": 0.0}
        room = room * (1 + TINY)  # what fits to the last cent should not fail by the last digit
    else:
        fine = 1.0
        how = FEASIBLE
    found = optimize.linprog(-gain * fine, uses * fine, room * fine, integrality=int(whole), options=how)
    if found.status:
        raise RuntimeError(f"the solver found no plan: {found.message}")
    share = np.round(found.x) if whole else np.where(found.x > TINY, found.x, 0)
    allowed = room * (1 + 1e-6) if whole else room
    over = np.flatnonzero(uses @ share > allowed)
    if whole and len(over):  # seen with whole numbers elsewhere
        raise RuntimeError("the solver's plan breaks a limit")
    for row in over:
        share[uses[[row]].indices] *= min(1.0, room[row] / max((uses[[row]] @ share)[0], TINY**9))
    contacts[useful] = share * limits.size[useful]
    return contacts, prices if whole else np.abs(found.ineqlin.marginals * back)


def price_limits(
    value: np.ndarray, limits: Limits, contacts: np.ndarray, prices: np.ndarray, rows: Sequence[int] | np.ndarray
) -> np.ndarray:
    """Find the shadow prices: what one more unit of a limit would bring, the derivative to the right.

    Not for whole segments, which have no such price. Where two limits are used up at the same point (the money is gone
    with the last customer of a segment), one less euro costs more than one more would bring, and any price between
    fits the plan; the solver returns one of them, this function the smallest. (Or the solver's, where a segment earns a
    thousand million times less than another, and no prices fit to the last digit.)

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

    Examples
    --------
    >>> table = pd.DataFrame({"segment": ["a", "b"], "offer_id": "x", "customers": 10, "cost": [1.0, 2.0]})
    >>> value, limits = np.array([2.0, 3.0]), lay_limits(table, 10.0, {}, {}, 0.0)
    >>> price_limits(value, limits, *allocate_contacts(value, limits), [0]).tolist()  # up to 10 euros it was 2
    [1.5]

    Source: Bertsimas and Tsitsiklis (1997), Introduction to Linear Optimization, sections 5.2 and 5.3.
    """
    useful = np.flatnonzero((value > 0) & (limits.size > 0))
    gain, uses, _, back = _scale(value, limits, useful)
    used = contacts[useful] > 0
    tight = limits.find_tight(contacts) & (uses.sum(axis=1) > 0)
    found = np.where(tight, prices, 0)
    binds = np.flatnonzero(tight)
    wanted = np.intersect1d(rows, binds)
    spare = tight.sum() - used.sum()  # dimension of the set of prices that fit
    if spare <= 0 or not len(wanted):
        return found[rows]
    # No option earns more than what it uses up is worth, those used earn exactly that, and what is left over is worth
    # nothing: all prices that keep this fit the plan. On a line of prices the smallest of each lies at one of two ends.
    worth = uses[binds].T.tocsr()
    goals = (binds == wanted[:, None]).astype(float)
    if spare == 1 and len(wanted) > 2:
        goals = np.outer([1, -1], np.random.default_rng(0).uniform(1, 2, len(binds)))
    books = -worth[~used], -gain[~used], worth[used], gain[used]
    ends = [optimize.linprog(goal, *books, method="highs") for goal in goals]
    if {end.status for end in ends} <= {0, 3}:  # 3: the line has one end only
        found[binds] = np.maximum(np.min([end.x for end in ends if not end.status], axis=0) * back[binds], 0)
    return found[rows]


def _scale(value: np.ndarray, limits: Limits, useful: np.ndarray) -> tuple[np.ndarray, sparse.csr_array, Any, Any]:
    """Gains and uses of the largest size, room, and what turns the price of this programme into that of one unit."""
    size = limits.size[useful]
    scale = limits.scale
    gain = value[useful] * size
    top = np.max(value[useful] * size, initial=0)
    uses = sparse.diags_array(1 / scale) @ limits.uses[:, useful] @ sparse.diags_array(size)
    return gain / top, sparse.csr_array(uses), limits.room / scale, top / scale
