"""The contracts: what each table holds, column by column.

A column has a kind, a rule and a meaning in one sentence; the check in `loyalty.tables.check` and the data dictionary
in data/README.md are both made from these lines. A contract is written when its first user is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loyalty.tables.columns import Column, Table


def _optional(name: str, kind: str, meaning: str, **limits: Any) -> Column:
    return Column(name, kind, meaning, optional=True, nullable=True, **limits)


def _nullable(name: str, kind: str, meaning: str, **limits: Any) -> Column:
    return Column(name, kind, meaning, nullable=True, **limits)


_KINDS_OF_LINE = ("sale", "return", "cancel")
_TREND = "(late - early) / (late + early); empty if both are 0 or one is negative"
_CUSTOMER = Column("customer_id", "id", "the card, person or household; one id a customer")
_CAMPAIGN = Column("campaign_id", "id", "which campaign")
_WAVE = Column("wave", "whole", "which sending of the campaign, from 1", low=1)

RECEIPTS = Table(
    "receipts",
    "a receipt line, or a whole receipt",
    ("basket_id", "line_no", "customer_id", "time"),
    (
        _CUSTOMER,
        Column("time", "time", "when it was paid, in the shop's local time"),
        Column("sales", "money", "money paid for the line after discounts; a return is negative"),
        Column("basket_id", "id", "the receipt of the line; without it each row is a receipt", optional=True),
        Column("line_no", "whole", "number of the line on its receipt", optional=True),
        _optional("product_id", "id", "what was bought"),
        _optional("quantity", "number", "pieces, or weight; a return is negative"),
        _optional("kind", "text", "what the line is; where empty, negative sales are a return", choices=_KINDS_OF_LINE),
        _optional("discount", "money", "money taken off the line's price", low=0),
        _optional("margin", "money", "sales less the cost of the goods"),
        _optional("offer_id", "id", "the offer redeemed on the line"),
        _optional("store_id", "id", "where it was bought"),
        _optional("till_id", "id", "the till that printed the receipt; with it a receipt number may come again"),
        _optional("channel", "text", "how it was bought, for example store or online"),
    ),
)

PRODUCTS = Table(
    "products",
    "a product",
    ("product_id",),
    (
        Column("product_id", "id", "which product"),
        _optional("name", "text", "what the shelf label says"),
        _optional("category", "text", "the group of products that serve one need"),
        _optional("department", "text", "the part of the shop"),
        _optional("price", "money", "list price of one piece", low=0),
        _optional("unit_cost", "money", "what one piece costs the chain", low=0),
        _optional("margin_rate", "share", "part of the price that is margin; for want of a cost", low=0, high=1),
        _optional("stock", "number", "pieces that can still be sold", low=0),
    ),
)

CUSTOMERS = Table(
    "customers",
    "a customer",
    ("customer_id",),
    (
        _CUSTOMER,
        _optional("joined_on", "date", "day of joining the programme (not the first purchase)"),
        _optional("card_since", "date", "day of the first card"),
        _optional("level", "text", "level in the programme"),
        _optional("account_id", "id", "the firm above a partner"),
        _optional("home_store", "id", "the store used most"),
        _optional("segment", "text", "the customer's segment on the day of the list"),
        _optional("consent", "flag", "whether the customer agreed to be written to"),
        _optional("opted_out", "flag", "whether the customer asked not to be written to"),
        _optional("staff", "flag", "whether the customer works for the firm"),
        _optional("last_contact", "date", "day of the last message of any campaign; empty: never"),
        _optional("contacts", "number", "messages of the last weeks, of any campaign", low=0),
        _optional("channel", "text", "how a message reaches the customer, for example sms"),
        _optional("phone", "id", "number that a message goes to"),
        _optional("email", "id", "address that a message goes to"),
    ),
)

PROFILE = Table(
    "profile",
    "a customer as of a date",
    ("customer_id", "as_of"),
    (
        _CUSTOMER,
        Column("as_of", "date", "the profile knows everything before this day, and nothing from it on"),
        _nullable("recency_days", "number", "days from the last purchase day to as_of (bought yesterday: 1)", low=1),
        Column("frequency", "whole", "receipts with at least one line that is no return", low=0),
        Column("monetary", "money", "sales of all lines, returns taken off"),
        _nullable("tenure_days", "number", "days from the first purchase day to as_of", low=1),
        _nullable("x", "number", "repeat purchase days: days with a purchase, less the first one", low=0),
        _nullable("t_x", "number", "days from the first to the last purchase day (a lifetime model's recency)", low=0),
        _nullable("T", "number", "days from the first purchase day to the day before as_of, the last day seen", low=0),
        _nullable("gap_days", "number", "mean days between purchase days: t_x / x; empty without a repeat", low=0),
        _nullable("basket_value", "money", "sales of purchase lines per receipt with a purchase"),
        _nullable(
            "trend", "number", f"purchase sales of the last 84 days against the 84 before: {_TREND}", low=-1, high=1
        ),
        _optional("margin", "money", "margin of all lines, returns taken off"),
        _optional("breadth", "whole", "number of different categories bought", low=0),
        _optional(
            "promo_share",
            "share",
            "share of purchase sales on lines with a discount; empty if either is negative",
            low=0,
            high=1,
        ),
        _optional("online_share", "share", "share of receipts with a purchase that were bought online", low=0, high=1),
    ),
)

SEGMENTS = Table(
    "segments",
    "a customer's spell in a segment",
    ("customer_id", "scheme", "valid_from"),
    (
        _CUSTOMER,
        Column("scheme", "text", "which segmentation"),
        Column("version", "text", "which version of its rule"),
        Column("segment", "text", "the segment that the customer was in"),
        Column("valid_from", "date", "first day of the spell"),
        Column("valid_to", "date", "the day after its last day; empty while it lasts", nullable=True),
    ),
)

CAMPAIGNS = Table(
    "campaigns",
    "a wave of a campaign",
    ("campaign_id", "wave"),
    (
        _CAMPAIGN,
        _WAVE,
        Column("start", "date", "first day"),
        Column("end", "date", "the day after the last day: the window is [start, end)"),
        _optional("name", "text", "what the team calls it"),
        _optional("goal", "text", "what it is for", choices=("engage", "sell", "inform")),
        _optional("hypothesis", "text", "what it should change, for whom"),
        _optional("primary_metric", "text", "the one number that decides, named before the start"),
        _optional("planned_start", "date", "first day as planned"),
        _optional("planned_end", "date", "the day after the last day as planned"),
        _optional("planned_shares", "text", "share of each arm as planned, such as control=0.1, mail=0.9"),
        _optional("registered_on", "date", "day on which the plan was written down"),
        _optional("expected_lift", "number", "expected relative change of the share who respond, 0.1 for a tenth more"),
        _optional("budget", "money", "what it may cost", low=0),
        _optional("owner", "text", "who answers for it"),
        _optional("offers", "text", "ids of the offers that were planned, such as T10, C5"),
    ),
)

OFFERS = Table(
    "offers",
    "an offer",
    ("offer_id",),
    (
        Column("offer_id", "id", "which offer"),
        Column("kind", "text", "what it gives: a discount, points, a gift, a reminder"),
        _optional("product_id", "id", "the product that it is for, if it is for one"),
        _optional("category", "text", "the category of products that it is for; where there is a product, that counts"),
        _optional("discount", "share", "part taken off the price, 0.10 for 10 percent", low=0, high=1),
        _optional("price", "money", "price of one piece with the offer, where there is no discount", low=0),
        _optional("pieces", "number", "how many customers may get it at most", low=0),
        _optional("reward_cost", "money", "what the gift or service costs the chain, once per user", low=0),
        _optional("contact_cost", "money", "what one contact costs", low=0),
        _optional("point_cost", "money", "what one point costs when it is redeemed", low=0),
        _optional("redemption_probability", "share", "probability that a point is ever redeemed", low=0, high=1),
        _optional("valid_from", "date", "first day on which it can be used"),
        _optional("valid_to", "date", "the day after the last day on which it can be used"),
    ),
    "keep one row of each; an offer for several products has a `category`, or an id for each product",
)

CONTACTS = Table(
    "contacts",
    "a customer in a wave, control included",
    ("campaign_id", "wave", "customer_id"),
    (
        _CAMPAIGN,
        _WAVE,
        _CUSTOMER,
        Column("arm", "text", "the group that the customer was assigned to: control, or the name of the treatment"),
        _optional("offer_id", "id", "what was offered; empty for control"),
        _optional("control_kind", "text", "which control", choices=("none", "campaign", "universal")),
        _optional("propensity", "share", "probability of the arm that the customer received", low=0, high=1),
        _optional("assigned_at", "time", "when the arm was drawn"),
        _optional("stratum", "text", "the group within which the arm was drawn"),
        _optional("segment", "text", "the customer's segment on that day"),
        _optional("channel", "text", "how the message went out"),
        _optional("sent_at", "time", "when it was sent; empty for control"),
        _optional("delivered", "flag", "whether it arrived"),
    ),
)

OTHER_WAVES = Table(
    "other_waves",
    "a customer on the list of another campaign or wave",
    ("campaign_id", "wave", "customer_id"),
    (
        _CUSTOMER,
        Column("arm", "text", "control, or the name of the treatment; control got no offer"),
        Column("start", "date", "first day on which the offer could be used"),
        Column("end", "date", "the day after the last day on which it could be used"),
        Column("campaign_id", "id", "which campaign", optional=True),
        Column("wave", "whole", "which sending of the campaign, from 1", optional=True, low=1),
    ),
)

ARM_PROBS = Table(
    "arm_probs",
    "an arm that a customer of a wave could have had",
    (*CONTACTS.key, "arm"),
    (
        _CAMPAIGN,
        _WAVE,
        _CUSTOMER,
        Column("arm", "text", "the arm that the customer could have had"),
        Column("probability", "share", "its probability before the draw; those of a customer sum to 1", low=0, high=1),
    ),
)

OUTCOMES = Table(
    "outcomes",
    "a customer in a window of a wave",
    ("campaign_id", "wave", "customer_id", "window"),
    (
        _CAMPAIGN,
        _WAVE,
        _CUSTOMER,
        Column("window", "text", "which stretch of time", choices=("pre", "main", "post")),
        _optional("start", "date", "first day of the window"),
        _optional("end", "date", "the day after its last day"),
        # What was measured may be left out as a whole; a single empty value is refused, because it is not a zero.
        Column("responded", "whole", "1 if the customer did what the campaign asked for", optional=True, low=0, high=1),
        Column("orders", "whole", "receipts in the window", optional=True, low=0),
        Column("sales", "money", "money paid in the window, returns taken off", optional=True),
        Column("margin", "money", "sales less the cost of the goods", optional=True),
        Column("redeemed", "whole", "coupons or rewards redeemed in the window", optional=True, low=0),
        Column("discount", "money", "money taken off the prices", optional=True, low=0),
        Column("reward_paid", "money", "what the rewards redeemed cost the chain", optional=True, low=0),
        Column("points_issued", "number", "points credited", optional=True, low=0),
        Column("points_redeemed", "number", "points spent", optional=True, low=0),
    ),
)

HISTORY = Table(
    "history",
    "a contact with its outcome in a window, kept for ever",
    OUTCOMES.key,
    (
        *CONTACTS.columns,
        _optional("offer_kind", "text", "the family that the offer belongs to"),
        _optional("scheme", "text", "which segmentation gave the segment"),
        _optional("version", "text", "which version of its rule"),
        _optional("segment_as_of", "date", "the segment knows what came before this day, and nothing from it on"),
        OUTCOMES.columns[3],
        *(replace(column, optional=True, nullable=True) for column in OUTCOMES.columns[4:]),
    ),
)

DECISIONS = Table(
    "decisions",
    "a decision about a campaign, and what came of it",
    ("decision_id",),
    (
        Column("decision_id", "whole", "number of the entry, from 1", low=1),
        _CAMPAIGN,
        Column("decided_on", "date", "day of the decision"),
        _optional("metric", "text", "what the numbers measure, with the unit"),
        _optional("expected", "number", "what was expected before the start"),
        _optional("observed", "number", "what was measured"),
        _optional("low", "number", "lower end of the interval of what was measured"),
        _optional("high", "number", "upper end of that interval"),
        Column("verdict", "text", "did it work", choices=("worked", "did not work", "not known")),
        Column("do_not_repeat", "flag", "whether it should not be done again"),
        _optional("note", "text", "why, and what was learned"),
        _optional("supersedes", "whole", "number of the entry that this one takes back", low=1),
    ),
)

POINTS = Table(
    "points",
    "an entry of the points ledger",
    ("event_id",),
    (
        Column("event_id", "id", "which entry"),
        _CUSTOMER,
        Column("time", "time", "when it was booked, in the shop's local time"),
        Column(
            "kind",
            "text",
            "what happened to the points: issued, spent, expired, or an issue taken back (cancel)",
            choices=("issue", "spend", "expire", "cancel"),
        ),
        Column("points", "number", "how many points; the kind says in which direction", low=0),
        _optional("basket_id", "id", "the receipt for which they were issued, spent or taken back"),
    ),
)

CONTRACTS: dict[str, Table] = {
    table.name: table
    for table in (
        RECEIPTS,
        PRODUCTS,
        CUSTOMERS,
        PROFILE,
        SEGMENTS,
        CAMPAIGNS,
        OFFERS,
        CONTACTS,
        OTHER_WAVES,
        ARM_PROBS,
        OUTCOMES,
        HISTORY,
        DECISIONS,
        POINTS,
    )
}
