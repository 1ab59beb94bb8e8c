"""What may be offered: the list of offers, which of them can be sent in these days, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from loyalty.learn.recommend.sending import SendList, rate_terms
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import OFFERS
from loyalty.tables.sources import AnyTable, collect
from loyalty.text import count_of, list_few

NUMBERS = ("discount", "price", "pieces", "reward_cost", "contact_cost")
ALIKE = 0.01  # of a price: as far as a discount and a price of one offer may differ
SENT = "sent"
PLAYED = ""  # an offer that nothing stands against
DEARER = "dearer than the shelf price"
LOSES = "earns nothing at its discount and costs"
OTHER = "another offer of the product earns more"
LOSING = "expected to lose"
NOBODY = "recommended to nobody"
# What stands against an offer; one that has several products has the state of that which comes furthest.
ORDER = (
    "not valid in all days of the campaign",
    "names no product and no category",
    "no pieces",
    "not among the products",
    "nobody knows what it earns",
    "out of stock",
    DEARER,
    LOSES,
    OTHER,
    NOBODY,
    LOSING,
    PLAYED,
    SENT,
)
DAYS, BARE, NO_PIECES, UNKNOWN, NO_COST, NO_STOCK = ORDER[:6]


@dataclass(frozen=True, eq=False)
class Deals:
    """The list of offers beside the products.

    `offers` has one row an offer: offer_id, what (product or category), state and why; `rows` one row an offer and
    product: offer_id, product_id, the terms, what a piece earns (margin, paid, gift, reward), and state.
    """

    offers: pd.DataFrame
    rows: pd.DataFrame

    @property
    def played(self) -> pd.DataFrame:
        """The rows that nothing stands against."""
        return self.rows[self.rows["state"] == PLAYED].reset_index(drop=True)

    @property
    def terms(self) -> pd.DataFrame:
        """The same as the table of offers that `plan_messages` reads."""
        return self.played[["offer_id", "product_id", *NUMBERS]]

    def mark(self, marks: pd.Series, state: str) -> Deals:
        """Give the played rows where `marks` holds a state."""
        now = self.rows["state"].mask((self.rows["state"] == PLAYED) & marks, state)
        return replace(self, rows=self.rows.assign(state=now))

    def rate(self, hit: float, extra: float | None) -> pd.Series:
        """Expected margin of a message of each row, as in `Worth`."""
        assumed = hit if extra is None else extra
        return assumed * self.rows["margin"] - hit * self.rows["gift"] - self.rows["contact_cost"]

    def choose(self, hit: float, extra: float | None) -> Deals:
        """Keep one offer a product, that which is expected to earn more; of equal ones the first id."""
        rated = self.rows.assign(each=self.rate(hit, extra))[self.rows["state"] == PLAYED]
        best = rated.sort_values(["product_id", "each", "offer_id"], ascending=[True, False, True])
        best = best.drop_duplicates("product_id")
        winner = self.rows["product_id"].map(best.set_index("product_id")["offer_id"])
        found = self.mark(~self.rows.index.to_series().isin(best.index), OTHER)
        return replace(found, rows=found.rows.assign(winner=winner))

    def drop_losing(self, hit: float, extra: float | None) -> Deals:
        """Take off what is expected to lose; where nothing is set and all are, they stay, and the verdict says it."""
        loses = self.rate(hit, extra) <= 0
        is_played = self.rows["state"] == PLAYED
        if extra is None and loses[is_played].all():
            return self
        return self.mark(loses, LOSING)

    def finish(self, listed: pd.Series, sending: SendList | None) -> Deals:
        """Say of each row whether anybody gets it; `listed` are the products on anybody's list."""
        found = self.mark(~self.rows["product_id"].isin(listed), NOBODY)
        if sending is None:
            return found
        sent = sending.to_send[["offer_id", "product_id"]].drop_duplicates()
        is_sent = pd.MultiIndex.from_frame(found.rows[["offer_id", "product_id"]]).isin(pd.MultiIndex.from_frame(sent))
        played = found.rows["state"] == PLAYED
        states = found.rows["state"].mask(played & is_sent, SENT)
        states = states.mask(played & ~is_sent, NOBODY)
        return replace(found, rows=found.rows.assign(state=states))

    def list_states(self) -> pd.DataFrame:
        """One row an offer, with the state that came furthest."""
        rank = self.rows["state"].map({state: place for place, state in enumerate(ORDER)})
        best = rank.groupby(self.rows["offer_id"]).max()
        states = self.offers["offer_id"].map(best.map(dict(enumerate(ORDER)))).astype("object")
        own = self.offers["state"]
        table = self.offers.assign(state=own.where(own != PLAYED, states))
        poor = self.rows[self.rows["state"] == LOSES].groupby("offer_id")[["margin", "contact_cost"]].max()
        margin = poor["margin"].map("{:.2f} of margin a piece, ".format).astype("object").str.replace("-", "−")
        loss = margin + poor["contact_cost"].map("{:.2f} a contact".format).astype("object")
        table["why"] = table["why"].where(table["state"] != LOSES, self.offers["offer_id"].map(loss).astype("object"))
        if "winner" in self.rows:
            winner = self.offers["offer_id"].map(self.rows.groupby("offer_id")["winner"].first()).astype("object")
            table["why"] = table["why"].where(table["state"] != OTHER, winner)
        return table


def find_wrong_offers(
    offers: AnyTable | None, products: AnyTable | None, values: Mapping[str, Any], known: set[str]
) -> list[str]:
    """Say what is wrong with the list of offers, by itself and beside the settings; nothing without a list.

    `known` are the columns of the products.
    """
    if offers is None:
        return []
    table = _read_offers(offers)
    problems = []
    if table.empty:
        return ["the offers have no row"]
    if table["product_id"].isna().all() and table["category"].isna().all():
        return ["the offers name no product: give the column `product_id`, or `category`"]
    by_category = table["product_id"].isna() & table["category"].notna()
    if by_category.any() and "category" not in known:
        where = "the products have no `category`" if products is not None else "there is no table products"
        says = f"{count_of(int(by_category.sum()), 'offer')} for a category, such as {_name(table, by_category)}"
        problems.append(f"{says}, and {where}: nobody knows which products are meant")
    if values["discount"] is not None:
        problems.append("`discount` is set, and each offer has its own: leave the setting out")
    whole = table["discount"] == 1
    if whole.any():
        says = f"the discount of {_name(table, whole)} is 1, the whole price"
        problems.append(f"{says}: 1 percent is 0.01, and the cost of a gift is `reward_cost`")
    turned = table["valid_from"].notna() & table["valid_to"].notna() & (table["valid_to"] <= table["valid_from"])
    if turned.any():
        says = f"`valid_to` of {_name(table, turned)} is not after `valid_from`"
        problems.append(f"{says}: it is the day after the last day on which the offer can be used")
    return [f"offers: {text}" for text in problems]


def match_offers(offers: AnyTable, goods: pd.DataFrame, values: Mapping[str, Any]) -> Deals:
    """Lay the offers beside the products, and say what stands against each.

    Parameters
    ----------
    offers : table under OFFERS
    goods : pandas.DataFrame
        Of `price_goods`: product_id, name, price, unit_cost; category and stock if they are known.
    values : mapping
        The settings.

    Returns
    -------
    Deals

    Raises
    ------
    TableError
        With all problems: no offer is of a product on the list, discount and price differ, or no offer is left.
    """
    table = _read_offers(offers)
    table = table.assign(state=PLAYED, why="", what=_say_what(table, goods))
    for state, (is_so, why) in _judge_alone(table, values).items():
        here = is_so & (table["state"] == PLAYED)
        table.loc[here, "state"] = state
        table.loc[here, "why"] = why[here]
    rows = _join(table[table["state"] == PLAYED], goods)
    lost = (table["state"] == PLAYED) & ~table["offer_id"].isin(rows["offer_id"])
    table.loc[lost, "state"] = UNKNOWN
    _refuse_unlike(table, rows, goods)
    cost = values["contact_cost"] or 0.0
    rows = rows.assign(reward=rows["reward_cost"].fillna(0.0), contact_cost=rows["contact_cost"].fillna(cost))
    rows = rate_terms(rows)
    rows["state"] = _judge_rows(rows, values)
    found = Deals(table[["offer_id", "what", "state", "why"]], rows)
    if not (rows["state"] == PLAYED).any():
        raise TableError([f"no offer is left: {say_states(found)}"], "offers")
    return found


def say_states(found: Deals, *, examples: bool = True) -> str:
    """Count the offers that are not sent by what stands against them, each with an example."""
    states = found.list_states()
    parts = []
    for state in ORDER[:-2]:
        here = states[states["state"] == state]
        if len(here):
            why = next((text for text in here["why"] if text), "")
            example = f"{here['offer_id'].iloc[0]}{f': {why}' if why else ''}"
            parts.append(f"{state} ({len(here):,}{f', such as {example}' if examples else ''})")
    return "; ".join(parts)


def _read_offers(offers: AnyTable) -> pd.DataFrame:
    """Read the offers, sorted by their ids, with all columns that are asked for; empty where the list has none."""
    table = collect(check_table(offers, OFFERS))
    read = table[["offer_id"]].copy()
    for name in ("product_id", "category"):
        read[name] = table[name].astype("object").where(table[name].notna(), None) if name in table else None
    for name in NUMBERS:
        read[name] = pd.to_numeric(table[name]).astype("float64") if name in table else np.nan
    for name in ("valid_from", "valid_to"):
        read[name] = pd.to_datetime(table[name]) if name in table else pd.NaT
    return read.sort_values("offer_id", ignore_index=True)


def _name(table: pd.DataFrame, marks: pd.Series) -> str:
    """Name some offers."""
    return list_few([str(name) for name in table.loc[marks, "offer_id"]], 3)


def _say_what(table: pd.DataFrame, goods: pd.DataFrame) -> pd.Series:
    """Name the product or the category of each offer."""
    names = goods.set_index("product_id")["name"]
    product = table["product_id"].map(names).astype("object")
    product = product.where(product.notna(), table["product_id"])
    return product.where(table["product_id"].notna(), table["category"]).fillna("")


def _judge_alone(table: pd.DataFrame, values: Mapping[str, Any]) -> dict[str, tuple[pd.Series, pd.Series]]:
    """What stands against offers whatever the products are: marks, and why."""
    start, end = pd.Timestamp(values["start"]), pd.Timestamp(values["end"])
    late = table["valid_from"] > start
    early = table["valid_to"] < end
    why = pd.Series("", table.index)
    why = why.mask(early, "ends on " + (table["valid_to"] - pd.Timedelta(days=1)).dt.strftime("%Y-%m-%d"))
    inside = table["valid_to"] == end - pd.Timedelta(days=1)
    written = (end - pd.Timedelta(days=1)).strftime("%Y-%m-%d")
    asks = f", a day before the campaign does: is {written} its last day? Then write the day after it, {end:%Y-%m-%d}"
    why = why.mask(inside, why + asks)
    why = why.mask(late, "begins on " + table["valid_from"].dt.strftime("%Y-%m-%d"))
    nothing = pd.Series("", table.index)
    return {
        DAYS: (late | early, why),
        BARE: (table["product_id"].isna() & table["category"].isna(), nothing),
        NO_PIECES: (table["pieces"] < 1, nothing),
    }


def _join(table: pd.DataFrame, goods: pd.DataFrame) -> pd.DataFrame:
    """One row an offer and product; a category has one for each of its products."""
    columns = ["offer_id", *NUMBERS]
    shelf = goods[["product_id", "price", "unit_cost", *(["stock"] if "stock" in goods else [])]]
    shelf = shelf.rename(columns={"price": "listed"})
    one = table.loc[table["product_id"].notna(), [*columns, "product_id"]]
    parts = [one.merge(shelf.astype({"product_id": "object"}), on="product_id")]
    if "category" in goods:
        grouped = table.assign(group=_fold(table["category"]))  # before the choice: a frame without rows takes all
        many = grouped.loc[table["product_id"].isna(), [*columns, "group"]]
        known = shelf.assign(group=_fold(goods["category"])).dropna(subset="group")
        parts.append(many.dropna(subset="group").merge(known.astype({"product_id": "object"}), on="group"))
    rows = pd.concat([part for part in parts if len(part)] or parts[:1]).drop(columns="group", errors="ignore")
    rows = rows.sort_values(["offer_id", "product_id"], ignore_index=True)
    return rows.astype({"product_id": goods["product_id"].dtype})


def _fold(names: pd.Series) -> pd.Series:
    """Names of categories as they are compared: without blanks around them and capital letters."""
    return names.map(lambda name: str(name).strip().casefold(), na_action="ignore").astype("object")


def _refuse_unlike(table: pd.DataFrame, rows: pd.DataFrame, goods: pd.DataFrame) -> None:
    """Refuse offers none of which is of a product on the list, and a discount that is not that of the price."""
    problems = []
    unknown = table["state"] == UNKNOWN
    if unknown.any() and not len(rows):
        named = table.loc[unknown, "product_id"].fillna(table["category"])
        there = goods["product_id"].head(3).astype("str")
        says = f"no product of the offers ({list_few(list(map(str, named)), 3)}) is among the products"
        problems.append(f"{says} ({', '.join(there)}): are these the same ids?")
    meant = rows["listed"] * (1 - rows["discount"])
    unlike = (rows["price"] - meant).abs() > ALIKE * rows["listed"]
    if unlike.any():
        row = rows[unlike].iloc[0]
        says = f"discount and price of {_name(rows.drop_duplicates('offer_id'), unlike)} differ: {row['listed']:g} less"
        problems.append(
            f"{says} {row['discount']:.0%} is {row['listed'] * (1 - row['discount']):g}, not {row['price']:g}: "
            "leave one of them empty"
        )
    if problems:
        raise TableError(problems, "offers")


def _judge_rows(rows: pd.DataFrame, values: Mapping[str, Any]) -> pd.Series:
    """What stands against each offer of each product."""
    states = pd.Series(PLAYED, rows.index, dtype="object")
    stock = (
        rows["stock"].fillna(0) <= (values["keep_in_stock"] or 0) if "stock" in rows else pd.Series(False, rows.index)
    )
    for state, is_so in (
        (NO_COST, rows["listed"].isna() | rows["unit_cost"].isna()),
        (NO_STOCK, stock),
        (DEARER, rows["price"] > rows["listed"] * (1 + 1e-9)),
        (LOSES, rows["margin"] <= rows["contact_cost"]),
    ):
        states = states.mask(is_so & (states == PLAYED), state)
    return states
