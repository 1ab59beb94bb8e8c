"""Exercise 33, the autumn mailing: right answers and the usual wrong ones, all computed from its contacts and receipts.

The list was loaded on 17 September and sent on 1 October; dead addresses got nothing, and belong to customers who have
been silent for long.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.evaluate.lift.cuped import adjust_gap
from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.triples import Triple, move_triple, say_triple, take_triple
from loyalty.tasks.t33.scene import LOADED, SENT, load_autumn

END = pd.Timestamp("2024-10-29")
DAYS = pd.Timedelta(days=28)
MARGIN = 0.30
GIFT = 2.40
MAIL = 0.10
_TWO_WEEKS = "Your window ends after two weeks, with the gift. It is four weeks long: [1 October, 29 October)."
_CUT_OFF = "28 October is missing: `<= '2024-10-28'` ends at midnight, when that day begins. Write `< '2024-10-29'`."


@cache
def _people(start: pd.Timestamp = SENT, end: pd.Timestamp = END) -> pd.DataFrame:
    """One row a customer: the list, and sales and receipts of a window; who bought nothing has zeros."""
    data = load_autumn()
    lines = data.receipts[(data.receipts.time >= start) & (data.receipts.time < end)]
    sums = lines.groupby("customer_id").agg({"sales": "sum", "margin": "sum", "basket_id": "nunique"})
    table = data.contacts.join(sums.rename(columns={"basket_id": "orders"}), on="customer_id")
    table = table.fillna({"sales": 0.0, "margin": 0.0, "orders": 0})
    return table.assign(bought=(table.orders > 0).astype(float))


@cache
def _rows(*unit: str) -> Triple:
    """Sales of rows, such as lines or whole receipts, compared as if each were a customer of its own."""
    data = load_autumn()
    lines = data.receipts[(data.receipts.time >= SENT) & (data.receipts.time < END)]
    rows = lines.merge(data.contacts[["customer_id", "arm"]])
    return _compare(rows.groupby(["arm", *unit], as_index=False).sales.sum() if unit else rows, "sales")


def _compare(table: pd.DataFrame, column: str, treated: pd.Series | None = None, variance: str = "auto") -> Triple:
    """Means of a column: the gift's customers (or a part of them) less control."""
    mine = table.arm == "gift" if treated is None else treated
    return take_triple(compare_means(table[column][mine], table[column][table.arm == "control"], variance=variance))


def _ratio(table: pd.DataFrame, per: str) -> Triple:
    """Difference of sums over sums, with the delta method's interval; the customer is the unit."""
    value = []
    variance = []
    for arm in ("gift", "control"):
        rows = table[table.arm == arm]
        value.append(rows.sales.sum() / rows[per].sum())
        variance.append(((rows.sales - value[-1] * rows[per]) / rows[per].mean()).var() / len(rows))
    effect = value[0] - value[1]
    half = 1.96 * float(np.sqrt(sum(variance)))
    return effect, effect - half, effect + half


def _center(found: Triple, effect: float) -> Triple:
    """Put the interval of one effect around another one."""
    own, low, high = found
    return effect, effect + low - own, effect + high - own


@cache
def _used() -> pd.Series:
    table = _people()
    return (table.arm == "gift") & (table.used_gift == 1)


@cache
def _reached() -> pd.Series:
    table = _people()
    return (table.arm == "gift") & table.delivered.fillna(False).astype(bool)


@cache
def _answer_buyers() -> Answers:
    table = _people()
    part = "bought"
    right = _compare(table, part)[0]
    mine, control = (table[table.arm == arm] for arm in ("gift", "control"))
    return Answers(
        right=right,
        praise=f"{right * 100:.2f} points: {mine.bought.mean():.1%} of those drawn for the gift bought, and {control.bought.mean():.1%} of the control group.",
        mistakes=(
            Mistake(
                "redeemers_against_control",
                "You compared those who took the gift with the control group. To take it one has to come: of them everybody bought. Compare everyone drawn for the gift.",
                _compare(table, part, _used())[0],
            ),
            Mistake(
                "delivered_against_whole_control",
                "You left out those whom the e-mail did not reach, and kept their like in the control group. Dead addresses belong to customers who have left; compare everyone drawn.",
                _compare(table, part, _reached())[0],
            ),
            Mistake(
                "window_from_list_load",
                "Your window begins on 17 September, when the list was loaded. Nobody had a letter before 1 October: begin on the day of sending.",
                _compare(_people(LOADED, LOADED + DAYS), part)[0],
            ),
            Mistake(
                "load_to_end",
                "Your window runs from the loading of the list to the end, six weeks. It is [1 October, 29 October).",
                _compare(_people(LOADED, END), part)[0],
            ),
            Mistake(
                "redemption_for_response",
                "That is the share that took the gift. How many of them would have bought without it? Only the control group tells.",
                float(mine.used_gift.mean()),
            ),
            Mistake(
                "no_control",
                "That is the share of buyers among those drawn for the gift. Take off the share in the control group.",
                float(mine.bought.mean()),
            ),
            Mistake(
                "relative",
                "That is the difference as a part of the control group's share. The difference itself, please.",
                right / float(control.bought.mean()),
            ),
            Mistake(
                "visits_for_buyers",
                "These are receipts per customer. Count each customer once: bought or not.",
                _compare(table, "orders")[0],
            ),
            Mistake(
                "month_before",
                "These are the four weeks before the sending. There the gift can have done nothing.",
                _compare(_people(SENT - DAYS, SENT), part)[0],
            ),
            Mistake("two_weeks", _TWO_WEEKS, _compare(_people(SENT, SENT + DAYS / 2), part)[0]),
            Mistake("last_day_cut_off", _CUT_OFF, _compare(_people(SENT, END - DAYS / 28), part)[0]),
            Mistake(
                "counts",
                "These are customers, counted. The two groups differ in size: take the share of buyers in each.",
                float(mine.bought.sum() - control.bought.sum()),
            ),
        ),
    )


@cache
def _answer_sales() -> Answers:
    table = _people()
    part = "sales"
    right = _compare(table, part)
    mine, control = (table.sales[table.arm == arm] for arm in ("gift", "control"))
    total = float(mine.sum() - control.sum())
    half = 1.96 * float(np.sqrt(len(mine) * mine.var() + len(control) * control.var()))
    by_line = _rows()
    return Answers(
        right=right,
        praise=f"{say_triple(right)} per customer drawn, with {len(control):,} customers in the control group.",
        mistakes=(
            Mistake(
                "redeemers_against_control",
                "You compared those who took the gift with the control group. To take it one has to come to the shop; the control group holds also those who stayed at home. Compare everyone drawn for the gift.",
                _compare(table, part, _used()),
            ),
            Mistake(
                "delivered_against_whole_control",
                "You left out those whom the e-mail did not reach, and kept their like in the control group. Dead addresses belong to customers who have left; compare everyone drawn.",
                _compare(table, part, _reached()),
            ),
            Mistake(
                "window_from_list_load",
                "Your window begins on 17 September, when the list was loaded. Two of its four weeks lie before the letter and hold none of its effect: begin on the day of sending.",
                _compare(_people(LOADED, LOADED + DAYS), part),
            ),
            Mistake(
                "lines_as_unit",
                "That is per receipt line. The lottery drew customers, so the customer is the unit; how many lines he buys is part of the effect.",
                by_line,
            ),
            Mistake(
                "buyers_only",
                "You left out those who bought nothing. A campaign that brings people in changes exactly that group; they count as zero.",
                _compare(table[table.orders > 0], part),
            ),
            Mistake(
                "totals",
                f"These are totals; the two groups differ in size ({len(mine):,} and {len(control):,}). Take means per customer.",
                (total, total - half, total + half),
            ),
            Mistake(
                "interval_from_lines",
                "The effect is right; the interval is too narrow: it counts lines as if they were independent customers.",
                _center(by_line, right[0]),
            ),
            Mistake(
                "pooled_variance",
                "The effect is right, and so is the idea: you pooled the variances. That is the rule when control is under 20 % of all; here it is a quarter, and each group keeps its own variance (Welch).",
                _compare(table, part, variance="pooled"),
            ),
            Mistake(
                "one_standard_error",
                "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
                tuple(right[0] + (end - right[0]) / 1.96 for end in right),
            ),
            Mistake(
                "load_to_end",
                "Your window runs from the loading of the list to the end, six weeks. It is [1 October, 29 October).",
                _compare(_people(LOADED, END), part),
            ),
            Mistake("two_weeks", _TWO_WEEKS, _compare(_people(SENT, SENT + DAYS / 2), part)),
            Mistake("last_day_cut_off", _CUT_OFF, _compare(_people(SENT, END - DAYS / 28), part)),
            Mistake(
                "adjusted",
                "You adjusted by September. That is a good answer, and the one to 33d; here the plain gap.",
                _sharpen(SENT - DAYS, SENT),
            ),
            Mistake(
                "last_day_inside",
                "Your window holds 29 October too. A window [start, end) ends before its last date.",
                _compare(_people(SENT, END + pd.Timedelta(days=1)), part),
            ),
            Mistake(
                "month_before",
                "These are the four weeks before the sending. There the gift can have done nothing.",
                _compare(_people(SENT - DAYS, SENT), part),
            ),
            Mistake(
                "month_after",
                "These are the four weeks after the campaign. The window is [1 October, 29 October).",
                _compare(_people(END, END + DAYS), part),
            ),
        ),
    )


@cache
def _answer_receipt() -> Answers:
    table = _people()
    right = _ratio(table, "orders")
    buyers = table[table.orders > 0]
    own = buyers.assign(own=buyers.sales / buyers.orders)
    return Answers(
        right=right,
        praise=f"{say_triple(right)} a receipt.",
        mistakes=(
            Mistake(
                "receipts_as_customers",
                "The difference is right; the interval is too narrow. It counts the receipts of a customer as if they were independent; use the delta method, with the customer as the unit.",
                _rows("basket_id"),
            ),
            Mistake(
                "lines_as_unit",
                "That is per receipt *line*, and its interval counts lines as if they were customers. An order is a whole receipt, all lines with one `basket_id`.",
                _rows(),
            ),
            Mistake(
                "mean_of_averages",
                "That is the mean of each buyer's own average. Who came once then counts as much as who came ten times. All sales of a group divided by all its receipts, please.",
                _compare(own, "own"),
            ),
            Mistake(
                "per_customer", "That is per customer, the answer of 33b. Here: per receipt.", _compare(table, "sales")
            ),
            Mistake(
                "delivered_against_whole_control",
                "You left out those whom the e-mail did not reach, and kept their like in the control group.",
                _ratio(table[_reached() | (table.arm == "control")], "orders"),
            ),
            Mistake(
                "redeemers_against_control",
                "You compared the receipts of those who took the gift with those of the control group. Everyone drawn, please.",
                _ratio(table[_used() | (table.arm == "control")], "orders"),
            ),
            Mistake(
                "window_from_list_load",
                "Your window begins on 17 September, when the list was loaded: begin on the day of sending.",
                _ratio(_people(LOADED, LOADED + DAYS), "orders"),
            ),
        ),
    )


def _sharpen(start: pd.Timestamp, end: pd.Timestamp, keep: pd.Series | None = None) -> Triple:
    """The lift in sales, adjusted by sales of another window with a slope for each group."""
    table = _people().assign(past=_people(start, end).sales)
    table = table if keep is None else table[keep]
    gift = table[table.arm == "gift"]
    control = table[table.arm == "control"]
    past = gift[["past"]].to_numpy(), control[["past"]].to_numpy()
    return take_triple(adjust_gap(gift.sales.to_numpy(), control.sales.to_numpy(), past))


def _one_slope() -> Triple:
    import statsmodels.api as sm

    table = _people()
    past = _people(SENT - DAYS, SENT).sales
    design = sm.add_constant(np.column_stack([table.arm == "gift", past]).astype(float))
    fit = sm.OLS(table.sales.to_numpy(), design).fit(cov_type="HC2")
    low, high = fit.conf_int()[1]
    return float(fit.params[1]), float(low), float(high)


@cache
def _answer_sharper() -> Answers:
    table = _people()
    before = _people(SENT - DAYS, SENT)
    right = _sharpen(SENT - DAYS, SENT)
    plain = _compare(_people(), "sales")
    saved = 1 - ((right[2] - right[1]) / (plain[2] - plain[1])) ** 2
    return Answers(
        right=right,
        praise=f"{say_triple(right)}: {saved:.0%} of the variance is saved.",
        mistakes=(
            Mistake("not_adjusted", "That is 33b, not adjusted: say `before=`.", plain),
            Mistake(
                "change_since_before",
                "That is the change since September, as if each euro of September came again. Only a part of it does; the adjustment learns how large a part.",
                _compare(table.assign(change=table.sales - before.sales), "change"),
            ),
            Mistake(
                "adjusted_by_the_future",
                "You adjusted by the four weeks *after* the campaign. What the campaign may have changed must not be held fixed.",
                _sharpen(END, END + DAYS),
            ),
            Mistake(
                "before_the_list_load",
                "Your past is the 28 days before the list was loaded. Take those before the sending, [3 September, 1 October): they tell more, and nobody had a letter yet.",
                _sharpen(LOADED - DAYS, LOADED),
            ),
            Mistake(
                "longer_past",
                "Your past is longer than the 28 days asked. It tells even more; but which past decides is written down before the start, and here it is 28 days.",
                _sharpen(pd.Timestamp("2024-07-01"), SENT),
            ),
            Mistake(
                "one_slope",
                "Near: you used one slope for both groups. With a control of a quarter each group has its own (`measure_lift` chooses so by itself).",
                _one_slope(),
            ),
            Mistake(
                "delivered_against_whole_control",
                "You left out those whom the e-mail did not reach, and kept their like in the control group. No adjustment cures that.",
                _sharpen(SENT - DAYS, SENT, _reached() | (table.arm == "control")),
            ),
            Mistake(
                "redeemers_against_control",
                "You compared those who took the gift with the control group. No adjustment cures that.",
                _sharpen(SENT - DAYS, SENT, _used() | (table.arm == "control")),
            ),
        ),
    )


@cache
def _profit(margin: float = MARGIN, gift: float = GIFT, column: str = "sales", end: pd.Timestamp = END) -> Triple:
    """Profit per customer drawn before the cost of the e-mail: one number a customer, one interval."""
    table = _people(end=end)
    return _compare(table.assign(profit=margin * table[column] - gift * table.used_gift), "profit")


@cache
def _answer_note() -> Answers:
    lift = _compare(_people(), "sales")
    buyers = _compare(_people(), "bought")
    table = _people()
    profit = move_triple(_profit(), -MAIL)
    _, low, high = profit
    letter = "B"
    if low > 0:
        letter = "C"
    elif high < 0:
        letter = "D"
    used = _compare(table, "sales", _used())[0]
    says = {
        "A": f"€{used:.2f} compares those who came with everybody. Everyone drawn against everyone left out: {say_triple(lift)}, and a profit of {say_triple(profit)}.",
        "B": f"The profit is {say_triple(profit)}: zero does not lie inside. There is nothing left to test.",
        "C": f"That sales rose is hardly in doubt: {say_triple(lift)}. But sales are not profit. What is left per customer drawn is {say_triple(profit)}, and zero lies inside.",
        "D": f"The share of buyers is open ({buyers[1] * 100:.1f} to {buyers[2] * 100:.1f} points), and open is not zero. Sales rose, {say_triple(lift)}, and the profit is open as well.",
    }
    wrong_lows = (
        Mistake(
            "revenue_for_margin",
            "Your letter fits; but of each euro of sales only 30 cents are margin.",
            (letter, _profit(margin=1.0)[1] - MAIL),
        ),
        Mistake(
            "gift_for_everybody",
            "Your letter fits; but you charged the gift to everybody. It costs €2.40 for those who took it.",
            (letter, MARGIN * lift[1] - GIFT - MAIL),
        ),
        Mistake(
            "gift_forgotten",
            "Your letter fits; but the gifts are not paid: €2.40 for each customer with `used_gift` 1, natural buyers included.",
            (letter, _profit(gift=0.0)[1] - MAIL),
        ),
        Mistake(
            "mail_forgotten",
            "Your letter fits; but the 10 cents are not taken off (or in both groups, where they cancel). The control group got no e-mail: 10 cents off the difference.",
            (letter, low + MAIL),
        ),
        Mistake(
            "interval_of_sales",
            "Nearly, and by luck. You took 30 cents of the lower end of *sales* and put the gifts in as if they were sure. Give every customer one number, and make the interval from that.",
            (letter, MARGIN * lift[1] - GIFT * float(table.used_gift[table.arm == "gift"].mean()) - MAIL),
        ),
        Mistake(
            "margin_column",
            "Your letter fits; but this is the column `margin`, also when `campaign_money` meets it. Here Jonas reckons with 30 cents of each euro of sales.",
            (letter, _profit(1.0, column="margin")[1] - MAIL),
        ),
        Mistake(
            "eight_weeks",
            "Your letter fits; but this counts the four weeks after the campaign as well. That is the better question, and the next lesson's; here it is [1 October, 29 October).",
            (letter, _profit(end=END + DAYS)[1] - MAIL),
        ),
        Mistake(
            "best_guess_for_low",
            "Your letter fits; but this is the profit at the estimate. The lower end was asked.",
            (letter, profit[0]),
        ),
        Mistake("high_for_low", "Your letter fits; but this is the upper end.", (letter, profit[2])),
    )
    return Answers(
        right=(letter, low),
        praise=f"The profit is {say_triple(profit)} per customer drawn. That sales rose is hardly in doubt; that it earned is open.",
        mistakes=(
            *(Mistake(f"signed_{one}", text, (one, low)) for one, text in says.items() if one != letter),
            *wrong_lows,
        ),
    )


_TRIPLE = "three numbers (effect, low, high), euros, gift minus control, 95 % interval, window [1 October, 29 October)"
TASKS = (
    Task(
        code="33a",
        asks="one number: share of buyers, gift minus control, a fraction to four decimals, window [1 October, 29 October)",
        compute=_answer_buyers,
        tolerance=0.00006,
        hints=(
            "Who bought: customers with a receipt line in [1 October, 29 October). All 20,000 count, also those without any line.",
            "`contacts.customer_id.isin(...)` with the customers of these lines says True or False for each customer; its mean in a group is the share.",
            "The share among everyone with arm 'gift', delivered or not, less the share among everyone with arm 'control'.",
        ),
        close="Close, not it. Which days are in the window, and is everybody in who was drawn?",
    ),
    Task(
        code="33b",
        asks=f"{_TRIPLE}; sales per customer drawn",
        compute=_answer_sales,
        tolerance=0.015,
        hints=(
            "Per customer the sum of `sales` in the window; who bought nothing has 0.",
            "`build_outcomes` from `loyalty.evaluate.lift.outcomes` does it, zeros included: give contacts, receipts, `start` and `end`.",
            "Then `measure_lift(contacts, outcomes, 'sales')`, or `compare_means` of the two groups: effect, low, high.",
        ),
        close="Close, not it. The effect is off: which window? It starts on the day of sending and ends 28 days later. Only the ends are off: Welch's interval, 95 %.",
    ),
    Task(
        code="33c",
        asks=f"{_TRIPLE}; sales per receipt",
        compute=_answer_receipt,
        tolerance=0.0055,
        hints=(
            "All sales of a group divided by all its receipts; one group less the other.",
            "The lottery drew customers: the interval comes from the delta method.",
            "`measure_lift(contacts, outcomes, 'sales', per='orders')`.",
        ),
        close="Close, not it. Whole receipts, everyone drawn, the customer as the unit?",
    ),
    Task(
        code="33d",
        asks=f"{_TRIPLE}; sales per customer drawn, adjusted by each customer's sales in [3 September, 1 October)",
        compute=_answer_sharper,
        tolerance=0.0055,
        hints=(
            '`build_outcomes` also makes the window "pre", the 28 days before the start.',
            "In the lesson, 'Sharper with the past': `before` names the column of that window.",
            "`measure_lift(contacts, outcomes, 'sales', before='sales')`.",
        ),
        close="Close, not it. Is the past [3 September, 1 October), and a slope for each group?",
    ),
    Task(
        code="33e",
        asks='a pair (letter, low): "A", "B", "C" or "D", and the lower end of the 95 % interval of the profit in euros per customer drawn, to a tenth of a cent',
        compute=_answer_note,
        tolerance=0.00035,
        hints=(
            "Give every customer one number: 0.30 times sales, less 2.40 if he took the gift.",
            "Compare the two groups in that number (`compare_means` from `loyalty.stats.intervals`), and take the 10 cents of the e-mail off effect, low and high.",
            "If zero lies inside the interval, nobody knows yet whether the gift earns.",
        ),
        close="Close, not it. One number a customer: margin less the gift; then 10 cents off.",
    ),
)
