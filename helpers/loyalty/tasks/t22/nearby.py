"""Rarer wrong answers of exercise 22, which may lie near others: a rounded answer that fits several hears of all."""

from __future__ import annotations

import pandas as pd

from loyalty.prepare.profile import build_profile
from loyalty.segment.rules.life_cycle import assign_life_cycle, measure_gaps
from loyalty.segment.rules.rfm import name_segments, score_rfm
from loyalty.segment.rules.windows import sum_windows
from loyalty.tasks.checking.mistakes import Mistake
from loyalty.tasks.t22.measures import (
    AS_OF,
    QUARTERS,
    YEAR_END,
    change_both_ways,
    count_new,
    find_any_gaps,
    find_change,
    find_detergent,
    find_gaps,
    find_gaps_of_detergent,
    find_gaps_of_visits,
    find_right_gaps,
    read_chain,
    read_profile,
    score,
    sum_spend,
    sum_spend_from,
)

OCTOBER = pd.Timestamp("2017-10-01")
DAY = pd.Timedelta(days=1)
_OCTOBER = "You counted as of 1 October, the day of the lesson. Here it is 1 July 2017."


def _read_profile_as_of(day: pd.Timestamp) -> pd.DataFrame:
    return build_profile(read_chain().receipts, day, customers=read_chain().customers)


def list_wrong_scores() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 22a."""
    profile = read_profile()
    lines = read_chain().receipts
    early = lines[lines.time < AS_OF]
    customer = profile.customer_id

    def score_by(counts: pd.Series) -> pd.DataFrame:
        found = customer.map(score(counts)).fillna(0).astype("int64")
        return pd.DataFrame({"customer_id": customer, "f": found})

    def count_days(of: pd.DataFrame) -> pd.Series:
        return of.assign(day=of.time.dt.normalize()).groupby("customer_id").day.nunique()

    def as_of(day: pd.Timestamp) -> pd.DataFrame:
        return score_rfm(_read_profile_as_of(day)).table[["customer_id", "f"]]

    bought = profile.frequency
    below = {one: float((bought[bought != one] < one).mean()) for one in bought.unique()}
    with_never = bought.map(lambda one: 0 if one == 0 else min(5, 1 + int(below[one] * 5)))
    rate = profile.set_index("customer_id").pipe(lambda table: table.frequency / table.tenure_days).dropna()
    return (
        Mistake("as_of_october", _OCTOBER, as_of(OCTOBER)),
        Mistake("as_of_june", "You counted as of 1 June. Here it is 1 July 2017.", as_of(pd.Timestamp("2017-06-01"))),
        Mistake("own_day_inside", "Receipts of 1 July 2017 itself are inside: `time < as_of`.", as_of(AS_OF + DAY)),
        Mistake(
            "days_counted",
            "You scored purchase days. A household that comes twice on one day has two receipts.",
            score_by(count_days(early)),
        ),
        Mistake(
            "days_of_the_year_counted",
            "You scored the purchase days of the whole year. Receipts before 1 July 2017 are asked.",
            score_by(count_days(lines)),
        ),
        Mistake(
            "never_bought_among_the_others",
            "You counted households that never bought among those with fewer receipts. They get 0 and are not counted when the buyers are scored.",
            pd.DataFrame({"customer_id": customer, "f": with_never}),
        ),
        Mistake(
            "rate_scored",
            "You scored receipts per day since the first purchase. The number of receipts is asked.",
            score_by(rate),
        ),
    )


def list_wrong_lines() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 22b."""
    gaps = find_right_gaps()
    days = find_detergent().drop_duplicates(["customer_id", "day"])
    owner = days.loc[gaps.index, "customer_id"]
    right = float(gaps.quantile(0.8))
    lines = find_detergent().sort_values(["customer_id", "time"]).drop_duplicates(["customer_id", "basket_id"])
    clock = lines.groupby("customer_id").time.diff().dropna() / DAY
    chain = read_chain()
    category = chain.products.set_index("product_id").category
    laundry = chain.receipts[chain.receipts.time < AS_OF]
    laundry = laundry[laundry.product_id.map(category).str.contains("LAUNDRY", na=False)]
    laundry = laundry.assign(day=laundry.time.dt.normalize()).drop_duplicates(["customer_id", "day"])
    pot = "The question counts each gap once, all in one pot."
    return (
        Mistake(
            "fractions_of_days",
            "The clock is inside your gaps. Whole days are asked: cut it off with `.dt.normalize()`.",
            float(clock.quantile(0.8)),
        ),
        Mistake(
            "times_own_mean",
            "That is the column `times_own_mean`: how many times the own mean. Days are asked: `any_gap`, of detergent.",
            float(find_gaps_of_detergent().at(0.8)["times_own_mean"]),
        ),
        Mistake("as_of_october", _OCTOBER, float(find_right_gaps(OCTOBER).quantile(0.8))),
        Mistake(
            "median_of_own_lines",
            f"You took the quantile of each household first, and then the median of these. {pot}",
            float(gaps.groupby(owner).quantile(0.8).median()),
        ),
        Mistake(
            "mean_of_own_lines",
            f"You took the quantile of each household first, and then the mean of these. {pot}",
            float(gaps.groupby(owner).quantile(0.8).mean()),
        ),
        Mistake(
            "no_groupby",
            "You took differences across households: let `groupby('customer_id')` stand before `diff()`.",
            float(days.sort_values(["customer_id", "day"]).day.diff().dt.days.quantile(0.8)),
        ),
        Mistake(
            "any_purchase",
            "That is the gap between visits of any kind. Keep the detergent lines first.",
            float(find_any_gaps().quantile(0.8)),
        ),
        Mistake("weeks", "These are weeks. Days are asked.", right / 7),
        Mistake(
            "mean_rounded",
            "That is the mean, rounded. The question is how long a gap must be to be longer than 80 % of them: the quantile 0.8.",
            round(float(gaps.mean()), 1),
        ),
        Mistake(
            "mean_and_spread",
            "That is the mean plus one standard deviation. The quantile 0.8 is asked.",
            float(gaps.mean() + gaps.std()),
        ),
        Mistake(
            "first_day_after",
            "That is the first day after the line. The line itself is asked: the quantile 0.8 of the gaps.",
            right + 1,
        ),
        Mistake(
            "all_of_laundry",
            "You took all categories with LAUNDRY in their name. LAUNDRY DETERGENTS alone is asked.",
            float(find_gaps(laundry.sort_values(["customer_id", "day"])).quantile(0.8)),
        ),
        Mistake(
            "regular_buyers_only",
            f"You kept only households with three detergent days or more. {pot}",
            float(gaps[owner.map(days.customer_id.value_counts()).ge(3)].quantile(0.8)),
        ),
    )


def list_wrong_shares() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 22c."""
    gaps = find_right_gaps()
    long = gaps > 30
    owner = find_detergent().loc[gaps.index, "customer_id"]
    everybody = len(read_profile())
    return (
        Mistake(
            "mean_of_own_shares",
            "You took the share of each household first, and then the mean of these. The question counts each gap once, all in one pot.",
            float(long.groupby(owner).mean().mean()),
        ),
        Mistake(
            "up_to_the_line",
            "You left out the gaps beyond the line of 22b. *All* gaps longer than 30 days are asked.",
            float((long & (gaps <= gaps.quantile(0.8))).mean()),
        ),
        Mistake(
            "households_of_all",
            "That is the share of all households with such a gap. The question counts gaps.",
            float(long.groupby(owner).any().sum() / everybody),
        ),
        Mistake("as_of_october", _OCTOBER, float((find_right_gaps(OCTOBER) > 30).mean())),
    )


def list_wrong_newcomers() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 22d."""
    profile = read_profile()
    lines = read_chain().receipts
    stage = assign_life_cycle(profile, gaps=find_gaps_of_visits()).set_index("customer_id").segment
    few = profile[profile.frequency.between(1, 3)]
    named = name_segments(score_rfm(profile)).set_index("customer_id").segment
    october = _read_profile_as_of(OCTOBER)
    late = assign_life_cycle(october, gaps=measure_gaps(lines, OCTOBER)).set_index("customer_id").segment
    typical = float(find_gaps_of_visits().at(0.95)["typical_customer"])
    days = lines.assign(day=lines.time.dt.normalize())
    counts = {
        "lines": lines[lines.time < AS_OF].groupby("customer_id").size(),
        "lines_of_the_year": lines.groupby("customer_id").size(),
        "days": days[days.time < AS_OF].groupby("customer_id").day.nunique(),
        "days_of_the_year": days.groupby("customer_id").day.nunique(),
        "receipts_of_the_year": lines.groupby("customer_id").basket_id.nunique(),
        "repeats": profile.set_index("customer_id").x,
    }
    says = {
        "lines": "You counted lines, one to three. Receipts are asked.",
        "lines_of_the_year": "You counted lines of the whole year, one to three. Receipts before 1 July 2017 are asked.",
        "days": "You counted purchase days, one to three. Receipts are asked.",
        "days_of_the_year": "You counted purchase days of the whole year, one to three. Receipts before 1 July 2017 are asked.",
        "receipts_of_the_year": "You counted receipts of the whole year, one to three. Those before 1 July 2017 are asked.",
        "repeats": "You took `x`, the repeats after the first purchase day, one to three. All receipts are asked: `frequency`.",
    }
    right = int(stage.reindex(few.customer_id).eq("new").sum())

    def count(values: pd.Series) -> int:
        keep = values.reindex(stage.index).between(1, 3)
        return int((keep & stage.eq("new")).sum())

    def add_tenure(value: int) -> str:
        """Say which tenure gives the same number, where one does: the two cannot be told apart."""
        same = [day for day in range(30, 100) if (few.tenure_days <= day).sum() == value]
        return (
            f" (Or those whose first purchase is at most {same[-1]} days ago: the stage new is another rule.)"
            if same
            else ""
        )

    numbers = {name: count(values) for name, values in counts.items()}
    found = [Mistake(name, says[name] + add_tenure(number), number) for name, number in numbers.items()]
    found += [
        Mistake(
            "never_bought_called_new",
            "You counted those who never bought with the new ones. Nobody is new before the first purchase.",
            right + int((profile.frequency == 0).sum()),
        ),
        Mistake(
            "as_of_october",
            _OCTOBER,
            int(late.reindex(october[october.frequency.between(1, 3)].customer_id).eq("new").sum()),
        ),
        Mistake(
            "gaps_of_the_year",
            "Your gaps are those of the whole year. On 1 July nobody knows them: `measure_gaps(chain.receipts, as_of)`.",
            count_new(measure_gaps(lines, YEAR_END)),
        ),
        Mistake(
            "new_on_the_map",
            'These are the "new customers" of the map of scores. Use the stage that `assign_life_cycle` gives.',
            int(named.reindex(few.customer_id).eq("new customers").sum()),
        ),
        Mistake(
            "tenure_to_the_line",
            "You counted those whose first purchase is not longer ago than the line. The life cycle asks for more: use the stage that `assign_life_cycle` gives.",
            int((few.tenure_days <= typical).sum()),
        ),
        Mistake(
            "tenure_of_ninety_days",
            "You counted those who began less than 90 days ago. Let the receipts draw the line: `measure_gaps(chain.receipts, as_of)`.",
            int((few.tenure_days < 90).sum()),
        ),
        Mistake(
            "tenure_of_sixty_days",
            "You counted those who began less than 60 days ago. Let the receipts draw the line: `measure_gaps(chain.receipts, as_of)`.",
            int((few.tenure_days < 60).sum()),
        ),
    ]
    return tuple(one for one in found if one.value != right)


def list_wrong_changes() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 22f."""
    spend = sum_spend()
    n = len(spend) // 5
    best, later = (spend.nlargest(n, window) for window in ("first", "second"))
    there = best["second"] / best["first"] - 1
    back = later["first"] / later["second"] - 1
    receipts = sum_windows(read_chain().receipts, *QUARTERS, customers=read_chain().customers, of="receipts")
    visits, later_visits = (
        spend.set_index("customer_id").loc[receipts.nlargest(n, window).customer_id] for window in ("first", "second")
    )
    both = spend.loc[spend[["first", "second"]].sum(axis=1).nlargest(n).index]
    buyers = [spend.nlargest(int((spend[window] > 0).sum()) // 5, window) for window in ("first", "second")]
    one_more = spend.assign(
        first=sum_spend_from("2017-07-01", OCTOBER),
        second=sum_spend_from("2017-09-30", pd.Timestamp("2017-12-31")),
    )
    first_only = spend.assign(
        first=sum_spend_from("2017-07-01", OCTOBER), second=sum_spend_from("2017-10-01", pd.Timestamp("2017-12-31"))
    )
    spring = spend.assign(
        first=sum_spend_from("2017-04-01", pd.Timestamp("2017-07-01")), second=sum_spend_from("2017-07-01", OCTOBER)
    )
    of_those_who_came = (
        float(best["second"][best["second"] > 0].mean() / best["first"].mean() - 1),
        float(later["first"][later["first"] > 0].mean() / later["second"].mean() - 1),
    )
    days = "The windows end before their last date: [1 July, 30 September) and [30 September, 30 December)."
    return (
        Mistake(
            "means_of_changes",
            "That is the mean of each household's own change. Take the mean of money in both windows, then the change.",
            (float(there.mean()), float(back.mean())),
        ),
        Mistake(
            "medians_of_changes",
            "That is the median of each household's own change. Take the mean of money in both windows, then the change.",
            (float(there.median()), float(back.median())),
        ),
        Mistake(
            "fifth_of_buyers",
            "You took a fifth of those who bought. A fifth of *all* households is asked, 493.",
            (find_change(buyers[0], "first", "second"), find_change(buyers[1], "second", "first")),
        ),
        Mistake(
            "zeros_left_out",
            "You left out those of the 493 who bought nothing in the other window. They count as 0.",
            of_those_who_came,
        ),
        Mistake("last_days_in_both", f"30 September is in both windows. {days}", change_both_ways(one_more)),
        Mistake(
            "windows_from_october", f"Your second window begins on 1 October. {days}", change_both_ways(first_only)
        ),
        Mistake(
            "spring_and_summer",
            "Your windows begin in April. They begin on 1 July and on 30 September 2017.",
            change_both_ways(spring),
        ),
        Mistake(
            "best_by_receipts",
            "You chose those with most receipts. Those who spent most are asked.",
            (find_change(visits, "first", "second"), find_change(later_visits, "second", "first")),
        ),
        Mistake(
            "half",
            "You took the better half. A fifth of all households is asked, 493.",
            change_both_ways(spend, len(spend) // 2),
        ),
        Mistake(
            "five_hundred",
            "You took the best 500. A fifth of all households is asked, 493.",
            change_both_ways(spend, 500),
        ),
        Mistake(
            "divided_by_the_end",
            "You divided by the mean at the end: 1 − earlier / later. Divide by the mean from which you start: later / earlier − 1.",
            (
                1 - float(best["first"].mean() / best["second"].mean()),
                1 - float(later["second"].mean() / later["first"].mean()),
            ),
        ),
        Mistake(
            "best_of_both",
            "You chose the best of both windows together. Choose by one window, and look at the other.",
            (find_change(both, "first", "second"), find_change(both, "second", "first")),
        ),
    )
