"""The rules by which faults of receipts are found, each with its limit: fixed before they were graded."""

from __future__ import annotations

from dataclasses import dataclass

# What each finding is, and what is to be done about it. `removed` and `corrected` lines are counted in the summary.
REMOVED = {
    "resend": ("lines that equal another in everything, receipt and line number included", "ask who sends twice"),
    "cancellation": ("lines that were cancelled, and those that cancel them", "nothing: they add up to zero"),
    "no card": ("lines without a customer", "keep them for sales, they are nobody's profile"),
    "test card": ("purchases on cards that are nobody's, such as 0000000000", "give the shops a test mode"),
    "staff card": ("purchases of employees", "keep them out of segments and campaigns"),
    "cashier's card": ("many receipts a day on one card, nearly all at one cashier", "look at them with the store"),
}  # fmt: skip
CORRECTED = {
    "UTC clock": ("hours that fit UTC, not the shop's time: moved back", "ask the store for its opening hours"),
    "day and month": ("day and month have changed places: changed back", "fix the date format of this till"),
    "no VAT": ("prices lower by just the value-added tax: tax added", "ask the store: a sale of that size looks alike"),
    "unit price": ("the price of one piece where the sum should stand: multiplied", "ask the store how it writes sums"),
    "return": ("returns whose money has no minus: minus set", "nothing: now they count as returns"),
    "negative quantity": ("returns typed as sales of a negative quantity: now returns", "show the shop the return key"),
    "number anew": ("receipt numbers that the till had used before: now their own", "nothing: tills do that"),
    "no line number": ("lines without a number on their receipt: numbered", "update this till"),
}  # fmt: skip
ASKED = {
    "ask": ("lines that nobody can tell from one line sent twice: kept", "ask the shop"),
    "lone cancellation": ("cancelling lines whose sale is not in the table: kept, with a minus", "ask for the sale"),
    "missing day": ("days of a store without a single receipt", "ask for the files of these days"),
}  # fmt: skip
KINDS = REMOVED | CORRECTED | ASKED


@dataclass(frozen=True)
class CleaningRules:
    """Limits of the rules that cannot be a plain comparison; the defaults were fixed before they were graded.

    Parameters
    ----------
    staff_lines, staff_share : int, float
        A card is an employee's when it has so many lines, and so great a part of them has the staff's discount.
    staff_cards, staff_part : int, float
        More cards than so many, and than so great a part of all, are no staff: the check counts as not done.
    cashier_receipts, cashier_days, cashier_share : int, int, float
        A card is the cashier's own when it has so many receipts, two or more on so many days, and so great a part of
        them at one cashier (or till);
    cashier_seats, seat_share, seat_limit : int, float, float
        and when the store has so many cashiers with that part of its receipts or more, and this one at most that part:
        else a faithful customer looks the same.
    swap_days : int
        Day and month have changed places where so many days of a store's month show it.
    clock_receipts, clock_evidence : int, float
        A store's month is stamped in UTC when it has so many receipts, and their hours fit the usual hours moved by
        the zone better than the usual hours, by so much log-likelihood;
    clock_spread, clock_floor : float
        and when its distance from the usual hours (divergence a receipt) is more than `clock_spread` times the median
        store's and month's plus `clock_floor`, and no longer so once it is moved.
    money_lines, unit_lines : int
        So many lines of one piece (of several pieces) tell whether a store's month lacks VAT (holds unit prices).
    vat_tolerance : float
        The median price of a store's month over the chain's must be that near to 1 / (1 + VAT).
    unit_power : float
        Money grows with the quantity to the power 1 where it is a sum, to the power 0 where it is a unit price: the
        median of the loss of power above this limit is a unit price.
    missing_chance : float
        A day without receipts is missing when fewer empty days than this are expected in the whole span of the store,
        by a negative binomial with the mean of the weekday and the spread of the store.
    """

    staff_lines: int = 8
    staff_share: float = 0.9
    staff_cards: int = 10
    staff_part: float = 0.05
    cashier_receipts: int = 20
    cashier_days: int = 5
    cashier_share: float = 0.9
    cashier_seats: int = 3
    seat_share: float = 0.05
    seat_limit: float = 0.5
    swap_days: int = 3
    clock_receipts: int = 30
    clock_evidence: float = 10.0
    clock_spread: float = 3.0
    clock_floor: float = 0.02
    money_lines: int = 30
    unit_lines: int = 10
    vat_tolerance: float = 0.01
    unit_power: float = 0.5
    missing_chance: float = 0.01
