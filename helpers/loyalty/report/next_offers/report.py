"""The template `next_offers`: which product to write about to whom next, why, and what the control can show of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from loyalty.intake.loading import take_tables
from loyalty.learn.recommend.lists import recommend_products
from loyalty.learn.recommend.sending import SendList, plan_messages
from loyalty.report.next_offers.addressees import UNREACHED, Addressees, find_missing, read_addressees
from loyalty.report.next_offers.choice import choose_way
from loyalty.report.next_offers.deals import LOSING, Deals, find_wrong_offers, match_offers
from loyalty.report.next_offers.goods import find_lacking, price_goods
from loyalty.report.next_offers.handover import BUYERS, NextOffers, hand_over, make_files
from loyalty.report.next_offers.layout import OfferPlan, OffersFound, lay_out
from loyalty.report.next_offers.settings import SETTINGS, TABLES
from loyalty.report.next_offers.worth import (
    find_prices,
    find_sight_of_buyers,
    find_sight_of_sales,
    find_worth,
)
from loyalty.report.output.parts import columns_of, find_days, list_skipped, show_sources
from loyalty.report.output.privacy import SMALL
from loyalty.report.run.settings import read_settings
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.personal import looks_personal
from loyalty.tables.sources import AnyTable

UNLOCKS = (
    ("products", "names, prices and costs of the list, and only what is still sold"),
    ("products.stock", "what is out of stock taken off"),
    ("products.unit_cost", "the margin of each product"),
    ("receipts.quantity", "the price of a piece"),
    ("customers.consent", "the filter of those who did not agree"),
    ("customers.opted_out", "the filter of opt-outs"),
    ("customers.staff", "the filter of staff"),
    ("customers.last_contact", "the filter of those written to just now"),
    ("customers.contacts", "the filter of those written to often"),
    ("customers.channel", "one send list a channel"),
    ("customers.segment", "the campaign's report by segment"),
)
SHARE = 0.2  # of control
SIZE = 5  # products on each list
SHORTEST = 2  # days of a campaign


@check_arguments
def plan_next_offers(tables: Mapping[str, Any], settings: Mapping[str, Any]) -> NextOffers:
    """Plan one message a customer: the product, the reason, the expected margin, the lists to send, and the control.

    Ways to recommend are scored on the last days before the plan; one that is not shown to be better than the
    best-sellers is not sent. Not a forecast: a hit says what is bought anyway, and what a message changes only the
    control tells, in `campaign_report`.

    Parameters
    ----------
    tables : mapping of str to Loaded
        From `load_tables`: receipts, and if there are any products, customers and offers. With offers only their
        products are suggested, each at the terms of its offer.
    settings : mapping
        See `SETTINGS`.

    Returns
    -------
    NextOffers
        Sections ways, taken, worth, size, products, reasons, checks, files, record, skipped, read, appendix; charts
        ways, taken, products. Without anybody's consent it is a draft: scores, products and reasons, and nothing to
        send.

    Raises
    ------
    TableError
        With all problems of the settings and columns; or if the receipts do not reach back far enough, or nobody is
        left to write to.
    """
    values = read_settings(settings, SETTINGS)
    sources = take_tables(tables, TABLES)
    receipts, products, customers, offers = (sources.get(name) for name in TABLES)
    _check(values, receipts, products, customers, offers)
    who = read_addressees(receipts, customers, values)
    first, day, silent = _find_day(receipts, values)
    days = (pd.Timestamp(values["end"]) - pd.Timestamp(values["start"])).days
    size = values["size"] or SIZE
    goods, notes = price_goods(receipts, products, day, values["margin_rate"])
    deals = None if offers is None else match_offers(offers, goods, values)
    only = None if deals is None else sorted(deals.played["product_id"].unique())
    size = size if only is None else min(size, len(only))
    choice = choose_way(receipts, first, day, days, size, only)
    if deals is not None:
        deals = deals.choose(choice.hit["value"], values["extra_buyers"])
    lists = recommend_products(receipts, day, way=choice.way, size=size, only=only)
    found = OffersFound(values, day, days, silent, choice, lists, goods, tuple(notes), deals)
    plan = None
    if who.agreed:
        plan = _plan(found, who, receipts)
    if deals is not None:
        found = replace(found, deals=_finish(found, plan))
    skipped = list_skipped(UNLOCKS, tables)
    if values["consent"]:
        skipped = skipped[skipped["what unlocks it"] != "the column consent in customers"].reset_index(drop=True)
    return lay_out(found, plan, skipped, show_sources(tables))


def _check(
    values: Mapping[str, Any],
    receipts: AnyTable,
    products: AnyTable | None,
    customers: AnyTable | None,
    offers: AnyTable | None,
) -> None:
    """Check that settings and columns fit together; TableError with all problems."""
    start, end = pd.Timestamp(values["start"]), pd.Timestamp(values["end"])
    problems = []
    if (end - start).days < SHORTEST:
        problems.append(f"the campaign should last {SHORTEST} days or more: `end` is the day after its last day")
    if values["as_of"] and values["as_of"] > values["start"]:
        problems.append(f"`as_of` ({values['as_of']}) should not be after `start` ({values['start']})")
    share = values["control_share"]
    if share is not None and not 0 < share <= 0.9:
        problems.append(f"`control_share` should lie above 0 and up to 0.9, found {share:g}: nothing is seen without")
    if values["discount"] is not None and values["discount"] >= 1:
        problems.append(f"`discount` should be below 1, found {values['discount']:g}")
    if looks_personal(pd.Series([values["campaign"]])):
        problems.append("`campaign` holds a phone, an e-mail or a payment card")
    problems += find_lacking(receipts, products, values)
    problems += find_missing(customers, values)
    problems += find_wrong_offers(offers, products, values, set() if products is None else set(columns_of(products)))
    if problems:
        raise TableError(problems, "next_offers")


def _find_day(receipts: AnyTable, values: Mapping[str, Any]) -> tuple[pd.Timestamp, pd.Timestamp, int]:
    """Find the day of the first receipt, the day before which purchases are known, and the days from it to the start.

    Raises
    ------
    TableError
        No receipt lies before that day, or some are dated far ahead.
    """
    span = find_days(receipts, values["as_of"])
    start = pd.Timestamp(values["start"])
    asked = pd.Timestamp(values["as_of"] or values["start"])
    day = min(asked, span["last"].normalize() + pd.Timedelta(days=1))
    first = span["first"].normalize()
    if first >= day:
        says = f"the receipts begin on {first:%Y-%m-%d}, and what is known should lie before {asked:%Y-%m-%d}"
        raise TableError([f"{says}: correct `start` or `as_of`, or give earlier receipts"], "receipts")
    return first, day, (start - day).days


def _plan(found: OffersFound, who: Addressees, receipts: AnyTable) -> OfferPlan:
    """Plan the messages, draw the control, and work out what it can show."""
    values = found.values
    control = SHARE if values["control_share"] is None else values["control_share"]
    cost = values["contact_cost"] or 0.0
    sending = _send(found, who, control, cost)
    _check_arms(sending)
    worth = find_worth(found.choice.hit, sending, found.goods, values["extra_buyers"], cost)
    buyers = find_sight_of_buyers(len(sending.people), control, worth)
    sales = find_sight_of_sales(sending, receipts, found.day, found.days, control, worth)
    if found.deals is None:
        expected = worth.rate_each(sending.people["margin"], find_prices(sending, found.goods) * sending.discount)
    else:
        expected = worth.rate_each(*(sending.people[name] for name in ("margin", "gift", "contact_cost")))
    since = receipts if values["as_of"] else None
    metric = BUYERS if buyers.sees and not sales.sees else None
    handed, assignment, record = hand_over(sending, who, expected, since, values, metric)
    files, listed = make_files(handed, assignment, record)
    return OfferPlan(sending, worth, buyers, sales, handed, assignment, record, files, listed)


def _check_arms(sending: SendList) -> None:
    """Check that both arms hold enough customers to be compared, and to be shown; TableError otherwise."""
    sizes = {"messages": len(sending.to_send), "customers in control": len(sending.withheld)}
    few = [name for name, size in sizes.items() if size < SMALL]
    if few:
        total = "fewer than ten" if len(sending.people) < 2 * SMALL else f"{len(sending.people):,}"
        says = f"of {total} customers who may be written to, the draw made fewer than {SMALL} {' and '.join(few)}"
        raise TableError([f"{says}: nothing could be compared; give more customers, or change control_share"], "draw")


def _send(found: OffersFound, who: Addressees, control: float, cost: float) -> SendList:
    """Plan the messages; who cannot be reached, and what is expected to lose, leaves before all else."""
    values = found.values
    discount = values["discount"] or 0.0
    table = found.lists.table
    left = table[~table["customer_id"].isin(who.unreached)]
    kept = left
    deals = None if found.deals is None else found.deals.drop_losing(found.choice.hit["value"], values["extra_buyers"])
    if deals is not None:
        kept = left[left["product_id"].isin(deals.played["product_id"])]
    elif values["extra_buyers"] is not None:
        kept = left[left["product_id"].isin(_find_paying(found, discount, cost))]
    if kept.empty:
        why = f"all have {UNREACHED}" if left.empty else "with so few extra_buyers each message is expected to lose"
        raise TableError([f"nobody is left to write to: {why}"], "next_offers")
    sending = plan_messages(
        replace(found.lists, table=kept.reset_index(drop=True)),
        found.goods.drop(columns="name"),
        who.people,
        campaign_id=values["campaign"],
        salt=values["salt"] or values["campaign"],
        control=control,
        discount=discount,
        contact_cost=cost,
        most_contacts=who.cap,
        keep_in_stock=values["keep_in_stock"] or 0,
        offers=None if deals is None else deals.terms,
    )
    steps = [_count_step("with a recommendation", table, table)]
    if who.unreached:
        steps.append(_count_step(UNREACHED, table, left))
    if values["extra_buyers"] is not None or len(kept) < len(left):
        steps.append(_count_step(LOSING, left, kept))
        steps.append((LOSING, "suggestions", len(left) - len(kept), len(kept)))
    first = pd.DataFrame(steps, columns=["step", "what", "out", "left"])
    return replace(sending, steps=pd.concat([first, sending.steps.iloc[1:]], ignore_index=True))


def _finish(found: OffersFound, plan: OfferPlan | None) -> Deals:
    """Say what became of each offer."""
    assert found.deals is not None
    deals = found.deals
    if plan is not None:
        deals = deals.drop_losing(found.choice.hit["value"], found.values["extra_buyers"])
    return deals.finish(found.lists.table["product_id"], None if plan is None else plan.sending)


def _count_step(step: str, before: pd.DataFrame, after: pd.DataFrame) -> tuple[str, str, int, int]:
    """How many customers a step takes out and leaves."""
    left = after["customer_id"].nunique()
    return step, "customers", before["customer_id"].nunique() - left, left


def _find_paying(found: OffersFound, discount: float, cost: float) -> pd.Series:
    """The products of which a message is expected to earn something, with the buyers that are set."""
    goods = found.goods
    gift = goods["price"] * discount
    margin = goods["price"] - gift - goods["unit_cost"]
    each = found.values["extra_buyers"] * margin - found.choice.hit["value"] * gift - cost
    return goods.loc[each > 0, "product_id"]
