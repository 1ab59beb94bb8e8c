"""What the next wave should test: the value of information of each offer in each segment, tried or not, in money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from loyalty.evaluate.money.value_of_testing import TestValue, value_test
from loyalty.report.history.measure import CELL, Brought
from loyalty.text import say_money

LEAST_TEST = 200  # customers: of fewer nothing is learned
USUAL = 2_000
UNTRIED = 0.05**-0.5  # standard deviations that hold 95 % of any distribution (Chebyshev)
AGAIN = "send again, with a control group"
STOP = "do not send"
TEST = "test: {:,} get it and {:,} do not"
SEND = "send: a test costs more than it tells"
LEAVE = "leave it: a test costs more than it tells"
SHARES = (0.1, 0.2, 0.3, 0.5)  # of control, that a test may have
COLUMNS = [*CELL, "customers", "treated so far", "believed", "low", "high", "worth", "cost", "gain", "next"]


@dataclass(frozen=True)
class PairBelief:
    """What is believed of an offer in a segment before the next wave: profit a customer and its uncertainty."""

    segment: str
    offer: str
    customers: int
    treated: int
    mean: float
    error: float
    low: float
    high: float


def value_tests(profit: Brought, rows: pd.DataFrame, values: Mapping[str, Any]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Value a test of each offer in each segment; the one that brings most stands first.

    Parameters
    ----------
    profit : Brought
        The profit by segment and offer.
    rows : pandas.DataFrame
        The rows of the history.
    values : mapping
        The settings: rollout and test_size.

    Returns
    -------
    tuple
        One row a cell: customers (of the segment in the next sending), treated so far, believed (profit a customer)
        with its interval, worth (of a test), cost (of it), gain (worth less cost), next; and the assumptions in words.
    """
    sizes = count_segments(rows, values["rollout"])
    noise = _find_noise(profit.cells)
    noises = {segment: _find_noise(cells) for segment, cells in profit.cells.groupby("segment")}
    table = []
    for cell in _believe(profit, sizes, rows):
        found = find_best_test(cell, noises.get(cell.segment, noise), values["test_size"] or USUAL)
        if found is None:
            continue
        money = (found.test.sample, found.test.cost, found.gain)
        known = (cell.segment, cell.offer, cell.customers, cell.treated, cell.mean, cell.low, cell.high)
        table.append([*known, *money, _advise(cell, found)])
    frame = pd.DataFrame(table, columns=COLUMNS)
    return frame.sort_values("gain", ascending=False, ignore_index=True), _say_assumptions(profit, values, noise)


class BestTest(NamedTuple):
    """A test that might be: how many get the offer, how many do not, and what that is worth."""

    treated: int
    control: int
    test: TestValue

    @property
    def gain(self) -> float:
        """What it brings less what it costs."""
        return self.test.sample - self.test.cost


def find_best_test(cell: PairBelief, noise: float, most: int) -> BestTest | None:
    """Find the size and the share of control of the test that brings most; None where the segment is too small.

    Parameters
    ----------
    cell : PairBelief
    noise : float
        Standard deviation of the profit between customers.
    most : int
        Customers that a test may have.

    Examples
    --------
    >>> cell = PairBelief("new", "tea", 4_000, 0, 0.0, 1.0, -2.0, 2.0)
    >>> best = find_best_test(cell, 20.0, 2_000)
    >>> best.treated, best.control, round(best.gain)
    (1000, 1000, 1189)
    """
    plans = []
    limit = min(cell.customers, most)
    for size in sorted({min(limit, LEAST_TEST), limit // 4, limit // 2, limit}):
        for share in SHARES:
            control = round(size * share)
            treated = size - control
            if control < LEAST_TEST // 10 or size < LEAST_TEST:
                continue
            error = noise * float(np.sqrt(1 / treated + 1 / control))
            test = value_test(cell.mean, cell.error, cell.customers, treated, control, error=error)
            plans.append(BestTest(treated, control, test))
    return max(plans, key=lambda plan: plan.gain) if plans else None


def count_segments(rows: pd.DataFrame, rollout: int | None) -> pd.Series:
    """Count the customers of each segment: each in the segment of the last list on which he or she stands.

    With `rollout`, the number of customers of the whole programme, the sizes are scaled to it.
    """
    order = rows.sort_values(["start", "campaign_id", "wave"], kind="stable", na_position="first")
    last = order.drop_duplicates("customer_id", keep="last")
    sizes = last["segment"].value_counts().sort_index()
    if rollout is None:
        return sizes
    return (sizes / sizes.sum() * rollout).round().astype("int64")


def _find_noise(cells: pd.DataFrame) -> float:
    """The standard deviation of profit between customers, as the errors of the cells tell it."""
    sizes = 1 / cells["n_treated"] + 1 / cells["n_control"]
    weight = cells["n_treated"] + cells["n_control"]
    return float(np.sqrt(np.average(cells["se"] ** 2 / sizes, weights=weight)))


def _believe(profit: Brought, sizes: pd.Series, rows: pd.DataFrame) -> list[PairBelief]:
    """What is believed of each cell; of one that was never measured, what the others let expect.

    The interval of a measured cell covers whatever the true values, and so does that of one that was never measured,
    by Chebyshev's inequality: no pair may look surer because nobody has tried it.
    """
    cells = profit.cells.set_index(CELL)
    treated = rows[rows["arm"] != "control"].groupby(["segment", "offer_id"]).size()
    offers = profit.offers.set_index("offer")
    believed = []
    for segment, customers in sizes.items():
        for offer in sorted(set(treated.index.get_level_values(1)) | set(offers.index)):
            sent = int(treated.get((segment, offer), 0))
            if (segment, offer) in cells.index:
                row = cells.loc[(segment, offer)]
                mean, error = float(row["mean"]), float(row["sd"])
                low, high = float(row["believed_low"]), float(row["believed_high"])
            elif profit.beliefs is not None:
                mean, error = profit.beliefs.mean, profit.beliefs.sd
                low, high = mean - UNTRIED * error, mean + UNTRIED * error
            else:
                continue
            believed.append(PairBelief(str(segment), str(offer), int(customers), sent, mean, error, low, high))
    return believed


def _advise(cell: PairBelief, found: BestTest) -> str:
    """Say what to do with a cell next."""
    if cell.low > 0:
        return AGAIN
    if cell.high < 0:
        return STOP
    if found.gain > 0:
        return TEST.format(found.treated, found.control)
    return SEND if cell.mean > 0 else LEAVE


def _say_assumptions(profit: Brought, values: Mapping[str, Any], noise: float) -> tuple[str, ...]:
    """The assumptions behind the value of a test, a sentence each."""
    unit = values["currency"] or ""
    spread = "is not known, because fewer than four cells were measured, so pairs without a test are left out"
    if profit.beliefs is not None:
        spread = f"is about {say_money(profit.beliefs.spread, unit, 2)}; a pair that was never tried is like the others"
    whom = "those on the lists, each in the segment of the last one"
    if values["rollout"]:
        whom = f"{values['rollout']:,}, in segments as large as on the lists"
    return (
        "Believed: what was measured, moved towards the mean of all pairs; of a pair that was never tried, that mean "
        "itself, with an interval that holds whatever the pairs are like. "
        "Worth: how much better the decision becomes, to send the offer to the whole segment once or to nobody. "
        "Cost: what the test is expected to lose against the decision that looks better now. Gain: the first less "
        "the second; the workbook has both.",
        f"Assumed: customers are {whom}; the test has the size and the share of control that bring most; "
        f"profit differs between customers as it did in their segment, in all by {say_money(noise, unit, 2)} (standard "
        f"deviation); what truly differs between segments and offers {spread}; "
        "an offer works next time as it did; each offer is judged alone, against sending nothing. Two tests in one "
        "segment need the same customers: do one, or give each of them a part of the segment.",
    )
