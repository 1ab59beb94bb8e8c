"""Exercise 11, the second export: right answers and the usual wrong ones, all computed from its lines and its truth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import pandas as pd

from loyalty.prepare.clean import inspect_receipts
from loyalty.tasks.checking.answers import Mismatch, kind_of
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t11.scene import EXERCISE, TOLD, receive_export
from loyalty.world.dirty import DirtyExport
from loyalty.world.dirty.plan import HOURS_BEHIND_UTC

CENT = 0.005
PLACE = ["file", "file_line"]
NUMBERS = ["store_id", "till_id", "basket_id", "line_no"]
SAME = [*NUMBERS, "customer_id", "product_id", "time", "sales", "kind"]
FAR = 0.10  # euros: adding a tax or multiplying a price may miss by a few cents
LIMIT = 0.005
PARTS = ("lines wrongly removed", "lines wrongly kept", "lines with wrong money", "lines on a wrong day", "net sales")
SUNDAY = 6
OUT = ("resend", "cancellation", "test card", "staff card", "cashier's card")
NEAR = 0.03  # an answer that is made from mended money differs from a known mistake in a few lines


@cache
def _export() -> DirtyExport:
    return receive_export(EXERCISE)[1]


@cache
def _lines() -> pd.DataFrame:
    return receive_export(EXERCISE)[0]


@cache
def _truth() -> pd.DataFrame:
    return _export().truth.clean


def _places(*defects: str) -> pd.DataFrame:
    """File and line of some planted faults."""
    listed = _export().truth.defects
    chosen = listed[listed["defect"].isin(defects)].dropna(subset="line")
    return chosen.rename(columns={"line": "file_line"}).astype({"file_line": "int64"})[PLACE].drop_duplicates()


def _with_faults(table: pd.DataFrame, *defects: str) -> pd.Series:
    """Which rows of a table carry one of some faults."""
    return table[PLACE].merge(_places(*defects).assign(there=True), how="left")["there"].notna().set_axis(table.index)


# --- 11a -----------------------------------------------------------------------------------------


def _count(copies: pd.Series) -> tuple[int, float]:
    hit = _lines().loc[copies.index[copies], "sales"]
    return len(hit), float(hit.sum().round(2))


@cache
def _answer_resent() -> Answers:
    lines = _lines()
    numbered = lines["line_no"].notna()
    by_day = lines.assign(day=lines["time"].dt.normalize())
    sales = by_day[by_day["kind"] == "sale"]
    right = _count(lines.duplicated(SAME) & numbered)
    return Answers(
        right=right,
        praise=f"{right[0]} lines and €{right[1]:,.2f} were counted twice.",
        mistakes=(
            Mistake(
                "dedup_on_card_day_sum",
                "You compared card, day and money. That takes true repeat purchases for copies: two packs scanned one by one, or the same tea in the "
                "afternoon. A copy is equal in everything that the till wrote, its numbers too.",
                _count(by_day.duplicated(["customer_id", "day", "sales"])),
            ),
            Mistake(
                "dedup_of_sales_on_card_day_sum",
                "You compared card, day and money of the sales. Two equal purchases on one day are two purchases. A copy is equal in everything that the till wrote, its numbers too.",
                _count(sales.duplicated(["customer_id", "day", "sales"])),
            ),
            Mistake(
                "dedup_on_card_day_product_sum",
                "You compared card, day, product and money. Who buys the same product twice on a day is still no copy. A copy is equal in everything that the till wrote, its numbers too.",
                _count(by_day.duplicated(["customer_id", "day", "product_id", "sales"])),
            ),
            Mistake(
                "no_line_number",
                "You compared the moment, the card and the product, but not the number of the line. Two pieces that were scanned one by one have two line numbers.",
                _count(lines.duplicated(["customer_id", "time", "product_id", "sales", "kind"])),
            ),
            Mistake(
                "both_copies",
                "You counted the first line of each pair as well. That one is a true sale: leave out `keep=False`.",
                _count(lines.duplicated(SAME, keep=False) & numbered),
            ),
            Mistake(
                "lines_nobody_can_judge",
                "Lines of the old till are among yours. It sends no line numbers, so nobody can say whether two equal lines are one. Keep `line_no.notna()`.",
                _count(lines.duplicated(SAME)),
            ),
            Mistake(
                "whole_rows",
                "You found none. The copies stand in another line of the file, so `file_line` differs. Compare the columns of the till only.",
                (0, 0.0),
            ),
            Mistake(
                "numbers_alone",
                "You compared store, till, receipt and line alone. A till starts its numbers anew, so the same number comes again in another month, on another receipt. Compare everything that the till wrote: the time, the card, the product and the money as well.",
                _count(lines.duplicated(NUMBERS) & numbered),
            ),
            Mistake(
                "cancellations_as_copies",
                "You left `kind` and `time` out, so a line and the line that cancels it look like copies. They are another case.",
                _count(lines.duplicated([*NUMBERS, "customer_id", "product_id", "sales"]) & numbered),
            ),
        ),
    )


# --- 11b -----------------------------------------------------------------------------------------


@cache
def _utc_file() -> str:
    web = _lines()[_lines()["store_id"] == 0]
    places = web[PLACE].merge(_places("UTC clock"), on=PLACE)
    return str(places["file"].iloc[0])


def _sundays(lines: pd.DataFrame, hours: float, day: int = SUNDAY) -> float:
    local = lines["time"] + pd.Timedelta(hours=hours)
    return float(lines.loc[local.dt.day_of_week == day, "sales"].sum().round(2))


@cache
def _answer_sundays() -> Answers:
    lines = _lines()
    month = lines[lines["file"] == _utc_file()]
    web = month[month["store_id"] == 0]
    right = _sundays(web, -HOURS_BEHIND_UTC)
    others = sorted(set(lines["file"]) - {_utc_file()})
    elsewhere = lines[(lines["store_id"] == 0) & (lines["file"] == others[0])]
    return Answers(
        right=right,
        praise=f"€{right:,.2f} on the Sundays of the shop, €{_sundays(web, 0):,.2f} by the wrong clock.",
        mistakes=(
            Mistake(
                "dates_by_utc",
                "These are the days of UTC. A Sunday evening in the shop is Monday there, and a Saturday evening is Sunday. Take four hours off first.",
                _sundays(web, 0),
            ),
            Mistake(
                "wrong_direction",
                "You added the four hours. The shops are *behind* UTC: when it is midnight there, it is 8 in the evening in the shop. Take them off.",
                _sundays(web, HOURS_BEHIND_UTC),
            ),
            Mistake(
                "other_month",
                f"That is a month whose clock is right, {others[0]}, moved all the same. Look at the hours of each file: only one is four hours late.",
                _sundays(elsewhere, -HOURS_BEHIND_UTC),
            ),
            Mistake(
                "all_stores",
                "You took all stores of the month. Only store 0, the web shop, is asked.",
                _sundays(month, -HOURS_BEHIND_UTC),
            ),
            Mistake(
                "monday_for_sunday",
                "Those are Mondays. In pandas Monday is 0 and Sunday is 6.",
                _sundays(web, -HOURS_BEHIND_UTC, 0),
            ),
            Mistake(
                "saturday_for_sunday",
                "Those are Saturdays. In pandas Monday is 0 and Sunday is 6.",
                _sundays(web, -HOURS_BEHIND_UTC, SUNDAY - 1),
            ),
        ),
    )


# --- 11c -----------------------------------------------------------------------------------------


def digest(clean: pd.DataFrame, removed: pd.DataFrame, net_sales: float) -> tuple[float, ...]:
    """Lay a cleaning beside the truth: the numbers of PARTS; net sales as thousandths of the truth that they are off.

    Lines that nobody can judge count nowhere.

    Parameters
    ----------
    clean, removed : pandas.DataFrame
        With file and file_line; `clean` with sales and time.
    net_sales : float
    """
    truth = _truth()
    judged = truth[~truth["ask"]]
    unjudged = truth.loc[truth["ask"], PLACE].assign(unjudged=True)
    ours = clean[[*PLACE, "sales", "time"]].merge(unjudged, on=PLACE, how="left")
    ours = ours[ours["unjudged"].isna()].drop(columns="unjudged")
    both = ours.merge(judged[[*PLACE, "sales", "time"]], on=PLACE, how="left", suffixes=("", "_right"), indicator=True)
    kept = both[both["_merge"] == "both"]
    money = ((kept["sales"] - kept["sales_right"]).abs() > FAR).sum()
    days = (kept["time"].dt.normalize() != kept["time_right"].dt.normalize()).sum()
    off = 1_000 * (net_sales / _export().truth.net_sales - 1)
    wrongly_kept = (both["_merge"] == "left_only").sum()
    return float(len(judged) - len(kept)), float(wrongly_kept), float(money), float(days), round(float(off), 3)


def _read_delivery(answer: Any) -> Any:
    """Turn (clean, removed, net_sales) into its digest; a digest passes."""
    if kind_of(answer) != "sequence" or not any(isinstance(part, pd.DataFrame) for part in answer):
        return answer
    if len(answer) != 3:
        raise Mismatch(f"Three things were asked, (clean, removed, net_sales); you gave {len(answer)}.")
    clean, removed, net = answer
    if not isinstance(clean, pd.DataFrame) or not isinstance(removed, pd.DataFrame):
        raise Mismatch("The first two of (clean, removed, net_sales) should be tables.")
    wanted = (("clean", clean, [*PLACE, "sales", "time"]), ("removed", removed, PLACE))
    absent = [f"`{name}` in {what}" for what, table, names in wanted for name in names if name not in table]
    if absent:
        raise Mismatch(f"These columns are missing: {', '.join(absent)}. Keep them through the cleaning.")
    if kind_of(net) != "number":
        raise Mismatch("The third of (clean, removed, net_sales) should be one number.")
    if len(clean) + len(removed) != len(_lines()):
        lost = len(_lines()) - len(clean) - len(removed)
        raise Mismatch(
            f"{abs(lost):,} lines are {'lost' if lost > 0 else 'too many'}: each line belongs to `clean` or to `removed`."
        )
    if abs(float(net) - clean["sales"].sum()) > 1:
        raise Mismatch(
            f"Your net sales are {float(net):,.2f}, and the sales of your clean table sum to {clean['sales'].sum():,.2f}."
        )
    return digest(clean, removed, float(net))


def _deliver(clean: pd.DataFrame) -> tuple[float, ...]:
    """The digest of a clean table, all other lines removed."""
    return digest(clean, _lines().head(0), clean["sales"].sum())


def _leave_in(*defects: str) -> pd.DataFrame:
    """The true clean table, and beside it the lines that only these faults keep out of it, as they stand in the files."""
    more = _lines().merge(_places(*defects), on=PLACE)
    others = more.loc[_with_faults(more, *(set(OUT) - set(defects)))]
    return pd.concat([_truth(), more.drop(index=others.index)], ignore_index=True)


def _leave_wrong(column: str, *defects: str) -> pd.DataFrame:
    """The true clean table, one column of some faulty lines as it stands in the files."""
    truth = _truth()
    raw = truth[PLACE].merge(_lines()[[*PLACE, column]], on=PLACE, how="left")[column]
    return truth.assign(**{column: truth[column].mask(_with_faults(truth, *defects), raw)})


@cache
def _answer_delivery() -> Answers:
    truth = _truth()
    day = truth["time"].dt.normalize()
    repeats = truth.assign(day=day).duplicated(["customer_id", "day", "sales"])
    known = {
        "true_repeats_dropped": (
            "True repeat purchases are gone: lines with the same card, day and money. They have numbers of their own on the till. Only what is equal in store, "
            "till, receipt and line goes.",
            truth[~repeats],
        ),
        "returns_as_purchases": (
            "The returns count as purchases: their money has no minus. Some are marked by `kind`, those of one store by a negative quantity.",
            truth.assign(sales=truth["sales"].abs()),
        ),
        "only_marked_returns": (
            "Returns of one store count as purchases still. It types them as a sale of a negative quantity.",
            _leave_wrong("sales", "negative quantity"),
        ),
        "returns_removed": (
            "The returns are gone. Then the sales that they take back count in full. Keep them, with a minus.",
            truth[truth["sales"] >= 0],
        ),
        "dates_by_utc": (
            "Some evenings stand on the next day: the web shop's month in UTC, and one store's. Say `zone=-4`.",
            _leave_wrong("time", "UTC clock"),
        ),
        "day_and_month_swapped": (
            "One store's days and months are still in each other's place. `file_month` says which month a line belongs to.",
            _leave_wrong("time", "day and month"),
        ),
        "cashiers_card_left": (
            "The cashier's own card is still a customer. Hundreds of receipts, all at one cashier: nobody knows whose purchases these are.",
            _leave_in("cashier's card"),
        ),
        "staff_left": (
            "The staff are still customers. Say `staff_discount=0.15`: their discount gives them away.",
            _leave_in("staff card"),
        ),
        "test_cards_left": ("Purchases on test cards are still in, such as 0000000000.", _leave_in("test card")),
        "cancelled_left": ("Cancelled receipts are still in.", _leave_in("cancellation")),
        "resent_left": ("The resent lines are still in: they count twice.", _leave_in("resend")),
        "without_tax": (
            "One store's month is still without tax. Say `vat_rate=0.20`.",
            _leave_wrong("sales", "no VAT"),
        ),
        "unit_prices": (
            "In one store's month the price of one piece still stands for the sum.",
            _leave_wrong("sales", "unit price"),
        ),
        "nothing_done": ("This is the table as it came. Everything is still in it.", _lines()),
    }
    return Answers(
        right=(0.0, 0.0, 0.0, 0.0, 0.0),
        praise=f"{len(truth):,} clean lines, net sales €{_export().truth.net_sales:,.0f}; every other line is in `removed`.",
        mistakes=tuple(Mistake(name, says, _deliver(table)) for name, (says, table) in known.items()),
    )


def _judge_delivery(answer: Any) -> tuple[str | None, str]:
    """Say which parts are off, where no single mistake explains all of them."""
    if kind_of(answer) != "sequence" or len(answer) != len(PARTS):
        return None, "Three things were asked: (clean, removed, net_sales), two tables and a number."
    for mistake in _answer_delivery().mistakes:
        pairs = list(zip(mistake.value, answer, strict=True))
        if all(abs(a - b) <= max(2.0, NEAR * abs(a)) for a, b in pairs[:-1]) and abs(pairs[-1][0] - pairs[-1][1]) < 1.5:
            return mistake.name, mistake.says
    counts = [f"{int(number):,} {name}" for name, number in zip(PARTS[:-1], answer, strict=False) if number]
    net = f"net sales {answer[-1] / 10:+.2f} %"
    return (
        None,
        f"Not yet. Beside the truth: {', '.join([*counts, net])}. Several things may be the matter: take them one by one.",
    )


# --- 11d -----------------------------------------------------------------------------------------


def _top(lines: pd.DataFrame) -> pd.DataFrame:
    return lines.groupby("customer_id")["sales"].sum().round(2).nlargest(10).reset_index()


@cache
def _answer_top() -> Answers:
    truth = _truth()
    right = _top(truth)
    return Answers(
        right=right,
        praise=f"The best customer bought for €{right['sales'].iloc[0]:,.0f}, the tenth for €{right['sales'].iloc[-1]:,.0f}.",
        mistakes=(
            Mistake(
                "cashiers_card_on_top",
                "Your best customer is the cashier's own card. Take the clean table.",
                _top(_leave_in("cashier's card")),
            ),
            Mistake(
                "raw_table",
                "This is the top ten of the table as it came. Take your clean table.",
                _top(_lines()),
            ),
            Mistake(
                "returns_as_purchases",
                "Returns count as purchases here. Who brings back much is not the best customer.",
                _top(truth.assign(sales=truth["sales"].abs())),
            ),
            Mistake(
                "returns_left_out",
                "You left the returns out. Net sales take them off.",
                _top(truth[truth["sales"] > 0]),
            ),
            Mistake(
                "most_receipts",
                "Those have the most receipts. Net sales are asked.",
                truth.drop_duplicates(["customer_id", "basket_id"])
                .groupby("customer_id")
                .size()
                .nlargest(10)
                .rename("sales")
                .astype("float64")
                .reset_index(),
            ),
        ),
    )


# --- 11e -----------------------------------------------------------------------------------------


@cache
def _answer_decision() -> Answers:
    findings = inspect_receipts(_lines(), **TOLD).findings.set_index("finding")
    net = _export().truth.net_sales
    equal = findings.loc["ask", "money"] / net
    day = findings.loc["missing day", "money"] / net
    right = "send" if equal + day <= LIMIT else "hold"
    wrong = "hold" if right == "send" else "send"
    shares = f"{equal:.2%} on equal lines and {day:.2%} on the missing day make {equal + day:.2%}"
    return Answers(
        right=right,
        praise=f"{shares}; Jonas's limit is {LIMIT:.1%}.",
        mistakes=(
            Mistake(
                f"said_{wrong}",
                f"{shares} of net sales. Jonas's limit of {LIMIT:.1%} holds for the sum. Of lines that nobody can tell apart, the report counts all, not the copies alone.",
                wrong,
            ),
        ),
    )


TASKS: Sequence[Task] = (
    Task(
        code="11a",
        asks="two numbers in order, (lines, euros): how many lines were sent twice (each copy counted once), and the sum of their sales, to the cent",
        compute=_answer_resent,
        tolerance=CENT,
        hints=(
            "A copy is equal in store, till, receipt and line number, and in what was bought.",
            "`receipts.duplicated([...])` marks every copy but the first.",
            "Lines without a number cannot be judged: `& receipts.line_no.notna()`.",
        ),
        close="Close, not it. Which columns did you compare?",
    ),
    Task(
        code="11b",
        asks="one number, in euros: the sales of store 0 on the Sundays of the shop's time, in the one file whose web-shop stamps are in UTC (all its lines as they stand)",
        compute=_answer_sundays,
        tolerance=CENT,
        hints=(
            "Which file? Count the web shop's lines at night (hours 0 to 4), file by file.",
            "The shops are four hours behind UTC: `time - pd.Timedelta(hours=4)`.",
            "Sunday: `local.dt.day_name() == 'Sunday'`.",
        ),
        close="Close, not it. Which file, which clock, which day of the week?",
    ),
    Task(
        code="11c",
        asks="(clean, removed, net_sales): two tables with `file` and `file_line`, and one number in euros. Each line of `receipts` stands in one of the tables",
        compute=_answer_delivery,
        tolerance=0.3,
        read=_read_delivery,
        judge=_judge_delivery,
        hints=(
            "Look at `inspect_receipts(receipts)` first. What does it say it could not check?",
            "Tell it what the chain's people said: zone, vat_rate and staff_discount.",
            "`clean, removed, summary = clean_receipts(receipts, ...)`; net sales are the sum of `clean.sales`.",
        ),
    ),
    Task(
        code="11d",
        asks="a table of ten rows: customer_id and sales (net sales in euros) of the ten best customers",
        compute=_answer_top,
        tolerance=0.5,
        key="customer_id",
        hints=(
            "Take the clean table, in which returns have a minus.",
            "`clean.groupby('customer_id').sales.sum().nlargest(10)`",
            "Make it a table with `.reset_index()`.",
        ),
        close="Close, not it. Which lines did you sum?",
    ),
    Task(
        code="11e",
        asks='one word: "send" or "hold"',
        compute=_answer_decision,
        tolerance=0,
        hints=(
            "`quality.findings` has two rows with the treatment `ask`.",
            "Add their money, and divide by net sales.",
            "Compare with 0.5 %.",
        ),
        close="",
    ),
)
