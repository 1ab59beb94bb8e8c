"""Exercise 12: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.datasets.loaders import complete_journey
from loyalty.prepare.profile import build_profile
from loyalty.tasks import check
from loyalty.tasks.checking.grading import find_task

AS_OF = pd.Timestamp("2017-07-01")


@pytest.fixture(scope="module")
def chain():
    return complete_journey()


@pytest.fixture(scope="module")
def before(chain):
    return chain.receipts[chain.receipts.time < AS_OF]


def test_the_helper_gives_the_right_answers(chain):
    profile = build_profile(chain.receipts, AS_OF, customers=chain.customers)
    assert check("12a", profile.loc[profile.frequency > 0, ["customer_id", "recency_days"]]).status == "right"
    assert check("12b", profile[["customer_id", "frequency"]]).status == "right"
    paid = (profile.basket_value * profile.frequency).sum()
    assert check("12c", paid / profile.frequency.sum()).status == "right"


def test_days_counted_to_today_are_named(before):
    end_of_year = pd.Timestamp("2018-01-01")
    days = (end_of_year - before.groupby("customer_id").time.max().dt.normalize()).dt.days
    assert check("12a", days.rename("recency_days").reset_index()).mistake == "days_to_today"


def test_lines_counted_as_baskets_are_named(chain, before):
    lines = before.customer_id.value_counts().reindex(chain.customers.customer_id, fill_value=0)
    assert check("12b", lines.rename("frequency").reset_index()).mistake == "lines_as_baskets"


def test_the_days_own_purchases_inside_are_named(chain):
    with_today = chain.receipts[chain.receipts.time.dt.normalize() <= AS_OF]
    days = (AS_OF - with_today.groupby("customer_id").time.max().dt.normalize()).dt.days
    assert check("12a", days.rename("recency_days").reset_index()).mistake == "own_day_inside"
    visits = with_today.groupby("customer_id").basket_id.nunique().reindex(chain.customers.customer_id, fill_value=0)
    assert check("12b", visits.rename("frequency").reset_index()).mistake == "own_day_inside"


def test_an_inner_join_that_loses_non_buyers_is_named(chain, before):
    visits = before.groupby("customer_id").basket_id.nunique().rename("frequency")
    joined = chain.customers.merge(visits, on="customer_id", how="inner")
    assert check("12b", joined).mistake == "non_buyers_lost"


def test_the_mean_of_the_customers_means_is_named(before):
    receipts = before.groupby(["customer_id", "basket_id"]).sales.sum()
    assert check("12c", receipts.groupby("customer_id").mean().mean()).mistake == "mean_of_means"


@pytest.mark.slow
def test_a_profile_that_saw_july_is_named(chain):
    later = build_profile(chain.receipts, AS_OF + pd.Timedelta(days=28))
    july = chain.receipts[(chain.receipts.time >= AS_OF) & (chain.receipts.time < AS_OF + pd.Timedelta(days=28))]
    share = later[later.recency_days >= 28].customer_id.isin(july.customer_id).mean()
    assert check("12d", share).mistake == "silence_from_the_future"


@pytest.mark.parametrize(("word", "mistake"), [("send", "said_send"), ("Send60", "said_send60"), (" HOLD ", None)])
def test_the_decision_is_scored_from_the_participants_own_numbers(word, mistake):
    result = check("12e", word)
    assert (result.status, result.mistake) == ("right" if mistake is None else "wrong", mistake)


def test_a_day_too_many_or_too_few_is_named_though_it_changes_the_average_by_a_cent_or_two(chain):
    def average(until):
        lines = chain.receipts[chain.receipts.time < until]
        return lines.sales.sum() / lines.basket_id.nunique()

    assert check("12c", average("2017-07-02")).mistake == "own_day_inside"
    assert check("12c", round(average("2017-06-30"), 2)).mistake == "last_day_cut_off"


@pytest.mark.slow
def test_a_rounded_share_that_fits_several_mistakes_is_told_all_of_them(chain):
    profile = build_profile(chain.receipts, AS_OF)
    july = chain.receipts[(chain.receipts.time >= AS_OF) & (chain.receipts.time < AS_OF + pd.Timedelta(days=28))]
    share = profile[profile.recency_days >= 30].customer_id.isin(july.customer_id).mean()
    assert check("12d", share).mistake == "thirty_days_silent"
    rounded = check("12d", round(share, 3))
    assert {"thirty_days_silent", "first_day_left_out"} <= set(rounded.mistake.split(" or "))
    assert "30 days or more" in rounded.message
    assert "begins on 2 July" in rounded.message


def test_the_right_share_rounded_too_far_is_not_ascribed_to_a_mistake_that_it_happens_to_be_near():
    result = check("12d", round(find_task("12d").compute().right, 2))
    assert result.mistake.startswith("too_coarse or ")
    assert "may be right and rounded too far" in result.message


def test_cents_and_missing_numbers_are_still_told_where_a_task_judges_itself():
    right = find_task("12c").compute().right
    assert check("12c", 100 * right).mistake == "hundred_times"
    assert "cents" in check("12c", 100 * right).message
    assert check("12d", float("nan")).mistake == "no_number"


def named(code, answer, name):
    """Whether an answer is wrong and hears of this mistake, alone or among others."""
    result = check(code, answer)
    return result.status == "wrong" and name in (result.mistake or "").split(" or ")


def test_other_days_than_calendar_days_to_the_first_of_july_are_named(chain, before):
    last = before.groupby("customer_id").time.max()
    days = (AS_OF - last.dt.normalize()).dt.days
    end = chain.receipts.time.max().normalize()
    for values, name in (
        ((end - last.dt.normalize()).dt.days, "days_to_the_last_day"),
        (days / 7, "weeks"),
        (((AS_OF - last) / pd.Timedelta(days=1)).round(), "rounded_clock"),
        (
            (AS_OF - before[before.sales > 0].groupby("customer_id").time.max().dt.normalize()).dt.days,
            "free_receipts_left_out",
        ),
    ):
        assert named("12a", values.rename("recency_days").reset_index(), name), name
    odd = check("12a", (days + 5).rename("recency_days").reset_index())
    assert "exactly 5 too large" in odd.message
    assert not check("12a", (days**1.01).rename("recency_days").reset_index()).message.startswith("Close")


def test_other_counts_than_receipts_are_named(chain, before):
    everybody = chain.customers.customer_id
    visits = before.groupby("customer_id").basket_id.nunique()
    joined = chain.customers[["customer_id"]].merge(before[["customer_id", "basket_id"]].drop_duplicates(), how="left")
    for values, name in (
        (joined.groupby("customer_id").size(), "one_for_non_buyers"),
        ((visits.reindex(everybody, fill_value=0) - 1).clip(lower=0), "repeats_only"),
        (before.groupby("customer_id").store_id.nunique().reindex(everybody, fill_value=0), "stores"),
        (before.groupby("customer_id").quantity.sum().reindex(everybody, fill_value=0), "pieces"),
    ):
        assert named("12b", values.rename("frequency").reset_index(), name), name


def test_other_averages_are_named(chain, before):
    by_month = before.groupby(before.time.dt.month)
    assert named("12c", round((by_month.sales.sum() / by_month.basket_id.nunique()).mean(), 2), "mean_of_months")
    receipts = before.basket_id.nunique()
    assert named("12c", round((before.sales.sum() - before.coupon_discount.sum()) / receipts, 2), "coupons_off")
    october = chain.receipts[chain.receipts.time < "2017-10-01"]
    assert named("12c", round(october.sales.sum() / october.basket_id.nunique(), 2), "as_of_october")


def test_other_groups_of_households_are_named(chain):
    profile = build_profile(chain.receipts, AS_OF, customers=chain.customers)
    july = chain.receipts[(chain.receipts.time >= AS_OF) & (chain.receipts.time < AS_OF + pd.Timedelta(days=28))]
    came = profile.customer_id.isin(july.customer_id)
    silent = profile.recency_days
    for keep, name in (
        (silent >= 0, "everybody"),
        (silent.isna() | (silent >= 0), "all_households"),
        (silent.between(28, 59), "up_to_sixty"),
        (silent == 28, "exactly_28"),
        (silent <= 30, "at_most_thirty"),
        (silent > 30, "month_silent"),
    ):
        assert named("12d", round(came[keep].mean(), 3), name), name


@pytest.mark.slow
def test_other_gaps_of_dog_food_are_named(chain, before):
    dog = before.merge(chain.products[["product_id", "category"]]).query("category == 'DOG FOODS'")
    dog = dog.assign(day=dog.time.dt.normalize()).sort_values(["customer_id", "time"])
    days = dog.drop_duplicates(["customer_id", "day"])
    gaps = days.groupby("customer_id").day.diff().dt.days
    clock = dog.drop_duplicates(["customer_id", "basket_id"]).groupby("customer_id").time.diff() / pd.Timedelta(days=1)
    for value, name in (
        (clock.median(), "fractions_of_days"),
        (days.day.diff().dt.days.median(), "no_groupby"),
        (gaps.median() / 7, "weeks"),
        (gaps.mode().iloc[0], "most_frequent"),
        (gaps.median() + 1, "both_days_counted"),
    ):
        assert named("12f", float(value), name), name
