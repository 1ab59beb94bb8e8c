"""Exercise 02, the autumn workbook: right answers and the usual wrong ones, all computed from its sheets."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from loyalty.tasks.checking.answers import Mismatch, kind_of
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.mistakes import set_apart
from loyalty.tasks.t02.scene import (
    Workbook,
    list_stores,
    open_autumn,
    read_autumn,
    write_plan,
)

CENT = 0.005
TENTH = 0.05
WHOLE = 0.1
START = 800  # points, of 02a
OCTOBER = "2024-10"
LARGE = 7.99
BEST = 5
MONTHS = 3
_QUARTER = "These are all three months. Only October 2024 is asked: keep the rows of that month first."


@cache
def _sheets() -> Workbook:
    return read_autumn()


def _in(month: str) -> pd.DataFrame:
    receipts = _sheets().receipts
    return receipts[receipts["month"] == month]


def _october() -> pd.DataFrame:
    return _in(OCTOBER)


def _sum_by_customer(receipts: pd.DataFrame) -> pd.Series:
    """Euros of each customer on the list; empty for those without a receipt."""
    total = receipts.groupby("customer_id")["sales"].sum()
    return total.reindex(pd.Index(_sheets().customers["customer_id"], name="customer_id")).rename("sales")


def _as_table(values: pd.Series) -> pd.DataFrame:
    return values.rename("sales").reset_index()


@cache
def _answer_restart() -> Answers:
    mistakes = (
        Mistake(
            "no_restart",
            "That is what stood there before the restart, after three runs. A restart empties the memory, and then each cell runs once.",
            START / 2**3,
        ),
        Mistake(
            "memory_kept",
            "You halved four times, as if the memory had stayed. A restart empties it: `points` begins at 800 again.",
            START / 2**4,
        ),
        Mistake(
            "first_cell_only",
            "That is the first cell alone. Run All runs the second one too, once.",
            START,
        ),
        Mistake("halved_twice", "You halved twice. Run All runs each cell once.", START / 2**2),
        Mistake(
            "halved_six_times",
            "That is 800 halved six times. A restart empties the memory, and then Run All runs each cell once: 800, and one halving.",
            START / 2**6,
        ),
        Mistake(
            "empty_memory",
            "The memory is empty after the restart. But then Run All fills it again, from the top.",
            0,
        ),
    )
    praise = "400: each cell once, from the top. Now the page and the memory say the same."
    return Answers(START / 2, mistakes, praise)


@cache
def _answer_total() -> Answers:
    text = open_autumn().receipts["sales"]
    sales = _sheets().receipts["sales"]
    mistakes = (
        Mistake(
            "comma_dropped",
            'You took the comma away, so 12,5 became 125. Turn it into a point: `.str.replace(",", ".")`.',
            float(text.str.replace(",", "").astype(float).sum()),
        ),
        Mistake(
            "unreadable_dropped",
            '`errors="coerce"` makes every "12,5" empty, and `sum` skips empty cells without a word. Only whole euros are left. '
            'Replace the comma first: `.str.replace(",", ".")`.',
            float(pd.to_numeric(text, errors="coerce").sum()),
        ),
        Mistake(
            "cents_cut_off",
            "You kept what stands before the comma: the cents are lost. Replace the comma by a point, do not cut there.",
            float(text.str.split(",").str[0].astype(int).sum()),
        ),
        Mistake(
            "rows_counted",
            "That is the number of receipts. Their sum in euros is asked: `sum()`.",
            float(len(text)),
        ),
        Mistake(
            "average",
            "That is the average receipt. The sum is asked.",
            float(sales.mean()),
        ),
        Mistake(
            "only_october",
            "That is October alone. Here all three months of the sheet are asked.",
            float(_october()["sales"].sum()),
        ),
    )
    right = float(sales.sum())
    return Answers(right, mistakes, f"€{right:,.2f}, from {len(sales)} texts that are numbers now.")


def _read_total(answer: Any) -> Any:
    if kind_of(answer) == "text" and len(answer) > 40:
        raise Mismatch(
            "This is one long text: `sum` glued the texts together, because the column holds text. Make numbers of them first."
        )
    return answer


@cache
def _answer_october() -> Answers:
    text = open_autumn().receipts["day"]
    days = _sheets().receipts["day"]
    swapped = pd.to_datetime(text, format="mixed")
    right = float((days >= "2024-10-01").sum())
    as_text = (text >= "01/10/2024") & (text < "01/11/2024")
    as_text_to_the_31st = (text >= "01/10/2024") & (text <= "31/10/2024")
    mistakes = (
        Mistake(
            "day_and_month_swapped",
            'Day and month are swapped where both are 12 or less: 03/10 became 10 March. Give the date format: `format="%d/%m/%Y"`.',
            float(((swapped >= "2024-10-01") & (swapped < "2024-11-01")).sum()),
        ),
        Mistake(
            "swapped_any_year",
            'Day and month are swapped where both are 12 or less, and then you kept all from October on. Give the date format: `format="%d/%m/%Y"`.',
            float((swapped >= "2024-10-01").sum()),
        ),
        Mistake(
            "compared_as_text",
            'You compared texts. As text "02/10/2024" comes after "01/11/2024", because 2 comes after 1. Make dates first: `pd.to_datetime`.',
            float(as_text.sum()),
        ),
        Mistake(
            "compared_as_text_to_the_31st",
            'You compared texts. As text "15/08/2024" lies between "01/10/2024" and "31/10/2024", because only the first signs decide. '
            "Make dates first: `pd.to_datetime`.",
            float(as_text_to_the_31st.sum()),
        ),
        Mistake(
            "last_day_lost",
            'The 31st is missing: `< "2024-10-31"` ends before that day. Write `< "2024-11-01"`.',
            float(((days >= "2024-10-01") & (days < "2024-10-31")).sum()),
        ),
        Mistake(
            "first_day_lost",
            'The 1st is missing: `> "2024-10-01"` begins after that day. Write `>=`.',
            float((days > "2024-10-01").sum()),
        ),
        Mistake(
            "tenth_of_a_month",
            "You counted the 10th of each month. In 31/10/2024 the month stands in the middle.",
            float((text.str[:2] == "10").sum()),
        ),
        Mistake("all_rows", "That is the whole sheet, August and September too.", float(len(days))),
        Mistake(
            "september",
            "That is September, the ninth month. October is the tenth.",
            float((days.dt.month == 9).sum()),
        ),
        Mistake(
            "before_october",
            'These are the receipts *before* October. The sign is turned: `>= "2024-10-01"`.',
            float((days < "2024-10-01").sum()),
        ),
        Mistake(
            "any_ten",
            'You counted every text with a 10 in it, also 10/08/2024. Look for "/10/" only, or make dates first: `pd.to_datetime`.',
            float(text.str.contains("10").sum()),
        ),
        Mistake(
            "customers_counted",
            "That is the number of customers. The number of receipts is asked: one row is one receipt.",
            float(_october()["customer_id"].nunique()),
        ),
    )
    return Answers(right, mistakes, f"{right:.0f} of {len(days)} receipts are from October.")


@cache
def _answer_filter() -> Answers:
    october = _october()
    online = october["store_id"] == 0
    large = october["sales"] >= LARGE
    receipts = _sheets().receipts
    mistakes = (
        Mistake(
            "or_for_and",
            "These are the receipts that are online *or* large: you wrote `|`. Both must hold: `&`.",
            float((online | large).sum()),
        ),
        Mistake(
            "only_online",
            "These are all online receipts of October, small ones too. Either the second condition is missing, or its brackets are: without them "
            f"Python reads `0 & …` first. Write `(… == 0) & (… >= {LARGE})`.",
            float(online.sum()),
        ),
        Mistake(
            "only_large",
            "These are all large receipts of October, from every store. Add `& (… == 0)`.",
            float(large.sum()),
        ),
        Mistake(
            "small_ones",
            f"These are the online receipts of *less* than €{LARGE}. The sign is turned: `>=`.",
            float((online & ~large).sum()),
        ),
        Mistake(
            "equal_left_out",
            f"You left out what costs €{LARGE} exactly. The words *or more* ask for `>=`, not `>`.",
            float((online & (october["sales"] > LARGE)).sum()),
        ),
        Mistake(
            "no_row",
            "There are such receipts. Has each condition its own brackets? Without them Python reads `0 & …` first.",
            0.0,
        ),
        Mistake(
            "september",
            "That is September. Use the table `october`.",
            float(
                ((receipts["month"] == "2024-09") & (receipts["store_id"] == 0) & (receipts["sales"] >= LARGE)).sum()
            ),
        ),
        Mistake(
            "not_online",
            "These are the large receipts that are *not* online. The online shop is store 0: `== 0`.",
            float((~online & large).sum()),
        ),
        Mistake(
            "three_months",
            _QUARTER,
            float(((receipts["store_id"] == 0) & (receipts["sales"] >= LARGE)).sum()),
        ),
        Mistake(
            "money",
            "That is their sum in euros. Their number is asked: `len(...)`.",
            float(october.loc[online & large, "sales"].sum()),
        ),
        Mistake(
            "customers_counted",
            "You counted customers. One row is one receipt: count the rows, `len(...)`.",
            float(october.loc[online & large, "customer_id"].nunique()),
        ),
    )
    right = float((online & large).sum())
    return Answers(right, mistakes, f"{right:.0f} of the {online.sum()} online receipts are that large.")


@cache
def _answer_region() -> Answers:
    october = _october()
    sheet = _sheets().stores
    joined = october.merge(list_stores(), on="store_id")
    twice = october.merge(sheet, on="store_id")
    east = joined[joined["region"] == "east"]["sales"]
    twice_east = twice[twice["region"] == "east"]["sales"]
    store = sheet[sheet.duplicated()]["store_id"].iloc[0]
    quarter = _sheets().receipts.merge(list_stores(), on="store_id")
    months = quarter[quarter["region"] == "east"].groupby("month")["sales"].sum()
    mistakes = (
        Mistake(
            "rows_multiplied",
            f"Some receipts count twice: store {store} stands in two rows of `stores`, so the merge made two rows of each of its receipts. "
            "Look with `stores.store_id.duplicated()`, and use `stores.drop_duplicates()`.",
            float(twice_east.sum()),
        ),
        Mistake(
            "store_left_out",
            f"You left out store {store}, which stands twice. Drop one of its two rows, not both: `stores.drop_duplicates()`.",
            float(joined[(joined["region"] == "east") & (joined["store_id"] != store)]["sales"].sum()),
        ),
        Mistake("all_regions", 'That is all regions together. Keep `region == "east"`.', float(joined["sales"].sum())),
        Mistake(
            "all_regions_multiplied",
            f'That is all regions together, and store {store} counts twice. Use `stores.drop_duplicates()`, and keep `region == "east"`.',
            float(twice["sales"].sum()),
        ),
        *(
            Mistake(f"said_{region}", f"That is the region {region}. The east is asked.", float(sales))
            for region, sales in joined.groupby("region")["sales"].sum().items()
            if region != "east"
        ),
        Mistake("rows_counted", "That is the number of receipts. Their sum in euros is asked.", float(len(east))),
        Mistake("average", "That is the average receipt. The sum is asked.", float(east.mean())),
        Mistake("august", "That is the east in August. October is asked.", float(months["2024-08"])),
        Mistake("september", "That is the east in September. October is asked.", float(months["2024-09"])),
        Mistake("three_months", _QUARTER, float(months.sum())),
        Mistake(
            "three_months_multiplied",
            f"These are all three months, and store {store} counts twice. Keep October, and use `stores.drop_duplicates()`.",
            float(_sheets().receipts.merge(sheet, on="store_id").query("region == 'east'")["sales"].sum()),
        ),
    )
    right = float(east.sum())
    praise = f"€{right:,.2f}. With the store that stands twice it would be €{twice_east.sum():,.2f}."
    return Answers(right, mistakes, praise)


@cache
def _answer_everybody() -> Answers:
    october = _october()
    sums = _sum_by_customer(october)
    by_customer = october.groupby("customer_id")["sales"]
    mistakes = (
        Mistake(
            "non_buyers_lost",
            f"{sums.isna().sum()} customers are missing: those without a receipt in October. An inner merge or a groupby loses them. "
            'Start from `customers`, with `how="left"`.',
            _as_table(sums.dropna()),
        ),
        Mistake(
            "empty_for_zero",
            "All customers are there, but those without a receipt are empty (NaN). They spent nothing, and that is known: `.fillna(0)`.",
            _as_table(sums),
        ),
        Mistake(
            "mean_for_empty",
            "You filled the empty cells with the mean. But who has no receipt has spent nothing, and that is known: `.fillna(0)`.",
            _as_table(sums.fillna(sums.mean())),
        ),
        Mistake("three_months", _QUARTER, _as_table(_sum_by_customer(_sheets().receipts).fillna(0))),
        Mistake(
            "receipts_counted",
            "You counted receipts. Their sum in euros is asked: `sum()`.",
            _as_table(by_customer.size().reindex(sums.index, fill_value=0)),
        ),
        Mistake(
            "averages",
            "These are average receipts. The sum of each customer is asked.",
            _as_table(by_customer.mean().reindex(sums.index, fill_value=0)),
        ),
        Mistake(
            "largest",
            "That is each customer's largest receipt. The sum is asked.",
            _as_table(by_customer.max().reindex(sums.index, fill_value=0)),
        ),
    )
    praise = f"{len(sums)} rows, and {sums.isna().sum()} of them hold a 0."
    return Answers(_as_table(sums.fillna(0)), mistakes, praise)


def _read_everybody(answer: Any) -> Any:
    """Take a Series by customer as a table, and say what a table of single receipts is."""
    if isinstance(answer, pd.Series) and answer.index.name == "customer_id":
        return _as_table(answer)
    if isinstance(answer, pd.DataFrame) and "customer_id" in answer and answer["customer_id"].duplicated().any():
        raise Mismatch(
            "Some customers have several rows. You joined receipts, and a customer may have two of them: add up by customer first."
        )
    return answer


@cache
def _answer_mean() -> Answers:
    october = _october()
    sums = _sum_by_customer(october)
    own = october.groupby("customer_id")["sales"].mean()
    quarter = _sum_by_customer(_sheets().receipts).fillna(0)
    mistakes = (
        Mistake(
            "empty_skipped",
            f"That is the mean of the {sums.notna().sum()} buyers: `mean` skips empty cells without a word. Asked is the mean of all "
            f"{len(sums)} customers: `.fillna(0)` first.",
            float(sums.mean()),
        ),
        Mistake(
            "per_receipt",
            "That is the mean of a receipt. Asked is the mean of a customer: divide by the customers on the list.",
            float(october["sales"].mean()),
        ),
        Mistake(
            "mean_of_means",
            "That is the mean of the customers' own average receipts: a mean of means. Sum first, divide once.",
            float(own.mean()),
        ),
        Mistake(
            "mean_of_means_with_zeros",
            "You averaged each customer's receipts first, and then the averages: a mean of means. Sum first, divide once.",
            float(own.reindex(sums.index, fill_value=0).mean()),
        ),
        Mistake(
            "per_receipt_and_zero",
            "You put one empty row for each customer without a receipt, and took the mean of the rows. Sum by customer first.",
            float(october["sales"].sum() / (len(october) + sums.isna().sum())),
        ),
        Mistake(
            "median",
            "That is the median: more than half bought nothing. The mean is asked.",
            float(sums.fillna(0).median()),
        ),
        Mistake("total", "That is all the money. Divide by the customers on the list.", float(october["sales"].sum())),
        Mistake(
            "median_of_buyers",
            "That is the median of the buyers. The mean is asked, of all customers on the list.",
            float(sums.median()),
        ),
        Mistake("three_months", _QUARTER, float(quarter.mean())),
        Mistake(
            "three_months_buyers_only",
            "That is the mean of the buyers of all three months. October is asked, and all customers on the list.",
            float(quarter[quarter > 0].mean()),
        ),
        Mistake(
            "september",
            "That is September. October is asked.",
            float(_sum_by_customer(_in("2024-09")).fillna(0).mean()),
        ),
        Mistake(
            "august",
            "That is August. October is asked.",
            float(_sum_by_customer(_in("2024-08")).fillna(0).mean()),
        ),
        Mistake(
            "rows_multiplied",
            "One store stands twice in `stores`, and your merge counted its receipts twice. For this question `stores` is not needed.",
            float(october.merge(_sheets().stores, on="store_id")["sales"].sum() / len(sums)),
        ),
        Mistake(
            "buyers_of_three_months",
            "You divided by those who bought in any of the three months. Divide by all customers on the list.",
            float(october["sales"].sum() / (quarter > 0).sum()),
        ),
    )
    right = float(sums.fillna(0).mean())
    apart, near = set_apart(mistakes, CENT)
    return Answers(
        right, apart, f"€{right:.2f} for each customer. The buyers alone have a mean of €{sums.mean():.2f}.", near
    )


@cache
def _answer_pivot() -> Answers:
    receipts = _sheets().receipts
    cell: dict[str, Any] = {"index": "customer_id", "columns": "month", "values": "sales"}
    right = receipts.pivot_table(**cell, aggfunc="sum", fill_value=0.0)
    holes = receipts.pivot_table(**cell, aggfunc="sum")
    mistakes = (
        Mistake(
            "empty_for_zero",
            "The sums are right. But where a customer did not buy, the cell is empty (NaN): `fill_value=0`.",
            holes,
        ),
        Mistake(
            "mean_by_default",
            'These are average receipts: `pivot_table` takes the mean when you do not say `aggfunc="sum"`.',
            receipts.pivot_table(**cell, fill_value=0.0),
        ),
        Mistake(
            "mean_by_default_and_empty",
            'These are average receipts, and some cells are empty. Say `aggfunc="sum"` and `fill_value=0`.',
            receipts.pivot_table(**cell),
        ),
        Mistake(
            "receipts_counted",
            'These are numbers of receipts. Euros are asked: `values="sales", aggfunc="sum"`.',
            receipts.pivot_table(**cell, aggfunc="count", fill_value=0),
        ),
        Mistake(
            "receipts_counted_and_empty",
            'These are numbers of receipts, and some cells are empty. Euros are asked: `aggfunc="sum"`, and `fill_value=0`.',
            receipts.pivot_table(**cell, aggfunc="count"),
        ),
    )
    praise = (
        f"{len(right)} rows, {right.shape[1]} months, and {holes.isna().sum().sum()} cells that would have been empty."
    )
    return Answers(right, mistakes, praise)


def _read_pivot(answer: Any) -> Any:
    """Take a pivot whose columns have two levels, ("sales", month), as one with months; tell tables of other shapes."""
    if isinstance(answer, pd.Series) and answer.index.nlevels == 1:
        raise Mismatch("That is one number for each customer. A column for each month is asked: `pivot_table`.")
    if isinstance(answer, pd.Series) or (isinstance(answer, pd.DataFrame) and "month" in list(answer)):
        raise Mismatch(
            "That is long: one row for each customer and month. Wide is asked, with months as columns: `pivot_table`."
        )
    if not isinstance(answer, pd.DataFrame):
        return answer
    if answer.index.name == "month":
        raise Mismatch('Rows and columns are turned: `index="customer_id", columns="month"`.')
    answer = answer.droplevel(0, axis=1) if answer.columns.nlevels == 2 else answer
    if isinstance(answer.columns, pd.DatetimeIndex):
        raise Mismatch('Your columns are single days. One column for each month is asked: `columns="month"`.')
    more = [str(name) for name in answer.columns if str(name) not in {*_sheets().receipts["month"], "customer_id"}]
    if more and len(answer.columns) > MONTHS:
        raise Mismatch(f"One column for each month is asked, and no other. Leave out {', '.join(more[:3])}.")
    return answer


@cache
def _answer_best() -> Answers:
    sums = _october().groupby("customer_id")["sales"].sum()
    largest = _october().groupby("customer_id")["sales"].max()
    quarter = _sheets().receipts.groupby("customer_id")["sales"].sum()
    right = [int(one) for one in sums.nlargest(BEST).index]
    rows = _october().sort_values("sales", ascending=False)

    def ids(values: Any) -> list[int]:
        return [int(one) for one in values][:BEST]

    mistakes = (
        Mistake(
            "sorting_not_kept",
            "These are the first five of the table as it was: the sorting was not kept. `sort_values` returns a new table. Give it a "
            "name, or go on with a point: `.sort_values(ascending=False).head(5)`.",
            ids(sums.index),
        ),
        Mistake(
            "smallest_first",
            "These are the five who spent least. Add `ascending=False`.",
            ids(sums.sort_values(kind="stable").index),
        ),
        Mistake(
            "sorted_by_id",
            "These are the right customers, sorted by their ids. The best one comes first.",
            sorted(right),
        ),
        Mistake("turned", "These are the right customers, the best one last. It comes first.", right[::-1]),
        Mistake(
            "largest_receipt",
            "These are the customers with the largest single receipts. Sum by customer first: `groupby`.",
            ids(largest.nlargest(BEST).index),
        ),
        Mistake(
            "rows_sorted",
            "You sorted receipts, and a customer may have several. Sum by customer first: `groupby`.",
            ids(rows["customer_id"]),
        ),
        Mistake(
            "receipts_counted",
            "These are the customers with the most receipts. Those with the most *euros* are asked: `sales.sum()`.",
            ids(_october()["customer_id"].value_counts().index),
        ),
        Mistake("three_months", _QUARTER, ids(quarter.nlargest(BEST).index)),
        Mistake(
            "amounts_for_ids",
            "These are the amounts. The customers' ids are asked. In a Series they are the index, `list(….index)`; in a table they are the "
            "column `customer_id`.",
            [float(one) for one in sums.nlargest(BEST)],
        ),
        Mistake(
            "row_numbers",
            "These are the row numbers of your table. The ids stand in its column `customer_id`.",
            ids(sums.reset_index()["sales"].nlargest(BEST).index),
        ),
    )
    apart, near = set_apart(mistakes, 0)
    return Answers(right, apart, f"Customer {right[0]} leads with €{sums.max():.2f}.", near)


def _find_least(shares: pd.Series) -> tuple[str, float]:
    """Find the region with the smallest share, and this share in percent."""
    return str(shares.idxmin()), float(shares.min() * 100)


@cache
def _answer_region_behind() -> Answers:
    sheets = _sheets()
    receipts = sheets.receipts.merge(list_stores(), on="store_id")
    twice = sheets.receipts.merge(sheets.stores, on="store_id").groupby("region")["sales"].sum()
    plan = write_plan().set_index("region")
    sold = receipts.pivot_table(index="region", columns="month", values="sales", aggfunc="sum").loc[plan.index]
    total, planned = sold.sum(axis=1), plan.sum(axis=1)
    shares = sold / plan
    reached = total / planned
    rows = receipts.groupby(["region", "month"]).size().unstack().loc[plan.index]
    right, share = _find_least(reached)
    gap = planned - total
    repeated = "You joined the plan to single receipts, so the plan of a region counts once for each receipt. Add up the sales first, then divide."
    mean, multiplied = _find_least(shares.mean(axis=1)), _find_least(twice / planned)
    one, other, last = (_find_least(shares[month]) for month in plan)
    mistakes = (
        Mistake(
            "wide_plan_repeated",
            repeated + " Here each receipt met the whole plan.",
            _find_least(total / (planned * rows.sum(axis=1))),
        ),
        Mistake("august_alone", "That is August alone. Add up three months on both sides, then divide once.", one),
        Mistake(
            "september_alone",
            "That is September alone, which is also the lowest single month. Add up three months on both sides, then divide once.",
            other,
        ),
        Mistake("october_alone", "That is October alone. Add up three months on both sides, then divide once.", last),
        Mistake(
            "plan_of_october",
            "You divided the sales of three months by the plan of October. Add up its three columns: `.sum(axis=1)`.",
            _find_least(total / plan[OCTOBER]),
        ),
        Mistake(
            "sales_of_october",
            "You divided the sales of October by the plan of three months. Take three months on both sides.",
            _find_least(sold[OCTOBER] / planned),
        ),
        Mistake(
            "largest_euros",
            f"That is the share of the {gap.idxmax()}, and it is computed correctly. The {gap.idxmax()} is missing the most *euros*, because its "
            "plan is the largest. But another region reached a smaller share.",
            (str(gap.idxmax()), float(reached[gap.idxmax()] * 100)),
        ),
        Mistake(
            "largest_share",
            f"That is the *largest* share. ({str(reached.idxmax()).capitalize()} sold least in euros, but it also has the smallest plan.) The smallest share is "
            "asked: `.idxmin()` and `.min()`.",
            (str(reached.idxmax()), float(reached.max() * 100)),
        ),
        Mistake("fraction", "The region is right. The share is asked in percent: times 100.", (right, share / 100)),
        Mistake(
            "missing_share",
            "The region is right. That is the share that is *missing*. The share that was reached is asked.",
            (right, 100 - share),
        ),
        Mistake(
            "missing_euros",
            "These are the euros that are missing. The region with the smallest *share* is asked, and this share in percent.",
            (str(gap.idxmax()), float(gap.max())),
        ),
    )
    near = (
        Mistake(
            "plan_repeated",
            repeated,
            _find_least(total / (plan * rows).sum(axis=1)),
        ),
        Mistake(
            "plan_repeated_for_three_months",
            repeated + " And each receipt met the plan of all three months.",
            _find_least(total * len(plan.columns) / (planned * rows.sum(axis=1))),
        ),
        Mistake(
            "mean_of_months",
            "You took the mean of the three monthly percents: then a small month weighs as much as a large one. Sum three months first, divide "
            "once.",
            mean,
        ),
        Mistake(
            "store_twice_or_other_region",
            f"This is the share of the {multiplied[0]}, and it is not the smallest one. If it was the smallest in your table, one store counts twice "
            "in your merge, as in 02e: `stores.drop_duplicates()`.",
            multiplied,
        ),
    )
    praise = (
        f"The {right}: it reached {share:.1f} % of its plan. The mean of its three monthly percents is {shares.mean(axis=1)[right] * 100:.0f} %, "
        "because it did well in its smallest month."
    )
    return Answers((right, share), mistakes, praise, near)


def _read_region(answer: Any) -> Any:
    if kind_of(answer) == "text":
        raise Mismatch("Two things are asked, in round brackets: the region, and its share in percent.")
    values = list(answer) if kind_of(answer) == "sequence" else []
    if len(values) == 2 and kind_of(values[0]) == "number" and kind_of(values[1]) == "text":
        raise Mismatch("The region comes first, then its share.")
    if values and kind_of(values[0]) == "text" and values[0].strip().casefold() not in set(write_plan()["region"]):
        raise Mismatch("The first is asked as a text, and it is one of the four regions.")
    return answer


TASKS = (
    Task(
        code="02a",
        asks="the number that the last cell shows after Restart Kernel and Run All Cells; one whole number",
        compute=_answer_restart,
        tolerance=0.1,
        hints=(
            "What does the memory hold directly after a restart?",
            "Run All runs each cell once, from the top to the bottom.",
            "800, halved once.",
        ),
        close="Close, not it. How often does each cell run?",
    ),
    Task(
        code="02b",
        asks="the sum of `sales` over all rows of the sheet; one number, in euros, to the cent",
        compute=_answer_total,
        read=_read_total,
        tolerance=CENT,
        hints=(
            "Look at `raw.sales.head()`: what stands between euros and cents?",
            '`raw.sales.str.replace(",", ".")` puts a point there. It is still text.',
            "Then `.astype(float)` makes numbers, and `.sum()` adds them up.",
        ),
        close="Close, not it. Did every comma become a point?",
    ),
    Task(
        code="02c",
        asks="how many receipts have a day in October 2024, from the 1st to the 31st; one whole number",
        compute=_answer_october,
        tolerance=WHOLE,
        hints=(
            "The days are text. Make dates of them first, and give the date format.",
            'dates = pd.to_datetime(raw.day, format="%d/%m/%Y")',
            '`(dates >= "2024-10-01").sum()` counts those from October on. Does the sheet go on after October?',
        ),
        close="Close, not it. Are the first and the last day of October inside?",
    ),
    Task(
        code="02d",
        asks=f"how many receipts of October are from the online shop (store 0) and of €{LARGE} or more; one whole number",
        compute=_answer_filter,
        tolerance=WHOLE,
        hints=(
            "Put each condition in its own brackets.",
            "Join them with `&`. The word `and` ends with the error `The truth value of a Series is ambiguous`.",
            f"`len(october[(october.store_id == 0) & (october.sales >= {LARGE})])`",
        ),
        close="Close, not it. Do both conditions hold for each row?",
    ),
    Task(
        code="02e",
        asks="the sales of the region east in October 2024; one number, in euros, to the cent",
        compute=_answer_region,
        tolerance=CENT,
        hints=(
            "The region stands in `stores`. Count the rows before and after the merge: `len(...)`.",
            "`stores[stores.store_id.duplicated()]` shows what stands twice.",
            'Merge with `stores.drop_duplicates()`, keep `region == "east"`, add up `sales`.',
        ),
        close="Close, not it. Has your table as many rows after the merge as before?",
    ),
    Task(
        code="02f",
        asks="a table with one row for every customer of `customers`: `customer_id` and `sales`, the euros of October 2024, 0 for those without a receipt",
        compute=_answer_everybody,
        read=_read_everybody,
        tolerance=CENT,
        key="customer_id",
        hints=(
            'First the sum of each buyer: `october.groupby("customer_id", as_index=False).sales.sum()`.',
            'Then start from the list: `customers[["customer_id"]].merge(..., on="customer_id", how="left")`.',
            "Those without a receipt are empty now: `.fillna(0)`.",
        ),
        close="Close, not it. Is every customer there, with the euros of October alone?",
    ),
    Task(
        code="02g",
        asks="the mean sales of October 2024 per customer, of all customers on the list; one number, in euros, to the cent",
        compute=_answer_mean,
        tolerance=CENT,
        hints=(
            "Who is in the mean? Those who bought nothing belong to the list too.",
            "An empty cell is skipped, a 0 is not.",
            "Take the table of 02f and write `.sales.mean()`.",
        ),
        close="Close, not it. By how many customers did you divide?",
    ),
    Task(
        code="02h",
        asks="a table with one row for each customer who bought in the three months and one column for each month (2024-08, 2024-09, 2024-10): the sum of `sales`, in "
        "euros, 0 where there is no receipt",
        compute=_answer_pivot,
        read=_read_pivot,
        tolerance=CENT,
        hints=(
            "In Excel: rows customer_id, columns month, values the sum of sales.",
            '`receipts.pivot_table(index="customer_id", columns="month", values="sales", ...)`',
            'Two more words are needed: `aggfunc="sum"` and `fill_value=0`.',
        ),
        close="Close, not it. Sum or mean? And what stands in the empty cells?",
    ),
    Task(
        code="02i",
        asks="the ids of the five customers with the largest sum of sales in October 2024, the best one first; a list of five numbers",
        compute=_answer_best,
        tolerance=0,
        hints=(
            "First the sum of each customer, then the sorting, then the first five.",
            "`sort_values` returns a new table: give it a name, or go on with a point.",
            '`list(october.groupby("customer_id").sales.sum().sort_values(ascending=False).head(5).index)`',
        ),
        close="Not it. Did you sum by customer, and keep the sorting?",
    ),
    Task(
        code="02j",
        asks='the region that reached the smallest share of its plan of the three months together ("online", "north", "south" or "east"), and this share; two values '
        "in round brackets, the share in percent, to one decimal",
        compute=_answer_region_behind,
        read=_read_region,
        tolerance=TENTH,
        hints=(
            "You need two sums for each region: its sales of three months, and its plan of three months.",
            '`planned = plan.set_index("region").sum(axis=1)` adds up the columns of each row. The sales: merge, group by region, sum.',
            "`reached = sold / planned`, then `(reached.idxmin(), reached.min() * 100)`",
        ),
        close="Close, not it. Did you sum three months on both sides, and divide once?",
    ),
)
