"""Mark each receipt line with what is wrong with it: expressions that run where the table lives, never row by row.

Only small tables are read on the way: one row a card, one a store and month, one a store and day.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb
import narwhals as nw
import pandas as pd

from loyalty.prepare.clean.cells import find_cells_in_utc, find_cells_of_unit_prices, find_cells_without_tax
from loyalty.prepare.clean.clock import list_offsets, to_local
from loyalty.prepare.clean.rules import KINDS, CleaningRules
from loyalty.prepare.visits import APART
from loyalty.tables.ids import is_blank
from loyalty.tables.pairs import prove_pairs_differ
from loyalty.tables.receipts import BACK
from loyalty.tables.sources import collect, is_empty, open_table

FLAG = {kind: "loyalty_" + re.sub(r"\W+", "_", kind) for kind in KINDS}
OWN = ("file", "file_line", "file_month", "loyalty_row", "corrected", "ask")  # say where a line stood, not what it is
ORDER = ("file_month", "file_line", "loyalty_row")  # which copy came first
TILL = ("store_id", "till_id", "basket_id")
ALIKE = 8  # so many equal digits are no card
NOBODY = r"^(?:" + "|".join(f"{digit}{{{ALIKE},}}" for digit in range(10)) + r"|0?123456789?0?|987654321?0?)$"
TRIAL = r"(?i)^(test|demo|dummy|probe|тест)"
CELL = ["loyalty_store", "loyalty_month"]
MIXED = 0.2  # so great a part of the receipts of several goods may have one line number for two of them


@dataclass(frozen=True)
class Known:
    """What the chain's people have told, and the limits of the rules."""

    zone: float | str | None
    vat_rate: float | None
    staff_discount: float | None
    staff_cards: tuple[str, ...]
    test_cards: tuple[str, ...]
    rules: CleaningRules


@dataclass
class Marked:
    """Lines with a flag a finding and their mended values, and what was found on the way; filled by `mark_lines`."""

    lines: nw.LazyFrame
    in_memory: bool = False
    missing_days: pd.DataFrame = field(default_factory=pd.DataFrame)
    not_done: list[tuple[str, str]] = field(default_factory=list)

    def settle(self) -> None:
        """Compute what has been marked so far, if the table came from memory: later questions need not do it again."""
        native = self.lines.to_native()
        if self.in_memory and isinstance(native, duckdb.DuckDBPyRelation):
            self.lines = nw.from_native(duckdb.from_arrow(native.to_arrow_table()))


def mark_lines(lines: nw.LazyFrame, known: Known, *, in_memory: bool = False) -> Marked:
    """Mark all lines, in the order in which a later rule needs an earlier one.

    Parameters
    ----------
    lines : narwhals.LazyFrame
        Under the contract, but for repeats and empty customers; `time` in microseconds, money as decimals.
    known : Known
    in_memory : bool
        Whether the table came from memory, so that steps between may be kept there, too.

    Returns
    -------
    Marked
        Its lines have `new_time`, `new_sales`, `new_discount`, `new_quantity`, `new_kind`, `new_basket`, `new_line`
        where the table has these columns, and the flags of FLAG.
    """
    marked = Marked(_name_cells(lines), in_memory)
    _mark_copies(marked)
    _mark_cancellations(marked)
    marked.settle()
    _mark_cards(marked, known)
    _mend_clock(marked, known)
    marked.settle()
    _mend_dates(marked, known)
    _mend_money(marked, known)
    _mend_signs(marked)
    marked.settle()
    _mend_numbers(marked)
    marked.settle()
    return marked


def names_of(lines: nw.LazyFrame) -> list[str]:
    """Names of the columns."""
    return lines.collect_schema().names()


def is_sale(names: Sequence[str]) -> nw.Expr:
    """Whether a line calls itself a sale, or nothing at all."""
    if "kind" not in names:
        return nw.lit(True)
    return (nw.col("kind").is_null() | (nw.col("kind") == "sale")).fill_null(True)


def _flag(marked: Marked, **flags: nw.Expr) -> None:
    marked.lines = marked.lines.with_columns(**{name: test.fill_null(False) for name, test in flags.items()})


def _name_cells(lines: nw.LazyFrame) -> nw.LazyFrame:
    """Add the store and month that a line belongs to: a fault of a whole file shows there."""
    names = names_of(lines)
    store = nw.col("store_id").cast(nw.String).fill_null("") if "store_id" in names else nw.lit("")
    month = nw.col("file_month").cast(nw.Datetime("us")) if "file_month" in names else nw.col("time")
    return lines.with_columns(loyalty_store=store, loyalty_month=month.dt.truncate("1mo"))


def _mark_copies(marked: Marked) -> None:
    """Mark every copy but the first; where no number tells lines apart, nobody can say what a second one is."""
    names = names_of(marked.lines)
    same = [name for name in names if name not in (*OWN, *CELL)]
    order: list[str] = [name for name in ORDER if name in names] or ["time"]
    if {"basket_id", "line_no"} <= set(names) and prove_pairs_differ(marked.lines, "basket_id", "line_no"):
        return _flag(marked, **{FLAG["resend"]: nw.lit(False), FLAG["ask"]: nw.lit(False)})
    numbered = nw.lit("basket_id" in names and "line_no" in names)
    for name in ("basket_id", "line_no"):
        if name in names:
            numbered = numbered & ~nw.col(name).is_null()
    if {"basket_id", "line_no", "product_id"} <= set(names) and not _tells_lines_apart(marked.lines):
        numbered = nw.lit(False)
        marked.not_done.append(
            ("resend", "line numbers that tell the lines of a receipt apart; equal lines are asked for")
        )
    place = nw.col("time").cum_count().over(*same, order_by=order)
    marked.lines = marked.lines.with_columns(loyalty_place=place, loyalty_times=nw.col("time").count().over(*same))
    _flag(
        marked,
        **{FLAG["resend"]: (nw.col("loyalty_place") > 1) & numbered},
        **{FLAG["ask"]: (nw.col("loyalty_times") > 1) & ~numbered},
    )
    return None


def _tells_lines_apart(lines: nw.LazyFrame) -> bool:
    """Say whether the line number differs between the goods of a receipt; some tills write 1 on every line."""
    names = names_of(lines)
    receipt = [name for name in ("customer_id", *TILL, "time") if name in names]
    whole = lines.filter(~nw.col("basket_id").is_null() & ~nw.col("line_no").is_null())
    counts = whole.group_by(*receipt).agg(goods=nw.col("product_id").n_unique(), numbers=nw.col("line_no").n_unique())
    several = counts.filter(nw.col("goods") > 1)
    found = collect(several.select(n=nw.len(), same=(nw.col("numbers") < nw.col("goods")).cast(nw.Int64).sum())).iloc[0]
    return not int(found["n"]) or int(found["same"] or 0) <= MIXED * int(found["n"])


def _mark_cancellations(marked: Marked) -> None:
    """Mark a cancelling line and the sale of the same product under the same number that it cancels."""
    names = names_of(marked.lines)
    if "kind" not in names or "basket_id" not in names:
        marked.not_done.append(("cancellation", "the columns `kind` and `basket_id`"))
        return _flag(marked, **{FLAG["cancellation"]: nw.lit(False), FLAG["lone cancellation"]: nw.lit(False)})
    key = [name for name in ("customer_id", *TILL, "line_no", "product_id") if name in names]
    part = [*key, "loyalty_amount"]
    order: list[str] = [name for name in ORDER if name in names] or ["time"]
    fresh = ~nw.col(FLAG["resend"])
    back = ((nw.col("kind") == "cancel") & fresh).fill_null(False)
    time = nw.col("time")
    marked.lines = marked.lines.with_columns(
        loyalty_amount=nw.col("sales").abs(), loyalty_back=nw.when(back).then(time)
    ).with_columns(loyalty_back=nw.col("loyalty_back").max().over(*part))
    later = nw.col("loyalty_back")
    sold = is_sale(names) & fresh & (time <= later) & (later <= time.dt.offset_by(APART))
    marked.lines = marked.lines.with_columns(
        loyalty_sold=sold.fill_null(False).cast(nw.Int64), loyalty_cancels=back.cast(nw.Int64)
    ).with_columns(
        # One cancelling line takes back one sale, the last one first
        loyalty_nth_sold=nw.col("loyalty_sold").cum_sum(reverse=True).over(*part, order_by=order),
        loyalty_nth_cancel=nw.col("loyalty_cancels").cum_sum(reverse=True).over(*part, order_by=order),
        loyalty_all_sold=nw.col("loyalty_sold").sum().over(*part),
        loyalty_all_cancels=nw.col("loyalty_cancels").sum().over(*part),
    )
    taken_back = (nw.col("loyalty_sold") == 1) & (nw.col("loyalty_nth_sold") <= nw.col("loyalty_all_cancels"))
    settled = back & (nw.col("loyalty_nth_cancel") <= nw.col("loyalty_all_sold"))
    _flag(marked, **{FLAG["cancellation"]: taken_back | settled, FLAG["lone cancellation"]: back & ~settled})
    return None


def _mark_cards(marked: Marked, known: Known) -> None:
    """Mark the lines of cards that are no customer's."""
    lines = marked.lines
    card = nw.col("customer_id").cast(nw.String)
    nobody = is_empty("customer_id", lines.collect_schema()["customer_id"])
    if lines.collect_schema()["customer_id"] == nw.String:
        nobody = nobody | is_blank("customer_id").fill_null(False)
    trial = card.str.contains(NOBODY) | card.str.contains(TRIAL)
    if known.test_cards:
        trial = trial | card.is_in(list(known.test_cards))
    staff = [*known.staff_cards, *_find_staff(marked, known)]
    cashiers = _find_cashiers(marked, known)
    _flag(
        marked,
        **{FLAG["no card"]: nobody},
        **{FLAG["test card"]: trial & ~nobody},
        **{FLAG["staff card"]: card.is_in(staff) if staff else nw.lit(False)},
        **{FLAG["cashier's card"]: card.is_in(cashiers) if cashiers else nw.lit(False)},
    )


def _find_staff(marked: Marked, known: Known) -> list[str]:
    """Find cards with the staff's discount on nearly every line."""
    names = names_of(marked.lines)
    if known.staff_discount is None or "discount" not in names:
        if not known.staff_cards:
            marked.not_done.append(("staff card", "staff_discount=, such as 0.15, or staff_cards="))
        return []
    rule = known.rules
    off = nw.col("discount").abs()
    shelf = nw.col("sales").abs() + off
    fits = ((off - known.staff_discount * shelf).abs() <= 0.015) & (off > 0)
    sales = marked.lines.filter(is_sale(names) & ~nw.col(FLAG["resend"]))
    cards = sales.with_columns(loyalty_fits=fits.fill_null(False).cast(nw.Float64))
    counts = cards.group_by("customer_id").agg(n=nw.len(), share=nw.col("loyalty_fits").mean())
    staff = _list_cards(counts.filter((nw.col("n") >= rule.staff_lines) & (nw.col("share") >= rule.staff_share)))
    (cards,) = collect(counts.select(cards=nw.len()))["cards"]
    if len(staff) > max(rule.staff_cards, rule.staff_part * cards):
        says = f"another sign: {len(staff):,} of {cards:,} cards have this discount on nearly every line (staff_cards=)"
        marked.not_done.append(("staff card", says))
        return []
    return staff


def _find_cashiers(marked: Marked, known: Known) -> list[str]:
    """Find cards with many receipts, several a day, nearly all at one of several cashiers (or tills) of a store.

    Where a store has one cashier or two, a faithful customer looks the same: there nothing is found, and this is said.
    """
    names = names_of(marked.lines)
    seats = [name for name in ("cashier", "till_id") if name in names]
    if not seats or not {"store_id", "basket_id"} <= set(names):
        marked.not_done.append(("cashier's card", "the columns `basket_id`, `store_id`, and `cashier` or `till_id`"))
        return []
    rule = known.rules
    sales = marked.lines.filter(is_sale(names) & ~nw.col(FLAG["resend"]) & ~nw.col(FLAG["cancellation"]))
    key = [name for name in TILL if name in names]
    receipts = sales.with_columns(day=nw.col("time").dt.truncate("1d"))
    own = ["customer_id", *dict.fromkeys(["store_id", *seats, *key]), "day"]
    receipts = receipts.group_by(*own).agg(lines=nw.len())
    days = receipts.group_by("customer_id", "day").agg(n=nw.len())
    days = days.group_by("customer_id").agg(receipts=nw.col("n").sum(), busy=(nw.col("n") >= 2).cast(nw.Int64).sum())
    many = days.filter((nw.col("receipts") >= rule.cashier_receipts) & (nw.col("busy") >= rule.cashier_days))
    found: set[str] = set()
    is_done = False
    for seat in seats:
        told_apart = _find_seats(receipts, seat, rule)
        is_done = is_done or bool(len(collect(told_apart)))
        at = receipts.join(told_apart, on=["store_id", seat], how="inner")
        at = at.group_by("customer_id", "store_id", seat).agg(n=nw.len())
        most = at.group_by("customer_id").agg(most=nw.col("n").max())
        both = many.join(most, on="customer_id", how="inner")
        found |= set(_list_cards(both.filter(nw.col("most") >= rule.cashier_share * nw.col("receipts"))))
    if not is_done:
        says = f"a store with {rule.cashier_seats} or more cashiers (or tills), of whom none has most of the receipts"
        marked.not_done.append(("cashier's card", says))
    return sorted(found)


def _find_seats(receipts: nw.LazyFrame, seat: str, rule: CleaningRules) -> nw.LazyFrame:
    """Find the cashiers (or tills) who can be told from others: one of several of a store, and not most of it."""
    counts = receipts.group_by("store_id", seat).agg(n=nw.len())
    counts = counts.with_columns(part=nw.col("n") / nw.col("n").sum().over("store_id"))
    several = (nw.col("part") >= rule.seat_share).cast(nw.Int64).sum().over("store_id")
    counts = counts.with_columns(several=several)
    limits = (nw.col("several") >= rule.cashier_seats) & (nw.col("part") <= rule.seat_limit)
    return counts.filter(limits).select("store_id", seat)


def _list_cards(cards: nw.LazyFrame) -> list[str]:
    found = collect(cards.select(nw.col("customer_id").cast(nw.String)))["customer_id"]
    return sorted(found.dropna().astype("str"))


def _mark_cells(marked: Marked, kind: str, cells: pd.DataFrame) -> None:
    """Mark the lines of some stores and months."""
    if cells.empty:
        return _flag(marked, **{FLAG[kind]: nw.lit(False)})
    flags = cells.astype({"loyalty_store": "str", "loyalty_month": "datetime64[us]"}).assign(**{FLAG[kind]: True})
    small = open_table(flags[[*CELL, FLAG[kind]]], beside=marked.lines)
    marked.lines = marked.lines.join(small, on=CELL, how="left")
    return _flag(marked, **{FLAG[kind]: nw.col(FLAG[kind])})


def _mend_clock(marked: Marked, known: Known) -> None:
    """Move the stores and months that are stamped in UTC back to the shop's time."""
    time = nw.col("time")
    if known.zone is None:
        marked.not_done.append(("UTC clock", 'zone=, such as -4 or "America/New_York"'))
        _mark_cells(marked, "UTC clock", pd.DataFrame())
        marked.lines = marked.lines.with_columns(new_time=time)
        return
    span = collect(marked.lines.select(first=time.min(), last=time.max())).iloc[0]
    if span["first"] is pd.NaT:
        list_offsets(known.zone, pd.Timestamp("2000-01-01"), pd.Timestamp("2000-01-02"))
        _mark_cells(marked, "UTC clock", pd.DataFrame())
        marked.lines = marked.lines.with_columns(new_time=time)
        return
    offsets = list_offsets(known.zone, span["first"], span["last"])
    _mark_cells(marked, "UTC clock", find_cells_in_utc(marked.lines, offsets, known.rules))
    local = nw.when(nw.col(FLAG["UTC clock"])).then(to_local(time, offsets)).otherwise(time)
    marked.lines = marked.lines.with_columns(new_time=local)


def _mend_dates(marked: Marked, known: Known) -> None:
    """Change day and month back where that brings a date into the month of its file."""
    kind = FLAG["day and month"]
    if "file_month" not in names_of(marked.lines):
        marked.not_done.append(("day and month", "the column `file_month`, the month that a file is for"))
        return _flag(marked, **{kind: nw.lit(False)})
    time, month = nw.col("new_time").dt, nw.col("loyalty_month").dt
    swapped = (time.month() != month.month()) & (time.day() == month.month()) & (time.year() == month.year())
    # One such day may be a late night, or lines of the next month: a till with the wrong format writes many of them
    days = marked.lines.filter(swapped.fill_null(False)).group_by(*CELL).agg(days=time.month().n_unique())
    cells = collect(days.filter(nw.col("days") >= known.rules.swap_days).select(*CELL))
    _mark_cells(marked, "day and month", cells)
    _flag(marked, **{kind: nw.col(kind) & swapped})
    there = marked.lines.filter(nw.col(kind)).with_columns(loyalty_found=time.month())
    pairs = collect(there.select("loyalty_month", "loyalty_found").unique())
    mended = nw.col("new_time")
    for right, found in sorted(pairs.itertuples(index=False, name=None)):
        wrong = pd.Timestamp(right.year, int(found), right.month)
        move = (pd.Timestamp(right.year, right.month, int(found)) - wrong).days
        hit = (
            nw.col(kind) & (month.month() == right.month) & (month.year() == right.year) & (time.month() == int(found))
        )
        mended = nw.when(hit).then(nw.col("new_time").dt.offset_by(f"{move}d")).otherwise(mended)
    marked.lines = marked.lines.with_columns(new_time=mended)
    return None


def _mend_money(marked: Marked, known: Known) -> None:
    """Add the tax where a store's month lacks it, and multiply where it holds unit prices."""
    names = names_of(marked.lines)
    money = [name for name in ("sales", "discount") if name in names]
    cells: dict[str, pd.DataFrame] = {"no VAT": pd.DataFrame(), "unit price": pd.DataFrame()}
    if not {"product_id", "quantity", "store_id"} <= set(names):
        marked.not_done += [(kind, "the columns `product_id`, `quantity` and `store_id`") for kind in cells]
    else:
        cells["unit price"] = find_cells_of_unit_prices(marked.lines, known.rules)
        if known.vat_rate is None:
            marked.not_done.append(("no VAT", "vat_rate=, such as 0.20"))
        else:
            cells["no VAT"] = find_cells_without_tax(marked.lines, known.vat_rate, known.rules)
    for kind, found in cells.items():
        _mark_cells(marked, kind, found)
    if "quantity" in names:
        _flag(marked, **{FLAG["unit price"]: nw.col(FLAG["unit price"]) & (nw.col("quantity").abs() > 1)})
    pieces = nw.col("quantity").abs().cast(nw.Float64()) if "quantity" in names else nw.lit(1.0)
    tax = 1.0 + (known.vat_rate or 0.0)
    for name in money:
        value = nw.col(name)
        taxed = nw.when(nw.col(FLAG["no VAT"])).then((value * tax).round(2)).otherwise(value)
        marked.lines = marked.lines.with_columns(**{f"taxed_{name}": taxed})
        summed = (nw.col(f"taxed_{name}") * pieces).round(2)
        whole = nw.when(nw.col(FLAG["unit price"])).then(summed).otherwise(nw.col(f"taxed_{name}"))
        marked.lines = marked.lines.with_columns(**{f"new_{name}": whole})


def _mend_signs(marked: Marked) -> None:
    """Give returns a minus, by their kind or by a negative quantity."""
    names = names_of(marked.lines)
    paid = nw.col("sales") > 0
    known = nw.lit(False)
    if "kind" in names:
        known = nw.col("kind").is_in(list(BACK)).fill_null(False)
    negative = (nw.col("quantity") < 0).fill_null(False) if "quantity" in names else nw.lit(False)
    mended = known & ~nw.col(FLAG["cancellation"])
    _flag(marked, **{FLAG["return"]: mended & paid, FLAG["negative quantity"]: negative & paid & ~known})
    turn = nw.col(FLAG["return"]) | nw.col(FLAG["negative quantity"])
    marked.lines = marked.lines.with_columns(
        unsigned_sales=nw.col("new_sales"),
        new_sales=nw.when(turn).then(-nw.col("new_sales")).otherwise(nw.col("new_sales")),
    )
    if "quantity" in names:
        less = nw.when(nw.col(FLAG["return"])).then(-nw.col("quantity").abs()).otherwise(nw.col("quantity"))
        marked.lines = marked.lines.with_columns(new_quantity=less)
    if "kind" in names:
        kind = nw.when(nw.col(FLAG["negative quantity"])).then(nw.lit("return")).otherwise(nw.col("kind"))
        marked.lines = marked.lines.with_columns(new_kind=kind)


def _mend_numbers(marked: Marked) -> None:
    """Give a receipt number that comes again its own receipt, and number lines that have no number."""
    names = names_of(marked.lines)
    _flag(marked, **{FLAG["number anew"]: nw.lit(False), FLAG["no line number"]: nw.lit(False)})
    if "basket_id" not in names:
        marked.not_done.append(("number anew", "the column `basket_id`"))
        return
    owner = () if "till_id" in names else ("customer_id",)  # without the till only a card's own numbers are its own
    key = [*owner, *(name for name in TILL if name in names)]
    goods = [*key, *(name for name in ("customer_id", "product_id") if name in names and name not in key)]
    forth = nw.when(nw.col("new_sales") >= 0).then(nw.col("new_time"))
    marked.lines = marked.lines.with_columns(loyalty_forth=forth).with_columns(
        loyalty_forth=nw.col("loyalty_forth").min().over(*goods)
    )
    # Goods that come back under the number of their sale belong to that receipt, whatever the day
    under_its_sale = (nw.col("new_sales") < 0) & (nw.col("loyalty_forth") <= nw.col("new_time"))
    own = ~under_its_sale.fill_null(False) & ~nw.col(FLAG["resend"]) & ~nw.col("basket_id").is_null()
    marked.lines = marked.lines.with_columns(loyalty_own=own.cast(nw.Int64))
    own = nw.col("loyalty_own") == 1
    part = [*key, "loyalty_own"]
    before = nw.col("new_time").shift(1).over(*part, order_by="new_time")
    marked.lines = marked.lines.with_columns(loyalty_before=before)
    far = nw.col("new_time") > nw.col("loyalty_before").dt.offset_by(APART)
    marked.lines = marked.lines.with_columns(loyalty_far=(far & own).fill_null(False).cast(nw.Int64))
    # A window of all lines up to this moment: lines of one moment must not be split
    turns = marked.lines.group_by(*part, "new_time").agg(loyalty_far=nw.col("loyalty_far").max())
    turns = turns.with_columns(loyalty_round=nw.col("loyalty_far").cum_sum().over(*part, order_by="new_time"))
    again = turns.filter(nw.col("loyalty_round") > 0).drop("loyalty_far")
    marked.lines = marked.lines.join(again, on=[*part, "new_time"], how="left")
    marked.lines = marked.lines.with_columns(loyalty_round=nw.col("loyalty_round").fill_null(0).cast(nw.Int64))
    _flag(marked, **{FLAG["number anew"]: (nw.col("loyalty_round") > 0) & own})
    if "line_no" in names:
        _number_lines(marked, key)


def _number_lines(marked: Marked, key: list[str]) -> None:
    names = names_of(marked.lines)
    order: list[str] = [name for name in ORDER if name in names] or ["new_time"]
    part = [*key, "loyalty_round"]
    missing = nw.col("line_no").is_null() & ~nw.col("basket_id").is_null()
    _flag(marked, **{FLAG["no line number"]: missing})
    known = nw.col("line_no").cast(nw.Int64)
    lacks = nw.col(FLAG["no line number"]).cast(nw.Int64)
    marked.lines = marked.lines.with_columns(loyalty_lacks=lacks, loyalty_last=known.max().over(*part))
    place = nw.col("loyalty_lacks").cum_sum().over(*part, order_by=order)  # after the numbers that the till did write
    number = nw.when(lacks == 1).then(nw.col("loyalty_last").fill_null(0) + place).otherwise(known)
    marked.lines = marked.lines.with_columns(new_line=number)
