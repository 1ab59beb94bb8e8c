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


def test_a_rounded_share_that_fits_several_mistakes_is_told_all_of_them_and_ascribed_none(chain):
    profile = build_profile(chain.receipts, AS_OF)
    july = chain.receipts[(chain.receipts.time >= AS_OF) & (chain.receipts.time < AS_OF + pd.Timedelta(days=28))]
    share = profile[profile.recency_days >= 30].customer_id.isin(july.customer_id).mean()
    assert check("12d", share).mistake == "thirty_days_silent"
    rounded = check("12d", round(share, 3))
    assert rounded.mistake is None
    assert "30 days or more" in rounded.message
    assert "begins on 2 July" in rounded.message


def test_the_right_share_rounded_too_far_is_not_ascribed_to_a_mistake_that_it_happens_to_be_near():
    result = check("12d", round(find_task("12d").compute().right, 2))
    assert result.mistake is None
    assert "rounded too far" in result.message


def test_cents_and_missing_numbers_are_still_told_where_a_task_judges_itself():
    right = find_task("12c").compute().right
    assert check("12c", 100 * right).mistake == "hundred_times"
    assert "cents" in check("12c", 100 * right).message
    assert check("12d", float("nan")).mistake == "no_number"
