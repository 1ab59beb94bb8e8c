"""What a message is expected to bring, under an assumption that only the control can check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from loyalty.evaluate.design.power import Power, find_detectable, find_size
from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.learn.recommend.sending import SendList
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable


@dataclass(frozen=True)
class Worth:
    """The expected margin of one message.

    Attributes
    ----------
    hit, hit_low, hit_high : float
        Share of customers who buy the product anyway, with its interval; measured without any message.
    extra : float, optional
        Share who buy only because of the message, as given; None assumes as many as buy it anyway.
    margin, paid, gift : float
        Of one piece of what is sent, on average: margin and price after the discount, and the discount.
    cost : float
        Of one message.
    reward : float
        The part of `gift` that is no discount.
    """

    hit: float
    hit_low: float
    hit_high: float
    extra: float | None
    margin: float
    paid: float
    gift: float
    cost: float
    reward: float = 0.0

    def rate_each(self, margin: pd.Series, gift: pd.Series, cost: pd.Series | float | None = None) -> pd.Series:
        """Expected margin of single messages, by the margin after the discount and the discount of their products."""
        return self.assumed * margin - self.hit * gift - (self.cost if cost is None else cost)

    @property
    def assumed(self) -> float:
        """The share who buy only because of the message: as given, else as many as buy it anyway."""
        return self.hit if self.extra is None else self.extra

    @property
    def each(self) -> float:
        """Expected margin of one message."""
        return self._find_margin(self.hit)

    @property
    def ends(self) -> tuple[float, float]:
        """The same at both ends of the interval of `hit`."""
        low, high = sorted((self._find_margin(self.hit_low), self._find_margin(self.hit_high)))
        return low, high

    @property
    def sales(self) -> float:
        """Expected extra sales of one message: the new purchases, less the discount of those who buy anyway."""
        return self.assumed * self.paid - self.hit * (self.gift - self.reward)

    @property
    def needed(self) -> float:
        """The share who must buy only because of the message for it to pay."""
        return (self.cost + self.hit * self.gift) / self.margin

    def _find_margin(self, hit: float) -> float:
        extra = hit if self.extra is None else self.extra
        return extra * self.margin - hit * self.gift - self.cost


def find_worth(hit: pd.Series, sending: SendList, goods: pd.DataFrame, extra: float | None, cost: float) -> Worth:
    """Work out what a message brings, over all customers of the draw."""
    known: dict[str, Any] = {
        "hit": float(hit["value"]),
        "hit_low": float(hit["low"]),
        "hit_high": float(hit["high"]),
        "extra": extra,
    }
    if "gift" in sending.people:
        mean = sending.people[["margin", "paid", "gift", "contact_cost", "reward"]].astype("float64").mean()
        return Worth(**known, **mean.rename({"contact_cost": "cost"}).to_dict())
    price = find_prices(sending, goods)
    return Worth(
        **known,
        margin=float(sending.people["margin"].mean()),
        paid=float(price.mean()) * (1 - sending.discount),
        gift=float(price.mean()) * sending.discount,
        cost=cost,
    )


def find_prices(sending: SendList, goods: pd.DataFrame) -> pd.Series:
    """Find the price of each message's product, in the order of `sending.people`."""
    price = sending.people["product_id"].map(goods.set_index("product_id")["price"])
    return price.astype("float64")


@dataclass(frozen=True, eq=False)
class Sight:
    """What a control of this size can show of one measure.

    `power` is of this test, None where it cannot be told, for the reason `why`; `needed` are the customers, control
    included, who would show what is expected, NaN if no list does.
    """

    power: Power | None
    needed: float
    why: str = ""

    @property
    def sees(self) -> bool:
        """Whether the expected effect is one that this test sees."""
        return self.power is not None and self.needed <= self.power.size


def find_sight_of_buyers(customers: int, control: float, worth: Worth) -> Sight:
    """Find the smallest rise of the share who buy their product that this test sees."""
    return _find_sight(customers, control, worth.assumed, rate=worth.hit)


def find_sight_of_sales(
    sending: SendList, receipts: AnyTable, day: pd.Timestamp, days: int, control: float, worth: Worth
) -> Sight:
    """Find the smallest effect on all sales that it sees, by what its customers spent in as many days before `day`."""
    start = day - pd.Timedelta(days=days)
    try:
        contacts = sending.drawn.contacts
        past = build_outcomes(contacts, receipts, start=start, end=day, before=0, after=0, allow_short=True)
    except TableError as error:
        return Sight(None, float("nan"), error.problems[0])
    spent = past["sales"].to_numpy(float)
    return _find_sight(len(spent), control, worth.sales, history=spent)


def _find_sight(customers: int, control: float, expected: float, **outcome: Any) -> Sight:
    """What a test of so many customers sees, and how many would see what is expected."""
    try:
        power = find_detectable(**outcome, size=customers, control=control)
    except TableError as error:
        return Sight(None, float("nan"), error.problems[0])
    if expected <= 0:
        return Sight(power, float("nan"), "nothing more is expected than without the message")
    try:
        needed = find_size(**outcome, effect=expected, control=control).size
    except TableError as error:
        return Sight(power, float("nan"), error.problems[0])
    return Sight(power, needed)
