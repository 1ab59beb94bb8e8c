"""Exercise 35: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from sklearn.linear_model import LogisticRegression

from loyalty.datasets.loaders import complete_journey
from loyalty.evaluate.observational.aipw import adjust_doubly
from loyalty.evaluate.observational.matching import match_customers
from loyalty.evaluate.observational.regression import adjust_by_regression
from loyalty.tasks import check
from loyalty.tasks.checking.grading import find_task
from loyalty.tasks.t35.scene import CHANCE, load_points_letter, tell_points_letter

START, END, FAKE = pd.Timestamp("2017-10-30"), pd.Timestamp("2017-12-25"), pd.Timestamp("2017-09-04")


@pytest.fixture(scope="module")
def chain():
    return complete_journey()


@pytest.fixture(scope="module")
def letter():
    return load_points_letter().customers


@pytest.fixture(scope="module")
def some(letter):
    return letter[letter.group != "more"]


def total(chain, start, end):
    lines = chain.receipts[(chain.receipts.time >= start) & (chain.receipts.time < end)]
    return lines.groupby("customer_id").sales.sum()


def members(chain):
    return set(chain.contacts[chain.contacts.campaign_id == 18].customer_id)


def panel(chain, start, end):
    """A row for each household and week: its dollars per 28 days, less its own level in the 84 days before."""
    weeks = pd.date_range(start, end - pd.Timedelta(days=7), freq="7D")
    before = total(chain, start - pd.Timedelta(days=84), start) / 3
    rows = pd.concat({week: total(chain, week, week + pd.Timedelta(days=7)) * 4 for week in weeks}, axis=1)
    rows = rows.reindex(chain.customers.customer_id).fillna(0)
    changes = rows.sub(before.reindex(rows.index).fillna(0), axis=0).stack().rename("change").reset_index()
    return changes.assign(member=changes.customer_id.isin(members(chain)).astype(int))


@pytest.mark.slow
@pytest.mark.parametrize(("code", "start", "end"), [("35b", START, END), ("35c", FAKE, START)])
def test_errors_that_ignore_repeated_customers_are_named(chain, code, start, end):
    fit = smf.ols("change ~ member", panel(chain, start, end)).fit(cov_type="HC1")
    low, high = fit.conf_int().loc["member"]
    assert check(code, (fit.params["member"], low, high)).mistake == "weeks_as_customers"


def test_errors_clustered_by_customer_are_right(chain):
    rows = panel(chain, START, END)
    fit = smf.ols("change ~ member", rows).fit(cov_type="cluster", cov_kwds={"groups": rows.customer_id})
    low, high = fit.conf_int().loc["member"]
    assert check("35b", (fit.params["member"], low, high)).status == "right"


def test_windows_that_are_a_day_off_are_named(chain):
    day = pd.Timedelta(days=1)
    inside = members(chain)
    for start, end, divided_by, name in (
        (START, END - day, 56, "last_day_missing_but_counted"),
        (START, END - day, 55, "last_day_missing"),
        (START + day, END, 56, "first_day_missing"),
        (START, END, 55, "divided_by_55"),
    ):
        spent = total(chain, start, end).reindex(chain.customers.customer_id, fill_value=0) / divided_by * 28
        mine = spent.index.isin(inside)
        assert check("35a", spent[mine].mean() - spent[~mine].mean()).mistake == name


def sums(chain, start, end, column="sales"):
    """What each household spent in [start, end), as an array in the order of the customers."""
    lines = chain.receipts[(chain.receipts.time >= start) & (chain.receipts.time < end)]
    return lines.groupby("customer_id")[column].sum().reindex(chain.customers.customer_id, fill_value=0).to_numpy()


def welch(values, mine, quantile=1.96):
    """Effect and ends of a difference of means from the formula, to the cent."""
    gap = values[mine].mean() - values[~mine].mean()
    error = sum(side.var(ddof=1) / len(side) for side in (values[mine], values[~mine])) ** 0.5
    return tuple(round(float(end), 2) for end in (gap, gap - quantile * error, gap + quantile * error))


@pytest.mark.parametrize(("code", "start", "end"), [("35b", START, END), ("35c", FAKE, START)])
def test_changes_of_other_days_or_per_other_days_are_named(chain, code, start, end):
    day = pd.Timedelta(days=1)
    first = start - 84 * day
    mine = chain.customers.customer_id.isin(members(chain)).to_numpy()
    during, before = sums(chain, start, end), sums(chain, first, start)
    right = during / 2 - before / 3
    answers = {
        "before_not_scaled": during / 2 - before,
        "window_not_scaled": during - before / 3,
        "both_halved": during / 2 - before / 2,
        "windows_not_scaled": during - before,
        "thirty_days": right * 30 / 28,
        "per_84_days": right * 3,
        "before_too_long": during / 2 - sums(chain, first, start + day) / 3,
        "before_too_short": during / 2 - sums(chain, first, start - day) / 3,
        "last_day_missing_but_counted": sums(chain, start, end - day) / 2 - before / 3,
        "both_too_short": sums(chain, start, end - day) / 2 - sums(chain, first, start - day) / 3,
    }
    if code == "35c":
        answers["both_too_long"] = sums(chain, start, end + day) / 2 - sums(chain, first, start + day) / 3
    for name, values in answers.items():
        assert check(code, welch(values, mine)).mistake == name
        assert check(code, welch(values, mine, 1.9612)).mistake == name, "Student's quantile, as compare_means takes it"


@pytest.mark.parametrize(("code", "start", "end"), [("35b", START, END), ("35c", FAKE, START)])
def test_other_intervals_of_the_change_are_named(chain, code, start, end):
    mine = chain.customers.customer_id.isin(members(chain)).to_numpy()
    during, before = sums(chain, start, end) / 2, sums(chain, start - pd.Timedelta(days=84), start) / 3
    change = during - before
    gap = change[mine].mean() - change[~mine].mean()
    pooled = smf.ols("y ~ x", pd.DataFrame({"y": change, "x": mine.astype(int)})).fit().bse["x"]
    for name, error in (("pooled_variance", pooled), ("standard_deviation", change.std())):
        assert check(code, (gap, gap - 1.96 * error, gap + 1.96 * error)).mistake == name
    table = pd.DataFrame({"during": during, "before": before, "x": mine.astype(int)})
    fit = smf.ols("during ~ x + before", table).fit(cov_type="HC1")
    assert check(code, (fit.params["x"], *fit.conf_int().loc["x"])).mistake == "regressed_on_before"


def test_fake_windows_that_are_others_are_named(chain):
    day = pd.Timedelta(days=1)
    mine = chain.customers.customer_id.isin(members(chain)).to_numpy()
    fake_before = sums(chain, FAKE - 84 * day, FAKE) / 3
    last = START - 28 * day
    before = sums(chain, START - 84 * day, START) / 3
    answers = {
        "campaign_against_fake_before": sums(chain, START, END) / 2 - fake_before,
        "half_the_window": sums(chain, last, START) - sums(chain, last - 84 * day, last) / 3,
        "before_as_window": before - sums(chain, START - 168 * day, START - 84 * day) / 3,
    }
    for name, values in answers.items():
        assert check("35c", welch(values, mine)).mistake == name


def test_other_dollars_than_those_paid_are_named(chain):
    inside = chain.receipts[(chain.receipts.time >= START) & (chain.receipts.time < END)]
    mine = chain.customers.customer_id.isin(members(chain)).to_numpy()
    shelf = sum(sums(chain, START, END, name) for name in ("sales", "discount", "coupon_discount")) / 2
    december = sums(chain, START, pd.Timestamp("2018-01-01")) / 63 * 28
    paid = sums(chain, START, END) / 2
    baskets = inside.groupby(["customer_id", "basket_id"]).sales.sum()
    basket_of_member = baskets.index.get_level_values(0).isin(members(chain))
    answers = {
        "shelf_prices": shelf[mine].mean() - shelf[~mine].mean(),
        "to_the_end_of_december": december[mine].mean() - december[~mine].mean(),
        "totals_over_everybody": (paid[mine].sum() - paid[~mine].sum()) / len(paid),
        "ratio": baskets[basket_of_member].mean() - baskets[~basket_of_member].mean(),
    }
    for name, value in answers.items():
        assert check("35a", round(value, 2)).mistake == name
    assert "per basket" in check("35a", round(answers["ratio"], 2)).message


def test_a_sentence_in_words_is_asked_for_its_letter():
    result = check("35d", "cannot be told")
    assert result.mistake is None and "one letter" in result.message


def test_a_mean_over_buyers_only_is_named(chain):
    spent = total(chain, START, END) / 2
    inside = spent.index.isin(members(chain))
    assert check("35a", spent[inside].mean() - spent[~inside].mean()).mistake == "buyers_only"


def gap(table, cells, outcome="sales", weigh_by="invited"):
    """Mean over cells of invited less others with Welch's interval within each, from the formula."""
    found = table.groupby([*cells, "invited"], observed=True)[outcome].agg(["mean", "var", "size"]).unstack().dropna()
    size = found["size"][True] if weigh_by == "invited" else found["size"].sum(axis=1)
    share = size / size.sum()
    effect = (share * (found["mean"][True] - found["mean"][False])).sum()
    noise = (share**2 * (found["var"] / found["size"]).sum(axis=1)).sum()
    return effect, noise**0.5


def near(code, effect):
    """The mistakes whose effect an answer has, whatever its interval."""
    mistakes = find_task(code).compute().mistakes
    return [one.name for one in mistakes if abs(one.value[0] - effect) < 0.015]


def test_comparing_within_classes_by_hand_is_right(some):
    effect, se = gap(some, ["group"])
    result = check("35e", (effect, effect - 1.96 * se, effect + 1.96 * se))
    assert result.status == "right", result.message


def put_together(table, outcome, size, variance="squared"):
    """Two classes put together by hand with weights `size`, and the usual ways to put their variances together."""
    found = table.groupby(["group", "invited"])[outcome].agg(["mean", "var", "size"]).unstack()
    share = size / size.sum()
    each = (found["var"] / found["size"]).sum(axis=1)
    effect = (share * (found["mean"][True] - found["mean"][False])).sum()
    ways = {"squared": (share**2 * each).sum(), "plain": (share * each).sum(), "errors": (share * each**0.5).sum() ** 2}
    half = 1.96 * ways[variance] ** 0.5
    return tuple(round(float(end), 2) for end in (effect, effect - half, effect + half))


@pytest.mark.parametrize(("code", "outcome"), [("35e", "sales"), ("35f", "witness")])
def test_other_weights_and_variances_of_the_classes_are_named(some, letter, code, outcome):
    sizes = some.groupby(["group", "invited"]).size().unstack()
    right = put_together(some, outcome, sizes[True])
    assert check(code, right).status == "right"
    both = sizes[True].sum() / letter.invited.sum()
    naive = welch(some[outcome].to_numpy(), some.invited.to_numpy())
    answers = {
        "classes_not_weighed": put_together(some, outcome, sizes[True] * 0 + 1),
        "weighed_by_others": put_together(some, outcome, sizes[False]),
        "everybody": put_together(some, outcome, sizes.sum(axis=1)),
        "divided_by_all_invited": tuple(end * both for end in right),
        "weights_not_squared": put_together(some, outcome, sizes[True], "plain"),
        "interval_of_the_naive_gap": (right[0], right[0] + naive[1] - naive[0], right[0] + naive[2] - naive[0]),
    }
    for name, value in answers.items():
        assert check(code, value).mistake == name, name
    for name, chosen in (("only_nothing", "nothing"), ("only_middle", "up to €60")):
        table = some[some.group == chosen]
        assert check(code, welch(table[outcome].to_numpy(), table.invited.to_numpy())).mistake == name


def test_a_ninety_percent_interval_of_the_witness_is_among_the_causes(some):
    effect, se = gap(some, ["group"], "witness")
    assert "90 % interval" in check("35f", (effect, effect - 1.645 * se, effect + 1.645 * se)).message
    effect, se = gap(some, ["group"], "sales")
    assert check("35e", (effect, effect - 1.645 * se, effect + 1.645 * se)).mistake == "ninety_percent"


def test_standard_errors_averaged_are_named_like_variances_averaged(some):
    sizes = some.groupby(["group", "invited"]).size().unstack()
    assert check("35e", put_together(some, "sales", sizes[True], "errors")).mistake == "weights_not_squared"


def test_other_columns_than_sales_and_the_witness_are_named(some):
    sizes = some.groupby(["group", "invited"]).size().unstack()[True]
    table = some.assign(fell=some.sales - some.last_28, month=some.quarter / 3, since_witness=some.sales - some.witness)
    assert check("35e", put_together(table, "fell", sizes)).mistake == "change_within"
    assert check("35f", put_together(table, "month", sizes)).mistake == "nearer_days_as_28"
    assert check("35f", put_together(table, "since_witness", sizes)).mistake == "change_since_the_witness"


def test_matching_on_the_outcome_is_named(some):
    cut = np.searchsorted(np.unique(some.visits[some.invited].quantile([0.2, 0.4, 0.6, 0.8])), some.visits)
    effect, se = gap(some.assign(cut=cut), ["group", "cut"])
    assert near("35e", effect) == ["outcome_among_covariates"]
    assert check("35e", (effect, effect - 1.96 * se, effect + 1.96 * se)).mistake == "outcome_among_covariates"


def test_an_estimate_without_overlap_is_named(letter):
    score = fit_chance(letter)
    weights = np.where(letter.invited, 1, score / np.maximum(1 - score, 1e-12))
    means = [np.average(letter.sales[rows], weights=weights[rows]) for rows in (letter.invited, ~letter.invited)]
    assert near("35e", means[0] - means[1]) == ["no_overlap"]


def fit_chance(letter):
    columns = letter[["last_28", "quarter"]] / 100
    return (
        LogisticRegression(C=np.inf, tol=1e-10, max_iter=5000).fit(columns, letter.invited).predict_proba(columns)[:, 1]
    )


@pytest.mark.parametrize(("column", "name"), [("sales", "no_overlap_line"), ("witness", "no_overlap_line")])
def test_a_line_through_customers_nobody_was_like_is_named(letter, column, name):
    line = smf.ols(f"{column} ~ last_28 + quarter", letter[~letter.invited]).fit()
    guessed = letter[column][letter.invited].mean() - line.predict(letter[letter.invited]).mean()
    assert near("35e" if column == "sales" else "35f", guessed) == [name]


def test_the_change_since_the_days_that_decided_is_named(some, letter):
    for table, name in ((some, "change"), (letter, "change_of_all")):
        change = (table.sales - table.last_28).groupby(table.invited).mean()
        assert near("35e", change[True] - change[False]) == [name]


def test_the_effect_on_everybody_is_named(some):
    assert near("35e", gap(some, ["group"], weigh_by="all")[0]) == ["everybody"]


def test_the_letter_follows_its_rule_and_its_truth_is_told(letter):
    share = letter.groupby("group").invited.mean()
    assert all(abs(share[name] - chance) < 0.02 for name, chance in CHANCE.items())
    assert letter.groupby("group").last_28.max()["up to €60"] <= 60 < letter.groupby("group").last_28.min()["more"]
    truth = tell_points_letter()
    weights = letter[letter.invited].group.value_counts()[["nothing", "up to €60"]]
    assert truth["nothing and up to €60"] == pytest.approx(np.average(truth[weights.index], weights=weights))


@pytest.mark.parametrize("grade", ["A", "B", "D"])
def test_a_sentence_about_the_letter_that_is_too_strong_or_too_weak_is_named(grade):
    assert check("35g", grade).mistake == f"signed_{grade}"
    assert check("35g", "C").status == "right"


@pytest.mark.parametrize("letter", ["A", "B", "C"])
def test_a_sentence_that_the_evidence_does_not_allow_is_named(letter):
    assert check("35d", letter).mistake == f"signed_{letter}"


@pytest.mark.parametrize(
    ("method", "columns", "name"),
    [
        (match_customers, ["last_28", "quarter"], "no_overlap_matching"),
        (adjust_by_regression, ["group"], "no_overlap_group"),
        (adjust_doubly, ["group"], "no_overlap_group"),
    ],
)
def test_a_method_asked_about_everybody_warns_and_is_named(letter, method, columns, name):
    found = method(letter, treated="invited", outcome="sales", covariates=columns, target="att")
    assert check("35e", (found.effect, found.low, found.high)).mistake == name
    assert any("overlap" in text for text in found.warnings)
