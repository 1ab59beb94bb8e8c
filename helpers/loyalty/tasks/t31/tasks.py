"""Exercise 31, the app and its badge: right answers and the usual wrong ones, all computed from the world.

The world's card plays the app, launched by a lottery of invitations. The badge is made here from receipts and changes
nobody: whatever a comparison finds was there without it.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.evaluate.observational.noncompliance import measure_complier_effect
from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.triples import Triple, multiply_triple, say_triple, take_triple, widen_triple
from loyalty.world import World

OPENS = pd.Timestamp("2024-06-03")
CLOSES = pd.Timestamp("2024-08-05")
END = pd.Timestamp("2024-10-28")
BEFORE = OPENS - pd.Timedelta(days=84)
MARGIN = 0.28
FEE = 0.10
LEAST = 30


@cache
def _app() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Receipt lines, customers, and one row a customer of the lottery, both its years in it."""
    wave, chain = World(customers=40_000, months=24, seed=131).randomise_card_invitation(0.5)
    by_window = wave.outcomes.set_index(["customer_id", "window"])[["sales", "orders", "start", "end"]].unstack()
    trial = wave.contacts.set_index("customer_id")[["arm", "took_card"]].rename(columns={"took_card": "took"})
    for window in ("pre", "main"):
        days = (by_window["end", window] - by_window["start", window]).dt.days
        trial[window] = by_window["sales", window] / days * 28
        trial[f"{window}_days"] = days
    trial["orders"] = by_window["orders", "main"]
    receipts = chain.receipts[["customer_id", "time", "basket_id", "sales"]]
    return receipts[(receipts.time >= BEFORE) & (receipts.time < END)], chain.customers, trial


@cache
def _groups(until: pd.Timestamp = CLOSES, users_until: pd.Timestamp = OPENS) -> tuple[pd.Index, np.ndarray, pd.Series]:
    """The app's users, whether each of them earned the badge before a day, and the moment of earning it."""
    receipts, customers, _ = _app()
    users = pd.Index(customers.customer_id[customers.card_since < users_until])
    lines = receipts[(receipts.time >= OPENS) & (receipts.time < until) & receipts.customer_id.isin(users)]
    first = {"customer_id": "first", "time": "min", "sales": "sum"}
    baskets = lines.groupby("basket_id").agg(first)
    earned = baskets[baskets.sales >= LEAST].groupby("customer_id").time.min()
    return users, users.isin(earned.index), earned


@cache
def _spend(start: pd.Timestamp, end: pd.Timestamp, users_until: pd.Timestamp = OPENS) -> np.ndarray:
    """Euros per 28 days of each user."""
    receipts = _app()[0]
    users = _groups(CLOSES, users_until)[0]
    window = receipts[(receipts.time >= start) & (receipts.time < end)]
    return window.groupby("customer_id").sales.sum().reindex(users, fill_value=0).to_numpy() / (end - start).days * 28


def _compare(values: np.ndarray, member: np.ndarray | None = None, keep: np.ndarray | None = None) -> Triple:
    member = _groups()[1] if member is None else member
    keep = np.ones(len(values), dtype=bool) if keep is None else keep
    return take_triple(compare_means(values[member & keep], values[~member & keep]))


def _compare_weeks(weeks: list[np.ndarray]) -> Triple:
    """Owners less others, as if each week of a customer were a customer."""
    owner = _groups()[1]
    owners = np.concatenate([week[owner] for week in weeks])
    others = np.concatenate([week[~owner] for week in weeks])
    return take_triple(compare_means(owners, others))


def _own_clock(*, with_purchase: bool) -> float:
    """Owners counted from the moment of their own badge, the others from the opening."""
    receipts = _app()[0]
    _, owner, earned = _groups()
    lines = receipts[receipts.customer_id.isin(earned.index)]
    since = lines.customer_id.map(earned)
    lines = lines[(lines.time >= since) if with_purchase else (lines.time.dt.normalize() > since.dt.normalize())]
    rate = 28 / ((END - earned).dt.total_seconds() / 86_400)
    mine = lines.groupby("customer_id").sales.sum().reindex(earned.index, fill_value=0) * rate
    return float(mine.mean() - _spend(OPENS, END)[~owner].mean())


def _gap_by(unit: str) -> float:
    """The gap if a single line, or all nine weeks together, had to reach €30."""
    receipts = _app()[0]
    users, _, _ = _groups()
    lines = receipts[(receipts.time >= OPENS) & (receipts.time < CLOSES)]
    reach = lines.set_index("customer_id").sales if unit == "line" else lines.groupby("customer_id").sales.sum()
    return _compare(_spend(CLOSES, END), users.isin(reach.index[reach >= LEAST]))[0]


def _against_all_customers() -> float:
    receipts, customers, _ = _app()
    users, owner, _ = _groups()
    window = receipts[(receipts.time >= CLOSES) & (receipts.time < END)]
    spent = window.groupby("customer_id").sales.sum().reindex(customers.customer_id, fill_value=0) / 84 * 28
    others = ~customers.customer_id.isin(users[owner]).to_numpy()
    return float(_spend(CLOSES, END)[owner].mean() - spent[others].mean())


@cache
def _answer_after() -> Answers:
    after = _spend(CLOSES, END)
    owner = _groups()[1]
    right = _compare(after)[0]
    bought = after > 0
    return Answers(
        right=right,
        praise=f"€{right:.2f} in 28 days, with the same clock for both groups. A gap; whether the badge made it is another question.",
        mistakes=(
            Mistake(
                "qualifying_purchase_counted",
                "Your days begin on 3 June, and the qualifying purchase is among them: every owner has a receipt of €30 there, because that is how he became one. Count from 5 August on.",
                _compare(_spend(OPENS, END))[0],
            ),
            Mistake(
                "qualifying_weeks_only",
                "These are the nine weeks in which the badge was earned. Who spent much in them got it; count the 84 days from 5 August on.",
                _compare(_spend(OPENS, CLOSES))[0],
            ),
            Mistake(
                "after_joining",
                "You counted each owner from his own badge on, the qualifying purchase included: a first receipt of €30 is sure, before anything else happens. Both groups from 5 August on.",
                _own_clock(with_purchase=True),
            ),
            Mistake(
                "two_clocks",
                "The qualifying purchase is out, but owners are counted from their own badge on and the others from 3 June. One clock for both: from 5 August on.",
                _own_clock(with_purchase=False),
            ),
            Mistake(
                "immortal_time",
                "You call owner who earned the badge at any time until 28 October. To earn it in September he must still come and buy in September, and those days count for the badge: immortal time. Who is an owner is settled on 5 August.",
                _compare(after, _groups(END)[1])[0],
            ),
            Mistake(
                "all_customers",
                "You compared owners with all other customers. Most of these had no app and could not earn the badge; compare with the other users.",
                _against_all_customers(),
            ),
            Mistake(
                "weeks_as_receipt",
                "Your owners paid €30 in the nine weeks together. The badge wants it on a single receipt: sum by `basket_id` first.",
                _gap_by("weeks"),
            ),
            Mistake(
                "lines_as_receipts",
                "Your owners bought one article for €30. A receipt has several lines: sum them by `basket_id` first.",
                _gap_by("line"),
            ),
            Mistake(
                "all_users",
                "You compared owners with all users, and the owners are among these. Owners minus the *other* users.",
                float(after[owner].mean() - after.mean()),
            ),
            Mistake(
                "later_users",
                "Among your users are some who took the app after 3 June. Users are those with `app_since` before 3 June.",
                _compare(_spend(CLOSES, END, CLOSES), _groups(CLOSES, CLOSES)[1])[0],
            ),
            Mistake(
                "buyers_only",
                "You left out the users who bought nothing in the 84 days. They count as zero; `reindex(users, fill_value=0)` brings them back.",
                _compare(after, keep=bought)[0],
            ),
            Mistake("not_per_28_days", "These are euros for the whole 84 days. Divide by three.", right * 3),
            Mistake(
                "owners_only",
                "That is what owners spent. Take off what the other users spent.",
                float(after[owner].mean()),
            ),
            Mistake(
                "totals",
                "These are totals of groups of different size. Take means.",
                float(after[owner].sum() - after[~owner].sum()),
            ),
        ),
    )


@cache
def _answer_before() -> Answers:
    before = _spend(BEFORE, OPENS)
    after = _spend(CLOSES, END)
    right = _compare(before)
    weeks = [_spend(day, day + pd.Timedelta(days=7)) for day in pd.date_range(BEFORE, periods=12, freq="7D")]
    return Answers(
        right=right,
        praise=f"{say_triple(right)}, in weeks without any badge. In 31a it was €{_compare(after)[0]:.2f}.",
        mistakes=(
            Mistake(
                "after_again",
                "That is the gap of 31a. The same owners and others, but in the 84 days before 3 June.",
                _compare(after),
            ),
            Mistake(
                "window_runs_into_the_badge",
                "Your 84 days end on 5 August, so that the qualifying purchases are inside. They end before 3 June.",
                _compare(_spend(CLOSES - pd.Timedelta(days=84), CLOSES)),
            ),
            Mistake(
                "change",
                "That is the change from before to after. First the gap before, by itself.",
                _compare(after - before),
            ),
            Mistake(
                "immortal_time",
                "You call owner who earned the badge at any time until 28 October. The owners of 31a are those of 5 August.",
                _compare(before, _groups(END)[1]),
            ),
            Mistake(
                "later_users",
                "Among your users are some who took the app after 3 June. Users are those with `app_since` before 3 June.",
                _compare(_spend(BEFORE, OPENS, CLOSES), _groups(CLOSES, CLOSES)[1]),
            ),
            Mistake(
                "weeks_as_customers",
                "The effect is right; the interval is too narrow. It counts the twelve weeks of a customer as if they were twelve customers.",
                _compare_weeks(weeks),
            ),
            Mistake(
                "buyers_only",
                "You left out the users who bought nothing in these 84 days. They count as zero.",
                _compare(before, keep=before > 0),
            ),
            Mistake(
                "one_standard_error",
                "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
                widen_triple(right, 1 / 1.96),
            ),
            Mistake(
                "not_per_28_days", "These are euros for the whole 84 days. Divide by three.", multiply_triple(right, 3)
            ),
        ),
    )


def _lottery(column: str = "main", keep: str | None = None) -> Triple:
    trial = _app()[2] if keep is None else _app()[2].query(keep)
    values = trial[column]
    return take_triple(compare_means(values[trial.arm == "invited"], values[trial.arm == "control"]))


def _both_windows() -> Triple:
    trial = _app()[2]
    invited = trial[trial.arm == "invited"]
    control = trial[trial.arm == "control"]
    both = [pd.concat([rows.pre, rows.main]) for rows in (invited, control)]
    return take_triple(compare_means(both[0], both[1]))


def _by_taking(keep: str = "took >= 0") -> Triple:
    trial = _app()[2].query(keep)
    return take_triple(compare_means(trial.main[trial.took == 1], trial.main[trial.took == 0]))


@cache
def _at_equal_orders(by: str) -> Triple:
    """What a regression says of an arm, or of the app, among customers with equally many orders afterwards."""
    import statsmodels.api as sm

    trial = _app()[2]
    flag = (trial.arm == "invited") if by == "arm" else trial.took == 1
    given = sm.add_constant(np.column_stack([flag.to_numpy(float), trial.orders]))
    fit = sm.OLS(trial.main.to_numpy(), given).fit(cov_type="HC1")
    low, high = fit.conf_int()[1]
    return float(fit.params[1]), float(low), float(high)


@cache
def _answer_invitation() -> Answers:
    right = _lottery()
    trial = _app()[2]
    return Answers(
        right=right,
        praise=f"{say_triple(right)} per invited customer: the app does something, and it is not much.",
        mistakes=(
            Mistake(
                "consequence_controlled",
                "You held the number of orders fixed. Coming more often is what the app *does*; compare customers with equally many orders, and you have taken its effect away. Nothing that happened after the invitation may be controlled for.",
                _at_equal_orders("arm"),
            ),
            Mistake(
                "as_treated",
                "You compared those who took the app with those who did not. Who takes it chose himself; the lottery drew who was *invited*.",
                _by_taking(),
            ),
            Mistake(
                "per_protocol",
                "You kept only those who did as they were told: invited with the app, control without. They chose that themselves; everyone invited against everyone not invited.",
                _by_taking("(arm == 'invited') == (took == 1)"),
            ),
            Mistake(
                "takers_against_control",
                "You left out the invited who did not take the app, but their like are still in the control group. Everyone invited counts.",
                _lottery(keep="arm == 'control' or took == 1"),
            ),
            Mistake(
                "invited_only",
                "You stayed among the invited and compared those with the app with those without. That is self-selection; the control group is the comparison.",
                _by_taking("arm == 'invited'"),
            ),
            Mistake(
                "both_windows",
                "The year before is in your average as well. Only the rows with window 'main' count.",
                _both_windows(),
            ),
            Mistake(
                "year_before",
                "That is the window `pre`, the year before the launch: the balance, not the effect.",
                _lottery("pre"),
            ),
            Mistake(
                "not_per_28_days",
                "These are euros for the whole window of 366 days. Per 28 days, please.",
                multiply_triple(right, trial.main_days.iloc[0] / 28),
            ),
            Mistake(
                "one_standard_error",
                "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
                widen_triple(right, 1 / 1.96),
            ),
        ),
    )


@cache
def _answer_complier() -> Answers:
    trial = _app()[2]
    found = measure_complier_effect(trial.reset_index(), took="took", outcome="main")
    right = take_triple(found)
    itt = _lottery()
    return Answers(
        right=right,
        praise=f"{say_triple(right)} for those who take the app because they were invited, {found.details['take_up']:.0%} of the customers.",
        mistakes=(
            Mistake(
                "effect_of_the_invitation",
                "That is the effect of the invitation, spread over all invited. It was made by those only whom the invitation moved: divide by their share.",
                itt,
            ),
            Mistake(
                "take_up_of_the_invited",
                "You divided by the take-up of the invited. Some took the app without invitation; the lottery moved only the *difference* of the two take-ups.",
                multiply_triple(itt, 1 / found.details["took_treated"]),
            ),
            Mistake(
                "interval_not_divided",
                "The effect is right; the interval still belongs to the invitation. Its ends are divided too.",
                (right[0], *itt[1:]),
            ),
            Mistake(
                "multiplied",
                "You multiplied by the take-up. The effect per complier is larger than the one per invited: divide.",
                multiply_triple(itt, found.details["take_up"]),
            ),
            Mistake(
                "as_treated",
                "You compared those who took the app with those who did not: the selection is back.",
                _by_taking(),
            ),
            Mistake(
                "per_protocol",
                "You kept only those who did as they were told. They chose that themselves.",
                _by_taking("(arm == 'invited') == (took == 1)"),
            ),
            Mistake(
                "consequence_controlled",
                "You compared users and others with equally many orders. Orders are what the app changes: a consequence must not be held fixed.",
                _at_equal_orders("took"),
            ),
            Mistake(
                "not_per_28_days",
                "These are euros for the whole window of 366 days. Per 28 days, please.",
                multiply_triple(right, trial.main_days.iloc[0] / 28),
            ),
            Mistake(
                "one_standard_error",
                "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
                widen_triple(right, 1 / 1.96),
            ),
        ),
    )


def _choose_invoice(app_earns: bool, badge_explains: bool) -> str:
    """The letter of the right decision, by whether the app earns its fee and the badge its gap."""
    if app_earns:
        return "A" if badge_explains else "B"
    return "D" if badge_explains else "C"


@cache
def _answer_invoices() -> Answers:
    itt = _lottery()
    complier = _answer_complier().right
    profit = tuple(MARGIN * end - FEE for end in itt)
    low = profit[1]
    before = _answer_before().right
    after = _compare(_spend(CLOSES, END))
    app_earns = low > 0
    badge_explains = before[2] < after[0] / 2
    letter = _choose_invoice(app_earns, badge_explains)
    at_equal = _at_equal_orders("arm")
    says = {
        "A": f"The app, yes. But the badge? Owners were €{before[0]:.2f} ahead before there was any badge, and €{after[0]:.2f} after it. The agency wants a share of a gap that it found in place.",
        "B": "The app earns its fee even at the lower end, and the badge's gap was not there before.",
        "C": f'"At equal orders" holds fixed what the app changes: {say_triple(at_equal)}. Everyone invited against everyone not invited: {say_triple(itt)}, and the profit\'s lower end is €{low:.2f}.',
        "D": f"€{after[0]:.2f} looks larger than €{itt[0]:.2f}. But the first compares people who chose themselves, and was €{before[0]:.2f} before the badge; the second was drawn by lottery.",
    }
    wrong_lows = (
        Mistake(
            "revenue_for_margin",
            "Your letter fits, the profit does not: these are sales less the fee. Of each euro 28 cents stay.",
            (letter, itt[1] - FEE),
        ),
        Mistake(
            "fee_forgotten", "Your letter fits, but the fee of 10 cents is not taken off.", (letter, MARGIN * itt[1])
        ),
        Mistake(
            "best_guess_for_low",
            "Your letter fits, but this is the profit at the estimate. Before paying, look at the lower end.",
            (letter, profit[0]),
        ),
        Mistake(
            "complier_for_invited",
            "Your letter fits, but the fee is paid for every *invited* customer: use 31c, not 31d.",
            (letter, MARGIN * complier[1] - FEE),
        ),
        Mistake("high_for_low", "Your letter fits, but this is the upper end.", (letter, profit[2])),
    )
    return Answers(
        right=(letter, low),
        praise=f"At least €{low:.2f} a head and 28 days is left from the app. The badge was given to people who had spent €{before[0]:.2f} more anyway.",
        mistakes=(
            *(Mistake(f"signed_{one}", text, (one, low)) for one, text in says.items() if one != letter),
            *wrong_lows,
        ),
    )


_TRIPLE = "three numbers (effect, low, high), euros per customer and 28 days, 95 % interval"
TASKS = (
    Task(
        code="31a",
        asks="one number: euros per customer and 28 days, to a tenth of a cent, owners minus other users, in the 84 days [5 August, 28 October)",
        compute=_answer_after,
        tolerance=0.001,
        hints=(
            "A receipt is all lines with one `basket_id`: sum them, keep those of at least €30 that users paid in [3 June, 5 August). Their customers are the owners.",
            "Then forget these weeks: per user the sum of `sales` in [5 August, 28 October), 0 for who bought nothing, divided by 3.",
            "Mean of the owners minus mean of the other users.",
        ),
        close="Close, not it. Who is a user, who is an owner, and which days count?",
    ),
    Task(
        code="31b",
        asks=f"{_TRIPLE}; the owners and others of 31a in the 84 days before 3 June",
        compute=_answer_before,
        tolerance=0.03,
        hints=(
            "Only the days change: [11 March, 3 June).",
            "`compare_means(before[owner], before[~owner])` from `loyalty.stats.intervals` gives effect, low and high.",
        ),
        close="Close, not it. The same users and owners as in 31a, one value a user?",
    ),
    Task(
        code="31c",
        asks=f"{_TRIPLE}; everyone invited minus everyone not invited, window `main`",
        compute=_answer_invitation,
        tolerance=0.01,
        hints=(
            "Join `contacts` and the rows of `outcomes` with window 'main' by customer_id.",
            "`sales` is for the whole window: divide by its days (`end - start`), times 28.",
            "`compare_means` of arm 'invited' and arm 'control', whether they took the app or not.",
        ),
        close="Close, not it. Is everybody in who was drawn, and nothing held fixed?",
    ),
    Task(
        code="31d",
        asks=f"{_TRIPLE}; per customer who takes the app because he was invited",
        compute=_answer_complier,
        tolerance=0.01,
        hints=(
            "The effect of 31c was made by those whom the invitation moved. How large is their share?",
            "Share of takers among the invited, minus share of takers in the control group.",
            "`measure_complier_effect(contacts, per_28_days, took='took_app')` from `loyalty.evaluate.observational.noncompliance` divides and gives the interval.",
        ),
        close="Close, not it. Divide by the difference of the two take-ups, and the interval with it.",
    ),
    Task(
        code="31e",
        asks='a pair (letter, profit): "A", "B", "C" or "D", and the lower end of the app\'s profit in euros per invited customer and 28 days, to a tenth of a cent',
        compute=_answer_invoices,
        tolerance=0.003,
        hints=(
            "Profit: 0.28 times an effect of 31c, less 0.10. Take the lower end.",
            "For the badge compare 31a with 31b.",
        ),
        close="Close, not it. 0.28 times the lower end of 31c, less 0.10.",
    ),
)
