"""Exercise 25, a cohort of 2023: right answers and the usual wrong ones, all computed from the receipts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.segment.value import CustomerValue
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t25.measures import (
    DISCOUNT,
    WEEKS,
    average_rates,
    find_margin_rate,
    find_model_alive,
    find_rate,
    find_span_of_once,
    fit_model,
    fit_money,
    forecast,
    forecast_repeaters,
    forecast_with_interval,
    forecast_with_silence,
    read_history,
    read_silent,
    share_by_type,
    value_by_margin,
    value_by_own_means,
    value_cohort,
    value_with_intervals,
)
from loyalty.tasks.t25.scene import AS_OF, UNTIL, find_true_value, open_chain, open_cohort_chain, read_cohort

NAMES = ["customer_id", "x", "t_x", "T"]


@cache
def _answer_history() -> Answers:
    right = read_history()[NAMES]
    late = read_history(UNTIL)[NAMES]
    before = read_cohort().query("time < @AS_OF")
    lines = right["customer_id"].map(before.groupby("customer_id").size()) - 1
    days = right.assign(t_x=right["t_x"] * 7, T=right["T"] * 7)
    inside = late.set_index("customer_id").loc[right["customer_id"]]
    early = read_history("2024-07-02")[NAMES]
    hours = before.groupby("customer_id")["time"].agg(["min", "max"]).reindex(right["customer_id"])
    span, age = hours["max"] - hours["min"], pd.Timestamp("2024-07-02") - hours["min"]
    with_hours = right.assign(t_x=span.dt.days.to_numpy() / 7, T=age.dt.days.to_numpy() / 7)
    fractions = right.assign(t_x=(span / pd.Timedelta(weeks=1)).to_numpy(), T=(age / pd.Timedelta(weeks=1)).to_numpy())
    says_hours = (
        "You counted with the hours: from 18:30 to 10:00 a day is missing. Take days first: `time.dt.normalize()`. "
        "(The receipts of the lesson have no hours.)"
    )
    mistakes = (
        Mistake(
            "rfm_recency",
            "Your t_x is the silence, from the last purchase to today: the recency of RFM. The model's t_x goes from the "
            "first purchase to the last.",
            right.assign(t_x=right["T"] - right["t_x"]),
        ),
        Mistake(
            "rfm_recency_in_days",
            "Your t_x is the silence in days, as in RFM. The model's t_x goes from the first purchase to the last.",
            days.assign(t_x=(right["T"] - right["t_x"]) * 7 + 1),
        ),
        Mistake(
            "first_purchase_counted",
            "You counted the first purchase too. x counts repeat purchase days only.",
            right.assign(x=right["x"] + 1),
        ),
        Mistake("days", "Your times are in days. Weeks are asked: divide by 7.", days),
        Mistake(
            "holdout_inside",
            "You used the receipts of the holdout. Only what happened before 3 July 2024 may count.",
            late,
        ),
        Mistake("lines_counted", "You counted receipt lines. Count days with a purchase.", right.assign(x=lines)),
        Mistake(
            "one_day_more",
            "Your T goes to 3 July. The last day that was seen is 2 July: one day less.",
            right.assign(T=right["T"] + 1 / 7),
        ),
        Mistake("hours", says_hours, with_hours),
        Mistake("hours_only_in_t_x", f"Your t_x: {says_hours}", right.assign(t_x=with_hours["t_x"])),
        Mistake("hours_only_in_T", f"Your T: {says_hours}", right.assign(T=with_hours["T"])),
        Mistake("fractions_of_days", f"Your weeks have parts of a day. {says_hours}", fractions),
        Mistake(
            "a_day_early", "You took the receipts before 2 July. The day itself was seen: before 3 July 2024.", early
        ),
        Mistake(
            "holdout_by_hand",
            "Your x and t_x hold the purchases of the holdout; your T does not. Only receipts before 3 July 2024 may count, for all three.",
            right.assign(x=inside["x"].to_numpy(), t_x=inside["t_x"].to_numpy()),
        ),
        Mistake(
            "whole_weeks",
            "You counted whole weeks only. Keep the parts: days divided by 7.",
            right.assign(t_x=np.floor(right["t_x"] + 1e-9), T=np.floor(right["T"] + 1e-9)),
        ),
        Mistake(
            "weeks_rounded",
            "You rounded the weeks. Keep the parts: days divided by 7.",
            right.assign(t_x=right["t_x"].round(), T=right["T"].round()),
        ),
        Mistake(
            "T_from_the_last_purchase",
            "Your T is counted from the last purchase. Asked is from the first, to 2 July 2024.",
            right.assign(T=right["T"] - right["t_x"]),
        ),
        Mistake(
            "T_to_the_end",
            "Your T goes to the end of 2024. The last day that was seen is 2 July 2024.",
            right.assign(T=right["T"] + WEEKS),
        ),
        Mistake(
            "swapped",
            "You swapped t_x and T. T goes to today, so it is never smaller than t_x.",
            right.assign(t_x=right["T"], T=right["t_x"]),
        ),
    )
    once = int((right["x"] == 0).sum())
    visits = before.groupby("customer_id")["basket_id"].nunique().reindex(right["customer_id"])
    twice = int((visits.to_numpy() - 1 != right["x"].to_numpy()).sum())
    says = f"{len(right):,} customers, and {once} of them bought on one day only."
    if not twice:
        says += " Nobody has two receipts on one day here, so receipts or days make no difference; elsewhere they do."
    return Answers(right, mistakes, says)


@cache
def _answer_expected() -> Answers:
    right = forecast().expected
    history = read_history()
    table = forecast().table
    ages = history["T"].round(6).value_counts()
    new = sum(fit_model().expect_new(float(WEEKS)) * n for n in ages)
    mistakes = (
        Mistake(
            "rfm_recency",
            "You gave the model the silence as t_x, the recency of RFM. Then loyal customers look lost, and lost ones loyal.",
            forecast_with_silence(),
        ),
        Mistake(
            "holdout_inside",
            "You fitted and predicted with the holdout inside. Everything from 3 July 2024 on is the future.",
            forecast(as_of=UNTIL, fitted_on=UNTIL).expected,
        ),
        Mistake(
            "fitted_on_holdout",
            "Your model was fitted to receipts of the holdout: it has seen the answer. Fit it to what lies before 3 July 2024.",
            forecast(fitted_on=UNTIL).expected,
        ),
        Mistake(
            "what_came",
            "That is what really came in the holdout. On 3 July 2024 nobody could know it: a forecast is asked.",
            float(history["x_later"].sum()),
        ),
        Mistake("bg_nbd", "That is the forecast of BG/NBD. MBG/NBD is asked.", forecast("bg_nbd").expected),
        Mistake("pareto_nbd", "That is the forecast of Pareto/NBD. MBG/NBD is asked.", forecast("pareto_nbd").expected),
        Mistake(
            "mean_for_total",
            "That is a mean per customer. The total of the cohort is asked.",
            right / len(history),
        ),
        Mistake(
            "everybody_alive",
            "You expected as if everybody were still here: multiply by the probability alive. The column `expected` has it inside.",
            float((table["expected"] / table["p_alive"]).sum()),
        ),
        Mistake(
            "alive_twice",
            "You multiplied `expected` by `p_alive`. It is in `expected` already: sum `expected` alone.",
            float((table["expected"] * table["p_alive"]).sum()),
        ),
        Mistake(
            "weeks_of_the_lesson",
            "That is for 39 weeks, as on CDNOW. The next 26 are asked.",
            forecast(weeks=39).expected,
        ),
        Mistake(
            "repeaters_only",
            "You left out those who bought on one day only. They may come again: the whole cohort is asked.",
            float(table["expected"][table["x"] > 0].sum()),
        ),
        Mistake(
            "fitted_on_repeaters",
            "You fitted the model to the repeaters only. Who bought once belongs to the story too: fit to the whole cohort.",
            forecast_repeaters(),
        ),
        Mistake(
            "new_customers",
            "That is for new customers (`expect_new`). These have a history: `predict_purchases`.",
            float(new),
        ),
        Mistake(
            "a_year",
            "That is for 52 weeks. The next 26 are asked.",
            forecast(weeks=52).expected,
        ),
        Mistake(
            "last_half_year", "That is what they bought so far. The next 26 weeks are asked.", float(history["x"].sum())
        ),
    )
    came = int(history["x_later"].sum())
    span = forecast_with_interval()
    return Answers(
        right, mistakes, f"{right:,.0f} purchases expected ({span.low:,.0f} to {span.high:,.0f}); {came:,} came."
    )


@cache
def _answer_once() -> Answers:
    table = forecast().table
    once = table["x"] == 0
    right = float(table["p_alive"][once].mean())
    world = open_cohort_chain()
    alive = table[["customer_id"]].merge(world.truth.alive(AS_OF), on="customer_id")["alive"]
    late = forecast(as_of=UNTIL, fitted_on=UNTIL).table
    mistakes = (
        Mistake(
            "certainly_alive",
            "That is BG/NBD, for which everybody who bought once is alive for certain, whatever the data. Take MBG/NBD.",
            float(forecast("bg_nbd").table["p_alive"][once].mean()),
        ),
        Mistake(
            "everybody", "That is the mean of the whole cohort. Keep those with x = 0.", float(table["p_alive"].mean())
        ),
        Mistake(
            "repeaters",
            "That is the mean of the repeaters. Keep those with x = 0.",
            float(table["p_alive"][~once].mean()),
        ),
        Mistake(
            "the_truth",
            "That is the truth, which no chain knows. The model's mean probability is asked.",
            float(alive[once].mean()),
        ),
        Mistake(
            "pareto_nbd",
            "That is Pareto/NBD. MBG/NBD is asked.",
            float(forecast("pareto_nbd").table["p_alive"][once].mean()),
        ),
        Mistake("who_has_left", "That is the probability that they have *left*. Alive is 1 minus that.", 1 - right),
        Mistake(
            "holdout_inside",
            "You used the receipts of the holdout. Only what happened before 3 July 2024 may count.",
            float(late["p_alive"][late["x"] == 0].mean()),
        ),
        Mistake(
            "x_is_one",
            "These have x = 1: they bought on two days. Who bought once has x = 0.",
            float(table["p_alive"][table["x"] == 1].mean()),
        ),
        Mistake(
            "will_buy",
            "That is the probability of a purchase in the 26 weeks. The column is p_alive.",
            float((1 - table["p_quiet"][once]).mean()),
        ),
    )
    low, high = find_span_of_once()
    says = f"{right:.0%} by the model ({low:.0%} to {high:.0%} for {once.sum()} customers). The truth is {alive[once].mean():.0%}."
    return Answers(right, mistakes, says)


@cache
def _answer_value() -> Answers:
    found = value_cohort()
    right = found.value / len(found.table)
    size = len(found.table)
    history = read_history()
    before = read_cohort().query("time < @AS_OF")
    past = float(before["margin"].sum() / size)
    plain = value_cohort(discount=0.0).value / size
    truth = find_true_value(open_cohort_chain(), AS_OF, weeks=WEEKS, yearly_discount=0.1)
    true_mean = float(truth[truth["customer_id"].isin(history["customer_id"])]["true_value"].mean())
    mistakes = (
        Mistake(
            "revenue",
            "That is sales. Of a euro of sales the chain keeps less than a third: value is margin.",
            value_cohort(rate=1.0).value / size,
        ),
        Mistake(
            "revenue_undiscounted",
            "That is sales, and not discounted. Value is margin, and money of later counts less.",
            value_cohort(rate=1.0, discount=0.0).value / size,
        ),
        Mistake("undiscounted", "Not discounted: yearly_discount=0.1.", plain),
        Mistake(
            "discounted_by_a_year",
            "You divided by 1.1, as if all the money came in a year. It comes over 26 weeks: the helper discounts each week.",
            plain / 1.1,
        ),
        Mistake("a_year", "That is for 52 weeks. The next 26 are asked.", value_cohort(weeks=52.0).value / size),
        Mistake("total", "That is the whole cohort. The mean per customer is asked.", found.value),
        Mistake("past_margin", "That is the margin they brought so far. The next 26 weeks are asked.", past),
        Mistake(
            "bg_nbd",
            "That is with BG/NBD. MBG/NBD is asked.",
            value_cohort("bg_nbd").value / size,
        ),
        Mistake(
            "mean_times_mean",
            "You multiplied the mean of purchases by the mean of money. Who buys more also spends more: multiply customer by customer.",
            forecast().expected / size * fit_money().mean * find_margin_rate(),
        ),
        Mistake(
            "margin_rate_of_the_future",
            "Your margin rate comes from all receipts, and those from 3 July 2024 on leak from the future. Take the receipts before.",
            value_cohort(rate=find_margin_rate(UNTIL)).value / size,
        ),
        Mistake(
            "margin_rate_of_the_lesson",
            "Your margin rate is that of the lesson's chain. Take it from the cohort's receipts.",
            value_cohort(rate=find_rate(open_chain().receipts)).value / size,
        ),
        Mistake("pareto_nbd", "That is with Pareto/NBD. MBG/NBD is asked.", value_cohort("pareto_nbd").value / size),
        Mistake("the_truth", "That is the truth, which no chain knows. The model's value is asked.", true_mean),
        Mistake(
            "median",
            "That is the median customer. The mean is asked: the few who bring much count too.",
            float(found.table["value"].median()),
        ),
        Mistake(
            "margin_twice",
            "You took the margin rate twice. It is inside the value already.",
            right * find_margin_rate(),
        ),
    )
    _, low, high = value_with_intervals().mean
    says = f"€{right:.2f} a customer (€{low:.2f} to €{high:.2f}), margin and discounted. The truth is €{true_mean:.2f}."
    came = Mistake(  # by chance the same cent as the next one
        "what_came",
        "That is what really came in the holdout. On 3 July 2024 nobody could know it.",
        float(read_cohort().query("time >= @AS_OF")["margin"].sum() / size),
    )
    everybody = Mistake(
        "margin_rate_of_everybody",
        "Your margin rate is that of all customers of the chain. Take the cohort's receipts.",
        value_cohort(rate=find_rate(open_cohort_chain().receipts)).value / size,
    )
    return Answers(right, mistakes, says, near=(came, everybody, *_list_other_values(found, plain)))


def _list_other_values(found: CustomerValue, plain: float) -> tuple[Mistake, ...]:
    """List rarer wrong answers to 25d: another margin rate, other means of money, another time."""
    size = len(found.table)
    lines = read_cohort()
    end = pd.Timestamp(AS_OF)
    last = lines[lines["time"].between(end - pd.Timedelta(weeks=WEEKS), end, inclusive="left")]
    rates = {
        "customer_id": ("customers", "Add up margin and sales of all first, then divide: large customers count more."),
        "basket_id": ("receipts", "Add up margin and sales of all first, then divide: large receipts count more."),
        None: ("lines", "Add up margin and sales of all first, then divide: dear lines count more."),
    }
    own = "You took each customer's own mean as it is. Gamma–Gamma draws it towards the mean of all: `fit_spend`."
    return (
        Mistake(
            "alive_twice",
            "You multiplied the value by `p_alive`. It is in the value already: `expected_purchases` has it inside.",
            float((found.table["value"] * found.table["p_alive"]).mean()),
        ),
        *(
            Mistake(
                f"mean_of_rates_of_{name}",
                f"Your margin rate is the mean of the {name}' own rates. {mend}",
                value_cohort(rate=average_rates(of)).value / size,
            )
            for of, (name, mend) in rates.items()
        ),
        *(
            Mistake(
                f"own_means{'' if first else '_of_repeats'}{'' if discount else '_undiscounted'}",
                f"{own}{'' if first else ' Who bought once has no mean of repeats, and yours counts him as 0.'}"
                f"{'' if discount else ' And discount by 10 % a year.'}",
                value_by_own_means(first=first, discount=discount),
            )
            for first in (True, False)
            for discount in (DISCOUNT, 0.0)
        ),
        Mistake(
            "spend_fitted_on_margin",
            "You fitted Gamma–Gamma to the margin of purchases. Asked is: to their sales, and then times the cohort's margin rate.",
            value_by_margin(),
        ),
        Mistake(
            "discounted_by_a_year_and_rounded",
            "You divided by 1.1, as if all the money came in a year, and rounded before. The helper discounts each week.",
            round(plain, 2) / 1.1,
        ),
        Mistake(
            "discounted_twice",
            "You divided by 1.1, and the value is discounted already.",
            found.value / size / 1.1,
        ),
        Mistake(
            "last_26_weeks",
            "That is the margin of the 26 weeks *before* 3 July 2024. Asked are the 26 weeks from that day on.",
            float(last["margin"].sum() / size),
        ),
        Mistake(
            "total_in_whole_euros",
            "That is the whole cohort, in whole euros. The mean per customer is asked, to the cent.",
            float(round(found.value)),
        ),
    )


@cache
def _answer_ninety() -> Answers:
    table = read_silent()
    silent = table["recency_days"] > 90
    everybody = pd.Series(True, index=table.index)
    right = share_by_type(silent, table["alive"])
    mistakes = (
        Mistake(
            "who_has_left",
            "These are the shares who have *left*. Still customers are the others.",
            (1 - right[0], 1 - right[1]),
        ),
        Mistake("swapped", "The other way round: chronic patients first.", (right[1], right[0])),
        Mistake(
            "cohort_only",
            "These are the customers of the cohort only. All customers of the chain are asked: `world.receipts`.",
            share_by_type(silent & table["customer_id"].isin(read_history()["customer_id"]), table["alive"]),
        ),
        Mistake(
            "who_came",
            "These are the shares who came in the holdout. Who stays away for 26 weeks may still be a customer.",
            share_by_type(silent, table["came"]),
        ),
        Mistake(
            "everybody",
            "You divided over all customers of each type. Only those who are silent for more than 90 days count.",
            share_by_type(everybody, table["alive"]),
        ),
        Mistake(
            "not_silent",
            "These are those who were *not* silent. More than 90 days: `recency_days > 90`.",
            share_by_type(~silent, table["alive"]),
        ),
        Mistake(
            "share_called_lost",
            "That is how many of each type the rule calls lost. How many of *those* are still customers?",
            share_by_type(everybody, silent),
        ),
        Mistake(
            "thirty_days",
            "That is for 30 days of silence. The rule says 90.",
            share_by_type(table["recency_days"] > 30, table["alive"]),
        ),
        Mistake(
            "half_a_year",
            "That is for 180 days of silence. The rule says 90.",
            share_by_type(table["recency_days"] > 180, table["alive"]),
        ),
        Mistake(
            "one_rule_for_all",
            "That is one share for everybody. The two kinds of customers are asked apart.",
            (float(table["alive"][silent].mean()), float(table["alive"][silent].mean())),
        ),
        Mistake("percent", "These are percent. Fractions between 0 and 1 are asked.", (100 * right[0], 100 * right[1])),
    )
    says = f"Still here: {right[0]:.0%} of the silent chronic patients, {right[1]:.0%} of those with winter colds."
    edge = Mistake(
        "ninety_included",
        "That is for 90 days and more. *Above* 90 is asked: `recency_days > 90`.",
        share_by_type(table["recency_days"] >= 90, table["alive"]),
    )
    return Answers(right, mistakes, says, near=(edge, *_list_other_shares(silent)))


def _list_other_shares(silent: pd.Series) -> tuple[Mistake, ...]:
    """List rarer wrong answers to 25e: another day, another limit, another whole, a model in place of the truth."""
    table, late = read_silent(), read_silent(UNTIL)
    everybody = pd.Series(True, index=table.index)
    at_the_end = table["customer_id"].map(late.set_index("customer_id")["alive"])
    models = {"mbg_nbd": "MBG/NBD", "bg_nbd": "BG/NBD", "pareto_nbd": "Pareto/NBD"}
    return (
        Mistake(
            "end_of_2024",
            "You stood at the end of 2024. Asked is the silence, and who is still a customer, on 3 July 2024.",
            share_by_type(late["recency_days"] > 90, late["alive"], UNTIL),
        ),
        Mistake(
            "alive_at_the_end",
            "You asked who is still a customer at the end of 2024. Asked is: on 3 July 2024.",
            share_by_type(silent, at_the_end),
        ),
        *(
            Mistake(
                f"{model}_for_the_truth",
                f"That is the probability alive that {name} gives them. Here the truth is asked: `world.truth.alive`.",
                share_by_type(silent, find_model_alive(model)),
            )
            for model, name in models.items()
        ),
        Mistake(
            "of_the_whole_type",
            "You counted who is silent *and* still a customer, and divided by the whole type. Divide by the silent ones.",
            share_by_type(everybody, silent & table["alive"]),
        ),
        Mistake(
            "above_91_days",
            "That is for more than 91 days of silence. The rule says 90: `recency_days > 90`.",
            share_by_type(table["recency_days"] > 91, table["alive"]),
        ),
    )


@cache
def _answer_sentence() -> Answers:
    value = value_cohort()
    mean = value.value / len(value.table)
    lost, kept = share_by_type(read_silent()["recency_days"] > 90, read_silent()["alive"])
    # The sentences are judged by the numbers: C is right as long as none of the others is.
    chosen = "C" if np.isfinite(mean) and lost < kept else "none"
    return Answers(
        chosen,
        (
            Mistake(
                "one_rule_for_all",
                "One limit for everybody. Compare your two shares of 25e: is each silent customer lost?",
                "A",
            ),
            Mistake(
                "value_as_budget",
                "They bring this without any letter. What a letter *adds* only a control group can show.",
                "B",
            ),
            Mistake(
                "certainly_alive",
                "So says BG/NBD, whatever the data (25c). It is built in, and it is wrong.",
                "D",
            ),
        ),
        "It names the number, its window and its doubt, and claims no effect.",
    )


TASKS = (
    Task(
        code="25a",
        asks="a table with one row for each customer of the cohort: customer_id, x (repeat purchase days), t_x and T in weeks, from "
        "the receipts before 3 July 2024",
        compute=_answer_history,
        tolerance=0.01,
        key="customer_id",
        hints=(
            "x counts days with a purchase, less the first. t_x goes from the first to the last, T from the first to the last day seen.",
            "The helper is `summarise_purchases`, imported above; it takes the receipts and the day.",
            "`summarise_purchases(receipts, as_of)[['customer_id', 'x', 't_x', 'T']]`",
        ),
        close="Close, but not for all customers. Days or hours? From which day to which day?",
    ),
    Task(
        code="25b",
        asks="one number: purchases that MBG/NBD expects of the whole cohort in the 26 weeks from 3 July 2024, as a whole number",
        compute=_answer_expected,
        tolerance=0.5,
        slack=0.6,
        hints=(
            "Fit to what lies before 3 July 2024, and predict 26 weeks.",
            "`fit_purchases(purchases, model='mbg_nbd')`, then `predict_purchases(model, purchases, weeks=26)`.",
            "Its `.expected` is the sum over all customers.",
        ),
        close="Close, not it. Which model, which history, how many weeks?",
    ),
    Task(
        code="25c",
        asks="one fraction between 0 and 1, to three decimals: mean probability alive by MBG/NBD, as of 3 July 2024, of those who bought on one day only",
        compute=_answer_once,
        tolerance=0.0005,
        hints=(
            "The forecast's `.table` has x and p_alive for each customer.",
            "Keep the rows with `x == 0`, and take the mean of p_alive.",
        ),
        close="Close, not it. Which model, and which customers?",
    ),
    Task(
        code="25d",
        asks="one number: mean value per customer of the cohort, in euros to the cent: margin of the 26 weeks from 3 July 2024, discounted by 10 % a year",
        compute=_answer_value,
        tolerance=0.005,
        hints=(
            "The margin rate comes from the cohort's receipts before 3 July 2024: sum of margin / sum of sales.",
            "`fit_spend(purchases)`, then `customer_value(…, weeks=26, margin_rate=…, yearly_discount=0.1)`.",
            "`.value` is the whole cohort, and the first number of `.mean` is a customer's.",
        ),
        close="Close, not it. Margin before 3 July 2024, 26 weeks, 10 % a year, per customer?",
    ),
    Task(
        code="25e",
        asks="two fractions (chronic_patient, winter_colds), to three decimals: share truly still customers on 3 July 2024, among all "
        "customers of this type with recency_days above 90",
        compute=_answer_ninety,
        tolerance=0.0005,
        hints=(
            "`build_profile(world.receipts, as_of)`, from `loyalty.prepare.profile`, has recency_days; join `world.truth.alive(as_of)` and `world.truth.types_on(as_of)`.",
            "Keep `recency_days > 90`, group by type, take the mean of alive.",
        ),
        close="Close, not it. All customers of the chain, more than 90 days, as of 3 July 2024?",
    ),
    Task(
        code="25f",
        asks='one letter: "A", "B", "C" or "D"',
        read=read_letter("ABCD"),
        compute=_answer_sentence,
        tolerance=0,
        hints=("Compare each sentence with your numbers of 25c to 25e.", "Does a sentence claim an effect?"),
        close="",
    ),
)
