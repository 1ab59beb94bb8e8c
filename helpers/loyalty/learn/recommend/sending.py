"""The send list: from recommendations to one message a customer, with what may not go out taken away and counted."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
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
from loyalty.tables.contracts import CUSTOMERS, PRODUCTS
from loyalty.tables.days import read_day
from loyalty.tables.flags import read_flags
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import AnyTable, collect

ARM = "message"
WITHHELD = "withheld as control"


@dataclass(frozen=True, eq=False, repr=False)
class SendList:
    """Who would get which product, and who is withheld as control; made by `plan_messages`.

    Attributes
    ----------
    people : pandas.DataFrame
        One row a customer of the draw, sorted: customer_id, arm ("message" or "control"), product_id, place (on his
        list), score, because, margin (of one piece after the discount). Control has a product too: the one that is
        withheld. It stays inside.
    steps : pandas.DataFrame
        What was taken away, in this order: step, what ("customers" or "suggestions"), out, left.
    drawn : Assignment
        The draw; its `contacts` are the contract that campaign_report reads.
    campaign_id : str
    as_of : pandas.Timestamp
    discount : float
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
    _check(control, discount, contact_cost, most_contacts, keep_in_stock)
    shelf = collect(check_table(products, PRODUCTS))
    people = collect(check_table(customers, CUSTOMERS))
    table = recommendations.table
    _check_tables(table, shelf, people, most_contacts)
    steps = _Steps(table)
    may = _filter_people(steps, people, most_contacts)
    left = table[table["customer_id"].isin(may)]
    left = _filter_products(steps, left, shelf, discount, contact_cost, keep_in_stock)
    chosen = _allocate(left, shelf, keep_in_stock)
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


def _check(control: float, discount: float, contact_cost: float, most_contacts: int | None, keep_in_stock: int) -> None:
    problems = []
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
    steps: _Steps, table: pd.DataFrame, shelf: pd.DataFrame, discount: float, contact_cost: float, keep_in_stock: int
) -> pd.DataFrame:
    """Suggestions that can be sold and earn something."""
    known = shelf.set_index("product_id")
    margin = known["price"] * (1 - discount) - known["unit_cost"]
    table = table.assign(margin=table["product_id"].map(margin))
    rules = {"not among the products": table["product_id"].isin(known.index)}
    if "stock" in known:
        rules["out of stock"] = table["product_id"].map(known["stock"]).fillna(0) > keep_in_stock
    rules["earns nothing"] = table["margin"] > contact_cost
    left = pd.Series(True, table.index)
    for step, passes in rules.items():
        before = int(left.sum())
        left &= passes
        steps.say_rows(step, before, int(left.sum()))
    return table[left]


def _allocate(table: pd.DataFrame, shelf: pd.DataFrame, keep_in_stock: int) -> pd.DataFrame:
    """Give each customer the first suggestion of which a piece is left; the highest scores come first."""
    rows = table.sort_values(["customer_id", "place"], ignore_index=True)
    if "stock" not in shelf:
        return rows.drop_duplicates("customer_id")
    stock = shelf.set_index("product_id")["stock"].fillna(0) - keep_in_stock
    taken = []
    for _ in range(int(rows["place"].max()) if len(rows) else 0):
        first = rows.drop_duplicates("customer_id")
        if first.empty:
            break
        order = first.sort_values(["product_id", "score", "customer_id"], ascending=[True, False, True])
        turn = order.groupby("product_id").cumcount()
        won = order[turn < order["product_id"].map(stock)]
        taken.append(won)
        stock = stock.sub(won["product_id"].value_counts(), fill_value=0)
        rest = ~rows["customer_id"].isin(won["customer_id"])
        rows = rows[rest & (rows["product_id"].map(stock) > 0)]
    chosen = pd.concat(taken) if taken else rows
    return chosen.sort_values("customer_id", ignore_index=True)


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
