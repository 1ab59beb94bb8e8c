"""Exercise 13: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.prepare.identity import choose_threshold
from loyalty.prepare.identity.values import normalise_email, normalise_phone
from loyalty.tasks import check
from loyalty.tasks.t13.scene import PRICE, mask, open_sample, open_town, run_pilot, score_town
from loyalty.tasks.t13.tasks import count_wrong, find_by_estimate, tell_precision

pytestmark = [pytest.mark.slow, pytest.mark.lesson]


@pytest.fixture(scope="module")
def town():
    return open_town()


@pytest.fixture(scope="module")
def sample():
    found = open_sample()
    return found.assign(probability=found.score, is_match=found.checked == "same person")


@pytest.fixture(scope="module")
def pilot():
    return run_pilot()


def keep_digits(phones):
    return phones.str.replace(r"\D", "", regex=True)


def test_the_cards_behind_the_most_frequent_number_are_counted_by_digits(town):
    phones = town.cards.phone
    short = phones.str.replace(r" ext\..*", "", regex=True)
    most = keep_digits(short).str[-10:].value_counts().iloc[0]
    assert check("13a", most).status == "right"
    assert check("13a", phones.value_counts().iloc[0]).mistake == "as_typed"
    assert "country_code_kept" in check("13a", keep_digits(short).value_counts().iloc[0]).mistake
    assert check("13a", keep_digits(phones).str[-10:].value_counts().iloc[0]).mistake == "extension_kept"
    assert check("13a", keep_digits(phones).value_counts().iloc[0]).mistake == "extension_and_country_kept"
    assert check("13a", phones.value_counts(dropna=False).iloc[0]).mistake == "missing_is_a_group"


def test_other_cuts_and_other_groups_of_numbers_are_named_or_told_as_one_of_two(town):
    def read(phones):
        return keep_digits(phones.str.replace(r" ext\..*", "", regex=True))

    digits = read(town.cards.phone)
    counts = digits.str[-10:].value_counts()
    everybody = pd.concat([town.cards.phone, town.accounts.phone])
    assert check("13a", read(everybody).str[-10:].value_counts().iloc[0]).mistake == "cards_and_accounts"
    assert check("13a", counts[counts < 10].iloc[0]).mistake == "placeholders_left_out"
    without_one = check("13a", digits.str.replace("^1", "", regex=True).value_counts().iloc[0])
    assert "zeros_kept" in without_one.mistake
    first_ten = check("13a", digits.str[:10].value_counts().iloc[0])
    assert first_ten.mistake == "country_code_kept or first_ten_digits" and "Either" in first_ten.message


def test_who_uses_the_helper_that_reads_phones_is_right_or_is_told_which_numbers_it_leaves_out(town):
    read = town.cards.phone.dropna().map(normalise_phone)
    result = check("13a", read.value_counts().iloc[0])
    assert result.status == "right" or "zeros_not_read" in result.mistake


def join(town, write):
    left = town.accounts.assign(mail=write(town.accounts.email))
    right = town.cards.assign(mail=write(town.cards.email)).dropna(subset="mail")
    return left.merge(right, on="mail")


def write_alike(emails):
    return emails.str.strip().str.lower().str.replace(r"\+.*@", "@", regex=True)


def test_accounts_are_matched_by_mailbox_and_each_card_is_counted_once(town):
    joined = join(town, write_alike)
    count, once = joined.account_id.nunique(), joined.drop_duplicates("card_id").sales.sum()
    assert check("13b", (count, round(once, 2))).status == "right"
    assert check("13b", [count, joined.sales.sum()]).mistake == "many_to_many"
    assert check("13b", (len(joined), joined.sales.sum())).mistake == "rows_and_their_sales"
    first = joined.drop_duplicates("account_id")
    assert check("13b", (count, first.sales.sum())).mistake == "one_card_an_account"
    first = joined.drop_duplicates("mail")
    assert check("13b", (count, first.sales.sum())).mistake == "one_card_an_address"


def test_each_step_of_writing_alike_that_is_left_out_is_named(town):
    steps = {
        "as_typed": lambda mails: mails,
        "small_letters_only": lambda mails: mails.str.lower(),
        "tag_kept": lambda mails: mails.str.lower().str.strip(),
        "blanks_kept": lambda mails: mails.str.lower().str.replace(r"\+.*@", "@", regex=True),
    }
    for name, write in steps.items():
        joined = join(town, write)
        once = joined.drop_duplicates("card_id").sales.sum()
        assert check("13b", (joined.account_id.nunique(), once)).mistake == name
        many = check("13b", (joined.account_id.nunique(), joined.sales.sum()))
        assert many.mistake == f"{name}_and_many_to_many"


@pytest.mark.parametrize("side", ["accounts", "cards"])
def test_a_step_that_is_left_out_on_one_side_only_is_named_with_its_side(town, side):
    def keep_tag(mails):
        return mails.str.strip().str.lower()

    left = town.accounts.assign(mail=(keep_tag if side == "accounts" else write_alike)(town.accounts.email))
    right = town.cards.assign(mail=(keep_tag if side == "cards" else write_alike)(town.cards.email))
    joined = left.merge(right.dropna(subset="mail"), on="mail")
    once = joined.drop_duplicates("card_id").sales.sum()
    assert check("13b", (joined.account_id.nunique(), once)).mistake == f"tags_on_{side}"


def test_a_join_by_half_an_email_is_named(town):
    joined = join(town, lambda mails: write_alike(mails).str.split("@").str[0])
    once = joined.drop_duplicates("card_id").sales.sum()
    assert check("13b", (joined.account_id.nunique(), once)).mistake == "domain_left_out"
    joined = join(town, lambda mails: mails.str.strip().str.lower().str.split("+").str[0])
    once = joined.drop_duplicates("card_id").sales.sum()
    assert check("13b", (joined.account_id.nunique(), once)).mistake == "cut_from_plus"


@pytest.mark.parametrize("write", [round, int, lambda euros: round(euros, -1)])
def test_right_euros_without_their_cents_are_told_to_be_rounded(town, write):
    joined = join(town, write_alike)
    once = joined.drop_duplicates("card_id").sales.sum()
    result = check("13b", (joined.account_id.nunique(), write(once)))
    assert result.mistake == "too_coarse" and "to the cent" in result.message


def test_the_helper_that_reads_emails_gives_the_right_match_too(town):
    joined = join(town, lambda mails: mails.map(normalise_email, na_action="ignore").astype("str"))
    joined = joined[joined.mail != "None"]
    once = joined.drop_duplicates("card_id").sales.sum()
    assert check("13b", (joined.account_id.nunique(), once)).status == "right"


def test_one_number_where_two_are_asked_is_told_and_a_half_right_pair_too(town):
    joined = join(town, write_alike)
    assert "Two numbers" in check("13b", 12).message
    assert "accounts are right" in check("13b", (joined.account_id.nunique(), 1.0)).message
    once = joined.drop_duplicates("card_id").sales.sum()
    assert "euros are right" in check("13b", (7, once)).message


def test_the_lower_end_holds_the_floor_and_other_thresholds_are_named(sample):
    assert check("13c", choose_threshold(sample, floor=0.99).threshold).status == "right"
    household = sample.assign(is_match=sample.checked != "strangers")
    assert "household_is_a_match" in check("13c", choose_threshold(household).threshold).mistake.split(" or ")
    assert check("13c", choose_threshold(sample, floor=0.95).threshold).mistake == "floor_of_95"
    assert check("13c", choose_threshold(sample, level=0.975).threshold).mistake == "two_sided"
    surer = check("13c", choose_threshold(sample, level=0.99).threshold).mistake
    assert "ninety_nine_percent_sure" in surer.split(" or ")
    for word, name in (("same household", "household_left_out"), ("strangers", "strangers_left_out")):
        found = check("13c", choose_threshold(sample[sample.checked != word]).threshold).mistake
        assert name in found.split(" or ")


def test_the_point_estimate_and_the_best_f1_made_by_hand_are_named(sample):
    ordered = sample.sort_values("score", ascending=False)
    right = ordered.is_match.cumsum()
    precision = right / np.arange(1, len(ordered) + 1)
    last = ordered.score != ordered.score.shift(-1)
    assert check("13c", ordered.score[last & (precision >= 0.99)].min()).mistake == "point_estimate"
    recall = right / right.iloc[-1]
    both = (2 * precision * recall / (precision + recall))[last]
    assert check("13c", ordered.score[both.idxmax()]).mistake == "best_f1"


def test_in_truth_the_right_threshold_holds_the_floor_and_the_tempting_one_does_not(sample):
    choice = choose_threshold(sample, floor=0.99)
    assert tell_precision(choice.threshold) >= 0.99
    assert tell_precision(find_by_estimate(choice.table)) < 0.99


def test_the_sample_is_drawn_from_the_pairs_that_were_scored_one_a_person(sample):
    assert len(sample) == 1_000
    assert sample.card_id.is_unique and sample.account_id.is_unique
    whole = score_town()
    whole = whole[whole.score >= 0.3]
    assert abs(sample.is_match.mean() - (whole.checked == "same person").mean()) < 0.08


def test_the_lottery_less_the_price_is_right_and_other_comparisons_are_named(pilot):
    groups = dict(list(pilot.groupby("group").margin))

    def compare(one, other, price=PRICE):
        gain = one.mean() - other.mean()
        error = np.sqrt(one.var() / len(one) + other.var() / len(other))
        return gain - price, gain - 1.96 * error - price, gain + 1.96 * error - price

    used, not_used, unmatched = groups["used"], groups["not used"], groups["not matched"]
    assert check("13d", compare(used, not_used)).status == "right"
    assert check("13d", compare(used, not_used, 0.0)).mistake == "price_forgotten"
    assert check("13d", compare(used, unmatched)).mistake == "matched_against_unmatched"
    assert check("13d", compare(used[used > 0], not_used[not_used > 0])).mistake == "buyers_only"
    matched = pd.concat([used, not_used])
    others = pd.concat([not_used, unmatched])
    assert check("13d", compare(matched, unmatched, 0.0)).mistake == "all_matched_against_unmatched_without_price"
    assert check("13d", compare(used, others)).mistake == "used_against_all_others"
    share = PRICE * len(matched) / len(used)
    assert check("13d", compare(used, not_used, share)).mistake == "price_of_all_on_the_used"
    assert check("13d", compare(used, not_used, PRICE / share * PRICE)).mistake == "price_shared_out"
    half = 1.96 * used.std() / len(used) ** 0.5
    alone = (used.mean() - PRICE, used.mean() - half - PRICE, used.mean() + half - PRICE)
    assert check("13d", alone).mistake == "no_comparison"
    top = matched.quantile(0.99)
    assert check("13d", compare(used[used <= top], not_used[not_used <= top])).mistake == "top_of_the_matched_left_out"
    own = compare(used[used <= used.quantile(0.99)], not_used[not_used <= not_used.quantile(0.99)])
    assert check("13d", own).mistake == "top_of_each_group_left_out"


def test_only_the_sentence_that_compares_gain_and_price_is_right():
    assert check("13e", "c").status == "right"
    assert check("13e", "A").mistake == "regulars_are_matched"
    assert "€" not in check("13e", "A").message  # of a number that was never asked for


def test_the_pilot_supports_each_sentence_about_it(pilot):
    means = pilot.groupby("group").margin.mean()
    gain = means["used"] - means["not used"]
    low = check("13e", "B").message
    assert gain < PRICE and f"€{gain:.2f}" in low
    assert means["not used"] > means["not matched"] + PRICE


def test_some_pairs_of_one_email_are_two_members_of_a_family(town):
    wrong = count_wrong(join(town, write_alike))
    assert wrong["same household"] > 0 and wrong["strangers"] == 0


def test_a_masked_table_shows_no_whole_name_phone_or_email(town):
    for table in town:
        shown = mask(table)
        for name in ("first_name", "last_name", "name", "phone", "email", "birth_date"):
            if name in shown:
                assert shown[name].dropna().str.len().max() <= 3


def test_the_scene_is_the_same_each_time(town):
    town.cards.loc[0, "sales"] = -1.0
    assert open_town().cards.loc[0, "sales"] >= 0
