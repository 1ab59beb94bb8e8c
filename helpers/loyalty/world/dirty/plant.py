"""People and receipts of the dirty export: true repeats, staff, the cashier's card, cancellations, returns, tests."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.world.dirty.plan import FAULTS, STAFF_DISCOUNT, FaultPlan, luck

TILLS = 3
CASHIERS = ("Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Захар")
TEST_CARDS = ("0000000000", "9999999999", "1234567890", "TEST")
CASHIERS_CARD = "2700900001"
SPLIT_LINES = 60
SECOND_RECEIPTS = 40
STAFF = 8
STAFF_LINES = 12  # a member of staff has at least so many lines
CASHIERS_SHARE = 0.3
CANCELLED = 0.008
RETURNED = 0.02
RETURNED_WHERE_NEGATIVE = 0.04
TESTS = 40
NEW = 10**12  # baskets that the world has not printed


def make_cards(ids: pd.Series) -> pd.Series:
    """Write customer ids as ten-digit card numbers."""
    return "27" + (ids.astype("int64") * 7_919 % 90_000_000 + 10_000_000).astype("str")


def take_lines(receipts: pd.DataFrame, seed: int, first: pd.Timestamp) -> pd.DataFrame:
    """Take the last months of a world's receipts, with tills, cashiers and cards, and no fault yet.

    Money is in whole cents. `file` is the month (0 is the first); each fault of FAULTS has a column of marks; `keep`
    says whether the line belongs to a perfectly cleaned table.
    """
    chosen = receipts[receipts["time"] >= first]
    lines = chosen[["time", "basket_id", "line_no", "product_id", "quantity", "store_id", "channel"]].copy()
    lines["line_no"] = lines["line_no"].astype("int64")
    lines["quantity"] = lines["quantity"].astype("int64")
    lines["store_id"] = lines["store_id"].astype("int64")
    lines["who"] = chosen["customer_id"]
    lines["customer_id"] = make_cards(chosen["customer_id"])
    lines["sales"] = np.rint(chosen["sales"] * 100).astype("int64")
    lines["discount"] = np.rint(chosen["discount"] * 100).astype("int64")
    lines["kind"] = "sale"
    lines["keep"] = True
    for name in FAULTS:
        lines[name] = False
    till = 1 + (luck(seed, 10, lines["basket_id"]) * TILLS).astype("int64")
    lines["till_id"] = np.where(lines["store_id"] == 0, 1, till)
    return lines.reset_index(drop=True)


def _with_more(lines: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([lines, more], ignore_index=True)


def _first(ids: pd.Series | np.ndarray, seed: int, step: int, many: int) -> np.ndarray:
    """Draw some of the ids, each once."""
    each = np.unique(np.asarray(ids))
    return each[np.argsort(luck(seed, step, each), kind="stable")][:many]


def plant_repeats(lines: pd.DataFrame, seed: int, plan: FaultPlan) -> pd.DataFrame:
    """Scan two pieces one by one, and let some customers buy the same again on the same day: all of it is true."""
    old = (lines["store_id"] == plan.old_till[0]) & (lines["till_id"] == plan.old_till[1])
    even = (lines["quantity"] == 2) & (lines["sales"] % 2 == 0) & (lines["discount"] % 2 == 0) & ~old
    split = lines["basket_id"].isin(_first(lines.loc[even, "basket_id"], seed, 11, SPLIT_LINES)) & even
    lines.loc[split, ["quantity", "sales", "discount"]] //= 2
    twins = lines[split].copy()
    twins["line_no"] += 100  # below the others, whose numbers stay
    twins["repeat purchase"] = True
    alone = lines.groupby("basket_id")["line_no"].transform("size") == 1
    early = alone & (lines["time"].dt.hour < 15) & ~old & (lines["store_id"] > 0)
    chosen = _first(lines.loc[early, "basket_id"], seed, 12, SECOND_RECEIPTS)
    again = lines[lines["basket_id"].isin(chosen)].copy()
    again["time"] += pd.to_timedelta((luck(seed, 13, again["basket_id"]) * 7_200 + 5_400).astype("int64"), unit="s")
    again["basket_id"] += NEW
    again["repeat purchase"] = True
    return _with_more(_with_more(lines, twins), again)


def plant_staff(lines: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Make a few customers employees: their discount is the staff's on each line."""
    size = lines.groupby("who")["line_no"].size()
    staff = lines["who"].isin(_first(size.index[size >= STAFF_LINES], seed, 14, STAFF))
    shelf = lines["sales"] + lines["discount"]
    lines.loc[staff, "discount"] = np.rint(shelf[staff] * STAFF_DISCOUNT).astype("int64")
    lines.loc[staff, "sales"] = shelf[staff] - lines.loc[staff, "discount"]
    lines.loc[staff, "staff card"] = True
    lines.loc[staff, "repeat purchase"] = False
    lines.loc[staff, "keep"] = False
    return lines


def name_cashiers(lines: pd.DataFrame, seed: int, plan: FaultPlan) -> pd.DataFrame:
    """Seat one cashier at each till and day, two in turn; at the till of the card there is always the same one."""
    day = (lines["time"].dt.normalize() - pd.Timestamp("2020-01-01")).dt.days
    place = lines["store_id"] * 10 + lines["till_id"]
    turn = (luck(seed, 15, place * 10_000 + day) * 2).astype("int64")
    number = (place * 3 + turn) % len(CASHIERS)
    own = (lines["store_id"] == plan.cashier_till[0]) & (lines["till_id"] == plan.cashier_till[1])
    number[own] = (plan.cashier_till[0] * 5) % len(CASHIERS)
    names = np.array(CASHIERS)[number]
    lines["cashier"] = np.where(lines["store_id"] == 0, "", names)
    return lines


def plant_cashiers_card(lines: pd.DataFrame, seed: int, plan: FaultPlan) -> pd.DataFrame:
    """Let one cashier hold his own card over the receipts of customers who have none with them."""
    here = (lines["store_id"] == plan.cashier_till[0]) & (lines["till_id"] == plan.cashier_till[1])
    taken = here & lines["keep"] & (luck(seed, 16, lines["basket_id"]) < CASHIERS_SHARE)
    lines.loc[taken, "customer_id"] = CASHIERS_CARD
    lines.loc[taken, "cashier's card"] = True
    lines.loc[taken, ["keep", "repeat purchase"]] = False
    return lines


def plant_cancellations(lines: pd.DataFrame, seed: int, plan: FaultPlan) -> pd.DataFrame:
    """Cancel whole receipts two minutes after they were printed, under the same number."""
    whole = lines.groupby("basket_id")["keep"].transform("all")
    repeats = lines.groupby("basket_id")["repeat purchase"].transform("any")
    old = (lines["store_id"] == plan.old_till[0]) & (lines["till_id"] == plan.old_till[1])
    gone = whole & ~repeats & ~old & (luck(seed, 17, lines["basket_id"]) < CANCELLED)
    lines.loc[gone, "cancellation"] = True
    lines.loc[gone, "keep"] = False
    back = lines[gone].copy()
    back["kind"] = "cancel"
    back["time"] += pd.Timedelta(minutes=2)
    return _with_more(lines, back)


def plant_returns(lines: pd.DataFrame, seed: int, plan: FaultPlan, end: pd.Timestamp) -> pd.DataFrame:
    """Bring goods back one to nine days later, on a receipt of their own; one store types them as negative sales."""
    line = lines["basket_id"] * 1_000 + lines["line_no"]
    drawn = luck(seed, 18, line)
    negative = lines["store_id"] == plan.negative_store
    share = np.where(negative, RETURNED_WHERE_NEGATIVE, RETURNED)
    chosen = lines["keep"] & ~lines["repeat purchase"] & (drawn < share) & (lines["store_id"] > 0)
    back = lines[chosen].copy()
    days = 1 + (luck(seed, 19, line[chosen]) * 9).astype("int64")
    back["time"] += pd.to_timedelta(days, unit="D")
    back["basket_id"] += 2 * NEW
    back = back[back["time"] < end]
    for name in ("sales", "quantity"):
        back[name] = -back[name]
    back["discount"] = 0
    back["kind"] = "return"
    back["return"] = ~negative[back.index]
    back["negative quantity"] = negative[back.index]
    return _with_more(lines, back)


def plant_tests(lines: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Try out tills before the shop opens, on cards that are nobody's."""
    chosen = _first(lines.loc[lines["keep"] & (lines["kind"] == "sale"), "basket_id"], seed, 20, TESTS)
    tests = lines[lines["basket_id"].isin(chosen)].copy()
    which = (luck(seed, 21, tests["basket_id"]) * len(TEST_CARDS)).astype("int64")
    tests["customer_id"] = np.array(TEST_CARDS)[which]
    tests["time"] = tests["time"].dt.normalize() + pd.Timedelta(hours=7, minutes=45)
    tests["basket_id"] += 3 * NEW
    tests["test card"] = True
    tests[["keep", "repeat purchase"]] = False
    return _with_more(lines, tests)
