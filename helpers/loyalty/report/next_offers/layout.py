"""How `next_offers` is shown: what to do on Monday, and what stands behind it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from loyalty.learn.recommend.export import HandOver
from loyalty.learn.recommend.lists import Recommendations
from loyalty.learn.recommend.sending import ARM, WITHHELD, SendList
from loyalty.report.campaign.job import say_few
from loyalty.report.campaign.sizes import check_drawn
from loyalty.report.next_offers.choice import SAFE, WayChoice, name_way
from loyalty.report.next_offers.deals import DEARER, PLAYED, SENT, Deals, say_states
from loyalty.report.next_offers.handover import NextOffers
from loyalty.report.next_offers.pictures import draw_products, draw_steps, draw_ways
from loyalty.report.next_offers.worth import Sight, Worth
from loyalty.report.output import parts
from loyalty.report.output.html import ReportCard, Section
from loyalty.report.output.privacy import SMALL, suppress_small
from loyalty.report.plan.handover import hide_neighbours, say_record
from loyalty.text import count_of, find_decimals, list_few, say_money

EQUAL = 1e-9  # of an amount
CHOSEN = (PLAYED, SENT)  # states of offers that are used
LISTED = 30  # products among which small ones are looked for
MOST = 10  # rows of a table of products or reasons
MANY = 12  # times as many customers, from which on repeated campaigns do not help
OLD = 14  # days between the last known purchase and the start, from which on the lists are doubted
OFFERS = (
    "For: the product, or the category. Share off: of the price of the shelf. Margin of a piece: after discount and "
    "gift. Expected margin: of one message, less its cost. The last share is the break-even. Expected to lose: under "
    "the assumption above. All offers are in the workbook."
)
EMPTY = " Only products with an offer stand on the lists; a place that they leave empty counts as not bought."
BY_OFFER = "To compare the offers with each other, set by=planned_offer in campaign_report."
NO_REASON = "many customers buy it"
NOT_AN_EFFECT = (
    "That a product is bought later is no effect of the message: it would be bought anyway. What the message changes, "
    "only the control tells: run campaign_report after the campaign."
)
FILES = (
    "No control is on a send list. Send lists hold real ids and addresses, because the sender needs them, and no "
    "reason: what a customer has bought is nobody's business outside. The assignment names the control and stays "
    "inside; it is the contact list of campaign_report, and the record is its table campaigns. Some customers will "
    "withdraw their consent before the day of sending: ask once more on that day, and take them off the send list."
)
MEASURE = (
    "To compare who bought the product written about: after the campaign add a column to the assignment, 1 where the "
    "customer bought his product_id in these days and 0 elsewhere, in both arms, and name it in the setting outcome "
    "of campaign_report."
)
LOOK_THROUGH = (
    "Before you send, look through the products: take off what you would not name to a customer in a message."
)
FILTERS = tuple(f"the column {name} in customers" for name in ("opted_out", "staff", "last_contact", "contacts"))
DRAFT = "Nothing to send: it is not known who agreed. Give customers with a column consent, or set consent=given."


@dataclass(frozen=True, eq=False)
class OffersFound:
    """What was found for all customers of the receipts, before it is asked who may be written to.

    `day` is the day before which purchases are known, `days` the length of the campaign, and `silent` the days from
    `day` to the start; `notes` are those of `price_goods`; `deals` are the offers, where there is a list of them.
    """

    values: Mapping[str, Any]
    day: pd.Timestamp
    days: int
    silent: int
    choice: WayChoice
    lists: Recommendations
    goods: pd.DataFrame
    notes: tuple[str, ...]
    deals: Deals | None = None

    @property
    def unit(self) -> str:
        """What stands before amounts."""
        return self.values["currency"] or ""

    @property
    def title(self) -> str:
        """The heading of the report."""
        return self.values["title"] or f"Next offers: {self.values['campaign']}"


@dataclass(frozen=True, eq=False)
class OfferPlan:
    """Who gets what: the send list, what it is worth, what the control can show, and the files."""

    sending: SendList
    worth: Worth
    buyers: Sight
    sales: Sight
    handed: HandOver
    assignment: pd.DataFrame
    record: pd.DataFrame
    files: Mapping[str, bytes]
    listed: pd.DataFrame

    @property
    def verdict(self) -> str:
        """Say "send" or "loses"."""
        return "send" if self.worth.each > 0 else "loses"

    @property
    def n_control(self) -> int:
        """Customers withheld."""
        return len(self.sending.withheld)


def lay_out(found: OffersFound, plan: OfferPlan | None, skipped: pd.DataFrame, read: Section) -> NextOffers:
    """Lay the plan out as a card, sections, charts and the sheets of a workbook; without `plan` it is a draft."""
    chosen = _take_chosen(found, plan)
    checks = _make_checks(found, plan)
    listed = _lay_products(found, chosen)
    hidden = listed.loc[~listed["customers"].map(_is_number), "product"]
    tables = {
        "ways": _lay_ways(found.choice),
        "products": listed.head(MOST),
        "reasons": _lay_reasons(found, chosen, set(hidden)),
    }
    sections = {
        "ways": Section((_say_choice(found),), tables["ways"], (_say_scores(found),)),
        "products": Section((), tables["products"], (_say_hidden(tables["products"]),)),
        "reasons": Section((_say_reasons(chosen),), tables["reasons"]),
        "checks": Section(table=checks),
        "skipped": Section(() if len(skipped) else ("Nothing.",), skipped),
        "read": read,
        "appendix": _write_appendix(),
    }
    sheets = {"summary": _summarise(found, plan), "checks": checks, **tables}
    charts: dict[str, Callable[[], Axes]] = {"ways": lambda: draw_ways(found.choice.scores, _list_better(found.choice))}
    shown = tables["products"][tables["products"]["customers"].map(_is_number)]
    if len(shown):
        count = int(chosen["product_id"].nunique())
        charts["products"] = lambda: draw_products(shown, count)
    results: dict[str, Any] = {"choice": found.choice, "lists": found.lists}
    people = found.lists.table
    if found.deals is not None:
        tables["offers"] = sheets["offers"] = _lay_offers(found, found.deals, plan)
        sections["offers"] = Section((_say_offers(found.deals),), tables["offers"].head(LISTED), (OFFERS,))
    if plan is None:
        sections |= {name: Section((DRAFT,)) for name in ("taken", "worth", "size", "files", "record")}
        card = _make_draft_card(found)
        return NextOffers(found.title, card, sections, charts, sheets, people, results)
    more = _lay_plan(found, plan)
    sections |= more
    sheets |= {name: more[name].to_frame() for name in ("taken", "worth", "size", "files", "record")}
    steps = more["taken"].to_frame()
    steps = steps[steps["customers taken out here"].map(_is_number) & steps["customers left"].notna()]
    if len(steps) > 1:
        charts["taken"] = lambda: draw_steps(plan.sending, steps)
    results |= {"sending": plan.sending, "worth": plan.worth, "handed": plan.handed, "record": plan.record}
    card = _make_card(found, plan, skipped)
    return NextOffers(found.title, card, sections, charts, sheets, plan.assignment, results, plan.verdict, plan.files)


def _take_chosen(found: OffersFound, plan: OfferPlan | None) -> pd.DataFrame:
    """One row a message with product_id and because; of a draft, the first product of each list."""
    if plan is not None:
        return plan.sending.to_send
    return found.lists.table[found.lists.table["place"] == 1].reset_index(drop=True)


# --- Which way, and what is offered --------------------------------------------------------------


def _lay_ways(choice: WayChoice) -> pd.DataFrame:
    """One row a kind of product and way: the share of places bought later, and the gain on best-sellers."""
    rows = choice.scores.to_frame("hit_rate")
    gains = choice.scores.gains
    gains = gains[(gains["against"] == SAFE) & (gains["metric"] == "hit_rate")]
    rows = rows.merge(gains[["among", "way", "gain", "low", "high", "verdict"]], how="left", on=["among", "way"],
                      suffixes=("", "_gain"))  # fmt: skip
    rows = rows.sort_values(["among", "value"], ascending=[False, False], kind="stable", ignore_index=True)
    gain = [
        "" if row.gain != row.gain else _say_points(row.gain, row.low_gain, row.high_gain) for row in rows.itertuples()
    ]
    return pd.DataFrame(
        {
            "products": rows["among"].map({"new": "new to the customer", "all": "all"}),
            "way": rows["way"].map(name_way),
            "share bought later": rows["value"],
            "95 % interval": [_say_ends(row.low, row.high) for row in rows.itertuples()],
            "less best-sellers": gain,
            "so": rows["verdict"].fillna("the measure"),
        }
    )


def _list_better(choice: WayChoice) -> list[str]:
    """The ways that are shown to beat the best-sellers among products that are new to the customer, the best first."""
    gains = choice.scores.gains
    here = (gains["against"] == SAFE) & (gains["metric"] == "hit_rate") & (gains["among"] == "new")
    better = gains[here & (gains["verdict"] == "better")].sort_values("gain", ascending=False, kind="stable")
    return [name_way(way) for way in better["way"]]


def _say_ends(low: float, high: float) -> str:
    return f"{100 * low:.2f} to {100 * high:.2f} %"


def _say_points(value: float, low: float, high: float) -> str:
    return f"{100 * value:+.2f} points ({100 * low:+.2f} to {100 * high:+.2f})".replace("-", "−")


def _say_choice(found: OffersFound) -> str:
    return f"{_say_what(found.choice)}, because {found.choice.because}."


def _say_scores(found: OffersFound) -> str:
    """Say how the ways were scored."""
    scores = found.choice.scores
    return (
        f"Lists of {scores.size} products were made of purchases before {scores.cut:%Y-%m-%d}, and scored on those of "
        f"the {count_of(found.days, 'day')} from then on, as many as the campaign lasts. Share: of all places on the "
        f"lists of {scores.n_customers:,} customers. Verdicts are corrected for the number of ways (Holm). Only what "
        "the customer has not bought before is sent, so that the rows of new products decide."
        f"{'' if found.deals is None else EMPTY}"
    )


def _name(found: OffersFound, ids: pd.Series) -> pd.Series:
    """Call products by their names, where the list gives one."""
    names = found.goods.set_index("product_id")["name"]
    return ids.map(names).fillna(ids.astype("object")).astype("str")


def _lay_products(found: OffersFound, chosen: pd.DataFrame) -> pd.DataFrame:
    """The products of most messages: customers, share of messages, and the margin of a piece."""
    counts = chosen.groupby("product_id", sort=True).size().sort_values(ascending=False, kind="stable")
    rows = counts.rename("customers").reset_index()
    goods = found.goods.set_index("product_id")
    off = 1 - (found.values["discount"] or 0.0)
    margin = goods["price"] * off - goods["unit_cost"]
    if found.deals is not None:
        margin = found.deals.rows[found.deals.rows["state"].isin(CHOSEN)].set_index("product_id")["margin"]
    table = pd.DataFrame(
        {
            "product": _name(found, rows["product_id"]),
            "customers": rows["customers"],
            "share of messages": rows["customers"] / max(len(chosen), 1),
            "margin of a piece": rows["product_id"].map(margin).astype("float64"),
        }
    )
    if found.deals is None:
        return suppress_small(table.head(LISTED), ["customers"], ["product"])
    terms = found.deals.rows[found.deals.rows["state"].isin(CHOSEN)].set_index("product_id")
    table.insert(1, "offer", rows["product_id"].map(terms["offer_id"]).astype("str"))
    # The reader knows the number of each offer, too
    return suppress_small(table.head(LISTED), ["customers"], ["product", "offer"], lines=[(), ["offer"]])


def _say_hidden(table: pd.DataFrame) -> str:
    return f"The {len(table)} products with the most messages. Products of fewer than {SMALL} customers are not shown."


def _lay_reasons(found: OffersFound, chosen: pd.DataFrame, hidden: set[str]) -> pd.DataFrame:
    """The pairs of reason and product that stand in most messages; too small ones are left out.

    So are those of products that the table of products hides: a small number could be told from theirs.
    """
    pairs = chosen.assign(because=_name(found, chosen["because"]).where(chosen["because"].notna(), ""))
    counts = pairs.groupby(["because", "product_id"], sort=True).size().rename("customers").reset_index()
    counts = counts[(counts["customers"] >= SMALL) & ~_name(found, counts["product_id"]).isin(hidden)].sort_values(
        "customers", ascending=False, kind="stable"
    )
    counts = counts.head(MOST).reset_index(drop=True)
    reason = ("bought " + counts["because"]).where(counts["because"] != "", NO_REASON)
    return pd.DataFrame(
        {"product": _name(found, counts["product_id"]), "because": reason, "customers": counts["customers"]}
    )


def _say_reasons(chosen: pd.DataFrame) -> str:
    known = int(chosen["because"].notna().sum())
    share = known / max(len(chosen), 1)
    words = "The reason is the product of the customer's own that speaks most for the offer."
    if not known:
        return f"No message has a reason of its own: it is sent because {NO_REASON}."
    return f"{words} {share:.0%} of the messages have one. Shown are the reasons of {SMALL} customers or more."


def _lay_offers(found: OffersFound, deals: Deals, plan: OfferPlan | None) -> pd.DataFrame:
    """One row an offer, the most messages first: what it gives, who gets it, what it earns, and what became of it."""
    hit, extra = float(found.choice.hit["value"]), found.values["extra_buyers"]
    rows = deals.rows.assign(each=deals.rate(hit, extra))
    rows["off"] = 1 - rows["paid"] / rows["listed"]
    assumed = rows["contact_cost"] + hit * rows["gift"]
    rows["needed"] = (assumed / rows["margin"]).where(rows["margin"] > 0)
    counts = pd.Series(dtype="int64")
    rows["weight"] = 1.0
    if plan is not None:
        sent = plan.sending.to_send
        counts = sent.groupby("offer_id").size()
        rows["weight"] = rows["product_id"].map(sent["product_id"].value_counts()).fillna(0).where(
            rows["state"] == SENT, 1.0
        )  # fmt: skip
    states = deals.list_states().set_index("offer_id")
    rows = rows[(rows["state"] == rows["offer_id"].map(states["state"])) & (rows["state"] != DEARER)]
    names = ["off", "margin", "each", "needed"]
    sums = rows[names].mul(rows["weight"], axis=0).groupby(rows["offer_id"]).sum(min_count=1)
    means = sums.div(rows.groupby("offer_id")["weight"].sum(), axis=0).reindex(states.index)
    so = states["state"].replace("", "may be sent") + (": " + states["why"]).where(states["why"] != "", "")
    table = pd.DataFrame(
        {
            "offer": states.index.astype("str"),
            "for": states["what"].astype("str").to_numpy(),
            "share off": means["off"].to_numpy(),
            "customers": states.index.map(counts).fillna(0).astype("int64"),
            "margin of a piece": means["margin"].to_numpy(),
            "expected margin": means["each"].to_numpy(),
            "share who must buy because of it": means["needed"].to_numpy(),
            "so": so.to_numpy(),
        }
    )
    table = table.sort_values(["customers", "offer"], ascending=[False, True], kind="stable", ignore_index=True)
    return suppress_small(table, ["customers"], ["offer", "for", "so"])


def _say_offers(deals: Deals, *, examples: bool = True) -> str:
    """Say how many offers are used, and what stands against the others."""
    states = deals.list_states()
    used = int(states["state"].isin(CHOSEN).sum())
    others = say_states(deals, examples=examples)
    said = f"{used:,} of {count_of(len(states), 'offer')} on the list {'is' if used == 1 else 'are'} used"
    return f"{said}. Not used: {others}." if others else f"{said}."


# --- Who gets it, and what it is worth -----------------------------------------------------------


def _lay_plan(found: OffersFound, plan: OfferPlan) -> dict[str, Section]:
    """The sections on what was taken off, the expected margin, what the control shows, the files and the record."""
    taken = _lay_steps(plan.sending)
    suggestions = plan.sending.steps[plan.sending.steps["what"] == "suggestions"]
    lost = [f"{row.step} {row.out:,}" for row in suggestions.itertuples() if row.out]
    said = f"Suggestions taken off the lists: {', '.join(lost)}." if lost else ""
    listed = plan.listed[["file", "where", "rows"]].assign(**{"SHA-256 begins": plan.listed["SHA-256"].str[:16]})
    listed["rows"] = listed["rows"].map(say_few)
    return {
        "taken": Section((said,) if said else (), taken, ("Filters run before the draw of the control.",)),
        "worth": Section((_say_worth(found, plan.worth), NOT_AN_EFFECT), _lay_worth(found, plan.worth)),
        "size": Section(_say_sights(found, plan), _lay_sights(plan)),
        "files": Section((FILES, MEASURE, *([] if found.deals is None else [BY_OFFER])), listed),
        "record": Section(table=say_record(plan.record)),
    }


def _lay_steps(sending: SendList) -> pd.DataFrame:
    """How many customers each step takes out and leaves; small numbers are hidden, and so are their differences."""
    rows = sending.steps[sending.steps["what"] == "customers"]
    rows = rows[(rows["out"] > 0) | (rows["step"] != "not among the customers")].reset_index(drop=True)
    table = pd.DataFrame(
        {"reason": rows["step"], "customers taken out here": rows["out"], "customers left": rows["left"]}
    )
    drawn = rows["step"] == WITHHELD  # told on the card: to hide it would hide nothing
    before = table[~drawn].reset_index(drop=True)
    shown = hide_neighbours(before, suppress_small(before, ["customers taken out here"], ["reason"]))
    return pd.concat([shown.astype("object"), table[drawn].astype("object")], ignore_index=True)


def _is_number(value: Any) -> bool:
    return not isinstance(value, str) and value == value


def _lay_worth(found: OffersFound, worth: Worth) -> pd.DataFrame:
    """The expected margin of a message, step by step."""
    assumed = "as many as buy it anyway (assumed)" if worth.extra is None else "as set: extra_buyers"
    rows = [
        ("Buy their product anyway", worth.hit, "percent", f"95 % interval {_say_ends(worth.hit_low, worth.hit_high)}"),
        ("Buy only because of the message", worth.assumed, "percent", assumed),
        (
            "Margin of a piece",
            worth.margin,
            "money",
            f"after the discount{' and gift' if worth.reward else ''}, mean of what is sent",
        ),
        (
            f"Discount{' and gift' if worth.reward else ''} of a piece",
            worth.gift,
            "money",
            "lost on those who buy anyway",
        ),
        ("Cost of a message", worth.cost, "money", ""),
        ("Expected margin of a message", worth.each, "money", _say_range(found, worth)),
        ("Must buy because of it to pay", worth.needed, "percent", "break-even"),
    ]
    return pd.DataFrame(rows, columns=["what", "value", "kind", "note"])


def _say_worth(found: OffersFound, worth: Worth) -> str:
    """Say the expected margin of a message with its interval and its assumption."""
    return f"Expected: {_say_each(found, worth)} a message ({_say_range(found, worth)}). {_say_assumed(worth)}"


def _say_range(found: OffersFound, worth: Worth) -> str:
    """Say between which amounts the expected margin lies; there are none where it hangs on nothing measured."""
    low, high = worth.ends
    if high - low < EQUAL:
        if worth.extra is None:
            return "no interval: a new buyer earns what one who buys anyway costs, so their share does not matter"
        return "no interval: extra_buyers is set, not measured"
    first, last = (say_money(end, found.unit, find_decimals([low, high])) for end in (low, high))
    return f"{first} to {last}"


def _say_each(found: OffersFound, worth: Worth) -> str:
    return say_money(worth.each, found.unit, find_decimals([*worth.ends, worth.each]))


def _say_assumed(worth: Worth) -> str:
    """Say what the expected margin rests on."""
    hit = f"{100 * worth.hit:.1f} of 100"
    if worth.extra is None:
        return (
            f"This assumes that the message brings as many new buyers of its product as buy it anyway, {hit}. "
            "Nobody knows that before the test; set extra_buyers to what your own tests showed."
        )
    return (
        f"This assumes that {100 * worth.extra:.1f} of 100 buy only because of the message, as set; {hit} buy their "
        "product anyway."
    )


def _lay_sights(plan: OfferPlan) -> pd.DataFrame:
    """What the control can show of both measures."""
    rows = []
    for name, sight, expected, kind in (
        ("bought the product written about", plan.buyers, plan.worth.assumed, "percent"),
        ("sales of all products, a customer", plan.sales, plan.worth.sales, "money"),
    ):
        effect = math.nan if sight.power is None else sight.power.effect
        needed = f"{math.ceil(sight.needed):,}" if sight.needed == sight.needed else ""
        rows.append((name, effect, expected, needed, "seen" if sight.sees else "not seen", kind))
    names = ["measure", "smallest effect seen", "expected", "customers needed for that", "so", "kind"]
    return pd.DataFrame(rows, columns=names)


def _say_sights(found: OffersFound, plan: OfferPlan) -> tuple[str, ...]:
    """Say what the control can show, and what would."""
    customers = len(plan.sending.people)
    share = plan.sending.drawn.shares["control"]
    words = [
        f"{share:.0%} of {customers:,} customers are withheld ({say_few(plan.n_control)} as drawn). Seen is an effect "
        "that such a test finds in 80 of 100 campaigns."
    ]
    if plan.buyers.power is not None:
        points = 100 * plan.buyers.power.effect
        verdict = "would be seen" if plan.buyers.sees else "would mostly be missed"
        words.append(
            f"Who bought the product written about: from {points:.1f} points on; the assumed "
            f"{100 * plan.worth.assumed:.1f} {verdict}. {_say_needed(plan.buyers, customers)}"
        )
    if plan.sales.power is not None:
        effect, expected = (say_money(value, found.unit, 2) for value in (plan.sales.power.effect, plan.worth.sales))
        verdict = "would be seen" if plan.sales.sees else "would mostly be missed"
        words.append(
            f"Sales of all products, which campaign_report measures: from {effect} a customer on; the expected "
            f"{expected} {verdict}. {_say_needed(plan.sales, customers)}"
        )
    words += [f"Not told: {sight.why}." for sight in (plan.buyers, plan.sales) if sight.power is None]
    return tuple(text.strip() for text in words)


def _say_needed(sight: Sight, customers: int) -> str:
    if sight.sees or sight.needed != sight.needed:
        return ""
    times = math.ceil(10 * sight.needed / customers) / 10
    if times > MANY:
        return f"That needs {times:,.0f} times as many customers: this measure will not show it."
    return f"That needs {times:,.1f} times as many customers: repeat the campaign, and add up the results."


# --- The card, the checks, the summary -----------------------------------------------------------


def _make_card(found: OffersFound, plan: OfferPlan, skipped: pd.DataFrame) -> ReportCard:
    """The card: what to do on Monday, and why."""
    send, worth = len(plan.handed.send), plan.worth
    each = _say_each(found, worth)
    headline = f"{_say_what(found.choice)}, because {found.choice.because}."
    tone, verdict = "good", f"Send {count_of(send, 'message')}, and withhold {say_few(plan.n_control)} as control"
    if found.choice.way == SAFE or worth.ends[0] <= 0:
        tone = "open"
    if plan.verdict == "loses":
        tone, verdict = "bad", f"Do not send: {each} a message is expected"
    notes = [
        _say_unfiltered(skipped),
        f"Expected: {each} of margin a message. {_say_assumed(worth)}",
        _say_in_all(found, worth, send),
        _say_losing(found, plan),
        f"It pays if {100 * worth.needed:.1f} of 100 buy only because of the message.",
        NOT_AN_EFFECT,
        _say_first_sight(plan),
        LOOK_THROUGH,
        _say_taken(plan.sending),
        "" if found.deals is None else _say_offers(found.deals, examples=False),
    ]
    seen = "not known" if plan.buyers.power is None else f"{100 * plan.buyers.power.effect:.1f} points"
    facts = (
        ("Messages", f"{send:,}", f"of {found.lists.n_customers:,} customers with receipts"),
        ("Assumed margin a message", each, _say_range(found, worth)),
        ("Control", say_few(plan.n_control), f"sees from {seen} more buyers"),
        ("Buy it anyway", f"{100 * worth.hit:.1f} %", _say_ends(worth.hit_low, worth.hit_high)),
    )
    return ReportCard(_say_kicker(found), verdict, headline, tone, facts, tuple(text for text in notes if text))


def _say_what(choice: WayChoice) -> str:
    if choice.way == SAFE:
        return "Offer each customer the best-seller that is new to this customer"
    return f"Choose the product of each customer by “{choice.words}”, from all earlier purchases"


def _say_kicker(found: OffersFound) -> str:
    start = pd.Timestamp(found.values["start"])
    return f"{found.title} · {parts.say_day(start)}, {count_of(found.days, 'day')}"


def _say_unfiltered(skipped: pd.DataFrame) -> str:
    """Say which customers are still on the lists, because nobody gave the columns that name them."""
    what = skipped.set_index("what unlocks it")["not in this report"]
    missing = [str(what[column]).removeprefix("the filter of ") for column in FILTERS if column in what.index]
    if not missing:
        return ""
    return f"Still on the lists, because the columns are missing: {', '.join(missing)}. Take them off before you send."


def _say_in_all(found: OffersFound, worth: Worth, send: int) -> str:
    """The expected margin of all messages, and what they cost if nobody buys because of them."""
    right, none = (say_money(send * value, found.unit) for value in (worth.each, -worth.hit * worth.gift - worth.cost))
    return f"In all that is {right} if the assumption is right, and {none} if nobody buys because of the message."


def _say_losing(found: OffersFound, plan: OfferPlan) -> str:
    """Say for how many messages a loss is expected, though the mean of all earns."""
    sent = plan.assignment[plan.assignment["arm"] == ARM]
    losing = int((sent["expected_margin"] < 0).sum())
    if plan.verdict == "loses" or losing < SMALL or len(sent) - losing < SMALL:
        return ""
    return (
        f"With {losing:,} of these messages a loss is expected, because a piece of their product earns too little. "
        "Set extra_buyers, and such suggestions are taken off."
    )


def _say_first_sight(plan: OfferPlan) -> str:
    """Say in one sentence whether the control can show what is assumed."""
    if plan.buyers.power is None:
        return ""
    if plan.buyers.sees:
        gap = ""
        if plan.worth.needed < plan.buyers.power.effect:
            gap = (
                f" If the message works less well, and brings {100 * plan.worth.needed:.1f} to "
                f"{100 * plan.buyers.power.effect:.1f} more buyers of 100, it still pays, and this test will mostly "
                "not show it."
            )
        if plan.sales.sees:
            return f"Judge it by all sales, or by who bought the product written about: the control can show both.{gap}"
        return (
            "Judge it by who bought the product written about (a column that you add, see “What is handed over”): the "
            f"control can show that. It cannot show it in all sales of a customer, because these vary too much.{gap}"
        )
    return (
        "Do not judge by this campaign alone: the control is too small to show what is assumed. "
        f"{_say_needed(plan.buyers, len(plan.sending.people))}"
    ).strip()


def _say_taken(sending: SendList) -> str:
    """Say how many customers were taken off, and the largest reasons; small numbers are in none of them."""
    steps = _lay_steps(sending).iloc[1:]
    steps = steps[steps["reason"] != WITHHELD]
    known = steps[steps["customers taken out here"].map(_is_number)].copy()
    known["out"] = known["customers taken out here"].astype("int64")
    known = known[known["out"] > 0].sort_values("out", ascending=False, kind="stable")
    named = [f"{row.reason} {row.out:,}" for row in known.itertuples()]
    if not named:
        return "Hardly anybody was taken off before the draw."
    return f"Taken off before the draw: {list_few(named, 3)}."


def _make_draft_card(found: OffersFound) -> ReportCard:
    """The card of a draft."""
    hit = found.choice.hit
    notes = (
        NOT_AN_EFFECT,
        "When it is known who agreed, run it again: then the control is drawn, and the lists are made.",
    )
    facts = (
        ("Customers", f"{found.lists.n_customers:,}", "with a list of products"),
        ("Buy it anyway", f"{100 * hit['value']:.1f} %", _say_ends(hit["low"], hit["high"])),
    )
    headline = f"{_say_what(found.choice)}, because {found.choice.because}."
    return ReportCard(_say_kicker(found), "Send nothing yet: nobody's consent is known", headline, "open", facts, notes)


def _make_checks(found: OffersFound, plan: OfferPlan | None) -> pd.DataFrame:
    """What was checked: the day, the length, the choice, the draw, and all warnings."""
    scores = found.choice.scores
    known = f"purchases before {found.day:%Y-%m-%d} are known, {count_of(found.silent, 'day')} before the start"
    chosen = f"{found.choice.words}: {found.choice.because}"
    rows = [
        ("Receipts up to date", "look" if found.silent > OLD else "good", known),
        ("Better than best-sellers", "look" if found.choice.way == SAFE else "good", chosen),
    ]
    if plan is not None:
        rows.append(check_drawn(plan.assignment["arm"], plan.sending.drawn.shares, plan.sending.drawn.mode))
        on_list = plan.handed.send["customer_id"].isin(plan.sending.withheld["customer_id"])
        once = plan.handed.send["customer_id"].is_unique and not on_list.any()
        words = "each customer once, and no control" if once else "a customer twice, or a control"
        rows.append(("Send lists", "good" if once else "alarm", words))
        rows += [("Send list", "look", text) for text in plan.handed.warnings]
    else:
        rows.append(("Consent", "look", "it is not known who agreed: nothing is sent"))
    rows += [("Scores", "note", text) for text in scores.warnings]
    rows += [("Lists", "look", text) for text in found.lists.warnings if text not in scores.warnings]
    rows += [("Prices and costs", "look", text) for text in found.notes]
    if found.deals is not None:
        rows.append(("Offers", "look" if say_states(found.deals) else "good", _say_offers(found.deals)))
    return parts.make_checks(list(dict.fromkeys(rows)))


def _summarise(found: OffersFound, plan: OfferPlan | None) -> pd.DataFrame:
    """The sheet `summary`."""
    values = found.values
    rows: list[tuple[str, Any, str, str]] = [
        ("Verdict", plan.verdict if plan else "draft", "text", found.choice.because),
        ("Way", found.choice.words, "text", ""),
        ("Start", pd.Timestamp(values["start"]), "day", ""),
        ("End", pd.Timestamp(values["end"]), "day", "the day after the last day"),
        ("Known before", found.day, "day", ""),
        ("Customers with receipts", found.lists.n_customers, "count", ""),
    ]
    if found.deals is not None:
        rows.append(("Offers", _say_offers(found.deals), "text", ""))
    if plan is None:
        return parts.make_summary(rows)
    worth = plan.worth
    rows += [
        ("Messages", len(plan.handed.send), "count", ""),
        ("Control", say_few(plan.n_control), "text", "withheld, as drawn"),
        ("Buy it anyway", worth.hit, "percent", _say_ends(worth.hit_low, worth.hit_high)),
        ("Buy only because of the message", worth.assumed, "percent", "assumed" if worth.extra is None else "as set"),
        ("Expected margin of a message", worth.each, "money", "under this assumption"),
        ("Must buy because of it to pay", worth.needed, "percent", "break-even"),
    ]
    return parts.make_summary(rows)


def _write_appendix() -> Section:
    return Section(
        (
            "Best-sellers: what most customers bought. Buy it again: what the customer bought most often; it has "
            "nothing new to offer. Item-to-item: what is bought by the same customers as his own products (Sarwar and "
            "others 2001). Linear model: each product explained by all others (Steck 2019). Lesson 45 tells more.",
            f"The arm of the messages is called {ARM}. Groups under {SMALL} customers are not shown. "
            f"{parts.list_versions()}.",
        )
    )
