"""The send list: from recommendations to one message a customer, with what may not go out taken away and counted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, INK, TREATED, grid_along_x, headline
from loyalty.evaluate.design import Assignment, assign_arms
from loyalty.learn.recommend.lists import Recommendations
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CUSTOMERS, OFFERS, PRODUCTS
from loyalty.tables.days import read_day
from loyalty.tables.flags import read_flags
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import AnyTable, collect

ARM = "message"
WITHHELD = "withheld as control"
_OWN = [replace(column, optional=False, nullable=False) for column in OFFERS.columns if column.name == "product_id"]
OFFERED = replace(  # an offer for a category has a row for each of its products
    OFFERS,
    row="a product with its offer",
    key=("product_id",),
    again="keep one row of each",
    columns=(*_OWN, *(column for column in OFFERS.columns if column.name not in ("product_id", "kind"))),
)


@dataclass(frozen=True, eq=False, repr=False)
class SendList:
    """Who would get which product, and who is withheld as control; made by `plan_messages`.

    Attributes
    ----------
    people : pandas.DataFrame
        One row a customer of the draw, sorted: customer_id, arm ("message" or "control"), product_id, place (on his
        list), score, because, margin (of one piece after the discount). Control has a product too: the one that is
        withheld. It stays inside. With offers also offer_id, paid (price of one piece with the offer), gift (what the
        offer costs where it is used: discount and reward), reward (the part of the gift that is no discount) and
        contact_cost; `margin` is then after the gift.
    steps : pandas.DataFrame
        What was taken away, in this order: step, what ("customers" or "suggestions"), out, left.
    drawn : Assignment
        The draw; its `contacts` are the contract that campaign_report reads.
    campaign_id : str
    as_of : pandas.Timestamp
    discount : float
        Of all products; 0 where each has an offer of its own.
    """

    people: pd.DataFrame = field(repr=False)
    steps: pd.DataFrame
    drawn: Assignment = field(repr=False)
    campaign_id: str
    as_of: pd.Timestamp
    discount: float
    warnings: tuple[str, ...] = ()

    @property
    def to_send(self) -> pd.DataFrame:
        """The customers of the arm "message"; whom the control holds is not among them."""
        return self.people[self.people["arm"] == ARM].reset_index(drop=True)

    @property
    def withheld(self) -> pd.DataFrame:
        """The control: who would have got a message, and does not."""
        return self.people[self.people["arm"] != ARM].reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """What was taken away, step by step."""
        return self.steps.copy()

    def plot(self, *, ax: Axes | None = None, title: str = "", source: str = "") -> Axes:
        """Draw how many customers are left after each step."""
        rows = self.steps[self.steps["what"] == "customers"]
        rows = rows[(rows["out"] > 0) | (rows["step"] == rows["step"].iloc[0])]
        ax = ax or plt_axes(len(rows))
        places = np.arange(len(rows))
        colours = [CONTROL if step == WITHHELD else GREY for step in rows["step"]]
        ax.barh(places, rows["left"], height=0.6, color=TREATED, alpha=0.85)
        ax.barh(places, rows["out"], left=rows["left"], height=0.6, color=colours, alpha=0.55)
        for place, row in enumerate(rows.itertuples()):
            text = f"{row.left:,}" + (f" (−{row.out:,})" if row.out else "")
            ax.annotate(text, (row.left + row.out, place), (5, 0), textcoords="offset points", va="center", color=INK)
        ax.set_yticks(places, list(rows["step"]))
        ax.set(xlim=(0, 1.3 * rows["left"].max()), ylim=(len(rows) - 0.5, -0.5), xlabel="customers left")
        ax.xaxis.set_major_formatter("{x:,.0f}")
        grid_along_x(ax)
        said = "blue: left after the step; pale: taken away by it"
        headline(ax, title or f"{len(self.to_send):,} messages may go out", said, source)
        return ax

    def __repr__(self) -> str:
        return (
            f"Send list {self.campaign_id}: {len(self.to_send):,} messages, {len(self.withheld):,} customers withheld "
            "as control"
        )

    def _repr_html_(self) -> str:
        return render_html(self.steps, repr(self), self.warnings)


def plt_axes(rows: int) -> Axes:
    """Axes of the height that so many bars need."""
    import matplotlib.pyplot as plt

    axes: Axes = plt.subplots(figsize=(9, 1.7 + 0.42 * rows))[1]
    return axes


@check_arguments
def plan_messages(
    recommendations: Recommendations,
    products: AnyTable,
    customers: AnyTable,
    *,
    campaign_id: str,
    salt: str,
    control: float = 0.1,
    discount: float = 0.0,
    contact_cost: float = 0.0,
    most_contacts: int | None = None,
    keep_in_stock: int = 0,
    offers: AnyTable | None = None,
) -> SendList:
    """Plan the messages: one product a customer, of those that may go out, and a control that gets none.

    In this order, each step counted: customers without consent, opted out, of the staff, or contacted too often leave
    *before* the draw; suggestions leave that are out of stock or earn nothing after discount and contact; then each
    customer gets the first suggestion that is left, as long as the stock lasts (those with the highest score first);
    then the control is drawn. Control keeps the product that it would have got, so that both arms can be compared.

    Not for several messages a customer: each needs a draw of its own. And nothing is sent by this; see
    `export_messages`, which asks for consent once more.

    Parameters
    ----------
    recommendations : Recommendations
        With several products a customer, so that there is a second choice.
    products : table under PRODUCTS
        product_id, price, unit_cost; `stock` (pieces) if known.
    customers : table under CUSTOMERS
        customer_id, consent; opted_out, staff, `contacts` (messages of the last weeks) if known.
    campaign_id, salt : str
        As in `assign_arms`.
    control : float
        Share withheld, above 0 and at most .9: without control nobody will know what the messages did.
    discount : float
        Share of the price, from 0 to below 1.
    contact_cost : float
        Of one message. A suggestion has to earn more than that if it is bought: a least bar, not the expected profit.
    most_contacts : int, optional
        Frequency cap: who has had so many messages already gets none. Needs the column `contacts`.
    keep_in_stock : int
        Pieces of each product that are not promised.
    offers : table under OFFERS, optional
        One row a product, with its product_id: discount (share) or price, reward_cost, contact_cost (`contact_cost` of
        the call where empty), pieces (of the offer, all its products together). Only products with an offer are sent.

    Returns
    -------
    SendList

    Raises
    ------
    TableError
        With all problems: columns that are missing, strange ids, settings that make no sense, or nobody left.

    Examples
    --------
    >>> from loyalty.learn.recommend import recommend_products
    >>> pairs = [(who, what) for who in range(40) for what in range(8) if who % 2 == what % 2 and (who + what) % 5]
    >>> lines = pd.DataFrame(pairs, columns=["customer_id", "product_id"])
    >>> lines = lines.assign(time=pd.Timestamp("2025-03-01"), sales=1.0)
    >>> lists = recommend_products(lines, "2025-04-01", size=3)
    >>> products = pd.DataFrame({"product_id": range(8), "price": 5.0, "unit_cost": 3.0, "stock": 20})
    >>> customers = pd.DataFrame({"customer_id": range(40), "consent": [n > 9 for n in range(40)]})
    >>> sending = plan_messages(lists, products, customers, campaign_id="spring", salt="word", control=0.2)
    >>> len(sending.people), int(sending.steps.set_index("step").loc["no consent", "out"])
    (30, 10)
    """
    _check(control, discount, contact_cost, most_contacts, keep_in_stock, offers is not None)
    shelf = collect(check_table(products, PRODUCTS))
    people = collect(check_table(customers, CUSTOMERS))
    table = recommendations.table
    _check_tables(table, shelf, people, most_contacts)
    terms = find_terms(shelf, offers, discount, contact_cost)
    steps = _Steps(table)
    may = _filter_people(steps, people, most_contacts)
    left = table[table["customer_id"].isin(may)]
    left = _filter_products(steps, left, shelf, terms, keep_in_stock)
    chosen = _allocate(left, _list_limits(shelf, terms, keep_in_stock))
    steps.say_customers("nothing left to suggest", set(chosen["customer_id"]))
    if chosen.empty:
        raise TableError(["nobody is left to write to: " + steps.name_worst()], "plan_messages")
    drawn = assign_arms(
        chosen[["customer_id"]],
        {"control": control, ARM: 1 - control},
        salt=salt,
        campaign_id=campaign_id,
        assigned_at=recommendations.as_of,
    )
    arms = drawn.contacts[["customer_id", "arm"]]
    listed = arms.merge(chosen, on="customer_id", how="left")
    steps.say_customers(WITHHELD, set(listed.loc[listed["arm"] == ARM, "customer_id"]))
    columns = ["customer_id", "arm", "product_id", "place", "score", "because", "margin"]
    if offers is not None:
        columns += ["offer_id", "paid", "gift", "reward", "contact_cost"]
        listed = listed.merge(terms[["product_id", *columns[7:]]], on="product_id", how="left")
    notes = [] if "stock" in shelf else ["the products have no `stock`: nobody knows whether they can be sold"]
    if listed["arm"].nunique() < 2:
        notes.append("one arm is empty: with so few customers the draw can do that")
    return SendList(
        listed[columns],
        steps.to_frame(),
        drawn,
        campaign_id,
        recommendations.as_of,
        discount,
        (*notes, *drawn.warnings),
    )


def find_terms(
    shelf: pd.DataFrame, offers: AnyTable | None, discount: float = 0.0, contact_cost: float = 0.0
) -> pd.DataFrame:
    """Find what one piece of each product earns on its terms: its offer, or the same discount for all.

    Parameters
    ----------
    shelf : pandas.DataFrame
        product_id, price, unit_cost.
    offers : table under OFFERED, optional
        As in `plan_messages`.
    discount, contact_cost : float
        Of products without terms of their own.

    Returns
    -------
    pandas.DataFrame
        product_id, margin (of a piece after the gift), paid, gift, reward, contact_cost, and with offers offer_id and
        pieces; only of products with an offer, where there are offers.

    Raises
    ------
    TableError
        The offers break their contract.

    Examples
    --------
    >>> shelf = pd.DataFrame({"product_id": [1, 2], "price": [10.0, 4.0], "unit_cost": [6.0, 3.0]})
    >>> offers = pd.DataFrame({"offer_id": ["ten"], "product_id": [1], "discount": [0.1], "reward_cost": [0.5]})
    >>> find_terms(shelf, offers)[["offer_id", "paid", "gift", "margin"]].values.tolist()
    [['ten', 9.0, 1.5, 2.5]]
    """
    goods = shelf[["product_id", "price", "unit_cost"]].rename(columns={"price": "listed"})
    if offers is None:
        own = goods.assign(discount=discount, price=np.nan, reward=0.0, contact_cost=contact_cost)
    else:
        table = collect(check_table(offers, OFFERED, name="offers"))
        said = {
            name: _read_term(table, name) for name in ("discount", "price", "reward_cost", "contact_cost", "pieces")
        }
        table = table[["offer_id", "product_id"]].assign(
            discount=said["discount"],
            price=said["price"],
            reward=said["reward_cost"].fillna(0.0),
            contact_cost=said["contact_cost"].fillna(contact_cost),
            pieces=said["pieces"].fillna(np.inf),
        )
        own = table.merge(goods, on="product_id")
    return rate_terms(own).drop(columns=["listed", "unit_cost", "discount", "price"])


def rate_terms(rows: pd.DataFrame) -> pd.DataFrame:
    """Add to terms what a piece earns: paid, gift and margin; of discount and price the discount counts.

    Parameters
    ----------
    rows : pandas.DataFrame
        listed (price of the shelf), unit_cost, discount (share), price (with the offer), reward.

    Examples
    --------
    >>> row = {"listed": [10.0], "unit_cost": [6.0], "discount": [None], "price": [8.0], "reward": [0.0]}
    >>> rate_terms(pd.DataFrame(row, dtype=float))[["paid", "gift", "margin"]].values.tolist()
    [[8.0, 2.0, 2.0]]
    """
    off = rows["discount"].fillna(1 - rows["price"] / rows["listed"]).fillna(0.0)
    paid = rows["listed"] * (1 - off)
    margin = paid - rows["unit_cost"] - rows["reward"]
    return rows.assign(paid=paid, gift=rows["listed"] - paid + rows["reward"], margin=margin)


def _read_term(table: pd.DataFrame, name: str) -> pd.Series:
    """A column of numbers; empty where the offers have none."""
    if name not in table:
        return pd.Series(np.nan, table.index)
    return pd.to_numeric(table[name]).astype("float64")


def _check(
    control: float,
    discount: float,
    contact_cost: float,
    most_contacts: int | None,
    keep_in_stock: int,
    has_offers: bool,
) -> None:
    problems = []
    if has_offers and discount:
        problems.append(f"discount = {discount:g} is given, and each offer has its own: leave it out")
    if not 0 < control <= 0.9:
        problems.append(
            f"control should be above 0 and at most 0.9, found {control:g}: without control nobody knows what it did"
        )
    if not 0 <= discount < 1:
        problems.append(f"discount should be a share from 0 to below 1, found {discount:g}")
    if not 0 <= contact_cost < np.inf:
        problems.append(f"contact_cost should be 0 or more, found {contact_cost:g}")
    if most_contacts is not None and most_contacts < 1:
        problems.append(f"most_contacts should be 1 or more, found {most_contacts}")
    if keep_in_stock < 0:
        problems.append(f"keep_in_stock should be 0 or more, found {keep_in_stock}")
    if problems:
        raise TableError(problems, "plan_messages")


def _check_tables(table: pd.DataFrame, shelf: pd.DataFrame, people: pd.DataFrame, most_contacts: int | None) -> None:
    problems = []
    for column in ("price", "unit_cost"):
        if column not in shelf:
            problems.append(f"the products have no `{column}`: nobody knows what a sale earns")
        elif shelf[column].isna().all():
            problems.append(f"`{column}` of the products is empty")
    if "consent" not in people:
        problems.append("the customers have no `consent`: without it nobody may be written to")
    if most_contacts is not None and "contacts" not in people:
        problems.append("for most_contacts the customers need the column `contacts`")
    problems += find_strangers(table["customer_id"], people["customer_id"], "the recommendations", "the customers")
    strange = find_strangers(table["product_id"], shelf["product_id"], "the recommendations", "the products")
    problems += [text.replace("customer_id", "product_id").replace("customer", "product") for text in strange]
    if problems:
        raise TableError(problems, "plan_messages")


class _Steps:
    """Counts what each step takes away."""

    def __init__(self, table: pd.DataFrame) -> None:
        self.customers = set(table["customer_id"])
        self.rows: list[tuple[str, str, int, int]] = [("with a recommendation", "customers", 0, len(self.customers))]

    def say_customers(self, step: str, left: set[Any]) -> None:
        left = self.customers & left
        self.rows.append((step, "customers", len(self.customers) - len(left), len(left)))
        self.customers = left

    def say_rows(self, step: str, before: int, after: int) -> None:
        self.rows.append((step, "suggestions", before - after, after))

    def name_worst(self) -> str:
        """The step that took away the most."""
        step, what, out, _ = max(self.rows, key=lambda row: row[2])
        return f"most went at the step {step!r} ({out:,} {what})"

    def to_frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows, columns=["step", "what", "out", "left"])


def _filter_people(steps: _Steps, people: pd.DataFrame, most_contacts: int | None) -> set[Any]:
    """Customers who may be written to; an unknown consent is none, an unknown number of contacts too many."""
    steps.say_customers("not among the customers", set(people["customer_id"]))
    passes = {"no consent": read_flags(people["consent"]).fillna(False)}
    if "opted_out" in people:
        passes["opted out"] = ~read_flags(people["opted_out"]).fillna(people["opted_out"].notna())
    if "staff" in people:
        passes["staff"] = ~read_flags(people["staff"]).fillna(False)
    if most_contacts is not None:
        passes["written to often enough"] = people["contacts"].fillna(np.inf) < most_contacts
    left = pd.Series(True, people.index)
    for step, one in passes.items():
        left &= one.to_numpy(bool)
        steps.say_customers(step, set(people.loc[left, "customer_id"]))
    return steps.customers


def _filter_products(
    steps: _Steps, table: pd.DataFrame, shelf: pd.DataFrame, terms: pd.DataFrame, keep_in_stock: int
) -> pd.DataFrame:
    """Suggestions that can be sold and earn something."""
    known = shelf.set_index("product_id")
    own = terms.set_index("product_id")
    table = table.assign(margin=table["product_id"].map(own["margin"]))
    rules = {"not among the products": table["product_id"].isin(known.index)}
    if "offer_id" in own:
        rules["without an offer"] = table["product_id"].isin(own.index)
        table = table.assign(offer_id=table["product_id"].map(own["offer_id"]))
    if "stock" in known:
        rules["out of stock"] = table["product_id"].map(known["stock"]).fillna(0) > keep_in_stock
    rules["earns nothing"] = table["margin"] > table["product_id"].map(own["contact_cost"])
    left = pd.Series(True, table.index)
    for step, passes in rules.items():
        before = int(left.sum())
        left &= passes
        steps.say_rows(step, before, int(left.sum()))
    return table[left]


def _list_limits(shelf: pd.DataFrame, terms: pd.DataFrame, keep_in_stock: int) -> dict[str, pd.Series]:
    """How many pieces there are: of each product, where the stock is known, and of each offer that has a limit."""
    limits = {}
    if "stock" in shelf:
        limits["product_id"] = shelf.set_index("product_id")["stock"].fillna(0) - keep_in_stock
    if "pieces" in terms and np.isfinite(terms["pieces"]).any():
        limits["offer_id"] = terms.groupby("offer_id")["pieces"].min()
    return limits


def _allocate(table: pd.DataFrame, limits: dict[str, pd.Series]) -> pd.DataFrame:
    """Give each customer the first suggestion of which a piece is left; the highest scores come first."""
    rows = table.sort_values(["customer_id", "place"], ignore_index=True)
    if not limits:
        return rows.drop_duplicates("customer_id").drop(columns="offer_id", errors="ignore")
    taken = []
    while len(rows):
        won = rows.drop_duplicates("customer_id")
        for name, left in limits.items():
            order = won.sort_values([name, "score", "customer_id"], ascending=[True, False, True])
            turn = order.groupby(name).cumcount()
            won = order[turn < order[name].map(left)]
        taken.append(won)
        rest = ~rows["customer_id"].isin(won["customer_id"])
        for name, left in limits.items():
            limits[name] = left.sub(won[name].value_counts(), fill_value=0)
            rest &= rows[name].map(limits[name]) > 0
        rows = rows[rest]
    chosen = pd.concat(taken) if taken else rows
    return chosen.sort_values("customer_id", ignore_index=True).drop(columns="offer_id", errors="ignore")


def read_export_day(day: str | dt.date | pd.Timestamp, as_of: pd.Timestamp, name: str) -> pd.Timestamp:
    """Read a day that may not lie before the day of the list.

    Raises
    ------
    TableError
    """
    read = read_day(day, name)
    if read < as_of:
        raise TableError([f"{name} = {read:%Y-%m-%d} lies before the list, of {as_of:%Y-%m-%d}"], "export_messages")
    return read
